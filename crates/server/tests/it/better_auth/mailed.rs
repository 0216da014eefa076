//! Signing in by mail, and codes that are mailed: good where they were asked for (LG-18).

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use serde_json::{Value, json};

use super::{ADA, COOKIE, Client, OURS, ada, bearer};
use crate::{
    mail::sign_in::{BY_MAIL, code},
    support::{Answer, PASSWORD, TestApp},
};

const REALM: &str =
    "[[realm]]\nname = \"default\"\nemail_sign_in = true\nallowed_origins = [\"https://app.example.com\"]\n";
const PAGE: &[(&str, &str)] = &[("accept", "text/html"), ("sec-fetch-mode", "navigate")];
pub(super) const SCRIPT: &[(&str, &str)] = &[("origin", OURS)];
const NEW: &str = "another engine weaves";

/// Somebody with a proven address, who is signed in nowhere.
async fn proven(app: &TestApp) {
    ada(app).await;
    let token = app.token(ADA).await;
    let confirmed = app.post("/api/v1/verify-email", json!({"token": token})).await;
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
    app.advance(Duration::from_mins(1));
}

impl Client<'_> {
    pub(super) async fn open(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None, PAGE).await
    }

    /// Presses the button of a page.
    pub(super) async fn press(&self, page: &Answer, csrf: &str) -> Answer {
        let action = page.between("method=\"post\" action=\"", "\"").expect("a form").replace("&#38;", "&");
        let token = page.hidden("token").expect("a token");
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("csrf", csrf), ("token", &token)])
            .finish();
        let cookies: Vec<String> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = Request::post(action)
            .header(header::HOST, "127.0.0.1:8400")
            .header(header::COOKIE, cookies.join("; "))
            .header(header::ORIGIN, "null")
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = self.app.send(request.body(Body::from(body)).unwrap()).await;
        for (name, value, attributes) in super::set_cookies(&answer) {
            if attributes.contains("Max-Age=0") {
                self.cookies.borrow_mut().remove(&name);
            } else {
                self.cookies.borrow_mut().insert(name, value);
            }
        }
        answer
    }

    pub(super) async fn send_code(&self, email: &str, kind: &str) -> Answer {
        let body = json!({"email": email, "type": kind});
        self.post("/email-otp/send-verification-otp", body).await
    }

    pub(super) async fn sign_in_by(&self, email: &str, otp: &str) -> Answer {
        self.post("/sign-in/email-otp", json!({"email": email, "otp": otp})).await
    }
}

/// The path under the base of the link that was mailed last.
pub(super) async fn link(app: &TestApp) -> String {
    app.link(ADA).await.strip_prefix("/api/auth").expect("the link leads here").to_owned()
}

async fn ask_for_link(client: &Client<'_>, more: &[(&str, &str)]) {
    let mut body = json!({"email": ADA});
    for (name, target) in more {
        body[*name] = json!(target);
    }
    let answer = client.post("/sign-in/magic-link", body).await;
    assert_eq!(answer.json(), json!({"status": true}), "{answer:?}");
}

#[tokio::test]
async fn a_link_signs_in_where_it_was_asked_for_and_by_its_button() {
    let app = TestApp::with(REALM).await;
    proven(&app).await;
    let client = Client::new(&app);
    let body = json!({"email": ADA, "callbackURL": "https://app.example.com/home?a=b", "metadata": {"x": 1}});
    let asked = client.post("/sign-in/magic-link", body).await;
    assert_eq!(asked.json(), json!({"status": true}));
    let path = link(&app).await;
    assert!(path.starts_with("/magic-link/verify?token=gp_el_"), "{path}");
    // LG-10: opening it does nothing, however often.
    let mut page = client.open(&path).await;
    for _ in 0..2 {
        assert!(page.html().contains("Sign in to default?"), "{}", page.html());
        assert_eq!((client.cookie(COOKIE), client.email().await), (None, None));
        page = client.open(&path).await;
    }
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self' https:"), "{policy}");
    // Whoever reads another language comes back to it.
    let language = page.between("<a href=\"/api/auth/magic-link/verify?token=gp", "\"").unwrap();
    assert!(language.ends_with("language=en") && language.contains("callbackURL="), "{language}");
    let forged = client.press(&page, "forged").await;
    assert_eq!((forged.status.as_u16(), client.cookie(COOKIE)), (403, None));
    let csrf = page.hidden("csrf").unwrap();
    let done = client.press(&page, &csrf).await;
    assert_eq!(
        (done.status.as_u16(), done.header("location")),
        (303, Some("https://app.example.com/home?a=b")),
        "{done:?}"
    );
    assert_eq!(client.email().await.as_deref(), Some(ADA));
    let again = client.open(&path).await;
    let over = "https://app.example.com/home?a=b&error=INVALID_TOKEN";
    assert_eq!((again.status.as_u16(), again.header("location")), (302, Some(over)));
}

