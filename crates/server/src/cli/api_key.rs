//! `gatepost api-key list|revoke`

use clap::{Args, Subcommand};
use gatepost_domain::{ApiKeyId, ClientId, RealmName, api_key::KeyOwner};

use super::{Output, Refusal, Settings, org, output::table, store};
use crate::{App, accounts::Who, api::KeyView, api_keys, clients, http::Problem, realm::Snapshot};

/// API keys of a realm.
#[derive(Args)]
pub(super) struct ApiKeyCommand {
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
    /// List the keys of one owner that were not revoked, in the order they were made
    List {
        #[command(flatten)]
        owner: Owner,
        /// How many at the most
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Revoke a key, whoever it belongs to; `gatepost apply` makes another where the file declares it
    Revoke {
        /// As listed
        #[arg(required_unless_present = "all_of", conflicts_with = "all_of")]
        id: Option<ApiKeyId>,
        /// Every key of this user: id, e-mail address or user name
        #[arg(long, value_name = "USER")]
        all_of: Option<String>,
    },
}

/// Whose keys.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Owner {
    /// A user: id, e-mail address or user name
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// An organization: id or slug
    #[arg(long, value_name = "ORG")]
    org: Option<String>,
    /// A client
    #[arg(long, value_name = "CLIENT")]
    client: Option<ClientId>,
}

impl ApiKeyCommand {
    pub(super) async fn run(self, settings: Settings) -> Result<(), Refusal> {
        let app = store::open(&settings).await?;
        let realm = store::realm(&app, self.realm.as_ref()).await?;
        let (output, now) = (Output::new(self.json), app.clock().now());
        match self.what {
            What::List { owner, limit } => {
                let owner = owner.find(&app, &realm).await?;
                let found = api_keys::list_of(&app, realm.id(), owner, limit).await;
                let found = found.map_err(store::refusal)?;
                let views: Vec<KeyView> = found.iter().map(KeyView::from).collect();
                output.show(&views, || {
                    let rows: Vec<Vec<String>> = views.iter().map(KeyView::row).collect();
                    table(&["ID", "NAME", "SCOPES", "EXPIRES", "LAST USED"], &rows)
                })
            }
            What::Revoke { id: Some(id), .. } => {
                let revoked = api_keys::revoke_any(&app, realm.id(), id, Who::operator(), now).await;
                revoked.map_err(|problem| match problem {
                    Problem::NotFound => Refusal::new(format!(
                        "realm {} has no API key {id} that is not revoked",
                        realm.name()
                    )),
                    other => store::refusal(other),
                })?;
                output.show(&serde_json::json!({ "revoked": 1 }), || format!("revoked {id}"))
            }
            What::Revoke { id: None, all_of } => {
                // clap asks for one of the two.
                let user = store::user(&app, &realm, &all_of.unwrap_or_default()).await?;
                let revoked = api_keys::revoke_all(&app, realm.id(), user.id, Who::operator(), now).await;
                let revoked = revoked.map_err(store::refusal)?;
                output.show(&serde_json::json!({ "revoked": revoked }), || {
                    format!("revoked {revoked} {} of {}", if revoked == 1 { "key" } else { "keys" }, user.id)
                })
            }
        }
    }
}

impl Owner {
    async fn find(&self, app: &App, realm: &Snapshot) -> Result<KeyOwner, Refusal> {
        if let Some(user) = &self.user {
            return Ok(KeyOwner::User(store::user(app, realm, user).await?.id));
        }
        if let Some(organization) = &self.org {
            return Ok(KeyOwner::Organization(org::find(app, realm, organization).await?.id));
        }
        // clap asks for exactly one.
        let id =
            self.client.clone().ok_or_else(|| Refusal::new("name the owner: --user, --org or --client"))?;
        let found = clients::find(app, realm.id(), id.clone()).await;
        match found.map_err(store::refusal)? {
            Some(client) => Ok(KeyOwner::Client(client.id)),
            None => Err(Refusal::new(format!(
                "realm {} has no client {id}; `gatepost client list` shows all",
                realm.name()
            ))),
        }
    }
}
