//! The public keys a client registers by value.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::Value;

/// A client's `jwks` (RFC 7591 section 2): a key set of public keys, kept as it was given. Whether the keys can be used is
/// for who knows cryptography; here is only seen to it that nobody hands us a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ClientKeys(Value);

/// The document is not a set of public keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClientKeysRefused {
    /// Another shape.
    #[error(
        "write a key set (RFC 7517 section 5): an object with `keys`, a list of 1 to 20 keys of type RSA, EC or OKP"
    )]
    Shape,
    /// A private half, or a symmetric key.
    #[error("a key has private members; register the public halves only, and replace the one that was shown")]
    Private,
    /// Larger than any honest one.
    #[error("the key set is larger than 16 KiB; leave out keys that are not in use")]
    TooLarge,
}

const MOST: usize = 20;
const LARGEST: usize = 16 * 1024;
/// RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

impl ClientKeys {
    /// The key set as a document.
    pub fn as_json(&self) -> &Value {
        &self.0
    }
}

impl TryFrom<Value> for ClientKeys {
    type Error = ClientKeysRefused;

    fn try_from(document: Value) -> Result<Self, ClientKeysRefused> {
        let keys = document.get("keys").and_then(Value::as_array).ok_or(ClientKeysRefused::Shape)?;
        if keys.is_empty() || keys.len() > MOST {
            return Err(ClientKeysRefused::Shape);
        }
        for key in keys {
            let members = key.as_object().ok_or(ClientKeysRefused::Shape)?;
            // Asked first: who sent a secret must hear of it, whatever else is wrong.
            if PRIVATE.iter().any(|name| members.contains_key(*name)) {
                return Err(ClientKeysRefused::Private);
            }
            if !matches!(members.get("kty").and_then(Value::as_str), Some("RSA" | "EC" | "OKP")) {
                return Err(ClientKeysRefused::Shape);
            }
        }
        if document.to_string().len() > LARGEST {
            return Err(ClientKeysRefused::TooLarge);
        }
        Ok(Self(document))
    }
}

impl<'de> Deserialize<'de> for ClientKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_public_keys_are_registered() {
        let read = |document| ClientKeys::try_from(document).map(drop);
        let public = json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" });
        assert_eq!(read(json!({ "keys": [public] })), Ok(()));
        for shape in
            [json!({}), json!([]), json!({ "keys": [] }), json!({ "keys": [1] }), json!({ "keys": [{}] })]
        {
            assert_eq!(read(shape), Err(ClientKeysRefused::Shape));
        }
        for private in [json!({ "kty": "EC", "d": "AA" }), json!({ "kty": "oct", "k": "AA" })] {
            assert_eq!(read(json!({ "keys": [private] })), Err(ClientKeysRefused::Private));
        }
        let large = json!({ "kty": "RSA", "n": "A".repeat(LARGEST), "e": "AQAB" });
        assert_eq!(read(json!({ "keys": [large] })), Err(ClientKeysRefused::TooLarge));
    }
}
