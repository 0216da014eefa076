//! What this front door shows, in both spellings: programs of one generation read `access_token`, those of the other `accessToken`.

use gatepost_domain::{
    EmailAddress, Membership, Organization, Permission, PersonalClaims, RoleName, Timestamp, User, UserId,
    organization::OWNER,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    accounts::{self, About},
    api::TokenAnswer,
    realm::Snapshot,
};

/// A pair of tokens.
fn tokens(pair: &TokenAnswer) -> Value {
    json!({
        "access_token": pair.access_token,
        "refresh_token": pair.refresh_token,
        "expires_in": pair.expires_in,
        "token_type": pair.token_type,
        "accessToken": pair.access_token,
        "refreshToken": pair.refresh_token,
        "expiresIn": pair.expires_in,
        "tokenType": pair.token_type,
    })
}

/// An answer with a pair of tokens: together, and each by itself, as programs of the older generation read them.
pub fn with_tokens(mut answer: Value, pair: &TokenAnswer) -> Value {
    let tokens = tokens(pair);
    if let (Some(answer), Some(each)) = (answer.as_object_mut(), tokens.as_object()) {
        answer.extend(each.clone());
    }
    answer["tokens"] = tokens;
    answer
}

/// An account, as its owner and whoever administers it see it.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a member of the contract, in both spellings")]
pub struct Account<'a> {
    id: UserId,
    realm_id: &'a str,
    email: Option<&'a str>,
    email_verified: bool,
    profile: Profile<'a>,
    status: &'static str,
    mfa_enabled: bool,
    webauthn_enabled: bool,
    roles: Vec<&'a str>,
    permissions: Vec<&'a str>,
    tenants: Vec<Value>,
    created_at: Timestamp,
    updated_at: Timestamp,
    last_login: Option<Timestamp>,
    // The same for programs of the newer generation.
    #[serde(rename = "realmId")]
    realm_id_again: &'a str,
    #[serde(rename = "emailVerified")]
    email_verified_again: bool,
    #[serde(rename = "mfaEnabled")]
    mfa_enabled_again: bool,
    #[serde(rename = "webauthnEnabled")]
    webauthn_enabled_again: bool,
    #[serde(rename = "createdAt")]
    created_at_again: Timestamp,
    #[serde(rename = "updatedAt")]
    updated_at_again: Timestamp,
    #[serde(rename = "lastLogin")]
    last_login_again: Option<Timestamp>,
}

/// The roles of an account in the realm, those that others bring with them among them.
pub fn roles<'a>(realm: &'a Snapshot, user: &'a User) -> Vec<&'a str> {
    let rights = realm.roles().rights(&user.roles);
    let mut roles: Vec<&str> = rights.roles.into_iter().map(RoleName::as_str).collect();
    if accounts::is_administrator(user) && !roles.contains(&accounts::ADMINISTRATOR) {
        roles.push(accounts::ADMINISTRATOR);
    }
    roles
}

/// What is said of an account.
pub fn user<'a>(
    realm: &'a Snapshot,
    user: &'a User,
    about: &'a About,
    last_login: Option<Timestamp>,
) -> Account<'a> {
    let rights = realm.roles().rights(&user.roles);
    let known = &about.known;
    let (mfa, passkey) = (known.has_factor(), known.has_passkey);
    Account {
        id: user.id,
        realm_id: realm.name(),
        email: user.email.as_ref().map(EmailAddress::as_str),
        email_verified: user.email_verified,
        profile: Profile::of(&known.claims),
        status: status(realm, user),
        mfa_enabled: mfa,
        webauthn_enabled: passkey,
        roles: roles(realm, user),
        permissions: rights.permissions.into_iter().map(Permission::as_str).collect(),
        tenants: about.organizations.iter().map(|found| tenant(realm, found)).collect(),
        created_at: user.created_at,
        updated_at: user.updated_at,
        last_login,
        realm_id_again: realm.name(),
        email_verified_again: user.email_verified,
        mfa_enabled_again: mfa,
        webauthn_enabled_again: passkey,
        created_at_again: user.created_at,
        updated_at_again: user.updated_at,
        last_login_again: last_login,
    }
}

/// The account of a sign-in that waits for its second factor: no more of it is told before.
pub fn half(user: &User) -> Value {
    json!({"id": user.id, "email": user.email.as_ref().map(EmailAddress::as_str)})
}

/// `active`, `suspended`, or `pending_verification` where nobody signs in with an address that is not proven.
pub fn status(realm: &Snapshot, user: &User) -> &'static str {
    if user.is_disabled() {
        "suspended"
    } else if realm.settings().require_verified_email && !user.email_verified {
        "pending_verification"
    } else {
        "active"
    }
}

#[derive(Serialize)]
struct Profile<'a> {
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    avatar_url: Option<&'a str>,
    phone_number: Option<&'a str>,
    #[serde(rename = "firstName")]
    first_name_again: Option<&'a str>,
    #[serde(rename = "lastName")]
    last_name_again: Option<&'a str>,
    #[serde(rename = "avatarUrl")]
    avatar_url_again: Option<&'a str>,
    #[serde(rename = "phoneNumber")]
    phone_number_again: Option<&'a str>,
    metadata: Nothing,
}

/// `{}`
#[derive(Serialize)]
struct Nothing {}

impl<'a> Profile<'a> {
    fn of(claims: &'a PersonalClaims) -> Self {
        Self {
            first_name: claims.given_name.as_deref(),
            last_name: claims.family_name.as_deref(),
            avatar_url: claims.picture.as_deref(),
            phone_number: claims.phone_number.as_deref(),
            first_name_again: claims.given_name.as_deref(),
            last_name_again: claims.family_name.as_deref(),
            avatar_url_again: claims.picture.as_deref(),
            phone_number_again: claims.phone_number.as_deref(),
            metadata: Nothing {},
        }
    }
}

/// An organization of an account. The contract has one role in each: the owner's, or the first.
fn tenant(realm: &Snapshot, (organization, member): &(Organization, Membership)) -> Value {
    let rights = realm.organization_roles().rights(&member.roles);
    let permissions: Vec<&str> = rights.permissions.iter().map(|permission| permission.as_str()).collect();
    let roles: Vec<&str> = member.roles.iter().map(RoleName::as_str).collect();
    let role = if member.is_owner() { Some(OWNER) } else { roles.first().copied() };
    json!({
        "tenant_id": organization.id,
        "tenant_name": organization.name.as_str(),
        "tenant_slug": organization.slug.to_string(),
        "role": role,
        "roles": roles,
        "permissions": permissions,
    })
}