#[tokio::test]
async fn lg_18_a_link_that_is_opened_elsewhere_signs_nobody_in_and_stays_good() {
    let file = format!("{REALM}[[realm]]\nname = \"other\"\nemail_sign_in = true\n");
    let app = TestApp::with(&file).await;
    proven(&app).await;
    let client = Client::new(&app);
    ask_for_link(&client, &[("errorCallbackURL", "/oops")]).await;
    let path = link(&app).await;
    // A program that checks mail, and somebody who asked for a letter of their own and is talked into opening this one.
    let (scanner, other) = (Client::new(&app), Client::new(&app));
    other.post("/sign-in/magic-link", json!({"email": "eve@example.com"})).await;
    for elsewhere in [&scanner, &other] {
        let page = elsewhere.open(&path).await;
        assert_eq!(page.status, 403);
        assert!(page.html().contains("This link is for another browser"), "{}", page.html());
        let by_script = elsewhere.ask(Method::GET, &path, None, SCRIPT).await;
        assert_eq!(by_script.header("location"), Some("http://127.0.0.1:8400/oops?error=INVALID_TOKEN"));
        assert_eq!(elsewhere.cookie(COOKIE), None);
    }
    // TN-04: and the cookie of one realm is of no use in another.
    let there = Client::under(&app, "/r/other");
    there.cookies.borrow_mut().clone_from(&client.cookies.borrow());
    let refused = there.ask(Method::GET, &path, None, SCRIPT).await;
    assert_eq!((refused.status.as_u16(), there.cookie(COOKIE)), (302, None));
    let page = client.open(&path).await;
    let done = client.press(&page, &page.hidden("csrf").unwrap()).await;
    assert_eq!(done.header("location"), Some("http://127.0.0.1:8400/"), "where nothing else was said");
    assert_eq!(client.email().await.as_deref(), Some(ADA));
}

/// An application's own page that has the token, and asks by script.
#[tokio::test]
async fn a_script_that_asks_with_the_link_is_signed_in() {
    let app = TestApp::with(REALM).await;
    proven(&app).await;
    let client = Client::new(&app);
    ask_for_link(&client, &[]).await;
    let token = app.token(ADA).await;
    let token = token.split('&').next().unwrap();
    let path = format!("/magic-link/verify?token={token}");
    assert_eq!(
        client.ask(Method::GET, "/magic-link/verify", None, SCRIPT).await.brief(),
        "400 VALIDATION_ERROR"
    );
    let evil = client.ask(Method::GET, &path, None, &[("origin", "https://evil.test")]).await;
    assert_eq!(evil.brief(), "403 INVALID_ORIGIN");
    let away = client.ask(Method::GET, &format!("{path}&callbackURL=https://evil.test"), None, SCRIPT).await;
    assert_eq!(away.brief(), "403 INVALID_CALLBACK_URL");
    let done = client.ask(Method::GET, &path, None, SCRIPT).await;
    assert_eq!(done.status, 200, "{done:?}");
    let told = done.json();
    assert_eq!((&told["user"]["email"], &told["session"]["token"]), (&json!(ADA), &told["token"]));
    assert_eq!(bearer(&app, told["token"].as_str().unwrap()).await.as_deref(), Some(ADA));
    // With where to go on.
    let client = Client::new(&app);
    ask_for_link(&client, &[("callbackURL", "/home")]).await;
    let done = client.ask(Method::GET, &link(&app).await, None, SCRIPT).await;
    assert_eq!((done.status.as_u16(), done.header("location")), (302, Some("http://127.0.0.1:8400/home")));
    assert_eq!(client.email().await.as_deref(), Some(ADA));
}

