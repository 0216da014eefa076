//! Finds the one credential of a request in the raw headers of ASGI. Headers only: a token in a query string ends up in logs.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};

use crate::refusal;

/// The text of a token given as `str`. Not bytes: Python has a type for text.
pub(crate) fn text<'a>(token: &'a Bound<'_, PyAny>) -> PyResult<&'a str> {
    let Ok(text) = token.cast::<PyString>() else {
        return Err(PyTypeError::new_err(format!("a token is a str, not {}", token.get_type().name()?)));
    };
    // A lone surrogate is a str that no encoding can send.
    text.to_str().map_err(|_| refusal::malformed(token.py(), "it is not text"))
}

/// Where a bearer token stands in the headers.
pub(crate) struct Bearer<'py> {
    value: Bound<'py, PyBytes>,
    start: usize,
}

impl Bearer<'_> {
    /// The token's text.
    pub(crate) fn token(&self) -> PyResult<&str> {
        let token = self.value.as_bytes().get(self.start..).unwrap_or_default();
        std::str::from_utf8(token).map_err(|_| refusal::malformed(self.value.py(), "it is not text"))
    }
}

/// The bearer token (RFC 6750 section 2.1); `None` if there is no credential, or one of another scheme.
///
/// Strict where leniency would let two parts of a system see two different callers: a second `Authorization` header, or a
/// second credential in it, is refused rather than the first or last taken.
pub(crate) fn bearer<'py>(headers: &Bound<'py, PyAny>) -> PyResult<Option<Bearer<'py>>> {
    let mut found: Option<Bound<'py, PyBytes>> = None;
    let mut look_at = |header: &Bound<'py, PyAny>| -> PyResult<()> {
        let Some(value) = authorization(header)? else {
            return Ok(());
        };
        if found.replace(value).is_some() {
            return Err(refusal::malformed(headers.py(), "two Authorization headers"));
        }
        Ok(())
    };
    if let Ok(headers) = headers.cast::<PyList>() {
        headers.iter().try_for_each(|header| look_at(&header))?;
    } else {
        // ASGI says "iterable"; every server passes a list, test clients not always.
        headers.try_iter()?.try_for_each(|header| look_at(&header?))?;
    }
    found.map_or(Ok(None), after_scheme)
}

/// The value, if this `(name, value)` is an Authorization header. ASGI gives names in lower case.
fn authorization<'py>(header: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyBytes>>> {
    let (name, value) = if let Ok(pair) = header.cast::<PyTuple>() {
        (pair.get_item(0)?, pair.get_item(1)?)
    } else {
        (header.get_item(0)?, header.get_item(1)?)
    };
    let name = name.cast::<PyBytes>()?.as_bytes();
    if name.len() != b"authorization".len() || !name.eq_ignore_ascii_case(b"authorization") {
        return Ok(None);
    }
    Ok(Some(value.cast_into::<PyBytes>()?))
}

/// A scheme is compared without regard to case and followed by blanks (RFC 9110 section 11.4).
fn after_scheme(value: Bound<'_, PyBytes>) -> PyResult<Option<Bearer<'_>>> {
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
    Ok(Some(Bearer { value, start }))
}
