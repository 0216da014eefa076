//! `/admin/realms/{realm}/security-events`: the audit trail, in pages.

use axum::extract::State;
use gatepost_domain::{
    EventId, UserId,
    audit::{Event, Record},
};
use gatepost_store::audit::RecordFilter;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Refusal, envelope::Said, sent::In};
use crate::{
    App, accounts,
    http::{
        Admin, Query,
        page::{self, Limit},
    },
    realm::InRealm,
};

/// What the contract calls a sign-in that was refused.
const LOGIN_FAILURE: &str = "login_failure";

/// What stands for no filter.
const ALL: &str = "all";

/// Which events to list.
#[derive(Deserialize)]
pub struct Listing {
    #[serde(default)]
    limit: Limit,
    cursor: Option<EventId>,
    #[serde(rename = "type")]
    kind: Option<String>,
    severity: Option<String>,
    user_id: Option<UserId>,
}

impl Listing {
    fn filter(&self) -> Result<RecordFilter, Refusal> {
        if self.severity.as_deref().is_some_and(|severity| severity != ALL) {
            return Err(Refusal::invalid("Events have no `severity`: leave it out, and choose by `type`."));
        }
        let event = match self.kind.as_deref() {
            None | Some(ALL) => None,
            Some(LOGIN_FAILURE) => Some(Event::SignInRefused),
            Some(name) => Some(name.parse::<Event>().map_err(|_| {
                Refusal::invalid(
                    "`type` is `login_failure` or an event of the audit trail, as in `signed-in`.",
                )
            })?),
        };
        Ok(RecordFilter { user: self.user_id, event, ..RecordFilter::default() })
    }
}

fn view(record: &Record) -> Value {
    let kind = if record.event == Event::SignInRefused { LOGIN_FAILURE } else { record.event.name() };
    json!({
        "id": record.id,
        "type": kind,
        "event": record.event.name(),
        "description": record.event.name().replace('-', " "),
        "actor": record.actor.to_string(),
        "user_id": record.user,
        "session_id": record.session,
        "ip_address": record.address,
        "request_id": record.request_id,
        "details": record.detail,
        "timestamp": record.at,
    })
}

/// One page of the audit trail, the newest event first.
pub async fn list(
    In(Admin(_)): In<Admin>,
    In(realm): In<InRealm>,
    State(app): State<App>,
    In(Query(asked)): In<Query<Listing>>,
) -> Result<Said, Refusal> {
    let (filter, limit) = (asked.filter()?, asked.limit);
    let found = accounts::trail(&app, realm.id(), filter, asked.cursor, limit.and_one()).await?;
    let (found, next_cursor) = page::cut(found, limit, |last| last.id.to_string());
    let events: Vec<Value> = found.iter().map(view).collect();
    Ok(Said::ok(json!({"events": events, "next_cursor": next_cursor, "has_more": next_cursor.is_some()})))
}
