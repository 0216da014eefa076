//! What the browser says of a ceremony (WebAuthn section 5.8.1).

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;

use super::{Challenge, PasskeyRefused, RelyingParty};

/// No browser writes as much.
const LONGEST: usize = 8 * 1024;

/// What is done with a passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ceremony {
    Create,
    Get,
}

/// What the browser says: which page asked, for what, and with which challenge. The authenticator signs a digest of it.
#[derive(Debug)]
pub struct ClientData<'a> {
    bytes: &'a [u8],
    said: Said,
    challenge: Vec<u8>,
}

/// Members that we do not know are of no concern; one that is there twice is refused.
#[derive(Debug, Deserialize)]
struct Said {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: bool,
    #[serde(rename = "topOrigin")]
    top_origin: Option<String>,
}

impl<'a> ClientData<'a> {
    /// Reads it; nothing of it is checked yet.
    pub fn read(bytes: &'a [u8]) -> Result<Self, PasskeyRefused> {
        if bytes.len() > LONGEST {
            return Err(PasskeyRefused::Malformed);
        }
        let said: Said = serde_json::from_slice(bytes).map_err(|_| PasskeyRefused::Malformed)?;
        let challenge = BASE64URL_NOPAD.decode(said.challenge.as_bytes());
        let challenge = challenge.map_err(|_| PasskeyRefused::Challenge)?;
        Ok(Self { bytes, said, challenge })
    }

    /// The challenge that was signed, to be [opened](super::ChallengeKey::open).
    pub fn challenge(&self) -> &[u8] {
        &self.challenge
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes
    }

    /// The page is ours, in no frame of another's, and asked for this with this challenge (sections 7.1 and 7.2).
    pub(super) fn check(
        &self,
        ceremony: Ceremony,
        party: &RelyingParty,
        challenge: &Challenge,
    ) -> Result<(), PasskeyRefused> {
        let kind = match ceremony {
            Ceremony::Create => "webauthn.create",
            Ceremony::Get => "webauthn.get",
        };
        if self.said.kind != kind {
            return Err(PasskeyRefused::Ceremony);
        }
        if self.challenge != challenge.as_bytes() {
            return Err(PasskeyRefused::Challenge);
        }
        if self.said.origin != party.origin() {
            return Err(PasskeyRefused::Origin);
        }
        if self.said.cross_origin || self.said.top_origin.is_some() {
            return Err(PasskeyRefused::CrossOrigin);
        }
        Ok(())
    }
}
