//! The guard: verifies the token of a request, and asks the issuer for keys when it must.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gatepost_jose::dpop::Proved;
use gatepost_jose::{Claims, Exchanged, KeySet, Proof, Refused, Subject, Verifier, Verifiers, is_api_key};
use http::Extensions;
use http::request::Parts;

use crate::clock::Clock;
use crate::credential::{Presented, presented};
use crate::current_user::Seen;
use crate::dpop::{Bound, Head, is_under_dpop};
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
    /// How tokens that are bound to a key are taken, if they are.
    bound: Option<Bound>,
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
        Self::new(vec![Arc::new(Issuer::offline(verifier))], audience, Clock::System, false, None)
    }

    pub(crate) fn new(
        issuers: Vec<Arc<Issuer>>,
        audience: String,
        clock: Clock,
        api_keys: bool,
        bound: Option<Bound>,
    ) -> Self {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        let verifiers = Verifiers::new(issuers.iter().map(|issuer| issuer.verifier.clone()).collect());
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let users = Users::new();
        let exchanging = Arc::default();
        let inner = Inner { serial, issuers, audience, verifiers, users, clock, api_keys, bound, exchanging };
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
    /// Never take it from a query string: those are logged. A token that is bound to a key is refused: nothing proves possession.
    pub async fn verify(&self, token: &str) -> Result<User, Refusal> {
        let presented =
            if self.inner.api_keys { Presented::by_prefix(token) } else { Presented::Token(token) };
        match self.look_at(&presented, None) {
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

    pub(crate) fn bound(&self) -> Option<&Bound> {
        self.inner.bound.as_ref()
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
        let user = match self.read(Head::of(parts)) {
            // Looking a token up again costs no more than noting the caller on the request. A proof is good once.
            Look::Done(user) if self.inner.bound.is_none() || !is_under_dpop(&parts.headers) => {
                return user.map_err(|refusal| self.challenged(refusal, &parts.headers));
            }
            Look::Done(user) => user,
            // In a box, as it is rare and large: the future of every guarded handler has room for what it awaits.
            Look::AskIssuer(question) => Box::pin(self.ask(question)).await,
        };
        let user = user.map_err(|refusal| self.challenged(refusal, &parts.headers))?;
        self.remember(&mut parts.extensions, &user);
        Ok(user)
    }

    /// As far as one gets without waiting, which is all the way but for keys that must be fetched.
    pub(crate) fn look(&self, head: Head<'_>) -> Look {
        match Seen::find(head.extensions, self.inner.serial) {
            Some(user) => Look::Done(Ok(user.clone())),
            None => self.read(head),
        }
    }

    /// Notes the caller on the request, for the next guard that asks.
    pub(crate) fn remember(&self, extensions: &mut Extensions, user: &User) {
        Seen::note(extensions, self.inner.serial, user);
    }

    fn read(&self, head: Head<'_>) -> Look {
        match presented(head.headers, self.inner.api_keys) {
            Ok(presented) => self.look_at(&presented, Some(head)),
            Err(refusal) => Look::Done(Err(refusal)),
        }
    }

    fn look_at(&self, presented: &Presented<'_>, head: Option<Head<'_>>) -> Look {
        match (presented, &self.inner.bound, head) {
            (Presented::Token(_), Some(Bound { only: true, .. }), _) => {
                tracing::debug!(
                    reason = "bearer_token",
                    "refused an access token: those here are bound to a key"
                );
                Look::Done(Err(Refusal::Invalid))
            }
            (Presented::Token(token), ..) => self.judge(token),
            (Presented::ApiKey(key), ..) => self.judge_key(key),
            (Presented::Bound(token), Some(bound), Some(head)) => self.judge_bound(bound, head, token),
            // A scheme that this guard does not speak.
            (Presented::Bound(_), ..) => Look::Done(Err(Refusal::Missing)),
        }
    }

    /// A token under the scheme `DPoP` is worth what its proof is.
    fn judge_bound(&self, bound: &Bound, head: Head<'_>, token: &str) -> Look {
        match bound.prove(head, token, self.now()) {
            Ok(proved) => self.judge_with(token, Some(proved)),
            Err(refusal) => Look::Done(Err(refusal)),
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
            Some(Exchanged::Refused | Exchanged::SecondFactorMissing) => {
                return Look::Done(Err(Refusal::Invalid));
            }
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
        self.judge_with(token, None)
    }

    fn judge_with(&self, token: &str, proved: Option<Box<Proved>>) -> Look {
        let now = self.inner.clock.now();
        let refused = match self.verified(token, proved.as_deref(), now) {
            Ok(claims) => {
                let issuer = self.issuer_named(claims.issuer());
                match issuer.map_or(Age::Usable, |issuer| issuer.age(now)) {
                    Age::Usable => return Look::Done(self.admit(claims, proved.as_deref(), now)),
                    Age::TooOld => return Look::ask(issuer, Why::TooOld, (token, proved), now),
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
                return Look::ask(named, Why::UnknownKey, (token, proved), now);
            }
        }
        Look::Done(Err(refusal(refused)))
    }

    /// Judges once more, after the issuer was asked.
    pub(crate) async fn ask(&self, question: Question) -> Result<User, Refusal> {
        match question {
            Question::Keys { issuer, why, token, proved, asked_at } => {
                self.ask_for_keys(&issuer, why, (&token, proved), asked_at).await
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
            Look::AskIssuer(Question::Keys { issuer, why, token, proved, asked_at }) => {
                self.ask_for_keys(&issuer, why, (&token, proved), asked_at).await
            }
            Look::AskIssuer(Question::Exchange { .. }) => Err(Refusal::Invalid),
        }
    }

    async fn ask_for_keys(
        &self,
        issuer: &Arc<Issuer>,
        why: Why,
        (token, proved): (&str, Option<Box<Proved>>),
        asked_at: i64,
    ) -> Result<User, Refusal> {
        issuer.ask(why, asked_at).await;
        let now = self.inner.clock.now();
        if let Some(retry_after) = issuer.unavailable(now) {
            return Err(Refusal::Unavailable { retry_after });
        }
        let claims = self.verified(token, proved.as_deref(), now).map_err(refusal)?;
        self.admit(claims, proved.as_deref(), now)
    }

    fn verified(&self, token: &str, proved: Option<&Proved>, now: i64) -> Result<Arc<Claims>, Refused> {
        match proved {
            None => self.inner.verifiers.verify(token, now),
            Some(proved) => {
                self.inner.verifiers.verify_with_proof(token, Proof::Key(&proved.thumbprint), now)
            }
        }
    }

    /// Whom a good token stands for. Its proof is used up: last of all, so that nobody fills the memory of proofs without a token.
    fn admit(&self, claims: Arc<Claims>, proved: Option<&Proved>, now: i64) -> Result<User, Refusal> {
        if let (Some(bound), Some(proved)) = (&self.inner.bound, proved) {
            bound.take(proved, now)?;
        }
        Ok(self.inner.users.of(claims, now))
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
    /// A token waits for its issuer's keys, with what was proved beside it.
    Keys { issuer: Arc<Issuer>, why: Why, token: Box<str>, proved: Option<Box<Proved>>, asked_at: i64 },
    /// A credential is to be exchanged.
    Exchange { issuer: Arc<Issuer>, subject: Subject, wanted: Wanted },
}

impl Look {
    #[cold]
    fn ask(
        issuer: Option<&Arc<Issuer>>,
        why: Why,
        (token, proved): (&str, Option<Box<Proved>>),
        asked_at: i64,
    ) -> Self {
        match issuer {
            Some(issuer) => {
                let (issuer, token) = (issuer.clone(), token.into());
                Self::AskIssuer(Question::Keys { issuer, why, token, proved, asked_at })
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
