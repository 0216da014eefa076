//! Whose API keys a guard accepts.

use gatepost_guard::{Error, Guard, KeySet, Refusal};
use serde_json::json;

use crate::api_keys::{KEY, OTHER};
use crate::support::*;

#[tokio::test]
async fn keys_are_those_of_the_first_issuer_alone() {
    let signing = key("k1");
    let (first, second) = (TestIssuer::start(&[&signing]).await, TestIssuer::start(&[&signing]).await);
    let builder = TestClock::new().builder().issuer(&first.url).issuer(&second.url).api_keys();
    let guard = builder.discover_later().unwrap();
    // A token of the second, which the first has no business to hand out.
    first.grant(&signing, &claims(&second.url, json!({ "api_key": "key_1" })));
    assert_eq!(guard.verify(KEY).await.err(), Some(Refusal::Invalid));
    first.grant(&signing, &claims(&first.url, json!({ "api_key": "key_1" })));
    assert!(guard.verify(OTHER).await.is_ok());
    assert_eq!((first.exchanges(), second.exchanges()), (2, 0));
}

#[tokio::test]
async fn keys_that_could_never_be_exchanged_are_an_error_at_the_start() {
    let signing = key("k1");
    let keys = KeySet::new([signing.verifying_key()]).unwrap();
    let offline = Guard::builder().audience(AUDIENCE).issuer_with_keys(ISSUER, keys).api_keys();
    assert!(matches!(offline.discover_later(), Err(Error::ApiKeys { .. })));
    let issuer = TestIssuer::start(&[&signing]).await;
    let jwks = format!("{}/.well-known/jwks.json", issuer.url);
    let endpoint = format!("{}/oauth/token", issuer.url);
    for document in [
        json!({}),
        json!({ "token_endpoint": endpoint, "grant_types_supported": ["authorization_code"] }),
        json!({ "token_endpoint": "http://auth.example.com/oauth/token" }),
        json!({ "token_endpoint": "file:///etc/passwd" }),
    ] {
        let mut document = document;
        document["issuer"] = json!(issuer.url);
        document["jwks_uri"] = json!(jwks);
        issuer.answer_discovery(Reply::Json(document));
        let builder = || Guard::builder().audience(AUDIENCE).issuer(&issuer.url);
        let error = builder().api_keys().discover().await.unwrap_err();
        assert!(error.to_string().contains("token_endpoint"), "{error}");
        assert!(builder().discover().await.is_ok(), "without keys nothing is missing");
        let later = builder().api_keys().discover_later().unwrap();
        assert!(matches!(later.verify(KEY).await.err(), Some(Refusal::Unavailable { .. })));
    }
    assert_eq!(issuer.exchanges(), 0);
}
