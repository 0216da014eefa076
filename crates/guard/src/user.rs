//! Who is calling: what a verified token says, as plain fields.

use std::any::Any;
use std::ops::{Deref, Index};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use gatepost_jose::Claims;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Refusal;

/// A caller whose token was verified: the fields of [`Identity`], at one request.
///
/// Frozen, cheap to clone, and free of the request, so it may be passed to tasks that outlive it.
#[derive(Clone)]
pub struct User {
    identity: Arc<Identity>,
    checked_at: i64,
}

impl User {
    /// When the guard checked this request, in Unix seconds. Rules about age compare with it.
    pub const fn checked_at(&self) -> i64 {
        self.checked_at
    }
}

impl Deref for User {
    type Target = Identity;

    fn deref(&self) -> &Identity {
        &self.identity
    }
}

impl std::fmt::Debug for User {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.identity.fmt(out)
    }
}

/// How the caller proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Credential {
    /// An access token, for which a user signed in.
    Token,
    /// An API key, or a token that one was exchanged for (claim `api_key`).
    ApiKey,
    /// A token that a client got on its own account: `sub` is its `client_id` (RFC 9068 section 2.2), and no user stands
    /// behind it.
    Client,
}

impl Credential {
    fn of(claims: &Claims) -> Self {
        if claims.api_key().is_some() {
            Self::ApiKey
        } else if claims.is_of_client() {
            Self::Client
        } else {
            Self::Token
        }
    }
}

/// What a token says about its owner. Read it through [`User`].
#[non_exhaustive]
pub struct Identity {
    /// The user's identifier (`sub`): the one field to store beside what belongs to the user. Unique per [`issuer`](Self::issuer).
    /// Of a client that acts on its own, the client's ([`credential`](Self::credential) tells).
    pub id: String,
    /// The address, when the realm puts it into tokens.
    pub email: Option<String>,
    /// Whether the address was proved; `false` when the token does not say.
    pub email_verified: bool,
    /// The name to show, when the realm puts it into tokens.
    pub name: Option<String>,
    /// Roles, compared exactly.
    pub roles: Vec<String>,
    /// Permissions, `resource:action` or `resource:*`.
    pub permissions: Vec<String>,
    /// What the client may use of what the user may do.
    pub scopes: Vec<String>,
    /// The realm that issued the token (`realm_id`).
    pub realm: Option<String>,
    /// The signed-in browser or device (`sid`).
    pub session_id: Option<String>,
    /// The OAuth client that asked for the token (`client_id`).
    pub client_id: Option<String>,
    /// Who issued the token (`iss`).
    pub issuer: String,
    /// When the user last proved who they are (`auth_time`), in Unix seconds.
    pub signed_in_at: Option<i64>,
    /// When the token stops being accepted (`exp`), in Unix seconds.
    pub expires_at: i64,
    /// What the caller presented.
    pub credential: Credential,
    /// Every claim of the token: `user.claims["plan"] == "pro"`.
    pub claims: ClaimSet,
    /// Claims types read before, one each.
    read: Mutex<Vec<Arc<dyn Any + Send + Sync>>>,
}

impl Identity {
    fn new(claims: Arc<Claims>) -> Self {
        let owned = |texts: &[Box<str>]| texts.iter().map(|text| text.as_ref().to_owned()).collect();
        Self {
            id: claims.subject().to_owned(),
            email: claims.email().map(str::to_owned),
            email_verified: claims.email_verified() == Some(true),
            name: claims.name().map(str::to_owned),
            roles: owned(claims.roles()),
            permissions: owned(claims.permissions()),
            scopes: claims.scopes().map(str::to_owned).collect(),
            realm: claims.realm().map(str::to_owned),
            session_id: claims.session_id().map(str::to_owned),
            client_id: claims.client_id().map(str::to_owned),
            issuer: claims.issuer().to_owned(),
            signed_in_at: claims.auth_time(),
            expires_at: claims.expires_at(),
            credential: Credential::of(&claims),
            read: Mutex::default(),
            claims: ClaimSet { claims, parsed: OnceLock::new() },
        }
    }

    /// Whether the user has this role, compared exactly.
    pub fn has_role(&self, role: &str) -> bool {
        self.claims.claims.has_role(role)
    }

    /// Whether the user has this permission, or all of its resource (`notes:*`).
    pub fn can(&self, permission: &str) -> bool {
        self.claims.claims.has_permission(permission)
    }

