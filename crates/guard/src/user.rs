//! Who is calling: what a verified token says, as plain fields.

use std::any::Any;
use std::collections::HashMap;
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
    /// An access token in the `Authorization` header.
    Token,
}

/// What a token says about its owner. Read it through [`User`].
#[non_exhaustive]
pub struct Identity {
    /// The user's identifier (`sub`): the one field to store beside what belongs to the user. Unique per [`issuer`](Self::issuer).
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
            credential: Credential::Token,
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
/// Keyed by the address of the verifier's claims, which the entry keeps alive: an address can only come back for the same claims.
pub(crate) struct Users {
    shards: [Mutex<Generations>; SHARDS],
}

const SHARDS: usize = 16;
/// Per shard and generation. Together about twice the verifier's own cache at most.
const SHARD_ENTRIES: usize = 256;

/// Nobody outside chooses addresses, so the hash need not resist anybody.
type ByAddress = HashMap<usize, Arc<Identity>, foldhash::fast::FixedState>;

/// Two maps in place of a list of last uses: a full map becomes the old one, and what is still in use moves back.
#[derive(Default)]
struct Generations {
    new: ByAddress,
    old: ByAddress,
}

impl Users {
    pub(crate) fn new() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()) }
    }

    /// The user whom these claims describe.
    pub(crate) fn of(&self, claims: Arc<Claims>, checked_at: i64) -> User {
        let key = Arc::as_ptr(&claims).addr();
        // The low bits of an address are alignment.
        let mut shard = self.shards[(key >> 6) % SHARDS].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(identity) = shard.new.get(&key) {
            return User { identity: identity.clone(), checked_at };
        }
        let identity = shard.old.remove(&key).unwrap_or_else(|| Arc::new(Identity::new(claims)));
        if shard.new.len() >= SHARD_ENTRIES {
            shard.old = std::mem::take(&mut shard.new);
        }
        shard.new.insert(key, identity.clone());
        User { identity, checked_at }
    }
}
