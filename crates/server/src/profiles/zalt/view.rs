//! What this front door shows, in both spellings: programs of one generation read `access_token`, those of the other `accessToken`.

use gatepost_domain::{
    EmailAddress, Membership, Organization, PersonalClaims, RoleName, Timestamp, User,
    mfa::{Factor, FactorKind},
    organization::OWNER,
};
use serde_json::{Value, json};

use crate::{
    accounts::{self, About},
    api::TokenAnswer,
    realm::Snapshot,
};

/// A pair of tokens.
pub fn tokens(pair: &TokenAnswer) -> Value {
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

/// An account, as its owner and whoever administers it see it.
pub fn user(realm: &Snapshot, user: &User, about: &About, last_login: Option<Timestamp>) -> Value {
    let rights = realm.roles().rights(&user.roles);
    let mut roles: Vec<&str> = rights.roles.iter().map(|role| role.as_str()).collect();
    if accounts::is_administrator(user) && !roles.contains(&accounts::ADMINISTRATOR) {
        roles.push(accounts::ADMINISTRATOR);
    }
    let permissions: Vec<&str> = rights.permissions.iter().map(|permission| permission.as_str()).collect();
    let has = |kind| about.factors.iter().any(|factor: &Factor| factor.kind == kind);
    let (mfa, passkey) = (!about.factors.is_empty(), has(FactorKind::Passkey));
    let tenants: Vec<Value> = about.organizations.iter().map(|found| tenant(realm, found)).collect();
    json!({
        "id": user.id,
        "realm_id": realm.name(),
        "email": user.email.as_ref().map(EmailAddress::as_str),
        "email_verified": user.email_verified,
        "profile": profile(&about.claims),
        "status": status(realm, user),
        "mfa_enabled": mfa,
        "webauthn_enabled": passkey,
        "roles": roles,
        "permissions": permissions,
        "tenants": tenants,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
        "last_login": last_login,
        "realmId": realm.name(),
        "emailVerified": user.email_verified,
        "mfaEnabled": mfa,
        "webauthnEnabled": passkey,
        "createdAt": user.created_at,
        "updatedAt": user.updated_at,
        "lastLogin": last_login,
    })
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

fn profile(claims: &PersonalClaims) -> Value {
    json!({
        "first_name": claims.given_name,
        "last_name": claims.family_name,
        "avatar_url": claims.picture,
        "phone_number": claims.phone_number,
        "firstName": claims.given_name,
        "lastName": claims.family_name,
        "avatarUrl": claims.picture,
        "phoneNumber": claims.phone_number,
        "metadata": {},
    })
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
