//! Keys to sign with: parsed once, kept.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::{self, SystemRandom};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaEncoding, RsaKeyPair,
};
use zeroize::Zeroizing;

use crate::jwk::{Curve, Jwk, Material};
use crate::{Algorithm, KeyRefused, VerifyingKey, base64url};

/// So many `typ`s have their encoded header kept with the key.
const KEPT_HEADERS: usize = 8;

/// The longest signature in bytes: RSA with 8192 bits.
pub(crate) const LONGEST_SIGNATURE: usize = 1024;

/// A private key (or shared secret), its algorithm and the `kid` it signs under. Cloning shares it; `Debug` hides it.
#[derive(Clone)]
pub struct SigningKey {
    secret: Arc<Secret>,
    verifying: VerifyingKey,
    public: Option<Arc<Jwk>>,
    kid: Arc<str>,
    headers: Arc<[OnceLock<KeptHeader>; KEPT_HEADERS]>,
}

struct KeptHeader {
    typ: Box<str>,
    /// base64url, and the dot.
    text: Box<str>,
}

enum Secret {
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Hmac(Box<hmac::Key>, Zeroizing<Vec<u8>>),
}

impl SigningKey {
    /// A new key: RSA of 2048 bits, the curve of the algorithm, or a secret as long as the digest.
    ///
    /// Its `kid` is the RFC 7638 thumbprint (for a secret, a value derived from it one way). RSA takes a tenth of a second or more.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyRefused> {
        let secret = match algorithm {
            Algorithm::HS256 => random_secret(algorithm, 32)?,
            Algorithm::HS384 => random_secret(algorithm, 48)?,
            Algorithm::HS512 => random_secret(algorithm, 64)?,
            Algorithm::ES256 | Algorithm::ES384 => Secret::Ecdsa(
                EcdsaKeyPair::generate(curve_of(algorithm)?.1).map_err(|_| KeyRefused::NotMade)?,
            ),
            Algorithm::EdDSA => Secret::Ed25519(Ed25519KeyPair::generate().map_err(|_| KeyRefused::NotMade)?),
            _ => Secret::Rsa(
                RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyRefused::NotMade)?,
                encoding_of(algorithm)?,
            ),
        };
        Self::new(algorithm, None, secret)
    }

    /// A private key from PKCS#8 (DER, not encrypted), as [`to_bytes`](Self::to_bytes) writes it. For a secret, the secret itself.
    ///
    /// Refused as a public key would be: RSA below 2048 bits, ROCA, another curve.
    pub fn from_pkcs8(algorithm: Algorithm, kid: &str, der: &[u8]) -> Result<Self, KeyRefused> {
        let unreadable = KeyRefused::Unreadable(algorithm);
        let secret = match algorithm {
            Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => {
                return Self::from_secret(algorithm, kid, der);
            }
            Algorithm::ES256 | Algorithm::ES384 => {
                Secret::Ecdsa(EcdsaKeyPair::from_pkcs8(curve_of(algorithm)?.1, der).map_err(|_| unreadable)?)
            }
            Algorithm::EdDSA => Secret::Ed25519(Ed25519KeyPair::from_pkcs8(der).map_err(|_| unreadable)?),
            _ => Secret::Rsa(RsaKeyPair::from_pkcs8(der).map_err(|_| unreadable)?, encoding_of(algorithm)?),
        };
        Self::new(algorithm, Some(kid), secret)
    }

    /// A shared secret for HS256, HS384 or HS512. Refused when shorter than the digest (RFC 7518 section 3.2).
    pub fn from_secret(algorithm: Algorithm, kid: &str, secret: &[u8]) -> Result<Self, KeyRefused> {
        let key = hmac::Key::new(hash_of(algorithm)?, secret);
        Self::new(algorithm, Some(kid), Secret::Hmac(Box::new(key), Zeroizing::new(secret.to_vec())))
    }

    pub(crate) fn from_parts(
        algorithm: Algorithm,
        kid: Option<&str>,
        parts: &Parts,
    ) -> Result<Self, KeyRefused> {
        let unreadable = KeyRefused::Unreadable(algorithm);
        let secret = match parts {
            Parts::Secret(secret) => {
                Secret::Hmac(Box::new(hmac::Key::new(hash_of(algorithm)?, secret)), secret.clone())
            }
            Parts::Ed25519 { x, d } if algorithm == Algorithm::EdDSA => {
                Secret::Ed25519(Ed25519KeyPair::from_seed_and_public_key(d, x).map_err(|_| unreadable)?)
            }
            Parts::Ec { curve, x, y, d } if curve_of(algorithm)?.0 == *curve => {
                let point = [&[4], x.as_slice(), y].concat();
                Secret::Ecdsa(
                    EcdsaKeyPair::from_private_key_and_public_key(curve_of(algorithm)?.1, d, &point)
                        .map_err(|_| unreadable)?,
                )
            }
            Parts::Rsa(components) => Secret::Rsa(
                RsaKeyPair::from_components(components).map_err(|_| unreadable)?,
                encoding_of(algorithm)?,
            ),
            _ => return Err(KeyRefused::WrongAlgorithm(algorithm)),
        };
        Self::new(algorithm, kid, secret)
    }

    fn new(algorithm: Algorithm, kid: Option<&str>, secret: Secret) -> Result<Self, KeyRefused> {
        let material = match &secret {
            Secret::Hmac(key, bytes) => {
                let mark = hmac::sign(key, b"gatepost key name");
                let name = base64url::encode(mark.as_ref().get(..16).unwrap_or_default());
                let kid = kid.unwrap_or(&name);
                let verifying = VerifyingKey::from_secret(algorithm, kid, bytes)?;
                return Ok(Self::named(kid, None, verifying, secret));
            }
            Secret::Rsa(pair, _) => Material::Rsa {
                n: pair.public_key().modulus().big_endian_without_leading_zero().to_vec(),
                e: pair.public_key().exponent().big_endian_without_leading_zero().to_vec(),
            },
            Secret::Ecdsa(pair) => {
                let curve = curve_of(algorithm)?.0;
                let (x, y) = pair.public_key().as_ref()[1..].split_at(curve.bytes());
                Material::Ec { curve, x: x.to_vec(), y: y.to_vec() }
            }
            Secret::Ed25519(pair) => Material::Ed25519 { x: pair.public_key().as_ref().to_vec() },
        };
        let mut public = Jwk::new(material, kid, algorithm);
        let kid = match kid {
            Some(kid) => kid.to_owned(),
            None => public.thumbprint(),
        };
        public.kid = Some(kid.clone());
        let verifying = VerifyingKey::from_jwk(&public, algorithm)?;
        let key = Self::named(&kid, Some(public), verifying, secret);
        // A pair whose halves do not fit would only be noticed when every token it signs is refused.
        let sample = b"gatepost key check";
        match key.secret.sign(sample, &mut [0; LONGEST_SIGNATURE]) {
            Some(signature) if key.verifying.verifies(sample, signature) => Ok(key),
            _ => Err(KeyRefused::Unreadable(algorithm)),
        }
    }

    fn named(kid: &str, public: Option<Jwk>, verifying: VerifyingKey, secret: Secret) -> Self {
        Self {
            secret: Arc::new(secret),
            verifying,
            public: public.map(Arc::new),
            kid: kid.into(),
            headers: Arc::default(),
        }
    }

    /// The same key under another name; under an empty one tokens do not say by which key they are signed.
    #[must_use]
    pub fn with_kid(self, kid: &str) -> Self {
        let public = self.public.map(|jwk| Arc::new(Jwk { kid: Some(kid.to_owned()), ..Jwk::clone(&jwk) }));
        Self {
            verifying: self.verifying.renamed(kid),
            secret: self.secret,
            public,
            kid: kid.into(),
            headers: Arc::default(),
        }
    }

    /// The name under which the key signs.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The one algorithm the key signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.verifying.algorithm()
    }

    /// The private key as PKCS#8 (DER), or the secret itself for HS256, HS384 and HS512. To be sealed before it is stored.
    ///
    /// # Panics
    /// When memory is exhausted, like every allocation.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let der = match &*self.secret {
            Secret::Hmac(_, bytes) => return bytes.clone(),
            Secret::Rsa(pair, _) => AsDer::<Pkcs8V1Der<'_>>::as_der(pair).map(|der| der.as_ref().to_vec()),
            Secret::Ecdsa(pair) => pair.to_pkcs8v1().map(|der| der.as_ref().to_vec()),
            Secret::Ed25519(pair) => pair.to_pkcs8v1().map(|der| der.as_ref().to_vec()),
        };
        #[expect(clippy::expect_used, reason = "writing a key that was read fails for want of memory only")]
        Zeroizing::new(der.expect("a key that was read can be written"))
    }

    /// The public key to publish; `None` for a shared secret, which has none.
    pub fn public_jwk(&self) -> Option<Jwk> {
        self.public.as_deref().cloned()
    }

    /// The key to verify with what this one signs.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.verifying.clone()
    }

    /// base64url of the protected header `{"alg","kid","typ"}`, and the dot. A key without a name has none there.
    pub(crate) fn header(&self, typ: &str) -> Cow<'_, str> {
        for slot in &*self.headers {
            match slot.get() {
                Some(kept) if *kept.typ == *typ => return Cow::Borrowed(&kept.text),
                Some(_) => {}
                None => {
                    let kept = slot
                        .get_or_init(|| KeptHeader { typ: typ.into(), text: self.encode_header(typ).into() });
                    if *kept.typ == *typ {
                        return Cow::Borrowed(&kept.text);
                    }
                }
            }
        }
        Cow::Owned(self.encode_header(typ))
    }

    fn encode_header(&self, typ: &str) -> String {
        let mut header = serde_json::Map::new();
        header.insert("alg".to_owned(), self.algorithm().as_str().into());
        if !self.kid().is_empty() {
            header.insert("kid".to_owned(), self.kid().into());
        }
        if !typ.is_empty() {
            header.insert("typ".to_owned(), typ.into());
        }
        let mut text = base64url::encode(serde_json::Value::Object(header).to_string().as_bytes());
        text.push('.');
        text
    }

    /// Writes the signature over `text` into `place` and answers it.
    pub(crate) fn sign<'p>(&self, text: &[u8], place: &'p mut [u8; LONGEST_SIGNATURE]) -> &'p [u8] {
        #[expect(
            clippy::expect_used,
            reason = "the key has signed on import; it can only fail for want of memory"
        )]
        self.secret.sign(text, place).expect("a key that has signed before")
    }

    /// How long its signatures are, in bytes.
    pub(crate) fn signature_length(&self) -> usize {
        match &*self.secret {
            Secret::Rsa(pair, _) => pair.public_modulus_len(),
            Secret::Ecdsa(_) => 96,
            Secret::Ed25519(_) | Secret::Hmac(..) => 64,
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm())
            .field("kid", &self.kid())
            .finish_non_exhaustive()
    }
}

