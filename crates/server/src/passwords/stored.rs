//! Password hashes as they are stored: our own, and those that users brought from elsewhere.
//!
//! A stored hash is taken apart completely, and what it costs is bounded, before any work is done with it. Nothing here makes
//! a hash in a foreign format: they are verified, and replaced by Argon2id when their owner signs in.

use super::{
    argon2id::{self, Arena, Cost},
    bcrypt::Bcrypt,
    pbkdf2::Pbkdf2,
    salted_sha::SaltedSha,
    scrypt::Scrypt,
};

/// Longer than any hash of a known format.
const MAX_TEXT: usize = 1_024;
/// Bytes that a hash may have as salt.
pub(super) const MAX_SALT: usize = 256;

/// Why a stored hash cannot be checked.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum HashUnusable {
    /// Cut off, or spelled otherwise than its format says.
    #[error("the password hash is damaged: it is not what its format says; copy all of it, or leave it out")]
    Malformed,
    /// A format this release does not verify.
    #[error(
        "the password hash is of no kind that is verified: there are Argon2, bcrypt, scrypt, PBKDF2 and salted SHA, as the guide about \
         importing users spells them; leave it out"
    )]
    Algorithm,
    /// More work than a stored hash may ask for.
    #[error("the password hash asks for more work than is allowed, {0}; leave it out")]
    TooCostly(&'static str),
}

/// A stored hash, taken apart.
pub(super) enum Stored {
    Argon2(argon2id::Stored),
    Bcrypt(Bcrypt),
    Scrypt(Scrypt),
    Pbkdf2(Pbkdf2),
    SaltedSha(SaltedSha),
}

impl Stored {
    pub(super) fn parse(text: &str) -> Result<Self, HashUnusable> {
        if text.len() > MAX_TEXT {
            return Err(HashUnusable::Malformed);
        }
        // Django writes the name of its hasher in front of hashes that name themselves.
        let own = text.strip_prefix("argon2").filter(|own| own.starts_with("$argon2")).unwrap_or(text);
        if own.starts_with("$argon2") {
            return argon2id::Stored::parse(own).map(Self::Argon2);
        }
        let parsed = Bcrypt::parse(text).map(|found| found.map(Self::Bcrypt));
        let parsed = parsed.or_else(|| Scrypt::parse(text).map(|found| found.map(Self::Scrypt)));
        let parsed = parsed.or_else(|| Pbkdf2::parse(text).map(|found| found.map(Self::Pbkdf2)));
        let parsed = parsed.or_else(|| SaltedSha::parse(text).map(|found| found.map(Self::SaltedSha)));
        parsed.unwrap_or(Err(HashUnusable::Algorithm))
    }

    /// Whether a fresh hash of the same password would be made otherwise today.
    pub(super) fn is_outdated(&self, wanted: Cost) -> bool {
        match self {
            Self::Argon2(stored) => stored.is_outdated(wanted),
            Self::Bcrypt(_) | Self::Scrypt(_) | Self::Pbkdf2(_) | Self::SaltedSha(_) => true,
        }
    }

    pub(super) fn verify(&self, password: &[u8], arena: &mut Arena) -> Result<bool, HashUnusable> {
        match self {
            Self::Argon2(stored) => stored.verify(password, arena),
            Self::Bcrypt(stored) => Ok(stored.verify(password)),
            Self::Scrypt(stored) => stored.verify(password),
            Self::Pbkdf2(stored) => Ok(stored.verify(password)),
            Self::SaltedSha(stored) => Ok(stored.verify(password)),
        }
    }
}

/// Whether two hashes are equal, in a time that says nothing about where they differ.
pub(super) fn equal(one: &[u8], other: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(one, other).is_ok()
}

/// Base 64 as any of the formats spells it: with or without padding, with `+/`, `-_`, or `./` as passlib has it.
pub(super) fn base64(text: &str) -> Result<Vec<u8>, HashUnusable> {
    let plain: Vec<u8> = text
        .trim_end_matches('=')
        .bytes()
        .map(|byte| match byte {
            b'.' | b'-' => b'+',
            b'_' => b'/',
            other => other,
        })
        .collect();
    data_encoding::BASE64_NOPAD.decode(&plain).map_err(|_| HashUnusable::Malformed)
}

/// Hexadecimal, in either case.
pub(super) fn hexadecimal(text: &str) -> Result<Vec<u8>, HashUnusable> {
    data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).map_err(|_| HashUnusable::Malformed)
}

/// A positive number without sign or leading zero.
pub(super) fn number(text: &str) -> Result<u32, HashUnusable> {
    let plain = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain).ok_or(HashUnusable::Malformed)
}

/// The fields of a text between `$`, exactly so many.
pub(super) fn fields<const N: usize>(text: &str) -> Result<[&str; N], HashUnusable> {
    let found: Vec<&str> = text.splitn(N + 1, '$').collect();
    found.try_into().map_err(|_| HashUnusable::Malformed)
}

/// `name=value` pairs between commas, each name once and none unknown.
pub(super) fn pairs<'t, const N: usize>(
    text: &'t str,
    names: [&str; N],
) -> Result<[Option<&'t str>; N], HashUnusable> {
    let mut values = [None; N];
    for pair in text.split(',') {
        let (name, value) = pair.split_once('=').ok_or(HashUnusable::Malformed)?;
        let at = names.iter().position(|known| *known == name).ok_or(HashUnusable::Malformed)?;
        if values[at].replace(value).is_some() {
            return Err(HashUnusable::Malformed);
        }
    }
    Ok(values)
}

#[cfg(test)]
#[path = "stored_tests.rs"]
mod tests;
