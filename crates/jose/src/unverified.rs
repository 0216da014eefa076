//! Reading a token without checking it, for people who look at one.

use crate::header::Compact;
use crate::{Refused, base64url, json};

/// The parts of a token that nobody has checked. No guard takes one, and it cannot become [`Claims`](crate::Claims).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnverifiedToken {
    header: String,
    payload: String,
}

impl UnverifiedToken {
    /// The header, JSON text.
    pub fn header(&self) -> &str {
        &self.header
    }

    /// The payload, JSON text.
    pub fn payload(&self) -> &str {
        &self.payload
    }
}

/// What a token says of itself. **Anyone can write that**: never decide by it.
///
/// For `gatepost token decode` and the like. What comes out is text, and nothing that wants verified claims takes it:
///
/// ```compile_fail
/// fn guarded(caller: &gatepost_jose::Claims) {}
/// let read = gatepost_jose::dangerous_decode_without_verifying("…").unwrap();
/// guarded(&read);
/// ```
///
/// Refused when the token is not three parts of which two are strict JSON objects.
pub fn dangerous_decode_without_verifying(token: &str) -> Result<UnverifiedToken, Refused> {
    let parts = Compact::split(token)?;
    let object = |part: &[u8]| {
        let bytes = base64url::decode(part).ok_or(Refused::Malformed("a part is not base64url"))?;
        let text = String::from_utf8(bytes).map_err(|_| Refused::Malformed("a part is not UTF-8"))?;
        json::members(&text, |_, _| {}).map_err(Refused::Malformed)?;
        Ok(text)
    };
    Ok(UnverifiedToken { header: object(parts.header)?, payload: object(parts.payload)? })
}
