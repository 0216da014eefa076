//! One issuer as a guard knows it: its verifier, and keys that are fetched when needed and never more often than allowed.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gatepost_jose::{FetchReason, KeyCache, KeyState, Verifier};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::fetch::{Exchange, Fetcher};
use crate::{Error, OnKeyFailure};

/// An issuer whose tokens a guard accepts.
pub(crate) struct Issuer {
    pub(crate) verifier: Arc<Verifier>,
    /// `None`: the keys were given and stay.
    remote: Option<Arc<Remote>>,
}

/// Keys that live at the issuer.
struct Remote {
    verifier: Arc<Verifier>,
    fetcher: Fetcher,
    cache: KeyCache,
    clock: Clock,
    on_failure: OnKeyFailure,
    /// The second in which the keys were last found good: one look a second is enough, and requests in between read only this.
    looked_at: AtomicI64,
    /// When it was last said that nothing is exchanged.
    warned: AtomicI64,
    /// Whether a fetch is under way. Behind a lock when it starts, so that nobody misses the start.
    flight: watch::Sender<bool>,
    starting: Mutex<()>,
}

/// Seconds after which a failed exchange is worth another try.
const EXCHANGE_AGAIN: u64 = 5;

/// What the age of the keys means for a token they just verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Age {
    /// Good to use.
    Usable,
    /// Older than the guard accepts: fetch first, and without new keys refuse.
    TooOld,
}

/// A question that only the issuer can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// The token names a key we do not have.
    UnknownKey,
    /// Our keys are too old to be believed.
    TooOld,
}

impl Issuer {
    /// An issuer whose keys are given.
    pub(crate) fn offline(verifier: Verifier) -> Self {
        Self { verifier: Arc::new(verifier), remote: None }
    }

    /// An issuer whose keys are fetched.
    pub(crate) fn online(
        verifier: Verifier,
        fetcher: Fetcher,
        cache: KeyCache,
        on_failure: OnKeyFailure,
        clock: Clock,
    ) -> Self {
        let verifier = Arc::new(verifier);
        let remote = Remote {
            verifier: verifier.clone(),
            fetcher,
            cache,
            clock,
            on_failure,
            warned: AtomicI64::new(i64::MIN),
            looked_at: AtomicI64::new(i64::MIN),
            flight: watch::Sender::new(false),
            starting: Mutex::new(()),
        };
        Self { verifier, remote: Some(Arc::new(remote)) }
    }

    /// Fetches the keys for the first time, and says why that failed.
    pub(crate) async fn start(&self) -> Result<(), Error> {
        let Some(remote) = &self.remote else { return Ok(()) };
        // Takes the flight, so that the cache knows of this fetch. Nobody else knows this issuer yet.
        let _first = remote.cache.should_fetch(FetchReason::Never, remote.clock.now());
        remote.fetch().await
    }

    /// Looks at the age of the keys, and starts a refresh in the background when they are due for one.
    #[inline]
    pub(crate) fn age(&self, now: i64) -> Age {
        match &self.remote {
            Some(remote) if now != remote.looked_at.load(Ordering::Relaxed) => remote.look_after(now),
            _ => Age::Usable,
        }
    }

    /// Whether asking the issuer could change the answer.
    pub(crate) const fn can_be_asked(&self) -> bool {
        self.remote.is_some()
    }

    /// Whether credentials can be exchanged here, as far as is known now.
    pub(crate) fn can_exchange(&self) -> bool {
        self.remote.as_ref().is_some_and(|remote| remote.fetcher.token_endpoint().is_some())
    }

    /// How long one exchange may take.
    pub(crate) fn time_limit(&self) -> Duration {
        self.remote.as_ref().map_or(Duration::ZERO, |remote| remote.fetcher.time_limit())
    }

