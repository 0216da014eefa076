//! A code that was sent ends the sign-in that it was asked for, and no other.

use std::time::Duration;

use axum::http::Method;
use futures_util::future::join_all;
use serde_json::json;

use super::{ADA, PAUSE, Sender, begin, confirm, factors, remove, send, show, world, wrong};
use crate::{
    mfa::{self, claims, half, recover, second, trail},
    pages::browser::Browser,
    support::{Answer, PASSWORD, TestApp, person, request},
};

#[tokio::test]
async fn a_code_that_was_sent_ends_the_sign_in_that_waits_for_it_and_is_good_once() {
    let (app, sender, ada, _) = world().await;
    let token = half(&app, ADA).await;
    app.advance(PAUSE);
    let sent = send(&app, &token).await;
    assert_eq!(sent.json(), json!({"phone_number": "•••78", "expires_in": 300}));
    let code = sender.code();
    let answer = show(&app, &token, &code).await;
    assert_eq!(claims(&answer.text("access_token"))["amr"], json!(["pwd", "sms", "mfa"]));
    assert_eq!(person(&answer).id, ada.id);
    assert_eq!(show(&app, &token, &code).await.brief(), "401 invalid_mfa_token", "the sign-in is over");
    assert_eq!(send(&app, &token).await.brief(), "401 invalid_mfa_token");
    let next = half(&app, ADA).await;
    assert_eq!(show(&app, &next, &code).await.brief(), "403 sms_code_expired", "and the code is spent");
    assert!(factors(&app, &ada).await[0]["last_used_at"].is_string());
    assert!(sender.messages().is_empty());
}

#[tokio::test]
async fn a_code_that_was_asked_for_in_one_sign_in_is_nothing_in_another() {
    let (app, sender, ada, _) = world().await;
    let (hers, thiefs) = (half(&app, ADA).await, half(&app, ADA).await);
    let code = sender.code_for(&app, &hers).await;
    assert_eq!(show(&app, &thiefs, &code).await.brief(), "403 sms_code_expired");
    let other = sender.code_for(&app, &thiefs).await;
    if other != code {
        assert_eq!(show(&app, &thiefs, &code).await.brief(), "403 invalid_code");
    }
    // Nor is one for a sign-in what confirms a number, and the other way.
    assert_eq!(confirm(&app, &ada, &code).await.brief(), "403 sms_code_expired");
    app.advance(PAUSE);
    begin(&app, &ada, super::OTHER).await;
    let of_set_up = sender.code();
    if of_set_up != code {
        assert_eq!(show(&app, &hers, &of_set_up).await.brief(), "403 invalid_code");
    }
    assert_eq!(show(&app, &hers, &code).await.status, 200, "it was good all the time");
}

#[tokio::test]
async fn of_sixteen_at_once_on_two_replicas_one_code_signs_in_once() {
    let (app, sender, ..) = world().await;
    let (_, replica) = app.replica().await;
    let token = half(&app, ADA).await;
    let code = sender.code_for(&app, &token).await;
    let asking = (0..16).map(|n| {
        let body = json!({"mfa_token": token, "sms_code": code});
        let router = if n % 2 == 0 { &app.router } else { &replica };
        crate::support::send(router, request(Method::POST, "/api/v1/login/mfa", None, Some(body)))
    });
    let answers = join_all(asking).await;
    let briefs: Vec<_> = answers.iter().map(Answer::brief).collect();
    assert_eq!(briefs.iter().filter(|brief| *brief == "200").count(), 1, "{briefs:?}");
    assert_eq!(briefs.iter().filter(|brief| *brief == "401 invalid_mfa_token").count(), 15, "{briefs:?}");
}

#[tokio::test]
async fn mf_02_wrong_codes_are_counted_in_the_sign_in_and_together_with_those_of_the_app() {
    let (app, sender, ..) = world().await;
    let (token, admin) = (half(&app, ADA).await, app.admin().await);
    let code = sender.code_for(&app, &token).await;
    for _ in 0..5 {
        assert_eq!(show(&app, &token, &wrong(&code)).await.brief(), "403 invalid_code");
    }
    assert_eq!(show(&app, &token, &code).await.brief(), "401 invalid_mfa_token", "this sign-in is over");
    let refused = trail(&app, &admin, "second-factor-refused").await;
    assert_eq!(refused[0]["detail"]["method"], "sms", "{refused:?}");
    // With an app beside it, the guesses of both are one quota: ten an hour.
    let token = half(&app, ADA).await;
    let answer = show(&app, &token, &sender.code_for(&app, &token).await).await;
    let (phone, ada) = (mfa::begin(&app, &person(&answer)).await, person(&answer));
    assert_eq!(mfa::confirm(&app, &ada, &phone.code(&app)).await.status, 200);
    app.advance(PAUSE);
    let token = half(&app, ADA).await;
    for _ in 0..5 {
        assert_eq!(second(&app, &token, &phone.wrong(&app)).await.brief(), "403 invalid_code");
    }
    app.advance(Duration::from_mins(12));
    let token = half(&app, ADA).await;
    sender.messages();
    // What would be refused in any case is neither sent nor paid for.
    assert_eq!(send(&app, &token).await.brief(), "429 too_many_attempts");
    assert_eq!(sender.messages().len(), 0);
}