/// MF-05: mail is one factor.
#[tokio::test]
async fn mf_05_after_a_link_or_a_code_the_second_factor_is_asked_for() {
    let app = TestApp::with(REALM).await;
    proven(&app).await;
    let who = app.sign_in(ADA).await;
    let (phone, _) = crate::mfa::set_up(&app, &who).await;
    app.advance(Duration::from_mins(1));
    let client = Client::new(&app);
    ask_for_link(&client, &[("callbackURL", "/home")]).await;
    let page = client.open(&link(&app).await).await;
    let half = client.press(&page, &page.hidden("csrf").unwrap()).await;
    let told = Some("http://127.0.0.1:8400/home?error=TWO_FACTOR_REQUIRED");
    assert_eq!((half.header("location"), client.cookie(COOKIE)), (told, None));
    let done = client.post("/two-factor/verify-totp", json!({"code": phone.code(&app)})).await;
    assert_eq!(done.json()["user"]["email"], ADA, "{done:?}");

    app.advance(Duration::from_mins(1));
    let client = Client::new(&app);
    client.send_code(ADA, "sign-in").await;
    let half = client.sign_in_by(ADA, &code(&app, ADA).await).await;
    assert_eq!(half.json(), json!({"twoFactorRedirect": true, "twoFactorMethods": ["totp"]}));
    assert_eq!(client.email().await, None);
    let done = client.post("/two-factor/verify-totp", json!({"code": phone.code(&app)})).await;
    assert_eq!(done.json()["user"]["email"], ADA, "{done:?}");
}

#[tokio::test]
async fn lg_01_nobody_learns_whose_address_it_is_and_a_realm_without_it_says_so() {
    let app = TestApp::with(REALM).await;
    proven(&app).await;
    let ask = async |email: &str| {
        let client = Client::new(&app);
        let link = client.post("/sign-in/magic-link", json!({"email": email})).await;
        let sent = client.send_code(email, "sign-in").await;
        let wrong = client.sign_in_by(email, "0000 0001").await;
        let forgot = client.post("/email-otp/request-password-reset", json!({"email": email})).await;
        let body = json!({"email": email, "otp": "0000 0001", "password": NEW});
        let reset = client.post("/email-otp/reset-password", body).await;
        [link, sent, wrong, forgot, reset].map(|answer| (answer.status.as_u16(), answer.body))
    };
    let known = ask(ADA).await;
    assert_eq!(known, ask("nobody@example.com").await);
    assert_eq!(known.map(|(status, _)| status), [200, 200, 400, 200, 400]);

    app.apply("[[realm]]\nname = \"default\"\nemail_sign_in = false\n").await;
    let client = Client::new(&app);
    let off = "403 EMAIL_SIGN_IN_OFF";
    assert_eq!(client.post("/sign-in/magic-link", json!({"email": ADA})).await.brief(), off);
    for kind in ["sign-in", "email-verification", "forget-password"] {
        assert_eq!(client.send_code(ADA, kind).await.brief(), off, "{kind}");
    }
    assert_eq!(client.post("/email-otp/request-password-reset", json!({"email": ADA})).await.brief(), off);
}

#[tokio::test]
async fn a_code_signs_in_where_it_was_asked_for() {
    let app = TestApp::with(BY_MAIL).await;
    proven(&app).await;
    let client = Client::new(&app);
    let body = json!({"email": "Ada@Example.com", "type": "sign-in"});
    let sent = client.post("/email-otp/send-verification-otp", body).await;
    assert_eq!(sent.json(), json!({"success": true}), "{sent:?}");
    let letter = app.mail_to(ADA).await.pop().unwrap();
    assert_eq!(letter.link(), None, "there is nothing to open");
    let typed = code(&app, ADA).await;
    // Somebody else, who asked too; nobody, who did not; another address.
    let (eve, nobody) = (Client::new(&app), Client::new(&app));
    eve.send_code(ADA, "sign-in").await;
    for (who, email) in [(&eve, ADA), (&nobody, ADA), (&client, "eve@example.com"), (&client, "nope")] {
        assert_eq!(who.sign_in_by(email, &typed).await.brief(), "400 INVALID_OTP", "{email}");
        assert_eq!(who.cookie(COOKIE), None);
    }
    assert_eq!(client.sign_in_by(ADA, "0000 0001").await.brief(), "400 INVALID_OTP");
    let body = json!({"email": ADA, "otp": typed});
    let done = client.post("/sign-in/email-otp", body.clone()).await;
    assert_eq!(done.json()["user"]["email"], ADA, "{done:?}");
    assert_eq!(bearer(&app, &done.text("token")).await.as_deref(), Some(ADA));
    assert_eq!(client.email().await.as_deref(), Some(ADA));
    assert_eq!(client.post("/sign-in/email-otp", body).await.brief(), "400 INVALID_OTP", "once");

    app.advance(Duration::from_mins(1));
    let late = Client::new(&app);
    late.send_code(ADA, "sign-in").await;
    let typed = code(&app, ADA).await;
    app.advance(Duration::from_mins(10));
    assert_eq!(late.sign_in_by(ADA, &typed).await.brief(), "400 OTP_EXPIRED");
}

