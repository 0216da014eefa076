//! Tokens that are derived and not stored: a prefix, and base64url(body ‖ HMAC-SHA256(body)). The database holds nothing that
//! could be presented, and a forged or garbled one is refused without it.

use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;

const MAC: usize = 32;

/// The token with this body. Equal for equal contents, always.
pub(crate) fn encode(prefix: &str, key: &hmac::Key, body: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(body.len() + MAC);
    bytes.extend_from_slice(body);
    bytes.extend_from_slice(hmac::sign(key, body).as_ref());
    let mut text = String::with_capacity(prefix.len() + BASE64URL_NOPAD.encode_len(bytes.len()));
    text.push_str(prefix);
    BASE64URL_NOPAD.encode_append(&bytes, &mut text);
    text
}

/// The body of a token of ours; `None` for anything else. Every token has one spelling only.
pub(crate) fn decode<const BODY: usize>(prefix: &str, key: &hmac::Key, text: &str) -> Option<[u8; BODY]> {
    let letters = text.strip_prefix(prefix)?.as_bytes();
    if letters.len() != BASE64URL_NOPAD.encode_len(BODY + MAC) {
        return None;
    }
    let bytes = BASE64URL_NOPAD.decode(letters).ok()?;
    let (body, mac) = bytes.split_first_chunk::<BODY>()?;
    hmac::verify(key, body, mac).ok()?;
    Some(*body)
}
