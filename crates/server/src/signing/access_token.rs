//! Access tokens (RFC 9068).

use std::{borrow::Cow, time::Duration};

use data_encoding::BASE64URL_NOPAD;
use gatepost_domain::{
    ApiKeyId, Entropy, GrantId, Membership, OrganizationId, Permission, Scope, Scopes, Session, SigningAlg,
    Timestamp, TokenFormat, User, api_key,
    client::{Entrusted, FIRST_PARTY, exchange},
    organization::OWNER,
    role::Rights,
};
use gatepost_jose::{MAX_TOKEN_BYTES, SigningKey, jwt};
use serde::Serialize;
use serde_json::{Value, json};

use super::Audience;
use crate::{
    accounts::{ADMINISTRATOR, is_administrator},
    holder::Party,
    http::Problem,
    realm::{SIGN_IN_TYPE, Snapshot},
};

/// The most that roles and permissions together may take in a token, in bytes. Headers are limited on the way to an
/// API; a token that does not arrive helps nobody, and one without a permission is refused by the guard.
const RIGHTS_LIMIT: usize = 6 * 1024;

/// RFC 9068 section 2.1.
const ACCESS_TOKEN: &str = "at+jwt";

/// Who a token is about, and within what.
pub struct Subject<'a> {
    /// The account.
    pub user: &'a User,
    /// The session, which says when and how the user signed in: `sid`, `auth_time`, `amr`.
    pub session: Option<&'a Session>,
    /// The client: `client_id`. In an application's token address and name need the scopes `email` and `profile`.
    pub client: &'a str,
    /// What the client holds: `grant_id`. Not of our own sign-in, which is its session.
    pub grant: Option<GrantId>,
    /// What the client may do: `scope`. Scopes that are permissions limit `permissions` to those they name.
    pub scopes: &'a Scopes,
    /// What the account is in the organization the token speaks of, if it speaks of one: `org_id`, and `roles` and
    /// `permissions` in place of those in the realm.
    pub member: Option<&'a Membership>,
    /// What the client calls the user, if that is not the user's id: `sub`.
    pub pseudonym: Option<&'a str>,
    /// The thumbprint of the key that whoever uses the token must possess: `cnf` (RFC 9449 section 6.1).
    pub bound_to: Option<&'a str>,
    /// What `roles` and `permissions` are at the most, whatever the account has.
    pub limit: Limit<'a>,
    /// Of a token that another was exchanged for.
    pub exchanged: Option<&'a ExchangedFrom>,
    /// What applications call the user and the organization.
    pub external: Option<&'a External>,
    /// Whom the token is for.
    pub audience: Audience,
    /// Its shape.
    pub format: TokenFormat,
}

/// What applications call a user, and an organization: `xuid`, `xoid`.
#[derive(Clone, Debug, Default)]
pub struct External {
    /// The user.
    pub user: Option<String>,
    /// The organization that the token speaks of.
    pub organization: Option<String>,
}

/// What limits the rights in a token beside what the account has.
#[derive(Clone, Copy, Debug)]
pub enum Limit<'a> {
    /// What an application was entrusted with; permissions that scopes name always.
    Entrusted(Entrusted),
    /// These permissions, and these roles: of what the token has that this one was exchanged for.
    Held(&'a [Permission], &'a [Box<str>]),
}

