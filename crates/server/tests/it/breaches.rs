//! New passwords that are known from accounts broken into elsewhere.

use std::time::Duration;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use axum::http::Method;
use data_encoding::HEXUPPER;
use gatepost_server::{Config, Given};
use serde_json::{Value, json};

use crate::{
    pages::browser::{Browser, signed_in},
    social::{Canned, Provider},
    support::{PASSWORD, TestApp},
};

const KNOWN: &str = "twelve purple lamps hum";
const OTHER: &str = "0018A45C4D1DEF81644B54AB7F969B88D65:3\r\n";
const ANOTHER: &str = "looms remember every thread";

/// Where the service is asked about a password, and what it has there that is this one.
fn range_of(password: &str) -> (String, String) {
    let hash = HEXUPPER.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes()).as_ref());
    (format!("range/{}", &hash[..5]), hash[5..].to_owned())
}

fn lines(body: &str) -> Canned {
    Canned { kind: "text/plain", body: body.to_owned(), ..Canned::json(&Value::Null) }
}

/// A server that asks a service which knows one password, and nothing of the others.
async fn world(unanswered: &str) -> (TestApp, Provider) {
    let service = Provider::new().await;
    let url = format!("{}/range/", service.address);
    let settings = [
        ("GATEPOST_PASSWORDS__BREACHES_URL", url.as_str()),
        ("GATEPOST_PASSWORDS__BREACHES_UNANSWERED", unanswered),
    ];
    let app = TestApp::with_settings("", &settings).await;
    let (path, rest) = range_of(KNOWN);
    // More than there are today.
    service.put(&path, lines(&format!("{}{rest}:37\r\n", OTHER.repeat(5_000))));
    for password in [PASSWORD, ANOTHER] {
        let (path, rest) = range_of(password);
        // As a line that is there only for the length.
        service.put(&path, lines(&format!("{OTHER}{rest}:0\r\n")));
    }
    (app, service)
}

#[tokio::test]
async fn lg_06_a_password_known_from_elsewhere_is_refused_wherever_one_is_chosen() {
    let (app, _service) = world("refuse").await;
    let admin = app.admin().await;
    let made = app.post("/api/v1/register", json!({"email": "ada@example.com", "password": KNOWN})).await;
    assert_eq!(made.brief(), "422 weak_password");
    assert!(made.text("detail").contains("37 times"), "{made:?}");

    let ada = app.person("ada@example.com").await;
    let change = json!({"current_password": PASSWORD, "new_password": KNOWN});
    let changed = app.ask(&ada, Method::POST, "/api/v1/me/password", Some(change)).await;
    assert_eq!(changed.brief(), "422 weak_password");
    app.post("/api/v1/recover", json!({"email": "ada@example.com"})).await;
    let token = app.token("ada@example.com").await;
    let recover = async |new: &str| {
        app.post("/api/v1/recover/confirm", json!({"token": token, "new_password": new})).await.brief()
    };
    assert_eq!(recover(KNOWN).await, "422 weak_password");
    assert_eq!(recover(ANOTHER).await, "204", "the link is good still");

    let create = json!({"email": "bob@example.com", "password": KNOWN});
    let created = app.ask(&admin, Method::POST, "/api/v1/admin/users", Some(create)).await;
    assert_eq!(created.brief(), "422 weak_password");
    let user = format!("/api/v1/admin/users/{}", ada.id);
    let given = app.ask(&admin, Method::PATCH, &user, Some(json!({"password": KNOWN}))).await;
    assert_eq!(given.brief(), "422 weak_password");
}

#[tokio::test]
async fn lg_06_the_pages_say_so_at_the_field() {
    let (app, _service) = world("refuse").await;
    let said = "This password is known from accounts that were broken into elsewhere.";
    let fields = [("name", "Ada"), ("username", "ada@example.com"), ("password", KNOWN)];
    let answer = Browser::new(&app).submit("/sign-up", &fields).await;
    assert!(answer.status == 422 && answer.html().contains(said), "{}", answer.html());

    let browser = signed_in(&app, "ada@example.com").await;
    let fields = [("current_password", PASSWORD), ("new_password", KNOWN)];
    let answer = browser.submit("/account/password", &fields).await;
    assert!(answer.status == 422 && answer.html().contains(said), "{}", answer.html());

    app.post("/api/v1/recover", json!({"email": "ada@example.com"})).await;
    let token = app.token("ada@example.com").await;
    let browser = Browser::new(&app);
    let page = browser.get(&format!("/recover/confirm?token={token}")).await;
    let answer = browser.fill(&page, &[("token", &token), ("new_password", KNOWN)]).await;
    assert!(answer.status == 422 && answer.html().contains(said), "{}", answer.html());
}

