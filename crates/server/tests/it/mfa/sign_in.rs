use std::time::Duration;

use axum::http::Method;
use futures_util::future::join_all;
use serde_json::json;

use super::{ADA, begin, claims, codes, confirm, half, recover, second, set_up, sign_in, trail, with_app};
use crate::support::{TestApp, request, send};

const STEP: Duration = Duration::from_secs(30);

#[tokio::test]
async fn an_account_with_an_app_signs_in_in_two_steps() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\ndisplay_name = \"Tideline\"\n").await;
    let ada = app.person(ADA).await;
    let answer = app.ask(&ada, Method::POST, "/api/v1/me/mfa/totp", None).await;
    let (secret, svg) = (answer.text("secret"), answer.text("qr_svg"));
    let uri = format!(
        "otpauth://totp/Tideline:ada%40example.com?secret={secret}&issuer=Tideline&algorithm=SHA1&digits=6&period=30"
    );
    assert_eq!((answer.text("uri"), secret.len()), (uri, 32));
    assert!(svg.starts_with("<svg xmlns=") && !svg.contains(&secret));
    let (phone, codes) = set_up(&app, &ada).await;
    assert_eq!(codes.len(), 10);

    let first = app.login(ADA).await;
    assert_eq!(first.brief(), "403 mfa_required");
    assert_eq!(first.header("content-type"), Some("application/problem+json"));
    assert_eq!(first.header("cache-control"), Some("no-store"));
    assert_eq!(first.json()["methods"], json!(["totp", "recovery_code"]));
    assert_eq!(first.json()["expires_in"], 600);
    assert!(first.json().get("access_token").is_none());
    app.advance(STEP);
    let answer = second(&app, &first.text("mfa_token"), &phone.code(&app)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.json().get("recovery_codes").is_none());
    assert_eq!(claims(&answer.text("access_token"))["amr"], json!(["pwd", "otp", "mfa"]));
    assert_eq!(answer.json()["user"]["id"], ada.id.as_str());

    let view = app.ask(&ada, Method::GET, "/api/v1/me/mfa", None).await.json();
    assert_eq!((&view["policy"], &view["factors"][0]["kind"]), (&json!("optional"), &json!("totp")));
    assert_eq!(view["factors"][0]["last_used_at"], "2027-01-15T08:00:30Z");
    assert_eq!((&view["recovery_codes"]["left"], &view["recovery_codes"]["total"]), (&json!(10), &json!(10)));
}

#[tokio::test]
async fn an_app_counts_once_its_first_code_was_confirmed_and_of_several_the_last_does() {
    let app = TestApp::new().await;
    let ada = app.person(ADA).await;
    assert_eq!(confirm(&app, &ada, "123456").await.brief(), "409 no_setup");
    let first = begin(&app, &ada).await;
    assert_eq!(app.login(ADA).await.status, 200, "begun is not set up");
    let last = begin(&app, &ada).await;
    assert_eq!(confirm(&app, &ada, &first.code(&app)).await.brief(), "403 invalid_code");
    assert_eq!(confirm(&app, &ada, &last.wrong(&app)).await.brief(), "403 invalid_code");
    assert_eq!(app.login(ADA).await.status, 200, "nor is what was not confirmed");
    assert_eq!(confirm(&app, &ada, &last.code(&app)).await.status, 200);
    assert_eq!(app.login(ADA).await.brief(), "403 mfa_required");
    let view = app.ask(&ada, Method::GET, "/api/v1/me/mfa", None).await.json();
    assert_eq!(view["factors"].as_array().unwrap().len(), 1);
}

