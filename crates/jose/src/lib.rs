//! JWK, JWS and JWT: keys, signatures, claims and the verifier. No I/O, no clock, no async.
//!
//! ```
//! use gatepost_jose::{Algorithm, KeySet, SigningKey, Verifier, jwt};
//!
//! let key = SigningKey::generate(Algorithm::ES256)?;
//! let claims = serde_json::json!({
//!     "iss": "https://id.example", "aud": "notes", "sub": "ada", "iat": 1_700_000_000, "exp": 1_700_000_900,
//! });
//! let token = jwt::sign("at+jwt", &claims, &key)?;
//!
//! let keys = KeySet::new([key.verifying_key()])?;
//! let verifier = Verifier::new("https://id.example", "notes", keys);
//! let claims = verifier.verify(&token, 1_700_000_100)?;
//! assert_eq!(claims.subject(), "ada");
//! assert!(verifier.verify(&token, 1_700_009_999).unwrap_err().is_expired());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Three rules hold everywhere (RFC 8725). A key has one type and one algorithm, and nothing takes "bytes or text" for a key. What
//! is expected must be there: there is no verifier without an issuer and an audience. Whatever can be read in two ways is refused.

mod algorithm;
mod base64url;
mod claims;
pub mod dpop;
mod error;
mod exchanges;
mod header;
pub mod json;
mod jwk;
pub mod jws;
pub mod jwt;
mod key_cache;
mod key_set;
mod permissions;
mod private_jwk;
mod roca;
mod seen;
mod signing_key;
mod unverified;
mod verifier;
mod verifiers;
mod verifying_key;
pub mod webhook;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use claims::Claims;
pub use error::{KeyRefused, Refused};
pub use exchanges::{Exchanged, Exchanges, Subject, claims_to_be_api_key, is_api_key};
pub use jwk::{Jwk, JwkSet};
pub use key_cache::{FetchReason, KeyCache, KeyState};
pub use key_set::KeySet;
pub use seen::Memo;
pub use signing_key::SigningKey;
pub use unverified::{UnverifiedToken, dangerous_decode_without_verifying};
pub use verifier::{Proof, Revocations, Verifier};
pub use verifiers::Verifiers;
pub use verifying_key::VerifyingKey;

/// The longest token read: 16 KiB.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// The most keys a set may have.
pub const MAX_KEYS: usize = 256;
