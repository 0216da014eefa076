//! Signing in by a provider: whoever it says that somebody is comes to the account that it is connected to.
//!
//! [`begin`] sends a browser there, [`finish`] takes what it brings back, and then somebody is [signed in](enter) or a signed-in
//! person's account [connected](connect). What is between the two is sealed in `state`, opens in the browser it was begun in alone,
//! and once (SO-03). What a provider gave is [held](hold) for them where its setting says so.

mod begin;
mod connect;
mod discovery;
mod enter;
mod finish;
mod github;
mod held;
mod kept;
mod lost;
mod secret;
mod tokens;
mod user_info;

use std::time::Duration;

use gatepost_domain::{Asserted, ProviderId, SecretDigest, SessionId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{browser::Browser, outgoing::Unfetched, realm::Snapshot};

pub use begin::begin;
pub use connect::{connect, disconnect, list};
pub use discovery::KnownProviders;
pub use enter::{Entered, enter, refused};
pub use finish::{Answer, Finished, NotFinished, finish};
pub use held::{Held, NoToken, Wants, hand_out, hold};
pub use kept::Given;
pub use lost::Lost;
pub use secret::{Unusable, check as check_secret, seal as seal_secret, unseal as unseal_secret};
pub use user_info::user_info;

/// How long somebody may take at the provider.
const LIFE: Duration = Duration::from_mins(30);
/// What the state is sealed for.
const PURPOSE: &str = "provider sign-in";

/// What was begun.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    /// By what it is used up: random.
    id: String,
    /// At which provider.
    provider: ProviderId,
    /// Its issuer by the settings then: under another what comes back is somebody else's.
    issuer: String,
    nonce: String,
    verifier: String,
    /// What for.
    pub intent: Intent,
    /// What a sign-in is for: the flow, as it stood in the address.
    pub flow: Option<String>,
    /// Whether the person was to prove anew who they are.
    anew: bool,
    /// The path that the provider sends them back to, where it is not that of the pages: what was begun at one door ends at no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    back: Option<String>,
    at: Timestamp,
}

/// What somebody goes to a provider for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// To sign in.
    SignIn,
    /// To connect the account there with the one that is signed in here.
    Connect(SessionId),
}

/// Whom a provider has named.
pub struct Named {
    /// What it says of them.
    pub asserted: Asserted,
    /// What it gave with that, where it is to be kept.
    given: Option<Given>,
}

/// Somebody goes to a provider.
pub struct Going<'a> {
    /// What for.
    pub intent: Intent,
    /// What a sign-in is for, sealed.
    pub flow: Option<&'a str>,
    /// Who is expected.
    pub hint: Option<&'a str>,
    /// Whether they must prove once more who they are.
    pub anew: bool,
    /// The path they come back to, where it is not that of the pages.
    pub back: Option<&'a str>,
    /// What else the address says.
    pub more: &'a [(&'static str, &'static str)],
}

impl State {
    /// Where the provider was to send people back to, which it wants to be told again.
    fn redirect_uri(&self, realm: &Snapshot) -> String {
        match &self.back {
            Some(path) => realm.url(path),
            None => redirect_uri(realm, &self.provider),
        }
    }

    fn spent(&self) -> SecretDigest {
        SecretDigest::of(format!("provider sign-in {}", self.id).as_bytes())
    }

    fn expires_at(&self) -> Timestamp {
        self.at.plus(LIFE)
    }
}

/// Where a provider sends people back to: an address for each, so that none answers for another (RFC 9700 section 4.4.2).
pub fn redirect_uri(realm: &Snapshot, provider: &ProviderId) -> String {
    realm.url(&path_back(provider))
}

/// The path of that address.
pub fn path_back(provider: &ProviderId) -> String {
    format!("/sign-in/with/{provider}/callback")
}

/// Why a provider does not sign somebody in. For the log and the audit trail; the person learns that it did not.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// It said no, or the person stopped.
    #[error("the provider answered {0}")]
    Denied(String),
    /// What it published could not be had, or is not what it should be.
    #[error("what it publishes: {0}")]
    Discovery(String),
    /// It could not be asked.
    #[error("it could not be asked: {0}")]
    Unreachable(#[from] Unfetched),
    /// Another issuer answered.
    #[error("another issuer answered")]
    WrongIssuer,
    /// It did not take the code.
    #[error("it refused the code: {0}")]
    CodeRefused(String),
    /// What it answered is not what it should be.
    #[error("its answer: {0}")]
    Malformed(&'static str),
    /// The signature of its ID token.
    #[error("the ID token: {0}")]
    Signature(#[from] gatepost_jose::Refused),
    /// What its ID token, or its user info, says.
    #[error("the ID token: {0}")]
    Token(#[from] gatepost_domain::provider::id_token::IdTokenRefused),
    /// Our own secret.
    #[error("{0}")]
    Secret(#[from] Unusable),
}

impl Failed {
    /// As it stands in the audit trail.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Denied(_) => "denied",
            Self::Discovery(_) => "discovery",
            Self::Unreachable(_) => "unreachable",
            Self::WrongIssuer => "wrong_issuer",
            Self::CodeRefused(_) => "code_refused",
            Self::Malformed(_) => "malformed",
            Self::Signature(_) | Self::Token(_) => "id_token_refused",
            Self::Secret(_) => "secret",
        }
    }
}

/// The error code that somebody else sent, as far as it can stand in a log.
fn told(code: &str) -> String {
    let letter = |c: &char| c.is_ascii_graphic();
    code.chars().filter(letter).take(64).collect()
}

/// Random text of 256 bits.
fn random(app: &crate::App) -> String {
    let mut bytes = [0; 32];
    app.entropy().fill(&mut bytes);
    data_encoding::BASE64URL_NOPAD.encode(&bytes)
}

/// The state as it stands in an address.
fn seal(app: &crate::App, realm: &Snapshot, browser: &Browser, state: &State) -> String {
    browser.seal(app, realm, PURPOSE, state)
}

/// Reads it in the browser it was begun in, in its time.
fn open(
    app: &crate::App,
    realm: &Snapshot,
    browser: &Browser,
    text: &str,
    now: Timestamp,
) -> Result<State, Lost> {
    let state: Option<State> = browser.open(app, realm, PURPOSE, text);
    let state = state.ok_or(if browser.is_new() { Lost::NoCookie } else { Lost::OtherBrowser })?;
    if now < state.expires_at() { Ok(state) } else { Err(Lost::TooLate) }
}
