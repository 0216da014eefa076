//! Accounts are made, changed, banned and removed.

use axum::http::StatusCode;
use gatepost_domain::{EmailAddress, PersonalClaims, User, password::Policy, role::ADMINISTRATOR};
use serde::Serialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{
    super::{
        asked::{Answer, Asked},
        caller::Caller,
        fields::Fields,
        refusal::Refusal,
        sign_up::{check_length, renamed},
        view::{ADMIN, USER, UserView},
    },
    administrator, named, told, view,
};
use crate::{
    accounts::{self, Change, ClaimChanges, Profile, Who},
    http::Problem,
};

/// An account in an answer.
#[derive(Serialize)]
struct Shown {
    user: UserView,
}

fn who(asked: &Asked, admin: &Caller) -> Who {
    Who::administrator(&admin.known, asked.origin.clone())
}

fn bad(code: &str, message: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, code, message)
}

/// What is wrong, in the words of the contract: it has another status for a taken address than at sign-up.
fn refused(problem: Problem) -> Refusal {
    match problem {
        Problem::EmailTaken => {
            bad("USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL", "Another user of the realm has this e-mail address.")
        }
        Problem::InvalidField { field: "email", .. } => bad("INVALID_EMAIL", "This is no e-mail address."),
        Problem::InvalidField { field: "reason", reason } => {
            Problem::InvalidField { field: "banReason", reason }.into()
        }
        other => told(renamed(other)),
    }
}

/// Whether roles are those of an administrator. A text may name several.
fn is_admin(sent: Value) -> Result<bool, Refusal> {
    let invalid = || bad("VALIDATION_ERROR", "[body.role] Invalid input");
    let roles: Vec<String> = match sent {
        Value::String(text) => text.split(',').map(|role| role.trim().to_owned()).collect(),
        list => serde_json::from_value(list).map_err(|_| invalid())?,
    };
    if roles.is_empty() {
        return Err(invalid());
    }
    if roles.iter().any(|role| role != ADMIN && role != USER) {
        let message =
            "The roles of this contract are admin and user. Others are given at /api/v1/admin/users.";
        return Err(bad("YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE", message));
    }
    Ok(roles.iter().any(|role| role == ADMIN))
}

/// Gives or takes the role of administrators; every other role stays.
fn with_role(asked: &Asked, change: Change, is_admin: bool) -> Result<Change, Problem> {
    let (role, none) = ([ADMINISTRATOR.to_owned()], []);
    let (add, remove): (&[String], &[String]) = if is_admin { (&role, &none) } else { (&none, &role) };
    change.edit_roles(&asked.realm, add, remove)
}

async fn change(asked: &Asked, admin: &Caller, user: &User, change: Change) -> Result<UserView, Refusal> {
    let who = who(asked, admin);
    let changed = accounts::change(&asked.app, user.realm, user.id, change, who, asked.now).await;
    Ok(view(asked, &changed.map_err(refused)?).await?)
}

/// What the contract says of a ban, where it is not held.
fn without_ban(fields: &mut Fields) {
    for member in ["banReason", "banExpires"] {
        fields.without(member, "Ban with /admin/ban-user; a ban has no end");
    }
}

/// Makes an account, whose address is as verified as is said. Without a password it cannot sign in with one.
pub(in crate::better_auth) async fn create(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (email, name) = (fields.text("email"), fields.text("name"));
    let password = fields.optional_text("password").filter(|password| !password.is_empty());
    let (password, role) = (password.map(Zeroizing::new), fields.value("role"));
    let mut data = fields.nested("data", "body.data", false);
    let (username, picture) = (data.optional_text("username"), data.given_text("image").flatten());
    let (verified, role) = (data.flag("emailVerified"), role.or(data.value("role")));
    data.without("banned", "Ban it with /admin/ban-user once it is made");
    without_ban(&mut data);
    data.nothing_else();
    fields.with(data);
    fields.done()?;
    let admin = administrator(&mut asked, "YOU_ARE_NOT_ALLOWED_TO_CREATE_USERS").await?;
    let is_admin = role.map(is_admin).transpose()?.unwrap_or(false);
    if email.parse::<EmailAddress>().is_err() {
        return Err(bad("INVALID_EMAIL", "This is no e-mail address."));
    }
    let roles: &[String] = if is_admin { &[ADMINISTRATOR.to_owned()] } else { &[] };
    let name = Some(name.as_str()).filter(|name| !name.is_empty());
    let known = PersonalClaims { picture, ..PersonalClaims::default() };
    let profile = Profile::parse(Some(&email), username.as_deref(), name)?.verified(verified == Some(true));
    let profile = profile.roles(&asked.realm, roles)?.claims(known).map_err(refused)?;
    let hash = match &password {
        None => None,
        Some(password) => Some({
            check_length(password)?;
            let policy = Policy::of(asked.realm.settings().password);
            let accepted = policy.accept(password, &profile.words()).map_err(Problem::WeakPassword)?;
            asked.app.hash_chosen(&asked.realm, &accepted, &asked.origin, asked.now).await?
        }),
    };
    let who = who(&asked, &admin);
    let made = accounts::create(&asked.app, &asked.realm, profile, hash, who, asked.now).await;
    let user = view(&asked, &made.map_err(refused)?).await?;
    Ok(asked.json(&Shown { user }))
}

