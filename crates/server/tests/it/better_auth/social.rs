//! Signing in by a provider, back to the application.

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use serde_json::{Value, json};

use super::{ADA, COOKIE, Client};
use crate::{
    social::{Provider, parameters},
    support::{Answer, PASSWORD, TestApp},
};

pub(super) fn realm(provider: &Provider, of_provider: &str) -> String {
    format!(
        r#"
[[realm]]
name = "default"
allowed_origins = ["https://app.example.com"]
[[realm.user]]
email = "{ADA}"
name = "Ada Lovelace"
password = "{PASSWORD}"
email_verified = true
[[realm.provider]]
id = "acme"
issuer = "{}"
client_id = "ours"
client_secret = "a secret of ours"
trust_email = true
{of_provider}
"#,
        provider.address
    )
}

pub(super) async fn world(of_provider: &str) -> (TestApp, Provider) {
    let provider = Provider::new().await;
    let app = TestApp::with(&realm(&provider, of_provider)).await;
    (app, provider)
}

pub(super) fn hers() -> Value {
    json!({"sub": "ada-1", "email": ADA, "email_verified": true, "name": "Ada L."})
}

fn graces() -> Value {
    json!({"sub": "grace-1", "email": "grace@example.com", "email_verified": true, "name": "Grace Hopper"})
}

impl Client<'_> {
    /// The address at the provider.
    pub(super) async fn go(&self, path: &str, more: Value) -> String {
        let mut body = json!({"provider": "acme"});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        let answer = self.post(path, body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["redirect"], true);
        assert_eq!(answer.header("location"), answer.json()["url"].as_str());
        answer.text("url")
    }

    /// What is answered to the browser that comes back as whom the claims name.
    pub(super) async fn back(&self, provider: &Provider, url: &str, claims: &Value) -> Answer {
        let path = provider.sends_back(url, claims, self.app.clock.now().unix_seconds());
        self.get(path.strip_prefix("/api/auth").expect("back to this door")).await
    }
}

fn location(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), answer.header("location").unwrap_or_default())
}

#[tokio::test]
async fn somebody_signs_in_by_a_provider() {
    let (app, provider) = world("").await;
    let client = Client::new(&app);
    let targets = json!({"callbackURL": "https://app.example.com/home", "newUserCallbackURL": "/welcome", "loginHint": ADA});
    let mut body = targets.clone();
    body["provider"] = json!("acme");
    body["disableRedirect"] = json!(true);
    let quiet = client.post("/sign-in/social", body).await;
    assert_eq!((quiet.json()["redirect"].clone(), quiet.header("location")), (json!(false), None));
    let url = client.go("/sign-in/social", targets.clone()).await;
    let asked = parameters(&url);
    assert_eq!(asked["redirect_uri"], "http://127.0.0.1:8400/api/auth/callback/acme");
    assert_eq!(asked["login_hint"], ADA);
    let done = client.back(&provider, &url, &hers()).await;
    assert_eq!(location(&done), (302, "https://app.example.com/home"));
    assert_eq!(client.email().await.as_deref(), Some(ADA));
    let listed = client.get("/list-accounts").await.json();
    let elsewhere = listed.as_array().unwrap().iter().find(|one| one["providerId"] == "acme").unwrap();
    assert_eq!(elsewhere["accountId"], "ada-1");
    // Somebody new goes where the new ones go, and somebody known does not.
    let grace = Client::new(&app);
    for expected in ["http://127.0.0.1:8400/welcome", "https://app.example.com/home"] {
        let url = grace.go("/sign-in/social", targets.clone()).await;
        assert_eq!(location(&grace.back(&provider, &url, &graces()).await), (302, expected));
    }
    assert_eq!(grace.email().await.as_deref(), Some("grace@example.com"));
}

