use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac};
use data_encoding::HEXLOWER;
use zeroize::Zeroizing;

use crate::Entropy;
use crate::application_token::ApplicationMac;
use crate::authorization::{CodeMac, device::DeviceMac};
use crate::browser::CsrfKey;
use crate::mailed_link::LinkMac;
use crate::mfa::recovery_code::RecoveryCodeKey;
use crate::mfa::sms::SmsCodeKey;
use crate::passkey::ChallengeKey;
use crate::refresh::RefreshMac;
use crate::session_token::SessionMac;
use crate::{DpopNonceKey, PairwiseKey};

/// The key above all keys: 32 bytes that never enter the database.
///
/// It wraps signing keys, TOTP seeds and provider secrets, and the MAC keys of refresh and session tokens are
/// derived from it. Losing it loses those; it cannot be derived from anything stored.
pub struct MasterKey(Zeroizing<[u8; 32]>);

/// A sealed value could not be opened. Which of the reasons holds is the operator's business, never a caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealBroken {
    /// Sealed under another master key.
    #[error("sealed under another master key (start with the master key this database was made with)")]
    OtherKey,
    /// Cut, changed, or sealed for another purpose or another row.
    #[error("the sealed value is damaged, or was moved from another place")]
    Damaged,
}

/// Layout: version, key id, nonce, ciphertext and tag.
const VERSION: u8 = 1;
const KEY_ID: usize = 4;
const HEADER: usize = 1 + KEY_ID + NONCE_LEN;

impl MasterKey {
    /// From the 32 bytes of the key file.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A fresh key.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        entropy.fill(bytes.as_mut());
        Self(bytes)
    }

    /// The 32 bytes, for the key file.
    pub fn reveal(&self) -> &[u8; 32] {
        &self.0
    }

    /// Encrypts `plaintext` so that only this key, this purpose (`"signing-key"`) and this context (the row it
    /// belongs to: realm id and key id) open it. AES-256-GCM with a random nonce.
    ///
    /// # Panics
    /// Never: the lengths are fixed, and no plaintext here is near the limit of AES-GCM.
    pub fn seal(&self, purpose: &str, context: &[u8], plaintext: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        entropy.fill(&mut nonce);
        let mut sealed = Vec::with_capacity(HEADER + plaintext.len() + AES_256_GCM.tag_len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&self.key_id());
        sealed.extend_from_slice(&nonce);
        let mut body = Zeroizing::new(plaintext.to_vec());
        #[expect(clippy::expect_used, reason = "fails only for plaintexts of more than 64 GiB")]
        let tag = self
            .sealing_key()
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aad(purpose, context), &mut body)
            .expect("AES-256-GCM seals any plaintext that fits in memory");
        sealed.extend_from_slice(&body);
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    /// Opens what [`seal`](Self::seal) made with the same purpose and context.
    pub fn open(
        &self,
        purpose: &str,
        context: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealBroken> {
        let (header, body) = sealed.split_at_checked(HEADER).ok_or(SealBroken::Damaged)?;
        if header[0] != VERSION {
            return Err(SealBroken::Damaged);
        }
        if header[1..=KEY_ID] != self.key_id() {
            return Err(SealBroken::OtherKey);
        }
        let nonce =
            Nonce::try_assume_unique_for_key(&header[1 + KEY_ID..]).map_err(|_| SealBroken::Damaged)?;
        let mut plaintext = Zeroizing::new(body.to_vec());
        let length = self
            .sealing_key()
            .open_in_place(nonce, aad(purpose, context), &mut plaintext)
            .map_err(|_| SealBroken::Damaged)?
            .len();
        plaintext.truncate(length);
        Ok(plaintext)
    }

    /// A check value: equal for equal keys, and of no use to find the key. Kept in the database so that a wrong
    /// key is refused at start.
    pub fn fingerprint(&self) -> String {
        HEXLOWER.encode(&self.derive("gatepost master key fingerprint v1")[..8])
    }

    /// The key that makes and checks refresh tokens.
    pub fn refresh_mac_key(&self) -> RefreshMac {
        RefreshMac::new(hmac::Key::new(hmac::HMAC_SHA256, self.derive("gatepost refresh token v1").as_ref()))
    }

    /// The key that makes and checks session tokens.
    pub fn session_mac_key(&self) -> SessionMac {
        SessionMac::new(hmac::Key::new(hmac::HMAC_SHA256, self.derive("gatepost session token v1").as_ref()))
    }

    /// The key that makes and checks the tokens of sessions that applications keep themselves.
    pub fn application_mac_key(&self) -> ApplicationMac {
        ApplicationMac::new(hmac::Key::new(
            hmac::HMAC_SHA256,
            self.derive("gatepost application token v1").as_ref(),
        ))
    }

    /// The key that makes and checks what forms carry.
    pub fn csrf_key(&self) -> CsrfKey {
        CsrfKey::new(hmac::Key::new(hmac::HMAC_SHA256, self.derive("gatepost csrf v1").as_ref()))
    }

    /// The key that makes and checks authorization codes.
    pub fn code_mac_key(&self) -> CodeMac {
        CodeMac::new(hmac::Key::new(
            hmac::HMAC_SHA256,
            self.derive("gatepost authorization code v1").as_ref(),
        ))
    }

    /// The key that makes nonces for proofs of possession.
    pub fn dpop_nonce_key(&self) -> DpopNonceKey {
        DpopNonceKey::new(hmac::Key::new(hmac::HMAC_SHA256, self.derive("gatepost dpop nonce v1").as_ref()))
    }

    /// The key that makes pairwise subjects.
    pub fn pairwise_key(&self) -> PairwiseKey {
        PairwiseKey::new(hmac::Key::new(
            hmac::HMAC_SHA256,
            self.derive("gatepost pairwise subject v1").as_ref(),
        ))
    }

    /// The key that makes and checks device codes.
    pub fn device_mac_key(&self) -> DeviceMac {
        DeviceMac::new(hmac::Key::new(hmac::HMAC_SHA256, self.derive("gatepost device code v1").as_ref()))
    }

    /// The key that makes and checks links that are mailed.
    pub fn link_mac_key(&self) -> LinkMac {
        LinkMac::new(hmac::Key::new(hmac::HMAC_SHA256, self.derive("gatepost mailed link v1").as_ref()))
    }

    /// The key under which recovery codes are stored.
    pub fn recovery_code_key(&self) -> RecoveryCodeKey {
        RecoveryCodeKey::new(hmac::Key::new(
            hmac::HMAC_SHA256,
            self.derive("gatepost recovery code v1").as_ref(),
        ))
    }

    /// The key under which codes are stored that are sent as text messages.
    pub fn sms_code_key(&self) -> SmsCodeKey {
        SmsCodeKey::new(hmac::Key::new(hmac::HMAC_SHA256, self.derive("gatepost sms code v1").as_ref()))
    }

    /// The key that makes and checks what passkeys sign.
    pub fn passkey_challenge_key(&self) -> ChallengeKey {
        ChallengeKey::new(hmac::Key::new(
            hmac::HMAC_SHA256,
            self.derive("gatepost passkey challenge v1").as_ref(),
        ))
    }

    /// A key for one more purpose, independent of all others: HKDF-SHA256 (RFC 5869) with the purpose as info.
    ///
    /// # Panics
    /// Never: one block of output is always allowed.
    #[expect(
        clippy::expect_used,
        reason = "HKDF refuses only outputs longer than 255 blocks; this is one block"
    )]
    pub fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        hkdf::Salt::new(hkdf::HKDF_SHA256, b"gatepost")
            .extract(self.0.as_ref())
            .expand(&[purpose.as_bytes()], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(key.as_mut()))
            .expect("HKDF gives one block");
        key
    }

    fn key_id(&self) -> [u8; KEY_ID] {
        let derived = self.derive("gatepost master key id v1");
        [derived[0], derived[1], derived[2], derived[3]]
    }

    #[expect(clippy::expect_used, reason = "AES-256 takes any 32 bytes")]
    fn sealing_key(&self) -> LessSafeKey {
        let key = self.derive("gatepost seal v1");
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_ref()).expect("32 bytes are an AES-256 key"))
    }
}