impl Secret {
    /// Into a place of the caller's: aws-lc's own type is as large as its largest signature, 4.6 KB, and moving it is felt.
    fn sign<'p>(&self, text: &[u8], place: &'p mut [u8; LONGEST_SIGNATURE]) -> Option<&'p [u8]> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the trait asks for a generator; aws-lc does not use the one passed in"
        )]
        let random = SystemRandom::new();
        let mut put = |signature: &[u8]| {
            place.get_mut(..signature.len())?.copy_from_slice(signature);
            Some(signature.len())
        };
        let length = match self {
            Self::Rsa(pair, encoding) => {
                let length = pair.public_modulus_len();
                pair.sign(*encoding, &random, text, place.get_mut(..length)?).ok()?;
                length
            }
            Self::Ecdsa(pair) => put(pair.sign(&random, text).ok()?.as_ref())?,
            Self::Ed25519(pair) => put(pair.try_sign(text).ok()?.as_ref())?,
            Self::Hmac(key, _) => put(hmac::sign(key, text).as_ref())?,
        };
        place.get(..length)
    }
}

/// A private key by its parts, as a private JWK has them.
pub(crate) enum Parts {
    Secret(Zeroizing<Vec<u8>>),
    Ed25519 { x: Vec<u8>, d: Zeroizing<Vec<u8>> },
    Ec { curve: Curve, x: Vec<u8>, y: Vec<u8>, d: Zeroizing<Vec<u8>> },
    Rsa(Box<aws_lc_rs::rsa::KeyPairComponents<Vec<u8>, Zeroizing<Vec<u8>>>>),
}

