//! Tokens for the application's APIs, and the keys that they are verified with.

use std::sync::Arc;

use axum::http::{HeaderValue, header::CACHE_CONTROL};
use gatepost_domain::Session;
use gatepost_jose::{json, jwt};
use serde::Serialize;
use serde_json::Value;

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
    user: &'a UserView,
    sub: &'a str,
    exp: i64,
    iss: &'a str,
    aud: &'a str,
    #[serde(flatten)]
    in_place: Option<InPlace>,
}

/// That an administrator has it, in the place of the user: as in every token of theirs.
#[derive(Serialize)]
struct InPlace {
    act: Value,
    #[serde(rename = "type")]
    kind: &'static str,
    impersonator_id: String,
    impersonation_session_id: String,
    restrictions: [&'static str; 5],
}

impl InPlace {
    fn of(session: &Session) -> Option<Self> {
        session.impersonator.map(|by| Self {
            act: serde_json::json!({"sub": by}),
            kind: "impersonation",
            impersonator_id: by.to_string(),
            impersonation_session_id: session.id.to_string(),
            restrictions: Session::RESTRICTIONS,
        })
    }
}

/// As many are known again.
pub(crate) const KNOWN: usize = 4096;

/// A token that was signed, and when. As a header, which is looked through when it is made, and not with every answer.
pub(crate) struct Issued {
    iat: i64,
    token: HeaderValue,
}

/// For so many seconds at the most the same is said by the same token: applications ask with every page that they show.
const SAME: u64 = 60;

/// A token of whoever asks. It has no `typ`, as the contract has it, so that nothing of ours takes it for an access token.
pub(super) async fn issue(asked: &Asked, caller: &Caller, user: &UserView) -> Result<HeaderValue, Refusal> {
    // Boxed, for the key is nearly always there, and the future of every request that asks for it is moved.
    let realm = Box::pin(asked.app.realms().with_better_auth_key(&asked.app, &asked.realm));
    let realm = realm.await.map_err(Problem::from)?;
    let key = realm.keys().signer_with(BETTER_AUTH);
    let key = key.ok_or_else(|| Problem::internal("the realm has no key for Better Auth"))?;
    let now = asked.now.unix_seconds();
    let (lifetime, in_place) = (realm.settings().access_token_ttl, InPlace::of(caller.session()));
    // What is had in the place of a user is over with its session.
    let left = caller.session().expires_at.since(asked.now);
    let lifetime = if in_place.is_some() { lifetime.min(left) } else { lifetime }.as_secs();
    let sub = user.id();
    let mut claims =
        Claims { iat: 0, user, sub, exp: 0, iss: realm.public_url(), aud: realm.public_url(), in_place };
    // Everything that it says but for its times, and who signs it; the user last, by whom it is found.
    let said = json::to_vec(&claims).map_err(Problem::internal)?;
    let said =
        [said.as_slice(), lifetime.to_string().as_bytes(), key.kid().as_bytes(), sub.as_bytes()].concat();
    let tokens = asked.app.better_auth_tokens();
    let same = SAME.min(lifetime / 10).cast_signed();
    if let Some(known) = tokens.find(&said).filter(|known| (0..same).contains(&(now - known.iat))) {
        return Ok(known.token.clone());
    }
    (claims.iat, claims.exp) = (now, now.saturating_add_unsigned(lifetime));
    let token = jwt::sign("", &claims, key).map_err(Problem::internal)?;
    let token = HeaderValue::try_from(token).map_err(Problem::internal)?;
    tokens.keep(&said, &Arc::new(Issued { iat: now, token: token.clone() }));
    Ok(token)
}

/// A token of whoever is signed in, or of an administrator in their place.
pub(super) async fn show(mut asked: Asked) -> Answer {
    let caller = asked.present().await?.ok_or_else(Refusal::unauthorized)?;
    let token = issue(&asked, &caller, &caller.view()).await?;
    let token = token.to_str().map_err(Problem::internal)?;
    Ok(asked.json(&serde_json::json!({"token": token})))
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
        .map(|key| serde_json::json!({"alg": "EdDSA", "crv": "Ed25519", "x": key["x"], "kty": "OKP", "kid": key["kid"]}))
        .collect();
    let mut response = asked.json(&serde_json::json!({"keys": keys}));
    response.headers_mut().insert(CACHE_CONTROL, KEPT);
    Ok(response)
}

/// That the server is there.
pub(super) async fn ok(asked: Asked) -> Answer {
    Ok(asked.json(&serde_json::json!({"ok": true})))
}
