//! The guard: verifies the token of a request, and asks the issuer for keys when it must.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gatepost_jose::{Claims, Exchanged, KeySet, Refused, Subject, Verifier, Verifiers, is_api_key};
use http::request::Parts;
use http::{Extensions, HeaderMap};

use crate::clock::Clock;
use crate::credential::{Presented, bearer, token_or_api_key};
use crate::current_user::Seen;
use crate::exchange::{Exchanging, Wanted};
use crate::issuer::{Age, Issuer, Why};
use crate::user::Users;
use crate::{Builder, Error, Refusal, RequireLayer, Rule, User};

/// The tag of an application's only guard. Applications with several use their own: `struct Staff;` and `Guard<Staff>`.
#[derive(Debug, Clone, Copy)]
pub struct Main;

/// Verifies the access tokens of one API: which issuers, which audience, and their keys.
///
/// Cheap to clone; keep one in the router's state. `I` tells several guards of one application apart in types.
pub struct Guard<I = Main> {
    inner: Arc<Inner>,
    tag: PhantomData<fn() -> I>,
}

struct Inner {
    /// Tells guards apart on one request. A counter and not an address, which could come back.
    serial: u64,
    issuers: Vec<Arc<Issuer>>,
    audience: String,
    verifiers: Verifiers,
    users: Users,
    clock: Clock,
    /// Whether API keys are accepted: those of the first issuer.
    api_keys: bool,
    exchanging: Arc<Exchanging>,
}

impl Guard {
    /// A guard for the tokens that `issuer` makes for `audience`, with the keys fetched.
    ///
    /// The issuer is any OpenID provider: its URL, exactly as its discovery document says. Fails when it cannot be reached,
    /// calls itself something else, or publishes no usable key.
    pub async fn discover(issuer: impl Into<String>, audience: impl Into<String>) -> Result<Self, Error> {
        Self::builder().issuer(issuer).audience(audience).discover().await
    }

    /// A guard with several issuers, other limits, or other policies.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// A guard with these keys and no network: for tests, and for machines without one.
    pub fn from_keys(issuer: impl Into<String>, audience: impl Into<String>, keys: KeySet) -> Self {
        let audience = audience.into();
        let verifier = Verifier::new(&issuer.into(), &audience, keys);
        Self::new(vec![Arc::new(Issuer::offline(verifier))], audience, Clock::System, false)
    }

    pub(crate) fn new(issuers: Vec<Arc<Issuer>>, audience: String, clock: Clock, api_keys: bool) -> Self {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        let verifiers = Verifiers::new(issuers.iter().map(|issuer| issuer.verifier.clone()).collect());
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let users = Users::new();
        let exchanging = Arc::default();
        let inner = Inner { serial, issuers, audience, verifiers, users, clock, api_keys, exchanging };
        Self { inner: Arc::new(inner), tag: PhantomData }
    }
}

impl<I> Guard<I> {
    /// The same guard under another tag, for applications with several: `Guard::discover(…).await?.tagged::<Staff>()`.
    pub fn tagged<Tag>(self) -> Guard<Tag> {
        Guard { inner: self.inner, tag: PhantomData }
    }

    /// A layer that lets only callers through who satisfy `R`, and puts `Extension<CurrentUser>` on the request:
    /// `routes.route_layer(guard.require::<Admin>())`.
    pub fn require<R: Rule>(&self) -> RequireLayer<R, I> {
        RequireLayer::new(self.clone())
    }

    /// Verifies a token that came some other way than the `Authorization` header, such as the first message of a WebSocket; or
    /// an API key, where those are accepted.
    /// Never take it from a query string: those are logged.
    pub async fn verify(&self, token: &str) -> Result<User, Refusal> {
        let presented =
            if self.inner.api_keys { Presented::by_prefix(token) } else { Presented::Token(token) };
        match self.look_at(&presented) {
            Look::Done(user) => user,
            Look::AskIssuer(question) => self.ask(question).await,
        }
    }

    pub(crate) fn issuers(&self) -> &[Arc<Issuer>] {
        &self.inner.issuers
    }

