//! Deleting an account, and what is left of the core.

use axum::http::Method;
use serde_json::json;

use super::{
    ADA, COOKIE, Client, OURS, ada, bearer,
    mailed::{SCRIPT, link},
    passkey::add,
};
use crate::{
    mail::sign_in::code,
    mfa::trail,
    support::{Authenticator, PASSWORD, SoftPasskey, TestApp},
};

const DELETES: &str = "[[realm]]\nname = \"default\"\naccount_deletion = true\n";

#[tokio::test]
async fn an_account_is_deleted_by_its_owner() {
    let app = TestApp::with(DELETES).await;
    let client = Client::new(&app);
    let delete = async |body: serde_json::Value| client.post("/delete-user", body).await;
    assert_eq!(delete(json!({})).await.brief(), "401 UNAUTHORIZED");
    let token = client.sign_up(ADA).await.text("token");
    assert_eq!(delete(json!({"password": "wrong"})).await.brief(), "400 INVALID_PASSWORD");
    assert_eq!(delete(json!({"password": 7})).await.brief(), "400 VALIDATION_ERROR");
    assert_eq!(delete(json!({"token": "x"})).await.brief(), "404 INVALID_TOKEN");
    let evil = delete(json!({"password": PASSWORD, "callbackURL": "https://evil.test"})).await;
    assert_eq!(evil.brief(), "403 INVALID_CALLBACK_URL");
    // A sign-in that is no longer one of a moment ago; the password makes it one.
    app.advance(std::time::Duration::from_mins(11));
    assert_eq!(delete(json!({})).await.brief(), "400 SESSION_EXPIRED");
    let body = Some(json!({"password": PASSWORD}));
    let other = client.ask(Method::POST, "/delete-user", body, &[("origin", "https://evil.test")]).await;
    assert_eq!(other.brief(), "403 INVALID_ORIGIN");
    let done = delete(json!({"password": PASSWORD})).await;
    assert_eq!(done.json(), json!({"success": true, "message": "User deleted"}));
    assert_eq!((client.cookie(COOKIE), bearer(&app, &token).await), (None, None));
    let body = json!({"email": ADA, "password": PASSWORD});
    assert_eq!(client.post("/sign-in/email", body).await.brief(), "401 INVALID_EMAIL_OR_PASSWORD");
    // Just signed in, nothing more is asked for.
    client.sign_up(ADA).await;
    assert_eq!(delete(json!({})).await.status, 200);
}

/// MF-04: with a second factor the password alone is not enough.
#[tokio::test]
async fn mf_04_an_account_with_a_second_factor_is_not_deleted_by_its_password() {
    let app = TestApp::with(DELETES).await;
    let client = ada(&app).await;
    crate::mfa::set_up(&app, &app.sign_in(ADA).await).await;
    for body in [json!({}), json!({"password": PASSWORD})] {
        assert_eq!(client.post("/delete-user", body.clone()).await.brief(), "400 SESSION_EXPIRED", "{body}");
    }
    assert_eq!(client.email().await.as_deref(), Some(ADA));
}

#[tokio::test]
async fn nobody_deletes_their_account_where_the_realm_does_not_say_so_nor_the_last_administrator() {
    let app = TestApp::new().await;
    let client = ada(&app).await;
    let body = json!({"password": PASSWORD});
    assert_eq!(client.post("/delete-user", body.clone()).await.brief(), "404 ACCOUNT_DELETION_OFF");
    app.admin().await;
    app.apply(DELETES).await;
    let admin = Client::new(&app);
    admin.sign_in("admin@example.com").await;
    assert_eq!(admin.post("/delete-user", body).await.brief(), "409 LAST_ADMINISTRATOR");
    assert_eq!(admin.email().await.as_deref(), Some("admin@example.com"));
}

/// Of somebody who has no password: Ada.
const BY_MAIL: &str = r#"
[[realm]]
name = "default"
account_deletion = true
email_sign_in = true
allowed_origins = ["https://app.example.com"]
[[realm.user]]
email = "ada@example.com"
email_verified = true
"#;

/// Ada, in a session that began eleven minutes ago.
async fn stale(app: &TestApp) -> Client<'_> {
    let client = Client::new(app);
    client.send_code(ADA, "sign-in").await;
    let signed_in = client.sign_in_by(ADA, &code(app, ADA).await).await;
    assert_eq!(signed_in.status, 200, "{signed_in:?}");
    app.advance(std::time::Duration::from_mins(11));
    client
}