    /// Whether the token carries this scope word.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.claims.claims.has_scope(scope)
    }

    /// Whether the user proved themselves with a second factor in this session (`mfa` among the claim `amr`, RFC 8176).
    pub fn has_second_factor(&self) -> bool {
        self.claims.claims.amr().iter().any(|method| **method == *"mfa")
    }

    /// The organization that the token was issued for (`org_id`).
    ///
    /// A request may name another one, and must then be refused: ask for [`CurrentMember`](crate::CurrentMember) or an
    /// [`organization!`](crate::organization!) rule where it matters.
    pub fn organization_id(&self) -> Option<&str> {
        self.claims.claims.organization().filter(|id| !id.is_empty())
    }

    /// The claims as your own type, parsed once per token and kept with it.
    ///
    /// Claims that do not fit are [`Refusal::Invalid`]; the log names the field, and never its value.
    pub fn read<T: DeserializeOwned + Send + Sync + 'static>(&self) -> Result<Arc<T>, Refusal> {
        let kept = |read: &[Arc<dyn Any + Send + Sync>]| {
            read.iter().find_map(|one| one.clone().downcast::<T>().ok())
        };
        if let Some(known) = kept(&self.read.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(known);
        }
        let parsed: Arc<T> = Arc::new(crate::claims::parse(self.claims.claims.raw())?);
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        // Another request may have been faster: keep one.
        if let Some(known) = kept(&read) {
            return Ok(known);
        }
        read.push(parsed.clone());
        Ok(parsed)
    }
}

impl std::fmt::Debug for Identity {
    /// Identifiers only: names and addresses do not belong into logs.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("User").field("id", &self.id).field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// All claims of a token by name. A claim that is not there is `null`, so a comparison with it is simply false.
pub struct ClaimSet {
    claims: Arc<Claims>,
    parsed: OnceLock<Value>,
}

impl ClaimSet {
    /// The claim, if the token has it.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.parsed().get(name)
    }

    /// The token's payload as it was signed, in JSON.
    pub fn raw(&self) -> &str {
        self.claims.raw()
    }

    /// Parsed at the first question: most requests ask none.
    fn parsed(&self) -> &Value {
        self.parsed.get_or_init(|| serde_json::from_str(self.claims.raw()).unwrap_or_default())
    }
}

impl Index<&str> for ClaimSet {
    type Output = Value;

    fn index(&self, name: &str) -> &Value {
        static ABSENT: Value = Value::Null;
        self.get(name).unwrap_or(&ABSENT)
    }
}

impl std::fmt::Debug for ClaimSet {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("ClaimSet").finish_non_exhaustive()
    }
}

/// The users of tokens seen lately, so that a repeated token costs no string.
///
/// Found by the address of the verifier's claims, which the user keeps alive: while the user is here, the address is theirs. Two
/// share a place, and the one used less lately makes room: a user who was forgotten is made again.
pub(crate) struct Users {
    places: Box<[Mutex<Place>]>,
}

/// The one used last comes first.
type Place = [Option<Arc<Identity>>; 2];

/// With two users each, as many as a verifier keeps tokens by default.
const PLACES_BITS: u32 = 11;

impl Users {
    pub(crate) fn new() -> Self {
        Self { places: (0..1_usize << PLACES_BITS).map(|_| Mutex::default()).collect() }
    }

    /// The user whom these claims describe.
    pub(crate) fn of(&self, claims: Arc<Claims>, checked_at: i64) -> User {
        let is_theirs = |known: &Option<Arc<Identity>>| {
            known.as_ref().is_some_and(|known| Arc::ptr_eq(&known.claims.claims, &claims))
        };
        let mut place = self.places[place_of(&claims)].lock().unwrap_or_else(PoisonError::into_inner);
        if !is_theirs(&place[0]) {
            place.swap(0, 1);
        }
        let identity = match &place[0] {
            Some(known) if is_theirs(&place[0]) => known.clone(),
            _ => {
                let new = Arc::new(Identity::new(claims));
                place[0] = Some(new.clone());
                new
            }
        };
        User { identity, checked_at }
    }
}

/// Spreads addresses, whose low bits are alike, over the places (Fibonacci hashing). Nobody outside chooses them.
fn place_of(claims: &Arc<Claims>) -> usize {
    let spread = (Arc::as_ptr(claims).addr() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(spread >> (u64::BITS - PLACES_BITS)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_user_is_themselves_however_many_share_a_place() {
        let key = gatepost_jose::SigningKey::generate(gatepost_jose::Algorithm::ES256).unwrap();
        let keys = gatepost_jose::KeySet::new([key.verifying_key()]).unwrap();
        let verifier = gatepost_jose::Verifier::new("https://a.example", "api", keys);
        let users = Users::new();
        let tokens: Vec<String> = (0..6000)
            .map(|number| {
                let claims = serde_json::json!({
                    "iss": "https://a.example", "aud": "api", "sub": number.to_string(), "iat": 1, "exp": 1000,
                });
                gatepost_jose::jwt::sign("at+jwt", &claims, &key).unwrap()
            })
            .collect();
        // More than there is room for, so that most are forgotten and made again, some at an address used before.
        for _ in 0..2 {
            for (number, token) in tokens.iter().enumerate() {
                let claims = verifier.verify(token, 500).unwrap();
                assert_eq!(users.of(claims.clone(), 500).id, number.to_string());
                assert!(Arc::ptr_eq(
                    &users.of(claims.clone(), 500).identity,
                    &users.of(claims, 501).identity
                ));
            }
        }
    }
}
