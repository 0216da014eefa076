//! Everything about a guard that is not the default.

use std::sync::Arc;
use std::time::Duration;

use gatepost_jose::dpop::Proofs;
use gatepost_jose::{Algorithm, KeyCache, KeySet, Verifier};

use crate::clock::Clock;
use crate::dpop::Bound;
use crate::fetch::{Fetcher, Limits};
use crate::issuer::Issuer;
use crate::{Error, Guard};

/// What happens to requests when the issuer's keys are older than [`Builder::max_key_age`] and no newer ones can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnKeyFailure {
    /// 503 `issuer_unavailable`, until the issuer answers. A key that was withdrawn stops opening doors.
    #[default]
    Refuse,
    /// Go on with the keys there are. An issuer that is down for days locks nobody out, and a withdrawn key goes on working.
    ServeStale,
}

/// A guard being configured; made by [`Guard::builder`].
///
/// ```no_run
/// # async fn start() -> Result<(), gatepost_guard::Error> {
/// use std::time::Duration;
/// use gatepost_guard::{Algorithm, Guard};
///
/// let guard = Guard::builder()
///     .issuer("https://auth.example.com")
///     .issuer("https://partner.example.com")      // either; `user.issuer` says which
///     .audience("notes-api")
///     .algorithms(&[Algorithm::ES256])
///     .leeway(Duration::from_secs(10))
///     .discover()
///     .await?;
/// # Ok(()) }
/// ```
#[must_use = "call `.discover().await` or `.discover_later()`"]
pub struct Builder {
    issuers: Vec<(String, Option<KeySet>)>,
    audience: String,
    leeway: Duration,
    typ: String,
    algorithms: Option<Vec<Algorithm>>,
    cached_tokens: Option<usize>,
    limits: Limits,
    refresh_after: Duration,
    max_key_age: Duration,
    cooldown: Duration,
    on_key_failure: OnKeyFailure,
    clock: Clock,
    api_keys: bool,
    /// The public URL, and whether only bound tokens are accepted.
    dpop: Option<(String, bool)>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            issuers: Vec::new(),
            audience: String::new(),
            leeway: Duration::from_secs(30),
            typ: "at+jwt".to_owned(),
            algorithms: None,
            cached_tokens: None,
            limits: Limits::default(),
            refresh_after: Duration::from_mins(10),
            max_key_age: Duration::from_hours(24),
            cooldown: Duration::from_secs(30),
            on_key_failure: OnKeyFailure::default(),
            clock: Clock::System,
            api_keys: false,
            dpop: None,
        }
    }

    /// Accepts tokens of this issuer: its URL, exactly as its discovery document and the `iss` of its tokens say.
    /// Call it once per issuer; a key of one never verifies a token of another.
    pub fn issuer(mut self, url: impl Into<String>) -> Self {
        self.issuers.push((url.into(), None));
        self
    }

    /// Accepts tokens of this issuer with exactly these keys: nothing is fetched.
    pub fn issuer_with_keys(mut self, issuer: impl Into<String>, keys: KeySet) -> Self {
        self.issuers.push((issuer.into(), Some(keys)));
        self
    }

    /// The name of this API, which tokens for it carry in `aud`.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = audience.into();
        self
    }

    /// How far the issuer's clock may be off. Default: 30 seconds.
    pub const fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// The signature algorithms to accept. Default: every asymmetric one, each only with a key made for it.
    pub fn algorithms(mut self, algorithms: &[Algorithm]) -> Self {
        self.algorithms = Some(algorithms.to_vec());
        self
    }

    /// The token type (`typ`) to accept. Default: `at+jwt` (RFC 9068). Providers that do not follow it say `JWT`.
    pub fn typ(mut self, typ: impl Into<String>) -> Self {
        self.typ = typ.into();
        self
    }

    /// How many verified tokens are remembered per issuer. Default: 4096; 0 checks every signature every time.
    pub const fn cached_tokens(mut self, entries: usize) -> Self {
        self.cached_tokens = Some(entries);
        self
    }

    /// How long fetching keys may take, discovery and key set together. Default: 5 seconds.
    pub const fn time_limit(mut self, limit: Duration) -> Self {
        self.limits.time = limit;
        self
    }

    /// How many bytes discovery or the key set may have. Default: 1 MiB.
    pub const fn size_limit(mut self, bytes: usize) -> Self {
        self.limits.size = bytes;
        self
    }

    /// When keys are fetched anew, in the background and only while requests come. Default: 10 minutes. A key that the
    /// issuer withdraws is accepted for at most this long.
    pub const fn refresh_after(mut self, age: Duration) -> Self {
        self.refresh_after = age;
        self
    }

    /// Up to what age keys are believed when the issuer cannot be reached. Default: 24 hours.
    pub const fn max_key_age(mut self, age: Duration) -> Self {
        self.max_key_age = age;
        self
    }

    /// How long after a fetch an unknown key is not worth another. Default: 30 seconds. Tokens with invented key ids cost the
    /// issuer one request per this time.
    pub const fn cooldown(mut self, time: Duration) -> Self {
        self.cooldown = time;
        self
    }

    /// What happens when keys are older than [`max_key_age`](Self::max_key_age). Default: [`OnKeyFailure::Refuse`].
    pub const fn on_key_failure(mut self, policy: OnKeyFailure) -> Self {
        self.on_key_failure = policy;
        self
    }

    /// Accepts API keys beside tokens: `X-API-Key: gp_key_…` or `Authorization: Bearer gp_key_…`, one credential a request.
    /// Off unless called, since a key that opens every route is a surprise.
    ///
    /// A key is exchanged once at the first issuer named, and the token it becomes is kept for at most a minute: so long a
    /// revoked key goes on working. With several issuers, the keys are those of the first: no key is shown to another.
    pub const fn api_keys(mut self) -> Self {
        self.api_keys = true;
        self
    }

    /// Accepts tokens that are bound to a key, too: `Authorization: DPoP …` with a proof in the header `DPoP` (RFC 9449). As bearer
    /// tokens those are refused, with or without this; so are other tokens under the scheme `DPoP`.
    ///
    /// A proof names the address it was made for, so the guard must know its own: `public_url` is that under which clients reach
    /// the path `/`, with the prefix that a proxy takes off (`https://example.com/notes`). What a request says about its host is not
    /// believed. A proof is good for a minute, with this process once: each process behind one address remembers its own.
    pub fn dpop(mut self, public_url: impl Into<String>) -> Self {
        self.dpop = Some((public_url.into(), false));
        self
    }

    /// As [`dpop`](Self::dpop), and accepts no other tokens: one that is stolen opens nothing. API keys are bound to nothing, and
    /// cannot be accepted beside.
    pub fn dpop_only(mut self, public_url: impl Into<String>) -> Self {
        self.dpop = Some((public_url.into(), true));
        self
    }

    /// Where the guard takes the time from, in Unix seconds. For tests.
    pub fn clock(mut self, now: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        self.clock = Clock::Given(Arc::new(now));
        self
    }

    /// Fetches the keys of every issuer, and makes the guard. An issuer that cannot be reached, or is not the one
    /// configured, is an error here rather than a 503 for every caller later.
    pub async fn discover(self) -> Result<Guard, Error> {
        let guard = self.discover_later()?;
        for issuer in guard.issuers() {
            issuer.start().await?;
        }
        if let Some(of) = guard.key_issuer()
            && !of.can_exchange()
        {
            let reason = "exchanges nothing: its discovery document names no token_endpoint for that";
            return Err(Error::ApiKeys { issuer: of.verifier.issuer().to_owned(), reason });
        }
        Ok(guard)
    }

    /// Makes the guard without asking anybody: keys are fetched at the first token. Until that works, guarded routes answer
    /// 503 with `Retry-After`. For services that must start before their issuer.
    pub fn discover_later(self) -> Result<Guard, Error> {
        if self.audience.is_empty() {
            return Err(Error::AudienceMissing);
        }
        if self.issuers.is_empty() {
            return Err(Error::IssuerMissing);
        }
        let mut issuers = Vec::with_capacity(self.issuers.len());
        for (at, (issuer, keys)) in self.issuers.iter().enumerate() {
            if self.issuers[..at].iter().any(|(before, _)| before == issuer) {
                return Err(Error::IssuerTwice { issuer: issuer.clone() });
            }
            issuers.push(Arc::new(self.one(issuer, keys.as_ref())?));
        }
        if let (true, Some((issuer, Some(_)))) = (self.api_keys, self.issuers.first()) {
            let reason = "has its keys given and is never asked: name the issuer of the API keys with `.issuer(…)`, first";
            return Err(Error::ApiKeys { issuer: issuer.clone(), reason });
        }
        let bound = self.bound()?;
        Ok(Guard::new(issuers, self.audience, self.clock, self.api_keys, bound))
    }

    fn bound(&self) -> Result<Option<Bound>, Error> {
        let Some((public_url, only)) = &self.dpop else { return Ok(None) };
        if *only && self.api_keys {
            let reason =
                "`.dpop_only(…)` and `.api_keys()` exclude each other, since API keys are bound to no key"
                    .to_owned();
            return Err(Error::Dpop { reason });
        }
        let proofs = Proofs::new(public_url).map_err(|refused| Error::Dpop {
            reason: format!("the public URL is {public_url:?}: {refused}"),
        })?;
        Ok(Some(Bound { proofs, only: *only }))
    }

    fn one(&self, issuer: &str, keys: Option<&KeySet>) -> Result<Issuer, Error> {
        let keys_now = keys.cloned().unwrap_or_else(KeySet::empty);
        let mut verifier =
            Verifier::new(issuer, &self.audience, keys_now).leeway(self.leeway.as_secs()).typ(&self.typ);
        if let Some(algorithms) = &self.algorithms {
            verifier = verifier.algorithms(algorithms);
        }
        if let Some(entries) = self.cached_tokens {
            verifier = verifier.cache(entries);
        }
        if keys.is_some() {
            return Ok(Issuer::offline(verifier));
        }
        let fetcher = Fetcher::new(issuer, self.limits)?;
        let cache = KeyCache::new(self.cooldown.as_secs(), self.max_key_age.as_secs())
            .fresh_for(self.refresh_after.as_secs());
        Ok(Issuer::online(verifier, fetcher, cache, self.on_key_failure, self.clock.clone()))
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let issuers: Vec<_> = self.issuers.iter().map(|(issuer, _)| issuer).collect();
        out.debug_struct("Builder")
            .field("issuers", &issuers)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}
