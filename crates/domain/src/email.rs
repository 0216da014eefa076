use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::name::has_invisible;
use crate::spelling::{composed, folded, is_deceptive};

/// An e-mail address: as it was typed, and the key by which it names one account.
///
/// Mail always goes to the address as stored. Two addresses are equal when their keys are: case does not count,
/// nor do the spelling of the domain (IDNA) and the normal form. Dots and `+tags` count. `Debug` hides it.
#[derive(Clone)]
pub struct EmailAddress {
    typed: Box<str>,
    key: Box<str>,
}

/// The text is not an e-mail address we accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailRefused {
    /// Not `name@domain`.
    #[error("not an e-mail address: write it as name@example.com")]
    Shape,
    /// More than 64 bytes before the `@`, or more than 254 in all (RFC 5321 section 4.5.3.1).
    #[error("the e-mail address is too long")]
    TooLong,
    /// Letters that look like others, or are not seen.
    #[error("the e-mail address has letters that look like others, or that cannot be seen")]
    Deceptive,
    /// The part after the `@` is not the name of a host that can receive mail.
    #[error("the part after the @ is not a domain name")]
    Domain,
}

impl EmailAddress {
    /// The address as typed: where mail goes.
    pub fn as_str(&self) -> &str {
        &self.typed
    }

    /// The key: equal for all spellings of one address, unique in a realm.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The key without what follows a `+` before the `@`: for many servers of mail, the mailbox. Only to count by: whose an address is, is
    /// told by its [key](Self::key).
    pub fn mailbox(&self) -> String {
        match self.key.rsplit_once('@') {
            Some((local, domain)) => {
                let (name, _) = local.split_once('+').unwrap_or((local, ""));
                format!("{name}@{domain}")
            }
            None => self.key.to_string(),
        }
    }
}

/// RFC 5321 `atext`: what may stand before the `@` without quotes.
fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

fn check_local(local: &str) -> Result<(), EmailRefused> {
    if local.len() > 64 {
        return Err(EmailRefused::TooLong);
    }
    let wrong = local.is_empty()
        || local.starts_with('.')
        || local.ends_with('.')
        || local.contains("..")
        || local.bytes().any(|byte| byte.is_ascii() && !is_atext(byte) && byte != b'.');
    if wrong {
        return Err(EmailRefused::Shape);
    }
    if is_deceptive(local) { Err(EmailRefused::Deceptive) } else { Ok(()) }
}

/// Whether IDNA has nothing to say: letters, digits and inner hyphens, and no label that could be a Punycode one.
/// Nearly every domain; and every row of a user is read through here.
fn is_plain_host(domain: &str) -> bool {
    let plain = |label: &str| {
        let bytes = label.as_bytes();
        (1..=63).contains(&bytes.len())
            && bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
            && bytes.first() != Some(&b'-')
            && bytes.last() != Some(&b'-')
            && bytes.get(2..4) != Some(b"--")
    };
    domain.len() <= 253 && domain.split('.').all(plain)
}

/// The domain in the ASCII form of IDNA (UTS 46, nontransitional).
fn check_domain(domain: &str) -> Result<String, EmailRefused> {
    if domain.split('.').any(is_deceptive) {
        return Err(EmailRefused::Deceptive);
    }
    let ascii = if is_plain_host(domain) {
        domain.to_ascii_lowercase()
    } else {
        idna::domain_to_ascii_strict(domain).map_err(|_| EmailRefused::Domain)?
    };
    let last = ascii.rsplit('.').next().unwrap_or_default();
    let numeric = last.bytes().all(|b| b.is_ascii_digit());
    if numeric || (!ascii.contains('.') && ascii != "localhost") {
        return Err(EmailRefused::Domain);
    }
    Ok(ascii)
}

impl FromStr for EmailAddress {
    type Err = EmailRefused;

    fn from_str(text: &str) -> Result<Self, EmailRefused> {
        let text = text.trim_matches(' ');
        // Refused before anything is normalised, so that long input costs nothing.
        if text.len() > 1_000 {
            return Err(EmailRefused::TooLong);
        }
        if has_invisible(text) {
            return Err(EmailRefused::Deceptive);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(EmailRefused::Shape)?;
        check_local(local)?;
        let domain = check_domain(domain)?;
        let typed = composed(text);
        let key = [&folded(local), "@", &domain].concat();
        if key.len() > 254 || typed.len() > 254 {
            return Err(EmailRefused::TooLong);
        }
        Ok(Self { typed: typed.into(), key: key.into() })
    }
}

impl PartialEq for EmailAddress {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for EmailAddress {}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

impl Serialize for EmailAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.typed)
    }
}

impl<'de> Deserialize<'de> for EmailAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::name::parse_text(deserializer)
    }
}

#[cfg(test)]
#[path = "email_tests.rs"]
mod tests;
