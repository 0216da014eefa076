//! Finds the one credential of a request in the raw headers of ASGI. Headers only: a token in a query string ends up in logs.

use gatepost_jose::claims_to_be_api_key;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};

use crate::refusal;

const AUTHORIZATION: &[u8] = b"authorization";
const API_KEY: &[u8] = b"x-api-key";
const PROOF: &[u8] = b"dpop";

/// The text of a token given as `str`. Not bytes: Python has a type for text.
pub(crate) fn text<'a>(token: &'a Bound<'_, PyAny>) -> PyResult<&'a str> {
    let Ok(text) = token.cast::<PyString>() else {
        return Err(PyTypeError::new_err(format!("a token is a str, not {}", token.get_type().name()?)));
    };
    // A lone surrogate is a str that no encoding can send.
    text.to_str().map_err(|_| refusal::malformed(token.py(), "it is not text"))
}

/// What an API takes beside bearer tokens.
#[derive(Clone, Copy)]
pub(crate) struct Takes {
    pub(crate) api_keys: bool,
    /// Tokens under the scheme `DPoP`.
    pub(crate) dpop: bool,
}

/// What kind of credential it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Bearer,
    /// A token under the scheme `DPoP`.
    Dpop,
    ApiKey,
}

/// Where a credential stands in the headers.
pub(crate) struct Presented<'py> {
    value: Bound<'py, PyBytes>,
    start: usize,
    pub(crate) kind: Kind,
    /// The headers `DPoP`, if those are looked at.
    proofs: Vec<Bound<'py, PyBytes>>,
}

impl Presented<'_> {
    fn bytes(&self) -> &[u8] {
        self.value.as_bytes().get(self.start..).unwrap_or_default()
    }

    /// The credential's text.
    pub(crate) fn text(&self) -> PyResult<&str> {
        std::str::from_utf8(self.bytes()).map_err(|_| refusal::malformed(self.value.py(), "it is not text"))
    }

    /// The one proof that goes with it. What is not text is no proof.
    pub(crate) fn proof(&self) -> PyResult<&str> {
        match self.proofs.as_slice() {
            [only] => Ok(std::str::from_utf8(only.as_bytes()).unwrap_or_default()),
            _ => Err(refusal::not_proven(self.value.py(), "there is not exactly one header DPoP")),
        }
    }
}

/// The bearer token (RFC 6750 section 2.1), or what else is taken; `None` if there is no credential, or one of another scheme.
///
/// Strict where leniency would let two parts of a system see two different callers: a second `Authorization` header, or a
/// second credential in it or beside it, is refused rather than the first or last taken (attack AK-05).
pub(crate) fn presented<'py>(headers: &Bound<'py, PyAny>, takes: Takes) -> PyResult<Option<Presented<'py>>> {
    let mut found: Option<(Bound<'py, PyBytes>, bool)> = None;
    let mut proofs = Vec::new();
    let mut look_at = |header: &Bound<'py, PyAny>| -> PyResult<()> {
        match credential(header, takes)? {
            Some((Part::Proof, value)) => proofs.push(value),
            Some(_) if found.is_some() => return Err(refusal::malformed(headers.py(), "two credentials")),
            Some((part, value)) => found = Some((value, part == Part::ApiKey)),
            None => {}
        }
        Ok(())
    };
    if let Ok(headers) = headers.cast::<PyList>() {
        headers.iter().try_for_each(|header| look_at(&header))?;
    } else {
        // ASGI says "iterable"; every server passes a list, test clients not always.
        headers.try_iter()?.try_for_each(|header| look_at(&header?))?;
    }
    match found {
        None => Ok(None),
        Some((value, true)) => Ok(Some(Presented { value, start: 0, kind: Kind::ApiKey, proofs })),
        Some((value, false)) => {
            let mut presented = after_scheme(value, takes)?;
            if let Some(presented) = &mut presented {
                presented.proofs = proofs;
                if presented.kind == Kind::Bearer
                    && takes.api_keys
                    && std::str::from_utf8(presented.bytes()).is_ok_and(claims_to_be_api_key)
                {
                    presented.kind = Kind::ApiKey;
                }
            }
            Ok(presented)
        }
    }
}

/// What of a credential stands in a header.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Authorization,
    ApiKey,
    Proof,
}

/// The value, if this `(name, value)` is of a credential, and what of it. ASGI gives names in lower case.
fn credential<'py>(
    header: &Bound<'py, PyAny>,
    takes: Takes,
) -> PyResult<Option<(Part, Bound<'py, PyBytes>)>> {
    let (name, value) = if let Ok(pair) = header.cast::<PyTuple>() {
        (pair.get_item(0)?, pair.get_item(1)?)
    } else {
        (header.get_item(0)?, header.get_item(1)?)
    };
    let name = name.cast::<PyBytes>()?.as_bytes();
    let is = |wanted: &[u8]| name.len() == wanted.len() && name.eq_ignore_ascii_case(wanted);
    let part = if is(AUTHORIZATION) {
        Part::Authorization
    } else if takes.api_keys && is(API_KEY) {
        Part::ApiKey
    } else if takes.dpop && is(PROOF) {
        Part::Proof
    } else {
        return Ok(None);
    };
    Ok(Some((part, value.cast_into::<PyBytes>()?)))
}

/// A scheme is compared without regard to case and followed by blanks (RFC 9110 section 11.4).
fn after_scheme(value: Bound<'_, PyBytes>, takes: Takes) -> PyResult<Option<Presented<'_>>> {
    let bytes = value.as_bytes();
    let scheme = bytes.iter().position(|byte| *byte == b' ').unwrap_or(bytes.len());
    let kind = if bytes[..scheme].eq_ignore_ascii_case(b"bearer") {
        Kind::Bearer
    } else if takes.dpop && bytes[..scheme].eq_ignore_ascii_case(b"dpop") {
        Kind::Dpop
    } else {
        return Ok(None);
    };
    let blanks = bytes[scheme..].iter().take_while(|byte| **byte == b' ').count();
    let start = scheme + blanks;
    if start == bytes.len() {
        return Err(refusal::malformed(value.py(), "the Authorization header holds no token"));
    }
    Ok(Some(Presented { value, start, kind, proofs: Vec::new() }))
}
