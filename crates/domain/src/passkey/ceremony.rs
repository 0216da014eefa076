//! A passkey is made (WebAuthn section 7.1), and shown (section 7.2).

use aws_lc_rs::digest;
use ciborium::Value;

use super::{
    Challenge, ClientData, CredentialId, Passkey, PasskeyRefused, RelyingParty,
    authenticator_data::AuthenticatorData, cbor, client_data::Ceremony, public_key::PublicKey,
};

/// No attestation object that we take is as long.
const LONGEST: usize = 8 * 1024;

/// A credential that an authenticator has just made, and that may be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCredential {
    /// Its id.
    pub id: CredentialId,
    /// Its public key, as COSE writes it.
    pub public_key: Vec<u8>,
    /// How often it has signed, if the authenticator counts.
    pub sign_count: u32,
    /// Whether it can be copied to another device.
    pub backup_eligible: bool,
    /// Whether it was.
    pub backed_up: bool,
    /// Which kind of authenticator made it; zeros where it does not say.
    pub aaguid: [u8; 16],
}

/// Checks what an authenticator has made. `challenge` is the one that `client` names.
///
/// Whoever made it has proved who they are to it. Nothing is asked about the authenticator itself: the statement is `none`, or the
/// key's own signature (`packed`, section 8.2), which is what browsers leave where nobody asks.
pub fn register(
    client: &ClientData<'_>,
    attestation_object: &[u8],
    party: &RelyingParty,
    challenge: &Challenge,
) -> Result<NewCredential, PasskeyRefused> {
    client.check(Ceremony::Create, party, challenge)?;
    if attestation_object.len() > LONGEST {
        return Err(PasskeyRefused::Malformed);
    }
    let object = cbor::read_all(attestation_object).ok_or(PasskeyRefused::Malformed)?;
    let Attestation { format, statement, data: bytes } = parts(&object).ok_or(PasskeyRefused::Malformed)?;
    let data = AuthenticatorData::read(bytes)?;
    data.check(party, true)?;
    let (sign_count, backup_eligible, backed_up) =
        (data.sign_count(), data.backup_eligible(), data.backed_up());
    let made = data.attested().ok_or(PasskeyRefused::Malformed)?;
    made.key.check()?;
    match (format, statement) {
        ("none", []) => {}
        ("packed", [(alg, number), (sig, signature)]) => {
            // A certificate would be a third member.
            if alg.as_text() != Some("alg") || sig.as_text() != Some("sig") {
                return Err(PasskeyRefused::Attestation);
            }
            let signature = signature.as_bytes().ok_or(PasskeyRefused::Attestation)?;
            if *number != made.key.algorithm().into() {
                return Err(PasskeyRefused::Attestation);
            }
            made.key.verify(&signed(bytes, client), signature)?;
        }
        _ => return Err(PasskeyRefused::Attestation),
    }
    Ok(NewCredential {
        id: CredentialId::new(made.id).ok_or(PasskeyRefused::Malformed)?,
        public_key: made.cose.to_vec(),
        sign_count,
        backup_eligible,
        backed_up,
        aaguid: made.aaguid,
    })
}

/// An attestation object (section 6.5.4).
struct Attestation<'a> {
    format: &'a str,
    statement: &'a [(Value, Value)],
    data: &'a [u8],
}

fn parts(object: &Value) -> Option<Attestation<'_>> {
    let [(fmt, format), (att_stmt, statement), (auth_data, data)] = object.as_map()?.as_slice() else {
        return None;
    };
    let names = [fmt.as_text()?, att_stmt.as_text()?, auth_data.as_text()?];
    if names != ["fmt", "attStmt", "authData"] {
        return None;
    }
    Some(Attestation { format: format.as_text()?, statement: statement.as_map()?, data: data.as_bytes()? })
}

/// What an authenticator signs.
fn signed(authenticator_data: &[u8], client: &ClientData<'_>) -> Vec<u8> {
    [authenticator_data, digest::digest(&digest::SHA256, client.bytes()).as_ref()].concat()
}

/// What an authenticator answers when it is asked for a passkey.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// What it says.
    pub authenticator_data: &'a [u8],
    /// What it signed.
    pub signature: &'a [u8],
    /// Whose passkey it says it is; security keys leave it out where they were told which to use.
    pub user_handle: Option<&'a [u8]>,
}

/// A passkey that was shown. That it was not copied is decided where [`sign_count`](Self::sign_count) is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// How often it has signed now.
    pub sign_count: u32,
    /// Whether it was copied to another device.
    pub backed_up: bool,
    /// Whether its holder proved to it who they are, and was not only there.
    pub user_verified: bool,
}

/// What is asked of a passkey that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It alone says who somebody is: they have proved that to it, and it names them.
    First,
    /// It comes after a password: that it is there is enough.
    Second,
}

/// Checks a passkey that was shown. `challenge` is the one that `client` names.
pub fn verify(
    passkey: &Passkey,
    client: &ClientData<'_>,
    shown: Shown<'_>,
    asked: Asked,
    party: &RelyingParty,
    challenge: &Challenge,
) -> Result<Verified, PasskeyRefused> {
    client.check(Ceremony::Get, party, challenge)?;
    match (shown.user_handle, asked) {
        (Some(handle), _) if handle == passkey.handle.as_bytes() => {}
        (None, Asked::Second) => {}
        _ => return Err(PasskeyRefused::UserHandle),
    }
    let data = AuthenticatorData::read(shown.authenticator_data)?;
    data.check(party, asked == Asked::First)?;
    if data.is_attested() {
        return Err(PasskeyRefused::Malformed);
    }
    // It cannot become another kind of credential (section 7.2 step 20).
    if data.backup_eligible() != passkey.backup_eligible {
        return Err(PasskeyRefused::Backup);
    }
    let key = PublicKey::read(&passkey.public_key)?;
    key.verify(&signed(data.bytes(), client), shown.signature)?;
    Ok(Verified {
        sign_count: data.sign_count(),
        backed_up: data.backed_up(),
        user_verified: data.user_verified(),
    })
}
