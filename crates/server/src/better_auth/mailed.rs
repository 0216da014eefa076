//! What is mailed is good for whoever asked for it (LG-18): in the browser, or with whatever keeps cookies like one.
//!
//! The contract lets whoever has a link or a code use it. Here the answer to the request sets a cookie that says for which letter it was,
//! and without it the letter is of no use.

use data_encoding::BASE64URL_NOPAD;
use gatepost_domain::{
    AskedSignIn, EmailAddress, LinkPurpose, MailedLinkId, SecretDigest, SessionId, Timestamp,
    mailed_link::SIGN_IN_TTL,
};
use serde::{Deserialize, Serialize};

use super::{asked::Asked, cookies::Name};
use crate::http::Problem;

/// What the cookie is sealed for.
const PURPOSE: &str = "application mail";
/// None is longer.
const LONGEST: usize = 2_048;

/// What the cookie holds: which letter was asked for, where it went, and what proves that its holder is who asked.
#[derive(Serialize, Deserialize)]
pub(super) struct Waiting {
    pub(super) link: MailedLinkId,
    purpose: LinkPurpose,
    email: EmailAddress,
    secret: String,
    until: Timestamp,
}

/// By whom nothing was asked for.
pub(super) fn by_nobody() -> SecretDigest {
    SecretDigest::of(b"nobody")
}

impl Waiting {
    /// What tells whoever asked from others.
    pub(super) fn by(&self) -> SecretDigest {
        SecretDigest::of(format!("application {}", self.secret).as_bytes())
    }

    /// The same, of somebody who asked in a session of theirs, and for whom it is good in no other.
    pub(super) fn by_in(&self, session: SessionId) -> SecretDigest {
        SecretDigest::of(format!("application {} in {session}", self.secret).as_bytes())
    }

    /// Whether it is for this, at this address.
    pub(super) fn is_for(&self, purpose: LinkPurpose, email: &EmailAddress) -> bool {
        self.purpose == purpose && self.email == *email
    }

    /// As the letter is kept that is good for its holder alone.
    pub(super) fn asked(&self) -> AskedSignIn {
        AskedSignIn { by: self.by(), flow: None, remembered: true }
    }

    /// Whether what was mailed is too old.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        now >= self.until
    }
}

impl Asked {
    /// Somebody begins to wait for a letter.
    pub(super) fn begin_to_wait(
        &self,
        link: MailedLinkId,
        purpose: LinkPurpose,
        email: &EmailAddress,
    ) -> Waiting {
        let mut bytes = [0; 16];
        self.app.entropy().fill(&mut bytes);
        let (secret, until) = (BASE64URL_NOPAD.encode(&bytes), self.now.plus(SIGN_IN_TTL));
        Waiting { link, purpose, email: email.clone(), secret, until }
    }

    /// Whoever asks waits for this letter from now on, and for none before.
    pub(super) fn wait_for(&mut self, waiting: &Waiting) -> Result<(), Problem> {
        let plain = serde_json::to_vec(waiting).map_err(Problem::internal)?;
        let (app, realm) = (&self.app, self.realm.id());
        let sealed = app.master_key().seal(PURPOSE, realm.as_bytes(), &plain, app.entropy());
        let sealed = BASE64URL_NOPAD.encode(&sealed);
        // A little longer than the letter is good: whoever is late is told so.
        self.set(Name::Mailed, &sealed, Some(SIGN_IN_TTL.as_secs() * 3));
        Ok(())
    }

    /// The letter that whoever asks waits for. A cookie of another realm, which a browser sends here too, is none; of two there is neither.
    pub(super) fn waits_for(&self) -> Option<Waiting> {
        let sent = self.cookies(Name::Mailed);
        let mut good = sent.iter().filter_map(|text| self.read_waiting(text));
        good.next().filter(|_| good.next().is_none())
    }

    fn read_waiting(&self, text: &str) -> Option<Waiting> {
        let text = Some(text).filter(|text| text.len() <= LONGEST)?;
        let sealed = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let plain = self.app.master_key().open(PURPOSE, self.realm.id().as_bytes(), &sealed).ok()?;
        serde_json::from_slice(&plain).ok()
    }

    /// What they waited for has come.
    pub(super) fn stop_waiting(&mut self) {
        self.set(Name::Mailed, "", Some(0));
    }
}
