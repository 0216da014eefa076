//! What a sign-in is for: carried in the address from step to step, sealed, and of use in the browser it was begun in only
//! (OA-18).

use std::time::Duration;

use gatepost_domain::{SessionId, Timestamp, mfa::PendingSignIn};
use serde::{Deserialize, Serialize};

use super::Browser;
use crate::{App, realm::Snapshot};

/// How long somebody may take from the first step to the last.
const LIFE: Duration = Duration::from_hours(1);

/// What it is sealed for.
const PURPOSE: &str = "flow";

/// Where somebody wants to get to by signing in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// An authorization request, as the authorization endpoint wrote it down.
    Authorize(String),
    /// One of our own pages: a path of the realm, without its prefix.
    Page(String),
}

/// What a sign-in is for, and how far it has got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// Where it leads.
    pub target: Target,
    /// Which application asks, as it calls itself.
    pub client_name: Option<String>,
    /// Who is expected to sign in.
    pub login_hint: Option<String>,
    /// In which languages the application would like the pages (`ui_locales`).
    pub ui_locales: Option<String>,
    /// Where the application is answered in the end: its redirect URI.
    pub returns_to: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// Whether the person must prove anew who they are, though somebody is signed in.
    pub fresh: bool,
    /// Whether whoever asks takes all that the person has set up, and no device is trusted in place of it.
    #[serde(default)]
    pub every_factor: bool,
    /// In which session somebody has agreed to what the application asks for. Whoever signs in after them in this browser has not.
    pub consented: Option<SessionId>,
    /// Of which session somebody has said that it is the account to use.
    pub account_chosen: Option<SessionId>,
    /// Whose password was right, until the second factor is shown. It opens nothing but that step.
    #[serde(default)]
    pub pending: Option<PendingSignIn>,
}

impl Flow {
    /// One that begins now.
    pub fn to(target: Target, now: Timestamp) -> Self {
        Self {
            target,
            client_name: None,
            login_hint: None,
            ui_locales: None,
            returns_to: None,
            started_at: now,
            fresh: false,
            every_factor: false,
            consented: None,
            account_chosen: None,
            pending: None,
        }
    }

    /// Whether a sign-in for it may do without a second factor on a device that is trusted. Whoever has to prove anew who they are does
    /// so with all they have.
    pub fn takes_trust(flow: Option<&Self>) -> bool {
        !flow.is_some_and(|flow| flow.fresh || flow.every_factor)
    }

    /// What stands in the address: nobody can read or change it, and it opens in this browser and realm only.
    pub fn seal(&self, app: &App, realm: &Snapshot, browser: &Browser) -> String {
        browser.seal(app, realm, PURPOSE, self)
    }

    /// Reads what [`seal`](Self::seal) wrote. `None`: it is of another browser or realm, too old, or none.
    pub fn open(app: &App, realm: &Snapshot, browser: &Browser, text: &str, now: Timestamp) -> Option<Self> {
        let flow: Self = browser.open(app, realm, PURPOSE, text)?;
        (now < flow.started_at.plus(LIFE)).then_some(flow)
    }

    /// Where the browser goes after a step; `sealed` is this flow as it is then.
    pub fn next(&self, browser: &Browser, sealed: &str) -> String {
        match &self.target {
            Target::Authorize(_) => browser.path(&format!("/oauth/authorize?flow={sealed}")),
            Target::Page(path) => browser.path(path),
        }
    }
}
