//! `SessionService`. A session that has ended is not shown any more: the audit trail tells of it. Those of administrators are beyond it.

use gatepost_domain::{Session, SessionId, Timestamp, UserId};

use super::{
    grpc::{Answer, Call, Refusal, id, page},
    messages::{moment, sessions as messages},
};
use crate::{
    accounts,
    http::{Problem, page as pages},
    session::{self, Ended},
};

const ACTIVE: &str = "ACTIVE";
const REVOKED: &str = "REVOKED";

/// How many sessions of one user are told that ended together. More are ended, too.
const TOLD: u32 = 1_000;

fn details(session: &Session) -> messages::SessionDetails {
    messages::SessionDetails {
        session_id: session.id.to_string(),
        user_id: session.user.to_string(),
        created_at: moment(session.created_at),
        updated_at: moment(session.last_seen_at),
        idle_expires_at: moment(session.idle_expires_at),
        absolute_expires_at: moment(session.expires_at),
        expired_at: None,
        logout_at: None,
        status: ACTIVE.to_owned(),
        device: Some(messages::DeviceDetails {
            user_agent: session.origin.user_agent.clone().unwrap_or_default(),
            ip: session.origin.address.map(|address| address.to_string()).unwrap_or_default(),
        }),
        last_active_at: moment(session.last_seen_at),
    }
}

fn revoked(session: &Session, now: Timestamp) -> messages::RevokedSessionDetails {
    messages::RevokedSessionDetails {
        session_id: session.id.to_string(),
        user_id: session.user.to_string(),
        created_at: moment(session.created_at),
        updated_at: moment(now),
        idle_expires_at: moment(session.idle_expires_at),
        absolute_expires_at: moment(session.expires_at),
        expired_at: None,
        logout_at: moment(now),
        status: REVOKED.to_owned(),
        last_active_at: moment(session.last_seen_at),
    }
}

async fn find(call: &Call, text: &str) -> Result<Session, Refusal> {
    let id: SessionId = id("session_id", text)?;
    let found = session::find_with_user(&call.app, call.realm.id(), id, call.now).await?;
    let (session, user) = found.ok_or(Problem::NotFound)?;
    call.who().reaches(&user)?;
    Ok(session)
}

pub(super) async fn get(
    call: Call,
    asked: messages::SessionDetailsRequest,
) -> Answer<messages::SessionDetails> {
    Ok(details(&find(&call, &asked.session_id).await?))
}

pub(super) async fn list(
    call: Call,
    asked: messages::UserSessionDetailsRequest,
) -> Answer<messages::UserSessionDetails> {
    let user: UserId = id("user_id", &asked.user_id)?;
    let (limit, before) = page(asked.page_size, &asked.page_token)?;
    let filter = asked.filter.unwrap_or_default();
    if filter.start_time.is_some() || filter.end_time.is_some() {
        return Err(Refusal::field("filter", "sessions are not filtered by time; leave it out"));
    }
    call.who().reaches(&accounts::find(&call.app, call.realm.id(), user).await?)?;
    // Those that are live are active, and there are no others.
    if !filter.status.is_empty() && !filter.status.iter().any(|status| status.eq_ignore_ascii_case(ACTIVE)) {
        return Ok(messages::UserSessionDetails::default());
    }
    let whose = (call.realm.id(), user);
    let found = session::list(&call.app, whose, before, limit.and_one(), call.now).await?;
    let (found, next) = pages::cut(found, limit, |last| last.id.to_string());
    Ok(messages::UserSessionDetails {
        sessions: found.iter().map(details).collect(),
        next_page_token: next.unwrap_or_default(),
    })
}

pub(super) async fn revoke(
    call: Call,
    asked: messages::RevokeSessionRequest,
) -> Answer<messages::RevokeSessionResponse> {
    let found = find(&call, &asked.session_id).await?;
    let (whose, which) = ((call.realm.id(), found.user), Ended::One(found.id));
    if !session::end(&call.app, whose, which, call.who(), call.now).await? {
        return Err(Problem::NotFound.into());
    }
    Ok(messages::RevokeSessionResponse { revoked_session: Some(revoked(&found, call.now)) })
}

pub(super) async fn revoke_all(
    call: Call,
    asked: messages::RevokeAllUserSessionsRequest,
) -> Answer<messages::RevokeAllUserSessionsResponse> {
    let user: UserId = id("user_id", &asked.user_id)?;
    let whose = (call.realm.id(), user);
    let found = session::list(&call.app, whose, None, TOLD, call.now).await?;
    let which = Ended::All { with_keys: false };
    if !session::end(&call.app, whose, which, call.who(), call.now).await? {
        return Err(Problem::NotFound.into());
    }
    Ok(messages::RevokeAllUserSessionsResponse {
        total_revoked: u32::try_from(found.len()).unwrap_or(u32::MAX),
        revoked_sessions: found.iter().map(|session| revoked(session, call.now)).collect(),
    })
}
