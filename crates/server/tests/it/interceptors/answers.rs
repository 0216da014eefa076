//! What is no answer, how long it is waited for, and what is held meanwhile.

use std::time::{Duration, Instant};

use axum::http::Method;
use gatepost_jose::webhook::{Headers, Secret, Verifier};
use serde_json::{Value, json};

use super::{DENIED, Judge, SESSION, trail};
use crate::{
    limits, mfa,
    support::TestApp,
    webhooks::{Strange, nowhere},
};

const UNANSWERED: &str = "503 interceptor_unanswered";

/// A file that has the default realm ask somewhere.
fn asking(url: &str, unanswered: &str) -> String {
    format!(
        "[[realm]]\nname = \"default\"\n[[realm.interceptors]]\nevent = \"{SESSION}\"\nurl = \"{url}\"\ntimeout = \"1s\"\n\
         unanswered = \"{unanswered}\"\n"
    )
}

#[tokio::test]
async fn wh_01_a_request_is_signed_as_webhooks_are_under_names_of_its_own() {
    let (app, judge) = (TestApp::new().await, Judge::new().await);
    app.person("ada@example.com").await;
    let secret = judge.sit(&app, SESSION).await;
    app.login("ada@example.com").await;
    let request = judge.take().remove(0);
    let now = app.clock.now().unix_seconds();
    let (id, timestamp, signature) = (
        request.header("interceptor-id"),
        request.header("interceptor-timestamp"),
        request.header("interceptor-signature"),
    );
    assert_eq!((timestamp, request.header("content-type")), (now.to_string().as_str(), "application/json"));
    let headers = Headers { id: Some(id), timestamp: Some(timestamp), signature: Some(signature) };
    let verifier = Verifier::new([secret.parse::<Secret>().unwrap()]);
    assert_eq!(verifier.verify(headers, &request.body, now), Ok(id));
    assert!(verifier.verify(headers, b"{}", now).is_err());
    assert!(!request.headers.contains_key("webhook-id"));
}

#[tokio::test]
async fn without_an_answer_nobody_is_signed_in_unless_the_realm_says_so() {
    let (app, judge) = (TestApp::new().await, Judge::new().await);
    let ada = app.person("ada@example.com").await;
    app.admin().await;
    for (unanswered, expected) in [("deny", UNANSWERED), ("allow", "200")] {
        let login = async |what: &str| {
            // The trail is told once a minute.
            app.advance(Duration::from_secs(61));
            let answer = app.login("ada@example.com").await;
            let told = if answer.status == 200 { "200".to_owned() } else { answer.brief() };
            assert_eq!(told, expected, "{what}");
            assert_eq!(answer.header("retry-after").is_some(), expected == UNANSWERED);
        };
        app.apply(&asking(&judge.url(), unanswered)).await;
        for (status, body) in [
            (500, String::new()),
            (500, json!({"decision": "ALLOW"}).to_string()),
            (302, json!({"decision": "ALLOW"}).to_string()),
            (200, "ALLOW".to_owned()),
            (200, "{}".to_owned()),
            (200, json!({"decision": "PERHAPS"}).to_string()),
            // More than is read.
            (200, json!({"decision": "ALLOW", "padding": "x".repeat(70_000)}).to_string()),
        ] {
            judge.says(status, &body);
            login(&format!("{status} {}", &body[..body.len().min(40)])).await;
        }
        app.apply(&asking(&nowhere().await, unanswered)).await;
        login("nowhere").await;
    }
    let admin = app.sign_in("admin@example.com").await;
    let of_ada =
        |told: Vec<Value>| told.into_iter().filter(|one| one["user"] == json!(ada.id)).collect::<Vec<_>>();
    let refused = of_ada(trail(&app, &admin, "interceptor-refused").await);
    assert_eq!((refused.len(), &refused[0]["detail"]["answer"]), (8, &json!("unreached")));
    assert_eq!(of_ada(trail(&app, &admin, "interceptor-unanswered").await).len(), 8);
}

