//! What happened to an account, as its person sees it.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use crate::{
    mfa::{self, half, set_up},
    pages::browser::signed_in,
    support::{PASSWORD, Person, TestApp, person},
};

const ADA: &str = "ada@example.com";

async fn activity(app: &TestApp, who: &Person, query: &str) -> Value {
    let answer = app.ask(who, Method::GET, &format!("/api/v1/me/activity{query}"), None).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

fn told(page: &Value) -> Vec<&str> {
    page["activity"].as_array().unwrap().iter().map(|act| act["event"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_person_sees_what_happened_to_their_account_and_to_no_other() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let (ada, bob) = (app.person(ADA).await, app.person("bob@example.com").await);
    let wrong = json!({"email": ADA, "password": "not the password"});
    app.post("/api/v1/login", wrong).await;
    app.advance(Duration::from_secs(1));
    let (_, codes) = set_up(&app, &ada).await;
    app.advance(Duration::from_secs(1));
    let ada = person(&mfa::recover(&app, &half(&app, ADA).await, &codes[0]).await);
    app.advance(Duration::from_secs(1));
    let change = json!({"current_password": PASSWORD, "new_password": "another password entirely"});
    assert_eq!(app.ask(&ada, Method::POST, "/api/v1/me/password", Some(change)).await.status, 204);
    app.advance(Duration::from_secs(1));
    let path = format!("/api/v1/admin/users/{}", ada.id);
    let name = json!({"name": "Ada"});
    assert_eq!(app.ask(&admin, Method::PATCH, &path, Some(name)).await.status, 200);
    let seen = activity(&app, &ada, "").await;
    let events = told(&seen);
    assert_eq!(events[..2], ["user-updated", "password-changed"], "the newest first: {events:?}");
    for event in [
        "user-registered",
        "signed-in",
        "sign-in-refused",
        "second-factor-added",
        "recovery-codes-created",
        "recovery-code-used",
    ] {
        assert!(events.contains(&event), "{event}: {events:?}");
    }
    let of = |event: &str| {
        seen["activity"].as_array().unwrap().iter().find(|act| act["event"] == event).unwrap().clone()
    };
    assert_eq!(of("user-updated")["by"], "administrator");
    assert_eq!(of("password-changed")["by"], "you");
    assert_eq!(of("sign-in-refused")["by"], "unknown");
    assert_eq!(of("second-factor-added")["factor"], "totp");
    assert_eq!(of("signed-in")["factor"], "recovery_code");
    let of_bob = activity(&app, &bob, "").await;
    let mut of_bob = told(&of_bob);
    of_bob.sort_unstable();
    assert_eq!(of_bob, ["signed-in", "user-registered"]);
}

/// What somebody else may do over and over, and a person is not shown, hides nothing of what they are.
#[tokio::test]
async fn what_is_not_shown_hides_nothing_that_is() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\nteams = true\n").await;
    app.person(ADA).await;
    app.advance(Duration::from_secs(1));
    let ada = app.sign_in(ADA).await;
    let body = json!({"name": "Acme", "slug": "acme"});
    let acme = app.ask(&ada, Method::POST, "/api/v1/organizations", Some(body)).await.text("id");
    let teams = format!("/api/v1/organizations/{acme}/teams");
    let team = app.ask(&ada, Method::GET, &teams, None).await.json();
    let member = format!("{teams}/{}/members/{}", team["teams"][0]["id"].as_str().unwrap(), ada.id);
    for _ in 0..105 {
        assert_eq!(app.ask(&ada, Method::DELETE, &member, None).await.status, 204);
        assert_eq!(app.ask(&ada, Method::PUT, &member, None).await.status, 200);
    }
    let whole = activity(&app, &ada, "?limit=20").await;
    assert_eq!(told(&whole).len(), 3, "two sign-ins and the registration");
    let first = activity(&app, &ada, "?limit=1").await;
    let rest = format!("?limit=2&cursor={}", first["next_cursor"].as_str().unwrap());
    let rest = activity(&app, &ada, &rest).await;
    assert_eq!([told(&first), told(&rest)].concat(), told(&whole));
}

/// In one request, at one time: what was first is the oldest all the same.
#[tokio::test]
async fn what_happens_in_one_moment_is_told_in_its_order() {
    let app = TestApp::new().await;
    for number in 0..10 {
        let email = format!("user-{number}@example.com");
        let body = json!({"email": email, "password": PASSWORD, "name": "x"});
        assert_eq!(app.post("/api/auth/sign-up/email", body).await.status, 200);
        app.advance(Duration::from_secs(1));
        let person = app.sign_in(&email).await;
        let page = activity(&app, &person, "").await;
        assert_eq!(told(&page), ["signed-in", "signed-in", "user-registered"]);
        assert_eq!(page["activity"][1]["at"], page["activity"][2]["at"]);
        let next = format!("?limit=1&cursor={}", page["activity"][0]["id"].as_str().unwrap());
        assert_eq!(told(&activity(&app, &person, &next).await), ["signed-in"]);
    }
}

#[tokio::test]
async fn the_history_is_read_by_pages() {
    let app = TestApp::new().await;
    let ada = app.person(ADA).await;
    for _ in 0..6 {
        app.advance(Duration::from_secs(1));
        app.sign_in(ADA).await;
    }
    let mut seen = Vec::new();
    let mut query = "?limit=3".to_owned();
    loop {
        let page = activity(&app, &ada, &query).await;
        let events = page["activity"].as_array().unwrap();
        assert!(events.len() <= 3);
        seen.extend(events.iter().map(|act| act["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        query = format!("?limit=3&cursor={next}");
    }
    let all = activity(&app, &ada, "?limit=100").await;
    let all: Vec<_> =
        all["activity"].as_array().unwrap().iter().map(|act| act["id"].as_str().unwrap()).collect();
    assert_eq!((seen.len(), seen.iter().map(String::as_str).collect::<Vec<_>>()), (8, all));
    let refused = app.ask(&ada, Method::GET, "/api/v1/me/activity?limit=0", None).await;
    assert_eq!(refused.brief(), "400 invalid_query");
}

#[tokio::test]
async fn the_page_says_it_in_words() {
    let app = TestApp::new().await;
    let browser = signed_in(&app, ADA).await;
    let wrong = json!({"email": ADA, "password": "not the password"});
    app.post("/api/v1/login", wrong).await;
    let page = browser.get("/account/activity").await;
    assert_eq!(page.status, 200);
    for part in
        ["Account made", "Signed in", "Sign-in refused", "href=\"/account/activity\" aria-current=\"page\""]
    {
        assert!(page.html().contains(part), "{part}: {}", page.html());
    }
    assert!(!page.html().contains("Show older"), "{}", page.html());
    let german = browser.get("/account/activity?language=de").await.html();
    assert!(german.contains("Anmeldung abgelehnt"), "{german}");
}
