//! What we prove to a provider who we are with: a secret, or a key that signs one.

use std::time::Duration;

use gatepost_domain::{Preset, Provider, ProviderId, ProviderSettings, RealmId, Timestamp};
use gatepost_jose::{Algorithm, SigningKey, jws};
use rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject as _};
use serde_json::json;
use zeroize::Zeroizing;

use crate::App;

/// What it is sealed for.
const PURPOSE: &str = "provider-secret";
/// How long a secret that we sign is good.
const SIGNED_FOR: Duration = Duration::from_mins(5);

/// Why a secret cannot be used. Nothing of the secret is in it.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// Not a key.
    #[error("the private key is no PKCS#8 PEM file of a key for ES256; name the file as Apple gave it")]
    Key,
    /// Sealed with another master key, or damaged.
    #[error("the secret of the provider cannot be unsealed; apply the file that declares it again")]
    Sealed,
}

/// The secret under the master key.
pub fn seal(app: &App, realm: RealmId, provider: &ProviderId, secret: &str) -> Vec<u8> {
    app.master_key().seal(PURPOSE, &context(realm, provider), secret.as_bytes(), app.entropy())
}

/// The secret itself, if there is one.
pub fn unseal(app: &App, provider: &Provider) -> Result<Option<Zeroizing<String>>, Unusable> {
    let Some(sealed) = &provider.sealed_secret else { return Ok(None) };
    let opened = app.master_key().open(PURPOSE, &context(provider.realm, &provider.id), sealed);
    let opened = opened.map_err(|_| Unusable::Sealed)?;
    let text = std::str::from_utf8(&opened).map_err(|_| Unusable::Sealed)?;
    Ok(Some(Zeroizing::new(text.to_owned())))
}

fn context(realm: RealmId, provider: &ProviderId) -> Vec<u8> {
    [realm.as_bytes().as_slice(), provider.as_str().as_bytes()].concat()
}

/// Whether it can be one under these settings.
pub fn check(settings: &ProviderSettings, secret: &str) -> Result<(), Unusable> {
    if settings.preset == Some(Preset::Apple) { key_of(settings, secret).map(drop) } else { Ok(()) }
}

fn key_of(settings: &ProviderSettings, pem: &str) -> Result<SigningKey, Unusable> {
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| Unusable::Key)?;
    let kid = settings.key_id.as_deref().unwrap_or_default();
    SigningKey::from_pkcs8(Algorithm::ES256, kid, der.secret_pkcs8_der()).map_err(|_| Unusable::Key)
}

/// What is shown to the provider: the secret, or one that is signed now.
pub(super) fn shown(
    app: &App,
    provider: &Provider,
    now: Timestamp,
) -> Result<Option<Zeroizing<String>>, Unusable> {
    let Some(secret) = unseal(app, provider)? else { return Ok(None) };
    if provider.settings.preset != Some(Preset::Apple) {
        return Ok(Some(secret));
    }
    Ok(Some(signed(&provider.settings, &key_of(&provider.settings, &secret)?, now)))
}

/// Apple's client secret: a JWT by the team's key, about the client, for Apple.
fn signed(settings: &ProviderSettings, key: &SigningKey, now: Timestamp) -> Zeroizing<String> {
    let claims = json!({
        "iss": settings.team_id,
        "iat": now.unix_seconds(),
        "exp": now.plus(SIGNED_FOR).unix_seconds(),
        "aud": settings.issuer(),
        "sub": settings.client_id,
    });
    Zeroizing::new(jws::sign_compact("", claims.to_string().as_bytes(), key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatepost_jose::{KeySet, dangerous_decode_without_verifying};
    use serde_json::Value;

    #[test]
    fn the_secret_for_apple_is_signed_by_the_team_about_the_client() {
        let settings = ProviderSettings {
            preset: Some(Preset::Apple),
            client_id: "com.example.web".into(),
            team_id: Some("TEAM123456".into()),
            key_id: Some("KEY1234567".into()),
            ..ProviderSettings::default()
        };
        let key = SigningKey::generate(Algorithm::ES256).unwrap();
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            data_encoding::BASE64.encode(&key.to_bytes())
        );
        let read = key_of(&settings, &pem).unwrap();
        let now = Timestamp::from_unix_seconds(1_800_000_000);
        let jwt = signed(&settings, &read, now);
        let keys = KeySet::from(key.with_kid("KEY1234567").verifying_key());
        let payload = jws::verify_compact(&jwt, &keys, &[Algorithm::ES256]).unwrap();
        let claims: Value = serde_json::from_slice(&payload).unwrap();
        assert_eq!(
            claims,
            json!({
                "iss": "TEAM123456", "sub": "com.example.web", "aud": "https://appleid.apple.com",
                "iat": 1_800_000_000, "exp": 1_800_000_300,
            })
        );
        let header = dangerous_decode_without_verifying(&jwt).unwrap().header().to_owned();
        let header: Value = serde_json::from_str(&header).unwrap();
        assert_eq!(header, json!({ "alg": "ES256", "kid": "KEY1234567" }));
        assert!(check(&settings, &pem).is_ok());
        for bad in ["", "secret", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
            assert!(check(&settings, bad).is_err(), "{bad}");
        }
        assert!(check(&ProviderSettings::default(), "anything").is_ok());
    }
}