/// SO-03: what comes back counts once, in the browser it was begun in, and at this door.
#[tokio::test]
async fn so_03_what_was_begun_elsewhere_signs_nobody_in() {
    let (app, provider) = world("").await;
    let (client, eve) = (Client::new(&app), Client::new(&app));
    let lost = "http://127.0.0.1:8400/api/auth/error?error=state_mismatch";
    let url = eve.go("/sign-in/social", json!({})).await;
    client.go("/sign-in/social", json!({})).await;
    let answer = client.back(&provider, &url, &hers()).await;
    assert_eq!((location(&answer), client.cookie(COOKIE)), ((302, lost), None));
    let path = provider.sends_back(&url, &hers(), app.clock.now().unix_seconds());
    let path = path.strip_prefix("/api/auth").unwrap();
    assert_eq!(location(&eve.get(path).await), (302, "http://127.0.0.1:8400/"));
    assert_eq!(location(&eve.get(path).await), (302, lost), "once");
    for twice in ["/callback/acme?state=a&state=b", "/callback/acme?state=garbage&code=x"] {
        assert_eq!(location(&client.get(twice).await), (302, lost));
    }
    let none = "http://127.0.0.1:8400/api/auth/error?error=state_not_found";
    assert_eq!(location(&client.get("/callback/acme?code=x").await), (302, none));
    let unknown = "http://127.0.0.1:8400/api/auth/error?error=oauth_provider_not_found";
    assert_eq!(location(&client.get("/callback/nobody?code=x&state=y").await), (302, unknown));
    // What was begun on the pages ends there, and not here.
    let browser = crate::pages::browser::Browser::new(&app);
    let page = browser.get("/sign-in").await;
    let url = browser.get(&page.link("with-acme")).await.location().to_owned();
    let path = provider.sends_back(&url, &hers(), app.clock.now().unix_seconds());
    let path = path.replace("/sign-in/with/acme/callback", "/api/auth/callback/acme");
    assert_eq!(location(&browser.get(&path).await), (302, lost));
}

#[tokio::test]
async fn whom_an_interceptor_refuses_comes_back_to_the_application_with_access_denied() {
    for (event, claims) in [("pre_signup", graces()), ("pre_session_creation", hers())] {
        let (app, provider) = world("").await;
        let (client, judge) = (Client::new(&app), crate::interceptors::Judge::new().await);
        judge.sit(&app, event).await;
        judge.denies("No.");
        let targets = json!({"callbackURL": "/home", "errorCallbackURL": "https://app.example.com/oops"});
        let url = client.go("/sign-in/social", targets).await;
        let denied = client.back(&provider, &url, &claims).await;
        assert_eq!(location(&denied), (302, "https://app.example.com/oops?error=access_denied"), "{event}");
        assert_eq!((client.cookie(COOKIE), judge.take().len()), (None, 1), "{event}");
    }
}

#[tokio::test]
async fn what_a_provider_says_no_to_is_told_to_the_application() {
    let (app, provider) = world("create_accounts = false").await;
    let client = Client::new(&app);
    let targets = json!({"callbackURL": "/home", "errorCallbackURL": "https://app.example.com/oops?x=y"});
    let url = client.go("/sign-in/social", targets.clone()).await;
    let closed = client.back(&provider, &url, &graces()).await;
    assert_eq!(location(&closed), (302, "https://app.example.com/oops?x=y&error=signup_disabled"));
    let url = client.go("/sign-in/social", targets).await;
    let state = parameters(&url)["state"].clone();
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("state", &state)
        .append_pair("error", "access_denied")
        .append_pair("iss", &provider.address)
        .finish();
    let denied = client.get(&format!("/callback/acme?{query}")).await;
    assert_eq!(location(&denied), (302, "https://app.example.com/oops?x=y&error=access_denied"));
    assert_eq!(client.cookie(COOKIE), None);

    for (body, refused) in [
        (json!({"provider": "nobody"}), "404 PROVIDER_NOT_FOUND"),
        (json!({}), "400 VALIDATION_ERROR"),
        (json!({"provider": "acme", "idToken": {"token": "x"}}), "404 ID_TOKEN_NOT_SUPPORTED"),
        (json!({"provider": "acme", "callbackURL": "https://evil.test"}), "403 INVALID_CALLBACK_URL"),
    ] {
        assert_eq!(client.post("/sign-in/social", body.clone()).await.brief(), refused, "{body}");
    }
    let body = Some(json!({"provider": "acme"}));
    let evil = [("origin", "https://evil.test")];
    let refused = client.ask(Method::POST, "/sign-in/social", body, &evil).await;
    assert_eq!(refused.brief(), "403 INVALID_ORIGIN");
}

/// MF-05: an account elsewhere is one factor.
#[tokio::test]
async fn mf_05_after_a_provider_the_second_factor_is_asked_for() {
    let (app, provider) = world("").await;
    let who = app.sign_in(ADA).await;
    let (phone, _) = crate::mfa::set_up(&app, &who).await;
    app.advance(std::time::Duration::from_mins(1));
    let client = Client::new(&app);
    let url = client.go("/sign-in/social", json!({"callbackURL": "/home"})).await;
    let half = client.back(&provider, &url, &hers()).await;
    assert_eq!(location(&half), (302, "http://127.0.0.1:8400/home?error=TWO_FACTOR_REQUIRED"));
    assert_eq!((client.email().await, client.cookie(COOKIE)), (None, None));
    let done = client.post("/two-factor/verify-totp", json!({"code": phone.code(&app)})).await;
    assert_eq!(done.json()["user"]["email"], ADA, "{done:?}");
}

