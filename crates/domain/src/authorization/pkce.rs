//! Proof keys (RFC 7636), `S256` only.

use aws_lc_rs::{constant_time, digest};
use data_encoding::BASE64URL_NOPAD;

/// Whether the text can be the challenge of a request: the SHA-256 of something, in base64url.
pub fn is_challenge(text: &str) -> bool {
    text.len() == 43 && BASE64URL_NOPAD.decode(text.as_bytes()).is_ok()
}

/// The challenge of a verifier.
pub fn challenge_of(verifier: &str) -> String {
    BASE64URL_NOPAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()).as_ref())
}

/// Whether the verifier is the one the challenge was made of (RFC 7636 section 4.6). One that is too short to be a secret, or
/// too long, is none (section 4.1).
pub fn proves(verifier: &str, challenge: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(unreserved) {
        return false;
    }
    let made = challenge_of(verifier);
    constant_time::verify_slices_are_equal(made.as_bytes(), challenge.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 appendix B.
    #[test]
    fn oa_05_only_the_verifier_of_a_challenge_proves_it() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(is_challenge(challenge) && proves(verifier, challenge));
        assert_eq!(challenge_of(verifier), challenge);
        assert!(!proves(challenge, challenge), "plain");
        assert!(!proves(&verifier.replace('d', "e"), challenge));
        for bad in ["", "short", &verifier[..42], &"x".repeat(129), &format!("{}!", &verifier[..42])] {
            assert!(!proves(bad, challenge), "{bad}");
        }
        for bad in ["", "E9Mel", &format!("{challenge}="), &"x".repeat(44), &"+".repeat(43)] {
            assert!(!is_challenge(bad), "{bad}");
        }
    }
}
