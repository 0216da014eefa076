//! The limit for the benchmarks: the signature checks alone, over a key parsed once. Feature `bench` only.

use aws_lc_rs::signature::{self, ParsedPublicKey, VerificationAlgorithm};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// Signatures at hand, to be checked as often as the benchmark likes.
#[pyclass(frozen, module = "gatepost._native")]
pub(crate) struct RawVerify {
    key: ParsedPublicKey,
    signed: Vec<(Vec<u8>, Vec<u8>)>,
}

#[pymethods]
impl RawVerify {
    /// Takes in pairs of message and signature for the public key (SubjectPublicKeyInfo, or the raw bytes of Ed25519).
    #[new]
    fn new(algorithm: &str, key: &[u8], signed: Vec<(Vec<u8>, Vec<u8>)>) -> PyResult<Self> {
        let scheme: &'static dyn VerificationAlgorithm = match algorithm {
            "RS256" => &signature::RSA_PKCS1_2048_8192_SHA256,
            "ES256" => &signature::ECDSA_P256_SHA256_FIXED,
            "EdDSA" => &signature::ED25519,
            other => return Err(PyValueError::new_err(format!("{other} is not measured"))),
        };
        let key = ParsedPublicKey::new(scheme, key)
            .map_err(|rejected| PyValueError::new_err(rejected.to_string()))?;
        Ok(Self { key, signed })
    }

    /// Checks every signature once, and returns how many were good. With `release`, the interpreter is let go around each.
    #[pyo3(signature = (*, release=false))]
    fn run(&self, py: Python<'_>, release: bool) -> usize {
        let check = |message: &[u8], signature: &[u8]| self.key.verify_sig(message, signature).is_ok();
        self.signed
            .iter()
            .filter(
                |(message, signature)| {
                    if release { py.detach(|| check(message, signature)) } else { check(message, signature) }
                },
            )
            .count()
    }
}