/// In the window of one step on either side, each code once, and none that is older than the last.
#[tokio::test]
async fn mf_01_a_code_is_good_once_and_no_older_one_is_after_it() {
    let app = TestApp::new().await;
    let (_, phone, _) = with_app(&app, ADA).await;
    let try_with = async |code: &str| second(&app, &half(&app, ADA).await, code).await.brief();
    assert_eq!(
        try_with(&phone.code(&app)).await,
        "403 invalid_code",
        "the one that confirmed the app is spent"
    );
    app.advance(STEP * 10);
    for steps in [-2, 2] {
        assert_eq!(try_with(&phone.code_in(&app, steps)).await, "403 invalid_code", "{steps}");
    }
    assert_eq!(try_with(&phone.code_in(&app, -1)).await, "200");
    assert_eq!(try_with(&phone.code_in(&app, -1)).await, "403 invalid_code", "used");
    let spaced = format!(" {} ", phone.code(&app).split_at(3).0) + phone.code(&app).split_at(3).1;
    assert_eq!(try_with(&spaced).await, "200", "as apps show it");
    assert_eq!(try_with(&phone.code_in(&app, -1)).await, "403 invalid_code", "older than the last");
    assert_eq!(try_with(&phone.code_in(&app, 1)).await, "200");
    assert_eq!(try_with(&phone.code(&app)).await, "403 invalid_code", "older than the last");

    app.advance(Duration::from_hours(24));
    let code = phone.code(&app);
    let arabic: String =
        code.bytes().map(|digit| char::from_u32(0x660 + u32::from(digit - b'0')).unwrap()).collect();
    for text in [&code[1..], &format!("{code}0"), &arabic, &format!("+{}", &code[1..]), ""] {
        assert_eq!(try_with(text).await, "403 invalid_code", "{text}");
    }
    assert_eq!(try_with(&code).await, "200");
}

#[tokio::test]
async fn mf_01_of_twenty_at_once_on_two_replicas_one_code_signs_in_once() {
    let app = TestApp::new().await;
    let (_, phone, _) = with_app(&app, ADA).await;
    let (_, replica) = app.replica().await;
    app.advance(STEP);
    let code = phone.code(&app);
    let mut tokens = Vec::new();
    for _ in 0..9 {
        tokens.push(half(&app, ADA).await);
    }
    let asking = (0..18).map(|n| {
        let body = json!({"mfa_token": tokens[n % 9], "code": code});
        let router = if n < 9 { &app.router } else { &replica };
        send(router, request(Method::POST, "/api/v1/login/mfa", None, Some(body)))
    });
    let answers = join_all(asking).await;
    let signed_in = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(signed_in, 1, "{:?}", answers.iter().map(crate::support::Answer::brief).collect::<Vec<_>>());
}

#[tokio::test]
async fn mf_02_a_sign_in_may_be_tried_five_times_at_once_or_one_by_one() {
    let app = TestApp::new().await;
    let (_, phone, codes) = with_app(&app, ADA).await;
    app.advance(STEP);
    let (token, wrong) = (half(&app, ADA).await, phone.wrong(&app));
    let answers = join_all((0..20).map(|_| second(&app, &token, &wrong))).await;
    let briefs: Vec<_> = answers.iter().map(crate::support::Answer::brief).collect();
    assert_eq!(briefs.iter().filter(|brief| *brief == "403 invalid_code").count(), 5, "{briefs:?}");
    assert_eq!(briefs.iter().filter(|brief| *brief == "401 invalid_mfa_token").count(), 15, "{briefs:?}");
    // The right one comes too late, by either way.
    assert_eq!(second(&app, &token, &phone.code(&app)).await.brief(), "401 invalid_mfa_token");
    assert_eq!(recover(&app, &token, &codes[0]).await.brief(), "401 invalid_mfa_token");
    assert_eq!(second(&app, &half(&app, ADA).await, &phone.code(&app)).await.status, 200, "a new sign-in");
}

