//! Numbers that codes are sent to.

use std::fmt;
use std::str::FromStr;

/// How many digits a number has (ITU-T E.164), with those of the country.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

/// A telephone number as the whole world dials it: `+`, and 8 to 15 digits of which the first is not 0 (ITU-T E.164).
///
/// `Debug` hides it, and there is no `Display`: what is shown of it is [`masked`](Self::masked).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhoneNumber(Box<str>);

impl PhoneNumber {
    /// The number itself: for the store, and for whoever sends to it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is shown of it, also to its owner: the last two digits.
    pub fn masked(&self) -> String {
        format!("•••{}", &self.0[self.0.len() - 2..])
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber(…)")
    }
}

/// The text is no number that a code could be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a phone number is + and 8 to 15 digits with the country's first, as in +4915112345678")]
pub struct PhoneNumberRefused;

/// As people write it: spaces, dots, dashes and parentheses are left out, and only the digits 0 to 9 are digits.
impl FromStr for PhoneNumber {
    type Err = PhoneNumberRefused;

    fn from_str(text: &str) -> Result<Self, PhoneNumberRefused> {
        let left_out = |c: char| c.is_whitespace() || matches!(c, '.' | '-' | '‐' | '‑' | '–' | '(' | ')');
        // The zero that is dialled within the country alone, as it is written in Germany and elsewhere (ITU-T E.123).
        let text = text.replacen("(0)", "", 1);
        let number: String = text.chars().filter(|c| !left_out(*c)).take(DIGITS.end() + 2).collect();
        let digits = number.strip_prefix('+').ok_or(PhoneNumberRefused)?;
        let fits = DIGITS.contains(&digits.len())
            && digits.bytes().all(|digit| digit.is_ascii_digit())
            && !digits.starts_with('0');
        if fits { Ok(Self(number.into())) } else { Err(PhoneNumberRefused) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_read_as_people_write_it_and_shown_by_its_end() {
        for text in [
            "+4915112345678",
            " +49 151 1234-5678 ",
            "+49 (151) 123.456.78",
            "+49\u{a0}151\u{2011}12345678",
            "+49 (0)151 12345678",
        ] {
            let number: PhoneNumber = text.parse().unwrap();
            assert_eq!((number.as_str(), number.masked().as_str()), ("+4915112345678", "•••78"), "{text}");
            assert_eq!(format!("{number:?}"), "PhoneNumber(…)");
        }
        for text in ["+12345678", "+123456789012345"] {
            assert!(text.parse::<PhoneNumber>().is_ok(), "{text}");
        }
    }

    #[test]
    fn what_nobody_could_be_called_by_from_everywhere_is_no_number() {
        for text in [
            "",
            "+",
            "4915112345678",
            "004915112345678",
            "+0115112345678",
            "+1234567",
            "+1234567890123456",
            "+49151123456x8",
            "++4915112345678",
            "+49+15112345678",
            "+٤٩١٥١١٢٣٤٥٦٧٨",
            "+49151\u{0}12345678",
            "tel:+4915112345678",
            "+4915112345678;ext=1",
            &format!("+{}", "1".repeat(100_000)),
        ] {
            assert_eq!(text.parse::<PhoneNumber>(), Err(PhoneNumberRefused));
        }
    }

    proptest! {
        #[test]
        fn what_was_read_is_read_again_as_the_same(text in "\\+[0-9 ().-]{6,24}") {
            if let Ok(number) = text.parse::<PhoneNumber>() {
                prop_assert_eq!(number.as_str().parse::<PhoneNumber>(), Ok(number));
            }
        }
    }
}
