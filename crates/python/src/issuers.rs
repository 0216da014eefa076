//! The core of `gatepost.fastapi.Gatepost`: the issuers of one API, their keys, and the check of a request.

use std::sync::Arc;

use gatepost_jose::dpop::Proofs;
use gatepost_jose::{
    Algorithm, Exchanges, FetchReason, KeyCache, KeySet, KeyState, Proof, Refused, Verifier, Verifiers,
};
use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;

use crate::claims::Claims;
use crate::credential::{Kind, Takes};
use crate::seen::Seen;
use crate::verifier::CACHE;
use crate::{credential, refusal, settings};

/// Verifies tokens of one or more issuers for one audience, and says when an issuer's keys should be fetched. Fetching is the
/// caller's: nothing here waits.
#[pyclass(frozen, module = "gatepost._native")]
pub(crate) struct Issuers {
    verifiers: Verifiers,
    takes: Takes,
    /// Checks the proofs of tokens that are bound to a key, where those are taken.
    proofs: Option<Proofs>,
    /// Whether no other tokens are taken.
    dpop_only: bool,
    pub(crate) exchanges: Exchanges,
    each: Vec<(Arc<Verifier>, KeyCache)>,
    seen: Seen,
}

#[pymethods]
impl Issuers {
    #[new]
    #[pyo3(signature = (*, issuers, audience, algorithms, typ, leeway, cooldown, fresh_for, max_age, api_keys, dpop=None, dpop_only=false))]
    #[expect(clippy::too_many_arguments, reason = "keywords, each of which the caller names")]
    fn new(
        issuers: Vec<String>,
        audience: &str,
        algorithms: Option<Vec<String>>,
        typ: &str,
        leeway: i64,
        cooldown: u64,
        fresh_for: u64,
        max_age: u64,
        api_keys: bool,
        dpop: Option<&str>,
        dpop_only: bool,
    ) -> PyResult<Self> {
        let proofs = dpop.map(Proofs::new).transpose();
        let proofs =
            proofs.map_err(|refused| PyValueError::new_err(format!("dpop= is the public URL: {refused}")))?;
        let takes = Takes { api_keys, dpop: proofs.is_some() };
        settings::named("audience", audience)?;
        settings::named("typ", typ)?;
        let allowed = settings::algorithms(algorithms)?;
        let leeway = settings::leeway(leeway)?;
        let mut each = Vec::with_capacity(issuers.len());
        for issuer in issuers {
            settings::named("issuer", &issuer)?;
            let mut verifier = Verifier::new(&issuer, audience, KeySet::empty()).leeway(leeway).typ(typ);
            if let Some(allowed) = &allowed {
                verifier = verifier.algorithms(allowed);
            }
            let verifier = verifier.cache(CACHE);
            each.push((Arc::new(verifier), KeyCache::new(cooldown, max_age).fresh_for(fresh_for)));
        }
        let verifiers = Verifiers::new(each.iter().map(|(verifier, _)| Arc::clone(verifier)).collect());
        Ok(Self {
            verifiers,
            each,
            seen: Seen::new(CACHE),
            takes,
            proofs,
            dpop_only,
            exchanges: Exchanges::default(),
        })
    }