/// However many sign-ins are begun: ten an hour, thirty a day; and whoever uses up the codes does not lock out the recovery codes.
#[tokio::test]
async fn mf_02_an_account_may_be_tried_ten_times_an_hour_and_thirty_a_day() {
    let app = TestApp::new().await;
    app.admin().await;
    let (_, phone, recovery) = with_app(&app, ADA).await;
    app.advance(STEP);
    let guess = async || second(&app, &half(&app, ADA).await, &phone.wrong(&app)).await;
    for hour in 0..3 {
        for _ in 0..10 {
            assert_eq!(guess().await.brief(), "403 invalid_code", "hour {hour}");
        }
        let refused = guess().await;
        assert_eq!(
            (refused.brief().as_str(), refused.header("retry-after")),
            ("429 too_many_attempts", Some("3600"))
        );
        let late = second(&app, &half(&app, ADA).await, &phone.code(&app)).await;
        assert_eq!(late.brief(), "429 too_many_attempts", "also the right one");
        app.advance(Duration::from_hours(1));
    }
    let refused = guess().await;
    assert_eq!(
        (refused.brief().as_str(), refused.header("retry-after")),
        ("429 too_many_attempts", Some("86400"))
    );
    // LG-05: the person still gets in.
    let answer = recover(&app, &half(&app, ADA).await, &recovery[0]).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["recovery_codes_left"]), (200, &json!(9)));
    app.advance(Duration::from_hours(24));
    assert_eq!(second(&app, &half(&app, ADA).await, &phone.code(&app)).await.status, 200);
    let refusals = trail(&app, &app.sign_in("admin@example.com").await, "second-factor-refused").await;
    assert!(refusals.len() > 30 && refusals[0]["user"].is_string(), "{}", refusals.len());
    let told = serde_json::to_string(&refusals).unwrap();
    assert!(told.contains("too_often") && !told.contains(&phone.wrong(&app)));
}

/// What was right does not count: whoever signs in all day is not locked out.
#[tokio::test]
async fn mf_02_codes_that_are_right_use_nothing_up() {
    let app = TestApp::new().await;
    let (_, phone, _) = with_app(&app, ADA).await;
    for _ in 0..12 {
        sign_in(&app, ADA, &phone).await;
    }
}

#[tokio::test]
async fn mf_03_a_recovery_code_is_good_once_and_new_ones_end_the_old() {
    let app = TestApp::new().await;
    let (ada, phone, old) = with_app(&app, ADA).await;
    let try_with = async |code: &str| recover(&app, &half(&app, ADA).await, code).await;
    let first = try_with(&old[0].to_lowercase().replace('-', " ")).await;
    assert_eq!((first.status.as_u16(), &first.json()["recovery_codes_left"]), (200, &json!(9)));
    assert_eq!(claims(&first.text("access_token"))["amr"], json!(["pwd", "mfa"]));
    assert_eq!(try_with(&old[0]).await.brief(), "403 invalid_code");
    assert_eq!(try_with("AAAA-AAAA").await.brief(), "403 invalid_code");
    assert_eq!(try_with("").await.brief(), "403 invalid_code");
    // One of several at once.
    let tokens = [half(&app, ADA).await, half(&app, ADA).await, half(&app, ADA).await];
    let answers = join_all(tokens.iter().map(|token| recover(&app, token, &old[1]))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    // Not shown again, and not kept as they are.
    let view = app.ask(&ada, Method::GET, "/api/v1/me/mfa/recovery-codes", None).await;
    assert_eq!((&view.json()["left"], &view.json()["total"]), (&json!(8), &json!(10)));
    assert!(!String::from_utf8_lossy(&view.body).contains(&old[2]));

    let fresh = sign_in(&app, ADA, &phone).await;
    let made = app.ask(&fresh, Method::POST, "/api/v1/me/mfa/recovery-codes", None).await;
    let new = codes(&made);
    assert_eq!(try_with(&old[2]).await.brief(), "403 invalid_code");
    assert_eq!(try_with(&new[0]).await.status, 200);
    let admin = app.admin().await;
    assert_eq!(trail(&app, &admin, "recovery-codes-created").await.len(), 2);
    assert_eq!(trail(&app, &admin, "recovery-code-used").await.len(), 3);
    let told = serde_json::to_string(&trail(&app, &admin, "recovery-code-used").await).unwrap();
    assert!(!told.contains(&old[0]) && !told.contains(&new[0]));
}

#[tokio::test]
async fn mf_03_of_another_account_a_recovery_code_is_none() {
    let app = TestApp::new().await;
    let (_, _, hers) = with_app(&app, ADA).await;
    with_app(&app, "eve@example.com").await;
    let answer = recover(&app, &half(&app, "eve@example.com").await, &hers[0]).await;
    assert_eq!(answer.brief(), "403 invalid_code");
    assert_eq!(recover(&app, &half(&app, ADA).await, &hers[0]).await.status, 200);
}

/// A password that an administrator set opens no more than the one before.
#[tokio::test]
async fn lg_12_another_password_does_not_take_the_second_factor_away() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let (ada, phone, _) = with_app(&app, ADA).await;
    app.advance(STEP);
    let before = half(&app, ADA).await;
    let path = format!("/api/v1/admin/users/{}", ada.id);
    let another = "a wholly different sentence";
    let changed = app.ask(&admin, Method::PATCH, &path, Some(json!({"password": another}))).await;
    assert_eq!(changed.status, 200);
    assert_eq!(
        second(&app, &before, &phone.code(&app)).await.brief(),
        "401 invalid_mfa_token",
        "of the old password"
    );
    let login = json!({"email": ADA, "password": another});
    let first = app.post("/api/v1/login", login).await;
    assert_eq!(first.brief(), "403 mfa_required");
    assert_eq!(second(&app, &first.text("mfa_token"), &phone.code(&app)).await.status, 200);
}

