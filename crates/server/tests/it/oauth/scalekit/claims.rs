//! What is in the tokens, and what verifies them.

use gatepost_jose::{KeySet, Verifier};
use serde_json::{Value, json};

use super::{ASKED, REALM, asking, refresh, rp, token, tokens};
use crate::support::TestApp;

fn words(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[tokio::test]
async fn an_access_token_has_what_the_libraries_look_for() {
    let app = TestApp::with(REALM).await;
    let browser = rp::ada(&app).await;
    let answer = tokens(&browser, &asking()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let access = answer.text("access_token");
    let header = rp::header_of(&access);
    assert_eq!((header["alg"].as_str(), header["kid"].is_string()), (Some("RS256"), true));
    let claims = rp::claims(&access);
    assert_eq!(claims["iss"], rp::ISSUER);
    assert_eq!(claims["aud"], json!(["skc_app"]), "a list, of the application alone");
    assert_eq!((&claims["client_id"], &claims["nbf"]), (&json!("skc_app"), &claims["iat"]));
    assert!(claims["sub"].as_str().unwrap().starts_with("usr_"));
    for name in ["exp", "jti", "sid"] {
        assert!(!claims[name].is_null(), "{name}");
    }
    assert_eq!(
        (claims["email"].as_str(), &claims["email_verified"]),
        (Some("ada@example.com"), &json!(true))
    );
    assert_eq!(claims["name"], "Ada Lovelace");
    assert_eq!(
        (words(&claims["roles"]), words(&claims["permissions"])),
        (vec!["reader"], vec!["notes:read"])
    );
    let mut scopes = words(&claims["scopes"]);
    assert_eq!(scopes.join(" "), claims["scope"].as_str().unwrap());
    scopes.sort_unstable();
    assert_eq!(scopes.join(" "), "email offline_access openid profile");
    assert_eq!(claims.get("oid"), None, "no organization was asked for");
}

/// The vendor's middleware keeps both tokens, the refresh token and the claims in one cookie, encrypted, of 3,800 letters.
#[tokio::test]
async fn all_of_it_fits_into_the_cookie_of_the_library() {
    let app = TestApp::with(REALM).await;
    let browser = rp::ada(&app).await;
    let answer = tokens(&browser, &asking()).await;
    let access = answer.text("access_token");
    let kept = json!({
        "user": rp::claims(&access),
        "access_token": access,
        "refresh_token": answer.text("refresh_token"),
        "id_token": answer.text("id_token"),
        "expires_at": 1_800_000_000,
    });
    let encrypted = (kept.to_string().len() + 29).div_ceil(3) * 4;
    assert!(encrypted < 3_800, "{encrypted}");
    for name in ["auth_time", "amr", "realm_id"] {
        assert_eq!(rp::claims(&access).get(name), None, "{name} is in the ID token, or told nowhere");
    }
}

#[tokio::test]
async fn an_id_token_names_the_client_and_the_session() {
    let app = TestApp::with(REALM).await;
    let browser = rp::ada(&app).await;
    let answer = tokens(&browser, &asking().with("nonce", "n-1")).await;
    let (id_token, access) = (rp::claims(&answer.text("id_token")), rp::claims(&answer.text("access_token")));
    assert_eq!(id_token["aud"], json!(["skc_app"]));
    assert_eq!(id_token["azp"], "skc_app");
    assert_eq!((&id_token["sid"], &id_token["sub"]), (&access["sid"], &access["sub"]));
    assert_eq!(
        (id_token["nonce"].as_str(), id_token["email"].as_str()),
        (Some("n-1"), Some("ada@example.com"))
    );
    assert!(id_token["at_hash"].is_string() && id_token["c_hash"].is_string());
}

#[tokio::test]
async fn other_clients_get_what_they_always_did() {
    let app = TestApp::with(REALM).await;
    let browser = rp::ada(&app).await;
    let answer = rp::redeem(&app, &rp::code(&browser, &rp::asking()).await).await;
    let access = answer.text("access_token");
    assert_eq!(rp::header_of(&access)["alg"], "ES256");
    let claims = rp::claims(&access);
    assert_eq!(claims["aud"], "notes-api");
    for name in ["scopes", "oid", "nbf"] {
        assert_eq!(claims.get(name), None, "{name}");
    }
    let id_token = rp::claims(&answer.text("id_token"));
    assert_eq!((&id_token["aud"], id_token.get("azp")), (&json!("web"), None));
}

/// The libraries read every key as one of RSA, once, and never again.
#[tokio::test]
async fn keys_are_those_of_rs256_and_are_there_before_the_first_token() {
    let app = TestApp::with(REALM).await;
    let answer = app.get("/keys").await;
    let listed = answer.json();
    let keys = listed["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!((keys[0]["alg"].as_str(), keys[0]["kid"].is_string()), (Some("RS256"), true));
    let every = app.get("/.well-known/jwks.json").await.json();
    assert_eq!(every["keys"].as_array().unwrap().len(), 2);
    let browser = rp::ada(&app).await;
    let access = tokens(&browser, &asking()).await.text("access_token");
    let now = app.clock.now().unix_seconds();
    let keys = KeySet::parse(&answer.body).unwrap();
    Verifier::new(rp::ISSUER, "skc_app", keys.clone()).verify(&access, now).unwrap();
    assert!(Verifier::new(rp::ISSUER, "notes-api", keys).verify(&access, now).is_err(), "it is no API's");
}

#[tokio::test]
async fn keys_of_a_realm_without_rs256_are_none() {
    let app = TestApp::new().await;
    assert_eq!(app.get("/keys").await.json(), json!({ "keys": [] }));
}

#[tokio::test]
async fn an_api_of_its_own_is_named_beside_the_client() {
    let file = REALM.replacen("token_format", "audience = [\"orders-api\"]\ntoken_format", 1);
    let app = TestApp::with(&file).await;
    let browser = rp::ada(&app).await;
    let claims = rp::claims(&tokens(&browser, &asking()).await.text("access_token"));
    assert_eq!(claims["aud"], json!(["skc_app", "orders-api"]));
    let claims =
        rp::claims(&tokens(&browser, &asking().with("resource", "orders-api")).await.text("access_token"));
    assert_eq!(claims["aud"], json!(["orders-api"]));
    let refused = rp::returned(&browser.get(&asking().with("resource", "notes-api").path()).await);
    assert_eq!(refused["error"], "invalid_target", "the realm's is for those that do not name themselves");
}

/// Whether a token opens something of ours is asked of its audience, which is not us.
#[tokio::test]
async fn tokens_of_the_application_open_nothing_of_ours_but_userinfo() {
    let app = TestApp::with(REALM).await;
    let browser = rp::ada(&app).await;
    let access = tokens(&browser, &asking()).await.text("access_token");
    let ask = async |path: &str| {
        app.send(crate::support::request(axum::http::Method::GET, path, Some(access.as_str()), None)).await
    };
    assert_eq!(ask("/api/v1/me").await.brief(), "401 invalid_token");
    let told = ask("/oauth/userinfo").await;
    assert_eq!((told.status.as_u16(), told.text("email")), (200, "ada@example.com".to_owned()));
}

#[tokio::test]
async fn a_program_gets_a_token_with_its_scopes_or_with_none() {
    let app = TestApp::with(REALM).await;
    let form = [("grant_type", "client_credentials")];
    let answer = token(&app, None, &form).await;
    assert_eq!((answer.status.as_u16(), answer.text("scope")), (200, String::new()), "{answer:?}");
    let access = answer.text("access_token");
    let claims = rp::claims(&access);
    assert_eq!(rp::header_of(&access)["alg"], "RS256");
    assert_eq!((&claims["sub"], &claims["client_id"]), (&json!("skc_app"), &json!("skc_app")));
    assert_eq!((&claims["aud"], &claims["scopes"]), (&json!(["skc_app"]), &json!([])));
    for (scope, expected) in
        [("reports", "200 -"), ("openid", "400 invalid_scope"), ("admin", "400 invalid_scope")]
    {
        let secret = "test_9876543210abcdefghijklmnopqrstuvwxyz";
        let form = [("grant_type", "client_credentials"), ("scope", scope)];
        let answer = rp::token(&app, Some(("skc_other", secret)), &form).await;
        assert_eq!(rp::error(&answer), expected, "{scope}");
        if answer.status == 200 {
            assert_eq!(rp::claims(&answer.text("access_token"))["scopes"], json!(["reports"]));
        }
    }
}

/// The Python library sends its own token along with id and secret.
#[tokio::test]
async fn a_bearer_token_beside_the_secret_is_left_alone() {
    let app = TestApp::with(REALM).await;
    let form = [("grant_type", "client_credentials")];
    let own = token(&app, None, &form).await.text("access_token");
    for bearer in [own.as_str(), "garbage", ""] {
        assert_eq!(token(&app, Some(bearer), &form).await.status, 200, "{bearer}");
    }
    // It proves nothing either.
    let alone = [("grant_type", "client_credentials"), ("client_id", "skc_app")];
    let request = axum::http::Request::post("/oauth/token")
        .header("host", "127.0.0.1:8400")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("authorization", format!("Bearer {own}"))
        .body(axum::body::Body::from(
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(alone).finish(),
        ))
        .unwrap();
    assert_eq!(rp::error(&app.send(request).await), "401 invalid_client");
}

#[tokio::test]
async fn a_refresh_brings_the_next_refresh_token_and_the_same_shape() {
    let app = TestApp::with(REALM).await;
    let browser = rp::ada(&app).await;
    let first = tokens(&browser, &asking()).await;
    let next = refresh(&app, &first.text("refresh_token")).await;
    assert_eq!(next.status, 200, "{next:?}");
    assert_ne!(next.text("refresh_token"), first.text("refresh_token"));
    let claims = rp::claims(&next.text("access_token"));
    assert_eq!((&claims["aud"], words(&claims["roles"])), (&json!(["skc_app"]), vec!["reader"]));
    assert_eq!(words(&claims["scopes"]).len(), ASKED.split(' ').count());
    assert_eq!(next.json()["expires_in"], 900);
}

#[tokio::test]
async fn its_errors_are_those_of_oauth() {
    let app = TestApp::with(REALM).await;
    for (form, expected) in [
        (vec![("grant_type", "refresh_token"), ("refresh_token", "garbage")], "400 invalid_grant"),
        (vec![("grant_type", "authorization_code"), ("code", "garbage")], "400 invalid_grant"),
        (vec![("grant_type", "magic")], "400 unsupported_grant_type"),
        (vec![], "400 invalid_request"),
    ] {
        assert_eq!(rp::error(&token(&app, None, &form).await), expected, "{form:?}");
    }
    let wrong = rp::token(&app, Some(("skc_app", "wrong")), &[("grant_type", "client_credentials")]).await;
    assert_eq!(rp::error(&wrong), "401 invalid_client");
}