    /// The caller behind the credential among the raw ASGI headers; `None` without one. `request` is its method and its path as
    /// it was sent, which a proof of possession is made for.
    #[pyo3(signature = (headers, now, request=None))]
    fn authenticate<'py>(
        &self,
        headers: &Bound<'py, PyAny>,
        now: i64,
        request: Option<(String, String)>,
    ) -> PyResult<Option<Bound<'py, Claims>>> {
        let py = headers.py();
        let Some(presented) = credential::presented(headers, self.takes)? else {
            return Ok(None);
        };
        let text = presented.text()?;
        let claims = match (presented.kind, &self.proofs, request) {
            (Kind::ApiKey, ..) => self.of_api_key(py, text, now),
            (Kind::Bearer, ..) if self.dpop_only => Err(refusal::token_error(py, Refused::ProofRequired)),
            (Kind::Bearer, ..) => self.claims(py, text, now),
            (Kind::Dpop, Some(proofs), Some((method, path))) => {
                self.claims_with_proof(py, proofs, (text, presented.proof()?), (&method, &path), now)
            }
            (Kind::Dpop, ..) => Err(refusal::not_proven(py, "there is no request that it could be for")),
        };
        claims.map(Some)
    }

    /// What proofs may be signed with, as a challenge names them.
    #[staticmethod]
    fn proof_algorithms() -> String {
        Algorithm::ASYMMETRIC.map(Algorithm::as_str).join(" ")
    }

    /// The claims of a good token.
    fn verify<'py>(&self, token: &Bound<'py, PyAny>, now: i64) -> PyResult<Bound<'py, Claims>> {
        self.claims(token.py(), credential::text(token)?, now)
    }

    /// The token or API key among the raw ASGI headers, unverified.
    fn presented(&self, headers: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
        let presented = credential::presented(headers, self.takes)?;
        presented.map(|presented| presented.text().map(str::to_owned)).transpose()
    }

    /// Whose keys a token asks for, by its own unverified word: good for choosing what to fetch, and nothing else.
    fn asked_of(&self, token: &Bound<'_, PyAny>) -> PyResult<Option<usize>> {
        let token = credential::text(token)?;
        if self.each.len() == 1 {
            return Ok(Some(0));
        }
        let Some(of) = self.verifiers.claimed_issuer(token) else {
            return Ok(None);
        };
        Ok(self.each.iter().position(|(verifier, _)| Arc::ptr_eq(verifier, of)))
    }

    /// Whether the caller is the one to fetch now: true to one caller at a time, and not again within the cooldown.
    fn should_fetch(&self, issuer: usize, reason: &str, now: i64) -> PyResult<bool> {
        let reason = match reason {
            "never" => FetchReason::Never,
            "unknown_kid" => FetchReason::UnknownKid,
            "stale" => FetchReason::Stale,
            other => {
                return Err(PyValueError::new_err(format!("no reason to fetch is called {other:?}")));
            }
        };
        Ok(self.of(issuer)?.1.should_fetch(reason, now))
    }

    /// Takes the answer of a fetch. A document that is refused counts as a failure: the last good keys stay.
    fn fetched(&self, py: Python<'_>, issuer: usize, now: i64, document: &[u8]) -> PyResult<usize> {
        let (verifier, cache) = self.of(issuer)?;
        match KeySet::parse(document) {
            Ok(keys) => {
                let usable = keys.len();
                verifier.replace_keys(keys.clone());
                cache.fetched(now, keys);
                Ok(usable)
            }
            Err(refused) => {
                cache.failed(now);
                Err(refusal::key_refused(py, refused))
            }
        }
    }

    /// Takes note that a fetch failed.
    fn failed(&self, issuer: usize, now: i64) -> PyResult<()> {
        self.of(issuer)?.1.failed(now);
        Ok(())
    }

    /// `"empty"`, `"fresh"`, `"stale"` or `"expired"`. Keys past their maximum age are given up here.
    fn key_state(&self, issuer: usize, now: i64) -> PyResult<&'static str> {
        let (verifier, cache) = self.of(issuer)?;
        Ok(match cache.state(now) {
            KeyState::Empty => "empty",
            KeyState::Fresh => "fresh",
            KeyState::Stale => "stale",
            KeyState::Expired => {
                verifier.replace_keys(KeySet::empty());
                "expired"
            }
        })
    }

    /// Seconds until a fetch may be tried again.
    fn retry_after(&self, issuer: usize, now: i64) -> PyResult<u64> {
        Ok(self.of(issuer)?.1.retry_after(now))
    }
}

impl Issuers {
    pub(crate) fn claims<'py>(&self, py: Python<'py>, token: &str, now: i64) -> PyResult<Bound<'py, Claims>> {
        let verified = match &*self.each {
            [(only, _)] => only.verify(token, now),
            _ => self.verifiers.verify(token, now),
        };
        match verified {
            Ok(verified) => self.seen.object(py, verified),
            Err(refused) => Err(refusal::token_error(py, refused)),
        }
    }

    /// The claims of a token that is bound to the key of the proof, which is used up last of all.
    fn claims_with_proof<'py>(
        &self,
        py: Python<'py>,
        proofs: &Proofs,
        (token, proof): (&str, &str),
        request: (&str, &str),
        now: i64,
    ) -> PyResult<Bound<'py, Claims>> {
        let proved = proofs.check(proof, request, token, now);
        let proved = proved.map_err(|refused| refusal::not_proven(py, &refused.to_string()))?;
        let verified = self.verifiers.verify_with_proof(token, Proof::Key(&proved.thumbprint), now);
        let verified = verified.map_err(|refused| refusal::token_error(py, refused))?;
        proofs.take(&proved, now).map_err(|refused| refusal::not_proven(py, &refused.to_string()))?;
        self.seen.object(py, verified)
    }

    pub(crate) fn issuer_at(&self, position: usize) -> PyResult<&str> {
        Ok(self.of(position)?.0.issuer())
    }

    fn of(&self, issuer: usize) -> PyResult<&(Arc<Verifier>, KeyCache)> {
        self.each.get(issuer).ok_or_else(|| PyIndexError::new_err("no such issuer"))
    }
}
