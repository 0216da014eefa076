//! Finds the one credential of a request in the raw headers of ASGI. Headers only: a token in a query string ends up in logs.

use gatepost_jose::claims_to_be_api_key;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};

use crate::refusal;

const AUTHORIZATION: &[u8] = b"authorization";
const API_KEY: &[u8] = b"x-api-key";

/// The text of a token given as `str`. Not bytes: Python has a type for text.
pub(crate) fn text<'a>(token: &'a Bound<'_, PyAny>) -> PyResult<&'a str> {
    let Ok(text) = token.cast::<PyString>() else {
        return Err(PyTypeError::new_err(format!("a token is a str, not {}", token.get_type().name()?)));
    };
    // A lone surrogate is a str that no encoding can send.
    text.to_str().map_err(|_| refusal::malformed(token.py(), "it is not text"))
}

/// Where a credential stands in the headers.
pub(crate) struct Presented<'py> {
    value: Bound<'py, PyBytes>,
    start: usize,
    /// Whether it is an API key, and not a bearer token.
    pub(crate) is_api_key: bool,
}

impl Presented<'_> {
    fn bytes(&self) -> &[u8] {
        self.value.as_bytes().get(self.start..).unwrap_or_default()
    }

    /// The credential's text.
    pub(crate) fn text(&self) -> PyResult<&str> {
        std::str::from_utf8(self.bytes()).map_err(|_| refusal::malformed(self.value.py(), "it is not text"))
    }
}

/// The bearer token (RFC 6750 section 2.1), or with `api_keys` an API key; `None` if there is no credential, or one of another
/// scheme.
///
/// Strict where leniency would let two parts of a system see two different callers: a second `Authorization` header, or a
/// second credential in it or beside it, is refused rather than the first or last taken (attack AK-05).
pub(crate) fn presented<'py>(
    headers: &Bound<'py, PyAny>,
    api_keys: bool,
) -> PyResult<Option<Presented<'py>>> {
    let mut found: Option<(Bound<'py, PyBytes>, bool)> = None;
    let mut look_at = |header: &Bound<'py, PyAny>| -> PyResult<()> {
        let Some(value) = credential(header, api_keys)? else {
            return Ok(());
        };
        if found.replace(value).is_some() {
            return Err(refusal::malformed(headers.py(), "two credentials"));
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
        Some((value, true)) => Ok(Some(Presented { value, start: 0, is_api_key: true })),
        Some((value, false)) => {
            let mut presented = after_scheme(value)?;
            if let Some(presented) = &mut presented {
                presented.is_api_key =
                    api_keys && std::str::from_utf8(presented.bytes()).is_ok_and(claims_to_be_api_key);
            }
            Ok(presented)
        }
    }
}

/// The value, if this `(name, value)` is an Authorization header or holds an API key, and which. ASGI gives names in lower case.
fn credential<'py>(
    header: &Bound<'py, PyAny>,
    api_keys: bool,
) -> PyResult<Option<(Bound<'py, PyBytes>, bool)>> {
    let (name, value) = if let Ok(pair) = header.cast::<PyTuple>() {
        (pair.get_item(0)?, pair.get_item(1)?)
    } else {
        (header.get_item(0)?, header.get_item(1)?)
    };
    let name = name.cast::<PyBytes>()?.as_bytes();
    let is = |wanted: &[u8]| name.len() == wanted.len() && name.eq_ignore_ascii_case(wanted);
    let is_key = api_keys && is(API_KEY);
    if !is_key && !is(AUTHORIZATION) {
        return Ok(None);
    }
    Ok(Some((value.cast_into::<PyBytes>()?, is_key)))
}

/// A scheme is compared without regard to case and followed by blanks (RFC 9110 section 11.4).
fn after_scheme(value: Bound<'_, PyBytes>) -> PyResult<Option<Presented<'_>>> {
    let bytes = value.as_bytes();
    let scheme = bytes.iter().position(|byte| *byte == b' ').unwrap_or(bytes.len());
    if !bytes[..scheme].eq_ignore_ascii_case(b"bearer") {
        return Ok(None);
    }
    let blanks = bytes[scheme..].iter().take_while(|byte| **byte == b' ').count();
    let start = scheme + blanks;
    if start == bytes.len() {
        return Err(refusal::malformed(value.py(), "the Authorization header holds no token"));
    }
    Ok(Some(Presented { value, start, is_api_key: false }))
}
