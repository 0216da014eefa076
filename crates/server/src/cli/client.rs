//! `gatepost client list`

use clap::{Args, Subcommand};
use gatepost_domain::RealmName;
use gatepost_store::clients;

use super::{Output, Refusal, Settings, output::table, store};
use crate::api::ClientView;

/// OAuth clients of a realm.
#[derive(Args)]
pub(super) struct ClientCommand {
    /// The realm; the default realm unless given
    #[arg(long, value_name = "NAME", global = true)]
    realm: Option<RealmName>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// List the clients by id, without their secrets; `gatepost apply` makes and changes them
    List {
        /// How many at the most
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
}

impl ClientCommand {
    pub(super) async fn run(self, settings: Settings) -> Result<(), Refusal> {
        let app = store::open(&settings).await?;
        let realm = store::realm(&app, self.realm.as_ref()).await?;
        let (What::List { limit }, id) = (self.what, realm.id());
        let found = app
            .db()
            .read("list clients", move |tx| Box::pin(async move { clients::list(tx, id, None, limit).await }))
            .await?;
        let views: Vec<ClientView> = found.iter().map(ClientView::from).collect();
        Output::new(self.json).show(&views, || {
            let rows: Vec<Vec<String>> = views.iter().map(ClientView::row).collect();
            table(&["ID", "NAME", "KIND", "SCOPES"], &rows)
        })
    }
}
