//! Webhooks: how they are signed, and how whoever receives one verifies it ([Standard Webhooks]).
//!
//! ```
//! use gatepost_jose::webhook::{Headers, Secret, Verifier};
//!
//! let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse()?;
//! let (id, at, body) = ("evt_1", 1_700_000_000, br#"{"type":"user.created"}"#);
//! let signature = secret.sign(id, at, body);
//!
//! let verifier = Verifier::new([secret]);
//! let timestamp = at.to_string();
//! let headers = Headers { id: Some(id), timestamp: Some(&timestamp), signature: Some(&signature) };
//! assert_eq!(verifier.verify(headers, body, at + 10)?, "evt_1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [Standard Webhooks]: https://www.standardwebhooks.com/

use std::fmt::{self, Write as _};
use std::str::FromStr;

use aws_lc_rs::{constant_time, hmac};
use base64_simd::STANDARD;
use zeroize::Zeroizing;

/// What the text of every secret begins with.
const PREFIX: &str = "whsec_";
/// What a signature of ours begins with: HMAC with SHA-256.
const VERSION: &str = "v1,";
/// How many bytes a secret has: 192 to 512 bits.
const SIZES: std::ops::RangeInclusive<usize> = 24..=64;
/// How far the clock of the sender may be from ours, and how old a message may be, in seconds.
pub const TOLERANCE: u64 = 300;
/// The longest id, and the longest list of signatures that is looked at: nobody makes us compare without end.
const LONGEST_ID: usize = 256;
const LONGEST_LIST: usize = 4_096;

/// What messages are signed with. Sender and receiver have the same.
///
/// As text: `whsec_` and base64 of 24 to 64 bytes. `Debug` hides it; its memory is wiped.
pub struct Secret(Zeroizing<Vec<u8>>);

/// The text is no secret of webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a webhook secret is whsec_ and base64 of 24 to 64 bytes")]
pub struct SecretRefused;

impl Secret {
    /// From its bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SecretRefused> {
        if SIZES.contains(&bytes.len()) {
            Ok(Self(Zeroizing::new(bytes.to_vec())))
        } else {
            Err(SecretRefused)
        }
    }

    /// Its text, to be shown once.
    pub fn reveal(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + 88));
        text.push_str(PREFIX);
        STANDARD.encode_append(self.as_bytes(), &mut *text);
        text
    }

    /// Its bytes, to be kept under another key.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The signature of a message, as it stands in the header `webhook-signature`.
    pub fn sign(&self, id: &str, at: i64, body: &[u8]) -> String {
        let mut text = String::with_capacity(VERSION.len() + 44);
        text.push_str(VERSION);
        STANDARD.encode_append(self.mac(id, &at.to_string(), body).as_ref(), &mut text);
        text
    }

    fn mac(&self, id: &str, timestamp: &str, body: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &self.0));
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            context.update(part);
        }
        context.sign()
    }
}

impl FromStr for Secret {
    type Err = SecretRefused;

    fn from_str(text: &str) -> Result<Self, SecretRefused> {
        let letters = text.strip_prefix(PREFIX).ok_or(SecretRefused)?;
        let bytes = STANDARD.decode_to_vec(letters).map(Zeroizing::new).map_err(|_| SecretRefused)?;
        Self::from_bytes(&bytes)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What a request says of the message in it; `None`: it has no such header, or more than one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Headers<'a> {
    /// `webhook-id`
    pub id: Option<&'a str>,
    /// `webhook-timestamp`
    pub timestamp: Option<&'a str>,
    /// `webhook-signature`
    pub signature: Option<&'a str>,
}

/// Why a message is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// A header is missing, there twice, or cannot be read.
    #[error("the header {0} is missing or cannot be read")]
    Header(&'static str),
    /// It was sent too long ago: it may have been sent by somebody who saw it then.
    #[error("the message is older than {TOLERANCE} seconds")]
    TooOld,
    /// It was sent in the future.
    #[error("the message is from the future; compare the clocks")]
    TooNew,
    /// No signature is by a secret that is known: another sent it, or it was changed on its way.
    #[error("no signature is right for this message")]
    Signature,
}

/// Verifies messages from one sender.
#[derive(Debug)]
pub struct Verifier {
    secrets: Vec<Secret>,
}

impl Verifier {
    /// With the secrets that are good: one, or two while one is being replaced.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        Self { secrets: secrets.into_iter().collect() }
    }

