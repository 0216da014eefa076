//! `gatepost.jose.verify_compact`.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::{credential, refusal, settings};

/// The payload of a signed text, if its signature is good.
#[pyfunction]
pub(crate) fn verify_compact<'py>(
    py: Python<'py>,
    jws: &Bound<'py, PyAny>,
    jwks: &Bound<'py, PyAny>,
    algorithms: Vec<String>,
) -> PyResult<Bound<'py, PyBytes>> {
    let allowed = settings::algorithms(Some(algorithms))?.unwrap_or_default();
    let keys = settings::keys(jwks, Some(&allowed))?;
    let payload = gatepost_jose::jws::verify_compact(credential::text(jws)?, &keys, &allowed);
    payload.map(|payload| PyBytes::new(py, &payload)).map_err(|refused| refusal::token_error(py, refused))
}
