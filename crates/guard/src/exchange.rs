//! Exchanges what arrives in another form for a token of this API (RFC 8693): once, however many requests bring it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use gatepost_jose::{Exchanged, Exchanges, Subject};
use tokio::sync::{Semaphore, watch};

use crate::fetch::Exchange;
use crate::issuer::Issuer;
use crate::{Credential, Guard, Refusal, User};

/// So many exchanges of one lane are under way at once, whatever arrives.
const AT_ONCE: usize = 16;

/// So many of a lane may be under way or wait for their turn. The next is answered 503 at once.
const WAITING: usize = 256;

/// So many of them may be one user's, who can name organizations without end.
const WAITING_OF_A_USER: usize = 8;

/// What an issuer says of a token whose session has not shown the second factor that an organization asks for (RFC 9470 section 3).
const SECOND_FACTOR_MISSING: &str = "insufficient_user_authentication";

/// For a failure that says nothing about when to try again.
const TRY_AGAIN: u64 = 5;

/// What to exchange, and what must come of it.
pub(crate) enum Wanted {
    /// A token of an API key.
    ApiKey { key: Box<str> },
    /// A token of the same user in another organization.
    Organization { token: Box<str>, user: String, organization: String },
}

impl Wanted {
    fn form(&self) -> Vec<(&str, &str)> {
        match self {
            Self::ApiKey { key } => vec![
                ("subject_token", key),
                ("subject_token_type", "urn:gatepost:params:oauth:token-type:api-key"),
            ],
            Self::Organization { token, organization, .. } => vec![
                ("subject_token", token),
                ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
                ("organization_id", organization),
            ],
        }
    }

    /// Whether a verified token is what was asked for.
    fn is_met_by(&self, got: &User) -> bool {
        match self {
            Self::ApiKey { .. } => got.credential == Credential::ApiKey,
            Self::Organization { user, organization, .. } => {
                got.credential == Credential::Token
                    && got.id == *user
                    && got.organization_id() == Some(organization)
            }
        }
    }

    fn user(&self) -> Option<&str> {
        match self {
            Self::ApiKey { .. } => None,
            Self::Organization { user, .. } => Some(user),
        }
    }

    const fn what(&self) -> &'static str {
        match self {
            Self::ApiKey { .. } => "an API key",
            Self::Organization { .. } => "a token for another organization",
        }
    }
}

/// How an exchange ended.
#[derive(Clone)]
enum Outcome {
    Known(Exchanged),
    Unavailable { retry_after: u64 },
}

/// Exchanges wait for others of their lane alone. Anybody can make up API keys that only the issuer tells from real ones:
/// whoever fills the lane of the unknown keys keeps out neither the keys in use nor the members of organizations.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lane {
    KeysInUse,
    UnknownKeys,
    Organizations,
}

/// The exchanges of one guard: those that are known, and those under way.
pub(crate) struct Exchanging {
    pub(crate) known: Exchanges,
    flights: Mutex<HashMap<Subject, UnderWay>>,
    turns: [Semaphore; 3],
    /// When it was last said that there are too many.
    warned: AtomicI64,
}

struct UnderWay {
    lane: Lane,
    user: Option<Box<str>>,
    landed: watch::Receiver<Option<Outcome>>,
}

impl Default for Exchanging {
    fn default() -> Self {
        let turns = std::array::from_fn(|_| Semaphore::new(AT_ONCE));
        Self {
            known: Exchanges::default(),
            flights: Mutex::default(),
            turns,
            warned: AtomicI64::new(i64::MIN),
        }
    }
}

impl Exchanging {
    fn lane(&self, subject: &Subject, wanted: &Wanted, now: i64) -> Lane {
        match wanted {
            Wanted::Organization { .. } => Lane::Organizations,
            Wanted::ApiKey { .. } if self.known.was_good(subject, now) => Lane::KeysInUse,
            Wanted::ApiKey { .. } => Lane::UnknownKeys,
        }
    }

    /// Once a minute: who sends a flood must not fill the log as well.
    fn warn(&self, what: &str, now: i64) {
        let last = self.warned.load(Ordering::Relaxed);
        if now.saturating_sub(last) >= 60
            && self.warned.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            tracing::warn!("too many exchanges of {what} wait for their issuer; the next are answered 503");
        }
    }
}

/// Whether there is room for one more in the lane, and of this user.
fn has_room(flights: &HashMap<Subject, UnderWay>, lane: Lane, user: Option<&str>) -> bool {
    let of_lane = || flights.values().filter(|flight| flight.lane == lane);
    of_lane().count() < WAITING
        && (user.is_none()
            || of_lane().filter(|flight| flight.user.as_deref() == user).count() < WAITING_OF_A_USER)
}