#[tokio::test]
async fn what_is_wrong_with_a_request_for_a_code_is_said() {
    let app = TestApp::with(BY_MAIL).await;
    let client = Client::new(&app);
    let body = json!({"email": ADA, "type": "nope"});
    let wrong = client.post("/email-otp/send-verification-otp", body).await;
    assert_eq!(
        wrong.text("message"),
        "[body.type] Invalid option: expected one of \"email-verification\"|\"sign-in\"|\"forget-password\"|\"change-email\""
    );
    assert_eq!(client.send_code("nope", "sign-in").await.brief(), "400 INVALID_EMAIL");
    assert_eq!(client.send_code(ADA, "change-email").await.brief(), "400");
    let body = Some(json!({"email": ADA, "type": "sign-in"}));
    let evil = [("origin", "https://evil.test")];
    let refused = client.ask(Method::POST, "/email-otp/send-verification-otp", body, &evil).await;
    assert_eq!(refused.brief(), "403 INVALID_ORIGIN");
}

/// The pre-hijack of LG-14: whoever made the account with an address that is not theirs has nothing of it any more.
#[tokio::test]
async fn lg_14_whoever_proves_the_address_first_has_the_account() {
    let app = TestApp::with(BY_MAIL).await;
    let thief = ada(&app).await;
    app.mail_to(ADA).await;
    app.advance(Duration::from_mins(1));
    let owner = Client::new(&app);
    owner.send_code(ADA, "sign-in").await;
    let done = owner.sign_in_by(ADA, &code(&app, ADA).await).await;
    assert_eq!(done.json()["user"]["emailVerified"], true, "{done:?}");
    assert_eq!(thief.email().await, None);
    let body = json!({"email": ADA, "password": PASSWORD});
    assert_eq!(thief.post("/sign-in/email", body).await.brief(), "401 INVALID_EMAIL_OR_PASSWORD");
}

#[tokio::test]
async fn a_code_is_checked_and_stays_good() {
    let app = TestApp::with(BY_MAIL).await;
    proven(&app).await;
    let client = Client::new(&app);
    client.send_code(ADA, "sign-in").await;
    let typed = code(&app, ADA).await;
    let check = async |kind: &str, otp: &str| {
        let body = json!({"email": ADA, "type": kind, "otp": otp});
        client.post("/email-otp/check-verification-otp", body).await
    };
    assert_eq!(check("sign-in", &typed).await.json(), json!({"success": true}));
    assert_eq!(check("forget-password", &typed).await.brief(), "400 INVALID_OTP", "it is for one thing");
    assert_eq!(check("sign-in", "0000 0001").await.brief(), "400 INVALID_OTP");
    assert_eq!(client.sign_in_by(ADA, &typed).await.status, 200);

    // LG-18: every look counts, and few do.
    app.advance(Duration::from_mins(1));
    client.send_code(ADA, "sign-in").await;
    let typed = code(&app, ADA).await;
    for _ in 0..5 {
        assert_eq!(check("sign-in", "0000 0001").await.brief(), "400 INVALID_OTP");
    }
    assert_eq!(check("sign-in", &typed).await.brief(), "400 INVALID_OTP", "the sixth, though it is right");
    assert_eq!(client.sign_in_by(ADA, &typed).await.brief(), "400 INVALID_OTP");
}

