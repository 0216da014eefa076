//! What a provider gave with a sign-in, kept where its setting says so (`keep_tokens`): under the master key, for the person whose
//! account it is connected with and for nobody else. It has no `Debug`, so that it gets into no log.

use std::time::Duration;

use gatepost_domain::{IdentityId, ProviderSettings, RealmId, Timestamp};
use gatepost_store::{Error, Tx, identity_tokens};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use super::tokens::Tokens;
use crate::App;

/// What it is sealed for.
const PURPOSE: &str = "identity-tokens";
/// No longer token is kept, and no longer scope.
const LONGEST: usize = 8 * 1024;
/// What is over so soon is renewed: it is on its way for a while.
const MARGIN: Duration = Duration::from_secs(5);
/// No longer life is believed.
const LONGEST_LIFE: Duration = Duration::from_hours(24 * 3660);

/// A token, wiped when it is dropped.
#[derive(Clone)]
struct Token(Zeroizing<String>);

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Zeroizing::new(String::deserialize(deserializer)?)))
    }
}

/// What a provider gave.
#[derive(Clone, Serialize, Deserialize)]
pub struct Given {
    /// Who gave it, and to which client: no other is shown it.
    issuer: String,
    client_id: String,
    access_token: Token,
    /// `None`: the provider does not say.
    expires_at: Option<Timestamp>,
    refresh_token: Option<Token>,
    scope: Option<String>,
    id_token: Option<Token>,
}

impl Given {
    /// Of an answer of the token endpoint. `None`: there is no access token in it that could be kept.
    pub(super) fn of(settings: &ProviderSettings, tokens: Tokens, now: Timestamp) -> Option<Self> {
        // A kind of token that we do not understand is not used (RFC 6749 section 7.1).
        let access_token = token(tokens.access_token).filter(|_| tokens.is_bearer)?;
        Some(Self {
            issuer: settings.issuer().to_owned(),
            client_id: settings.client_id.clone(),
            access_token,
            expires_at: tokens.expires_in.map(|life| now.plus(life.min(LONGEST_LIFE))),
            refresh_token: token(tokens.refresh_token),
            scope: tokens.scope.filter(|scope| is_kept(scope)),
            id_token: token(tokens.id_token),
        })
    }

    /// With a sign-in: what is not said of the scope is as it was asked for (RFC 6749 section 5.1).
    pub(super) fn at_sign_in(settings: &ProviderSettings, tokens: Tokens, now: Timestamp) -> Option<Self> {
        let given = Self::of(settings, tokens, now)?;
        Some(Self { scope: given.scope.or_else(|| Some(settings.scope().into_owned())), ..given })
    }

    /// In place of what was given before. What is not given anew stays as it was (RFC 6749 section 6); a refresh token in whose place
    /// another `came` is used up, also if that could not be kept.
    pub(super) fn in_place_of(self, before: &Self, came: bool) -> Self {
        Self {
            refresh_token: self.refresh_token.or_else(|| before.refresh_token.clone().filter(|_| !came)),
            scope: self.scope.or_else(|| before.scope.clone()),
            id_token: self.id_token.or_else(|| before.id_token.clone()),
            ..self
        }
    }

    /// The same, with a refresh token in place of the one that is used up.
    pub(super) fn with_refresh_token(&self, refresh_token: Option<Zeroizing<String>>) -> Self {
        Self { refresh_token: token(refresh_token), ..self.clone() }
    }

    /// The same, with the refresh token of another.
    pub(super) fn with_refresh_token_of(&self, other: &Self) -> Self {
        Self { refresh_token: other.refresh_token.clone(), ..self.clone() }
    }

    /// Whether the provider of these settings gave it, to the client it has now.
    pub(super) fn is_of(&self, settings: &ProviderSettings) -> bool {
        self.issuer == settings.issuer() && self.client_id == settings.client_id
    }

    /// Whether the access token is good for a while.
    pub(super) fn is_good(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|at| now.plus(MARGIN) <= at)
    }

    /// Whether the access token is good no more.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    /// For the provider alone.
    pub(super) fn refresh_token(&self) -> Option<&str> {
        self.refresh_token.as_ref().map(|token| token.0.as_str())
    }

    /// A bearer token for the provider's API.
    pub fn access_token(&self) -> &str {
        &self.access_token.0
    }

    /// When it is over; `None` where the provider does not say.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// What it is for.
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// What the provider said of the person, as it was given last and looked at then.
    pub fn id_token(&self) -> Option<&str> {
        self.id_token.as_ref().map(|token| token.0.as_str())
    }
}

