//! Tokens that are bound to a key (RFC 9449): what the guard takes them with, and what it answers in their scheme.

use std::sync::LazyLock;

use axum::extract::OriginalUri;
use gatepost_jose::Algorithm;
use gatepost_jose::dpop::{ProofRefused, Proofs, Proved};
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderName, Method, Request, Uri, header};

use crate::{Guard, Refusal};

const DPOP: HeaderName = HeaderName::from_static("dpop");

/// How a guard takes tokens that are bound to a key.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) proofs: Proofs,
    /// Whether it takes no others.
    pub(crate) only: bool,
}

/// What is read of a request.
#[derive(Clone, Copy)]
pub(crate) struct Head<'r> {
    method: &'r Method,
    uri: &'r Uri,
    pub(crate) headers: &'r HeaderMap,
    pub(crate) extensions: &'r Extensions,
}

impl<'r> Head<'r> {
    pub(crate) const fn of(parts: &'r Parts) -> Self {
        Self {
            method: &parts.method,
            uri: &parts.uri,
            headers: &parts.headers,
            extensions: &parts.extensions,
        }
    }

    pub(crate) fn of_request<B>(request: &'r Request<B>) -> Self {
        Self {
            method: request.method(),
            uri: request.uri(),
            headers: request.headers(),
            extensions: request.extensions(),
        }
    }

    /// The path as it was sent: routers take the prefix of those they are nested in off the URI.
    fn path(&self) -> &'r str {
        self.extensions.get::<OriginalUri>().map_or(self.uri, |original| &original.0).path()
    }
}

impl Bound {
    /// What the request proves possession of. The proof is not used up yet.
    pub(crate) fn prove(&self, head: Head<'_>, token: &str, now: i64) -> Result<Box<Proved>, Refusal> {
        let mut sent = head.headers.get_all(DPOP).iter();
        let (Some(proof), None) = (sent.next(), sent.next()) else {
            tracing::debug!(reason = "not_one_proof", "refused a token under DPoP: it needs one header DPoP");
            return Err(Refusal::InvalidProof);
        };
        // What is not text is no JWT.
        let proof = proof.to_str().unwrap_or_default();
        let proved = self.proofs.check(proof, (head.method.as_str(), head.path()), token, now);
        proved.map(Box::new).map_err(refused)
    }

    /// Uses a proof up.
    pub(crate) fn take(&self, proved: &Proved, now: i64) -> Result<(), Refusal> {
        self.proofs.take(proved, now).map_err(refused)
    }

    /// The schemes that an answer to this request names.
    fn schemes(&self, headers: &HeaderMap) -> Schemes {
        match (self.only, is_under_dpop(headers)) {
            (true, _) => Schemes::Dpop,
            (false, true) => Schemes::SentDpop,
            (false, false) => Schemes::Both,
        }
    }
}

fn refused(refused: ProofRefused) -> Refusal {
    tracing::debug!(%refused, "refused a proof of possession: {refused}");
    Refusal::InvalidProof
}

/// Whether the credential comes under the scheme `DPoP`.
pub(crate) fn is_under_dpop(headers: &HeaderMap) -> bool {
    headers.get(header::AUTHORIZATION).is_some_and(|value| {
        let scheme = value.as_bytes().split(|byte| *byte == b' ').next().unwrap_or_default();
        scheme.eq_ignore_ascii_case(b"dpop")
    })
}

impl<I> Guard<I> {
    /// A refusal of this request, with the challenge that the guard's schemes make of it.
    pub(crate) fn challenged(&self, refusal: Refusal, headers: &HeaderMap) -> Refusal {
        match self.bound() {
            None => refusal,
            Some(bound) => refusal.under(bound.schemes(headers)),
        }
    }
}

/// Under which schemes a token may come, and came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Schemes {
    /// Under both; this one came as a bearer token, or there is none.
    Both,
    /// Under both; this one came under `DPoP`.
    SentDpop,
    /// Under `DPoP` alone.
    Dpop,
}

/// A refusal by a guard that takes tokens which are bound to a key: one of the other [`Refusal`]s, which
/// [`Refusal::reason`] tells, with a challenge that names the scheme `DPoP` (RFC 9449 section 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DpopRefusal {
    why: Why,
    schemes: Schemes,
}

/// The refusals that have a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Missing,
    Expired,
    Invalid,
    Reauthenticate { max_age: u64 },
    SecondFactorMissing,
    InsufficientScope { scope: &'static str },
}

/// What proofs may be signed with, as a parameter of a challenge.
static ALGORITHMS: LazyLock<String> =
    LazyLock::new(|| format!("algs=\"{}\"", Algorithm::ASYMMETRIC.map(Algorithm::as_str).join(" ")));

/// The challenge to a proof that is none.
pub(crate) fn proof_challenge() -> String {
    format!("DPoP error=\"invalid_dpop_proof\", {}", *ALGORITHMS)
}

impl DpopRefusal {
    pub(crate) fn new(refusal: Refusal, schemes: Schemes) -> Option<Self> {
        let why = match refusal {
            Refusal::Missing => Why::Missing,
            Refusal::Expired => Why::Expired,
            Refusal::Invalid => Why::Invalid,
            Refusal::Reauthenticate { max_age } => Why::Reauthenticate { max_age },
            Refusal::SecondFactorMissing => Why::SecondFactorMissing,
            Refusal::InsufficientScope { scope } => Why::InsufficientScope { scope },
            _ => return None,
        };
        Some(Self { why, schemes })
    }

    pub(crate) const fn reason(self) -> Refusal {
        match self.why {
            Why::Missing => Refusal::Missing,
            Why::Expired => Refusal::Expired,
            Why::Invalid => Refusal::Invalid,
            Why::Reauthenticate { max_age } => Refusal::Reauthenticate { max_age },
            Why::SecondFactorMissing => Refusal::SecondFactorMissing,
            Why::InsufficientScope { scope } => Refusal::InsufficientScope { scope },
        }
    }

    /// Whether a token is asked for that must be bound to a key.
    pub(crate) const fn asks_for_proof(self) -> bool {
        matches!((self.why, self.schemes), (Why::Missing, Schemes::Dpop))
    }

    /// `bearer` is the challenge of a guard that takes bearer tokens alone (RFC 9449 sections 7.1 and 7.2).
    pub(crate) fn challenge(self, bearer: &str) -> String {
        let algorithms = &*ALGORITHMS;
        let parameters = bearer.strip_prefix("Bearer").unwrap_or_default();
        match (self.schemes, self.why) {
            // A token under the other scheme would help.
            (Schemes::Both, Why::Missing | Why::Expired | Why::Invalid) => {
                format!("{bearer}, DPoP {algorithms}")
            }
            (Schemes::Both, _) => bearer.to_owned(),
            (_, Why::Missing) => format!("DPoP {algorithms}"),
            _ => format!("DPoP{parameters}, {algorithms}"),
        }
    }
}
