//! `gatepost client token create|list|revoke`

use std::time::Duration;

use clap::Subcommand;
use gatepost_domain::{DisplayName, InitialAccessTokenId, Timestamp, lifetime};
use gatepost_store::initial_access_tokens as stored;
use serde::Serialize;

use crate::{
    App,
    accounts::Who,
    api::InitialAccessTokenView,
    cli::{Output, Refusal, output::table, store::refusal},
    clients::initial_access::{self, Wanted},
    http::Problem,
    realm::Snapshot,
};

#[derive(Subcommand)]
pub(super) enum What {
    /// Make a token, shown once
    Create {
        /// What it is for
        #[arg(long)]
        name: Option<DisplayName>,
        /// How many clients may be registered with it
        #[arg(long, default_value_t = 1)]
        uses: u32,
        /// How long it is good; 365d at most
        #[arg(long, default_value = "24h", value_parser = lifetime::parse)]
        expires_in: Duration,
    },
    /// List the tokens in the order they were made, until a month after they expired
    List {
        /// How many at the most
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Take a token back. Clients that were registered with it stay
    Revoke {
        /// As listed
        id: InitialAccessTokenId,
    },
}

#[derive(Serialize)]
struct Fresh {
    #[serde(flatten)]
    token: InitialAccessTokenView,
    secret: String,
}

impl What {
    pub(super) async fn run(
        self,
        app: &App,
        realm: &Snapshot,
        output: Output,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let id = realm.id();
        match self {
            Self::Create { name, uses, expires_in } => {
                let wanted = Wanted { name, uses, lifetime: expires_in };
                let made = initial_access::create(app, id, wanted, Who::operator(), now).await;
                let (token, secret) = made.map_err(refusal)?;
                let fresh = Fresh { token: (&token).into(), secret: secret.reveal().to_owned() };
                output.show(&fresh, || {
                    format!("made {} with secret {} (shown this once)", token.id, fresh.secret)
                })
            }
            Self::List { limit } => {
                let found = app.db().read("list initial access tokens", move |tx| {
                    Box::pin(async move { stored::list(tx, id, None, limit).await })
                });
                let views: Vec<_> = found.await?.iter().map(InitialAccessTokenView::from).collect();
                output.show(&views, || {
                    let rows: Vec<Vec<String>> = views.iter().map(InitialAccessTokenView::row).collect();
                    table(&["ID", "NAME", "USED", "EXPIRES"], &rows)
                })
            }
            Self::Revoke { id: token } => {
                let revoked = initial_access::revoke(app, id, token, Who::operator(), now).await;
                revoked.map_err(|problem| match problem {
                    Problem::NotFound => Refusal::new(format!(
                        "realm {} has no token {token}; `gatepost client token list` shows all",
                        realm.name()
                    )),
                    other => refusal(other),
                })?;
                output.show(&serde_json::json!({ "id": token }), || format!("revoked {token}"))
            }
        }
    }
}
