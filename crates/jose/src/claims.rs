//! The claims of a verified token (RFC 7519 section 4, RFC 9068 section 2.2).

mod payload;

use serde::de::DeserializeOwned;

use crate::permissions::Permissions;
use crate::{VerifyingKey, json};

/// What a verified token says. Only a [`Verifier`](crate::Verifier) makes one; it never changes.
///
/// The payload is kept as text, and the claims named here are slices of it. Any other claim is read when it is asked for.
pub struct Claims {
    /// The payload as it was signed, followed by those strings of it that had escapes, undone.
    text: Box<str>,
    payload_length: usize,
    key: VerifyingKey,
    issuer: Slice,
    subject: Slice,
    audience: Box<[Box<str>]>,
    expires_at: i64,
    issued_at: i64,
    not_before: Option<i64>,
    auth_time: Option<i64>,
    token_id: Slice,
    client_id: Slice,
    session_id: Slice,
    scope: Slice,
    email: Slice,
    email_verified: Option<bool>,
    name: Slice,
    realm: Slice,
    organization: Slice,
    api_key: Slice,
    acr: Slice,
    amr: Box<[Box<str>]>,
    roles: Box<[Box<str>]>,
    permissions: Permissions,
    confirmation: Slice,
}

/// A part of `Claims::text`, or nothing.
#[derive(Clone, Copy)]
struct Slice {
    start: u32,
    end: u32,
}

impl Slice {
    const NONE: Self = Self { start: u32::MAX, end: 0 };

    fn new(start: usize, end: usize) -> Self {
        match (u32::try_from(start), u32::try_from(end)) {
            (Ok(start), Ok(end)) => Self { start, end },
            // Tokens are at most 16 KiB.
            _ => Self::NONE,
        }
    }
}

impl Claims {
    fn slice(&self, slice: Slice) -> Option<&str> {
        if slice.start > slice.end { None } else { self.text.get(slice.start as usize..slice.end as usize) }
    }

    /// Who issued the token (`iss`).
    pub fn issuer(&self) -> &str {
        self.slice(self.issuer).unwrap_or_default()
    }

    /// Whom the token speaks of (`sub`). Unique within the issuer only.
    pub fn subject(&self) -> &str {
        self.slice(self.subject).unwrap_or_default()
    }

    /// For whom the token is (`aud`); one string in the token is a list of one here.
    pub fn audience(&self) -> &[Box<str>] {
        &self.audience
    }

    /// Whether `aud` names this audience, compared as a string.
    pub fn has_audience(&self, audience: &str) -> bool {
        self.audience.iter().any(|one| **one == *audience)
    }

    /// When the token ends (`exp`), in Unix seconds, fractions cut off.
    pub fn expires_at(&self) -> i64 {
        self.expires_at
    }

    /// When the token was made (`iat`), in Unix seconds.
    pub fn issued_at(&self) -> i64 {
        self.issued_at
    }

    /// Before when the token is not valid (`nbf`), in Unix seconds.
    pub fn not_before(&self) -> Option<i64> {
        self.not_before
    }

    /// When the user last proved who they are (`auth_time`), in Unix seconds.
    pub fn auth_time(&self) -> Option<i64> {
        self.auth_time
    }

    /// The token's own name (`jti`).
    pub fn token_id(&self) -> Option<&str> {
        self.slice(self.token_id)
    }

    /// The client that asked for the token (`client_id`).
    pub fn client_id(&self) -> Option<&str> {
        self.slice(self.client_id)
    }

    /// The session behind the token (`sid`).
    pub fn session_id(&self) -> Option<&str> {
        self.slice(self.session_id)
    }

    /// The scopes as one string, with spaces between (`scope`).
    pub fn scope(&self) -> Option<&str> {
        self.slice(self.scope)
    }

    /// The scopes one by one.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.scope().unwrap_or_default().split(' ').filter(|scope| !scope.is_empty())
    }

    /// Whether the scope was granted.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes().any(|one| one == scope)
    }

    /// The roles (`roles`).
    pub fn roles(&self) -> &[Box<str>] {
        &self.roles
    }

    /// Whether the role is among the roles. Roles that imply others were resolved when the token was made.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|one| **one == *role)
    }

    /// The permissions, `resource:action` (`permissions`).
    pub fn permissions(&self) -> &[Box<str>] {
        self.permissions.all()
    }

    /// Whether the permission was granted: itself, or as `resource:*`. The action is what follows the last colon.
    pub fn has_permission(&self, permission: &str) -> bool {
        self.permissions.hold(permission)
    }

    /// The e-mail address (`email`).
    pub fn email(&self) -> Option<&str> {
        self.slice(self.email)
    }

    /// Whether the issuer has seen that the address is the user's (`email_verified`). Anything but `true` or `false` is `None`.
    pub fn email_verified(&self) -> Option<bool> {
        self.email_verified
    }

    /// The name to show (`name`).
    pub fn name(&self) -> Option<&str> {
        self.slice(self.name)
    }

    /// The realm (`realm_id`).
    pub fn realm(&self) -> Option<&str> {
        self.slice(self.realm)
    }

    /// The active organization (`org_id`).
    pub fn organization(&self) -> Option<&str> {
        self.slice(self.organization)
    }

    /// The API key that was exchanged for this token (`api_key`), by its id. `None`: a user signed in for it.
    pub fn api_key(&self) -> Option<&str> {
        self.slice(self.api_key)
    }

    /// Whether a client got the token on its own account: it is the subject itself (RFC 9068 section 2.2), and no user stands
    /// behind it.
    pub fn is_of_client(&self) -> bool {
        self.client_id().is_some_and(|client| client == self.subject())
    }

    /// How strongly the user proved who they are (`acr`).
    pub fn acr(&self) -> Option<&str> {
        self.slice(self.acr)
    }

    /// By which methods (`amr`, RFC 8176).
    pub fn amr(&self) -> &[Box<str>] {
        &self.amr
    }

    /// The `kid` of the key that signed the token.
    pub fn key_id(&self) -> Option<&str> {
        self.key.kid()
    }

    /// Any claim, read from the kept payload. `None` when there is none of that name.
    pub fn get(&self, name: &str) -> Option<serde_json::Value> {
        json::member(self.raw(), name).and_then(|raw| serde_json::from_str(raw).ok())
    }

    /// All claims as a type of your own.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.raw())
    }

    /// The payload as it was signed: a JSON object.
    pub fn raw(&self) -> &str {
        self.text.get(..self.payload_length).unwrap_or_default()
    }

    pub(crate) fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The claim `cnf` as JSON (RFC 7800), if the token is bound to a key.
    pub(crate) fn confirmation(&self) -> Option<&str> {
        self.slice(self.confirmation)
    }

    /// The string member `name` of `cnf`, when it is the only one: a binding of which only a part was checked is not checked.
    pub(crate) fn confirmed_by(&self, name: &str) -> Option<String> {
        let confirmation = self.confirmation()?;
        let (mut only, mut others) = (None, false);
        let read = json::members(confirmation, |member, value| {
            if member.is(name) {
                only = value.string(confirmation).map(std::borrow::Cow::into_owned);
            } else {
                others = true;
            }
        });
        read.ok().and(only).filter(|_| !others)
    }
}

impl std::fmt::Debug for Claims {
    /// Names the token without saying what is in it: claims are personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Claims")
            .field("key_id", &self.key_id())
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
