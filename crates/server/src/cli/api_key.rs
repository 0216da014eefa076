//! `gatepost api-key list|revoke`

use clap::{Args, Subcommand};
use gatepost_domain::{ApiKeyId, ClientId, RealmName, api_key::KeyOwner};

use super::{Output, Refusal, Settings, org, output::table, store};
use crate::{App, accounts::Who, api::KeyView, api_keys, clients, http::Problem, realm::Snapshot};

/// API keys of a realm.
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
        id: ApiKeyId,
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
    pub(super) async fn run(self) -> Result<(), Refusal> {
        let app = store::open(&self.settings).await?;
        let realm = store::realm(&app, self.realm.as_ref()).await?;
        let output = Output::new(self.json);
        match self.what {
            What::List { owner, limit } => {
                let owner = owner.find(&app, &realm).await?;
                let found = api_keys::list_of(&app, realm.id(), owner, limit).await;
                let found = found.map_err(|problem| Refusal::new(problem.reason()))?;
                let views: Vec<KeyView> = found.iter().map(KeyView::from).collect();
                output.show(&views, || {
                    let rows: Vec<Vec<String>> = views.iter().map(KeyView::row).collect();
                    table(&["ID", "NAME", "SCOPES", "EXPIRES", "LAST USED"], &rows)
                })
            }
            What::Revoke { id } => {
                let now = app.clock().now();
                api_keys::revoke_any(&app, realm.id(), id, Who::operator(), now).await.map_err(
                    |problem| {
                        Refusal::new(match problem {
                            Problem::NotFound => {
                                format!("realm {} has no API key {id} that is not revoked", realm.name())
                            }
                            other => other.reason(),
                        })
                    },
                )?;
                output.show(&serde_json::json!({ "revoked": id.to_string() }), || format!("revoked {id}"))
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
        match found.map_err(|problem| Refusal::new(problem.reason()))? {
            Some(client) => Ok(KeyOwner::Client(client.id)),
            None => Err(Refusal::new(format!("realm {} has no client {id}", realm.name()))),
        }
    }
}
