//! What the authenticator says (WebAuthn section 6.1).

use super::{PasskeyRefused, RelyingParty, cbor, public_key::PublicKey};
use aws_lc_rs::{constant_time, digest};

/// The hash, the flags and the count.
const HEAD: usize = 37;
/// How long the id of a credential may be (section 4).
const LONGEST_ID: usize = 1023;
/// How long it has to be for nobody to guess it.
const SHORTEST_ID: usize = 16;

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const ATTESTED: u8 = 1 << 6;
const EXTENSIONS: u8 = 1 << 7;

pub(super) struct AuthenticatorData<'a> {
    bytes: &'a [u8],
    flags: u8,
    sign_count: u32,
    attested: Option<Attested<'a>>,
}

/// A credential that was just made.
pub(super) struct Attested<'a> {
    pub(super) aaguid: [u8; 16],
    pub(super) id: &'a [u8],
    /// As COSE wrote it.
    pub(super) cose: &'a [u8],
    pub(super) key: PublicKey,
}

impl<'a> AuthenticatorData<'a> {
    /// Reads all of it: what is left over is refused.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, PasskeyRefused> {
        let malformed = || PasskeyRefused::Malformed;
        let (head, mut rest) = bytes.split_at_checked(HEAD).ok_or_else(malformed)?;
        let flags = head[32];
        let count = head[33..].try_into().map_err(|_| malformed())?;
        let mut attested = None;
        if flags & ATTESTED != 0 {
            let (aaguid, after) = rest.split_first_chunk::<16>().ok_or_else(malformed)?;
            let (length, after) = after.split_first_chunk::<2>().ok_or_else(malformed)?;
            let length = usize::from(u16::from_be_bytes(*length));
            if !(SHORTEST_ID..=LONGEST_ID).contains(&length) {
                return Err(malformed());
            }
            let (id, after) = after.split_at_checked(length).ok_or_else(malformed)?;
            let (key, left) = cbor::read(after).ok_or_else(malformed)?;
            let cose = &after[..after.len() - left.len()];
            attested = Some(Attested { aaguid: *aaguid, id, cose, key: PublicKey::of(&key)? });
            rest = left;
        }
        if flags & EXTENSIONS != 0 {
            // We asked for none; what is there is of no concern, as long as it is well formed.
            let (extensions, left) = cbor::read(rest).ok_or_else(malformed)?;
            if !extensions.is_map() {
                return Err(malformed());
            }
            rest = left;
        }
        if !rest.is_empty() {
            return Err(malformed());
        }
        Ok(Self { bytes, flags, sign_count: u32::from_be_bytes(count), attested })
    }

    /// It is for us, and somebody was there; their identity was verified, where that is needed; and it is not said to be kept elsewhere
    /// by an authenticator that keeps nothing elsewhere (section 6.1.3).
    pub(super) fn check(&self, party: &RelyingParty, verified: bool) -> Result<(), PasskeyRefused> {
        let ours = digest::digest(&digest::SHA256, party.id().as_bytes());
        if constant_time::verify_slices_are_equal(ours.as_ref(), &self.bytes[..32]).is_err() {
            return Err(PasskeyRefused::RelyingParty);
        }
        if !self.has(USER_PRESENT) {
            return Err(PasskeyRefused::NotPresent);
        }
        if verified && !self.user_verified() {
            return Err(PasskeyRefused::NotVerified);
        }
        if self.backed_up() && !self.backup_eligible() {
            return Err(PasskeyRefused::Backup);
        }
        Ok(())
    }

    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    pub(super) fn user_verified(&self) -> bool {
        self.has(USER_VERIFIED)
    }

    pub(super) fn backup_eligible(&self) -> bool {
        self.has(BACKUP_ELIGIBLE)
    }

    pub(super) fn backed_up(&self) -> bool {
        self.has(BACKED_UP)
    }

    pub(super) fn sign_count(&self) -> u32 {
        self.sign_count
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    pub(super) fn attested(self) -> Option<Attested<'a>> {
        self.attested
    }

    pub(super) fn is_attested(&self) -> bool {
        self.attested.is_some()
    }
}