    /// Whose API keys are accepted, if any.
    pub(crate) fn key_issuer(&self) -> Option<&Arc<Issuer>> {
        self.inner.issuers.first().filter(|_| self.inner.api_keys)
    }

    pub(crate) fn exchanging(&self) -> &Arc<Exchanging> {
        &self.inner.exchanging
    }

    pub(crate) fn serial(&self) -> u64 {
        self.inner.serial
    }

    pub(crate) fn now(&self) -> i64 {
        self.inner.clock.now()
    }

    /// The caller of this request, looked up when a guard before has found them.
    pub(crate) async fn identify(&self, parts: &mut Parts) -> Result<User, Refusal> {
        if let Some(user) = Seen::find(&parts.extensions, self.inner.serial) {
            return Ok(user.clone());
        }
        match self.read(&parts.headers) {
            // Looking a token up again costs no more than noting the caller on the request.
            Look::Done(user) => user,
            Look::AskIssuer(question) => {
                // In a box, as it is rare and large: the future of every guarded handler has room for what it awaits.
                let user = Box::pin(self.ask(question)).await?;
                self.remember(&mut parts.extensions, &user);
                Ok(user)
            }
        }
    }

    /// As far as one gets without waiting, which is all the way but for keys that must be fetched.
    pub(crate) fn look(&self, headers: &HeaderMap, extensions: &Extensions) -> Look {
        match Seen::find(extensions, self.inner.serial) {
            Some(user) => Look::Done(Ok(user.clone())),
            None => self.read(headers),
        }
    }

    /// Notes the caller on the request, for the next guard that asks.
    pub(crate) fn remember(&self, extensions: &mut Extensions, user: &User) {
        Seen::note(extensions, self.inner.serial, user);
    }

    fn read(&self, headers: &HeaderMap) -> Look {
        let presented = if self.inner.api_keys {
            token_or_api_key(headers)
        } else {
            bearer(headers).map(Presented::Token)
        };
        match presented {
            Ok(presented) => self.look_at(&presented),
            Err(refusal) => Look::Done(Err(refusal)),
        }
    }

    fn look_at(&self, presented: &Presented<'_>) -> Look {
        match presented {
            Presented::Token(token) => self.judge(token),
            Presented::ApiKey(key) => self.judge_key(key),
        }
    }

    /// A key is worth what it was exchanged for; one that is new is exchanged first.
    fn judge_key(&self, key: &str) -> Look {
        let Some(issuer) = self.key_issuer() else {
            return Look::Done(Err(Refusal::Invalid));
        };
        let subject = Subject::api_key(key);
        match self.inner.exchanging.known.find(&subject, self.now()) {
            Some(Exchanged::Token(token)) => match self.judge(&token) {
                Look::AskIssuer(Question::Keys { why: Why::UnknownKey, .. }) | Look::Done(Err(_)) => {
                    // Its key was withdrawn, or it was revoked: the issuer has the last word.
                }
                look => return look,
            },
            Some(Exchanged::Refused) => return Look::Done(Err(Refusal::Invalid)),
            None if !is_api_key(key) => {
                tracing::debug!("refused an API key: its shape or checksum is wrong");
                return Look::Done(Err(Refusal::Invalid));
            }
            None => {}
        }
        let wanted = Wanted::ApiKey { key: key.into() };
        Look::AskIssuer(Question::Exchange { issuer: issuer.clone(), subject, wanted })
    }

    /// Whom a token that was exchanged before stands for now. `None`: exchange anew.
    pub(crate) fn judge_exchanged(&self, token: &str) -> Option<User> {
        match self.judge(token) {
            Look::Done(user) => user.ok(),
            Look::AskIssuer(_) => None,
        }
    }

