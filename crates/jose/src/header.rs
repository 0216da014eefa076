//! The JOSE header of a compact JWS (RFC 7515 section 4).

use memchr::{memchr, memrchr};

use crate::json::{self, Kind, Value, tag};
use crate::{Algorithm, Refused, base64url};

const ALG: u64 = tag(b"alg");
const KID: u64 = tag(b"kid");
const TYP: u64 = tag(b"typ");
const CRIT: u64 = tag(b"crit");
const B64: u64 = tag(b"b64");
const ZIP: u64 = tag(b"zip");

/// A header that has been read. Nothing in it is believed; it only says which key to try.
#[derive(Debug)]
pub(crate) struct Header {
    /// The whole header as JSON.
    pub(crate) text: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<Box<str>>,
    pub(crate) typ: Option<Box<str>>,
}

impl Header {
    /// Reads the first part of a compact JWS.
    ///
    /// `crit` is refused whatever it names: this library knows no extension (RFC 7515 section 4.1.11). So are `b64`
    /// (RFC 7797 section 7) and `zip`. `jwk`, `jku`, `x5u` and `x5c` are left unread: a key never comes from the token.
    pub(crate) fn parse(part: &[u8]) -> Result<Self, Refused> {
        let text = base64url::decode(part).ok_or(Refused::Malformed("the header is not base64url"))?;
        let text = String::from_utf8(text).map_err(|_| Refused::Malformed("the header is not UTF-8"))?;
        let (mut alg, mut kid, mut typ, mut extension) = (None, None, None, false);
        json::members(&text, |name, value| match name.tag {
            ALG => alg = Some(value),
            KID => kid = Some(value),
            TYP => typ = Some(value),
            CRIT | B64 | ZIP => extension = true,
            _ => {}
        })
        .map_err(Refused::Malformed)?;
        if extension {
            return Err(Refused::Malformed("the header asks for an extension (crit, b64, zip)"));
        }
        // Byte for byte, escapes included: a header that spells `alg` in another way is none of ours.
        let algorithm = match alg {
            Some(value) if value.kind == Kind::Text => value.between_quotes(&text).parse(),
            _ => return Err(Refused::AlgorithmRefused),
        };
        let algorithm = algorithm.map_err(|_| Refused::AlgorithmRefused)?;
        let kid = optional_text(&text, kid, "the header's kid is not a string")?;
        let typ = optional_text(&text, typ, "the header's typ is not a string")?;
        Ok(Self { text, algorithm, kid, typ })
    }

    /// Whether `typ` is `expected`, as media types compare: without case, `application/` left out (RFC 7515 section 4.1.9).
    pub(crate) fn is_type(&self, expected: &str) -> bool {
        self.typ.as_deref().is_some_and(|typ| short_type(typ).eq_ignore_ascii_case(short_type(expected)))
    }

    /// The public key that the header carries (`jwk`), for proofs of possession only.
    pub(crate) fn embedded_key(&self) -> Option<&str> {
        json::member(&self.text, "jwk")
    }
}

fn optional_text(text: &str, value: Option<Value>, wrong: &'static str) -> Result<Option<Box<str>>, Refused> {
    match value.map(|value| value.string(text)) {
        None => Ok(None),
        Some(None) => Err(Refused::Malformed(wrong)),
        Some(Some(text)) => Ok(Some(text.into())),
    }
}

/// A media type without `application/`, which may only be left out when no other slash follows.
fn short_type(typ: &str) -> &str {
    const PREFIX: &str = "application/";
    match typ.get(..PREFIX.len()) {
        Some(start) if start.eq_ignore_ascii_case(PREFIX) && !typ[PREFIX.len()..].contains('/') => {
            &typ[PREFIX.len()..]
        }
        _ => typ,
    }
}

/// The three parts of a compact JWS, undecoded.
#[derive(Clone, Copy)]
pub(crate) struct Compact<'t> {
    pub(crate) header: &'t [u8],
    pub(crate) payload: &'t [u8],
    pub(crate) signature: &'t [u8],
    /// What is signed: header, dot, payload.
    pub(crate) signed: &'t [u8],
}

impl<'t> Compact<'t> {
    /// Splits at the dots; exactly two must be there.
    pub(crate) fn split(token: &'t str) -> Result<Self, Refused> {
        const PARTS: Refused = Refused::Malformed("not three parts");
        if token.len() > crate::MAX_TOKEN_BYTES {
            return Err(Refused::TooLarge);
        }
        let token = token.as_bytes();
        let first = memchr(b'.', token).ok_or(PARTS)?;
        let second = memrchr(b'.', token).ok_or(PARTS)?;
        // A further dot would be inside the payload, which base64url then refuses; no need to look for it.
        if first == second {
            return Err(PARTS);
        }
        Ok(Self {
            header: &token[..first],
            payload: &token[first + 1..second],
            signature: &token[second + 1..],
            signed: &token[..second],
        })
    }
}
