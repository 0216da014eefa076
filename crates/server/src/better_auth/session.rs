//! `get-session`, `list-sessions` and the ways in which sessions end.

use axum::http::{
    HeaderValue, StatusCode,
    header::{ACCESS_CONTROL_EXPOSE_HEADERS, PRAGMA},
};
use gatepost_domain::SessionId;
use serde::Serialize;
use serde_json::json;

use super::{
    asked::{Answer, Asked},
    caller::Caller,
    cookies::SET_AUTH_JWT,
    organization,
    refusal::Refusal,
    token,
    view::{SessionView, UserView},
};
use crate::session::{self, Ended};

/// Since when a session is too old to see where else one is signed in.
const FRESH: std::time::Duration = std::time::Duration::from_hours(24);

/// As many sessions as are listed: there are no pages.
const MOST: u32 = 1_000;

#[derive(Serialize)]
struct Found {
    session: SessionView,
    user: UserView,
}

/// Who is signed in; `null` where nobody is. With a token for the application's APIs in a header.
pub(super) async fn show(mut asked: Asked) -> Answer {
    asked.leaves_session_alone = asked.query().says("disableRefresh");
    let found = match asked.present().await? {
        None => None,
        Some(caller) => {
            let user = caller.view();
            let jwt = token::issue(&asked, &caller, &user).await?;
            let session = SessionView::held(caller.session(), asked.token_of(caller.session()));
            let within = organization::active_of(&asked, &caller).await?;
            let team = match within {
                Some(organization) => organization::active_team_of(&asked, &caller, organization).await?,
                None => None,
            };
            let session = session.within(within, team);
            Some((Found { session, user }, jwt))
        }
    };
    let (found, jwt) = found.unzip();
    let mut response = asked.json(&found);
    let headers = response.headers_mut();
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    if let Some(jwt) = jwt {
        headers.insert(SET_AUTH_JWT, jwt);
        headers.append(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("set-auth-jwt"));
    }
    Ok(response)
}

/// The contract knows this way only for servers that put refreshing off; ours does not.
pub(super) async fn show_by_post(_: Asked) -> Answer {
    let code = "METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED";
    Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, code, "Ask for the session with GET."))
}

/// Where the account is signed in, the oldest first, each with a handle in place of its token.
pub(super) async fn list(mut asked: Asked) -> Answer {
    let caller = asked.signed_in().await?;
    if asked.now.since(caller.session().created_at) >= FRESH {
        let message = "The session is older than a day. Sign in again.";
        return Err(Refusal::new(StatusCode::FORBIDDEN, "SESSION_NOT_FRESH", message));
    }
    let user = (caller.user().realm, caller.user().id);
    let mut found = session::list(&asked.app, user, None, MOST, asked.now).await?;
    found.reverse();
    let listed: Vec<SessionView> = found.iter().map(SessionView::listed).collect();
    Ok(asked.json(&listed))
}

/// Ends one session, by its handle in the list or by its token. One that is not there is ended already.
pub(super) async fn revoke(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let named = fields.text("token");
    fields.done()?;
    let caller = asked.signed_in().await?;
    let of_token = || asked.app.application_mac().decode(asked.realm.id(), &named).map(|token| token.session);
    if let Some(id) = named.parse::<SessionId>().ok().or_else(of_token) {
        end(&asked, &caller, Ended::One(id)).await?;
        if id == caller.session().id {
            asked.take_session_away();
        }
    }
    Ok(asked.json(&json!({"status": true})))
}

/// Ends every session of the account.
pub(super) async fn revoke_all(mut asked: Asked) -> Answer {
    let caller = asked.signed_in().await?;
    end(&asked, &caller, Ended::All { with_keys: false }).await?;
    asked.take_session_away();
    Ok(asked.json(&json!({"status": true})))
}

/// Ends every session but this one.
pub(super) async fn revoke_others(mut asked: Asked) -> Answer {
    let caller = asked.signed_in().await?;
    end(&asked, &caller, Ended::AllBut(caller.session().id)).await?;
    Ok(asked.json(&json!({"status": true})))
}

/// There are no fields of an application's own that a session could be given.
pub(super) async fn update(mut asked: Asked) -> Answer {
    asked.body().done()?;
    asked.signed_in().await?;
    Err(Refusal::without_code(StatusCode::BAD_REQUEST, "Sessions have no fields that could be updated."))
}

/// Ends this session, if there is one. With one in the place of a user the administrator's own ends that waits in this browser.
pub(super) async fn sign_out(mut asked: Asked) -> Answer {
    if let Some(caller) = asked.present().await? {
        match caller.acting() {
            Some(acting) => {
                session::end_in_place(&asked.app, &acting, &asked.origin, asked.now).await?;
            }
            None => end(&asked, &caller, Ended::One(caller.session().id)).await?,
        }
    }
    asked.end_administrator().await?;
    asked.end_all_beside().await?;
    asked.take_session_away();
    Ok(asked.json(&json!({"success": true})))
}

async fn end(asked: &Asked, caller: &Caller, which: Ended) -> Result<(), Refusal> {
    let user = (caller.user().realm, caller.user().id);
    session::end(&asked.app, user, which, caller.who(asked), asked.now).await?;
    Ok(())
}
