//! The public keys of a client: given by value, or at an address.

use gatepost_domain::{Client, ClientAlg, Timestamp};
use gatepost_jose::{Algorithm, KeyRefused, KeySet, Refused, dangerous_decode_without_verifying, jws};
use serde_json::{Value, json};

use crate::{App, outgoing::Reader};

/// What a client of ours may sign with, as the token library calls it.
pub fn algorithm(alg: ClientAlg) -> Algorithm {
    match alg {
        ClientAlg::RS256 => Algorithm::RS256,
        ClientAlg::PS256 => Algorithm::PS256,
        ClientAlg::ES256 => Algorithm::ES256,
        ClientAlg::EdDSA => Algorithm::EdDSA,
        ClientAlg::HS256 => Algorithm::HS256,
    }
}

/// The keys of a document that can verify signatures. A key is for one algorithm: of an RSA key that does not say which, it is
/// the one the client registered.
pub fn usable(mut document: Value, registered: Option<ClientAlg>) -> Result<KeySet, KeyRefused> {
    if let Some(alg @ (ClientAlg::RS256 | ClientAlg::PS256)) = registered {
        let keys = document.get_mut("keys").and_then(Value::as_array_mut);
        for key in keys.into_iter().flatten().filter(|key| key["kty"] == "RSA") {
            if let Some(members) = key.as_object_mut() {
                members.entry("alg").or_insert_with(|| json!(alg.as_str()));
            }
        }
    }
    KeySet::parse(document.to_string().as_bytes())
}

/// The payload of a JWS by one of the client's keys, with the registered algorithm or else any that its keys can have.
/// `None`: it is not by one of them, or they cannot be had. The reason is in the log.
pub async fn verified(
    app: &App,
    client: &Client,
    jws: &str,
    registered: Option<ClientAlg>,
    now: Timestamp,
) -> Option<Vec<u8>> {
    let allowed = client.settings.algorithms(registered);
    // Of RSA keys that do not say which algorithm they are for, the one of the two that may be used.
    let registered =
        registered.or_else(|| (!allowed.contains(&ClientAlg::RS256)).then_some(ClientAlg::PS256));
    let allowed: Vec<Algorithm> = allowed.into_iter().map(algorithm).collect();
    let check = |keys: &KeySet| jws::verify_compact(jws, keys, &allowed);
    let refused = |refused: Refused| {
        tracing::debug!(client.id = %client.id, %refused, "a client's signature was refused");
    };
    if let Some(keys) = &client.settings.jwks {
        let keys = usable(keys.as_json().clone(), registered).inspect_err(
            |error| tracing::warn!(client.id = %client.id, %error, "the client's keys cannot be used"),
        );
        return check(&keys.ok()?).map_err(refused).ok();
    }
    let uri = client.settings.jwks_uri.as_ref()?;
    let at = (uri, &Reader::client(client.realm, &client.id));
    let keys = app.outgoing().keys_of_client(at, registered, false, now).await?;
    match check(&keys) {
        // It may have been added a moment ago.
        Err(Refused::UnknownKey) => {
            let keys = app.outgoing().keys_of_client(at, registered, true, now).await?;
            check(&keys).map_err(refused).ok()
        }
        other => other.map_err(refused).ok(),
    }
}

/// Whether the header says that it is one of these types (without `application/`), or says nothing: what a client signs for one
/// purpose must not pass for another.
pub fn is_typed(jws: &str, types: &[&str]) -> bool {
    let header = dangerous_decode_without_verifying(jws).ok();
    let header = header.and_then(|token| serde_json::from_str::<Value>(token.header()).ok());
    header.is_some_and(|header| match &header["typ"] {
        Value::Null => true,
        Value::String(typ) => {
            let typ = typ.to_ascii_lowercase();
            types.contains(&typ.strip_prefix("application/").unwrap_or(&typ))
        }
        _ => false,
    })
}
