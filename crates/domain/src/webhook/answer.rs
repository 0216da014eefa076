//! What comes of sending a message, and what that says of it.

use std::fmt;
use std::str::FromStr;

/// What came of sending a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// The receiver answered with this status.
    Status(u16),
    /// It did not within the time that one has.
    TooSlow,
    /// The connection broke before there was an answer.
    Broken,
    /// There was no connection.
    NoConnection,
    /// The address leads where nothing is sent to.
    AddressRefused,
    /// The secret to sign with cannot be read: it was sealed under another master key.
    SecretUnreadable,
}

impl Answer {
    const OTHERS: [Self; 5] =
        [Self::TooSlow, Self::Broken, Self::NoConnection, Self::AddressRefused, Self::SecretUnreadable];

    /// Whether the receiver has it: any status of success.
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Status(200..=299))
    }

    /// Whether the receiver wants no more of anything (RFC 9110 section 15.5.11).
    pub const fn is_last_word(self) -> bool {
        matches!(self, Self::Status(410))
    }

    /// Whether it says nothing of the message: nobody was there to take it, or to take anything.
    pub const fn is_of_receiver(self) -> bool {
        match self {
            Self::Status(status) => matches!(status, 410 | 429 | 502..=504),
            Self::NoConnection | Self::AddressRefused | Self::SecretUnreadable => true,
            Self::TooSlow | Self::Broken => false,
        }
    }

    /// Whether the next message would hardly fare better now.
    pub const fn is_of_all(self) -> bool {
        match self {
            Self::Status(status) => matches!(status, 410 | 429 | 500..),
            Self::TooSlow
            | Self::Broken
            | Self::NoConnection
            | Self::AddressRefused
            | Self::SecretUnreadable => true,
        }
    }

    /// Its name, for metrics: a status is one of five.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Status(200..=299) => "2xx",
            Self::Status(300..=399) => "3xx",
            Self::Status(400..=499) => "4xx",
            Self::Status(500..=599) => "5xx",
            Self::Status(_) => "other",
            Self::TooSlow => "too_slow",
            Self::Broken => "broken",
            Self::NoConnection => "no_connection",
            Self::AddressRefused => "address_refused",
            Self::SecretUnreadable => "secret_unreadable",
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "{status}"),
            other => f.write_str(other.class()),
        }
    }
}

/// The text is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no answer of a receiver")]
pub struct NoSuchAnswer;

impl FromStr for Answer {
    type Err = NoSuchAnswer;

    fn from_str(text: &str) -> Result<Self, NoSuchAnswer> {
        match text.parse() {
            Ok(status) => Ok(Self::Status(status)),
            Err(_) => Self::OTHERS.into_iter().find(|other| other.class() == text).ok_or(NoSuchAnswer),
        }
    }
}
