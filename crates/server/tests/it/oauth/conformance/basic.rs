//! `oidcc-basic-certification-test-plan`: the flow and what comes of it. Each module runs with the answer in the query and in a form.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    pages::browser::Browser,
    support::{Answer, PASSWORD, TestApp},
};

use super::super::relying_party::{
    self as rp, Asking, CALLBACK, REALM, SECRET, VERIFIER, ada, asking, claims, error, redeem, userinfo,
};

/// The ways in which the answer comes: the basic plan, and the form post basic plan.
const MODES: [&str; 2] = ["query", "form_post"];

/// The code, however it comes.
async fn code(browser: &Browser<'_>, asking: &Asking) -> String {
    let mut answer = rp::open(browser, asking).await;
    if answer.html().contains("consent-approve") {
        answer = rp::follow(browser, browser.fill(&answer, &[("decision", "approve")]).await).await;
    }
    code_in(&answer)
}

fn code_in(answer: &Answer) -> String {
    match answer.status.as_u16() {
        303 => rp::returned(answer)["code"].clone(),
        _ => answer.hidden("code").unwrap_or_else(|| panic!("no code: {}", answer.html())),
    }
}

/// Runs a module once for each way.
macro_rules! modules {
    ($($name:ident ($app:ident, $browser:ident, $asking:ident) $body:block)+) => { $(
        #[tokio::test]
        async fn $name() {
            for mode in MODES {
                let $app = TestApp::with(REALM).await;
                let $browser = ada(&$app).await;
                let $asking = asking().with("response_mode", mode);
                $body
            }
        }
    )+ };
}

/// Redeems, and checks what every ID token and every answer must have.
async fn tokens(app: &TestApp, code: &str) -> (Answer, Value) {
    let answer = redeem(app, code).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.text("token_type").to_ascii_lowercase(), "bearer");
    let id = claims(&answer.text("id_token"));
    for name in ["iss", "sub", "aud", "exp", "iat", "auth_time"] {
        assert!(!id[name].is_null(), "{name}");
    }
    assert_eq!((&id["iss"], &id["aud"]), (&json!(rp::ISSUER), &json!("web")));
    (answer, id)
}

async fn scope(app: &TestApp, browser: &Browser<'_>, asking: &Asking, scope: &str) -> Value {
    let (answer, id) = tokens(app, &code(browser, &asking.clone().with("scope", scope)).await).await;
    let told = userinfo(app, &answer.text("access_token")).await.json();
    assert_eq!(told["sub"], id["sub"]);
    told
}

fn has(told: &Value, names: &[&str]) {
    for name in names {
        assert!(!told[name].is_null(), "{name} is missing: {told}");
    }
}

const PROFILE: [&str; 14] = [
    "name",
    "family_name",
    "given_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "updated_at",
];

/// Everything OpenID Connect knows of a person.
async fn everything_is_known(app: &TestApp) {
    app.apply(
        r#"
[[realm]]
name = "default"
[[realm.user]]
email = "ada@example.com"
claims = { given_name = "Ada", family_name = "Lovelace", middle_name = "K", nickname = "al", profile = "https://ada.test",
  picture = "https://ada.test/p.png", website = "https://ada.test", gender = "female", birthdate = "1815-12-10",
  zoneinfo = "Europe/London", locale = "en-GB", phone_number = "+44 20 1", phone_number_verified = true,
  address = { formatted = "London", country = "GB" } }
"#,
    )
    .await;
}

