//! `UserService`: users.

use gatepost_domain::{Notes, NotesChange, User, UserId};
use gatepost_store::users::{Listed, UserFilter};

use super::{
    grpc::{Answer, Call, Refusal, given, id, not_kept, page},
    memberships,
    messages::users as messages,
    view,
};
use crate::{
    accounts::{self, Change, ClaimChanges, Profile},
    http::page::{self as pages, searchable},
    organizations::{self, Wanted},
};

/// The user that the call names, by its id or by what it is called elsewhere.
pub(super) async fn which(
    call: &Call,
    by_id: Option<&str>,
    by_external_id: Option<String>,
) -> Result<UserId, Refusal> {
    match (by_id, by_external_id) {
        (None, Some(external_id)) => {
            Ok(accounts::find_by_external_id(&call.app, call.realm.id(), external_id).await?)
        }
        (by_id, _) => id("id", by_id.unwrap_or_default()),
    }
}

/// What is called something elsewhere that is no text is called nothing.
pub(super) fn external_id(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

async fn found(call: &Call, id: UserId) -> Result<User, Refusal> {
    Ok(accounts::find(&call.app, call.realm.id(), id).await?)
}

pub(super) async fn get(call: Call, asked: messages::GetUserRequest) -> Answer<messages::UserResponse> {
    let id = which(&call, asked.id.as_deref(), asked.external_id).await?;
    view::user(&call, &found(&call, id).await?).await
}

pub(super) async fn list(
    call: Call,
    asked: messages::ListUsersRequest,
) -> Answer<messages::ListUsersResponse> {
    let (users, next_page_token) = listed(&call, None, asked.page_size, &asked.page_token).await?;
    Ok(messages::ListUsersResponse { users, next_page_token })
}

pub(super) async fn search(
    call: Call,
    asked: messages::SearchUsersRequest,
) -> Answer<messages::FoundUsersResponse> {
    searchable("query", Some(&asked.query))?;
    let search = Some(asked.query).filter(|text| !text.is_empty());
    let (users, next_page_token) = listed(&call, search, asked.page_size, &asked.page_token).await?;
    Ok(messages::FoundUsersResponse { next_page_token, users })
}

async fn listed(
    call: &Call,
    search: Option<String>,
    size: u32,
    token: &str,
) -> Result<(Vec<messages::User>, String), Refusal> {
    let (limit, after) = page(size, token)?;
    let filter = UserFilter { search, ..UserFilter::default() };
    let Listed { users, until } =
        accounts::list(&call.app, call.realm.id(), filter, after, limit.and_one()).await?;
    let (users, next) = pages::cut(users, limit, |last| last.id.to_string());
    let next = next.or(until.map(|until| until.to_string()));
    Ok((view::users(call, &users).await?, next.unwrap_or_default()))
}

/// Makes an account, which nobody can sign in to by a password yet, and a member of it.
pub(super) async fn create(
    call: Call,
    asked: messages::CreateUserAndMembershipRequest,
) -> Answer<messages::UserResponse> {
    let organization = id("organization_id", &asked.organization_id)?;
    let user = given("user", asked.user)?;
    let notes = Notes {
        external_id: user.external_id.and_then(external_id),
        metadata: user.metadata.into_iter().collect(),
    };
    let person = user.user_profile.unwrap_or_default();
    not_kept("custom_attributes", !person.custom_attributes.is_empty())?;
    not_kept("user_profile.metadata", !person.metadata.is_empty())?;
    not_kept("groups", !person.groups.is_empty())?;
    let membership = user.membership.unwrap_or_default();
    not_kept("membership.metadata", !membership.metadata.is_empty())?;
    let roles = memberships::roles(&call, membership.roles)?;
    // Refused before there is an account that belongs nowhere.
    organizations::find(&call.app, call.realm.id(), organization).await?;
    let some = |text: String| Some(text).filter(|text| !text.trim().is_empty());
    let either = |one: String, other: String| some(one).or(some(other));
    let claims = ClaimChanges {
        given_name: Some(either(person.given_name, person.first_name)),
        family_name: Some(either(person.family_name, person.last_name)),
        picture: Some(person.picture.and_then(some)),
        gender: Some(person.gender.and_then(some)),
        locale: Some(some(person.locale)),
        phone_number: Some(some(person.phone_number)),
    };
    let claims = claims.of_nobody();
    let names = [&claims.given_name, &claims.family_name].into_iter().flatten();
    let names = names.map(|name| name.trim()).collect::<Vec<_>>().join(" ");
    let name = some(person.name).or(some(names));
    let username = some(person.preferred_username);
    let profile = Profile::parse(Some(&user.email), username.as_deref(), name.as_deref())?;
    let profile = profile.claims(claims)?.notes(notes)?;
    let made = accounts::create(&call.app, &call.realm, profile, None, call.who(), call.now).await?;
    memberships::put(&call, (organization, made.id), Wanted::New(roles)).await?;
    view::user(&call, &made).await
}

pub(super) async fn update(call: Call, asked: messages::UpdateUserRequest) -> Answer<messages::UserResponse> {
    let id = which(&call, asked.id.as_deref(), asked.external_id).await?;
    let user = given("user", asked.user)?;
    let notes = NotesChange {
        external_id: user.external_id.map(external_id),
        metadata: user.metadata.into_iter().collect(),
    };
    let person = user.user_profile.unwrap_or_default();
    not_kept("custom_attributes", !person.custom_attributes.is_empty())?;
    not_kept("user_profile.metadata", !person.metadata.is_empty())?;
    not_kept("groups", !person.groups.is_empty())?;
    // An empty text is how the contract says that there is none.
    let one = |text: Option<String>| text.map(|text| Some(text).filter(|text| !text.trim().is_empty()));
    let claims = ClaimChanges {
        given_name: one(person.given_name.or(person.first_name)),
        family_name: one(person.family_name.or(person.last_name)),
        picture: one(person.picture),
        gender: one(person.gender),
        locale: one(person.locale),
        phone_number: one(person.phone_number),
    };
    let change = Change::new()
        .name(one(person.name))?
        .username(one(person.preferred_username))?
        .claims(claims)?
        .notes(notes)?;
    let changed = accounts::change(&call.app, call.realm.id(), id, change, call.who(), call.now).await?;
    view::user(&call, &changed).await
}

pub(super) async fn delete(call: Call, asked: messages::DeleteUserRequest) -> Answer<()> {
    let id = which(&call, asked.id.as_deref(), asked.external_id).await?;
    Ok(accounts::delete(&call.app, call.realm.id(), id, call.who(), call.now).await?)
}
