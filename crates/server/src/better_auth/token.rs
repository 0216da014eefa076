//! Tokens for the application's APIs, and the keys that they are verified with.

use axum::http::{HeaderValue, header::CACHE_CONTROL};
use gatepost_jose::jwt;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    asked::{Answer, Asked},
    caller::Caller,
    refusal::Refusal,
    view::UserView,
};
use crate::{http::Problem, realm::BETTER_AUTH};

/// How long a set of keys is kept by whoever verifies, in seconds: much shorter than a key is published before it signs.
const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// What a token says: everything of the user, and whom it is for.
#[derive(Serialize)]
struct Claims<'a> {
    iat: i64,
    #[serde(flatten)]
    user: UserView,
    sub: String,
    exp: i64,
    iss: &'a str,
    aud: &'a str,
}

/// A token of whoever asks. It has no `typ`, as the contract has it, so that nothing of ours takes it for an access token.
pub(super) async fn issue(asked: &Asked, caller: &Caller) -> Result<String, Refusal> {
    let realm =
        asked.app.realms().with_better_auth_key(&asked.app, &asked.realm).await.map_err(Problem::from)?;
    let key = realm.keys().signer_with(BETTER_AUTH);
    let key = key.ok_or_else(|| Problem::internal("the realm has no key for Better Auth"))?;
    let (iat, lifetime) = (asked.now.unix_seconds(), realm.settings().access_token_ttl);
    let claims = Claims {
        iat,
        user: caller.view(),
        sub: caller.user().id.to_string(),
        exp: iat.saturating_add_unsigned(lifetime.as_secs()),
        iss: realm.public_url(),
        aud: realm.public_url(),
    };
    Ok(jwt::sign("", &claims, key).map_err(Problem::internal)?)
}

/// A token of whoever is signed in.
pub(super) async fn show(mut asked: Asked) -> Answer {
    let caller = asked.signed_in().await?;
    let token = issue(&asked, &caller).await?;
    Ok(asked.json(&json!({"token": token})))
}

/// The keys that such tokens are verified with, and no others.
pub(super) async fn keys(asked: Asked) -> Answer {
    let realm =
        asked.app.realms().with_better_auth_key(&asked.app, &asked.realm).await.map_err(Problem::from)?;
    let published = serde_json::to_value(realm.keys().published()).map_err(Problem::internal)?;
    let keys: Vec<Value> = published["keys"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|key| key["crv"] == "Ed25519")
        .map(|key| json!({"alg": "EdDSA", "crv": "Ed25519", "x": key["x"], "kty": "OKP", "kid": key["kid"]}))
        .collect();
    let mut response = asked.json(&json!({"keys": keys}));
    response.headers_mut().insert(CACHE_CONTROL, KEPT);
    Ok(response)
}

/// That the server is there.
pub(super) async fn ok(asked: Asked) -> Answer {
    Ok(asked.json(&json!({"ok": true})))
}
