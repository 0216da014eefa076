//! `gatepost api-key list|revoke`

use clap::{Args, Subcommand};
use gatepost_domain::{ApiKeyId, RealmName};

use super::{Output, Refusal, Settings, output::table, store};
use crate::{accounts::Who, api::KeyView, api_keys, http::Problem};

/// API keys of users.
#[derive(Args)]
pub(super) struct ApiKeyCommand {
    #[command(flatten)]
    settings: Settings,
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
    /// List the keys of a user that were not revoked
    List {
        /// Id, e-mail address or user name
        user: String,
        /// How many at the most
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Revoke a key of a user, or all of them, for good
    Revoke {
        /// Id, e-mail address or user name
        user: String,
        /// As listed
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        key: Option<String>,
        /// Every key of the user
        #[arg(long)]
        all: bool,
    },
}

impl ApiKeyCommand {
    pub(super) async fn run(self) -> Result<(), Refusal> {
        let app = store::open(&self.settings).await?;
        let realm = store::realm(&app, self.realm.as_ref()).await?;
        let (output, now) = (Output::new(self.json), app.clock().now());
        match self.what {
            What::List { user, limit } => {
                let user = store::user(&app, &realm, &user).await?;
                let found = api_keys::list(&app, &user, None, limit).await.map_err(store::refusal)?;
                let views: Vec<KeyView> = found.iter().map(KeyView::from).collect();
                output.show(&views, || {
                    let rows: Vec<Vec<String>> = views.iter().map(KeyView::row).collect();
                    table(&["ID", "NAME", "SCOPES", "LAST USED", "EXPIRES"], &rows)
                })
            }
            What::Revoke { user, key, .. } => {
                let user = store::user(&app, &realm, &user).await?;
                let revoked = match &key {
                    None => api_keys::revoke_all(&app, realm.id(), user.id, Who::operator(), now)
                        .await
                        .map_err(store::refusal)?,
                    Some(text) => {
                        let none = || Refusal::new(format!("{} has no live key {text}", user.id));
                        let id: ApiKeyId = text.parse().map_err(|_| none())?;
                        let revoked = api_keys::revoke(&app, realm.id(), user.id, id, Who::operator(), now);
                        revoked.await.map_err(|problem| match problem {
                            Problem::NotFound => none(),
                            other => store::refusal(other),
                        })?;
                        1
                    }
                };
                output.show(&serde_json::json!({"user": user.id.to_string(), "revoked": revoked}), || {
                    let keys = if revoked == 1 { "key" } else { "keys" };
                    format!("revoked {revoked} {keys} of {}", user.id)
                })
            }
        }
    }
}
