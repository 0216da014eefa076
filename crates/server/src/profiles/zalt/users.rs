//! `/v1/admin/users`: accounts of the realm, for those who administer it.

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{SessionId, Timestamp, User, UserId};
use gatepost_store::users::UserFilter;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Refusal,
    envelope::Said,
    keys,
    reverify::is_fresh,
    sent::{Id, In},
    sessions, view,
};
use crate::{
    App,
    accounts::{self, Change, Who},
    api_keys::{self, Dealing},
    http::{
        Admin, Now, Problem, Query, SignedIn, Where,
        page::{self, Limit},
    },
    mfa,
    realm::InRealm,
    session::{self, Ended},
};

/// More sessions of one account are not shown.
const MOST: u32 = 1_000;

fn not_found() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "USER_NOT_FOUND", "The realm has no such user.")
}

/// The user that a path names.
pub(super) async fn named(app: &App, realm: &InRealm, id: Option<UserId>) -> Result<User, Refusal> {
    let id = id.ok_or_else(not_found)?;
    match accounts::find(app, realm.id(), id).await {
        Err(Problem::NotFound) => Err(not_found()),
        found => Ok(found?),
    }
}

async fn shown(app: &App, realm: &InRealm, user: &User) -> Result<Value, Refusal> {
    let about = accounts::about(app, user).await?;
    Ok(json!(view::user(realm, user, &about, None)))
}

/// Which users to list.
#[derive(Deserialize)]
pub struct Listing {
    #[serde(default)]
    limit: Limit,
    cursor: Option<UserId>,
    search: Option<String>,
    status: Option<String>,
}

/// One page of users, in the order they were made.
pub async fn list(
    In(Admin(_)): In<Admin>,
    In(realm): In<InRealm>,
    State(app): State<App>,
    In(Query(asked)): In<Query<Listing>>,
) -> Result<Said, Refusal> {
    page::searchable("search", asked.search.as_deref())?;
    let disabled = match asked.status.as_deref() {
        None => None,
        Some("active") => Some(false),
        Some("suspended") => Some(true),
        Some(_) => return Err(Refusal::invalid("`status` is `active` or `suspended`.")),
    };
    let filter = UserFilter { search: asked.search, disabled, ..UserFilter::default() };
    let limit = asked.limit;
    let found = accounts::list(&app, realm.id(), filter, asked.cursor, limit.and_one()).await?.users;
    let (found, next_cursor) = page::cut(found, limit, |last| last.id.to_string());
    let mut users = Vec::with_capacity(found.len());
    for user in &found {
        users.push(shown(&app, &realm, user).await?);
    }
    Ok(Said::ok(json!({"users": users, "next_cursor": next_cursor, "has_more": next_cursor.is_some()})))
}

/// One of them.
pub async fn show(
    In(Admin(_)): In<Admin>,
    In(realm): In<InRealm>,
    Id(id): Id<UserId>,
    State(app): State<App>,
) -> Result<Said, Refusal> {
    let user = named(&app, &realm, id).await?;
    Ok(Said::ok(json!({"user": shown(&app, &realm, &user).await?})))
}

