//! Passkeys: keys that a device, a security key or a password manager holds for one person and one realm (WebAuthn Level 3).
//!
//! What is for us to say of them is here: what a challenge is for, what a browser and an authenticator must have said, whose a passkey
//! is. The bytes are read by [`ciborium`], and every signature is checked by aws-lc-rs. `docs/decisions/0024-passkeys.md` has the why.

mod authenticator_data;
mod cbor;
mod ceremony;
mod challenge;
mod client_data;
mod public_key;
mod relying_party;
#[cfg(test)]
#[path = "../tests/shared/soft_passkey.rs"]
mod soft_passkey;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use crate::{
    DisplayName, Entropy, PasskeyId, RealmId, Timestamp, UserId,
    mfa::{Factor, FactorKind},
};

pub use ceremony::{Asked, NewCredential, Shown, Verified, register, verify};
pub use challenge::{CHALLENGE_TTL, Challenge, ChallengeKey, Purpose};
pub use client_data::ClientData;
pub use public_key::ALGORITHMS;
pub use relying_party::RelyingParty;

/// How many passkeys an account may have.
pub const MOST: usize = 20;

/// Why a passkey was refused. For the log and the audit trail; whoever showed it is told no more than that it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.name())]
pub enum PasskeyRefused {
    /// It cannot be read, or is not spelled as it has to be.
    Malformed,
    /// It was asked for something else: `type`.
    Ceremony,
    /// The challenge is none of ours, or not for this.
    Challenge,
    /// The challenge is too old.
    Expired,
    /// The challenge was used before.
    Reused,
    /// A page of another origin asked.
    Origin,
    /// A page in a frame of another site asked.
    CrossOrigin,
    /// It is for another domain.
    RelyingParty,
    /// Nobody was there.
    NotPresent,
    /// Whoever was there did not prove who they are.
    NotVerified,
    /// What it says of copies of itself cannot be.
    Backup,
    /// An algorithm that was not offered.
    Algorithm,
    /// A statement about the authenticator that nobody asked for.
    Attestation,
    /// The signature is not that of the key.
    Signature,
    /// It names somebody else, or nobody.
    UserHandle,
    /// Nobody here has it.
    Unknown,
    /// Its count did not go up: there may be a copy.
    Count,
    /// The account may not sign in.
    Account,
}

impl PasskeyRefused {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Ceremony => "ceremony",
            Self::Challenge => "challenge",
            Self::Expired => "challenge_expired",
            Self::Reused => "challenge_reused",
            Self::Origin => "origin",
            Self::CrossOrigin => "cross_origin",
            Self::RelyingParty => "relying_party",
            Self::NotPresent => "user_not_present",
            Self::NotVerified => "user_not_verified",
            Self::Backup => "backup_flags",
            Self::Algorithm => "algorithm",
            Self::Attestation => "attestation",
            Self::Signature => "signature",
            Self::UserHandle => "user_handle",
            Self::Unknown => "unknown",
            Self::Count => "count",
            Self::Account => "account",
        }
    }

    /// Whether the page was open for too long, or sent twice, and nothing else is wrong.
    pub const fn is_stale(self) -> bool {
        matches!(self, Self::Expired | Self::Reused)
    }
}

/// What an authenticator calls a passkey: 16 to 1023 bytes that it chose.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CredentialId(Box<[u8]>);

impl CredentialId {
    /// `None`: no passkey is called that.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        (16..=1023).contains(&bytes.len()).then(|| Self(bytes.into()))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for CredentialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CredentialId({})", data_encoding::BASE64URL_NOPAD.encode(&self.0))
    }
}

/// What authenticators call the owner of an account: random, and nothing of the account is in it (WebAuthn section 14.6.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct UserHandle([u8; 32]);

impl UserHandle {
    /// A fresh one.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// From the bytes the database kept.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for UserHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserHandle(…)")
    }
}

/// How a browser reaches an authenticator: a hint for the next time (WebAuthn section 5.8.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// A security key in a socket.
    Usb,
    /// One held close.
    Nfc,
    /// One nearby.
    Ble,
    /// A card in a reader.
    SmartCard,
    /// A phone.
    Hybrid,
    /// The device itself.
    Internal,
}

impl Transport {
    const ALL: [Self; 6] = [Self::Usb, Self::Nfc, Self::Ble, Self::SmartCard, Self::Hybrid, Self::Internal];

    /// As browsers spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Usb => "usb",
            Self::Nfc => "nfc",
            Self::Ble => "ble",
            Self::SmartCard => "smart-card",
            Self::Hybrid => "hybrid",
            Self::Internal => "internal",
        }
    }

    /// Those among some words, each once; what is unknown is left out.
    pub fn among<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<Self> {
        let mut found = Vec::new();
        for word in words.into_iter().take(16) {
            if let Ok(known) = word.parse()
                && !found.contains(&known)
            {
                found.push(known);
            }
        }
        found
    }
}

