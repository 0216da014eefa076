//! A client signs instead of showing a secret: `private_key_jwt` and `client_secret_jwt` (RFC 7523, OpenID Connect Core section 9).

use gatepost_domain::{Client, ClientAuthMethod, SecretDigest, Timestamp, client::assertion};
use gatepost_jose::{Algorithm, KeySet, SigningKey, jws};
use gatepost_store::used_ids;

use super::{change, keys};
use crate::{App, http::Problem, realm::Snapshot};

/// What an assertion may be called (RFC 7523 as revised).
const TYPES: [&str; 2] = ["jwt", "client-authentication+jwt"];

/// Whether the assertion is the client's, for us, now, and the first of its `jti`.
pub(super) async fn proves(
    app: &App,
    realm: &Snapshot,
    client: &Client,
    jwt: &str,
    now: Timestamp,
) -> Result<bool, Problem> {
    let refused = |why: &str| {
        tracing::debug!(client.id = %client.id, reason = why, "an assertion was refused");
        Ok(false)
    };
    if !keys::is_typed(jwt, &TYPES) {
        return refused("it is another kind of token");
    }
    let registered = client.settings.token_endpoint_auth_signing_alg;
    let payload = match client.settings.token_endpoint_auth_method {
        Some(ClientAuthMethod::PrivateKeyJwt) => keys::verified(app, client, jwt, registered, now).await,
        Some(ClientAuthMethod::ClientSecretJwt) => by_secret(app, client, jwt)?,
        _ => return refused("the client is registered with another method"),
    };
    let Some(payload) = payload else { return refused("the signature") };
    // One string, and the issuer: what names several, or an endpoint, can be meant for another server (RFC 7523 as revised). The
    // token endpoint is what older clients write; who is held to the stricter profile (FAPI 2.0) writes the issuer.
    let strict = client.settings.require_pushed_authorization_requests;
    let token_endpoint = realm.token_endpoint();
    let audiences = [realm.issuer(), if strict { realm.issuer() } else { token_endpoint }];
    let said = match assertion::check(&payload, &client.id, &audiences, now) {
        Ok(said) => said,
        Err(why) => return refused(&why.to_string()),
    };
    let digest = SecretDigest::of(format!("assertion\0{}\0{}", client.id, said.id).as_bytes());
    let id = realm.id();
    let claimed = app.db().write("use an assertion", move |tx| {
        Box::pin(async move { used_ids::claim(tx, id, &digest, said.expires_at).await })
    });
    if claimed.await? { Ok(true) } else { refused("its jti was used before") }
}

fn by_secret(app: &App, client: &Client, jwt: &str) -> Result<Option<Vec<u8>>, Problem> {
    let Some(secret) = change::unsealed(app, client)? else { return Ok(None) };
    let key = SigningKey::from_secret(Algorithm::HS256, "", &secret).map_err(Problem::internal)?;
    let keys = KeySet::from(key.verifying_key());
    Ok(jws::verify_compact(jwt, &keys, &[Algorithm::HS256]).ok())
}