#[tokio::test]
async fn an_account_elsewhere_is_connected_and_disconnected() {
    let (app, provider) = world("").await;
    let client = Client::new(&app);
    let body = json!({"provider": "acme"});
    assert_eq!(client.post("/link-social", body.clone()).await.brief(), "401 UNAUTHORIZED");
    assert_eq!(client.post("/unlink-account", json!({"accountId": "x"})).await.brief(), "401 UNAUTHORIZED");
    client.sign_in(ADA).await;
    assert_eq!(
        client.post("/link-social", json!({"provider": "nobody"})).await.brief(),
        "404 PROVIDER_NOT_FOUND"
    );
    let last = client.post("/unlink-account", json!({"accountId": "x"})).await;
    assert_eq!(last.brief(), "400 FAILED_TO_UNLINK_LAST_ACCOUNT");
    let url = client.go("/link-social", json!({"callbackURL": "/settings"})).await;
    // SO-06: whoever is signed in when it comes back, and not whoever was.
    let eve = Client::new(&app);
    eve.cookies.borrow_mut().clone_from(&client.cookies.borrow());
    eve.sign_up("eve@example.com").await;
    let stolen = eve.back(&provider, &url, &json!({"sub": "x-1", "email": "x@example.com"})).await;
    assert_eq!(location(&stolen), (302, "http://127.0.0.1:8400/settings?error=unable_to_link_account"));

    let url = client.go("/link-social", json!({"callbackURL": "/settings"})).await;
    let other = json!({"sub": "x-1", "email": "x@example.com"});
    assert_eq!(
        location(&client.back(&provider, &url, &other).await),
        (302, "http://127.0.0.1:8400/settings")
    );
    let url = eve.go("/link-social", json!({"callbackURL": "/settings"})).await;
    let taken = "http://127.0.0.1:8400/settings?error=account_already_linked_to_different_user";
    assert_eq!(location(&eve.back(&provider, &url, &other).await), (302, taken));

    let listed = client.get("/list-accounts").await.json();
    let accounts = listed.as_array().unwrap();
    let elsewhere = accounts.iter().find(|one| one["providerId"] == "acme").unwrap()["id"].clone();
    let password = accounts.iter().find(|one| one["providerId"] == "credential").unwrap()["id"].clone();
    let unlink =
        async |who: &Client<'_>, id: &Value| who.post("/unlink-account", json!({"accountId": id})).await;
    assert_eq!(unlink(&client, &password).await.brief(), "400 ACCOUNT_NOT_FOUND", "a password stays");
    let url = eve.go("/link-social", json!({})).await;
    eve.back(&provider, &url, &json!({"sub": "e-1", "email": "e@example.com"})).await;
    assert_eq!(unlink(&eve, &elsewhere).await.brief(), "400 ACCOUNT_NOT_FOUND", "that of somebody else");
    assert_eq!(unlink(&client, &elsewhere).await.json(), json!({"status": true}));
    assert_eq!(client.get("/list-accounts").await.json().as_array().unwrap().len(), 1);
    // LG-16: both take a sign-in of a moment ago.
    app.advance(std::time::Duration::from_mins(11));
    assert_eq!(client.post("/link-social", body).await.brief(), "403 SESSION_NOT_FRESH");
    assert_eq!(unlink(&eve, &elsewhere).await.brief(), "403 SESSION_NOT_FRESH");
}

#[tokio::test]
async fn a_provider_that_sends_people_back_by_a_form_is_answered() {
    let (app, _provider) = world("").await;
    let request = Request::post("/api/auth/callback/acme")
        .header(header::HOST, "127.0.0.1:8400")
        .header(header::ORIGIN, "https://appleid.apple.com")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from("code=a&state=b&other=c"));
    let answer = app.send(request.unwrap()).await;
    assert_eq!(location(&answer), (303, "?state=b&code=a"), "by itself, with its cookies");
}

/// PG-01: nothing that could be markup or a sentence of somebody else's stands on it.
#[tokio::test]
async fn what_went_wrong_is_told_on_a_page() {
    let app = TestApp::new().await;
    let client = Client::new(&app);
    let page = client.get("/error?error=state_mismatch").await;
    assert!(page.html().contains("state_mismatch"), "{}", page.html());
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    for evil in ["%3Cscript%3E", "Call%20this%20number", ""] {
        let page = client.get(&format!("/error?error={evil}&error_description=Call")).await;
        assert!(!page.html().contains("Call") && !page.html().contains("<script>"), "{}", page.html());
    }
}
