//! Interceptors: an application of the operator's is asked before something happens, and says whether it may.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::setting::{SettingRefused, refuse};
use crate::{Timestamp, WebUri, lifetime, name};

/// How long one may take to answer.
const TIMEOUTS: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(10);
/// The longest message to a person, in letters.
const LONGEST_MESSAGE: usize = 300;

/// Before what it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// Somebody makes an account.
    PreSignup,
    /// Somebody who has proved who they are is signed in.
    PreSessionCreation,
    /// Somebody is invited into an organization.
    PreUserInvitation,
    /// A program is given a token of its own.
    PreM2mTokenCreation,
}

impl Trigger {
    /// As it is called in settings, the audit trail and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PreSignup => "pre_signup",
            Self::PreSessionCreation => "pre_session_creation",
            Self::PreUserInvitation => "pre_user_invitation",
            Self::PreM2mTokenCreation => "pre_m2m_token_creation",
        }
    }

    /// As it is called in the document that is sent.
    pub const fn trigger_point(self) -> &'static str {
        match self {
            Self::PreSignup => "PRE_SIGNUP",
            Self::PreSessionCreation => "PRE_SESSION_CREATION",
            Self::PreUserInvitation => "PRE_USER_INVITATION",
            Self::PreM2mTokenCreation => "PRE_M2M_TOKEN_CREATION",
        }
    }
}

/// What follows where it does not answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unanswered {
    /// It does not happen.
    #[default]
    Deny,
    /// It happens all the same.
    Allow,
}

/// Who is asked, and before what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interceptor {
    /// Before what.
    pub event: Trigger,
    /// Where.
    pub url: WebUri,
    /// How long it may take.
    #[serde(default = "three_seconds", with = "lifetime")]
    pub timeout: Duration,
    /// What follows where it does not answer.
    #[serde(default)]
    pub unanswered: Unanswered,
}

impl Interceptor {
    /// Its members.
    pub(crate) const MEMBERS: [&str; 4] = ["event", "url", "timeout", "unanswered"];

    /// Whether a realm can have these.
    pub(crate) fn check(all: &[Self]) -> Result<(), SettingRefused> {
        for (at, one) in all.iter().enumerate() {
            let event = one.event.name();
            if all[..at].iter().any(|other| other.event == one.event) {
                return refuse(
                    "interceptors",
                    format!("{event} is there twice; there is one for each event"),
                );
            }
            if !TIMEOUTS.contains(&one.timeout) {
                return refuse("interceptors", format!("{event}: the timeout is 1s to 10s"));
            }
        }
        Ok(())
    }
}

const fn three_seconds() -> Duration {
    Duration::from_secs(3)
}

/// What requests to the interceptors of a realm are signed with, under the master key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterceptorSecret {
    /// The secret.
    pub sealed: Vec<u8>,
    /// The one before, and until when it signs too.
    pub previous: Option<(Vec<u8>, Timestamp)>,
}

impl InterceptorSecret {
    /// Those that sign now.
    pub fn signing(&self, now: Timestamp) -> impl Iterator<Item = &[u8]> {
        let previous = self.previous.as_ref().filter(move |(_, until)| now < *until);
        std::iter::once(self.sealed.as_slice()).chain(previous.map(|(sealed, _)| sealed.as_slice()))
    }
}

/// What an interceptor says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It may happen.
    Allow,
    /// It does not happen.
    Deny {
        /// What the person is told: one line of text.
        message: Option<String>,
    },
}

