//! base64url without padding, in its canonical form only (RFC 7515 section 2, RFC 4648 section 3.5).

use base64_simd::{Out, URL_SAFE_NO_PAD};

/// The bytes behind `text`. `None` for padding, other characters, impossible lengths and trailing bits that are not zero.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode_to_vec(text).ok()
}

/// As [`decode`], into a buffer of the caller. `None` also when it does not fit.
pub(crate) fn decode_into<'b>(text: &[u8], buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    if URL_SAFE_NO_PAD.estimated_decoded_length(text.len()) > buffer.len() {
        return None;
    }
    URL_SAFE_NO_PAD.decode(text, Out::from_slice(buffer)).ok().map(|bytes| &*bytes)
}

/// The canonical text of `bytes`.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode_to_string(bytes)
}

/// As [`encode`], appended to `text`.
pub(crate) fn encode_onto(bytes: &[u8], text: &mut String) {
    URL_SAFE_NO_PAD.encode_append(bytes, text);
}

/// The length of the text of `bytes` bytes.
pub(crate) const fn encoded_length(bytes: usize) -> usize {
    URL_SAFE_NO_PAD.encoded_length(bytes)
}