/// A refusal counts however it comes, also where what is unanswered is let through.
#[tokio::test]
async fn a_denial_counts_with_any_status() {
    let (app, judge) = (TestApp::new().await, Judge::new().await);
    app.person("ada@example.com").await;
    app.apply(&asking(&judge.url(), "allow")).await;
    for status in [200, 400, 403, 500] {
        judge.says(status, &json!({"decision": "DENY", "error": {"message": "No."}}));
        assert_eq!(app.login("ada@example.com").await.brief(), DENIED, "{status}");
    }
}

#[tokio::test]
async fn wh_03_one_that_never_answers_is_waited_for_no_longer_than_its_timeout() {
    let (app, silent) = (TestApp::new().await, Strange::silent().await);
    app.person("ada@example.com").await;
    app.apply(&asking(&silent.url(), "deny")).await;
    let began = Instant::now();
    assert_eq!(app.login("ada@example.com").await.brief(), UNANSWERED);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(silent.connections(), 1);
}

/// WH-02: no answer leads anywhere else.
#[tokio::test]
async fn wh_02_no_redirect_is_followed() {
    let (app, judge, inside) = (TestApp::new().await, Judge::new().await, Judge::new().await);
    app.person("ada@example.com").await;
    let head =
        format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", inside.url());
    let redirecting = Strange::new(move |mut stream| {
        let head = head.clone();
        async move {
            use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(head.as_bytes()).await;
        }
    });
    let redirecting = redirecting.await;
    app.apply(&asking(&redirecting.url(), "deny")).await;
    assert_eq!(app.login("ada@example.com").await.brief(), UNANSWERED);
    assert!(inside.take().is_empty() && judge.take().is_empty());
}

