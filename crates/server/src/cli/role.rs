//! `gatepost role list`

use clap::{Args, Subcommand};
use gatepost_domain::RealmName;

use super::{Output, Refusal, Settings, output::table, store};
use crate::{api::RoleView, roles};

/// Roles of a realm.
#[derive(Args)]
pub(super) struct RoleCommand {
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
    /// List the roles by name; `gatepost apply` makes and changes them
    List,
}

impl RoleCommand {
    pub(super) async fn run(self, settings: Settings) -> Result<(), Refusal> {
        let app = store::open(&settings).await?;
        let realm = store::realm(&app, self.realm.as_ref()).await?;
        let What::List = self.what;
        let found = roles::list(&app, realm.id()).await.map_err(store::refusal)?;
        let views: Vec<RoleView> = found.iter().map(RoleView::from).collect();
        Output::new(self.json).show(&views, || {
            let rows: Vec<Vec<String>> = views.iter().map(RoleView::row).collect();
            table(&["NAME", "PERMISSIONS", "INHERITS"], &rows)
        })
    }
}