/// Purpose and context, each with its length in front, so that no pair can be read as another pair.
fn aad(purpose: &str, context: &[u8]) -> Aad<Vec<u8>> {
    let mut bytes = Vec::with_capacity(16 + purpose.len() + context.len());
    for part in [purpose.as_bytes(), context] {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    Aad::from(bytes)
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::testing::Counting;
    use proptest::prelude::*;

    fn key(byte: u8) -> MasterKey {
        MasterKey::from_bytes([byte; 32])
    }

    #[test]
    fn what_is_sealed_opens_with_the_same_key_purpose_and_context_only() {
        let entropy = Counting::default();
        let sealed = key(1).seal("signing-key", b"row 1", b"private", &entropy);
        assert_eq!(key(1).open("signing-key", b"row 1", &sealed).unwrap().as_slice(), b"private");
        assert_eq!(key(2).open("signing-key", b"row 1", &sealed), Err(SealBroken::OtherKey));
        assert_eq!(key(1).open("totp-seed", b"row 1", &sealed), Err(SealBroken::Damaged));
        assert_eq!(key(1).open("signing-key", b"row 2", &sealed), Err(SealBroken::Damaged));
        assert_eq!(key(1).open("signing-keyr", b"ow 1", &sealed), Err(SealBroken::Damaged));
    }

    #[test]
    fn every_flipped_byte_and_every_cut_is_refused() {
        let sealed = key(1).seal("p", b"c", b"private", &Counting::default());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key(1).open("p", b"c", &changed).is_err(), "byte {at}");
            assert!(key(1).open("p", b"c", &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn one_plaintext_sealed_twice_differs() {
        let entropy = Counting::default();
        assert_ne!(key(1).seal("p", b"", b"same", &entropy), key(1).seal("p", b"", b"same", &entropy));
    }

    #[test]
    fn the_fingerprint_tells_keys_apart_and_is_not_part_of_the_key() {
        assert_eq!(key(1).fingerprint(), key(1).fingerprint());
        assert_ne!(key(1).fingerprint(), key(2).fingerprint());
        assert_eq!(key(1).fingerprint().len(), 16);
        assert_eq!(format!("{:?}", key(1)), "MasterKey(…)");
        assert_ne!(key(1).derive("a"), key(1).derive("b"));
    }

    proptest! {
        #[test]
        fn any_value_is_opened_as_it_was_sealed(purpose in "[a-z-]{0,20}", context: Vec<u8>, value: Vec<u8>) {
            let sealed = key(7).seal(&purpose, &context, &value, &Counting::default());
            prop_assert_eq!(key(7).open(&purpose, &context, &sealed).unwrap().to_vec(), value);
        }

        #[test]
        fn no_bytes_make_open_panic(bytes: Vec<u8>) {
            prop_assert!(key(7).open("p", b"c", &bytes).is_err());
        }
    }
}
