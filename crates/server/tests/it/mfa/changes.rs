//! MF-06: who may change how an account is signed in to.

use std::time::Duration;

use axum::http::Method;
use serde_json::json;

use super::{ADA, begin, claims, codes, confirm, half, recover, second, set_up, sign_in, trail, with_app};
use crate::{
    oauth::relying_party as rp,
    support::{Answer, Person, TestApp, request},
};

const CHANGES: [(Method, &str); 4] = [
    (Method::POST, "/api/v1/me/mfa/totp"),
    (Method::POST, "/api/v1/me/mfa/totp/confirm"),
    (Method::DELETE, "/api/v1/me/mfa/totp"),
    (Method::POST, "/api/v1/me/mfa/recovery-codes"),
];

async fn change(app: &TestApp, who: &Person, (method, path): &(Method, &str)) -> Answer {
    let body = path.ends_with("confirm").then(|| json!({"code": "123456"}));
    app.ask(who, method.clone(), path, body).await
}

#[tokio::test]
async fn mf_06_a_change_takes_a_fresh_sign_in_with_every_factor() {
    let app = TestApp::new().await;
    let ada = app.person(ADA).await;
    begin(&app, &ada).await;
    app.advance(Duration::from_mins(10));
    for route in &CHANGES {
        let answer = change(&app, &ada, route).await;
        assert_eq!(answer.brief(), "401 reauthentication_required", "{route:?}: not fresh");
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(
            challenge.starts_with("Bearer error=\"insufficient_user_authentication\"")
                && challenge.contains("max_age=600")
        );
    }
    // A session with the password alone, of a moment before the app was set up.
    let (one, fresh) = (app.sign_in(ADA).await, app.sign_in(ADA).await);
    let (phone, _) = set_up(&app, &fresh).await;
    for route in &CHANGES {
        assert_eq!(
            change(&app, &one, route).await.brief(),
            "401 reauthentication_required",
            "{route:?}: one factor"
        );
    }
    let two = sign_in(&app, ADA, &phone).await;
    app.advance(Duration::from_mins(10));
    for route in &CHANGES {
        assert_eq!(
            change(&app, &two, route).await.brief(),
            "401 reauthentication_required",
            "{route:?}: long ago"
        );
    }
    // What is only looked at takes none of it.
    for path in ["/api/v1/me/mfa", "/api/v1/me/mfa/recovery-codes"] {
        assert_eq!(app.ask(&one, Method::GET, path, None).await.status, 200);
    }
    let fresh = sign_in(&app, ADA, &phone).await;
    assert_eq!(app.ask(&fresh, Method::DELETE, "/api/v1/me/mfa/totp", None).await.status, 204);
    assert_eq!(app.ask(&fresh, Method::DELETE, "/api/v1/me/mfa/totp", None).await.brief(), "404 not_found");
    assert_eq!(app.login(ADA).await.status, 200, "asked for no more");
}

/// Who has just shown a password and then the first code has shown two factors, in that session and no other.
#[tokio::test]
async fn a_session_in_which_the_first_factor_is_set_up_has_two_from_then_on() {
    let app = TestApp::new().await;
    let (other, ada) = (app.person(ADA).await, app.sign_in(ADA).await);
    set_up(&app, &ada).await;
    for (person, amr) in [(&ada, json!(["pwd", "otp", "mfa"])), (&other, json!(["pwd"]))] {
        let refreshed = app.refresh(&person.refresh_token).await;
        assert_eq!(claims(&refreshed.text("access_token"))["amr"], amr);
    }
    let codes = (Method::POST, "/api/v1/me/mfa/recovery-codes");
    assert_eq!(change(&app, &ada, &codes).await.status, 200, "and nobody asks again at once");
    assert_eq!(change(&app, &other, &codes).await.brief(), "401 reauthentication_required");
}

/// An administrator's own factors are the administrator's own, whichever way they are removed.
#[tokio::test]
async fn mf_06_an_administrator_resets_their_own_by_no_shorter_way() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let (phone, _) = set_up(&app, &app.sign_in("admin@example.com").await).await;
    let path = format!("/api/v1/admin/users/{}/mfa", admin.id);
    assert_eq!(app.ask(&admin, Method::DELETE, &path, None).await.brief(), "401 reauthentication_required");
    let two = sign_in(&app, "admin@example.com", &phone).await;
    assert_eq!(app.ask(&two, Method::DELETE, &path, None).await.status, 204);
}

