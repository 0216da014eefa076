//! Verifying access tokens of one issuer for one audience.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arc_swap::ArcSwap;

use crate::header::{Compact, Header};
use crate::seen::Seen;
use crate::{Algorithm, Claims, KeySet, Refused, VerifyingKey, base64url, jws};

/// So many different headers are recognised by their text. Issuers use one per key.
const KNOWN_HEADERS: usize = 8;

/// Asked last, for every token that is otherwise good, also when it was seen before.
///
/// An implementation looks into its own memory (what the issuer's revocation feed told it) and never waits.
pub trait Revocations: Send + Sync {
    /// `Ok` to let the token pass; [`Refused::Revoked`] or [`Refused::RevocationUnknown`] to stop it.
    fn check(&self, claims: &Claims, now: i64) -> Result<(), Refused>;
}

/// What the caller has checked that the presenter of a bound token possesses (RFC 7800).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Proof<'a> {
    /// The thumbprint of the key that signed a DPoP proof for this request (RFC 9449 section 6.1).
    Key(&'a str),
    /// base64url of the SHA-256 of the TLS client certificate (RFC 8705 section 3.1).
    Certificate(&'a str),
}

/// Verifies the access tokens of one issuer, meant for one audience. Share it behind an `Arc`.
///
/// The order of the checks: size, shape, header, algorithm bound to the key, signature, types of the claims, `typ`, `iss`, `aud`,
/// time, possession (`cnf`), revocation. `iss`, `sub`, `aud`, `exp` and `iat` must be there.
///
/// A token that was verified before costs a look-up; its time and its revocation are checked each time.
pub struct Verifier {
    issuer: Box<str>,
    audience: Box<str>,
    typ: Box<str>,
    typ_may_be_absent: bool,
    allowed: u16,
    leeway: i64,
    keys: ArcSwap<Generation>,
    /// Counts the replacements of the keys. Never ahead of `keys`.
    generation: AtomicU64,
    replacing: Mutex<()>,
    seen: Option<Seen<Claims>>,
    revocations: Option<Arc<dyn Revocations>>,
}

/// One generation of keys.
struct Generation {
    keys: KeySet,
    number: u64,
    /// Headers, as text, of tokens that passed: such a text says by itself which key it is, and that `alg` and `typ` are right.
    headers: [OnceLock<(Box<[u8]>, VerifyingKey)>; KNOWN_HEADERS],
}

impl Generation {
    fn new(keys: KeySet, number: u64) -> Arc<Self> {
        Arc::new(Self { keys, number, headers: Default::default() })
    }

    fn known(&self, header: &[u8]) -> Option<&VerifyingKey> {
        self.headers.iter().map_while(OnceLock::get).find(|(text, _)| **text == *header).map(|(_, key)| key)
    }

    fn remember(&self, header: &[u8], key: &VerifyingKey) {
        for slot in &self.headers {
            let mut new = false;
            let (text, _) = slot.get_or_init(|| {
                new = true;
                (header.into(), key.clone())
            });
            if new || **text == *header {
                return;
            }
        }
    }
}

impl Verifier {
    /// A verifier for tokens of `issuer` (compared as a string with `iss`) that name `audience` in `aud`.
    ///
    /// Accepts the asymmetric algorithms, `typ` `at+jwt`, 30 seconds of leeway; keeps 4096 verified tokens.
    pub fn new(issuer: &str, audience: &str, keys: KeySet) -> Self {
        Self {
            issuer: issuer.into(),
            audience: audience.into(),
            typ: "at+jwt".into(),
            typ_may_be_absent: false,
            allowed: Algorithm::bits(&Algorithm::ASYMMETRIC),
            leeway: 30,
            keys: ArcSwap::new(Generation::new(keys, 0)),
            generation: AtomicU64::new(0),
            replacing: Mutex::default(),
            seen: Seen::new(4096),
            revocations: None,
        }
    }

    /// Accepts these algorithms and no other. HS256, HS384 and HS512 only work when named here.
    #[must_use]
    pub fn algorithms(mut self, algorithms: &[Algorithm]) -> Self {
        self.allowed = Algorithm::bits(algorithms);
        self.afresh()
    }

    /// How far, in seconds, the clocks may differ; applied to `exp`, `nbf` and `iat`. At most a day.
    #[must_use]
    pub fn leeway(mut self, seconds: u64) -> Self {
        self.leeway = i64::try_from(seconds.min(86_400)).unwrap_or_default();
        self
    }

    /// The `typ` to expect, without case; `application/` may be left out. Default `at+jwt` (RFC 9068 section 4).
    #[must_use]
    pub fn typ(mut self, typ: &str) -> Self {
        self.typ = typ.into();
        self.afresh()
    }

    /// Accepts tokens without `typ` too, for issuers that set none. Such an issuer's ID tokens can then pass for access tokens
    /// unless their `aud` differs.
    #[must_use]
    pub fn typ_may_be_absent(mut self) -> Self {
        self.typ_may_be_absent = true;
        self.afresh()
    }

    /// How many verified tokens are kept; 0 for none. A token takes some 2 KiB; those longer than 4 KiB are not
    /// kept.
    #[must_use]
    pub fn cache(mut self, entries: usize) -> Self {
        self.seen = Seen::new(entries.min(1 << 24));
        self
    }

    /// Whom to ask, last of all, whether a token was revoked.
    #[must_use]
    pub fn revocations(mut self, revocations: Arc<dyn Revocations>) -> Self {
        self.revocations = Some(revocations);
        self
    }

    /// Drops what was learned under other settings.
    fn afresh(self) -> Self {
        let keys = self.keys();
        self.replace_keys(KeySet::empty());
        self.replace_keys(keys);
        self
    }

    /// The issuer expected.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The audience expected.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// The keys in use.
    pub fn keys(&self) -> KeySet {
        self.keys.load().keys.clone()
    }

    /// How many verified tokens are kept at the moment.
    pub fn cached_tokens(&self) -> usize {
        self.seen.as_ref().map_or(0, Seen::len)
    }

    /// Replaces the keys while others verify. Tokens kept are forgotten when their key is gone.
    pub fn replace_keys(&self, keys: KeySet) {
        let _one_at_a_time = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = self.keys.load().number + 1;
        let next = Generation::new(keys, generation);
        self.keys.store(Arc::clone(&next));
        self.generation.store(generation, Ordering::Release);
        if let Some(seen) = &self.seen {
            seen.renew(&next.keys, generation);
        }
    }

    /// The claims of `token`, if it is one of the issuer's for the audience and good at `now` (Unix seconds).
    pub fn verify(&self, token: &str, now: i64) -> Result<Arc<Claims>, Refused> {
        let claims = self.verify_unbound(token, now)?;
        if claims.confirmation().is_some() {
            return Err(Refused::ProofRequired);
        }
        self.check_revocation(claims, now)
    }

    /// As [`verify`](Self::verify), for a token bound to a key or certificate whose possession the caller has checked.
    ///
    /// Refused when the token is bound to another one, to several, or to none.
    pub fn verify_with_proof(&self, token: &str, proof: Proof<'_>, now: i64) -> Result<Arc<Claims>, Refused> {
        let claims = self.verify_unbound(token, now)?;
        let (member, shown) = match proof {
            Proof::Key(thumbprint) => ("jkt", thumbprint),
            Proof::Certificate(digest) => ("x5t#S256", digest),
        };
        if claims.confirmed_by(member).is_none_or(|bound| bound != shown) {
            return Err(Refused::ProofRequired);
        }
        self.check_revocation(claims, now)
    }

    /// All checks but possession and revocation.
    fn verify_unbound(&self, token: &str, now: i64) -> Result<Arc<Claims>, Refused> {
        if token.len() > crate::MAX_TOKEN_BYTES {
            return Err(Refused::TooLarge);
        }
        let Some(seen) = &self.seen else {
            return self.verify_first_sight(token, now).map(|(claims, _)| claims);
        };
        let hash = seen.hash(token.as_bytes());
        if let Some(claims) = seen.find(hash, token.as_bytes(), self.generation.load(Ordering::Acquire)) {
            return match self.check_time(&claims, now) {
                Ok(()) => Ok(claims),
                Err(refused) => {
                    if refused.is_expired() {
                        seen.forget(hash, token.as_bytes());
                    }
                    Err(refused)
                }
            };
        }
        let (claims, generation) = self.verify_first_sight(token, now)?;
        seen.keep(hash, token.as_bytes(), generation, &claims);
        Ok(claims)
    }

    /// Whether this very token passed before with a key that is still in use. Its time is not looked at.
    pub(crate) fn has_seen(&self, token: &str) -> bool {
        self.seen.as_ref().is_some_and(|seen| {
            let token = token.as_bytes();
            seen.find(seen.hash(token), token, self.generation.load(Ordering::Acquire)).is_some()
        })
    }

    /// The claims, and under which generation of keys they were found good.
    fn verify_first_sight(&self, token: &str, now: i64) -> Result<(Arc<Claims>, u64), Refused> {
        let parts = Compact::split(token)?;
        let current = self.keys.load();
        let claims = if let Some(key) = current.known(parts.header) {
            self.read_signed(&parts, key)?
        } else {
            let header = Header::parse(parts.header)?;
            let key = current.keys.choose(&header, self.allowed)?;
            let claims = self.read_signed(&parts, key)?;
            if !(header.is_type(&self.typ) || self.typ_may_be_absent && header.typ.is_none()) {
                return Err(Refused::WrongType);
            }
            current.remember(parts.header, key);
            claims
        };
        if *claims.issuer() != *self.issuer {
            return Err(Refused::WrongIssuer);
        }
        if !claims.has_audience(&self.audience) {
            return Err(Refused::WrongAudience);
        }
        self.check_time(&claims, now)?;
        Ok((Arc::new(claims), current.number))
    }

    /// Signature, then types: nothing of the payload is read before the signature is known to be good.
    #[expect(clippy::unused_self, reason = "reads as a step of verifying")]
    fn read_signed(&self, parts: &Compact<'_>, key: &VerifyingKey) -> Result<Claims, Refused> {
        jws::check_signature(parts, key)?;
        let payload =
            base64url::decode(parts.payload).ok_or(Refused::Malformed("the payload is not base64url"))?;
        Claims::read_payload(payload, key)
    }

    fn check_time(&self, claims: &Claims, now: i64) -> Result<(), Refused> {
        // Saturating: `now` may be anything, and the claims are within the years 1970 to 9999.
        if claims.expires_at() <= now.saturating_sub(self.leeway) {
            return Err(Refused::Expired);
        }
        let latest = now.saturating_add(self.leeway);
        if claims.not_before().is_some_and(|not_before| not_before > latest) {
            return Err(Refused::NotYetValid);
        }
        if claims.issued_at() > latest {
            return Err(Refused::IssuedInFuture);
        }
        Ok(())
    }

    fn check_revocation(&self, claims: Arc<Claims>, now: i64) -> Result<Arc<Claims>, Refused> {
        if let Some(revocations) = &self.revocations {
            revocations.check(&claims, now)?;
        }
        Ok(claims)
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .field("keys", &self.keys.load().keys)
            .finish_non_exhaustive()
    }
}
