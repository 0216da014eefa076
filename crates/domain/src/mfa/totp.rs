//! Codes of the time (RFC 6238): six digits, thirty seconds, HMAC-SHA1, as every authenticator app makes them.

use std::fmt::{self, Write as _};

use aws_lc_rs::{constant_time, hmac};
use data_encoding::BASE32_NOPAD;
use zeroize::Zeroizing;

use crate::{Entropy, Timestamp};

/// How long one code is shown, in seconds (RFC 6238 section 4.1).
pub const PERIOD: u64 = 30;
/// How many digits a code has.
pub const DIGITS: usize = 6;
/// How many steps a clock may be behind or ahead: one (RFC 6238 section 5.2 advises no more).
pub const DRIFT: u64 = 1;
/// How many random bytes a seed has (RFC 4226 section 4 R6 recommends 160 bits).
pub const SEED_LENGTH: usize = 20;

/// What the server and an authenticator app share.
pub struct Seed(Zeroizing<[u8; SEED_LENGTH]>);

impl Seed {
    /// A fresh one.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; SEED_LENGTH]);
        entropy.fill(bytes.as_mut());
        Self(bytes)
    }

    /// From the bytes that [`reveal`](Self::reveal) gave. `None`: it is no seed.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// The bytes, to be sealed.
    pub fn reveal(&self) -> &[u8] {
        self.0.as_ref()
    }

    /// As a person types it into an app that cannot scan: base 32 (RFC 4648 section 6) without padding.
    pub fn to_base32(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE32_NOPAD.encode(self.0.as_ref()))
    }

    /// What the picture says that an app scans. `issuer` and `account` are how the app names the entry.
    pub fn to_uri(&self, issuer: &str, account: &str) -> Zeroizing<String> {
        let (issuer, account) = (escaped(issuer), escaped(account));
        Zeroizing::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={PERIOD}",
            self.to_base32().as_str()
        ))
    }

    /// The code of a step.
    pub fn code(&self, step: u64) -> Code {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.0.as_ref());
        let text = hotp(&key, step, DIGITS);
        let mut digits = [0; DIGITS];
        digits.copy_from_slice(text.as_bytes());
        Code(digits)
    }

    /// The step whose code this is: the one of now, or one next to it, but none up to `last`, which was accepted before. The first
    /// that fits, so that the next code stays good.
    pub fn step_of(&self, code: &Code, last: u64, now: Timestamp) -> Option<u64> {
        let present = step_at(now);
        let window = present.saturating_sub(DRIFT)..=present.saturating_add(DRIFT);
        // Each is computed and compared, so that the time says nothing.
        let mut found = None;
        for step in window {
            let fits = constant_time::verify_slices_are_equal(&self.code(step).0, &code.0).is_ok();
            if fits && step > last && found.is_none() {
                found = Some(step);
            }
        }
        found
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(…)")
    }
}

/// The step of a moment: how many periods there were since 1970 (RFC 6238 section 4.2).
pub fn step_at(now: Timestamp) -> u64 {
    u64::try_from(now.unix_seconds()).unwrap_or(0) / PERIOD
}

/// HOTP (RFC 4226 section 5.3).
fn hotp(key: &hmac::Key, counter: u64, digits: usize) -> String {
    let mac = hmac::sign(key, &counter.to_be_bytes());
    let mac = mac.as_ref();
    let at = usize::from(mac.last().copied().unwrap_or(0) & 0x0f);
    let mut word = [0; 4];
    word.copy_from_slice(&mac[at..at + 4]);
    let number = u32::from_be_bytes(word) & 0x7fff_ffff;
    let text = format!("{number:010}");
    text[text.len() - digits..].to_owned()
}

/// Everything but letters and digits of ASCII, so that apps that read strictly and loosely read the same.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // A string takes whatever is written to it.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A code as somebody typed it: six digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Code([u8; DIGITS]);