impl Client<'_> {
    async fn ask_to_delete(&self) -> String {
        let body = json!({"callbackURL": "https://app.example.com/bye"});
        let asked = self.post("/delete-user", body).await;
        assert_eq!(asked.json(), json!({"success": true, "message": "Verification email sent"}), "{asked:?}");
        link(self.app).await
    }
}

#[tokio::test]
async fn an_account_without_a_password_is_deleted_by_a_link_and_its_button() {
    let app = TestApp::with(BY_MAIL).await;
    let admin = app.admin().await;
    app.apply(BY_MAIL).await;
    let client = stale(&app).await;
    let path = client.ask_to_delete().await;
    assert!(path.starts_with("/delete-user/callback?token=gp_ed_"), "{path}");
    let often = client.post("/delete-user", json!({})).await;
    assert_eq!(often.status, 429, "{often:?}");
    // LG-10: opening it does nothing, however often.
    let mut page = client.open(&path).await;
    for _ in 0..2 {
        assert!(
            page.html().contains("Delete your account?") && page.html().contains("ada@<wbr>"),
            "{}",
            page.html()
        );
        assert_eq!(client.email().await.as_deref(), Some(ADA));
        page = client.open(&path).await;
    }
    let forged = client.press(&page, "forged").await;
    assert_eq!((forged.status.as_u16(), client.email().await.as_deref()), (403, Some(ADA)));
    let done = client.press(&page, &page.hidden("csrf").unwrap()).await;
    let bye = Some("https://app.example.com/bye");
    assert_eq!((done.status.as_u16(), done.header("location")), (303, bye), "{done:?}");
    assert_eq!((client.cookie(COOKIE), client.email().await), (None, None));
    for event in ["account-deletion-requested", "user-deleted"] {
        let events = trail(&app, &admin, event).await;
        assert_eq!(events.len(), 1, "{events:?}");
        assert!(!events[0].to_string().contains("gp_ed_"), "{events:?}");
    }
    let over = Some("https://app.example.com/bye?error=INVALID_TOKEN");
    assert_eq!(client.open(&path).await.header("location"), over);
}

/// LG-18: neither a program that checks mail, nor the same person in another session, nor somebody else.
#[tokio::test]
async fn lg_18_a_link_that_deletes_is_good_in_the_session_that_asked_for_it_alone() {
    let app =
        TestApp::with(&format!("{BY_MAIL}[[realm]]\nname = \"other\"\naccount_deletion = true\n")).await;
    let (other, client) = (stale(&app).await, stale(&app).await);
    let path = client.ask_to_delete().await;
    let (scanner, eve) = (Client::new(&app), Client::new(&app));
    eve.sign_up("eve@example.com").await;
    // Whoever has the token of the session, and not what was set where it asked.
    let thief = Client::new(&app);
    let token = client.cookie(COOKIE).unwrap();
    thief.cookies.borrow_mut().insert(COOKIE.to_owned(), token);
    // And whoever was given that in a session of their own.
    let mixed = Client::new(&app);
    mixed.cookies.borrow_mut().clone_from(&client.cookies.borrow());
    mixed.cookies.borrow_mut().insert(COOKIE.to_owned(), other.cookie(COOKIE).unwrap());
    for (who, expected) in [
        (&scanner, "404 FAILED_TO_GET_USER_INFO"),
        (&eve, "404 INVALID_TOKEN"),
        (&other, "404 INVALID_TOKEN"),
        (&thief, "404 INVALID_TOKEN"),
        (&mixed, "404 INVALID_TOKEN"),
    ] {
        let page = who.open(&path).await;
        assert_eq!(page.status, 403, "{expected}");
        assert!(page.html().contains("This link is for another browser"), "{}", page.html());
        assert_eq!(who.ask(Method::GET, &path, None, SCRIPT).await.brief(), expected);
    }
    // TN-04: another realm knows neither the link nor the session.
    let there = Client::under(&app, "/r/other");
    there.cookies.borrow_mut().clone_from(&client.cookies.borrow());
    let refused = there.ask(Method::GET, "/delete-user/callback?token=x", None, SCRIPT).await;
    assert_eq!(refused.brief(), "404 FAILED_TO_GET_USER_INFO");
    let evil = client.ask(Method::GET, &path, None, &[("origin", "https://evil.test")]).await;
    assert_eq!(evil.brief(), "403 INVALID_ORIGIN");
    let bare = client.get(&path).await;
    assert_eq!(bare.brief(), "403 MISSING_OR_NULL_ORIGIN", "a picture on a page of another site");
    assert_eq!(client.email().await.as_deref(), Some(ADA));
    // It is good for ten minutes.
    app.advance(std::time::Duration::from_mins(10));
    assert_eq!(client.ask(Method::GET, &path, None, SCRIPT).await.brief(), "404 INVALID_TOKEN");
    assert_eq!(client.email().await.as_deref(), Some(ADA));
}

