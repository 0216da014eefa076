//! The keys an issuer publishes, as far as they can verify signatures.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::header::Header;
use crate::jwk::Jwk;
use crate::{KeyRefused, Refused, VerifyingKey, json};

/// Keys to verify with. Cloning shares them.
#[derive(Clone, Debug)]
pub struct KeySet(Arc<Keys>);

#[derive(Debug, Default)]
struct Keys {
    keys: Vec<VerifyingKey>,
    skipped: usize,
}

impl KeySet {
    /// Reads a JWK set (RFC 7517 section 5), or one JWK.
    ///
    /// Keys this library has no use for are skipped and counted: other types and curves, encryption keys, weak or broken keys.
    /// The whole set is refused when it is not strict JSON, when it holds private or symmetric keys, when two keys share a `kid`,
    /// and when it has more than [`MAX_KEYS`](crate::MAX_KEYS) keys. The caller bounds the size of `json` before.
    pub fn parse(json: &[u8]) -> Result<Self, KeyRefused> {
        let text = std::str::from_utf8(json).map_err(|_| KeyRefused::NotJson("not UTF-8"))?;
        json::check(text).map_err(KeyRefused::NotJson)?;
        let mut document: Map<String, Value> =
            serde_json::from_str(text).map_err(|_| KeyRefused::NotJson("not a JSON object"))?;
        let listed = match document.remove("keys") {
            Some(Value::Array(listed)) => listed,
            Some(_) => return Err(KeyRefused::Malformed("`keys` is not an array")),
            None if document.contains_key("kty") => vec![Value::Object(document)],
            None => return Err(KeyRefused::Malformed("neither `keys` nor `kty`")),
        };
        if listed.len() > crate::MAX_KEYS {
            return Err(KeyRefused::TooManyKeys);
        }
        if listed.iter().any(is_private) {
            return Err(KeyRefused::Private);
        }
        let all = listed.len();
        let mut kids = Vec::with_capacity(all);
        let mut keys = Vec::with_capacity(all);
        for value in listed {
            let Ok(jwk) = serde_json::from_value::<Jwk>(value) else {
                continue;
            };
            if !jwk.is_for_signatures() {
                continue;
            }
            // Also a key too weak to use takes its name: which of the two was meant cannot be known.
            if let Some(kid) = jwk.kid() {
                if kids.iter().any(|other| other == kid) {
                    return Err(KeyRefused::DuplicateKid);
                }
                kids.push(kid.to_owned());
            }
            keys.extend(VerifyingKey::of_jwk(&jwk));
        }
        let skipped = all - keys.len();
        Ok(Self(Arc::new(Keys { keys, skipped })))
    }

    /// A set of keys at hand. Refused when two share a `kid`, or when there are more than [`MAX_KEYS`](crate::MAX_KEYS).
    pub fn new(keys: impl IntoIterator<Item = VerifyingKey>) -> Result<Self, KeyRefused> {
        let keys: Vec<VerifyingKey> = keys.into_iter().collect();
        if keys.len() > crate::MAX_KEYS {
            return Err(KeyRefused::TooManyKeys);
        }
        let mut kids: Vec<&str> = keys.iter().filter_map(VerifyingKey::kid).collect();
        kids.sort_unstable();
        if kids.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(KeyRefused::DuplicateKid);
        }
        Ok(Self(Arc::new(Keys { keys, skipped: 0 })))
    }

    /// A set without keys: every token is refused as of an unknown key.
    pub fn empty() -> Self {
        Self(Arc::new(Keys::default()))
    }

    /// How many keys can be verified with.
    pub fn len(&self) -> usize {
        self.0.keys.len()
    }

    /// Whether there is no key to verify with.
    pub fn is_empty(&self) -> bool {
        self.0.keys.is_empty()
    }

    /// How many keys of the document were left out.
    pub fn skipped(&self) -> usize {
        self.0.skipped
    }

    /// The keys.
    pub fn keys(&self) -> &[VerifyingKey] {
        &self.0.keys
    }

    /// The key of that name. Names compare byte for byte and are never anything but a name.
    pub fn find(&self, kid: &str) -> Option<&VerifyingKey> {
        self.0.keys.iter().find(|key| key.kid() == Some(kid))
    }

    /// Whether the very same key (name, algorithm, material) is in the set.
    pub(crate) fn holds(&self, key: &VerifyingKey) -> bool {
        self.0.keys.iter().any(|other| other.is_same(key))
    }

    /// The one key that a token with this header must be signed with (RFC 8725 sections 3.1 and 3.10).
    ///
    /// Without `kid` there must be one key only (OpenID Connect Core section 10.1).
    pub(crate) fn choose(&self, header: &Header, allowed: u16) -> Result<&VerifyingKey, Refused> {
        if allowed & header.algorithm.bit() == 0 {
            return Err(Refused::AlgorithmRefused);
        }
        let key = match (&header.kid, self.keys()) {
            (Some(kid), _) => self.find(kid).ok_or(Refused::UnknownKey)?,
            (None, [only]) => only,
            (None, []) => return Err(Refused::UnknownKey),
            (None, _) => return Err(Refused::KeyIdMissing),
        };
        if key.algorithm() == header.algorithm { Ok(key) } else { Err(Refused::AlgorithmRefused) }
    }
}

impl From<VerifyingKey> for KeySet {
    fn from(key: VerifyingKey) -> Self {
        Self(Arc::new(Keys { keys: vec![key], skipped: 0 }))
    }
}

/// Whether a member of the set must not be public, whatever else is wrong with it.
fn is_private(key: &Value) -> bool {
    const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
    key.as_object().is_some_and(|members| {
        PRIVATE.iter().any(|name| members.contains_key(*name))
            || members.get("kty").is_some_and(|kty| kty == "oct")
    })
}
