//! A word that one page leaves for the next, which is where the browser is sent: what was done.

use super::{frame::Frame, words::Words};
use crate::browser::{Keep, NOTICE};

/// What a page can be told by the one before it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Notice {
    NameSaved,
    PasswordChanged,
    SessionEnded,
    OthersEnded,
    ClientRemoved,
    LinkSent,
    SentAgain,
    EmailConfirmed,
    TotpOn,
    TotpOff,
    PasskeyAdded,
    PasskeyRenamed,
    PasskeyRemoved,
    Connected,
    Disconnected,
    TrustEnded,
    SmsOn,
    SmsOff,
    SmsSentAgain,
}

impl Notice {
    const ALL: [Self; 19] = [
        Self::NameSaved,
        Self::PasswordChanged,
        Self::SessionEnded,
        Self::OthersEnded,
        Self::ClientRemoved,
        Self::LinkSent,
        Self::SentAgain,
        Self::EmailConfirmed,
        Self::TotpOn,
        Self::TotpOff,
        Self::PasskeyAdded,
        Self::PasskeyRenamed,
        Self::PasskeyRemoved,
        Self::Connected,
        Self::Disconnected,
        Self::TrustEnded,
        Self::SmsOn,
        Self::SmsOff,
        Self::SmsSentAgain,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::NameSaved => "name-saved",
            Self::PasswordChanged => "password-changed",
            Self::SessionEnded => "session-ended",
            Self::OthersEnded => "others-ended",
            Self::ClientRemoved => "client-removed",
            Self::LinkSent => "link-sent",
            Self::SentAgain => "sent-again",
            Self::EmailConfirmed => "email-confirmed",
            Self::TotpOn => "totp-on",
            Self::TotpOff => "totp-off",
            Self::PasskeyAdded => "passkey-added",
            Self::PasskeyRenamed => "passkey-renamed",
            Self::PasskeyRemoved => "passkey-removed",
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
            Self::TrustEnded => "trust-ended",
            Self::SmsOn => "sms-on",
            Self::SmsOff => "sms-off",
            Self::SmsSentAgain => "sms-sent-again",
        }
    }

    fn words(self, words: &'static Words) -> &'static str {
        match self {
            Self::NameSaved => words.name_saved,
            Self::PasswordChanged => words.password_changed,
            Self::SessionEnded => words.session_ended,
            Self::OthersEnded => words.others_ended,
            Self::ClientRemoved => words.client_removed,
            Self::LinkSent => words.link_sent,
            Self::SentAgain => words.sent_again,
            Self::EmailConfirmed => words.email_confirmed,
            Self::TotpOn => words.totp_turned_on,
            Self::TotpOff => words.totp_turned_off,
            Self::PasskeyAdded => words.passkey_is_added,
            Self::PasskeyRenamed => words.passkey_is_renamed,
            Self::PasskeyRemoved => words.passkey_is_removed,
            Self::Connected => words.connected,
            Self::Disconnected => words.disconnected,
            Self::TrustEnded => words.trust_ended,
            Self::SmsOn => words.sms_turned_on,
            Self::SmsOff => words.sms_turned_off,
            Self::SmsSentAgain => words.sms_sent_again,
        }
    }
}

impl Frame {
    /// Leaves a word for the next page, which is where the browser is sent. No link and no other site can.
    pub(super) fn tell(&self, notice: Notice) {
        self.browser.jar().set(NOTICE, notice.name(), Keep::Seconds(60));
    }

    /// What was left by the page before; once.
    pub(super) fn told(&self) -> Option<&'static str> {
        let told = self.told.as_deref()?;
        self.browser.jar().set(NOTICE, "", Keep::No);
        Notice::ALL.iter().find(|notice| notice.name() == told).map(|notice| notice.words(self.words()))
    }
}
