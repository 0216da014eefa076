//! Where others are signed in.

use gatepost_domain::{SessionId, UserId};
use serde_json::json;

use super::{
    super::{
        asked::{Answer, Asked},
        view::SessionView,
    },
    administrator,
};
use crate::{
    accounts::Who,
    session::{self, Ended},
};

/// As many sessions as are listed: there are no pages.
const MOST: u32 = 1_000;

/// Where an account is signed in, the oldest first, each with a handle in place of its token.
pub(in crate::better_auth) async fn list_sessions(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let id = fields.text("userId");
    fields.done()?;
    administrator(&mut asked, "YOU_ARE_NOT_ALLOWED_TO_LIST_USERS_SESSIONS").await?;
    let mut found = match id.parse::<UserId>() {
        Ok(id) => session::list(&asked.app, (asked.realm.id(), id), None, MOST, asked.now).await?,
        Err(_) => Vec::new(),
    };
    found.reverse();
    let sessions: Vec<SessionView> = found.iter().map(SessionView::listed).collect();
    Ok(asked.json(&json!({"sessions": sessions})))
}

/// Ends one session, by its handle or its token. One that is not there is ended already.
pub(in crate::better_auth) async fn revoke_session(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let named = fields.text("sessionToken");
    fields.done()?;
    let admin = administrator(&mut asked, "YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS").await?;
    let realm = asked.realm.id();
    let of_token = || asked.app.application_mac().decode(realm, &named).map(|token| token.session);
    let found = match named.parse::<SessionId>().ok().or_else(of_token) {
        Some(id) => session::find_with_user(&asked.app, realm, id, asked.now).await?,
        None => None,
    };
    if let Some((found, user)) = found {
        let who = Who::administrator(&admin.known, asked.origin.clone());
        session::end(&asked.app, (realm, user.id), Ended::One(found.id), who, asked.now).await?;
        if found.id == admin.session().id {
            asked.take_session_away();
        }
    }
    Ok(asked.json(&json!({"success": true})))
}

/// Signs an account out everywhere.
pub(in crate::better_auth) async fn revoke_sessions(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let id = fields.text("userId");
    fields.done()?;
    let admin = administrator(&mut asked, "YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS").await?;
    if let Ok(id) = id.parse::<UserId>() {
        let who = Who::administrator(&admin.known, asked.origin.clone());
        let whose = (asked.realm.id(), id);
        session::end(&asked.app, whose, Ended::All { with_keys: false }, who, asked.now).await?;
        if id == admin.user().id {
            asked.take_session_away();
        }
    }
    Ok(asked.json(&json!({"success": true})))
}
