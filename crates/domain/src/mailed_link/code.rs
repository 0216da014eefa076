//! Codes that are mailed: eight digits, to be typed where they were asked for.
//!
//! Each is derived from the link it goes with, so that neither is stored. Of a hundred million few can be tried: five for a letter, and
//! a stranger can have no more letters sent to an address than the limits let them. So there is no count of wrong codes for an account
//! that a stranger could use up to keep its owner out.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::constant_time;
use zeroize::Zeroizing;

/// How many digits a code has.
const DIGITS: usize = 8;

/// A code that is mailed.
pub struct MailedCode(Zeroizing<[u8; DIGITS]>);

impl MailedCode {
    /// The one that these bytes of a MAC make.
    pub(super) fn of(mac: &[u8]) -> Self {
        let number = mac.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let text = Zeroizing::new(format!("{:0width$}", number % 100_000_000, width = DIGITS));
        let mut digits = [0; DIGITS];
        digits.copy_from_slice(text.as_bytes());
        Self(Zeroizing::new(digits))
    }

    /// As it stands in the letter, in two groups. For that letter and nothing else.
    pub fn reveal(&self) -> Zeroizing<String> {
        let digits: String = self.0.iter().map(|digit| char::from(*digit)).collect();
        Zeroizing::new(format!("{} {}", &digits[..4], &digits[4..]))
    }
}

/// In a time that says nothing about where two differ.
impl PartialEq for MailedCode {
    fn eq(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(self.0.as_ref(), other.0.as_ref()).is_ok()
    }
}

impl Eq for MailedCode {}

impl fmt::Debug for MailedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailedCode(…)")
    }
}

/// The text is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a mailed code is eight digits")]
pub struct NoMailedCode;

/// As people type it: in groups or without, with spaces or dashes.
impl FromStr for MailedCode {
    type Err = NoMailedCode;

    fn from_str(text: &str) -> Result<Self, NoMailedCode> {
        let mut digits = Zeroizing::new([0; DIGITS]);
        let mut typed = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '‐' | '–' | '—'));
        for digit in digits.iter_mut() {
            let c = typed.next().filter(char::is_ascii_digit).ok_or(NoMailedCode)?;
            *digit = u8::try_from(c).map_err(|_| NoMailedCode)?;
        }
        if typed.next().is_some() { Err(NoMailedCode) } else { Ok(Self(digits)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MailedLinkId, MasterKey, mailed_link::code_tries};

    #[test]
    fn lg_18_a_code_is_eight_digits_of_one_link_and_one_master_key() {
        let mac = MasterKey::from_bytes([1; 32]).link_mac_key();
        let code = mac.code(MailedLinkId::MIN);
        let shown = code.reveal();
        assert_eq!((shown.len(), shown.as_bytes()[4]), (9, b' '));
        assert_eq!(format!("{code:?}"), "MailedCode(…)");
        for typed in [shown.to_string(), shown.replace(' ', ""), format!(" {} ", shown.replace(' ', " - "))] {
            assert_eq!(typed.parse::<MailedCode>().unwrap(), code, "{typed}");
        }
        assert_ne!(mac.code(MailedLinkId::MAX), code);
        assert_ne!(MasterKey::from_bytes([2; 32]).link_mac_key().code(MailedLinkId::MIN), code);
        assert_ne!(code_tries(MailedLinkId::MIN), code_tries(MailedLinkId::MAX));
    }

    #[test]
    fn what_is_not_eight_digits_is_no_code() {
        for text in ["", "1234567", "123456789", "1234567x", "١٢٣٤٥٦٧٨", "+1234567", &"1".repeat(100_000)]
        {
            assert_eq!(text.parse::<MailedCode>(), Err(NoMailedCode));
        }
        assert_eq!(MailedCode::of(&[0; 32]).reveal().as_str(), "0000 0000");
        assert_eq!(MailedCode::of(&[0, 0, 0, 0, 5, 245, 225, 1, 9]).reveal().as_str(), "0000 0001");
    }
}