#[tokio::test]
async fn a_sign_in_that_waits_ends_with_time_use_and_the_account() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\n[[realm]]\nname = \"other\"\n").await;
    let admin = app.admin().await;
    let (ada, phone, _) = with_app(&app, ADA).await;
    app.advance(STEP);
    let late = half(&app, ADA).await;
    app.advance(Duration::from_mins(10));
    assert_eq!(second(&app, &late, &phone.code(&app)).await.brief(), "401 invalid_mfa_token");
    let used = half(&app, ADA).await;
    assert_eq!(second(&app, &used, &phone.code(&app)).await.status, 200);
    app.advance(STEP);
    assert_eq!(
        second(&app, &used, &phone.code(&app)).await.brief(),
        "401 invalid_mfa_token",
        "good for one sign-in"
    );
    // Whatever is shown: what is wrong is answered as what is right, so that nobody guesses with it, and no one is counted for it.
    for _ in 0..12 {
        assert_eq!(second(&app, &used, &phone.wrong(&app)).await.brief(), "401 invalid_mfa_token");
        assert_eq!(recover(&app, &used, "AAAA-AAAA").await.brief(), "401 invalid_mfa_token");
    }
    let options = app.post("/api/v1/login/mfa/passkey", json!({"mfa_token": used})).await;
    assert_eq!(options.brief(), "401 invalid_mfa_token");
    let token = half(&app, ADA).await;
    let elsewhere = json!({"mfa_token": token, "code": phone.code(&app)});
    assert_eq!(app.post("/r/other/api/v1/login/mfa", elsewhere).await.brief(), "401 invalid_mfa_token");
    for forged in
        ["", "gp_ps_", "gp_ps_AAAA", &token[..token.len() - 2], &token.to_lowercase(), &"x".repeat(9_000)]
    {
        assert_eq!(second(&app, forged, &phone.code(&app)).await.brief(), "401 invalid_mfa_token");
    }
    let path = format!("/api/v1/admin/users/{}", ada.id);
    assert_eq!(app.ask(&admin, Method::PATCH, &path, Some(json!({"disabled": true}))).await.status, 200);
    assert_eq!(second(&app, &token, &phone.code(&app)).await.brief(), "401 invalid_mfa_token", "disabled");
    for body in [json!({"mfa_token": token}), json!({"mfa_token": token, "code": "1", "recovery_code": "2"})]
    {
        assert_eq!(app.post("/api/v1/login/mfa", body).await.brief(), "400 invalid_body");
    }
    assert_eq!(app.login(ADA).await.brief(), "401 invalid_credentials");
}
