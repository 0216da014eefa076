use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::spelling::{composed, folded, is_deceptive};

/// A name to sign in with: 1 to 64 letters, digits, `.`, `_` and `-`, starting with a letter or digit.
///
/// It never contains `@`, so that it cannot be taken for an e-mail address. Equal when the keys are: case does
/// not count. `Debug` hides it.
#[derive(Clone)]
pub struct Username {
    typed: Box<str>,
    key: Box<str>,
}

/// The text is not a username we accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UsernameRefused {
    /// Other characters, or none, or too many.
    #[error("a username is 1 to 64 letters, digits, '.', '_' and '-', starting with a letter or a digit")]
    Shape,
    /// Letters that look like others, or are not seen.
    #[error("the username has letters that look like others, or that cannot be seen")]
    Deceptive,
}

impl Username {
    /// The name as typed.
    pub fn as_str(&self) -> &str {
        &self.typed
    }

    /// The key: equal for all spellings of one name, unique in a realm.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl FromStr for Username {
    type Err = UsernameRefused;

    fn from_str(text: &str) -> Result<Self, UsernameRefused> {
        let text = text.trim_matches(' ');
        if text.len() > 256 {
            return Err(UsernameRefused::Shape);
        }
        if crate::name::has_invisible(text) || is_deceptive(text) {
            return Err(UsernameRefused::Deceptive);
        }
        let typed = composed(text);
        let fits = typed.chars().all(|c| c.is_alphanumeric() || ".-_".contains(c) || !c.is_ascii())
            && typed.starts_with(char::is_alphanumeric)
            && typed.chars().count() <= 64;
        if !fits {
            return Err(UsernameRefused::Shape);
        }
        let key = folded(&typed);
        Ok(Self { typed: typed.into(), key: key.into() })
    }
}

impl PartialEq for Username {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Username {}

impl fmt::Debug for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Username(…)")
    }
}

impl Serialize for Username {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.typed)
    }
}

impl<'de> Deserialize<'de> for Username {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::name::parse_text(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_are_equal() {
        let name = |t: &str| t.parse::<Username>().unwrap();
        assert_eq!(name("Ada"), name("ada"));
        assert_eq!(name("Ren\u{e9}"), name("RENE\u{301}"));
        assert!(name("ΟΔΟΣ") == name("οδος") && name("οδος") == name("οδοσ"), "LG-08: one sigma");
        assert_ne!(name("ada.l"), name("adal"));
        assert_eq!(name(" Ada ").as_str(), "Ada");
    }

    #[test]
    fn names_that_deceive_are_refused() {
        for bad in [
            "",
            "a@b",
            "-ada",
            "a b",
            "a/b",
            "a\0",
            "\u{200b}ada",
            "ad\u{430}",
            "\u{ff41}da",
            "a\nb",
            &"a".repeat(65),
        ] {
            assert!(bad.parse::<Username>().is_err(), "{bad:?}");
        }
    }
}