/// Changes what is named of an account, and nothing else.
pub(in crate::better_auth) async fn update(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let id = fields.text("userId");
    let mut data = fields.nested("data", "body.data", true);
    let is_empty = data.is_empty();
    let has_fixed = [("password", data.value("password")), ("id", data.value("id"))];
    let has_fixed = has_fixed.into_iter().find_map(|(name, sent)| sent.map(|_| name));
    let (name, email) = (data.given_text("name"), data.optional_text("email"));
    let (verified, picture) = (data.flag("emailVerified"), data.given_text("image"));
    let (username, role, banned) = (data.given_text("username"), data.value("role"), data.flag("banned"));
    without_ban(&mut data);
    data.nothing_else();
    fields.with(data);
    fields.done()?;
    let admin = administrator(&mut asked, "YOU_ARE_NOT_ALLOWED_TO_UPDATE_USERS").await?;
    if is_empty {
        return Err(bad("NO_DATA_TO_UPDATE", "There is nothing to change."));
    }
    if has_fixed == Some("password") {
        let message = "Set a password with /admin/set-user-password.";
        return Err(bad("PASSWORD_CANNOT_BE_UPDATED_VIA_UPDATE_USER", message));
    }
    if has_fixed.is_some() {
        return Err(bad("USER_ID_CANNOT_BE_UPDATED", "An account keeps its id."));
    }
    let is_admin = role.map(is_admin).transpose()?;
    if banned == Some(true) && id == admin.user().id.to_string() {
        return Err(bans_themselves());
    }
    let name = name.map(|name| name.filter(|name| !name.is_empty()));
    let mut changes =
        Change::new().name(name)?.username(username)?.email(email.map(Some)).map_err(refused)?;
    changes = changes.email_verified(verified).disabled(banned);
    changes = changes.claims(ClaimChanges { picture, ..ClaimChanges::default() }).map_err(refused)?;
    if let Some(is_admin) = is_admin {
        changes = with_role(&asked, changes, is_admin)?;
    }
    let user = named(&asked, &id).await?;
    let changed = change(&asked, &admin, &user, changes).await?;
    Ok(asked.json(&changed))
}

/// Makes somebody an administrator of the realm, or one no more. The last one stays.
pub(in crate::better_auth) async fn set_role(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (id, role) = (fields.text("userId"), fields.value("role").unwrap_or_default());
    if role.is_null() {
        fields.refuse("role", "Invalid input");
    }
    fields.done()?;
    let admin = administrator(&mut asked, "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE").await?;
    let is_admin = is_admin(role)?;
    let user = named(&asked, &id).await?;
    let changes = with_role(&asked, Change::new(), is_admin)?;
    let user = change(&asked, &admin, &user, changes).await?;
    Ok(asked.json(&Shown { user }))
}

/// Sets a password. Every session of the account ends, and its API keys are no good any more.
pub(in crate::better_auth) async fn set_password(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (new, id) = (fields.password("newPassword"), fields.text("userId"));
    fields.done()?;
    if new.is_empty() {
        return Err(bad("VALIDATION_ERROR", "[body.newPassword] newPassword cannot be empty"));
    }
    let admin = administrator(&mut asked, "YOU_ARE_NOT_ALLOWED_TO_SET_USERS_PASSWORD").await?;
    check_length(&new)?;
    let user = named(&asked, &id).await?;
    let accepted = accounts::accept_password(&asked.realm, &new, &user)?;
    let hash = asked.app.hash_chosen(&asked.realm, &accepted, &asked.origin, asked.now).await?;
    change(&asked, &admin, &user, Change::new().password(hash)).await?;
    Ok(asked.json(&json!({"status": true})))
}

fn bans_themselves() -> Refusal {
    bad("YOU_CANNOT_BAN_YOURSELF", "You would be out at once. Another administrator can ban you.")
}

/// Disables an account until it is enabled again: it is out everywhere at once, and its API keys for good.
pub(in crate::better_auth) async fn ban(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (id, reason) = (fields.text("userId"), fields.optional_text("banReason"));
    fields.without("banExpiresIn", "A ban has no end. Lift it with /admin/unban-user");
    fields.done()?;
    let admin = administrator(&mut asked, "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS").await?;
    let user = named(&asked, &id).await?;
    if user.id == admin.user().id {
        return Err(bans_themselves());
    }
    let reason = reason.as_deref().filter(|reason| !reason.is_empty());
    let changes = Change::new().disabled(Some(true)).because(reason).map_err(refused)?;
    let user = change(&asked, &admin, &user, changes).await?;
    Ok(asked.json(&Shown { user }))
}

/// Lets an account sign in again.
pub(in crate::better_auth) async fn unban(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let id = fields.text("userId");
    fields.done()?;
    let admin = administrator(&mut asked, "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS").await?;
    let user = named(&asked, &id).await?;
    let user = change(&asked, &admin, &user, Change::new().disabled(Some(false))).await?;
    Ok(asked.json(&Shown { user }))
}

/// Removes an account with everything of it.
pub(in crate::better_auth) async fn remove(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let id = fields.text("userId");
    fields.done()?;
    let admin = administrator(&mut asked, "YOU_ARE_NOT_ALLOWED_TO_DELETE_USERS").await?;
    let user = named(&asked, &id).await?;
    if user.id == admin.user().id {
        return Err(bad("YOU_CANNOT_REMOVE_YOURSELF", "Another administrator can remove you."));
    }
    let who = who(&asked, &admin);
    accounts::delete(&asked.app, user.realm, user.id, who, asked.now).await.map_err(refused)?;
    Ok(asked.json(&json!({"success": true})))
}