#[tokio::test]
async fn mf_06_an_application_changes_nothing_of_it_whatever_its_scopes() {
    let app = TestApp::with(rp::REALM).await;
    let browser = rp::ada(&app).await;
    let asking = rp::asking()
        .with("client_id", "house")
        .with("redirect_uri", "https://house.test/cb")
        .with("scope", "openid account");
    let code = rp::code(&browser, &asking).await;
    let house = Some(("house", "a-secret-of-the-house-app-0123456789"));
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("code_verifier", rp::VERIFIER),
        ("redirect_uri", "https://house.test/cb"),
    ];
    let token = rp::token(&app, house, &form).await.text("access_token");
    for (method, path) in CHANGES {
        let body = path.ends_with("confirm").then(|| json!({"code": "123456"}));
        let answer = app.send(request(method, path, Some(&token), body)).await;
        assert_eq!(answer.brief(), "403 not_for_applications", "{path}");
    }
    assert_eq!(app.send(request(Method::GET, "/api/v1/me/mfa", Some(&token), None)).await.status, 200);
}

#[tokio::test]
async fn mf_06_another_app_takes_the_place_of_the_one_before_when_it_is_confirmed() {
    let app = TestApp::new().await;
    let (_, old, _) = with_app(&app, ADA).await;
    let ada = sign_in(&app, ADA, &old).await;
    let new = begin(&app, &ada).await;
    app.advance(Duration::from_secs(30));
    assert_eq!(
        second(&app, &half(&app, ADA).await, &old.code(&app)).await.status,
        200,
        "until then the old one"
    );
    let answer = confirm(&app, &ada, &new.code(&app)).await;
    assert_eq!(answer.status, 200);
    assert!(answer.json().get("recovery_codes").is_none(), "those there are stay");
    app.advance(Duration::from_secs(30));
    assert_eq!(second(&app, &half(&app, ADA).await, &old.code(&app)).await.brief(), "403 invalid_code");
    assert_eq!(second(&app, &half(&app, ADA).await, &new.code(&app)).await.status, 200);
}

#[tokio::test]
async fn mf_06_with_the_last_factor_the_recovery_codes_go_and_every_act_is_written_down() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let (_, phone, old) = with_app(&app, ADA).await;
    let ada = sign_in(&app, ADA, &phone).await;
    assert_eq!(app.ask(&ada, Method::DELETE, "/api/v1/me/mfa/totp", None).await.status, 204);
    let none = app.ask(&ada, Method::POST, "/api/v1/me/mfa/recovery-codes", None).await;
    assert_eq!(none.brief(), "409 no_second_factor", "they would be of no use");
    let fresh = app.sign_in(ADA).await;
    let phone = begin(&app, &fresh).await;
    app.advance(Duration::from_secs(30));
    let new = codes(&confirm(&app, &fresh, &phone.code(&app)).await);
    assert_eq!(recover(&app, &half(&app, ADA).await, &old[0]).await.brief(), "403 invalid_code");
    assert_eq!(recover(&app, &half(&app, ADA).await, &new[0]).await.status, 200);
    for (event, times) in
        [("second-factor-added", 2), ("second-factor-removed", 1), ("recovery-codes-created", 2)]
    {
        let told = trail(&app, &admin, event).await;
        assert_eq!(told.len(), times, "{event}");
        assert!(told.iter().all(|event| event["user"] == ada.id && event["session"].is_string()), "{told:?}");
    }
    let signed_in = trail(&app, &admin, "signed-in").await;
    assert_eq!(signed_in[0]["detail"]["second_factor"], "recovery_code");
}

#[tokio::test]
async fn a_set_up_that_waits_for_an_hour_is_over() {
    let app = TestApp::new().await;
    let ada = app.person(ADA).await;
    let phone = begin(&app, &ada).await;
    app.advance(Duration::from_hours(1));
    let fresh = app.sign_in(ADA).await;
    assert_eq!(confirm(&app, &fresh, &phone.code(&app)).await.brief(), "409 no_setup");
}
