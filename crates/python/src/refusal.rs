//! Turns refusals of `gatepost_jose` into the exceptions of `gatepost.errors`, which are written in Python.

use gatepost_jose::{KeyRefused, Refused};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

/// The `TokenError` subclass for this reason, with the sentence a caller may read and the one for the log.
pub(crate) fn token_error(py: Python<'_>, refused: Refused) -> PyErr {
    of_reason(py, refused.code(), refused.public_message(), &refused.to_string())
}

/// A `MalformedToken` for a credential that never became a token.
pub(crate) fn malformed(py: Python<'_>, reason: &'static str) -> PyErr {
    let refused = Refused::Malformed(reason);
    of_reason(py, refused.code(), refused.public_message(), reason)
}

/// A `ProofRefused`: nothing proves possession of the key that the token is bound to.
pub(crate) fn not_proven(py: Python<'_>, reason: &str) -> PyErr {
    of_reason(py, "proof_refused", "The proof of possession is not good", reason)
}

/// The exception that says: this key must be exchanged first. No refusal yet.
pub(crate) fn unexchanged(py: Python<'_>) -> PyErr {
    static UNEXCHANGED: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let raised =
        UNEXCHANGED.import(py, "gatepost.errors", "_ApiKeyUnexchanged").and_then(|class| class.call0());
    raised.map_or_else(|broken| broken, PyErr::from_value)
}

fn of_reason(py: Python<'_>, code: &str, message: &str, reason: &str) -> PyErr {
    static TOKEN_REFUSED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let raised = TOKEN_REFUSED
        .import(py, "gatepost.errors", "_token_error")
        .and_then(|make| make.call1((code, message, reason)));
    raised.map_or_else(|broken| broken, PyErr::from_value)
}

/// A `KeyRefused`: the key set given cannot be used.
pub(crate) fn key_refused(py: Python<'_>, refused: KeyRefused) -> PyErr {
    static KEY_REFUSED: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let raised = KEY_REFUSED
        .import(py, "gatepost.errors", "KeyRefused")
        .and_then(|class| class.call1((refused.to_string(), refused.code())));
    raised.map_or_else(|broken| broken, PyErr::from_value)
}