    /// Exchanges a credential (RFC 8693). `Err`: seconds until it is worth trying again.
    pub(crate) async fn exchange(&self, form: &[(&str, &str)], now: i64) -> Result<Exchange, u64> {
        let remote = self.remote.as_ref().ok_or(EXCHANGE_AGAIN)?;
        // Discovery says where, and the keys verify what comes.
        if remote.cache.state(now) == KeyState::Empty {
            self.ask(Why::UnknownKey, now).await;
        }
        if let Some(retry_after) = self.unavailable(now) {
            return Err(retry_after);
        }
        let issuer = self.verifier.issuer();
        let Some(endpoint) = remote.fetcher.token_endpoint() else {
            tracing::warn!(
                issuer,
                "{issuer} exchanges nothing: its discovery document names no token_endpoint for that"
            );
            return Err(EXCHANGE_AGAIN);
        };
        remote.fetcher.exchange(&endpoint, form).await.map_err(|error| {
            // Once a minute: who sends credentials that must be exchanged must not fill the log while the issuer is down.
            let last = remote.warned.load(Ordering::Relaxed);
            if now.saturating_sub(last) >= 60 {
                remote.warned.store(now, Ordering::Relaxed);
                tracing::warn!(issuer, "{issuer} did not exchange a credential: {error}");
            }
            EXCHANGE_AGAIN
        })
    }

    /// Fetches the keys if that is allowed now, or waits for the fetch that is under way.
    pub(crate) async fn ask(&self, why: Why, now: i64) {
        let Some(remote) = &self.remote else { return };
        let reason = match (remote.cache.state(now), why) {
            (KeyState::Empty, _) => FetchReason::Never,
            (_, Why::UnknownKey) => FetchReason::UnknownKid,
            (_, Why::TooOld) => FetchReason::Stale,
        };
        let mut flight = remote.start_flight(reason, now);
        // The sender lives in `remote`: this ends when the fetch does.
        let _ = flight.wait_for(|under_way| !under_way).await;
    }

    /// After asking: seconds until it is worth trying again, if there still are no keys to believe.
    pub(crate) fn unavailable(&self, now: i64) -> Option<u64> {
        let remote = self.remote.as_ref()?;
        let believed = match remote.cache.state(now) {
            KeyState::Empty => false,
            KeyState::Expired => remote.on_failure == OnKeyFailure::ServeStale,
            KeyState::Fresh | KeyState::Stale => true,
        };
        (!believed).then(|| remote.cache.retry_after(now).max(1))
    }
}

impl Remote {
    /// The slow side of [`Issuer::age`].
    #[cold]
    fn look_after(self: &Arc<Self>, now: i64) -> Age {
        let state = self.cache.state(now);
        if matches!(state, KeyState::Stale | KeyState::Expired) {
            drop(self.start_flight(FetchReason::Stale, now));
        }
        match state {
            KeyState::Expired | KeyState::Empty if self.on_failure == OnKeyFailure::Refuse => Age::TooOld,
            _ => {
                self.looked_at.store(now, Ordering::Relaxed);
                Age::Usable
            }
        }
    }

    /// Starts a fetch of its own task, if the cache allows one: a caller who goes away must not stop it for the others.
    fn start_flight(self: &Arc<Self>, reason: FetchReason, now: i64) -> watch::Receiver<bool> {
        let _one_at_a_time = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return self.flight.subscribe();
        };
        if self.cache.should_fetch(reason, now) {
            self.flight.send_replace(true);
            let mut flight = Flight { remote: self.clone(), landed: false };
            runtime.spawn(async move {
                let fetched = flight.remote.fetch().await;
                flight.landed = true;
                if let Err(error) = fetched {
                    let issuer = flight.remote.fetcher.issuer();
                    tracing::warn!(issuer, "the keys of {issuer} were not fetched: {error}");
                }
            });
        }
        self.flight.subscribe()
    }

    /// Fetches, and replaces the keys only by good ones: the last good set is kept through any failure.
    async fn fetch(&self) -> Result<(), Error> {
        let fetched = self.fetcher.keys().await;
        let now = self.clock.now();
        match fetched {
            Ok(keys) => {
                let issuer = self.fetcher.issuer();
                tracing::info!(issuer, keys = keys.len(), "fetched the keys of {issuer}: {}", keys.len());
                self.verifier.replace_keys(keys.clone());
                self.cache.fetched(now, keys);
                Ok(())
            }
            Err(error) => {
                self.cache.failed(now);
                Err(error)
            }
        }
    }
}

/// A fetch under way. However it ends, the others hear of it: a panic or a runtime that stops must not leave them waiting.
struct Flight {
    remote: Arc<Remote>,
    landed: bool,
}

impl Drop for Flight {
    fn drop(&mut self) {
        if !self.landed {
            self.remote.cache.failed(self.remote.clock.now());
        }
        self.remote.flight.send_replace(false);
    }
}