impl Limit<'_> {
    /// Our own sign-in: everything, or the permissions that scopes name.
    pub const OWN: Self = Self::Entrusted(Entrusted::ALL);

    /// What a sign-in holds that has these scopes: everything where it is to manage the account, as one at our own API is. A profile
    /// whose sign-in asks for scopes gives what they name.
    pub fn of_sign_in(scopes: &Scopes) -> Self {
        if scopes.contains("account") { Self::OWN } else { Self::Entrusted(Entrusted::NONE) }
    }

    /// Of the permissions those that are left.
    fn permissions<'r>(&self, scopes: &Scopes, rights: &'r Rights<'_>) -> Vec<Cow<'r, Permission>> {
        match (self, api_key::narrowed(scopes, rights)) {
            (Self::Held(most, _), _) => {
                let most: Vec<&Permission> = most.iter().collect();
                let both = exchange::common(&rights.permissions, &most);
                both.into_iter().map(|one| Cow::Owned(one.clone())).collect()
            }
            (_, Some(left)) => left.into_iter().map(Cow::Owned).collect(),
            (Self::Entrusted(Entrusted { permissions: false, .. }), None) => Vec::new(),
            (Self::Entrusted(Entrusted { permissions: true, .. }), None) => {
                rights.permissions.iter().map(|permission| Cow::Borrowed(*permission)).collect()
            }
        }
    }

    /// Whether a role is left.
    fn leaves(&self, role: &str) -> bool {
        match self {
            Self::Entrusted(entrusted) => entrusted.roles,
            Self::Held(_, held) => held.iter().any(|held| **held == *role),
        }
    }
}

/// What a token tells of the one that it was exchanged for (RFC 8693).
#[derive(Clone, Debug)]
pub struct ExchangedFrom {
    /// The client whose authorization it lives by: `exchanged_from`.
    pub client: String,
    /// Who acts for the subject, and for whom they act before them: `act` (section 4.1).
    pub actor: Option<Value>,
    /// By whom else it lives: `exchanged_by`.
    pub parties: Vec<Party>,
}

/// A program: an API key that stands for its owner, or a client that acts on its own.
pub struct Program<'a> {
    /// Whom it stands for: `sub`. A client stands for itself (RFC 9068 section 2.2), a key for a user, an organization or a client.
    pub subject: String,
    /// What asks: `client_id`, the client or the id of the key.
    pub client: &'a str,
    /// The key: `api_key`.
    pub key: Option<ApiKeyId>,
    /// The organization it stands for: `org_id`.
    pub organization: Option<OrganizationId>,
    /// What it may be used for now: `scope`.
    pub scopes: &'a Scopes,
    /// What it may do now: `permissions`. A program has no roles.
    pub permissions: &'a [Permission],
    /// The thumbprint of the key that whoever uses the token must possess: `cnf` (RFC 9449 section 6.1).
    pub bound_to: Option<&'a str>,
    /// Whom the token is for.
    pub audience: Audience,
    /// Its shape.
    pub format: TokenFormat,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    grant_id: Option<String>,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    amr: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    realm_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    permissions: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    org_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cnf: Option<Confirmation<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exchanged_from: Option<&'a str>,
    #[serde(skip_serializing_if = "<[Party]>::is_empty")]
    exchanged_by: &'a [Party],
    // What the formats of other servers have beside, under the names that their libraries look for.
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    xoid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    xuid: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    machine_id: Option<&'a str>,
    /// None by name: whom a token is for is in `aud`.
    #[serde(skip_serializing_if = "Option::is_none")]
    target_machines: Option<[&'static str; 0]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    impersonator_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    impersonation_session_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    restrictions: Option<[&'static str; 5]>,
}

/// RFC 7800, RFC 9449 section 6.1.
#[derive(Serialize)]
struct Confirmation<'a> {
    jkt: &'a str,
}

/// Of the scopes what the user may do at all now: a permission that the user's roles do not give is in no token.
pub fn present_scopes(realm: &Snapshot, user: &User, member: Option<&Membership>, scopes: &Scopes) -> Scopes {
    let rights = match member {
        Some(member) => realm.organization_roles().rights(&member.roles),
        None => realm.roles().rights(&user.roles),
    };
    let may = |scope: &Scope| api_key::permission_of(scope).is_none_or(|wanted| rights.allow(&wanted));
    scopes.iter().filter(|scope| may(scope)).cloned().collect()
}

/// Signs an access token and says how many seconds it lives.
pub fn issue(
    realm: &Snapshot,
    subject: Subject<'_>,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<(String, u64), Problem> {
    let lifetime = realm.settings().access_token_ttl;
    Ok((issue_for(realm, subject, lifetime, entropy, now)?, lifetime.as_secs()))
}

