//! What API keys, and tokens for other organizations, were exchanged for: the memory of it, and the check of what comes. Asking
//! the issuer is the caller's: nothing here waits.

use std::sync::Arc;

use gatepost_jose::{Exchanged, Subject, is_api_key};
use pyo3::prelude::*;

use crate::claims::Claims;
use crate::issuers::Issuers;
use crate::{credential, refusal};

/// What is exchanged, as a digest.
#[pyclass(frozen, eq, hash, module = "gatepost._native", name = "Subject")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct PySubject(Subject);

#[pymethods]
impl PySubject {
    /// An API key.
    #[staticmethod]
    fn api_key(key: &str) -> Self {
        Self(Subject::api_key(key))
    }

    /// A token, for an organization other than its own.
    #[staticmethod]
    fn organization(token: &str, organization: &str) -> Self {
        Self(Subject::organization(token, organization))
    }
}

/// The exchanges of one API.
#[pyclass(frozen, module = "gatepost._native")]
pub(crate) struct Exchanges {
    issuers: Py<Issuers>,
}

#[pymethods]
impl Exchanges {
    #[new]
    fn new(issuers: Py<Issuers>) -> Self {
        Self { issuers }
    }

    /// What is known of a subject: the claims of the token it became, `False` if it was refused a moment ago, `"second_factor"` if that
    /// was for want of one, `None` otherwise.
    fn known<'py>(&self, py: Python<'py>, subject: &PySubject, now: i64) -> PyResult<Bound<'py, PyAny>> {
        match self.issuers.get().exchanges.find(&subject.0, now) {
            // A key withdrawn meanwhile, or a revoked token: the issuer has the last word.
            Some(Exchanged::Token(token)) => match self.issuers.get().claims(py, &token, now) {
                Ok(claims) => Ok(claims.into_any()),
                Err(_) => Ok(py.None().into_bound(py)),
            },
            Some(Exchanged::Refused) => Ok(false.into_pyobject(py)?.to_owned().into_any()),
            Some(Exchanged::SecondFactorMissing) => Ok("second_factor".into_pyobject(py)?.into_any()),
            None => Ok(py.None().into_bound(py)),
        }
    }

    /// Whether a subject was good in the last day, and not refused since.
    fn was_good(&self, subject: &PySubject, now: i64) -> bool {
        self.issuers.get().exchanges.was_good(&subject.0, now)
    }

    /// Takes a token that the issuer gave for a subject. A `TokenError` if it is not good; `None` if it is not what was asked
    /// for: that of an API key, or with `organization` and `user` that of this user in this organization.
    #[pyo3(signature = (subject, issuer, token, now, *, organization=None, user=None))]
    fn take<'py>(
        &self,
        subject: &PySubject,
        issuer: usize,
        token: &Bound<'py, PyAny>,
        now: i64,
        organization: Option<&str>,
        user: Option<&str>,
    ) -> PyResult<Option<Bound<'py, Claims>>> {
        let text = credential::text(token)?;
        let claims = self.issuers.get().claims(token.py(), text, now)?;
        let verified = claims.get().verified();
        let is_it = match organization {
            None => verified.api_key().is_some(),
            Some(_) => {
                verified.api_key().is_none()
                    && verified.organization() == organization
                    && Some(verified.subject()) == user
            }
        };
        if !is_it || verified.issuer() != self.issuers.get().issuer_at(issuer)? {
            return Ok(None);
        }
        self.issuers.get().exchanges.exchanged(subject.0, Arc::from(text), verified.expires_at(), now);
        Ok(Some(claims))
    }

    /// Takes note that the issuer refused a subject, or gave something else for it.
    fn refuse(&self, subject: &PySubject, now: i64) {
        self.issuers.get().exchanges.refused(subject.0, now);
    }

    /// Takes note that the issuer refused a subject for want of a second factor.
    fn refuse_without_second_factor(&self, subject: &PySubject, now: i64) {
        self.issuers.get().exchanges.lacks_second_factor(subject.0, now);
    }
}

impl Issuers {
    /// The claims of a key that was exchanged before.
    pub(crate) fn of_api_key<'py>(
        &self,
        py: Python<'py>,
        key: &str,
        now: i64,
    ) -> PyResult<Bound<'py, Claims>> {
        match self.exchanges.find(&Subject::api_key(key), now) {
            Some(Exchanged::Token(token)) => {
                self.claims(py, &token, now).map_err(|_| refusal::unexchanged(py))
            }
            Some(Exchanged::Refused | Exchanged::SecondFactorMissing) => {
                Err(refusal::malformed(py, "the issuer refused the API key a moment ago"))
            }
            None if !is_api_key(key) => {
                Err(refusal::malformed(py, "the shape or checksum of the API key is wrong"))
            }
            None => Err(refusal::unexchanged(py)),
        }
    }
}
