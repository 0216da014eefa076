//! The native half of the Python package `gatepost`: its verifier, its claims, and the part of the FastAPI guard that every
//! request passes. The shapes people import are in `python/gatepost`; this module is private to them.

mod claims;
mod clock;
mod credential;
mod exchanges;
mod issuers;
mod json;
mod jws;
#[cfg(feature = "bench")]
mod raw_verify;
mod refusal;
mod seen;
mod settings;
mod verifier;

#[pyo3::pymodule]
mod _native {
    #[pymodule_export]
    use crate::claims::{Claims, Organization};
    #[pymodule_export]
    use crate::exchanges::{Exchanges, PySubject};
    #[pymodule_export]
    use crate::issuers::Issuers;
    #[pymodule_export]
    use crate::jws::verify_compact;
    #[cfg(feature = "bench")]
    #[pymodule_export]
    use crate::raw_verify::RawVerify;
    #[pymodule_export]
    use crate::verifier::Verifier;
}