/// The same for another lifetime.
pub fn issue_for(
    realm: &Snapshot,
    subject: Subject<'_>,
    lifetime: Duration,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<String, Problem> {
    let user = subject.user;
    let rights = match subject.member {
        Some(member) => realm.organization_roles().rights(&member.roles),
        None => realm.roles().rights(&user.roles),
    };
    let left = subject.limit.permissions(subject.scopes, &rights);
    let permissions: Vec<&str> = left.iter().map(|permission| permission.as_str()).collect();
    let mut roles: Vec<&str> = rights.roles.iter().map(|role| role.as_str()).collect();
    // The built-in roles need be in no realm's graph.
    let (built_in, has_it) = match subject.member {
        Some(member) => (OWNER, member.is_owner()),
        None => (ADMINISTRATOR, is_administrator(user)),
    };
    if has_it && !roles.contains(&built_in) {
        roles.push(built_in);
    }
    roles.retain(|role| subject.limit.leaves(role));
    let permissions = fitting(realm, user, &roles, permissions);
    // An application's token tells what the person agreed to tell it.
    let may_know = |scope: &str| subject.client == FIRST_PARTY || subject.scopes.contains(scope);
    let email = user.email.as_ref().filter(|_| may_know("email"));
    let name = user.name.as_ref().filter(|_| may_know("profile"));
    let scalekit = subject.format.is_scalekit();
    // Its libraries keep every token, and the claims beside, in one cookie of 3,800 letters: the ID token says how and when.
    let told = subject.session.filter(|_| !scalekit);
    // Who acts in the place of a user is named, however the token came about.
    let in_place = subject.session.filter(|session| session.impersonator.is_some());
    let acting = in_place.and_then(|session| session.impersonator).map(|by| json!({ "sub": by }));
    let sign_in = realm.sign_in_issuer().filter(|_| subject.client == FIRST_PARTY);
    let claims = Claims {
        iss: sign_in.unwrap_or(realm.issuer()),
        sub: subject.pseudonym.map_or_else(|| user.id.to_string(), str::to_owned),
        aud: shaped(subject.audience, subject.format),
        exp: now.unix_seconds().saturating_add_unsigned(lifetime.as_secs()),
        iat: now.unix_seconds(),
        jti: fresh_id(entropy),
        client_id: subject.client,
        sid: subject.session.map(|session| session.id.to_string()),
        grant_id: subject.grant.map(|grant| grant.to_string()),
        scope: subject.scopes.to_string(),
        auth_time: told.map(|session| session.authenticated_at.unix_seconds()),
        amr: told.map_or(&[], |session| session.amr.as_slice()),
        realm_id: (!scalekit).then(|| realm.name()),
        email: email.map(gatepost_domain::EmailAddress::as_str),
        email_verified: email.map(|_| user.email_verified),
        name: name.map(gatepost_domain::DisplayName::as_str),
        // Applications of the other server read it of everybody, of those without a role too.
        roles: (sign_in.is_some() || !roles.is_empty()).then_some(roles),
        permissions,
        org_id: subject.member.map(|member| member.organization.to_string()),
        api_key: None,
        cnf: subject.bound_to.map(|jkt| Confirmation { jkt }),
        act: subject.exchanged.and_then(|exchanged| exchanged.actor.as_ref()).or(acting.as_ref()),
        exchanged_from: subject.exchanged.map(|exchanged| exchanged.client.as_str()),
        exchanged_by: subject.exchanged.map_or(&[], |exchanged| &exchanged.parties),
        nbf: scalekit.then_some(now.unix_seconds()),
        scopes: scalekit.then(|| listed(subject.scopes)),
        oid: subject.member.filter(|_| scalekit).map(|member| member.organization.to_string()),
        xoid: subject.external.and_then(|external| external.organization.as_deref()),
        xuid: subject.external.and_then(|external| external.user.as_deref()),
        kind: in_place.map(|_| "impersonation"),
        machine_id: None,
        target_machines: None,
        impersonator_id: in_place.and_then(|session| session.impersonator).map(|by| by.to_string()),
        impersonation_session_id: in_place.map(|session| session.id.to_string()),
        restrictions: in_place.map(|_| Session::RESTRICTIONS),
    };
    sign(realm, (subject.format, if sign_in.is_some() { SIGN_IN_TYPE } else { ACCESS_TOKEN }), &claims)
}

/// Signs an access token of a program: without a session, so that it opens nothing of our own, and without what is known of
/// an owner as a person.
pub fn issue_for_program(
    realm: &Snapshot,
    program: Program<'_>,
    lifetime: Duration,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<String, Problem> {
    let scalekit = program.format.is_scalekit();
    let zalt = program.format == TokenFormat::Zalt;
    let claims = Claims {
        iss: realm.issuer(),
        sub: program.subject,
        aud: shaped(program.audience, program.format),
        exp: now.unix_seconds().saturating_add_unsigned(lifetime.as_secs()),
        iat: now.unix_seconds(),
        jti: fresh_id(entropy),
        client_id: program.client,
        sid: None,
        grant_id: None,
        scope: program.scopes.to_string(),
        auth_time: None,
        amr: &[],
        realm_id: (!scalekit).then(|| realm.name()),
        email: None,
        email_verified: None,
        name: None,
        roles: None,
        permissions: program.permissions.iter().map(Permission::as_str).collect(),
        org_id: program.organization.map(|organization| organization.to_string()),
        api_key: program.key.map(|key| key.to_string()),
        cnf: program.bound_to.map(|jkt| Confirmation { jkt }),
        act: None,
        exchanged_from: None,
        exchanged_by: &[],
        nbf: scalekit.then_some(now.unix_seconds()),
        scopes: program.format.needs_rs256().then(|| listed(program.scopes)),
        oid: program.organization.filter(|_| scalekit).map(|organization| organization.to_string()),
        xoid: None,
        xuid: None,
        kind: zalt.then_some("m2m"),
        machine_id: zalt.then_some(program.client),
        target_machines: zalt.then_some([]),
        impersonator_id: None,
        impersonation_session_id: None,
        restrictions: None,
    };
    sign(realm, (program.format, ACCESS_TOKEN), &claims)
}

/// `jti`
fn fresh_id(entropy: &dyn Entropy) -> String {
    let mut id = [0; 16];
    entropy.fill(&mut id);
    BASE64URL_NOPAD.encode(&id)
}

fn listed(scopes: &Scopes) -> Vec<&str> {
    scopes.iter().map(Scope::as_str).collect()
}

fn shaped(audience: Audience, format: TokenFormat) -> Audience {
    if format.is_scalekit() { audience.listed() } else { audience }
}

/// What signs a token of that shape: the realm's own algorithm, or RS256, which libraries of other servers take alone. Whoever issues one
/// has made sure of that key.
fn signer(realm: &Snapshot, format: TokenFormat) -> Result<&SigningKey, Problem> {
    match format {
        TokenFormat::Standard => Ok(realm.keys().signer()),
        TokenFormat::Scalekit | TokenFormat::Zalt => {
            let key = realm.keys().signer_with(SigningAlg::RS256);
            key.ok_or_else(|| {
                Problem::internal(
                    "a token in the format of another server is to be signed without an RS256 key",
                )
            })
        }
    }
}

fn sign(
    realm: &Snapshot,
    (format, typ): (TokenFormat, &str),
    claims: &Claims<'_>,
) -> Result<String, Problem> {
    let token = jwt::sign(typ, claims, signer(realm, format)?).map_err(Problem::internal)?;
    // Longer ones are refused by every verifier, ours included.
    if token.len() > MAX_TOKEN_BYTES { Err(Problem::TokenTooLarge) } else { Ok(token) }
}

/// The permissions, or none if they do not fit into a token beside the roles.
fn fitting<'a>(realm: &Snapshot, user: &User, roles: &[&str], permissions: Vec<&'a str>) -> Vec<&'a str> {
    let size = |names: &[&str]| names.iter().map(|name| name.len() + 3).sum::<usize>();
    if size(roles) + size(&permissions) <= RIGHTS_LIMIT {
        return permissions;
    }
    tracing::warn!(user.id = %user.id, realm.name = realm.name(), "roles and permissions do not fit into a token; permissions were left out");
    Vec::new()
}