#[tokio::test]
async fn an_application_deletes_by_the_token_of_the_link() {
    let app = TestApp::with(BY_MAIL).await;
    let nothing = Client::new(&app).ask(Method::GET, "/delete-user/callback", None, SCRIPT).await;
    assert_eq!(nothing.brief(), "400 VALIDATION_ERROR");
    let client = stale(&app).await;
    let path = client.ask_to_delete().await;
    let token = path.split_once("token=").unwrap().1.split('&').next().unwrap();
    for wrong in ["x", &token[..token.len() - 1], "gp_el_x"] {
        assert_eq!(client.post("/delete-user", json!({"token": wrong})).await.brief(), "404 INVALID_TOKEN");
    }
    let done = client.post("/delete-user", json!({"token": token})).await;
    assert_eq!(done.json(), json!({"success": true, "message": "User deleted"}), "{done:?}");
    assert_eq!(client.cookie(COOKIE), None);
    // By GET, with where to go on and without.
    for to in ["&callbackURL=/bye", ""] {
        app.apply(BY_MAIL).await;
        let client = stale(&app).await;
        let path = client.ask_to_delete().await;
        let path = format!("{}{to}", path.split('&').next().unwrap());
        let done = client.ask(Method::GET, &path, None, SCRIPT).await;
        if to.is_empty() {
            assert_eq!(done.json(), json!({"success": true, "message": "User deleted"}), "{done:?}");
        } else {
            let bye = Some("http://127.0.0.1:8400/bye");
            assert_eq!((done.status.as_u16(), done.header("location")), (302, bye), "{done:?}");
        }
        assert_eq!((client.cookie(COOKIE), client.email().await), (None, None));
    }
}

/// MF-04: reading mail is one factor, and only where one signs in by it.
#[tokio::test]
async fn mf_04_no_link_is_mailed_that_would_be_less_than_a_sign_in() {
    let app = TestApp::with(BY_MAIL).await;
    let client = stale(&app).await;
    let path = client.ask_to_delete().await;
    // A second factor that is set up meanwhile.
    let again = Client::new(&app);
    again.send_code(ADA, "sign-in").await;
    again.sign_in_by(ADA, &code(&app, ADA).await).await;
    add(&again, &mut SoftPasskey::es256()).await;
    assert_eq!(client.ask(Method::GET, &path, None, SCRIPT).await.brief(), "400 SESSION_EXPIRED");
    let page = client.open(&path).await;
    let refused = client.press(&page, &page.hidden("csrf").unwrap()).await;
    let why = Some("https://app.example.com/bye?error=SESSION_EXPIRED");
    assert_eq!(refused.header("location"), why);
    app.advance(std::time::Duration::from_mins(1));
    assert_eq!(client.post("/delete-user", json!({})).await.brief(), "400 SESSION_EXPIRED");
    assert_eq!(client.email().await.as_deref(), Some(ADA));
    // Nor where nobody signs in by mail.
    let app = TestApp::with(BY_MAIL).await;
    let client = stale(&app).await;
    let path = client.ask_to_delete().await;
    app.apply(&BY_MAIL.replace("email_sign_in = true", "email_sign_in = false")).await;
    assert_eq!(client.ask(Method::GET, &path, None, SCRIPT).await.brief(), "400 SESSION_EXPIRED");
    app.advance(std::time::Duration::from_mins(1));
    assert_eq!(client.post("/delete-user", json!({})).await.brief(), "400 SESSION_EXPIRED");
    app.apply(&BY_MAIL.replace("account_deletion = true", "account_deletion = false")).await;
    assert_eq!(client.ask(Method::GET, &path, None, SCRIPT).await.brief(), "404 ACCOUNT_DELETION_OFF");
    assert_eq!(client.email().await.as_deref(), Some(ADA));
}