#[tokio::test]
async fn a_code_proves_an_address() {
    let app = TestApp::with(BY_MAIL).await;
    let client = ada(&app).await;
    app.mail_to(ADA).await;
    app.advance(Duration::from_mins(1));
    client.send_code(ADA, "email-verification").await;
    let typed = code(&app, ADA).await;
    let verify = async |who: &Client<'_>, otp: &str| {
        who.post("/email-otp/verify-email", json!({"email": ADA, "otp": otp})).await
    };
    assert_eq!(verify(&Client::new(&app), &typed).await.brief(), "400 INVALID_OTP");
    assert_eq!(verify(&client, "0000 0001").await.brief(), "400 INVALID_OTP");
    assert_eq!(client.sign_in_by(ADA, &typed).await.brief(), "400 INVALID_OTP", "it signs nobody in");
    let done = verify(&client, &typed).await.json();
    assert_eq!(
        (&done["status"], &done["token"], &done["user"]["emailVerified"]),
        (&json!(true), &Value::Null, &json!(true))
    );
    assert_eq!(verify(&client, &typed).await.brief(), "400 INVALID_OTP", "once");
    assert_eq!(client.email().await.as_deref(), Some(ADA), "the session goes on");
}

#[tokio::test]
async fn a_code_sets_another_password() {
    let app = TestApp::with(BY_MAIL).await;
    proven(&app).await;
    let (client, before) = (Client::new(&app), Client::new(&app));
    before.sign_in(ADA).await;
    let sent = client.post("/email-otp/request-password-reset", json!({"email": ADA})).await;
    assert_eq!(sent.json(), json!({"success": true}));
    let typed = code(&app, ADA).await;
    let reset = async |who: &Client<'_>, otp: &str, password: &str| {
        let body = json!({"email": ADA, "otp": otp, "password": password});
        who.post("/email-otp/reset-password", body).await.brief()
    };
    assert_eq!(reset(&Client::new(&app), &typed, NEW).await, "400 INVALID_OTP");
    assert_eq!(reset(&client, "0000 0001", NEW).await, "400 INVALID_OTP");
    assert_eq!(reset(&client, &typed, "short").await, "400 PASSWORD_TOO_SHORT");
    assert_eq!(reset(&client, &typed, NEW).await, "200");
    assert_eq!(reset(&client, &typed, PASSWORD).await, "400 INVALID_OTP", "once");
    assert_eq!(before.email().await, None, "every session has ended");
    let body = json!({"email": ADA, "password": NEW});
    assert_eq!(client.post("/sign-in/email", body).await.status, 200);
    // With the first of those who asked the others are over.
    app.advance(Duration::from_mins(1));
    let (first, second) = (Client::new(&app), Client::new(&app));
    first.send_code(ADA, "forget-password").await;
    let of_first = code(&app, ADA).await;
    second.send_code(ADA, "forget-password").await;
    assert_eq!(reset(&second, &code(&app, ADA).await, PASSWORD).await, "200");
    assert_eq!(reset(&first, &of_first, NEW).await, "400 INVALID_OTP");
}

#[tokio::test]
async fn a_code_changes_the_address() {
    const OTHER: &str = "lovelace@example.com";
    let app = TestApp::with(BY_MAIL).await;
    proven(&app).await;
    let client = Client::new(&app);
    let ask = async |who: &Client<'_>, email: &str| {
        who.post("/email-otp/request-email-change", json!({"newEmail": email})).await
    };
    let change = async |who: &Client<'_>, otp: &str| {
        who.post("/email-otp/change-email", json!({"newEmail": OTHER, "otp": otp})).await.brief()
    };
    assert_eq!(ask(&client, OTHER).await.brief(), "401 UNAUTHORIZED");
    assert_eq!(change(&client, "0000 0001").await, "401 UNAUTHORIZED");
    client.sign_in(ADA).await;
    assert_eq!(ask(&client, "nope").await.brief(), "400 INVALID_EMAIL");
    assert_eq!(ask(&client, ADA).await.brief(), "400");
    assert_eq!(ask(&client, OTHER).await.json(), json!({"success": true}));
    let typed = code(&app, OTHER).await;
    assert_eq!(change(&client, "0000 0001").await, "400 INVALID_OTP");
    // Somebody else in the same browser did not ask.
    let eve = Client::new(&app);
    eve.sign_up("eve@example.com").await;
    let waits = client.cookie("better-auth.mailed").unwrap();
    eve.cookies.borrow_mut().insert("better-auth.mailed".to_owned(), waits);
    assert_eq!(change(&eve, &typed).await, "400 INVALID_OTP");
    assert_eq!(change(&client, &typed).await, "200");
    assert_eq!(client.email().await.as_deref(), Some(OTHER));
    // LG-16: it takes a sign-in of a moment ago.
    app.advance(Duration::from_mins(11));
    assert_eq!(ask(&client, "ada@example.org").await.brief(), "403 SESSION_NOT_FRESH");
}

