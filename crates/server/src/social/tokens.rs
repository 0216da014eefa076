//! A code is redeemed at a provider, or a refresh token, and its ID token looked at.

use std::time::Duration;

use data_encoding::BASE64;
use gatepost_domain::{Provider, Timestamp};
use gatepost_jose::{Algorithm, KeySet, Refused, jws};
use serde::Deserialize;
use serde_json::Value;
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::{
    Failed, State,
    discovery::{Endpoints, TakesSecret},
    secret, told,
};
use crate::{App, clients::keys::is_typed, outgoing::Reader, realm::Snapshot};

/// What a provider gives for a code, or for a refresh token.
pub(super) struct Tokens {
    pub(super) id_token: Option<Zeroizing<String>>,
    pub(super) access_token: Option<Zeroizing<String>>,
    pub(super) refresh_token: Option<Zeroizing<String>>,
    /// How long the access token is good; `None`: it does not say.
    pub(super) expires_in: Option<Duration>,
    pub(super) scope: Option<String>,
    /// Whether whoever has the access token may use it, as far as the provider says.
    pub(super) is_bearer: bool,
}

#[derive(Deserialize)]
struct Answer {
    error: Option<Value>,
    // Where they are not what they should be, they are taken for not there: the others are not lost with them.
    id_token: Option<Value>,
    access_token: Option<Value>,
    refresh_token: Option<Value>,
    expires_in: Option<Value>,
    scope: Option<Value>,
    token_type: Option<Value>,
}

impl From<Answer> for Tokens {
    fn from(answer: Answer) -> Self {
        let text = |value: Option<Value>| match value {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let kind = text(answer.token_type);
        Self {
            id_token: text(answer.id_token).map(Zeroizing::new),
            access_token: text(answer.access_token).map(Zeroizing::new),
            refresh_token: text(answer.refresh_token).map(Zeroizing::new),
            expires_in: answer.expires_in.as_ref().and_then(life),
            scope: text(answer.scope),
            is_bearer: kind.is_none_or(|kind| kind.eq_ignore_ascii_case("bearer")),
        }
    }
}

/// How long an access token is good (RFC 6749 section 5.1): no time at all where 0 or less is said, and as long as a duration can be where
/// more is. Some write the number as a text, or with a point. `None`: it is no number.
fn life(said: &Value) -> Option<Duration> {
    let seconds: f64 = said.as_f64().or_else(|| said.as_str()?.parse().ok())?;
    seconds.is_finite().then(|| Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX))
}

/// Redeems the code (RFC 6749 section 4.1.3), with the proof that it was we who asked for it (RFC 7636).
pub(super) async fn redeem(
    app: &App,
    realm: &Snapshot,
    at: (&Provider, &Endpoints),
    state: &State,
    code: &str,
    now: Timestamp,
) -> Result<Tokens, Failed> {
    let redirect_uri = state.redirect_uri(realm);
    let asked = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &redirect_uri),
        ("code_verifier", &state.verifier),
    ];
    ask(app, at, &asked, now).await
}

/// Asks for others by a refresh token (RFC 6749 section 6), for the scope that there was.
pub(super) async fn renew(
    app: &App,
    at: (&Provider, &Endpoints),
    refresh_token: &str,
    now: Timestamp,
) -> Result<Tokens, Failed> {
    ask(app, at, &[("grant_type", "refresh_token"), ("refresh_token", refresh_token)], now).await
}

async fn ask(
    app: &App,
    (provider, endpoints): (&Provider, &Endpoints),
    asked: &[(&str, &str)],
    now: Timestamp,
) -> Result<Tokens, Failed> {
    let shown = secret::shown(app, provider, now)?;
    let (form, authorization) = asking((provider, endpoints), asked, shown.as_ref());
    let reader = Reader::provider(provider.realm, &provider.id);
    let authorization = authorization.as_ref().map(|text| text.as_str());
    let (status, body) = app.outgoing().ask(&endpoints.token, &reader, form, authorization).await?;
    let body = Zeroizing::new(body);
    let answer: Answer = match serde_json::from_slice(&body) {
        Ok(answer) => answer,
        Err(_) if status != 200 => return Err(Failed::CodeRefused(format!("status {status}"))),
        Err(_) => return Err(Failed::Malformed("the token endpoint does not answer in JSON")),
    };
    // GitHub refuses with 200.
    if status != 200 || answer.error.is_some() {
        return Err(Failed::CodeRefused(told(
            answer.error.as_ref().and_then(Value::as_str).unwrap_or("without a reason"),
        )));
    }
    Ok(answer.into())
}

