//! `gatepost.Verifier`: tokens of one issuer, keys given, no network.

use pyo3::prelude::*;

use crate::claims::Claims;
use crate::seen::Seen;
use crate::{clock, credential, refusal, settings};

/// How many verified tokens are kept, unless said otherwise. The native default of `gatepost_jose` too.
pub(crate) const CACHE: usize = 4096;

/// Verifies access tokens of one issuer for one audience with keys that are at hand.
#[pyclass(frozen, module = "gatepost")]
pub(crate) struct Verifier {
    verifier: gatepost_jose::Verifier,
    seen: Seen,
}

#[pymethods]
impl Verifier {
    #[new]
    #[pyo3(signature = (*, issuer, audience, jwks, algorithms=None, leeway=30, typ="at+jwt"))]
    fn new(
        issuer: &str,
        audience: &str,
        jwks: &Bound<'_, PyAny>,
        algorithms: Option<Vec<String>>,
        leeway: i64,
        typ: &str,
    ) -> PyResult<Self> {
        settings::named("issuer", issuer)?;
        settings::named("audience", audience)?;
        settings::named("typ", typ)?;
        let allowed = settings::algorithms(algorithms)?;
        let keys = settings::keys(jwks, allowed.as_deref())?;
        let mut verifier =
            gatepost_jose::Verifier::new(issuer, audience, keys).leeway(settings::leeway(leeway)?).typ(typ);
        if let Some(allowed) = allowed {
            verifier = verifier.algorithms(&allowed);
        }
        Ok(Self { verifier: verifier.cache(CACHE), seen: Seen::new(CACHE) })
    }

    /// The claims of a good token; a `TokenError` otherwise.
    ///
    /// The interpreter is held throughout. Letting it go around the 40 µs of a signature check gave two threads a fifth more
    /// checks a second, but beside a busy thread the slowest hundredth took 8 to 9 ms instead of 0.2 to 4: whoever lets it go
    /// has to wait for it again, and an event loop cannot afford that (bench/python/release.py).
    #[pyo3(signature = (token, now=None))]
    fn verify<'py>(
        &self,
        py: Python<'py>,
        token: &Bound<'py, PyAny>,
        now: Option<i64>,
    ) -> PyResult<Bound<'py, Claims>> {
        let token = credential::text(token)?;
        match self.verifier.verify(token, now.unwrap_or_else(clock::now)) {
            Ok(verified) => self.seen.object(py, verified),
            Err(refused) => Err(refusal::token_error(py, refused)),
        }
    }

    #[getter]
    fn issuer(&self) -> &str {
        self.verifier.issuer()
    }

    #[getter]
    fn audience(&self) -> &str {
        self.verifier.audience()
    }
}
