//! What the API shows of passkeys.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use gatepost_domain::{Timestamp, passkey::Passkey};
use serde::Serialize;
use serde_json::Value;

use crate::passkeys::Options;

/// A passkey of an account. The private key is with its owner.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Passkey)]
pub(super) struct PasskeyView {
    /// What it is called here.
    #[schema(example = "psk_01kf9e2c80c5v1jw3m4q6xah7t")]
    id: String,
    /// What its owner calls it.
    #[schema(example = "iCloud Keychain")]
    name: String,
    /// What its authenticator calls it, in base64url.
    credential_id: String,
    /// Which kind of authenticator made it, in hexadecimal digits; zeros where it does not say.
    aaguid: String,
    /// Whether a password manager can copy it to other devices.
    synced: bool,
    /// Whether it was, when it was last used.
    backed_up: bool,
    /// How it is reached: `internal`, `hybrid`, `usb`, `nfc`, `ble`, `smart-card`.
    #[schema(value_type = Vec<String>, example = json!(["internal", "hybrid"]))]
    transports: Vec<&'static str>,
    /// When it was made.
    #[schema(value_type = String)]
    created_at: Timestamp,
    /// When it was last used.
    #[schema(value_type = Option<String>)]
    last_used_at: Option<Timestamp>,
}

impl From<&Passkey> for PasskeyView {
    fn from(passkey: &Passkey) -> Self {
        Self {
            id: passkey.id.to_string(),
            name: passkey.name.as_str().to_owned(),
            credential_id: BASE64URL_NOPAD.encode(passkey.credential.as_bytes()),
            aaguid: HEXLOWER.encode(&passkey.aaguid),
            synced: passkey.backup_eligible,
            backed_up: passkey.backed_up,
            transports: passkey.transports.iter().map(|transport| transport.name()).collect(),
            created_at: passkey.created_at,
            last_used_at: passkey.last_used_at,
        }
    }
}

/// What a browser is told.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct PasskeyOptions {
    /// `PublicKeyCredentialCreationOptionsJSON` or `PublicKeyCredentialRequestOptionsJSON` of Web Authentication Level 3: give it to
    /// `PublicKeyCredential.parseCreationOptionsFromJSON()` or `parseRequestOptionsFromJSON()`.
    #[schema(value_type = Object)]
    options: Value,
    /// Seconds until the challenge in it is refused. It is good once.
    #[schema(example = 900)]
    expires_in: u64,
}

impl From<Options> for PasskeyOptions {
    fn from(options: Options) -> Self {
        Self { options: options.options, expires_in: options.expires_in }
    }
}
