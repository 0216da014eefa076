//! Access tokens (RFC 9068).

use data_encoding::BASE64URL_NOPAD;
use gatepost_domain::{Entropy, Scopes, Session, Timestamp, User};
use gatepost_jose::jwt;
use serde::Serialize;

use crate::{
    accounts::{ADMINISTRATOR, is_administrator},
    http::Problem,
    realm::Snapshot,
};

/// The most that roles and permissions together may take in a token, in bytes. Headers are limited on the way to an
/// API; a token that does not arrive helps nobody, and one without a permission is refused by the guard.
const RIGHTS_LIMIT: usize = 6 * 1024;

/// Whom a token is for: one name, or several.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Audience {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Audience {
    /// Each name once, in order; a single one stands alone.
    pub fn of(names: impl IntoIterator<Item = String>) -> Self {
        let mut each: Vec<String> = Vec::new();
        for name in names {
            if !each.contains(&name) {
                each.push(name);
            }
        }
        match <[String; 1]>::try_from(each) {
            Ok([one]) => Self::One(one),
            Err(many) => Self::Many(many),
        }
    }
}

/// Who a token is about, and within what.
pub struct Subject<'a> {
    /// The account.
    pub user: &'a User,
    /// The session, which says when and how the user signed in: `sid`, `auth_time`, `amr`.
    pub session: Option<&'a Session>,
    /// The client: `client_id`.
    pub client: &'a str,
    /// What the client may do: `scope`.
    pub scopes: &'a Scopes,
    /// Whom the token is for.
    pub audience: Audience,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: String,
    aud: Audience,
    exp: i64,
    iat: i64,
    jti: String,
    client_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    amr: &'a [String],
    realm_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    roles: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    permissions: Vec<&'a str>,
}

/// Signs an access token and says how many seconds it lives.
pub fn issue(
    realm: &Snapshot,
    subject: Subject<'_>,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<(String, u64), Problem> {
    let user = subject.user;
    let mut id = [0; 16];
    entropy.fill(&mut id);
    let (roles, permissions) = rights(realm, user);
    let lifetime = realm.settings().access_token_ttl.as_secs();
    let claims = Claims {
        iss: realm.issuer(),
        sub: user.id.to_string(),
        aud: subject.audience,
        exp: now.unix_seconds().saturating_add_unsigned(lifetime),
        iat: now.unix_seconds(),
        jti: BASE64URL_NOPAD.encode(&id),
        client_id: subject.client,
        sid: subject.session.map(|session| session.id.to_string()),
        scope: subject.scopes.to_string(),
        auth_time: subject.session.map(|session| session.created_at.unix_seconds()),
        amr: subject.session.map_or(&[], |session| session.amr.as_slice()),
        realm_id: realm.name(),
        email: user.email.as_ref().map(gatepost_domain::EmailAddress::as_str),
        email_verified: user.email.as_ref().map(|_| user.email_verified),
        name: user.name.as_ref().map(gatepost_domain::DisplayName::as_str),
        roles,
        permissions,
    };
    let token = jwt::sign("at+jwt", &claims, realm.keys().signer()).map_err(Problem::internal)?;
    Ok((token, lifetime))
}

/// The account's roles with what they inherit, and their permissions, as far as they fit.
fn rights<'a>(realm: &'a Snapshot, user: &'a User) -> (Vec<&'a str>, Vec<&'a str>) {
    let rights = realm.roles().rights(&user.roles);
    let mut roles: Vec<&str> = rights.roles.iter().map(|role| role.as_str()).collect();
    // The built-in role is in no realm's graph.
    if is_administrator(user) && !roles.contains(&ADMINISTRATOR) {
        roles.push(ADMINISTRATOR);
    }
    let permissions: Vec<&str> = rights.permissions.iter().map(|permission| permission.as_str()).collect();
    let size = |names: &[&str]| names.iter().map(|name| name.len() + 3).sum::<usize>();
    if size(&roles) + size(&permissions) > RIGHTS_LIMIT {
        tracing::warn!(user.id = %user.id, realm.name = realm.name(), "roles and permissions do not fit into a token; permissions were left out");
        return (roles, Vec::new());
    }
    (roles, permissions)
}