#[tokio::test]
async fn six_digits_are_of_the_app_where_there_is_one_and_else_what_was_sent() {
    let (app, sender, ada, codes) = world().await;
    let token = half(&app, ADA).await;
    let code = sender.code_for(&app, &token).await;
    assert_eq!(second(&app, &token, &code).await.status, 200, "there is no app");
    let phone = mfa::begin(&app, &ada).await;
    assert_eq!(mfa::confirm(&app, &ada, &phone.code(&app)).await.status, 200);
    let asked = app.login(ADA).await;
    assert_eq!(asked.json()["methods"], json!(["totp", "sms", "recovery_code"]), "the stronger one first");
    let token = asked.text("mfa_token");
    let code = sender.code_for(&app, &token).await;
    assert_eq!(second(&app, &token, &code).await.brief(), "403 invalid_code", "it is none of the app");
    let both = json!({"mfa_token": token, "sms_code": code, "code": code});
    assert_eq!(app.post("/api/v1/login/mfa", both).await.brief(), "400 invalid_body");
    assert_eq!(show(&app, &token, &code).await.status, 200);
    app.advance(PAUSE);
    assert_eq!(second(&app, &half(&app, ADA).await, &phone.code(&app)).await.status, 200);
    assert_eq!(recover(&app, &half(&app, ADA).await, &codes[0]).await.status, 200);
}

#[tokio::test]
async fn a_code_is_sent_to_whoever_has_a_number_and_a_sender_and_waits_for_a_factor() {
    let (app, sender, ada, codes) = world().await;
    let eve = app.person("eve@example.com").await;
    mfa::set_up(&app, &eve).await;
    let without = half(&app, "eve@example.com").await;
    assert_eq!(send(&app, &without).await.brief(), "409 no_phone_number");
    assert_eq!(show(&app, &without, "123456").await.brief(), "403 sms_code_expired");
    for garbage in ["", "gp_ps_x", &ada.access_token] {
        assert_eq!(send(&app, garbage).await.brief(), "401 invalid_mfa_token");
    }
    let token = half(&app, ADA).await;
    app.apply("[[realm]]\nname = \"other\"").await;
    let elsewhere = app.post("/r/other/api/v1/login/mfa/sms", json!({"mfa_token": token})).await;
    assert_eq!(elsewhere.brief(), "401 invalid_mfa_token", "another realm");
    // Nobody sends any more: what was written down still signs in.
    let admin = app.admin().await;
    let off = json!({"settings": {"sms_url": null}});
    assert_eq!(app.ask(&admin, Method::PATCH, "/api/v1/admin/realm", Some(off)).await.status, 200);
    let asked = app.login(ADA).await;
    assert_eq!(
        (asked.brief().as_str(), &asked.json()["methods"]),
        ("403 mfa_required", &json!(["recovery_code"]))
    );
    assert_eq!(send(&app, &token).await.brief(), "403 sms_off");
    let answer = recover(&app, &token, &codes[0]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(remove(&app, &person(&answer)).await.status, 204, "and the number can be taken away");
    assert!(sender.messages().is_empty());
}

/// MF-07: whoever has to set a factor up first is not sent codes, and adds no number before they are signed in.
#[tokio::test]
async fn mf_07_nothing_is_sent_to_whoever_has_no_factor_yet() {
    let app = TestApp::new().await;
    let sender = Sender::with(&app, "mfa = \"required\"\n").await;
    app.register(ADA).await;
    let asked = app.login(ADA).await;
    assert_eq!(
        (asked.brief().as_str(), &asked.json()["methods"]),
        ("403 mfa_setup_required", &json!(["passkey", "totp"]))
    );
    assert_eq!(send(&app, &asked.text("mfa_token")).await.brief(), "401 invalid_mfa_token");
    assert!(sender.messages().is_empty());
}

/// No door leads around it.
#[tokio::test]
async fn mf_05_nobody_gets_in_by_the_password_alone_whatever_the_door() {
    let (app, _, _, _) = world().await;
    let browser = Browser::new(&app);
    let step = browser.sign_in(ADA).await.location().to_owned();
    assert!(step.starts_with("/sign-in/mfa?"), "{step}");
    let page = browser.get(&step).await;
    assert!(page.status == 200 && page.html().contains("id=\"sms-send\""), "{}", page.html());
    assert_eq!(browser.cookie("__Host-gatepost-default"), None);
    let body = json!({"email": ADA, "password": PASSWORD});
    let answer = app.post("/api/auth/sign-in/email", body).await;
    assert_eq!(answer.json()["twoFactorRedirect"], json!(true), "{answer:?}");
    assert!(answer.json().get("token").is_none());
}