modules! {
    oidcc_server(app, browser, asking) {
        let (answer, id) = tokens(&app, &code(&browser, &asking).await).await;
        let told = userinfo(&app, &answer.text("access_token")).await;
        assert_eq!((told.status.as_u16(), &told.json()["sub"]), (200, &id["sub"]));
    }
    oidcc_idtoken_signature(app, browser, asking) {
        let (answer, _) = tokens(&app, &code(&browser, &asking).await).await;
        let header = rp::header_of(&answer.text("id_token"));
        assert_eq!(header["alg"], "RS256");
        let keys = app.get("/.well-known/jwks.json").await;
        let keys = gatepost_jose::KeySet::parse(&keys.body).unwrap();
        assert!(keys.find(header["kid"].as_str().unwrap()).is_some());
        let rs256 = [gatepost_jose::Algorithm::RS256];
        assert!(gatepost_jose::jws::verify_compact(&answer.text("id_token"), &keys, &rs256).is_ok());
    }
    oidcc_userinfo_get(app, browser, asking) {
        let (answer, _) = tokens(&app, &code(&browser, &asking).await).await;
        let told = userinfo(&app, &answer.text("access_token")).await;
        assert_eq!(told.header("content-type"), Some("application/json"));
    }
    oidcc_ensure_request_without_nonce_succeeds_for_code_flow(app, browser, asking) {
        let (_, id) = tokens(&app, &code(&browser, &asking.without("nonce")).await).await;
        assert!(id["nonce"].is_null());
    }
    oidcc_scope_profile(app, browser, asking) {
        everything_is_known(&app).await;
        has(&scope(&app, &browser, &asking, "openid profile").await, &PROFILE);
    }
    oidcc_scope_email(app, browser, asking) {
        has(&scope(&app, &browser, &asking, "openid email").await, &["email", "email_verified"]);
    }
    oidcc_scope_address(app, browser, asking) {
        everything_is_known(&app).await;
        assert_eq!(scope(&app, &browser, &asking, "openid address").await["address"]["country"], "GB");
    }
    oidcc_scope_phone(app, browser, asking) {
        everything_is_known(&app).await;
        has(&scope(&app, &browser, &asking, "openid phone").await, &["phone_number", "phone_number_verified"]);
    }
    oidcc_scope_all(app, browser, asking) {
        everything_is_known(&app).await;
        let told = scope(&app, &browser, &asking, "openid profile email address phone").await;
        has(&told, &PROFILE);
        has(&told, &["email", "address", "phone_number"]);
    }
    oidcc_alternate_happy_flow(app, browser, asking) {
        let mut turned = asking.with("scope", "email profile openid");
        turned.0.reverse();
        tokens(&app, &code(&browser, &turned).await).await;
    }
    oidcc_display_page(app, browser, asking) {
        tokens(&app, &code(&browser, &asking.with("display", "page")).await).await;
    }
    oidcc_display_popup(app, browser, asking) {
        tokens(&app, &code(&browser, &asking.with("display", "popup")).await).await;
    }
    oidcc_prompt_login(app, browser, asking) {
        let (_, first) = tokens(&app, &code(&browser, &asking).await).await;
        app.advance(Duration::from_secs(5));
        let page = rp::open(&browser, &asking.with("prompt", "login")).await;
        assert!(page.html().contains("login-submit"), "signed in, and asked all the same");
        let answer = browser.fill(&page, &[("username", "ada"), ("password", PASSWORD)]).await;
        let (_, second) = tokens(&app, &code_in(&rp::follow(&browser, answer).await)).await;
        assert_eq!(second["sub"], first["sub"]);
        assert!(second["auth_time"].as_i64() >= first["auth_time"].as_i64().map(|time| time + 5));
    }
    oidcc_prompt_none_logged_in(app, browser, asking) {
        let (_, first) = tokens(&app, &code(&browser, &asking).await).await;
        app.advance(Duration::from_secs(5));
        let silent = browser.get(&asking.with("prompt", "none").path()).await;
        let (_, second) = tokens(&app, &code_in(&silent)).await;
        assert_eq!((&second["sub"], &second["auth_time"]), (&first["sub"], &first["auth_time"]));
    }
    oidcc_max_age_1(app, browser, asking) {
        let (_, first) = tokens(&app, &code(&browser, &asking).await).await;
        app.advance(Duration::from_secs(2));
        let page = rp::open(&browser, &asking.with("max_age", "1")).await;
        assert!(page.html().contains("login-submit"));
        let answer = browser.fill(&page, &[("username", "ada"), ("password", PASSWORD)]).await;
        let (_, second) = tokens(&app, &code_in(&rp::follow(&browser, answer).await)).await;
        assert!(second["auth_time"].as_i64() > first["auth_time"].as_i64());
    }
    oidcc_max_age_10000(app, browser, asking) {
        let (_, first) = tokens(&app, &code(&browser, &asking).await).await;
        app.advance(Duration::from_secs(2));
        let (_, second) = tokens(&app, &code(&browser, &asking.with("max_age", "10000")).await).await;
        assert_eq!(second["auth_time"], first["auth_time"]);
    }
    oidcc_id_token_hint(app, browser, asking) {
        let (answer, first) = tokens(&app, &code(&browser, &asking).await).await;
        let silent = asking.with("prompt", "none").with("id_token_hint", &answer.text("id_token"));
        let (_, second) = tokens(&app, &code_in(&browser.get(&silent.path()).await)).await;
        assert_eq!(second["sub"], first["sub"]);
    }
    oidcc_codereuse(app, browser, asking) {
        let code = code(&browser, &asking).await;
        tokens(&app, &code).await;
        assert_eq!(error(&redeem(&app, &code).await), "400 invalid_grant");
    }
    oidcc_codereuse_30seconds(app, browser, asking) {
        let code = code(&browser, &asking).await;
        let (answer, _) = tokens(&app, &code).await;
        app.advance(Duration::from_secs(30));
        assert_eq!(error(&redeem(&app, &code).await), "400 invalid_grant");
        assert_eq!(userinfo(&app, &answer.text("access_token")).await.status, 401);
    }
    oidcc_server_client_secret_post(app, browser, asking) {
        app.apply(&REALM.replace("name = \"Web app\"", "name = \"Web app\"\ntoken_endpoint_auth_method = \"client_secret_post\""))
            .await;
        let code = code(&browser, &asking).await;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
            ("client_id", "web"),
            ("client_secret", SECRET),
        ];
        assert_eq!(rp::token(&app, None, &form).await.status, 200);
    }
    oidcc_claims_essential(app, browser, asking) {
        let claims = r#"{"userinfo":{"name":{"essential":true}}}"#;
        let asking = asking.with("scope", "openid").with("claims", claims);
        let (answer, _) = tokens(&app, &code(&browser, &asking).await).await;
        has(&userinfo(&app, &answer.text("access_token")).await.json(), &["name"]);
    }
    oidcc_refresh_token(app, browser, asking) {
        let asking = asking.with("scope", "openid offline_access").with("prompt", "consent");
        let (answer, first) = tokens(&app, &code(&browser, &asking).await).await;
        let refreshed = rp::refresh(&app, &answer.text("refresh_token"), &[]).await;
        assert_eq!(refreshed.status, 200, "{refreshed:?}");
        let second = claims(&refreshed.text("id_token"));
        for name in ["iss", "sub", "aud", "auth_time"] {
            assert_eq!(first[name], second[name], "{name}");
        }
        let form = [("grant_type", "refresh_token"), ("refresh_token", &refreshed.text("refresh_token"))];
        let other = Some(("house", "a-secret-of-the-house-app-0123456789"));
        assert_eq!(error(&rp::token(&app, other, &form).await), "400 invalid_grant", "of another client");
    }
    oidcc_ensure_request_with_valid_pkce_succeeds(app, browser, asking) {
        tokens(&app, &code(&browser, &asking).await).await;
    }
}