    /// The id of a message that the sender signed of late. `body` is what was received, to the byte; `now` is Unix time.
    ///
    /// A message is sent again until it is answered with a status of success, so that one may come twice: keep the ids of those that
    /// were dealt with, and answer the same to the second.
    pub fn verify<'a>(&self, headers: Headers<'a>, body: &[u8], now: i64) -> Result<&'a str, Refused> {
        let id = headers
            .id
            .filter(|id| (1..=LONGEST_ID).contains(&id.len()))
            .ok_or(Refused::Header("webhook-id"))?;
        let unreadable = Refused::Header("webhook-timestamp");
        let timestamp = headers.timestamp.ok_or(unreadable)?;
        // The digits themselves are signed, so that there is one spelling of a moment.
        let at: i64 = timestamp.parse().map_err(|_| unreadable)?;
        if at < 0 || at.to_string() != timestamp {
            return Err(unreadable);
        }
        let list = headers.signature.filter(|list| list.len() <= LONGEST_LIST);
        let list = list.ok_or(Refused::Header("webhook-signature"))?;
        if at.abs_diff(now) > TOLERANCE {
            return Err(if at < now { Refused::TooOld } else { Refused::TooNew });
        }
        let macs: Vec<hmac::Tag> =
            self.secrets.iter().map(|secret| secret.mac(id, timestamp, body)).collect();
        let signed = list.split(' ').filter_map(|one| one.strip_prefix(VERSION)).any(|letters| {
            let Ok(given) = STANDARD.decode_to_vec(letters) else { return false };
            macs.iter().any(|mac| constant_time::verify_slices_are_equal(mac.as_ref(), &given).is_ok())
        });
        if signed { Ok(id) } else { Err(Refused::Signature) }
    }
}

