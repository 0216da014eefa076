//! What a browser sends: `PublicKeyCredential.toJSON()` (WebAuthn section 5.1). Members that are not needed are not read.

use data_encoding::BASE64URL_NOPAD;
use gatepost_domain::passkey::{ClientData, CredentialId, PasskeyRefused, Transport};
use serde::Deserialize;

/// A passkey that was made: `RegistrationResponseJSON`. Bytes are base64url without padding.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = PasskeyRegistrationResponse)]
pub struct RegistrationResponse {
    /// What the authenticator calls it.
    id: String,
    /// `public-key`
    #[serde(rename = "type")]
    #[schema(example = "public-key")]
    kind: String,
    response: AttestationResponse,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PasskeyAttestationResponse)]
struct AttestationResponse {
    /// What the browser says.
    #[serde(rename = "clientDataJSON")]
    client_data_json: String,
    /// What the authenticator says.
    attestation_object: String,
    /// How it is reached.
    #[serde(default)]
    #[schema(example = json!(["internal", "hybrid"]))]
    transports: Option<Vec<String>>,
}

/// A passkey that was shown: `AuthenticationResponseJSON`. Bytes are base64url without padding.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = PasskeyAuthenticationResponse)]
pub struct AuthenticationResponse {
    /// What the authenticator calls it.
    id: String,
    /// `public-key`
    #[serde(rename = "type")]
    #[schema(example = "public-key")]
    kind: String,
    response: AssertionResponse,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PasskeyAssertionResponse)]
struct AssertionResponse {
    /// What the browser says.
    #[serde(rename = "clientDataJSON")]
    client_data_json: String,
    /// What the authenticator says.
    authenticator_data: String,
    /// What it signed.
    signature: String,
    /// Whose passkey it says it is.
    user_handle: Option<String>,
}

/// What was made, in bytes.
pub(super) struct Made {
    pub(super) id: CredentialId,
    pub(super) client_data: Vec<u8>,
    pub(super) attestation_object: Vec<u8>,
    pub(super) transports: Vec<Transport>,
}

/// What was shown, in bytes.
pub(super) struct Given {
    pub(super) id: CredentialId,
    pub(super) client_data: Vec<u8>,
    pub(super) authenticator_data: Vec<u8>,
    pub(super) signature: Vec<u8>,
    pub(super) user_handle: Option<Vec<u8>>,
}

fn bytes(text: &str) -> Result<Vec<u8>, PasskeyRefused> {
    BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| PasskeyRefused::Malformed)
}

fn credential(id: &str, kind: &str) -> Result<CredentialId, PasskeyRefused> {
    if kind != "public-key" {
        return Err(PasskeyRefused::Malformed);
    }
    CredentialId::new(&bytes(id)?).ok_or(PasskeyRefused::Malformed)
}

/// Whether a browser says that this challenge was signed. That it was is seen later.
fn answers(client_data_json: &str, challenge: &str) -> bool {
    let (Ok(data), Ok(challenge)) = (bytes(client_data_json), bytes(challenge)) else { return false };
    ClientData::read(&data).is_ok_and(|client| client.challenge() == challenge)
}

impl RegistrationResponse {
    /// Whether it is the answer to this challenge (base64url), where a door keeps it with whoever asked.
    pub fn answers(&self, challenge: &str) -> bool {
        answers(&self.response.client_data_json, challenge)
    }

    pub(super) fn decoded(&self) -> Result<Made, PasskeyRefused> {
        let response = &self.response;
        let transports = response.transports.iter().flatten().map(String::as_str);
        Ok(Made {
            id: credential(&self.id, &self.kind)?,
            client_data: bytes(&response.client_data_json)?,
            attestation_object: bytes(&response.attestation_object)?,
            transports: Transport::among(transports),
        })
    }
}

impl AuthenticationResponse {
    /// Whether it is the answer to this challenge (base64url), where a door keeps it with whoever asked.
    pub fn answers(&self, challenge: &str) -> bool {
        answers(&self.response.client_data_json, challenge)
    }

    pub(super) fn decoded(&self) -> Result<Given, PasskeyRefused> {
        let response = &self.response;
        // Some authenticators say nothing with nothing.
        let handle = response.user_handle.as_deref().filter(|text| !text.is_empty());
        Ok(Given {
            id: credential(&self.id, &self.kind)?,
            client_data: bytes(&response.client_data_json)?,
            authenticator_data: bytes(&response.authenticator_data)?,
            signature: bytes(&response.signature)?,
            user_handle: handle.map(bytes).transpose()?,
        })
    }
}
