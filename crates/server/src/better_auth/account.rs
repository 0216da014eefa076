//! What somebody changes of their own account.

use axum::http::StatusCode;
use gatepost_domain::{Identity, Timestamp, User, audit::Event, password::Password};
use serde::Serialize;
use serde_json::json;

use super::{
    asked::{Answer, Asked},
    caller::Caller,
    deletion,
    refusal::Refusal,
    sign_up::{check_length, renamed},
    targets::Targets,
    two_factor,
    view::UserView,
};
use crate::{
    accounts::{self, Change, ClaimChanges},
    http::Problem,
    session, social,
};

/// A name, a picture, a user name.
pub(super) async fn update(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let tries_email = fields.says("email");
    let name = fields.given_text("name").map(|name| name.filter(|name| !name.is_empty()));
    let (picture, username) = (fields.given_text("image"), fields.given_text("username"));
    fields.done()?;
    let caller = asked.signed_in().await?;
    if tries_email {
        let message = "Ask for another address at /change-email.";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "EMAIL_CAN_NOT_BE_UPDATED", message));
    }
    let change = Change::new().name(name)?.username(username)?;
    let change = change.claims(ClaimChanges { picture, ..ClaimChanges::default() }).map_err(renamed)?;
    if change.is_empty() {
        let message = "There is nothing to change: give name, image or username.";
        return Err(Refusal::without_code(StatusCode::BAD_REQUEST, message));
    }
    let user = (caller.user().realm, caller.user().id);
    accounts::change(&asked.app, user.0, user.1, change, caller.who(&asked), asked.now).await?;
    asked.keep(caller.session());
    Ok(asked.json(&json!({"status": true})))
}

/// Whether somebody who is signed in knows their password.
pub(super) async fn verify_password(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let password = fields.password("password");
    fields.done()?;
    let caller = asked.signed_in().await?;
    let password = Password::to_verify(&password).map_err(|_| Problem::WrongPassword)?;
    let (known, refused) = (&caller.known, Event::SignInRefused);
    accounts::check_password(&asked.app, &asked.realm, (known, &password), refused, &asked.origin, asked.now)
        .await?;
    Ok(asked.json(&json!({"status": true})))
}

#[derive(Serialize)]
struct PasswordChanged {
    token: Option<String>,
    user: UserView,
}

/// Another password. Every other session ends, whether that was asked for or not; where it was, this one has another token, too.
pub(super) async fn change_password(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (new, current) = (fields.password("newPassword"), fields.password("currentPassword"));
    let renews = fields.flag("revokeOtherSessions") == Some(true);
    fields.done()?;
    let caller = asked.signed_in().await?;
    check_length(&new)?;
    let new = accounts::accept_password(&asked.realm, &new, caller.user())?;
    let current = Password::to_verify(&current).map_err(|_| Problem::WrongPassword)?;
    let passwords = (&current, &new);
    let origin = asked.origin.clone();
    accounts::change_password(&asked.app, &asked.realm, &caller.known, passwords, false, origin, asked.now)
        .await?;
    let mut token = None;
    if renews && let Some(session) = session::renew_cookie(&asked.app, caller.session(), asked.now).await? {
        asked.keep(&session);
        token = Some(asked.token_of(&session));
    }
    Ok(asked.json(&PasswordChanged { token, user: caller.view() }))
}

/// Another address: the account has it once a link that is mailed there was opened.
pub(super) async fn change_email(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (email, back) = (fields.email("newEmail"), fields.optional_text("callbackURL"));
    fields.done()?;
    let caller = asked.signed_in().await?;
    let Some(email) = email else { return Err(Refusal::unauthorized()) };
    let origin = asked.origin.clone().going_on_at(back.filter(|back| !back.is_empty()));
    let (app, realm) = (&asked.app, &asked.realm);
    match accounts::ask_to_change_email(app, realm, &caller.known, email, origin, asked.now).await {
        Err(Problem::InvalidField { reason, .. }) => {
            return Err(Refusal::without_code(StatusCode::BAD_REQUEST, &reason));
        }
        other => other?,
    }
    Ok(asked.json(&json!({"status": true})))
}