impl<I> Guard<I> {
    /// The token of a subject, exchanged now or in the flight that is under way. `None`: the issuer refused it. An error: it did for want
    /// of a second factor, or does not answer.
    pub(crate) async fn exchange(
        &self,
        issuer: &Arc<Issuer>,
        subject: Subject,
        wanted: Wanted,
    ) -> Result<Option<Arc<str>>, Refusal> {
        let unavailable = Err(Refusal::Unavailable { retry_after: TRY_AGAIN });
        let Some(mut flight) = self.flight(issuer, subject, wanted) else {
            return unavailable;
        };
        // It ends without an outcome only when its task was stopped.
        let Ok(landed) = flight.wait_for(Option::is_some).await.map(|outcome| outcome.clone()) else {
            return unavailable;
        };
        match landed {
            Some(Outcome::Known(Exchanged::Token(token))) => Ok(Some(token)),
            Some(Outcome::Known(Exchanged::Refused)) => Ok(None),
            Some(Outcome::Known(Exchanged::SecondFactorMissing)) => Err(Refusal::SecondFactorMissing),
            Some(Outcome::Unavailable { retry_after }) => Err(Refusal::Unavailable { retry_after }),
            None => unavailable,
        }
    }

    /// Joins the flight of this subject, or starts it as a task of its own: a caller who goes away must not stop it for the
    /// others. `None`: there are too many.
    fn flight(
        &self,
        issuer: &Arc<Issuer>,
        subject: Subject,
        wanted: Wanted,
    ) -> Option<watch::Receiver<Option<Outcome>>> {
        let runtime = tokio::runtime::Handle::try_current().ok()?;
        let exchanging = self.exchanging();
        let lane = exchanging.lane(&subject, &wanted, self.now());
        let mut flights = exchanging.flights.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(under_way) = flights.get(&subject) {
            return Some(under_way.landed.clone());
        }
        if !has_room(&flights, lane, wanted.user()) {
            drop(flights);
            exchanging.warn(wanted.what(), self.now());
            return None;
        }
        let (landed, flight) = watch::channel(None);
        let user = wanted.user().map(Box::from);
        flights.insert(subject, UnderWay { lane, user, landed: flight.clone() });
        drop(flights);
        let guard: Guard = self.clone().tagged();
        let (issuer, exchanging) = (issuer.clone(), exchanging.clone());
        let ending = Flight { exchanging, subject };
        runtime.spawn(async move {
            let outcome = guard.fly(&issuer, subject, &wanted, lane).await;
            landed.send_replace(Some(outcome));
            drop(ending);
        });
        Some(flight)
    }
}

impl Guard {
    async fn fly(&self, issuer: &Arc<Issuer>, subject: Subject, wanted: &Wanted, lane: Lane) -> Outcome {
        let exchanging = self.exchanging();
        // A flight may have landed between the look that found nothing and the start of this one.
        match exchanging.known.find(&subject, self.now()) {
            Some(Exchanged::Token(token)) if self.judge_exchanged(&token).is_some() => {
                return Outcome::Known(Exchanged::Token(token));
            }
            Some(refused @ (Exchanged::Refused | Exchanged::SecondFactorMissing)) => {
                return Outcome::Known(refused);
            }
            _ => {}
        }
        let unavailable = |retry_after| Outcome::Unavailable { retry_after };
        let turns = &exchanging.turns[lane as usize];
        let Ok(Ok(_turn)) = tokio::time::timeout(issuer.time_limit(), turns.acquire()).await else {
            return unavailable(TRY_AGAIN);
        };
        let (name, what) = (issuer.verifier.issuer(), wanted.what());
        match issuer.exchange(&wanted.form(), self.now()).await {
            Ok(Exchange::Token(token)) => match self.verify_token(&token).await {
                Ok(user) if user.issuer == name && wanted.is_met_by(&user) => {
                    let token: Arc<str> = token.into();
                    exchanging.known.exchanged(subject, token.clone(), user.expires_at, self.now());
                    return Outcome::Known(Exchanged::Token(token));
                }
                Err(Refusal::Unavailable { retry_after }) => return unavailable(retry_after),
                _ => {
                    tracing::warn!(
                        issuer = name,
                        "{name} exchanged {what} for a token that is not good here"
                    );
                }
            },
            Ok(Exchange::Refused(error)) => {
                tracing::debug!(issuer = name, error, "{name} does not exchange {what}: {error}");
                if error == SECOND_FACTOR_MISSING && wanted.user().is_some() {
                    exchanging.known.lacks_second_factor(subject, self.now());
                    return Outcome::Known(Exchanged::SecondFactorMissing);
                }
            }
            Err(retry_after) => return unavailable(retry_after),
        }
        exchanging.known.refused(subject, self.now());
        Outcome::Known(Exchanged::Refused)
    }
}

/// An exchange under way. However it ends, the next starts anew: a panic or a runtime that stops must not leave it there.
struct Flight {
    exchanging: Arc<Exchanging>,
    subject: Subject,
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.exchanging.flights.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.subject);
    }
}
