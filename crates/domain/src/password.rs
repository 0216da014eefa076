//! Passwords: what is accepted (NIST SP 800-63B-4 section 3.1.1.2), and how they are spelled.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::PasswordRules;

mod common;

/// Characters at least, where a realm does not say otherwise.
pub const DEFAULT_MIN_LENGTH: u32 = 12;
/// Bytes at most, in normal form C: enough for any passphrase, and a bound for what is hashed.
pub const MAX_BYTES: usize = 1_024;

/// A stored password hash in PHC or a foreign format. `Debug` shows only the name of the algorithm.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(Zeroizing<String>);

impl PasswordHash {
    /// From the text a hasher made, or an import brought.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text, for a hasher and for the database.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only a text with `$` begins with a name; others begin with the salt.
        let name = self.0.trim_start_matches('$').split_once('$').map_or("", |(name, _)| name);
        let known: String =
            name.chars().take(16).filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        write!(f, "PasswordHash({known}, …)")
    }
}

/// A password in normal form C: the bytes that are hashed. Its memory is wiped.
pub struct Password(Zeroizing<String>);

impl Password {
    /// Spells a password for verification. Only its size is looked at: what was accepted once must stay usable.
    pub fn to_verify(text: &str) -> Result<Self, TooWeak> {
        // Normalisation can make text longer; refuse before spending time on it.
        if text.len() > MAX_BYTES * 4 {
            return Err(TooWeak::TooLong);
        }
        let spelled = Zeroizing::new(text.nfc().collect::<String>());
        if spelled.len() > MAX_BYTES { Err(TooWeak::TooLong) } else { Ok(Self(spelled)) }
    }

    /// The bytes to hash.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Why a new password is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooWeak {
    /// Fewer characters than the realm asks for.
    #[error("the password has fewer than {min} characters")]
    TooShort {
        /// Characters at least.
        min: u32,
    },
    /// More than 1,024 bytes.
    #[error("the password is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// Known to be used by many, or such a one with digits or signs around it.
    #[error("the password is one that many people use")]
    Common,
    /// One or two characters, or one short piece, over and over, or letters in a row.
    #[error("the password repeats itself or runs along the alphabet")]
    Repetitive,
    /// The user's own name or address, or the name of the service.
    #[error("the password contains the name or address of its owner, or the name of the service")]
    Personal,
    /// Known from accounts elsewhere that were broken into. Whoever accepts the password finds out by asking.
    #[error("the password is known from accounts that were broken into elsewhere, {times} times")]
    Breached {
        /// How often it was seen.
        times: u64,
    },
}

impl TooWeak {
    /// The stable code of the reason.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooShort { .. } => "password_too_short",
            Self::TooLong => "password_too_long",
            Self::Common => "password_common",
            Self::Repetitive => "password_repetitive",
            Self::Personal => "password_personal",
            Self::Breached { .. } => "password_breached",
        }
    }
}

/// What a realm asks of a new password. There are no rules about kinds of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    min_length: u32,
    allow_decorated: bool,
}

impl Policy {
    /// Characters at least; never fewer than 8 (NIST SP 800-63B-4 section 3.1.1.1).
    pub const fn new(min_length: u32) -> Self {
        Self { min_length: if min_length < 8 { 8 } else { min_length }, allow_decorated: false }
    }

    /// As a realm says.
    pub const fn of(rules: PasswordRules) -> Self {
        Self { allow_decorated: rules.allow_decorated, ..Self::new(rules.min_length) }
    }

    /// Characters at least.
    pub const fn min_length(&self) -> u32 {
        self.min_length
    }

    /// Accepts a new password, or says why not. `context` are words the user is known by: address, username,
    /// name, the name of the realm.
    pub fn accept(&self, text: &str, context: &[&str]) -> Result<Password, TooWeak> {
        let password = Password::to_verify(text)?;
        let length = password.0.chars().count();
        if length < self.min_length as usize {
            return Err(TooWeak::TooShort { min: self.min_length });
        }
        let plain = Zeroizing::new(password.0.to_lowercase());
        if is_repetitive(&plain) {
            return Err(TooWeak::Repetitive);
        }
        if is_personal(&plain, context, self.allow_decorated) {
            return Err(TooWeak::Personal);
        }
        let is_common = if self.allow_decorated { common::is_itself } else { common::is_common };
        if is_common(&plain) {
            return Err(TooWeak::Common);
        }
        Ok(password)
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::new(DEFAULT_MIN_LENGTH)
    }
}

/// A piece of up to four characters over and over, at most two characters, or neighbours in a row.
fn is_repetitive(plain: &str) -> bool {
    let letters = Zeroizing::new(plain.chars().collect::<Vec<char>>());
    let periodic = (1..=4).any(|period| {
        letters.len() >= period * 3 && letters.iter().zip(&letters[period..]).all(|(a, b)| a == b)
    });
    let mut kinds: Vec<char> = letters.to_vec();
    kinds.sort_unstable();
    kinds.dedup();
    let steps = |by: i64| {
        letters.windows(2).all(|pair| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0])) == by)
    };
    periodic || kinds.len() <= 2 || steps(1) || steps(-1)
}

/// Whether a word the user is known by is most of the password, or where that is allowed all of it.
fn is_personal(plain: &str, context: &[&str], allow_decorated: bool) -> bool {
    let words = context
        .iter()
        .flat_map(|text| std::iter::once(*text).chain(text.split(|c: char| !c.is_alphanumeric())))
        .map(str::to_lowercase);
    words.filter(|word| word.chars().count() >= 4).any(|word| {
        if allow_decorated {
            return *plain == *word;
        }
        // A passphrase that happens to hold a word of the user is fine; the word with decoration is not.
        plain.contains(&word) && plain.chars().count() < word.chars().count() + 8
    })
}

#[cfg(test)]
mod tests;
