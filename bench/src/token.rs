//! The tokens and keys of the in-process rows, and the raw side of each.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, ParsedPublicKey, RsaKeyPair};
use gatepost_jose::{Algorithm, SigningKey, jwt};
use serde::Serialize;

use crate::Outcome;

pub const NOW: i64 = 1_760_000_000;
pub const ISSUER: &str = "https://auth.example.com/r/acme";
pub const AUDIENCE: &str = "https://api.example.com";

/// Claims as the server has them.
#[derive(Clone, Serialize)]
pub struct Claims {
    iss: &'static str,
    sub: &'static str,
    aud: &'static str,
    exp: i64,
    iat: i64,
    nbf: i64,
    jti: String,
    client_id: &'static str,
    sid: &'static str,
    scope: &'static str,
    realm_id: &'static str,
    email: &'static str,
    email_verified: bool,
    roles: [&'static str; 2],
}

/// The claims of the token with this number.
pub fn claims(number: usize) -> Claims {
    Claims {
        iss: ISSUER,
        sub: "usr_01jq8z6v3k5m7n9p1r3t5v7x9z",
        aud: AUDIENCE,
        exp: NOW + 900,
        iat: NOW,
        nbf: NOW,
        jti: format!("01jq8z6v3k5m7n9p1r3t{number:06}"),
        client_id: "web",
        sid: "ses_01jq8z6v3k5m7n9p1r3t5v7x9z",
        scope: "openid profile email notes:read notes:write",
        realm_id: "acme",
        email: "ada.lovelace@example.com",
        email_verified: true,
        roles: ["admin", "editor"],
    }
}

/// One key, both ways: ours and as aws-lc-rs has it.
pub struct Pair {
    pub algorithm: Algorithm,
    pub ours: SigningKey,
    private: Private,
    public: Public,
}

#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
enum Private {
    Secret(hmac::Key),
    Rsa(RsaKeyPair, &'static dyn signature::RsaEncoding),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
enum Public {
    Key(ParsedPublicKey),
    Secret(hmac::Key),
}

impl Pair {
    /// A new key.
    pub fn new(algorithm: Algorithm) -> Outcome<Self> {
        let ours = SigningKey::generate(algorithm)?;
        let bytes = ours.to_bytes();
        let secret = |kind| {
            let key = hmac::Key::new(kind, &bytes);
            Ok((Private::Secret(key.clone()), Public::Secret(key)))
        };
        let rsa = |encoding, verify: &'static signature::RsaParameters| {
            let pair = RsaKeyPair::from_pkcs8(&bytes)?;
            let public = ParsedPublicKey::new(verify, pair.public_key())?;
            Ok((Private::Rsa(pair, encoding), Public::Key(public)))
        };
        let ecdsa = |sign, verify: &'static signature::EcdsaVerificationAlgorithm| {
            let pair = EcdsaKeyPair::from_pkcs8(sign, &bytes)?;
            let public = ParsedPublicKey::new(verify, pair.public_key())?;
            Ok((Private::Ecdsa(pair), Public::Key(public)))
        };
        let made: Outcome<(Private, Public)> = match algorithm {
            Algorithm::RS256 => rsa(&signature::RSA_PKCS1_SHA256, &signature::RSA_PKCS1_2048_8192_SHA256),
            Algorithm::RS384 => rsa(&signature::RSA_PKCS1_SHA384, &signature::RSA_PKCS1_2048_8192_SHA384),
            Algorithm::RS512 => rsa(&signature::RSA_PKCS1_SHA512, &signature::RSA_PKCS1_2048_8192_SHA512),
            Algorithm::PS256 => rsa(&signature::RSA_PSS_SHA256, &signature::RSA_PSS_2048_8192_SHA256),
            Algorithm::PS384 => rsa(&signature::RSA_PSS_SHA384, &signature::RSA_PSS_2048_8192_SHA384),
            Algorithm::PS512 => rsa(&signature::RSA_PSS_SHA512, &signature::RSA_PSS_2048_8192_SHA512),
            Algorithm::ES256 => {
                ecdsa(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, &signature::ECDSA_P256_SHA256_FIXED)
            }
            Algorithm::ES384 => {
                ecdsa(&signature::ECDSA_P384_SHA384_FIXED_SIGNING, &signature::ECDSA_P384_SHA384_FIXED)
            }
            Algorithm::EdDSA => {
                let pair = Ed25519KeyPair::from_pkcs8(&bytes)?;
                let public = ParsedPublicKey::new(&signature::ED25519, pair.public_key())?;
                Ok((Private::Ed25519(pair), Public::Key(public)))
            }
            Algorithm::HS256 => secret(hmac::HMAC_SHA256),
            Algorithm::HS384 => secret(hmac::HMAC_SHA384),
            Algorithm::HS512 => secret(hmac::HMAC_SHA512),
        };
        let (private, public) = made?;
        Ok(Self { algorithm, ours, private, public })
    }

    /// So many different tokens.
    pub fn tokens(&self, count: usize) -> Outcome<Vec<String>> {
        Ok((0..count)
            .map(|number| jwt::sign("at+jwt", &claims(number), &self.ours))
            .collect::<Result<_, _>>()?)
    }

    /// The signature alone. Panics only if aws-lc-rs refuses its own key.
    #[expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "the raw side of a comparison")]
    pub fn raw_sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.private {
            Private::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).unwrap();
                signature
            }
            Private::Ecdsa(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Private::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Private::Secret(key) => hmac::sign(key, message).as_ref().to_vec(),
        }
    }

    /// The check of a signature alone.
    #[expect(clippy::unwrap_used, reason = "the raw side of a comparison")]
    pub fn raw_verify(&self, message: &[u8], signature: &[u8]) {
        match &self.public {
            Public::Key(key) => key.verify_sig(message, signature).unwrap(),
            Public::Secret(key) => hmac::verify(key, message, signature).unwrap(),
        }
    }
}

/// What is signed, and the signature.
pub fn parts(token: &str) -> Outcome<(Vec<u8>, Vec<u8>)> {
    let (message, signature) = token.rsplit_once('.').ok_or("no token")?;
    Ok((message.as_bytes().to_vec(), base64_simd::URL_SAFE_NO_PAD.decode_to_vec(signature)?))
}
