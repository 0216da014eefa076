//! What a browser is told before it asks for a passkey.

use data_encoding::BASE64URL_NOPAD;
use gatepost_domain::{
    DisplayName, EmailAddress, Timestamp, User, Username,
    mfa::PendingSignIn,
    passkey::{ALGORITHMS, CHALLENGE_TTL, Challenge, Passkey, Purpose, RelyingParty, UserHandle},
};
use serde_json::{Value, json};

use super::{list, relying_party};
use crate::{App, http::Problem, realm::Snapshot};

/// How long a browser waits for the person, as a hint to it.
const PATIENCE_MS: u64 = 5 * 60 * 1_000;

/// Options in the JSON form of the specification, as `PublicKeyCredential.parseRequestOptionsFromJSON` and its sibling for creation
/// read them (WebAuthn sections 5.1.8 and 5.1.9).
pub struct Options {
    /// The options.
    pub options: Value,
    /// Seconds until their challenge is refused.
    pub expires_in: u64,
}

impl Options {
    fn of(options: Value) -> Self {
        Self { options, expires_in: CHALLENGE_TTL.as_secs() }
    }
}

/// For whoever has not said who they are. The same for everybody, but for the challenge: no account is named and none is looked up
/// (WA-06).
pub fn to_sign_in(app: &App, realm: &Snapshot, now: Timestamp) -> Result<Options, Problem> {
    let party = relying_party(realm)?;
    let challenge = begin(app, realm, Purpose::SignIn, now);
    Ok(request(&party, &challenge, &[], "required"))
}

/// For whoever has proved the first step of a sign-in, and has passkeys. It is enough that one is there: that they are who they say is
/// what the password is for.
pub async fn to_sign_in_second(
    app: &App,
    realm: &Snapshot,
    pending: &PendingSignIn,
    now: Timestamp,
) -> Result<Options, Problem> {
    let party = relying_party(realm)?;
    let theirs = list(app, realm.id(), pending.user).await?;
    let challenge = begin(app, realm, Purpose::SecondStep(&pending.id), now);
    Ok(request(&party, &challenge, &theirs, "preferred"))
}

/// For whoever has proved the first step of a sign-in, has no second factor, and makes a passkey to be one.
pub fn to_set_up(
    app: &App,
    realm: &Snapshot,
    pending: &PendingSignIn,
    whose: (&User, UserHandle),
    now: Timestamp,
) -> Result<Options, Problem> {
    let party = relying_party(realm)?;
    let challenge = begin(app, realm, Purpose::SetUp(&pending.id), now);
    Ok(to_register(realm, &party, &challenge, whose, &[]))
}

pub(super) fn begin(app: &App, realm: &Snapshot, purpose: Purpose<'_>, now: Timestamp) -> Challenge {
    app.master_key().passkey_challenge_key().begin(realm.id(), purpose, now, app.entropy())
}

fn request(party: &RelyingParty, challenge: &Challenge, allowed: &[Passkey], verification: &str) -> Options {
    Options::of(json!({
        "challenge": BASE64URL_NOPAD.encode(challenge.as_bytes()),
        "timeout": PATIENCE_MS,
        "rpId": party.id(),
        "allowCredentials": descriptors(allowed),
        "userVerification": verification,
    }))
}

/// For a new passkey of an account that has some already. It is kept where it can be found without a name, and whoever makes it proves
/// to it who they are: every passkey signs in alone.
pub(super) fn to_register(
    realm: &Snapshot,
    party: &RelyingParty,
    challenge: &Challenge,
    (user, handle): (&User, UserHandle),
    had: &[Passkey],
) -> Options {
    let login = user.email.as_ref().map(EmailAddress::as_str);
    let login = login.or(user.username.as_ref().map(Username::as_str)).unwrap_or_default();
    let name = realm.settings().display_name.as_ref().map_or(realm.name(), DisplayName::as_str);
    let parameters = ALGORITHMS.map(|alg| json!({"type": "public-key", "alg": alg}));
    Options::of(json!({
        "rp": {"id": party.id(), "name": name},
        "user": {
            "id": BASE64URL_NOPAD.encode(handle.as_bytes()),
            "name": login,
            "displayName": user.name.as_ref().map_or(login, DisplayName::as_str),
        },
        "challenge": BASE64URL_NOPAD.encode(challenge.as_bytes()),
        "pubKeyCredParams": parameters,
        "timeout": PATIENCE_MS,
        "excludeCredentials": descriptors(had),
        "authenticatorSelection": {
            "residentKey": "required", "requireResidentKey": true, "userVerification": "required",
        },
        "attestation": "none",
    }))
}

fn descriptors(passkeys: &[Passkey]) -> Vec<Value> {
    let descriptor = |passkey: &Passkey| {
        let transports: Vec<_> = passkey.transports.iter().map(|transport| transport.name()).collect();
        let id = BASE64URL_NOPAD.encode(passkey.credential.as_bytes());
        json!({"type": "public-key", "id": id, "transports": transports})
    };
    passkeys.iter().map(descriptor).collect()
}