    fn judge(&self, token: &str) -> Look {
        let now = self.inner.clock.now();
        let refused = match self.inner.verifiers.verify(token, now) {
            Ok(claims) => {
                let issuer = self.issuer_named(claims.issuer());
                match issuer.map_or(Age::Usable, |issuer| issuer.age(now)) {
                    Age::Usable => return Look::Done(Ok(self.user(claims, now))),
                    Age::TooOld => return Look::ask(issuer, Why::TooOld, token, now),
                }
            }
            Err(refused) => refused,
        };
        if refused.is_unknown_key() {
            let named = self
                .inner
                .verifiers
                .claimed_issuer(token)
                .and_then(|known| self.issuer_named(known.issuer()));
            if named.is_some_and(|issuer| issuer.can_be_asked()) {
                return Look::ask(named, Why::UnknownKey, token, now);
            }
        }
        Look::Done(Err(refusal(refused)))
    }

    /// Judges once more, after the issuer was asked.
    pub(crate) async fn ask(&self, question: Question) -> Result<User, Refusal> {
        match question {
            Question::Keys { issuer, why, token, asked_at } => {
                self.ask_for_keys(&issuer, why, &token, asked_at).await
            }
            Question::Exchange { issuer, subject, wanted } => {
                let token = self.exchange(&issuer, subject, wanted).await?.ok_or(Refusal::Invalid)?;
                self.verify_token(&token).await
            }
        }
    }

    /// Whom a token stands for, keys fetched if that is needed.
    pub(crate) async fn verify_token(&self, token: &str) -> Result<User, Refusal> {
        match self.judge(token) {
            Look::Done(user) => user,
            Look::AskIssuer(Question::Keys { issuer, why, token, asked_at }) => {
                self.ask_for_keys(&issuer, why, &token, asked_at).await
            }
            Look::AskIssuer(Question::Exchange { .. }) => Err(Refusal::Invalid),
        }
    }

    async fn ask_for_keys(
        &self,
        issuer: &Arc<Issuer>,
        why: Why,
        token: &str,
        asked_at: i64,
    ) -> Result<User, Refusal> {
        issuer.ask(why, asked_at).await;
        let now = self.inner.clock.now();
        if let Some(retry_after) = issuer.unavailable(now) {
            return Err(Refusal::Unavailable { retry_after });
        }
        self.inner.verifiers.verify(token, now).map(|claims| self.user(claims, now)).map_err(refusal)
    }

    fn user(&self, claims: Arc<Claims>, now: i64) -> User {
        self.inner.users.of(claims, now)
    }

    pub(crate) fn issuer_named(&self, name: &str) -> Option<&Arc<Issuer>> {
        match self.inner.issuers.as_slice() {
            [only] => Some(only),
            several => several.iter().find(|issuer| issuer.verifier.issuer() == name),
        }
    }
}

/// What a first look at a request brings.
pub(crate) enum Look {
    Done(Result<User, Refusal>),
    AskIssuer(Question),
}

/// What only the issuer can answer.
pub(crate) enum Question {
    /// A token waits for its issuer's keys.
    Keys { issuer: Arc<Issuer>, why: Why, token: Box<str>, asked_at: i64 },
    /// A credential is to be exchanged.
    Exchange { issuer: Arc<Issuer>, subject: Subject, wanted: Wanted },
}

impl Look {
    #[cold]
    fn ask(issuer: Option<&Arc<Issuer>>, why: Why, token: &str, asked_at: i64) -> Self {
        match issuer {
            Some(issuer) => {
                Self::AskIssuer(Question::Keys { issuer: issuer.clone(), why, token: token.into(), asked_at })
            }
            None => Self::Done(Err(Refusal::Invalid)),
        }
    }
}

/// What the caller may know of a refusal. The log gets the rest.
fn refusal(refused: Refused) -> Refusal {
    let code = refused.code();
    tracing::debug!(code, "refused an access token: {code}: {refused}");
    if refused.is_expired() { Refusal::Expired } else { Refusal::Invalid }
}

// By hand: the derive would ask for `I: Clone`.
impl<I> Clone for Guard<I> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), tag: PhantomData }
    }
}

impl<I> std::fmt::Debug for Guard<I> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let issuers: Vec<_> = self.inner.issuers.iter().map(|issuer| issuer.verifier.issuer()).collect();
        out.debug_struct("Guard").field("issuers", &issuers).field("audience", &self.inner.audience).finish()
    }
}