#[tokio::test]
async fn a_password_that_is_known_already_signs_in_and_nobody_is_asked() {
    let (app, service) = world("refuse").await;
    app.person("ada@example.com").await;
    let (path, rest) = range_of(PASSWORD);
    let asked = service.read(&path);
    assert_eq!(asked, 1, "when it was chosen");
    service.put(&path, lines(&format!("{rest}:2")));
    app.sign_in("ada@example.com").await;
    assert_eq!(service.read(&path), asked);
}

#[tokio::test]
async fn a_service_that_does_not_answer_counts_as_the_operator_says() {
    let (path, _) = range_of(PASSWORD);
    let answers = [
        ("an error", Canned { status: 503, ..lines("") }),
        ("a page", Canned::html()),
        ("nothing", lines("")),
        ("elsewhere", Canned::redirect("https://example.com/range/")),
        ("too much", lines(&OTHER.repeat(30_000))),
    ];
    let (trusting, service) = world("accept").await;
    let (strict, elsewhere) = world("refuse").await;
    for (at, (what, canned)) in answers.into_iter().enumerate() {
        service.put(&path, canned.clone());
        elsewhere.put(&path, canned);
        let email = format!("ada-{at}@example.com");
        assert_eq!(trusting.register(&email).await.status, 201, "{what}");
        let refused = strict.register(&email).await;
        assert_eq!(refused.brief(), "503 password_unchecked", "{what}");
        assert_eq!(refused.header("retry-after"), Some("60"), "{what}");
        for app in [&trusting, &strict] {
            app.advance(Duration::from_hours(1));
        }
    }
    assert_eq!(service.read(&path), 5);
}

#[tokio::test]
async fn whoever_never_answers_is_waited_for_as_long_as_the_operator_says() {
    let (app, service) = world("accept").await;
    let (path, _) = range_of(PASSWORD);
    service.put(&path, Canned::hangs());
    assert_eq!(app.register("ada@example.com").await.status, 201);
}

#[tokio::test]
async fn without_the_setting_nobody_is_asked() {
    let app = TestApp::new().await;
    let made = app.post("/api/v1/register", json!({"email": "ada@example.com", "password": KNOWN})).await;
    assert_eq!(made.status, 201);
}

/// Each is a question to somebody else, and the links that let one ask are good until a password was taken.
#[tokio::test]
async fn rl_nobody_asks_without_end() {
    let (app, service) = world("accept").await;
    app.person("ada@example.com").await;
    app.post("/api/v1/recover", json!({"email": "ada@example.com"})).await;
    let token = app.token("ada@example.com").await;
    let recover = async |new: &str| {
        app.post("/api/v1/recover/confirm", json!({"token": token, "new_password": new})).await
    };
    for _ in 0..20 {
        assert_eq!(recover(KNOWN).await.brief(), "422 weak_password");
    }
    let refused = recover(KNOWN).await;
    assert_eq!(refused.brief(), "429 too_many_attempts");
    assert!(refused.header("ratelimit").unwrap().starts_with("\"new-password\""), "{refused:?}");
    assert_eq!(service.read(&range_of(KNOWN).0), 20);
    app.advance(Duration::from_secs(45));
    assert_eq!(recover(ANOTHER).await.status, 204, "what is good costs nothing");
}

#[tokio::test]
async fn the_address_of_the_service_is_one_that_digits_can_follow_and_is_not_quoted() {
    let config = |url: &str| {
        let name = "GATEPOST_PASSWORDS__BREACHES_URL".to_owned();
        Config::load(Given::default(), [(name, url.to_owned())].into_iter()).unwrap_err().to_string()
    };
    for url in [
        "https://svc:s3cr3t@example.com/range/",
        "https://example.com/range",
        "https://example.com/range?key=s3cr3t&p=",
        "https://example.com/?key=s3cr3t/",
        "http://example.com/range/",
    ] {
        let said = config(url);
        assert!(said.starts_with("passwords.breaches_url: ") && !said.contains("s3cr3t"), "{url}: {said}");
    }
}