/// The signature that receivers written for Zalt verify: hexadecimal HMAC-SHA-256 of `timestamp.body`, by the text of the secret.
pub fn sign_for_zalt(secret: &str, at: i64, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()));
    for part in [at.to_string().as_bytes(), b".", body] {
        context.update(part);
    }
    let mut text = String::with_capacity(64);
    for byte in context.sign().as_ref() {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "evt_06fj5k2m8nqv3w1t7x9y4z0abc";
    const AT: i64 = 1_800_000_000;
    const BODY: &[u8] = br#"{"type":"user.created","data":{}}"#;

    fn secret() -> Secret {
        SECRET.parse().unwrap()
    }

    fn verified(timestamp: &str, signature: &str, body: &[u8], now: i64) -> Result<&'static str, Refused> {
        let headers = Headers { id: Some(ID), timestamp: Some(timestamp), signature: Some(signature) };
        Verifier::new([secret()]).verify(headers, body, now).map(|_| ID)
    }

    #[test]
    fn a_secret_is_read_back_and_hidden() {
        assert_eq!(secret().reveal().as_str(), SECRET);
        assert_eq!(format!("{:?}", secret()), "Secret(…)");
        let of = |bytes: usize| format!("whsec_{}", STANDARD.encode_to_string(vec![7; bytes]));
        assert!(of(24).parse::<Secret>().is_ok() && of(64).parse::<Secret>().is_ok());
        for bad in [&of(23), &of(65), "", "whsec_", &SECRET[6..], "whsec_%%%%", &SECRET.replace('w', "W")] {
            assert_eq!(bad.parse::<Secret>().err(), Some(SecretRefused), "{bad}");
        }
    }

    /// By `openssl dgst -sha256 -mac hmac`, and by Python's `hmac`.
    #[test]
    fn signatures_are_those_of_other_programs() {
        assert_eq!(secret().sign(ID, AT, BODY), "v1,vDEFqSbubvtwTPNIX0oAMCKKYmFwnbf/7+jKPe8dPCU=");
        assert_eq!(
            sign_for_zalt(SECRET, AT, BODY),
            "6d353db95c98247c1cb4661e61c0aa60636c42dd0f4b5ad20203d225a79ed6fc"
        );
    }

    #[test]
    fn wh_01_only_what_the_sender_signed_of_late_is_taken() {
        let signature = secret().sign(ID, AT, BODY);
        let at = AT.to_string();
        for now in [AT - 300, AT, AT + 300] {
            assert_eq!(verified(&at, &signature, BODY, now), Ok(ID), "{now}");
        }
        assert_eq!(
            verified(&at, &signature, BODY, AT + 301),
            Err(Refused::TooOld),
            "old, or sent again by another"
        );
        assert_eq!(verified(&at, &signature, BODY, AT - 301), Err(Refused::TooNew));
        // Another time, another body, another id.
        assert_eq!(verified(&(AT + 1).to_string(), &signature, BODY, AT), Err(Refused::Signature));
        for at_byte in 0..BODY.len() {
            let mut changed = BODY.to_vec();
            changed[at_byte] ^= 1;
            assert_eq!(verified(&at, &signature, &changed, AT), Err(Refused::Signature), "byte {at_byte}");
        }
        let other = secret().sign("evt_another", AT, BODY);
        assert_eq!(verified(&at, &other, BODY, AT), Err(Refused::Signature));
        // A dot moved from one part into the next makes another message.
        let moved = secret().sign(&format!("{ID}.{AT}"), 1, BODY);
        assert_eq!(verified(&at, &moved, BODY, AT), Err(Refused::Signature));
    }

    #[test]
    fn wh_01_one_right_signature_of_several_is_enough_and_another_form_is_none() {
        let (at, right) = (AT.to_string(), secret().sign(ID, AT, BODY));
        let wrong = Secret::from_bytes(&[9; 32]).unwrap().sign(ID, AT, BODY);
        assert_eq!(verified(&at, &format!("{wrong} v1a,AAAA v2,x {right}"), BODY, AT), Ok(ID));
        for refused in [
            wrong.as_str(),
            "",
            " ",
            "v1,",
            "v1,AAAA",
            &right[3..],
            &right.replace("v1,", "v1a,"),
            &right.replace("v1,", "V1,"),
            &right.replace('=', ""),
            &format!("{right}A"),
            &format!("{}{}", right, "=".repeat(3)),
        ] {
            assert_eq!(verified(&at, refused, BODY, AT), Err(Refused::Signature), "{refused}");
        }
        let endless = format!("{} {right}", wrong.repeat(100));
        assert_eq!(verified(&at, &endless, BODY, AT), Err(Refused::Header("webhook-signature")));
        let [old, new] = [secret(), Secret::from_bytes(&[9; 32]).unwrap()];
        let both = Verifier::new([new, old]);
        let headers = Headers { id: Some(ID), timestamp: Some(&at), signature: Some(&right) };
        assert_eq!(both.verify(headers, BODY, AT), Ok(ID), "while a secret is replaced");
        assert_eq!(
            Verifier::new([]).verify(headers, BODY, AT),
            Err(Refused::Signature),
            "no secret, no trust"
        );
    }

    #[test]
    fn wh_01_headers_that_are_missing_or_say_nothing_are_named() {
        let (at, right) = (AT.to_string(), secret().sign(ID, AT, BODY));
        let good = Headers { id: Some(ID), timestamp: Some(&at), signature: Some(&right) };
        let refused = |headers| Verifier::new([secret()]).verify(headers, BODY, AT).unwrap_err();
        let (long, padded, plus) = ("x".repeat(257), format!("0{at}"), format!("+{at}"));
        for (headers, name) in [
            (Headers { id: None, ..good }, "webhook-id"),
            (Headers { id: Some(""), ..good }, "webhook-id"),
            (Headers { id: Some(&long), ..good }, "webhook-id"),
            (Headers { timestamp: None, ..good }, "webhook-timestamp"),
            (Headers { timestamp: Some(""), ..good }, "webhook-timestamp"),
            (Headers { timestamp: Some("soon"), ..good }, "webhook-timestamp"),
            (Headers { timestamp: Some(&padded), ..good }, "webhook-timestamp"),
            (Headers { timestamp: Some(&plus), ..good }, "webhook-timestamp"),
            (Headers { timestamp: Some("-1"), ..good }, "webhook-timestamp"),
            (Headers { timestamp: Some("99999999999999999999"), ..good }, "webhook-timestamp"),
            (Headers { signature: None, ..good }, "webhook-signature"),
        ] {
            assert_eq!(refused(headers), Refused::Header(name), "{headers:?}");
        }
        let far = i64::MAX.to_string();
        assert_eq!(refused(Headers { timestamp: Some(&far), ..good }), Refused::TooNew, "no overflow");
    }
}
