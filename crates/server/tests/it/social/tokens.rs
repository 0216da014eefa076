//! ID tokens at the callback.

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use gatepost_jose::{Algorithm, SigningKey, jws};
use serde_json::{Value, json};

use super::{Canned, Signs, TRUSTED, ada, choose, sign_in, who, world};
use crate::pages::browser::Browser;

#[tokio::test]
async fn so_04_an_id_token_that_is_not_this_providers_for_us_now_is_refused() {
    let (app, provider) = world("rate_limits = \"off\"", TRUSTED).await;
    let now = app.clock.now().unix_seconds();
    for (changes, why) in [
        (json!({ "iss": "https://evil.test" }), "another issuer"),
        (json!({ "iss": null }), "no issuer"),
        (json!({ "aud": "theirs" }), "for somebody else"),
        (json!({ "aud": ["ours", "theirs"] }), "for several, and no authorized party"),
        (json!({ "aud": ["ours", "theirs"], "azp": "theirs" }), "given to another"),
        (json!({ "azp": "theirs" }), "given to another"),
        (json!({ "nonce": "other" }), "of another sign-in"),
        (json!({ "nonce": null }), "of no sign-in"),
        (json!({ "exp": now - 61 }), "expired"),
        (json!({ "exp": null }), "never expires"),
        (json!({ "iat": now + 120 }), "of tomorrow"),
        (json!({ "sub": null }), "of nobody"),
        (json!({ "sub": ["ada-1"] }), "of several"),
    ] {
        let browser = Browser::new(&app);
        let answer = sign_in(&browser, &provider, &ada(&changes)).await;
        assert_eq!((answer.status.as_u16(), who(&browser).await), (403, None), "{why}");
    }
    let good = json!({ "aud": ["ours", "theirs"], "azp": "ours" });
    assert_eq!(sign_in(&Browser::new(&app), &provider, &ada(&good)).await.status, 303);
}

#[tokio::test]
async fn so_04_an_id_token_by_another_key_of_another_algorithm_or_of_another_kind_is_refused() {
    let (app, provider) = world("rate_limits = \"off\"", TRUSTED).await;
    let generate = |algorithm| SigningKey::generate(algorithm).unwrap();
    let signs = [
        ("another key of the same name", Signs::With(Arc::new(generate(Algorithm::ES256).with_kid("one")))),
        ("an unknown key", Signs::With(Arc::new(generate(Algorithm::ES256).with_kid("two")))),
        ("another algorithm", Signs::With(Arc::new(generate(Algorithm::EdDSA).with_kid("one")))),
        // What everybody knows is no secret (algorithm confusion).
        (
            "our own secret",
            Signs::With(Arc::new(
                SigningKey::from_secret(Algorithm::HS256, "one", b"a secret of ours, made longer for HS256")
                    .unwrap(),
            )),
        ),
        ("an access token", Signs::As("at+jwt")),
        ("a logout token", Signs::As("logout+jwt")),
        ("garbage", Signs::Exactly("a.b.c".into())),
        ("nothing", Signs::Exactly(String::new())),
        ("too much", Signs::Exactly("a".repeat(20_000))),
    ];
    for (why, sign) in signs {
        provider.signs(sign);
        let browser = Browser::new(&app);
        let answer = sign_in(&browser, &provider, &ada(&json!({}))).await;
        assert_eq!((answer.status.as_u16(), who(&browser).await), (403, None), "{why}");
    }
    provider.signs(Signs::As("JWT"));
    assert_eq!(sign_in(&Browser::new(&app), &provider, &ada(&json!({}))).await.status, 303);
}

/// A token that is right but for its header.
#[tokio::test]
async fn so_04_an_id_token_without_a_signature_is_refused() {
    let (app, provider) = world("rate_limits = \"off\"", TRUSTED).await;
    for header in [json!({"alg": "none"}), json!({"alg": "None"}), json!({"alg": "ES256", "kid": "one"})] {
        let browser = Browser::new(&app);
        let url = choose(&browser, "/sign-in", "with-acme").await;
        let now = app.clock.now().unix_seconds();
        let mut claims = ada(&json!({
            "iss": provider.address, "aud": "ours", "iat": now, "exp": now + 300,
        }));
        claims["nonce"] = json!(super::parameters(&url)["nonce"]);
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        provider.signs(Signs::Exactly(format!("{}.{}.", part(&header), part(&claims))));
        let answer = browser.get(&provider.sends_back(&url, &ada(&json!({})), now)).await;
        assert_eq!((answer.status.as_u16(), who(&browser).await), (403, None), "{header}");
    }
}

/// Whoever is signed in at one client of the provider is not signed in at another by the same token.
#[tokio::test]
async fn so_04_a_token_from_an_earlier_sign_in_is_refused() {
    let (app, provider) = world("", TRUSTED).await;
    let browser = Browser::new(&app);
    let url = choose(&browser, "/sign-in", "with-acme").await;
    let now = app.clock.now().unix_seconds();
    // The key is the provider's, so that what was given to another browser is as good as new.
    let key = Arc::new(SigningKey::generate(Algorithm::ES256).unwrap().with_kid("one"));
    provider.put(
        "keys",
        Canned::json(&json!({ "keys": [serde_json::to_value(key.public_jwk().unwrap()).unwrap()] })),
    );
    provider.signs(Signs::With(Arc::clone(&key)));
    assert_eq!(browser.get(&provider.sends_back(&url, &ada(&json!({})), now)).await.status, 303);
    let claims = ada(&json!({
        "iss": provider.address, "aud": "ours", "iat": now, "exp": now + 300,
        "nonce": super::parameters(&url)["nonce"],
    }));
    provider.signs(Signs::Exactly(jws::sign_compact("", claims.to_string().as_bytes(), &key)));
    let other = Browser::new(&app);
    let answer = sign_in(&other, &provider, &ada(&json!({}))).await;
    assert_eq!((answer.status.as_u16(), who(&other).await), (403, None));
}

#[tokio::test]
async fn a_new_key_of_the_provider_is_found_when_it_signs() {
    let (app, provider) = world("", TRUSTED).await;
    assert_eq!(sign_in(&Browser::new(&app), &provider, &ada(&json!({}))).await.status, 303);
    let key = Arc::new(SigningKey::generate(Algorithm::EdDSA).unwrap().with_kid("two"));
    provider.put(
        "keys",
        Canned::json(&json!({ "keys": [serde_json::to_value(key.public_jwk().unwrap()).unwrap()] })),
    );
    provider.signs(Signs::With(key));
    app.advance(std::time::Duration::from_secs(31));
    assert_eq!(sign_in(&Browser::new(&app), &provider, &ada(&json!({}))).await.status, 303);
    assert_eq!(provider.read("keys"), 2);
}