/// Removes an account with everything of it.
pub async fn delete(
    In(Admin(admin)): In<Admin>,
    In(realm): In<InRealm>,
    Id(id): Id<UserId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Said, Refusal> {
    let user = named(&app, &realm, id).await?;
    accounts::delete(&app, realm.id(), user.id, Who::administrator(&admin, origin), now).await?;
    Ok(Said::ok(json!({"message": "The account is deleted.", "user_id": user.id})))
}

async fn set_disabled(
    (app, realm, admin): (&App, &InRealm, &SignedIn),
    id: Option<UserId>,
    disabled: bool,
    origin: Where,
    now: Timestamp,
) -> Result<Said, Refusal> {
    let user = named(app, realm, id).await?;
    let change = Change::new().disabled(Some(disabled));
    let who = Who::administrator(admin, origin);
    let user = accounts::change(app, realm.id(), user.id, change, who, now).await?;
    Ok(Said::ok(json!({"message": "Changed.", "user": shown(app, realm, &user).await?})))
}

/// Nobody signs in to the account any more; its sessions end at once, and its API keys for good.
pub async fn suspend(
    In(Admin(admin)): In<Admin>,
    In(realm): In<InRealm>,
    Id(id): Id<UserId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Said, Refusal> {
    set_disabled((&app, &realm, &admin), id, true, origin, now).await
}

/// The account signs in again.
pub async fn activate(
    In(Admin(admin)): In<Admin>,
    In(realm): In<InRealm>,
    Id(id): Id<UserId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Said, Refusal> {
    set_disabled((&app, &realm, &admin), id, false, origin, now).await
}

/// Mails a link to choose another password. Nobody is told one, and nothing changes until it is opened.
pub async fn reset_password(
    In(Admin(_)): In<Admin>,
    In(realm): In<InRealm>,
    Id(id): Id<UserId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Said, Refusal> {
    let user = named(&app, &realm, id).await?;
    let email = user.email.filter(|_| app.mailer().is_on()).ok_or_else(|| {
        let message = "No message can be sent: there is no mail here, or the account has no address.";
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "EMAIL_SEND_FAILED", message)
    })?;
    accounts::ask_to_recover(&app, &realm, email, &origin, now).await?;
    Ok(Said::ok(json!({"message": "A message is on its way to the owner.", "user_id": user.id})))
}

/// Takes every second factor of an account away, for somebody who has lost them.
pub async fn reset_mfa(
    In(Admin(admin)): In<Admin>,
    In(realm): In<InRealm>,
    Id(id): Id<UserId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Said, Refusal> {
    let user = named(&app, &realm, id).await?;
    // One's own are removed as everybody's own are: by whoever has just proved to have them.
    if admin.user.id == user.id {
        is_fresh(&app, &admin, now).await?;
    }
    mfa::reset(&app, realm.id(), user.id, Who::administrator(&admin, origin), now).await?;
    Ok(Said::ok(json!({"message": "The account has no second factor.", "user_id": user.id})))
}

/// Where an account is signed in.
pub async fn list_sessions(
    In(Admin(admin)): In<Admin>,
    In(realm): In<InRealm>,
    Id(id): Id<UserId>,
    Now(now): Now,
    State(app): State<App>,
) -> Result<Said, Refusal> {
    let user = named(&app, &realm, id).await?;
    let found = session::list(&app, (user.realm, user.id), None, MOST, now).await?;
    let current: SessionId = admin.session.id;
    let all: Vec<Value> = found.iter().map(|session| sessions::view(session, current)).collect();
    Ok(Said::ok(json!({"total": all.len(), "sessions": all})))
}

/// Signs an account out everywhere.
pub async fn end_sessions(
    In(Admin(admin)): In<Admin>,
    In(realm): In<InRealm>,
    Id(id): Id<UserId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Said, Refusal> {
    let user = named(&app, &realm, id).await?;
    let whose = (user.realm, user.id);
    let there_were = session::list(&app, whose, None, MOST, now).await?.len();
    let who = Who::administrator(&admin, origin);
    session::end(&app, whose, Ended::All { with_keys: false }, who, now).await?;
    Ok(Said::ok(json!({"message": "No session is left.", "revoked_count": there_were})))
}

/// What second factors an account has.
pub async fn show_mfa(
    In(Admin(_)): In<Admin>,
    In(realm): In<InRealm>,
    Id(id): Id<UserId>,
    State(app): State<App>,
) -> Result<Said, Refusal> {
    let user = named(&app, &realm, id).await?;
    let overview = mfa::overview(&app, realm.id(), user.id).await?;
    Ok(Said::ok(super::mfa::shown(&overview)))
}

/// The API keys of an account that are good.
pub async fn list_keys(
    In(Admin(admin)): In<Admin>,
    In(realm): In<InRealm>,
    Id(id): Id<UserId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Said, Refusal> {
    let user = named(&app, &realm, id).await?;
    let dealing = Dealing::with_those_of_user(user.id, Who::administrator(&admin, origin));
    let found = api_keys::list_good(&app, &realm, dealing, now).await?;
    let keys: Vec<Value> = found.iter().map(keys::view).collect();
    Ok(Said::ok(json!({"total": keys.len(), "keys": keys})))
}