/// What is sent, and in which header.
fn asking(
    (provider, endpoints): (&Provider, &Endpoints),
    asked: &[(&str, &str)],
    secret: Option<&Zeroizing<String>>,
) -> (Zeroizing<String>, Option<Zeroizing<String>>) {
    let client = provider.settings.client_id.as_str();
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(asked);
    let authorization = match (secret, endpoints.takes_secret) {
        (Some(secret), TakesSecret::InHeader) => Some(basic(client, secret)),
        (Some(secret), TakesSecret::InForm) => {
            form.append_pair("client_id", client).append_pair("client_secret", secret);
            None
        }
        (None, _) => {
            form.append_pair("client_id", client);
            None
        }
    };
    (Zeroizing::new(form.finish()), authorization)
}

/// Both are encoded before they are joined (RFC 6749 section 2.3.1).
fn basic(client: &str, secret: &str) -> Zeroizing<String> {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Zeroizing::new(format!("{}:{}", encoded(client), encoded(secret)));
    Zeroizing::new(format!("Basic {}", BASE64.encode(pair.as_bytes())))
}

/// The payload of an ID token, if its signature is by a key that the provider publishes: never one that a secret could have made, and
/// nothing that was signed to be another kind of token.
pub(super) async fn verified(
    app: &App,
    (provider, endpoints): (&Provider, &Endpoints),
    token: &str,
    now: Timestamp,
) -> Result<Vec<u8>, Failed> {
    if !is_typed(token, &["jwt"]) {
        return Err(Failed::Malformed("it is another kind of token"));
    }
    let uri = endpoints.keys.as_ref().ok_or(Failed::Malformed("an ID token, and no keys for it"))?;
    let at = (uri, &Reader::provider(provider.realm, &provider.id));
    let missing = || Failed::Discovery("its keys cannot be had".to_owned());
    let check = |keys: &KeySet| jws::verify_compact(token, keys, &Algorithm::ASYMMETRIC);
    let keys = app.outgoing().keys_of_client(at, None, false, now).await.ok_or_else(missing)?;
    match check(&keys) {
        // It may have been added a moment ago.
        Err(Refused::UnknownKey) => {
            let keys = app.outgoing().keys_of_client(at, None, true, now).await.ok_or_else(missing)?;
            Ok(check(&keys)?)
        }
        other => Ok(other?),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// RFC 6749 section 5.1.
    #[test]
    fn a_life_of_nothing_or_less_is_over_and_only_what_is_no_number_is_not_said() {
        for (said, seconds) in [
            (json!(60), 60.0),
            (json!("60"), 60.0),
            (json!(1.5), 1.5),
            (json!(0.5), 0.5),
            (json!("1e3"), 1000.0),
        ] {
            assert_eq!(life(&said), Some(Duration::from_secs_f64(seconds)), "{said}");
        }
        for over in
            [json!(0), json!(-1), json!(-0.0), json!("0"), json!("-3600"), json!(i64::MIN), json!(-1e300)]
        {
            assert_eq!(life(&over), Some(Duration::ZERO), "{over}");
        }
        for no_number in [
            json!(null),
            json!(true),
            json!([60]),
            json!({}),
            json!(""),
            json!("soon"),
            json!("NaN"),
            json!("-inf"),
        ] {
            assert_eq!(life(&no_number), None, "{no_number}");
        }
        assert_eq!(life(&json!(1e300)), Some(Duration::MAX));
    }

    #[test]
    fn what_stands_in_a_header_is_encoded_first() {
        assert_eq!(basic("a:b", "p+q").as_str(), format!("Basic {}", BASE64.encode(b"a%3Ab:p%2Bq")));
    }
}
