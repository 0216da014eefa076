//! Public JSON Web Keys as they are published (RFC 7517), and their thumbprints (RFC 7638).

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Algorithm, KeyRefused, base64url};

/// One public key as it stands in a JWK set.
///
/// Reading one refuses private members (`d`, `p`, `k`, …): a private key must never be published. Members this library has
/// no use for are dropped. Whether the key is strong enough is asked when a [`VerifyingKey`](crate::VerifyingKey) is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Members", into = "Members")]
pub struct Jwk {
    pub(crate) material: Material,
    pub(crate) kid: Option<String>,
    pub(crate) alg: Option<String>,
    pub(crate) usage: Option<String>,
    pub(crate) key_ops: Option<Vec<String>>,
}

/// The key itself, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Ec { curve: Curve, x: Vec<u8>, y: Vec<u8> },
    Ed25519 { x: Vec<u8> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
}

impl Curve {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
        }
    }

    pub(crate) const fn bytes(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
        }
    }
}

/// A set of public keys as `/.well-known/jwks.json` answers it (RFC 7517 section 5).
///
/// To verify with a set from elsewhere use [`KeySet::parse`](crate::KeySet::parse), which skips keys it has no use for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JwkSet {
    /// The keys, in the order they are published.
    pub keys: Vec<Jwk>,
}

impl Jwk {
    pub(crate) fn new(material: Material, kid: Option<&str>, algorithm: Algorithm) -> Self {
        Self {
            material,
            kid: kid.map(str::to_owned),
            alg: Some(algorithm.as_str().to_owned()),
            usage: Some("sig".to_owned()),
            key_ops: None,
        }
    }

    /// The key's name in tokens.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The algorithm the key is bound to: the one it names, or the only one its curve allows. `None` for an RSA key without
    /// `alg`, and for an `alg` that is none of this library's.
    pub fn algorithm(&self) -> Option<Algorithm> {
        match (&self.alg, &self.material) {
            (Some(name), _) => name.parse().ok(),
            (None, Material::Rsa { .. }) => None,
            (None, Material::Ec { curve: Curve::P256, .. }) => Some(Algorithm::ES256),
            (None, Material::Ec { curve: Curve::P384, .. }) => Some(Algorithm::ES384),
            (None, Material::Ed25519 { .. }) => Some(Algorithm::EdDSA),
        }
    }

    /// The SHA-256 thumbprint of RFC 7638 (RFC 8037 section 2 for Ed25519), base64url.
    pub fn thumbprint(&self) -> String {
        let text = match &self.material {
            Material::Rsa { n, e } => {
                format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, base64url::encode(e), base64url::encode(n))
            }
            Material::Ec { curve, x, y } => format!(
                r#"{{"crv":"{}","kty":"EC","x":"{}","y":"{}"}}"#,
                curve.name(),
                base64url::encode(x),
                base64url::encode(y)
            ),
            Material::Ed25519 { x } => {
                format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, base64url::encode(x))
            }
        };
        base64url::encode(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
    }

    /// Whether `use` and `key_ops` leave room for verifying signatures (RFC 7517 sections 4.2, 4.3).
    pub(crate) fn is_for_signatures(&self) -> bool {
        self.usage.as_deref().is_none_or(|usage| usage == "sig")
            && self.key_ops.as_ref().is_none_or(|operations| operations.iter().any(|one| one == "verify"))
    }
}

/// A JWK as JSON: members in the order they are published.
#[derive(Serialize, Deserialize)]
struct Members {
    kty: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    usage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_ops: Option<Vec<String>>,
    // Private members (RFC 7518 sections 6.2.2, 6.3.2, 6.4; RFC 8037 section 2): only to be noticed.
    #[serde(skip_serializing)]
    d: Option<Value>,
    #[serde(skip_serializing)]
    p: Option<Value>,
    #[serde(skip_serializing)]
    q: Option<Value>,
    #[serde(skip_serializing)]
    dp: Option<Value>,
    #[serde(skip_serializing)]
    dq: Option<Value>,
    #[serde(skip_serializing)]
    qi: Option<Value>,
    #[serde(skip_serializing)]
    oth: Option<Value>,
    #[serde(skip_serializing)]
    k: Option<Value>,
}

impl Members {
    fn is_private(&self) -> bool {
        [&self.d, &self.p, &self.q, &self.dp, &self.dq, &self.qi, &self.oth, &self.k]
            .into_iter()
            .any(Option::is_some)
            || self.kty == "oct"
    }
}

impl TryFrom<Members> for Jwk {
    type Error = KeyRefused;

    fn try_from(members: Members) -> Result<Self, KeyRefused> {
        if members.is_private() {
            return Err(KeyRefused::Private);
        }
        let bytes = |member: &Option<String>, missing: &'static str| {
            let text = member.as_deref().ok_or(KeyRefused::Malformed(missing))?;
            base64url::decode(text.as_bytes()).ok_or(KeyRefused::Malformed("a member is not base64url"))
        };
        let material = match (members.kty.as_str(), members.crv.as_deref()) {
            ("RSA", _) => {
                Material::Rsa { n: bytes(&members.n, "n is missing")?, e: bytes(&members.e, "e is missing")? }
            }
            ("EC", Some(name)) => {
                let curve = match name {
                    "P-256" => Curve::P256,
                    "P-384" => Curve::P384,
                    _ => return Err(KeyRefused::NotForSignatures),
                };
                Material::Ec {
                    curve,
                    x: bytes(&members.x, "x is missing")?,
                    y: bytes(&members.y, "y is missing")?,
                }
            }
            ("OKP", Some("Ed25519")) => Material::Ed25519 { x: bytes(&members.x, "x is missing")? },
            _ => return Err(KeyRefused::NotForSignatures),
        };
        Ok(Self {
            material,
            kid: members.kid,
            alg: members.alg,
            usage: members.usage,
            key_ops: members.key_ops,
        })
    }
}

impl From<Jwk> for Members {
    fn from(jwk: Jwk) -> Self {
        let text = |bytes: &[u8]| Some(base64url::encode(bytes));
        let (kty, crv, n, e, x, y) = match &jwk.material {
            Material::Rsa { n, e } => ("RSA", None, text(n), text(e), None, None),
            Material::Ec { curve, x, y } => ("EC", Some(curve.name()), None, None, text(x), text(y)),
            Material::Ed25519 { x } => ("OKP", Some("Ed25519"), None, None, text(x), None),
        };
        Self {
            kty: kty.to_owned(),
            crv: crv.map(str::to_owned),
            n,
            e,
            x,
            y,
            kid: jwk.kid,
            usage: jwk.usage,
            alg: jwk.alg,
            key_ops: jwk.key_ops,
            d: None,
            p: None,
            q: None,
            dp: None,
            dq: None,
            qi: None,
            oth: None,
            k: None,
        }
    }
}