#[tokio::test]
async fn the_last_owner_of_an_organization_stays_whatever_the_link_says() {
    let app = TestApp::with(&format!(
        "{BY_MAIL}[[realm.user]]\nemail = \"bob@example.com\"\n[[realm.organization]]\nslug = \"acme\"\nname = \"Acme\"\n\
         members = [{{ user = \"ada@example.com\", roles = [\"owner\"] }}, {{ user = \"bob@example.com\", roles = [] }}]\n"
    ))
    .await;
    let client = stale(&app).await;
    let path = client.ask_to_delete().await;
    assert_eq!(client.ask(Method::GET, &path, None, SCRIPT).await.brief(), "409 LAST_OWNER");
    let page = client.open(&path).await;
    let refused = client.press(&page, &page.hidden("csrf").unwrap()).await;
    assert_eq!(refused.header("location"), Some("https://app.example.com/bye?error=LAST_OWNER"));
    assert_eq!(client.email().await.as_deref(), Some(ADA));
}

#[tokio::test]
async fn a_session_has_no_fields_to_update() {
    let app = TestApp::new().await;
    let client = ada(&app).await;
    for body in [json!({}), json!({"theme": "dark"})] {
        assert_eq!(client.post("/update-session", body).await.brief(), "400");
    }
    assert_eq!(client.post("/update-session", json!([])).await.brief(), "400 VALIDATION_ERROR");
    let nobody = Client::new(&app).post("/update-session", json!({"theme": "dark"})).await;
    assert_eq!(nobody.brief(), "401 UNAUTHORIZED");
}

#[tokio::test]
async fn the_key_of_an_app_is_shown_until_it_counts() {
    let app = TestApp::new().await;
    let client = ada(&app).await;
    let show = async |client: &Client<'_>| {
        client.post("/two-factor/get-totp-uri", json!({"password": PASSWORD})).await
    };
    assert_eq!(show(&Client::new(&app)).await.brief(), "401 UNAUTHORIZED");
    assert_eq!(show(&client).await.brief(), "400 TOTP_NOT_ENABLED");
    let begun = client.post("/two-factor/enable", json!({"password": PASSWORD})).await;
    let uri = begun.text("totpURI");
    assert_eq!(show(&client).await.json(), json!({"totpURI": uri}));
    let wrong = client.post("/two-factor/get-totp-uri", json!({"password": "wrong"})).await;
    assert_eq!(wrong.brief(), "400 INVALID_PASSWORD");
    // Not in another session of the same account: who is there may be somebody else.
    let other = Client::new(&app);
    other.sign_in(ADA).await;
    assert_eq!(show(&other).await.brief(), "400 TOTP_NOT_ENABLED");
    let secret = uri.split("secret=").nth(1).unwrap().split('&').next().unwrap();
    let phone = Authenticator::of(secret);
    let done = client.post("/two-factor/verify-totp", json!({"code": phone.code(&app)})).await;
    assert_eq!(done.status, 200, "{done:?}");
    assert_eq!(show(&client).await.brief(), "400 TOTP_ALREADY_ENABLED");
}

#[tokio::test]
async fn a_realm_without_it_answers_nothing() {
    let app =
        TestApp::with("[[realm]]\nname = \"default\"\nbetter_auth = false\n[[realm]]\nname = \"other\"\n")
            .await;
    let client = Client::new(&app);
    let body = json!({"name": "Ada", "email": ADA, "password": PASSWORD});
    for (method, path, body) in [
        (Method::GET, "/ok", None),
        (Method::GET, "/jwks", None),
        (Method::GET, "/error", None),
        (Method::POST, "/sign-up/email", Some(body)),
        (Method::OPTIONS, "/ok", None),
    ] {
        let answer = client.ask(method, path, body, &[("origin", OURS)]).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (404, 0), "{path}");
    }
    assert_eq!(Client::under(&app, "/r/other").get("/ok").await.json(), json!({"ok": true}));
}
