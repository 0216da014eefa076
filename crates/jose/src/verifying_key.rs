//! One key to verify with, bound to one algorithm.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{self, ParsedPublicKey, RsaParameters, RsaPublicKeyComponents};

use crate::jwk::{Curve, Jwk, Material};
use crate::{Algorithm, KeyRefused, roca};

/// One key, one algorithm, and the `kid` it goes by. Cloning shares it.
///
/// There is no way to make one from "bytes or text": the type of the key always comes from where it was made, so a public key
/// can never be taken for an HMAC secret (RFC 8725 section 3.1).
#[derive(Clone)]
pub struct VerifyingKey(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    algorithm: Algorithm,
    kid: Option<Box<str>>,
    check: Check,
    /// The thumbprint, or a MAC that only this secret makes: tells whether two keys are the same one.
    mark: Box<[u8]>,
}

#[derive(Clone)]
enum Check {
    Public(ParsedPublicKey),
    Secret(Box<hmac::Key>),
}

impl VerifyingKey {
    /// The key for `algorithm`.
    ///
    /// Refused: a key of another type, one that names another `alg`, one for encryption, RSA below 2048 bits, with an exponent
    /// that is even or 1 or with the ROCA fingerprint, a point not on its curve.
    pub fn from_jwk(jwk: &Jwk, algorithm: Algorithm) -> Result<Self, KeyRefused> {
        if !jwk.is_for_signatures() {
            return Err(KeyRefused::NotForSignatures);
        }
        if jwk.alg.as_deref().is_some_and(|named| named != algorithm.as_str()) {
            return Err(KeyRefused::WrongAlgorithm(algorithm));
        }
        let key = match &jwk.material {
            Material::Rsa { n, e } => rsa(n, e, algorithm)?,
            Material::Ec { curve, x, y } => ecdsa(*curve, x, y, algorithm)?,
            Material::Ed25519 { x } => ed25519(x, algorithm)?,
        };
        let kid = jwk.kid().map(Into::into);
        let mark = jwk.thumbprint().into_bytes().into();
        Ok(Self(Arc::new(Inner { algorithm, kid, check: Check::Public(key), mark })))
    }

    /// As [`from_jwk`](Self::from_jwk), for the algorithm that the key names or its curve implies; an RSA key that names none is
    /// bound to RS256.
    pub(crate) fn of_jwk(jwk: &Jwk) -> Result<Self, KeyRefused> {
        let algorithm = match (jwk.algorithm(), &jwk.alg) {
            (Some(algorithm), _) => algorithm,
            (None, None) => Algorithm::RS256,
            (None, Some(_)) => return Err(KeyRefused::NotForSignatures),
        };
        Self::from_jwk(jwk, algorithm)
    }

    pub(crate) fn from_secret(algorithm: Algorithm, kid: &str, secret: &[u8]) -> Result<Self, KeyRefused> {
        let (hash, shortest) = match algorithm {
            Algorithm::HS256 => (hmac::HMAC_SHA256, 32),
            Algorithm::HS384 => (hmac::HMAC_SHA384, 48),
            Algorithm::HS512 => (hmac::HMAC_SHA512, 64),
            _ => return Err(KeyRefused::WrongAlgorithm(algorithm)),
        };
        if secret.len() < shortest {
            return Err(KeyRefused::ShortSecret(algorithm, shortest));
        }
        let key = hmac::Key::new(hash, secret);
        // A digest of the secret itself would be a target for guessing; a MAC of a fixed text is not the secret's hash.
        let mark = hmac::sign(&key, b"gatepost key identity").as_ref().into();
        Ok(Self(Arc::new(Inner {
            algorithm,
            kid: Some(kid.into()),
            check: Check::Secret(Box::new(key)),
            mark,
        })))
    }

    pub(crate) fn renamed(&self, kid: &str) -> Self {
        Self(Arc::new(Inner { kid: Some(kid.into()), ..Inner::clone(&self.0) }))
    }

    /// The name of the key in tokens.
    pub fn kid(&self) -> Option<&str> {
        self.0.kid.as_deref()
    }

    /// The one algorithm this key is for.
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// Whether `signature` is this key's over `signed`.
    #[inline]
    pub(crate) fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        match &self.0.check {
            Check::Public(key) => key.verify_sig(signed, signature).is_ok(),
            // Constant time.
            Check::Secret(key) => hmac::verify(key, signed, signature).is_ok(),
        }
    }

    /// Whether both are one key under one name for one algorithm.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || self.0.algorithm == other.0.algorithm
                && self.0.kid == other.0.kid
                && self.0.mark == other.0.mark
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("algorithm", &self.algorithm())
            .field("kid", &self.kid())
            .finish_non_exhaustive()
    }
}

fn rsa(n: &[u8], e: &[u8], algorithm: Algorithm) -> Result<ParsedPublicKey, KeyRefused> {
    let parameters: &'static RsaParameters = match algorithm {
        Algorithm::RS256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::RS384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::RS512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::PS256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::PS384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::PS512 => &signature::RSA_PSS_2048_8192_SHA512,
        _ => return Err(KeyRefused::WrongAlgorithm(algorithm)),
    };
    let (Some(first), Some(last)) = (n.first(), n.last()) else {
        return Err(KeyRefused::RsaModulus);
    };
    let bits = n.len() * 8 - first.leading_zeros() as usize;
    if *first == 0 || last % 2 == 0 || !(2048..=8192).contains(&bits) {
        return Err(KeyRefused::RsaModulus);
    }
    let odd = e.last().is_some_and(|last| last % 2 == 1);
    if !odd || e.first() == Some(&0) || e == [1] || e.len() > 4 {
        return Err(KeyRefused::RsaExponent);
    }
    if roca::has_fingerprint(n) {
        return Err(KeyRefused::Roca);
    }
    RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters).map_err(|_| KeyRefused::RsaModulus)
}

fn ecdsa(curve: Curve, x: &[u8], y: &[u8], algorithm: Algorithm) -> Result<ParsedPublicKey, KeyRefused> {
    let verification = match (curve, algorithm) {
        (Curve::P256, Algorithm::ES256) => &signature::ECDSA_P256_SHA256_FIXED,
        (Curve::P384, Algorithm::ES384) => &signature::ECDSA_P384_SHA384_FIXED,
        _ => return Err(KeyRefused::WrongAlgorithm(algorithm)),
    };
    if x.len() != curve.bytes() || y.len() != curve.bytes() {
        return Err(KeyRefused::OffCurve);
    }
    // SEC 1, uncompressed. Reading it checks that the point is on the curve.
    let point = [&[4], x, y].concat();
    ParsedPublicKey::new(verification, point).map_err(|_| KeyRefused::OffCurve)
}

fn ed25519(x: &[u8], algorithm: Algorithm) -> Result<ParsedPublicKey, KeyRefused> {
    if algorithm != Algorithm::EdDSA {
        return Err(KeyRefused::WrongAlgorithm(algorithm));
    }
    if x.len() != 32 {
        return Err(KeyRefused::OffCurve);
    }
    ParsedPublicKey::new(&signature::ED25519, x).map_err(|_| KeyRefused::OffCurve)
}

#[cfg(test)]
mod tests;