impl Code {
    /// The digits.
    pub fn digits(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

/// The text is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a code is six digits")]
pub struct NoCode;

/// As apps show it, in one or two groups: spaces are left out, and only the digits 0 to 9 are digits.
impl std::str::FromStr for Code {
    type Err = NoCode;

    fn from_str(text: &str) -> Result<Self, NoCode> {
        let mut typed = text.chars().filter(|c| !matches!(c, ' ' | '\u{a0}' | '\u{202f}'));
        let mut digits = [0; DIGITS];
        for digit in &mut digits {
            let c = typed.next().filter(char::is_ascii_digit).ok_or(NoCode)?;
            *digit = u8::try_from(c).map_err(|_| NoCode)?;
        }
        if typed.next().is_none() { Ok(Self(digits)) } else { Err(NoCode) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed() -> Seed {
        Seed::from_bytes(b"12345678901234567890").unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds)
    }

    /// RFC 4226 appendix D.
    #[test]
    fn codes_of_a_counter_are_those_of_the_rfc() {
        let codes = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
            "520489",
        ];
        for (counter, code) in codes.iter().enumerate() {
            assert_eq!(seed().code(counter as u64).digits(), *code, "{counter}");
        }
    }

    /// RFC 6238 appendix B, with the seeds of erratum 2866.
    #[test]
    fn codes_of_the_time_are_those_of_the_rfc() {
        let digits = b"1234567890123456789012345678901234567890123456789012345678901234";
        let keys = [
            hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &digits[..20]),
            hmac::Key::new(hmac::HMAC_SHA256, &digits[..32]),
            hmac::Key::new(hmac::HMAC_SHA512, &digits[..64]),
        ];
        for (seconds, codes) in [
            (59, ["94287082", "46119246", "90693936"]),
            (1_111_111_109, ["07081804", "68084774", "25091201"]),
            (1_111_111_111, ["14050471", "67062674", "99943326"]),
            (1_234_567_890, ["89005924", "91819424", "93441116"]),
            (2_000_000_000, ["69279037", "90698825", "38618901"]),
            (20_000_000_000, ["65353130", "77737706", "47863826"]),
        ] {
            for (key, code) in keys.iter().zip(codes) {
                assert_eq!(hotp(key, step_at(at(seconds)), 8), code, "{seconds}");
            }
            assert_eq!(seed().code(step_at(at(seconds))).digits(), &codes[0][2..], "{seconds}");
        }
    }

    #[test]
    fn mf_01_a_code_is_good_in_its_step_and_the_two_next_to_it() {
        let (seed, now) = (seed(), at(1_800_000_000));
        let present = step_at(now);
        for (step, good) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let step = present.checked_add_signed(step).unwrap();
            let found = seed.step_of(&seed.code(step), 0, now);
            assert_eq!(found, good.then_some(step), "{step}");
        }
        assert_eq!(step_at(at(59)), 1);
        assert_eq!(step_at(at(60)), 2);
        assert_eq!(step_at(at(-5)), 0);
    }

    #[test]
    fn mf_01_no_code_is_good_twice_and_none_is_that_is_older_than_the_last() {
        let (seed, now) = (seed(), at(1_800_000_000));
        let present = step_at(now);
        let newest = seed.code(present + 1);
        assert_eq!(seed.step_of(&newest, present, now), Some(present + 1));
        for step in [present - 1, present, present + 1] {
            assert_eq!(seed.step_of(&seed.code(step), present + 1, now), None);
        }
    }

    #[test]
    fn mf_01_a_code_is_six_digits_of_ascii_with_spaces_anywhere() {
        let code: Code = "287082".parse().unwrap();
        for same in ["287 082", " 287082 ", "2 8 7 0 8 2", "287\u{a0}082", "287\u{202f}082"] {
            assert_eq!(same.parse(), Ok(code), "{same}");
        }
        for other in [
            "",
            " ",
            "28708",
            "2870822",
            "28708a",
            "-87082",
            "+87082",
            "287-082",
            "٢٨٧٠٨٢",
            "２８７０８２",
            "28708२",
            "287082\0",
            "287\n082",
            "0x1234",
        ] {
            assert_eq!(other.parse::<Code>(), Err(NoCode), "{other:?}");
        }
    }

    #[test]
    fn a_uri_says_whose_it_is_and_a_name_adds_nothing_to_it() {
        let uri = seed().to_uri("Reef & Atlas: über", "ada?secret=X@example.com");
        assert_eq!(
            uri.as_str(),
            "otpauth://totp/Reef%20%26%20Atlas%3A%20%C3%BCber:ada%3Fsecret%3DX%40example.com\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Reef%20%26%20Atlas%3A%20%C3%BCber\
             &algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn a_seed_is_hidden_and_read_back() {
        let fresh = Seed::generate(&crate::entropy::testing::Counting::default());
        assert_eq!(format!("{fresh:?} {:?}", fresh.code(1)), "Seed(…) Code(…)");
        assert_eq!(Seed::from_bytes(fresh.reveal()).unwrap().reveal(), fresh.reveal());
        assert_eq!(fresh.to_base32().len(), 32);
        assert!(Seed::from_bytes(b"short").is_none());
    }
}
