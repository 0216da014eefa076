//! JSON Web Signatures in the compact form (RFC 7515).

use crate::header::{Compact, Header};
use crate::jwk::Jwk;
use crate::signing_key::LONGEST_SIGNATURE;
use crate::{Algorithm, KeySet, Refused, SigningKey, VerifyingKey, base64url};

/// Signs `payload` under the header `{"alg", "kid", "typ"}`. An empty `typ` leaves the member out.
///
/// # Panics
/// When memory is exhausted, like every allocation.
pub fn sign_compact(typ: &str, payload: &[u8], key: &SigningKey) -> String {
    let header = key.header(typ);
    let signature_length = base64url::encoded_length(key.signature_length());
    let mut jws =
        String::with_capacity(header.len() + base64url::encoded_length(payload.len()) + 1 + signature_length);
    jws.push_str(&header);
    base64url::encode_onto(payload, &mut jws);
    let mut place = [0; LONGEST_SIGNATURE];
    let signature = key.sign(jws.as_bytes(), &mut place);
    jws.push('.');
    base64url::encode_onto(signature, &mut jws);
    jws
}

/// The payload of a compact JWS whose signature is by the key of `keys` that it names, with an algorithm of `allowed`.
///
/// Says nothing about `typ`: use [`verify_typed`] wherever one key signs more than one kind of thing.
pub fn verify_compact(jws: &str, keys: &KeySet, allowed: &[Algorithm]) -> Result<Vec<u8>, Refused> {
    let parts = Compact::split(jws)?;
    let header = Header::parse(parts.header)?;
    let key = keys.choose(&header, Algorithm::bits(allowed))?;
    check_signature(&parts, key)?;
    payload(&parts)
}

/// As [`verify_compact`], and the header's `typ` must be `typ`: `application/` left out, in any case (RFC 7515 section 4.1.9).
pub fn verify_typed(jws: &str, typ: &str, keys: &KeySet, allowed: &[Algorithm]) -> Result<Vec<u8>, Refused> {
    let parts = Compact::split(jws)?;
    let header = Header::parse(parts.header)?;
    let key = keys.choose(&header, Algorithm::bits(allowed))?;
    check_signature(&parts, key)?;
    if !header.is_type(typ) {
        return Err(Refused::WrongType);
    }
    payload(&parts)
}

/// The payload of a JWS signed by the key in its own header (`jwk`), and that key.
///
/// This proves possession of *some* key and nothing else: it is for DPoP proofs (RFC 9449 section 4.3), where the caller goes on
/// to compare the key's [thumbprint](Jwk::thumbprint). Symmetric algorithms and private keys in the header are refused.
pub fn verify_possession(jws: &str, typ: &str, allowed: &[Algorithm]) -> Result<(Jwk, Vec<u8>), Refused> {
    let parts = Compact::split(jws)?;
    let header = Header::parse(parts.header)?;
    if header.algorithm.is_symmetric() || Algorithm::bits(allowed) & header.algorithm.bit() == 0 {
        return Err(Refused::AlgorithmRefused);
    }
    let jwk = header.embedded_key().ok_or(Refused::UnknownKey)?;
    let jwk: Jwk =
        serde_json::from_str(jwk).map_err(|_| Refused::Malformed("the header's jwk is not a public key"))?;
    let key = VerifyingKey::from_jwk(&jwk, header.algorithm).map_err(|_| Refused::AlgorithmRefused)?;
    check_signature(&parts, &key)?;
    if !header.is_type(typ) {
        return Err(Refused::WrongType);
    }
    Ok((jwk, payload(&parts)?))
}

/// Whether the signature part is `key`'s over the header and payload parts as they stand.
#[inline]
pub(crate) fn check_signature(parts: &Compact<'_>, key: &VerifyingKey) -> Result<(), Refused> {
    // Two more, because base64url is decoded in groups of three.
    let mut buffer = [0; LONGEST_SIGNATURE + 2];
    let signature = base64url::decode_into(parts.signature, &mut buffer)
        .ok_or(Refused::Malformed("the signature is not base64url, or too long"))?;
    if key.verifies(parts.signed, signature) { Ok(()) } else { Err(Refused::BadSignature) }
}

fn payload(parts: &Compact<'_>) -> Result<Vec<u8>, Refused> {
    base64url::decode(parts.payload).ok_or(Refused::Malformed("the payload is not base64url"))
}