/// A text of printable letters (RFC 6749 appendix A) that is not too long.
fn is_kept(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| (0x20..=0x7e).contains(&byte))
}

fn token(text: Option<Zeroizing<String>>) -> Option<Token> {
    text.filter(|text| is_kept(text)).map(Token)
}

fn context((realm, identity): (RealmId, IdentityId)) -> Vec<u8> {
    [realm.as_bytes().as_slice(), identity.as_bytes()].concat()
}

/// As it is written down.
pub(super) fn seal(app: &App, whose: (RealmId, IdentityId), given: &Given) -> Vec<u8> {
    // Texts and a moment always serialise.
    let text = Zeroizing::new(serde_json::to_vec(given).unwrap_or_default());
    app.master_key().seal(PURPOSE, &context(whose), &text, app.entropy())
}

/// What was written down. `None`: it cannot be read, and is of no use.
pub(super) fn open(app: &App, whose: (RealmId, IdentityId), sealed: &[u8]) -> Option<Given> {
    let opened = app.master_key().open(PURPOSE, &context(whose), sealed);
    let read = opened.map_err(|broken| broken.to_string()).and_then(|text| {
        // What it says may have a token in it.
        serde_json::from_slice(&text).map_err(|_| "it is not what was sealed".to_owned())
    });
    read.inspect_err(|cause| {
        tracing::warn!(identity.id = %whose.1, cause, "what a provider gave cannot be read; a sign-in by the provider replaces it");
    })
    .ok()
}

/// Keeps what was given at a sign-in, or when an account was connected, in the transaction that settles whose it is. Where there is
/// nothing to keep, what was kept before goes.
pub(super) async fn keep(
    tx: &mut Tx,
    app: &App,
    whose: (RealmId, IdentityId),
    given: Option<&Given>,
    now: Timestamp,
) -> Result<(), Error> {
    let (realm, identity) = whose;
    let Some(given) = given else { return identity_tokens::forget(tx, realm, identity).await.map(drop) };
    let mut given = given.clone();
    // Many give a refresh token when somebody consents, and not at their next sign-in.
    if given.refresh_token.is_none()
        && let Some(sealed) = identity_tokens::find(tx, realm, identity).await?
        && let Some(before) = open(app, whose, &sealed)
        && (&before.issuer, &before.client_id) == (&given.issuer, &given.client_id)
    {
        given.refresh_token = before.refresh_token;
    }
    identity_tokens::keep(tx, realm, identity, &seal(app, whose, &given), now).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(access_token: &str, is_bearer: bool, seconds: Option<u64>) -> Option<Given> {
        let text = |text: &str| Some(Zeroizing::new(text.to_owned()));
        let tokens = Tokens {
            access_token: text(access_token),
            id_token: text(&"x".repeat(LONGEST + 1)),
            refresh_token: text("rt"),
            expires_in: seconds.map(Duration::from_secs),
            scope: None,
            is_bearer,
        };
        Given::of(&ProviderSettings::default(), tokens, Timestamp::from_unix_seconds(0))
    }

    #[test]
    fn what_is_too_long_or_no_token_is_not_kept() {
        assert!(given("", true, None).is_none());
        assert!(given("a\nb", true, None).is_none());
        assert!(given("a", false, None).is_none());
        assert!(given(&"x".repeat(LONGEST + 1), true, None).is_none());
        let kept = given(&"x".repeat(LONGEST), true, None).unwrap();
        assert_eq!((kept.id_token(), kept.refresh_token()), (None, Some("rt")));
    }

    #[test]
    fn a_token_is_renewed_when_it_has_less_than_five_seconds() {
        let at = Timestamp::from_unix_seconds;
        let kept = given("a", true, Some(60)).unwrap();
        assert!(kept.is_good(at(55)) && !kept.is_good(at(56)) && !kept.is_good(at(61)));
        assert!(given("a", true, None).unwrap().is_good(Timestamp::from_unix_seconds(1 << 40)));
        let far = given("a", true, Some(u64::MAX)).unwrap();
        assert_eq!(far.expires_at(), Some(at(0).plus(LONGEST_LIFE)));
    }
}
