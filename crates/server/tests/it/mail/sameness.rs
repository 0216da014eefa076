//! Nobody finds out by asking whether an address has an account (LG-01).

use axum::{
    body::Body,
    http::{Method, Request},
};
use serde_json::{Value, json};

use super::{VERIFIED, verified};
use crate::{
    pages::browser::Browser,
    support::{Answer, PASSWORD, TestApp},
};

/// Status, headers and body, without what differs between any two answers.
fn shape(answer: &Answer) -> (u16, Vec<String>, String) {
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| *name != "x-request-id")
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .map(|line| cut(&line, "__Host-gatepost", ";"))
        .collect();
    headers.sort();
    (answer.status.as_u16(), headers, String::from_utf8(answer.body.clone()).unwrap())
}

/// Without what is between two texts.
fn cut(text: &str, before: &str, after: &str) -> String {
    match text.split_once(before) {
        Some((head, rest)) => format!("{head}{before}{}", rest.find(after).map_or("", |at| &rest[at..])),
        None => text.to_owned(),
    }
}

/// The same question about an address that has an account and about one that has none.
async fn same(app: &TestApp, path: &str, body: impl Fn(&str) -> Value, hide: &[&str]) {
    let mut answers = Vec::new();
    for email in ["known@example.com", "stray@example.com"] {
        let mut answer = app.post(path, body(email)).await;
        let mut json = answer.json();
        for member in hide {
            if json.get(*member).is_some() {
                json[*member] = json!("…");
            }
        }
        if json.is_object() {
            answer.body = json.to_string().replace(email, "…").into_bytes();
        }
        answers.push(shape(&answer));
    }
    assert_eq!(answers[0], answers[1], "{path}");
}

#[tokio::test]
async fn lg_01_the_api_answers_alike() {
    let app = TestApp::with(VERIFIED).await;
    verified(&app, "known@example.com").await;
    let email = |email: &str| json!({"email": email});
    same(&app, "/api/v1/recover", email, &[]).await;
    same(&app, "/api/v1/verify-email/resend", email, &[]).await;
    same(
        &app,
        "/api/v1/login",
        |email| json!({"email": email, "password": "wrong password here"}),
        &["request_id"],
    )
    .await;
    let registration = |email: &str| json!({"email": email, "password": PASSWORD, "name": "Ada"});
    same(&app, "/api/v1/register", registration, &["id"]).await;
}

#[tokio::test]
async fn lg_01_whoever_registers_again_is_told_by_mail() {
    let app = TestApp::with(VERIFIED).await;
    verified(&app, "ada@example.com").await;
    let again = app
        .post("/api/v1/register", json!({"email": "ADA@example.com", "password": "guessed by somebody"}))
        .await;
    assert_eq!(again.status, 201);
    assert_eq!(
        app.subjects("ada@example.com").await.last().map(String::as_str),
        Some("You already have a default account")
    );
    // What was answered is no account.
    let id = again.text("id");
    app.apply(&format!(
        "{VERIFIED}[[realm.user]]\nemail = \"root@example.com\"\nemail_verified = true\npassword = \"{PASSWORD}\"\nroles = [\"realm-admin\"]\n"
    ))
    .await;
    let admin = app.sign_in("root@example.com").await;
    let found = app.ask(&admin, Method::GET, &format!("/api/v1/admin/users/{id}"), None).await;
    assert_eq!(found.status, 404);
    assert_eq!(
        super::login_with(&app, "ada@example.com", "guessed by somebody").await,
        "401 invalid_credentials"
    );
    app.sign_in("ada@example.com").await;
}

#[tokio::test]
async fn lg_01_a_user_name_that_is_taken_is_told_whosever_the_address_is() {
    let app = TestApp::with(VERIFIED).await;
    let register = async |email: &str, username: &str| {
        let body = json!({"email": email, "password": PASSWORD, "username": username});
        app.post("/api/v1/register", body).await.brief()
    };
    assert_eq!(register("ada@example.com", "ada").await, "201");
    for email in ["ada@example.com", "stray@example.com"] {
        assert_eq!(register(email, "ADA").await, "409 username_taken", "{email}");
    }
}

/// The pages, compared as they are but for what is random in every one.
#[tokio::test]
async fn lg_01_the_pages_answer_alike() {
    let app = TestApp::with(VERIFIED).await;
    verified(&app, "known@example.com").await;
    let plain = |answer: &Answer| {
        let mut html = answer.html();
        for (before, after) in
            [("name=\"csrf\" value=\"", "\""), ("name=\"sent\" value=\"", "\""), ("sent=", "\"")]
        {
            html = html.split(before).enumerate().fold(String::new(), |all, (n, part)| {
                let rest = if n == 0 { part } else { part.find(after).map_or("", |at| &part[at..]) };
                format!("{all}{}{rest}", if n == 0 { "" } else { before })
            });
        }
        html
    };
    let shown = async |path: &str, fields: &[(&str, &str)]| {
        let browser = Browser::new(&app);
        let answer = browser.submit(path, fields).await;
        assert_eq!(answer.status, 303, "{path}");
        let (place, _) = answer.location().split_once("?sent=").unwrap();
        let page = browser.get(answer.location()).await;
        let again = browser.fill(&page, &[("sent", &page.hidden("sent").unwrap())]).await;
        let told = browser.get(again.location()).await;
        (place.to_owned(), plain(&page), plain(&told))
    };
    for (path, rest) in [("/recover", vec![]), ("/sign-up", vec![("name", "Ada"), ("password", PASSWORD)])] {
        let mut seen = Vec::new();
        for email in ["known@example.com", "stray@example.com"] {
            let fields: Vec<_> = rest.iter().copied().chain([("username", email)]).collect();
            let (place, page, told) = shown(path, &fields).await;
            let name = email.split('@').next().unwrap();
            seen.push((place, page.replace(name, "…"), told.replace(name, "…")));
        }
        assert_eq!(seen[0], seen[1], "{path}");
    }
}

/// What has no mail server says nothing else.
#[tokio::test]
async fn lg_01_without_mail_the_answer_is_the_same() {
    let app = TestApp::new().await;
    app.register("ada@example.com").await;
    let request = Request::post("/api/v1/recover")
        .header("host", "127.0.0.1:8400")
        .header("content-type", "application/json")
        .body(Body::from(json!({"email": "ada@example.com"}).to_string()))
        .unwrap();
    let silent = app.without_mail().await;
    let answer = crate::support::send(&silent, request).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (202, 0));
}