#[tokio::test]
async fn nothing_is_held_while_it_thinks() {
    let (app, judge) = (TestApp::new().await, Judge::new().await);
    app.person("ada@example.com").await;
    judge.sit(&app, SESSION).await;
    let held = judge.held.lock().await;
    let signing_in = async { app.login("ada@example.com").await };
    let meanwhile = async {
        judge.arrived.notified().await;
        // A write, which on SQLite there is one of at a time.
        assert_eq!(app.register("bob@example.com").await.status, 201);
        drop(held);
    };
    let (answer, ()) = tokio::join!(signing_in, meanwhile);
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// What was right when it was asked may be wrong when the answer comes.
#[tokio::test]
async fn an_account_that_is_disabled_meanwhile_is_not_signed_in() {
    let (app, judge) = (TestApp::new().await, Judge::new().await);
    let (admin, ada) = (app.admin().await, app.person("ada@example.com").await);
    judge.sit(&app, SESSION).await;
    let held = judge.held.lock().await;
    let signing_in = async { app.login("ada@example.com").await };
    let meanwhile = async {
        judge.arrived.notified().await;
        let path = format!("/api/v1/admin/users/{}", ada.id);
        let disabled = app.ask(&admin, Method::PATCH, &path, Some(json!({"disabled": true}))).await;
        assert_eq!(disabled.status, 200, "{disabled:?}");
        drop(held);
    };
    let (answer, ()) = tokio::join!(signing_in, meanwhile);
    assert_eq!(answer.brief(), "401 invalid_credentials");
}

/// Whoever is asked learns of no sign-in that fails by itself, and of each that does not once.
#[tokio::test]
async fn it_is_not_asked_before_every_factor_was_shown() {
    let (app, judge) = (TestApp::new().await, Judge::new().await);
    let ada = app.person("ada@example.com").await;
    let (phone, _) = mfa::set_up(&app, &ada).await;
    judge.sit(&app, SESSION).await;
    let wrong =
        app.post("/api/v1/login", json!({"email": "ada@example.com", "password": "not the password"})).await;
    assert_eq!(wrong.brief(), "401 invalid_credentials");
    let token = mfa::half(&app, "ada@example.com").await;
    let code = phone.code(&app);
    app.advance(Duration::from_secs(30));
    assert_eq!(mfa::second(&app, &token, &code).await.brief(), "403 invalid_code", "used before");
    assert!(judge.take().is_empty());
    judge.denies("Not from there.");
    let code = phone.code(&app);
    assert_eq!(mfa::second(&app, &token, &code).await.brief(), DENIED);
    judge.allows();
    let answer = mfa::second(&app, &token, &code).await;
    assert_eq!(answer.status, 200, "what was refused uses up no code: {answer:?}");
    let asked = judge.asked();
    assert_eq!((asked.len(), &asked[1]["data"]["amr"]), (2, &json!(["pwd", "otp", "mfa"])));
    assert_ne!(mfa::second(&app, &token, &code).await.status, 200, "and what was allowed does");
}

/// What they know is right, and is counted as that: what they may not do is counted by itself.
#[tokio::test]
async fn whoever_is_refused_tries_twenty_times_and_then_one_at_a_time() {
    let file = "[[realm]]\nname = \"default\"\nrate_limits = \"default\"\n";
    let (app, judge) = (TestApp::with(file).await, Judge::new().await);
    app.person("ada@example.com").await;
    judge.sit(&app, SESSION).await;
    judge.denies("No.");
    for number in 0..20 {
        assert_eq!(app.login("ada@example.com").await.brief(), DENIED, "{number}");
    }
    let limited = app.login("ada@example.com").await;
    assert_eq!((limited.status.as_u16(), limited.header("retry-after")), (429, Some("45")));
    assert_eq!(judge.take().len(), 20);
    let wrong = json!({"email": "ada@example.com", "password": "not the password"});
    assert_eq!(app.post("/api/v1/login", wrong).await.brief(), "401 invalid_credentials");
    judge.allows();
    app.advance(Duration::from_secs(45));
    assert_eq!(app.login("ada@example.com").await.status, 200);
    assert_eq!(app.login("ada@example.com").await.status, 200, "what is allowed costs nothing");
}

/// Whoever knows a password and is denied where they are keeps the owner out nowhere else.
#[tokio::test]
async fn lg_05_who_is_refused_is_counted_where_they_are() {
    let file = "[[realm]]\nname = \"default\"\nrate_limits = \"default\"\n";
    let (app, judge) = (TestApp::with(file).await, Judge::new().await);
    app.person("ada@example.com").await;
    judge.sit(&app, SESSION).await;
    judge.denies("Not from here.");
    for _ in 0..20 {
        assert_eq!(limits::sign_in(&app, "198.51.100.7", "ada@example.com").await.brief(), DENIED);
    }
    assert_eq!(limits::sign_in(&app, "198.51.100.7", "ada@example.com").await.status, 429);
    judge.allows();
    assert_eq!(limits::sign_in(&app, "203.0.113.1", "ada@example.com").await.status, 200);
}

/// A right password is none that was wrong, though nobody waits for what comes of it; and how often that happens is counted, and told.
#[tokio::test]
async fn whoever_does_not_wait_for_the_answer_is_counted_and_written_down() {
    let file = "[[realm]]\nname = \"default\"\nrate_limits = \"default\"\n";
    let (app, judge) = (TestApp::with(file).await, Judge::new().await);
    let (admin, ada) = (app.admin().await, app.person("ada@example.com").await);
    judge.sit(&app, SESSION).await;
    let held = judge.held.lock().await;
    for number in 0..20 {
        tokio::select! {
            answer = app.login("ada@example.com") => panic!("{number}: {answer:?}"),
            () = judge.arrived.notified() => {}
        }
    }
    drop(held);
    let limited = app.login("ada@example.com").await;
    assert_eq!(limited.status, 429);
    assert!(limited.header("ratelimit-policy").unwrap().starts_with("\"interceptor\""), "{limited:?}");
    let told = loop {
        let told = trail(&app, &admin, "interceptor-refused").await;
        if !told.is_empty() {
            break told;
        }
    };
    assert_eq!(
        (&told[0]["user"], &told[0]["detail"]),
        (&json!(ada.id), &json!({"interceptor": SESSION, "answer": "abandoned"}))
    );
}