#[derive(Deserialize)]
struct Answer {
    decision: Word,
    #[serde(default)]
    error: Option<Said>,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Word {
    Allow,
    Deny,
}

#[derive(Deserialize)]
struct Said {
    message: Option<String>,
}

impl Decision {
    /// Reads an answer: `{"decision": "ALLOW" | "DENY", "error": {"message": …}}`. A `DENY` counts with any status, an `ALLOW` only with
    /// a status of success. `None`: it is no answer.
    pub fn read(status: u16, body: &[u8]) -> Option<Self> {
        let Answer { decision, error } = serde_json::from_slice(body).ok()?;
        match decision {
            Word::Allow => (200..300).contains(&status).then_some(Self::Allow),
            Word::Deny => Some(Self::Deny {
                message: error.and_then(|said| said.message).and_then(|text| cleaned(&text)),
            }),
        }
    }
}

/// One line, without what cannot be seen.
fn cleaned(text: &str) -> Option<String> {
    let seen = |letter: char| {
        if letter.is_whitespace() { Some(' ') } else { Some(letter).filter(|c| !name::is_invisible(*c)) }
    };
    let text: String = text.chars().filter_map(seen).take(LONGEST_MESSAGE).collect();
    let text = text.trim();
    if text.is_empty() { None } else { Some(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> Option<Decision> {
        Decision::read(status, body.as_bytes())
    }

    #[test]
    fn an_answer_allows_or_denies_and_anything_else_is_none() {
        assert_eq!(read(200, r#"{"decision": "ALLOW"}"#), Some(Decision::Allow));
        assert_eq!(
            read(204, r#"{"decision": "ALLOW", "response": {"claims": {"a": 1}}}"#),
            Some(Decision::Allow)
        );
        assert_eq!(read(200, r#"{"decision": "DENY"}"#), Some(Decision::Deny { message: None }));
        for (status, body) in [
            (500, r#"{"decision": "ALLOW"}"#),
            (302, r#"{"decision": "ALLOW"}"#),
            (200, r#"{"decision": "allow"}"#),
            (200, r#"{"decision": "MAYBE"}"#),
            (200, r#"{"decision": "ALLOW", "decision": "DENY"}"#),
            (200, "{}"),
            (200, ""),
            (200, "ALLOW"),
        ] {
            assert_eq!(read(status, body), None, "{status} {body}");
        }
        assert_eq!(
            read(500, r#"{"decision": "DENY"}"#),
            Some(Decision::Deny { message: None }),
            "whatever the status"
        );
    }

    #[test]
    fn a_message_is_one_line_of_text_of_some_length() {
        let told = |message: &str| {
            let body = serde_json::json!({"decision": "DENY", "error": {"message": message}}).to_string();
            match read(200, &body) {
                Some(Decision::Deny { message }) => message,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(told("Only acme.com.").as_deref(), Some("Only acme.com."));
        assert_eq!(told(" one\r\ntwo\u{202e}\u{0} ").as_deref(), Some("one  two"));
        assert_eq!(told("x".repeat(400).as_str()).map(|text| text.len()), Some(LONGEST_MESSAGE));
        assert_eq!(told(" \n "), None);
    }

    #[test]
    fn there_is_one_for_each_event_and_it_answers_within_ten_seconds() {
        let one = |json: &str| serde_json::from_str::<Interceptor>(json).unwrap();
        let signup = one(r#"{"event": "pre_signup", "url": "https://app.test/hooks"}"#);
        assert_eq!((signup.timeout.as_secs(), signup.unanswered), (3, Unanswered::Deny));
        let session = one(
            r#"{"event": "pre_session_creation", "url": "https://app.test/", "timeout": "10s", "unanswered": "allow"}"#,
        );
        assert_eq!(Interceptor::check(&[signup.clone(), session.clone()]), Ok(()));
        assert!(Interceptor::check(&[signup.clone(), signup.clone()]).is_err());
        for seconds in [0, 11] {
            let other = Interceptor { timeout: Duration::from_secs(seconds), ..session.clone() };
            assert!(Interceptor::check(&[other]).is_err(), "{seconds}");
        }
        for refused in [
            r#"{"event": "pre_lunch", "url": "https://app.test/"}"#,
            r#"{"event": "pre_signup", "url": "ftp://app.test/"}"#,
        ] {
            assert!(serde_json::from_str::<Interceptor>(refused).is_err(), "{refused}");
        }
        for trigger in [
            Trigger::PreSignup,
            Trigger::PreSessionCreation,
            Trigger::PreUserInvitation,
            Trigger::PreM2mTokenCreation,
        ] {
            assert_eq!(serde_json::to_value(trigger).unwrap(), trigger.name());
            assert_eq!(trigger.name().to_ascii_uppercase(), trigger.trigger_point());
        }
        let written = serde_json::to_value(&signup).unwrap();
        let mut members: Vec<&str> = written.as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        let mut known = Interceptor::MEMBERS;
        known.sort_unstable();
        assert_eq!(members, known);
    }

    #[test]
    fn the_secret_before_signs_until_its_time_is_over() {
        let (now, until) = (Timestamp::from_unix_seconds(10), Timestamp::from_unix_seconds(20));
        let secret = InterceptorSecret { sealed: vec![2], previous: Some((vec![1], until)) };
        let signing = |at| secret.signing(at).map(<[u8]>::to_vec).collect::<Vec<_>>();
        assert_eq!(signing(now), [vec![2], vec![1]]);
        assert_eq!(signing(until), [vec![2]]);
    }
}