fn random_secret(algorithm: Algorithm, length: usize) -> Result<Secret, KeyRefused> {
    let mut bytes = Zeroizing::new(vec![0; length]);
    #[expect(
        clippy::disallowed_methods,
        reason = "asymmetric keys draw from the same generator; a secret is no different"
    )]
    rand::fill(&mut bytes).map_err(|_| KeyRefused::NotMade)?;
    Ok(Secret::Hmac(Box::new(hmac::Key::new(hash_of(algorithm)?, &bytes)), bytes))
}

fn hash_of(algorithm: Algorithm) -> Result<hmac::Algorithm, KeyRefused> {
    match algorithm {
        Algorithm::HS256 => Ok(hmac::HMAC_SHA256),
        Algorithm::HS384 => Ok(hmac::HMAC_SHA384),
        Algorithm::HS512 => Ok(hmac::HMAC_SHA512),
        _ => Err(KeyRefused::WrongAlgorithm(algorithm)),
    }
}

fn curve_of(algorithm: Algorithm) -> Result<(Curve, &'static EcdsaSigningAlgorithm), KeyRefused> {
    match algorithm {
        Algorithm::ES256 => Ok((Curve::P256, &signature::ECDSA_P256_SHA256_FIXED_SIGNING)),
        Algorithm::ES384 => Ok((Curve::P384, &signature::ECDSA_P384_SHA384_FIXED_SIGNING)),
        _ => Err(KeyRefused::WrongAlgorithm(algorithm)),
    }
}

fn encoding_of(algorithm: Algorithm) -> Result<&'static dyn RsaEncoding, KeyRefused> {
    match algorithm {
        Algorithm::RS256 => Ok(&signature::RSA_PKCS1_SHA256),
        Algorithm::RS384 => Ok(&signature::RSA_PKCS1_SHA384),
        Algorithm::RS512 => Ok(&signature::RSA_PKCS1_SHA512),
        Algorithm::PS256 => Ok(&signature::RSA_PSS_SHA256),
        Algorithm::PS384 => Ok(&signature::RSA_PSS_SHA384),
        Algorithm::PS512 => Ok(&signature::RSA_PSS_SHA512),
        _ => Err(KeyRefused::WrongAlgorithm(algorithm)),
    }
}
