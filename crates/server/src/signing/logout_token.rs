//! Logout tokens (OpenID Connect Back-Channel Logout 1.0 section 2.4).

use data_encoding::BASE64URL_NOPAD;
use gatepost_domain::{Entropy, Timestamp};
use gatepost_jose::{SigningKey, jwt};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{http::Problem, realm::Snapshot};

/// How long one is good, in seconds: it is sent at once, and made anew for every attempt.
const TTL: i64 = 120;

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
    events: Value,
    sid: &'a str,
}

/// Signs that a person is not signed in any more in a session. `subject` is what the client calls the person.
pub fn issue_logout_token(
    realm: &Snapshot,
    key: &SigningKey,
    (client, subject, session): (&str, &str, &str),
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<String, Problem> {
    let mut id = [0; 16];
    entropy.fill(&mut id);
    let claims = Claims {
        iss: realm.issuer(),
        sub: subject,
        aud: client,
        iat: now.unix_seconds(),
        exp: now.unix_seconds() + TTL,
        jti: BASE64URL_NOPAD.encode(&id),
        events: json!({"http://schemas.openid.net/event/backchannel-logout": {}}),
        sid: session,
    };
    jwt::sign("logout+jwt", &claims, key).map_err(Problem::internal)
}