/// The page of Gatepost that confirms an address leads on to the application that asked, if the realm trusts it still.
#[tokio::test]
async fn after_the_button_a_verification_leads_to_where_the_application_said() {
    let app = TestApp::with(REALM).await;
    let client = Client::new(&app);
    let body = json!({"name": "Ada", "email": ADA, "password": PASSWORD, "callbackURL": "https://app.example.com/welcome"});
    assert_eq!(client.post("/sign-up/email", body).await.status, 200);
    let path = app.link(ADA).await;
    assert!(path.starts_with("/verify-email?token=gp_ev_") && path.contains("&callbackURL=https"), "{path}");
    let browser = crate::pages::browser::Browser::new(&app);
    let page = browser.get(&path).await;
    assert_eq!(page.status, 200, "LG-10: opening it does nothing: {}", page.html());
    assert!(page.header("content-security-policy").unwrap().contains("form-action 'self' https:"));
    let done = browser.fill(&page, &[("token", &page.hidden("token").unwrap())]).await;
    assert_eq!(done.location(), "https://app.example.com/welcome");
    assert_eq!(client.get("/get-session").await.json()["user"]["emailVerified"], true);

    // OA-16: what is not trusted is not followed, whoever wrote it into the address.
    app.advance(Duration::from_mins(1));
    let body = json!({"newEmail": "lovelace@example.com", "callbackURL": "/changed"});
    assert_eq!(client.post("/change-email", body).await.json(), json!({"status": true}));
    let path = app.link("lovelace@example.com").await;
    let evil = path.replace("%2Fchanged", "https%3A%2F%2Fevil.test");
    assert_ne!(path, evil);
    let page = browser.get(&evil).await;
    assert!(!page.header("content-security-policy").unwrap().contains("https:"));
    let page = browser.get(&path).await;
    let done = browser.fill(&page, &[("token", &page.hidden("token").unwrap())]).await;
    assert_eq!(done.location(), "http://127.0.0.1:8400/changed");
}

/// A browser sends what the default realm has set to every other realm, too.
#[tokio::test]
async fn what_another_realm_has_set_does_not_stand_in_the_way() {
    let other = format!(
        "[[realm]]\nname = \"other\"\nemail_sign_in = true\n[[realm.user]]\nemail = \"{ADA}\"\nemail_verified = true\npassword = \"{PASSWORD}\"\n"
    );
    let app = TestApp::with(&format!("{REALM}{other}")).await;
    proven(&app).await;
    let asked = json!({"email": ADA, "type": "sign-in"});
    let (mut set, mut mailed) = (Vec::new(), String::new());
    for client in [Client::new(&app), Client::under(&app, "/r/other")] {
        let sent = client.post("/email-otp/send-verification-otp", asked.clone()).await;
        assert_eq!(sent.status, 200, "{sent:?}");
        let cookies = client.cookies.borrow().clone();
        let of_letters = cookies.iter().filter(|(name, _)| name.contains("mailed"));
        set.extend(of_letters.map(|(name, value)| format!("{name}={value}")));
        mailed = code(&app, ADA).await.replace(' ', "");
    }
    let request = Request::post("/r/other/api/auth/sign-in/email-otp")
        .header(header::HOST, "127.0.0.1:8400")
        .header(header::ORIGIN, OURS)
        .header(header::COOKIE, set.join("; "))
        .header(header::CONTENT_TYPE, "application/json");
    let body = json!({"email": ADA, "otp": mailed}).to_string();
    let answer = app.send(request.body(Body::from(body)).unwrap()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}
