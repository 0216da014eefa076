//! `/sessions`: where the account is signed in; and where anybody is, for whoever administers the realm.

use std::net::IpAddr;

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{Session, SessionId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Refusal,
    envelope::Said,
    sent::{Id, In},
};
use crate::{
    App,
    accounts::Who,
    http::{
        Admin, Now, Query, SignedIn, Where,
        page::{self, Limit},
    },
    pages::browser_and_system,
    realm::InRealm,
    session::{self, Ended},
};

/// More sessions of one account are not shown.
const MOST: u32 = 1_000;

/// A session. The address says the network and not the place in it.
pub(super) fn view(session: &Session, current: SessionId) -> Value {
    let agent = session.origin.user_agent.as_deref().unwrap_or_default();
    let (browser, system) = browser_and_system(agent);
    json!({
        "id": session.id,
        "device": system,
        "browser": browser,
        "ip_address": session.origin.address.map(masked),
        "location": null,
        "user_agent": session.origin.user_agent,
        "last_activity": session.last_seen_at,
        "created_at": session.created_at,
        "expires_at": session.expires_at,
        "is_current": session.id == current,
        "impersonator_id": session.impersonator,
        "ipAddress": session.origin.address.map(masked),
        "userAgent": session.origin.user_agent,
        "lastActivity": session.last_seen_at,
        "createdAt": session.created_at,
        "isCurrent": session.id == current,
    })
}

fn masked(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.***")
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:***")
        }
    }
}

fn not_found() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "SESSION_NOT_FOUND", "The account has no such session.")
}

async fn of(app: &App, caller: &SignedIn, now: gatepost_domain::Timestamp) -> Result<Vec<Session>, Refusal> {
    Ok(session::list(app, (caller.user.realm, caller.user.id), None, MOST, now).await?)
}

/// Every session of the account, the newest first.
pub async fn list(In(caller): In<SignedIn>, Now(now): Now, State(app): State<App>) -> Result<Said, Refusal> {
    let found = of(&app, &caller, now).await?;
    let sessions: Vec<Value> = found.iter().map(|session| view(session, caller.session.id)).collect();
    Ok(Said::ok(json!({"message": "The sessions.", "total": sessions.len(), "sessions": sessions})))
}

/// One of them.
pub async fn show(
    In(caller): In<SignedIn>,
    Id(id): Id<SessionId>,
    Now(now): Now,
    State(app): State<App>,
) -> Result<Said, Refusal> {
    let found = of(&app, &caller, now).await?.into_iter().find(|session| Some(session.id) == id);
    let found = found.ok_or_else(not_found)?;
    Ok(Said::ok(json!({"session": view(&found, caller.session.id)})))
}

/// Ends one.
pub async fn end(
    In(caller): In<SignedIn>,
    Id(id): Id<SessionId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Said, Refusal> {
    let id = id.ok_or_else(not_found)?;
    let (user, who) = ((caller.user.realm, caller.user.id), Who::themselves(&caller, origin));
    if !session::end(&app, user, Ended::One(id), who, now).await? {
        return Err(not_found());
    }
    let current = id == caller.session.id;
    Ok(Said::ok(
        json!({"message": "The session has ended.", "session_id": id, "is_current_session": current}),
    ))
}

/// Ends every other one.
pub async fn end_others(
    In(caller): In<SignedIn>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Said, Refusal> {
    let others = of(&app, &caller, now).await?.len().saturating_sub(1);
    let (user, who) = ((caller.user.realm, caller.user.id), Who::themselves(&caller, origin));
    session::end(&app, user, Ended::AllBut(caller.session.id), who, now).await?;
    Ok(Said::ok(json!({"message": "Every other session has ended.", "revoked_count": others})))
}

/// Which sessions of the realm to list.
#[derive(Deserialize)]
pub struct Listing {
    #[serde(default)]
    limit: Limit,
    cursor: Option<SessionId>,
}

/// One page of the sessions of the realm, the newest first, for whoever administers it.
pub async fn list_of_realm(
    In(Admin(admin)): In<Admin>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    In(Query(Listing { limit, cursor })): In<Query<Listing>>,
) -> Result<Said, Refusal> {
    let found = session::list_of_realm(&app, realm.id(), cursor, limit.and_one(), now).await?;
    let (found, next_cursor) = page::cut(found, limit, |last| last.id.to_string());
    let shown = |session: &Session| {
        let mut shown = view(session, admin.session.id);
        shown["user_id"] = json!(session.user);
        shown
    };
    let sessions: Vec<Value> = found.iter().map(shown).collect();
    Ok(Said::ok(json!({"sessions": sessions, "next_cursor": next_cursor, "has_more": next_cursor.is_some()})))
}

/// Ends one of them, whoever it is of.
pub async fn end_any(
    In(Admin(admin)): In<Admin>,
    In(realm): In<InRealm>,
    Id(id): Id<SessionId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Said, Refusal> {
    let none = || Refusal::new(StatusCode::NOT_FOUND, "SESSION_NOT_FOUND", "The realm has no such session.");
    let id = id.ok_or_else(none)?;
    let found = session::find_with_user(&app, realm.id(), id, now).await?;
    let (_, user) = found.ok_or_else(none)?;
    let who = Who::administrator(&admin, origin);
    if !session::end(&app, (user.realm, user.id), Ended::One(id), who, now).await? {
        return Err(none());
    }
    let current = id == admin.session.id;
    Ok(Said::ok(
        json!({"message": "The session has ended.", "session_id": id, "is_current_session": current}),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_the_network_is_shown() {
        for (address, shown) in [
            ("192.0.2.7", "192.0.2.***"),
            ("::ffff:192.0.2.7", "192.0.2.***"),
            ("2001:db8:1:2::7", "2001:db8:1:***"),
        ] {
            assert_eq!(masked(address.parse().unwrap()), shown);
        }
    }
}
