//! `gatepost session list|end`

use clap::{Args, Subcommand};
use gatepost_domain::{RealmName, SessionId};

use super::{Output, Refusal, Settings, output::table, store};
use crate::{
    accounts::Who,
    api::SessionView,
    session::{self, Ended},
};

/// Sessions of users.
#[derive(Args)]
pub(super) struct SessionCommand {
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
    /// List where a user is signed in, the newest first
    List {
        /// Id, e-mail address or user name
        user: String,
        /// How many at the most
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// End a session of a user, or all of them; API keys stay
    End {
        /// Id, e-mail address or user name
        user: String,
        /// As listed
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        session: Option<String>,
        /// Every session of the user
        #[arg(long)]
        all: bool,
    },
}

impl SessionCommand {
    pub(super) async fn run(self, settings: Settings) -> Result<(), Refusal> {
        let app = store::open(&settings).await?;
        let realm = store::realm(&app, self.realm.as_ref()).await?;
        let (output, now) = (Output::new(self.json), app.clock().now());
        match self.what {
            What::List { user, limit } => {
                let user = store::user(&app, &realm, &user).await?;
                let found = session::list(&app, (realm.id(), user.id), None, limit, now).await;
                let views: Vec<SessionView> =
                    found.map_err(store::refusal)?.iter().map(|one| SessionView::new(one, None)).collect();
                output.show(&views, || {
                    let rows: Vec<Vec<String>> = views.iter().map(SessionView::row).collect();
                    table(&["ID", "LAST SEEN", "ADDRESS", "PROGRAM"], &rows)
                })
            }
            What::End { user, session, .. } => {
                let user = store::user(&app, &realm, &user).await?;
                let none = |text: &str| Refusal::new(format!("{} has no session {text}", user.id));
                let (which, done) = match &session {
                    None => (Ended::All { with_keys: false }, format!("ended every session of {}", user.id)),
                    Some(text) => {
                        let id: SessionId = text.parse().map_err(|_| none(text))?;
                        (Ended::One(id), format!("ended session {id}"))
                    }
                };
                let ended = session::end(&app, (realm.id(), user.id), which, Who::operator(), now);
                if !ended.await.map_err(store::refusal)? {
                    return Err(none(session.as_deref().unwrap_or_default()));
                }
                output.show(&serde_json::json!({"user": user.id.to_string(), "session": session}), || done)
            }
        }
    }
}
