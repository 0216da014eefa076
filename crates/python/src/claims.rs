//! What a verified token says, as Python sees it.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyTuple};

use crate::json;

/// An organization, as tokens name it.
#[pyclass(frozen, eq, hash, module = "gatepost")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Organization {
    #[pyo3(get)]
    id: String,
}

#[pymethods]
impl Organization {
    fn __repr__(&self) -> String {
        format!("<Organization {:?}>", self.id)
    }
}

/// The claims of a verified token. There is no way to make one but to verify a token.
#[pyclass(frozen, module = "gatepost", weakref)]
pub(crate) struct Claims {
    verified: Arc<gatepost_jose::Claims>,
    // One `Claims` serves every request that brings the same token, so what handlers ask for is made once.
    id: PyOnceLock<Py<PyString>>,
    roles: PyOnceLock<Py<PyTuple>>,
    permissions: PyOnceLock<Py<PyTuple>>,
    scopes: PyOnceLock<Py<PyTuple>>,
}

impl Claims {
    pub(crate) fn new(verified: Arc<gatepost_jose::Claims>) -> Self {
        Self {
            verified,
            id: PyOnceLock::new(),
            roles: PyOnceLock::new(),
            permissions: PyOnceLock::new(),
            scopes: PyOnceLock::new(),
        }
    }

    pub(crate) fn verified(&self) -> &gatepost_jose::Claims {
        &self.verified
    }

    /// Whether this object shows exactly this verification.
    pub(crate) fn shows(&self, verified: &Arc<gatepost_jose::Claims>) -> bool {
        Arc::ptr_eq(&self.verified, verified)
    }
}

#[pymethods]
impl Claims {
    #[getter]
    fn id<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        self.id.get_or_init(py, || PyString::new(py, self.verified.subject()).unbind()).bind(py).clone()
    }

    #[getter]
    fn issuer(&self) -> &str {
        self.verified.issuer()
    }

    #[getter]
    fn audience<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        listed(py, self.verified.audience())
    }

    #[getter]
    fn expires_at(&self) -> i64 {
        self.verified.expires_at()
    }

    #[getter]
    fn issued_at(&self) -> i64 {
        self.verified.issued_at()
    }

    #[getter]
    fn not_before(&self) -> Option<i64> {
        self.verified.not_before()
    }

    #[getter]
    fn auth_time(&self) -> Option<i64> {
        self.verified.auth_time()
    }

    #[getter]
    fn token_id(&self) -> Option<&str> {
        self.verified.token_id()
    }

    #[getter]
    fn client_id(&self) -> Option<&str> {
        self.verified.client_id()
    }

    #[getter]
    fn session_id(&self) -> Option<&str> {
        self.verified.session_id()
    }

    #[getter]
    fn email(&self) -> Option<&str> {
        self.verified.email()
    }

    #[getter]
    fn email_verified(&self) -> Option<bool> {
        self.verified.email_verified()
    }

    #[getter]
    fn name(&self) -> Option<&str> {
        self.verified.name()
    }

    #[getter]
    fn realm(&self) -> Option<&str> {
        self.verified.realm()
    }

    /// An empty name names no organization.
    #[getter]
    fn organization(&self) -> Option<Organization> {
        let id = self.verified.organization().filter(|id| !id.is_empty())?;
        Some(Organization { id: id.to_owned() })
    }

    #[getter]
    fn acr(&self) -> Option<&str> {
        self.verified.acr()
    }

    #[getter]
    fn amr<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        listed(py, self.verified.amr())
    }

    #[getter]
    fn roles<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let made = self.roles.get_or_try_init(py, || listed(py, self.verified.roles()).map(Bound::unbind))?;
        Ok(made.bind(py).clone())
    }

    #[getter]
    fn permissions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let made = self
            .permissions
            .get_or_try_init(py, || listed(py, self.verified.permissions()).map(Bound::unbind))?;
        Ok(made.bind(py).clone())
    }

    #[getter]
    fn scopes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let made = self.scopes.get_or_try_init(py, || {
            PyTuple::new(py, self.verified.scopes().collect::<Vec<_>>()).map(Bound::unbind)
        })?;
        Ok(made.bind(py).clone())
    }

    #[getter]
    fn credential(&self) -> &'static str {
        if self.verified.api_key().is_some() {
            "api_key"
        } else if self.verified.is_of_client() {
            "client"
        } else {
            "token"
        }
    }

    /// A new dict at each access: the claims are shared by every request of the token, and a dict can be written to.
    #[getter]
    fn claims<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::to_python(py, self.verified.raw())
    }

    fn has_role(&self, role: &str) -> bool {
        self.verified.has_role(role)
    }

    fn can(&self, permission: &str) -> bool {
        self.verified.has_permission(permission)
    }

    fn has_scope(&self, scope: &str) -> bool {
        self.verified.has_scope(scope)
    }

    /// Validates the payload as `model`; `gatepost._reading` knows the libraries that can. Anew at each call: what is read may
    /// be written to, and this object is shared by every request of the token.
    fn read<'py>(&self, py: Python<'py>, model: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        static READ: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        READ.import(py, "gatepost._reading", "read")?.call1((self.verified.raw(), model))
    }

    fn __repr__(&self) -> String {
        format!("<Claims of {:?} from {:?}>", self.verified.subject(), self.verified.issuer())
    }
}

fn listed<'py>(py: Python<'py>, words: &[Box<str>]) -> PyResult<Bound<'py, PyTuple>> {
    PyTuple::new(py, words.iter().map(|word| &**word))
}
