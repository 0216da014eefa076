//! What Python passes when it makes a verifier, checked and named in its own words.

use gatepost_jose::{Algorithm, KeyRefused, KeySet, SigningKey};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::refusal;

/// The algorithms named; `None` leaves the verifier's default, the asymmetric ones.
pub(crate) fn algorithms(names: Option<Vec<String>>) -> PyResult<Option<Vec<Algorithm>>> {
    let Some(names) = names else { return Ok(None) };
    if names.is_empty() {
        return Err(PyValueError::new_err(
            "algorithms=[] would refuse every token; name at least one, or leave it out",
        ));
    }
    names.iter().map(|name| algorithm(name)).collect::<PyResult<_>>().map(Some)
}

fn algorithm(name: &str) -> PyResult<Algorithm> {
    name.parse().map_err(|_| {
        let known = Algorithm::ALL.map(Algorithm::as_str).join(", ");
        PyValueError::new_err(format!("{name:?} is not a signature algorithm; known are {known}"))
    })
}

/// The keys of a JWK set (or a single JWK) given as a dict. Not text and not bytes: a key has one type.
///
/// Secrets (`"kty": "oct"`) are taken only where an algorithm that uses them is named: in a published set they are a leak.
pub(crate) fn keys(jwks: &Bound<'_, PyAny>, allowed: Option<&[Algorithm]>) -> PyResult<KeySet> {
    let py = jwks.py();
    let Ok(set) = jwks.cast::<PyDict>() else {
        return Err(PyTypeError::new_err(format!(
            "jwks= takes the key set as a dict, such as {{\"keys\": [...]}}, not {}",
            jwks.get_type().name()?
        )));
    };
    let usable = if allowed.is_some_and(|allowed| allowed.iter().any(|algorithm| algorithm.is_symmetric())) {
        with_secrets(set)?
    } else {
        KeySet::parse(&json_of(set)?)
    };
    usable.map_err(|refused| refusal::key_refused(py, refused))
}

/// The keys of a set that may hold secrets.
fn with_secrets(set: &Bound<'_, PyDict>) -> PyResult<Result<KeySet, KeyRefused>> {
    let listed = match set.get_item("keys")? {
        Some(listed) => listed.cast_into::<PyList>()?,
        None => PyList::new(set.py(), [set])?,
    };
    let public = PyList::empty(set.py());
    let mut keys = Vec::new();
    for jwk in listed {
        let is_secret =
            jwk.cast::<PyDict>()?.get_item("kty")?.is_some_and(|kty| kty.eq("oct").unwrap_or(false));
        if is_secret {
            match SigningKey::from_jwk(&json_of(&jwk)?) {
                Ok(secret) => keys.push(secret.verifying_key()),
                Err(refused) => return Ok(Err(refused)),
            }
        } else {
            public.append(jwk)?;
        }
    }
    let rest = PyDict::new(set.py());
    rest.set_item("keys", public)?;
    Ok(KeySet::parse(&json_of(&rest)?).and_then(|public| {
        keys.extend(public.keys().iter().cloned());
        KeySet::new(keys)
    }))
}

fn json_of(value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let text: String = value.py().import("json")?.call_method1("dumps", (value,))?.extract()?;
    Ok(text.into_bytes())
}

/// A text that must say something.
pub(crate) fn named(name: &str, value: &str) -> PyResult<()> {
    if value.is_empty() {
        return Err(PyValueError::new_err(format!(
            "{name}= is empty; a token is only good for a named {name}"
        )));
    }
    Ok(())
}

/// How far clocks may differ, in seconds.
pub(crate) fn leeway(seconds: i64) -> PyResult<u64> {
    u64::try_from(seconds)
        .map_err(|_| PyValueError::new_err("leeway= is a number of seconds, and not negative"))
}