/// The text names no way to reach an authenticator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no authenticator is reached like this")]
pub struct NoSuchTransport;

impl FromStr for Transport {
    type Err = NoSuchTransport;

    fn from_str(text: &str) -> Result<Self, NoSuchTransport> {
        Self::ALL.into_iter().find(|known| known.name() == text).ok_or(NoSuchTransport)
    }
}

/// Where the private key of a passkey is, as far as it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Held {
    /// In one device, which it cannot leave.
    Device,
    /// In a password manager, which copies it to the owner's devices.
    Synced,
}

impl Held {
    /// The word of RFC 8176: a key in hardware, or in software.
    pub const fn method(self) -> &'static str {
        match self {
            Self::Device => "hwk",
            Self::Synced => "swk",
        }
    }
}

/// A passkey of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// What we call it.
    pub id: PasskeyId,
    /// The realm.
    pub realm: RealmId,
    /// Whose it is.
    pub user: UserId,
    /// What authenticators call its owner.
    pub handle: UserHandle,
    /// What its authenticator calls it.
    pub credential: CredentialId,
    /// Its public key, as COSE writes it.
    pub public_key: Vec<u8>,
    /// How often it had signed when it was last shown; 0 where the authenticator does not count.
    pub sign_count: u32,
    /// Whether it can be copied to another device. It stays as it was made.
    pub backup_eligible: bool,
    /// Whether it was, when it was last shown.
    pub backed_up: bool,
    /// Which kind of authenticator made it; zeros where it does not say.
    pub aaguid: [u8; 16],
    /// How it is reached.
    pub transports: Vec<Transport>,
    /// What its owner calls it.
    pub name: DisplayName,
    /// When it was made.
    pub created_at: Timestamp,
    /// When somebody last signed in with it.
    pub last_used_at: Option<Timestamp>,
}

impl Passkey {
    /// As a second factor.
    pub fn factor(&self) -> Factor {
        Factor { kind: FactorKind::Passkey, added_at: self.created_at, last_used_at: self.last_used_at }
    }

    /// Where its private key is.
    pub fn held(&self) -> Held {
        if self.backup_eligible { Held::Synced } else { Held::Device }
    }
}

/// A passkey that was shown, and what has to be written down of it: each challenge is good once, and the count goes up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownPasskey {
    /// Which it is.
    pub id: PasskeyId,
    /// Whose it is.
    pub user: UserId,
    /// Where its private key is.
    pub held: Held,
    /// What it said.
    pub verified: Verified,
    /// What it signed.
    pub challenge: Challenge,
}

impl ShownPasskey {
    /// One that nobody has shown.
    #[cfg(test)]
    pub(crate) fn sample(held: Held) -> Self {
        let verified = Verified { sign_count: 0, backed_up: false, user_verified: true };
        Self { id: PasskeyId::MIN, user: UserId::MIN, held, verified, challenge: Challenge::of(b"") }
    }
}

/// Authenticators that people have, by what they say they are. It is a name to begin with, and proves nothing.
const KNOWN: [(&str, &str); 14] = [
    ("fbfc3007154e4ecc8c0b6e020557d7bd", "iCloud Keychain"),
    ("dd4ec289e01d41c9bb8970fa845d4bf2", "iCloud Keychain"),
    ("ea9b8d664d011d213ce4b6b48cb575d4", "Google Password Manager"),
    ("adce000235bcc60a648b0b25f1f05503", "Chrome on Mac"),
    ("08987058cadc4b81b6e130de50dcbe96", "Windows Hello"),
    ("9ddd1817af5a4672a2b93e3dd95000a9", "Windows Hello"),
    ("6028b017b1d44c02b4b3afcdafc96bb2", "Windows Hello"),
    ("bada5566a7aa401fbd9645619a55120d", "1Password"),
    ("d548826e79b4db40a3d811116f7e8349", "Bitwarden"),
    ("531126d6e717415c93203d9aa6981239", "Dashlane"),
    ("fdb141b25d84443e8a354698c205a502", "KeePassXC"),
    ("50726f746f6e5061737350726f746f6e", "Proton Pass"),
    ("53414d53554e47000000000000000000", "Samsung Pass"),
    ("0ea242b443c44a1b8b17dd6d0b6baec6", "Keeper"),
];

/// What a passkey is called until its owner says otherwise, by what its authenticator says it is. `None`: it does not say, or nobody
/// knows it.
pub fn known_as(aaguid: [u8; 16]) -> Option<&'static str> {
    let hex = data_encoding::HEXLOWER.encode(&aaguid);
    KNOWN.iter().find(|(known, _)| *known == hex).map(|(_, name)| *name)
}
