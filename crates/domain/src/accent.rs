use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A colour: red, green and blue. Nothing else can be written where a colour stands, so that no other style gets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Accent([u8; 3]);

/// The text is not a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a colour is # and six hexadecimal digits, as in #0b5f73")]
pub struct AccentRefused;

impl Accent {
    /// Red, green and blue.
    pub const fn rgb(self) -> [u8; 3] {
        self.0
    }

    /// The six digits.
    pub fn hex(self) -> String {
        let [red, green, blue] = self.0;
        format!("{red:02x}{green:02x}{blue:02x}")
    }
}

impl FromStr for Accent {
    type Err = AccentRefused;

    fn from_str(text: &str) -> Result<Self, AccentRefused> {
        let digits = text.strip_prefix('#').ok_or(AccentRefused)?;
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(AccentRefused);
        }
        let value = u32::from_str_radix(digits, 16).map_err(|_| AccentRefused)?;
        let [_, red, green, blue] = value.to_be_bytes();
        Ok(Self([red, green, blue]))
    }
}

impl fmt::Display for Accent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.hex())
    }
}

impl Serialize for Accent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Accent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::name::parse_text(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_six_digits_and_nothing_else() {
        assert_eq!("#FFb300".parse::<Accent>().map(|accent| accent.to_string()), Ok("#ffb300".to_owned()));
        for bad in
            ["", "#", "ffb300", "#fff", "#ffb3000", "#ffb30g", "#+fb300", "red", "#ffb300;}", "#ffb30\u{660}"]
        {
            assert_eq!(bad.parse::<Accent>(), Err(AccentRefused), "{bad}");
        }
    }
}