/// A way in to an account.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AccountView {
    id: String,
    provider_id: String,
    account_id: String,
    user_id: String,
    scopes: [&'static str; 0],
    created_at: String,
    updated_at: String,
}

impl AccountView {
    fn of_password(user: &User) -> Self {
        let id = user.id.to_string();
        Self::new((id.clone(), "credential".to_owned(), id), user, user.created_at, user.created_at)
    }

    fn of_identity(user: &User, identity: Identity) -> Self {
        let last = identity.last_used_at.unwrap_or(identity.created_at);
        let names = (identity.id.to_string(), identity.provider.to_string(), identity.subject);
        Self::new(names, user, identity.created_at, last)
    }

    fn new(
        (id, provider_id, account_id): (String, String, String),
        user: &User,
        created_at: Timestamp,
        updated_at: Timestamp,
    ) -> Self {
        let (created_at, updated_at) = (created_at.to_millis(), updated_at.to_millis());
        Self { id, provider_id, account_id, user_id: user.id.to_string(), scopes: [], created_at, updated_at }
    }
}

/// The ways in to the account: its password, and accounts elsewhere.
pub(super) async fn list_accounts(mut asked: Asked) -> Answer {
    let caller: Caller = asked.signed_in().await?;
    let user = caller.user();
    let password = accounts::has_password(&asked.app, user.realm, user.id).await?;
    let elsewhere = social::list(&asked.app, user.realm, user.id).await?;
    let accounts: Vec<AccountView> = password
        .then(|| AccountView::of_password(user))
        .into_iter()
        .chain(elsewhere.into_iter().map(|identity| AccountView::of_identity(user, identity)))
        .collect();
    Ok(asked.json(&accounts))
}

/// Deletes the account of whoever asks. It takes a sign-in of a moment ago with every factor, which the password makes of this one where the
/// account has no other. Where there is no password either, a link is mailed; its token is taken here, too.
pub(super) async fn delete(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let password = fields.has("password").then(|| fields.password("password"));
    let token = fields.optional_text("token").filter(|token| !token.is_empty());
    let targets = Targets::of_body(&mut fields).or_root();
    fields.done()?;
    let caller = asked.signed_in().await?;
    if !asked.realm.settings().account_deletion {
        return Err(undeleted(Problem::AccountDeletionOff));
    }
    if let Some(token) = token {
        return deletion::by_token(asked, &caller.known, &token).await;
    }
    let password = password.filter(|password| !password.is_empty());
    let by_session = password.is_none();
    let known = match password {
        Some(password) => {
            let hash = two_factor::check(&asked, &caller, &password).await?;
            two_factor::prove_anew(&asked, &caller, hash).await.map_err(undeleted)?
        }
        None => caller.known,
    };
    let origin = asked.origin.clone();
    let deleted = accounts::delete_own(&asked.app, &asked.realm, &known, origin, asked.now).await;
    if let Err(problem) = deleted {
        if by_session && matches!(problem, Problem::ReauthenticationRequired) {
            return deletion::mail_link(asked, &known, &targets).await;
        }
        // The session goes on, perhaps under the token that the password has given it.
        asked.keep(&known.session);
        return Ok(asked.refuse(undeleted(problem)));
    }
    Ok(deletion::deleted(asked))
}

/// Why an account is not deleted, in the words of the contract: a sign-in that is too old, or a realm where nobody does so.
pub(super) fn undeleted(problem: Problem) -> Refusal {
    match problem {
        Problem::ReauthenticationRequired => {
            let message = "Sign in again, with every factor you have.";
            Refusal::new(StatusCode::BAD_REQUEST, "SESSION_EXPIRED", message)
        }
        Problem::AccountDeletionOff => {
            let message =
                "Nobody deletes their own account in this realm. Turn its setting account_deletion on.";
            Refusal::new(StatusCode::NOT_FOUND, "ACCOUNT_DELETION_OFF", message)
        }
        other => other.into(),
    }
}
