//! What happened to an account, as its person is shown it.

use std::net::IpAddr;

use gatepost_domain::{
    EventId, RealmId, Timestamp, UserId,
    audit::{Actor, Event, Record},
};
use gatepost_store::audit::{self, RecordFilter};

use crate::{App, http::Problem};

/// Who did it, as far as the person of the account is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The person of the account, or whoever passed for them.
    You,
    /// Somebody who had not proved who they are.
    Unknown,
    /// An application.
    Application,
    /// An administrator, or whoever runs the server.
    Administrator,
    /// The server itself.
    System,
}

impl By {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::You => "you",
            Self::Unknown => "unknown",
            Self::Application => "application",
            Self::Administrator => "administrator",
            Self::System => "system",
        }
    }

    fn of(actor: &Actor, user: UserId) -> Self {
        match actor {
            Actor::User(id) if *id == user => Self::You,
            Actor::User(_) | Actor::Operator => Self::Administrator,
            Actor::Anonymous => Self::Unknown,
            Actor::Client(_) => Self::Application,
            Actor::System => Self::System,
        }
    }
}

/// Something that happened to an account.
#[derive(Clone, Debug)]
pub struct Act {
    /// The id; later acts have later ids.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Event,
    /// Who did it.
    pub by: By,
    /// From where; of what others did, nothing.
    pub address: Option<IpAddr>,
    /// How somebody signed in, where it was not a password.
    pub method: Option<String>,
    /// With which second factor somebody signed in, or which was added or removed.
    pub factor: Option<String>,
    /// Nobody was asked for a second factor, because the device is trusted.
    pub excused: bool,
}

impl Act {
    fn of(record: &Record, user: UserId) -> Self {
        let by = By::of(&record.actor, user);
        let detail = |name: &str| record.detail.get(name).cloned();
        Self {
            id: record.id,
            at: record.at,
            event: record.event,
            by,
            // Where administrators work is nobody else's business.
            address: record.address.filter(|_| by != By::Administrator),
            method: detail("method"),
            factor: detail("second_factor").or_else(|| detail("kind")).or_else(|| detail("kinds")),
            excused: record.detail.contains_key("second_factor_excused"),
        }
    }
}

/// One page of the history.
pub struct History {
    /// The newest first.
    pub acts: Vec<Act>,
    /// Where the next page goes on, if there may be more.
    pub next: Option<EventId>,
}

/// The audit trail of a realm: at most `limit` events that fit a filter, the newest first, older than the given one.
pub async fn trail(
    app: &App,
    realm: RealmId,
    filter: RecordFilter,
    before: Option<EventId>,
    limit: u32,
) -> Result<Vec<Record>, Problem> {
    let found = app.db().read("read the audit trail", move |tx| {
        let filter = filter.clone();
        Box::pin(async move { audit::list(tx, realm, &filter, before, limit).await })
    });
    Ok(found.await?)
}

/// How many events are read at once for one page: not all that happens is shown.
const READ: u32 = 200;
/// So often, where they hold less than the page does: whoever may do something to somebody over and over hides nothing by that.
const TIMES: usize = 10;

/// What happened to an account before an event, as far as [`Event::is_of_accounts`] goes, the newest first. A page may hold fewer than
/// asked for though there are more.
pub async fn history(
    app: &App,
    (realm, user): (RealmId, UserId),
    before: Option<EventId>,
    limit: usize,
) -> Result<History, Problem> {
    let filter = RecordFilter { user: Some(user), ..RecordFilter::default() };
    let found = app.db().read("read the history of an account", move |tx| {
        let filter = filter.clone();
        Box::pin(async move {
            let (mut acts, mut before) = (Vec::new(), before);
            for _ in 0..TIMES {
                let found = audit::list(tx, realm, &filter, before, READ).await?;
                let are_all = found.len() < READ as usize;
                before = found.last().map(|record| record.id).filter(|_| !are_all);
                let shown = found.iter().filter(|record| record.event.is_of_accounts());
                acts.extend(shown.map(|record| Act::of(record, user)));
                if before.is_none() || acts.len() > limit {
                    break;
                }
            }
            Ok::<_, gatepost_store::Error>((acts, before))
        })
    });
    let (mut acts, mut next) = found.await?;
    if acts.len() > limit {
        acts.truncate(limit);
        next = acts.last().map(|act| act.id);
    }
    Ok(History { acts, next })
}
