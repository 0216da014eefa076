//! Signing in by a code that is mailed (LG-18).

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use super::{login_with, old_password, verified};
use crate::{
    mfa::{self, set_up, trail},
    support::{Answer, TestApp, person},
};

pub const BY_MAIL: &str = "[[realm]]\nname = \"default\"\nemail_sign_in = true\n";
const ADA: &str = "ada@example.com";

pub async fn ask(app: &TestApp, email: &str) -> String {
    let answer = app.post("/api/v1/login/email", json!({"email": email})).await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()["expires_in"].as_u64()),
        (202, Some(600)),
        "{answer:?}"
    );
    answer.text("email_token")
}

pub async fn send(app: &TestApp, token: &str, code: &str) -> Answer {
    app.post("/api/v1/login/email/confirm", json!({"email_token": token, "code": code})).await
}

/// The code that was mailed to somebody last.
pub async fn code(app: &TestApp, email: &str) -> String {
    let letter = app.mail_to(email).await.pop().expect("a letter");
    let (_, rest) = letter.text.split_once("Code: ").unwrap_or_else(|| panic!("no code: {}", letter.text));
    assert!(letter.html.contains(&rest[..9]), "{}", letter.html);
    rest[..9].to_owned()
}

async fn wrong(app: &TestApp, email: &str) -> String {
    let right = code(app, email).await;
    (if right.starts_with('0') { "1111 1111" } else { "0000 0000" }).to_owned()
}

#[tokio::test]
async fn a_code_signs_in_and_is_told_truly() {
    let app = TestApp::with(BY_MAIL).await;
    let admin = app.admin().await;
    app.apply(BY_MAIL).await;
    verified(&app, ADA).await;
    let token = ask(&app, "ADA@example.com").await;
    let letter = app.mail_to(ADA).await.pop().unwrap();
    assert_eq!(
        (letter.subject.as_str(), letter.link()),
        ("Sign in to default", None),
        "a program has no use for one"
    );
    let typed = code(&app, ADA).await.replace(' ', "-");
    let answer = send(&app, &token, &typed).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let said = mfa::claims(&answer.text("access_token"));
    assert_eq!(said["amr"], json!(["otp"]), "one factor, and no password");
    app.sign_in(ADA).await;
    for event in ["email-sign-in-requested", "signed-in"] {
        let told = trail(&app, &admin, event).await;
        assert!(told.iter().any(|event| event["user"].is_string()), "{event}: {told:?}");
    }
    let by_mail = trail(&app, &admin, "signed-in").await;
    assert!(by_mail.iter().any(|event| event["detail"]["method"] == "email"), "{by_mail:?}");
}

#[tokio::test]
async fn lg_18_a_code_is_good_once_for_whoever_asked_and_not_for_long() {
    let app = TestApp::with(BY_MAIL).await;
    verified(&app, ADA).await;
    let (hers, mails) = (ask(&app, ADA).await, code(&app, ADA).await);
    // Another who asked, with the code of the first; and a token that is none.
    let theirs = ask(&app, ADA).await;
    assert_eq!(send(&app, &theirs, &mails).await.brief(), "403 invalid_code");
    for forged in ["", "gp_es_", "gp_es_AAAA", &hers[..hers.len() - 1], &format!("{hers}A")] {
        assert_eq!(send(&app, forged, &mails).await.brief(), "400 invalid_link", "{forged}");
    }
    // Many at once.
    let at_once = futures_util::future::join_all((0..5).map(|_| send(&app, &hers, &mails))).await;
    let mut statuses: Vec<_> = at_once.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400, 400, 400, 400]);
    assert_eq!(send(&app, &hers, &mails).await.brief(), "400 invalid_link");
    // With the sign-in what others asked for is over too.
    app.mail_to(ADA).await;
    app.advance(Duration::from_secs(1));
    let (late, mails) = (ask(&app, ADA).await, code(&app, ADA).await);
    app.advance(Duration::from_mins(10));
    assert_eq!(send(&app, &late, &mails).await.brief(), "400 invalid_link");
}

/// Whatever was mailed before an account was disabled is over, also once it is enabled again.
#[tokio::test]
async fn lg_18_a_code_does_not_outlive_a_disabling() {
    let app = TestApp::with(BY_MAIL).await;
    let admin = app.admin().await;
    app.apply(BY_MAIL).await;
    verified(&app, ADA).await;
    let (token, mailed) = (ask(&app, ADA).await, code(&app, ADA).await);
    let found = app.ask(&admin, Method::GET, "/api/v1/admin/users?search=ada", None).await.json();
    let path = format!("/api/v1/admin/users/{}", found["users"][0]["id"].as_str().unwrap());
    for disabled in [true, false] {
        let body = json!({"disabled": disabled});
        assert_eq!(app.ask(&admin, Method::PATCH, &path, Some(body)).await.status, 200);
    }
    assert_eq!(send(&app, &token, &mailed).await.brief(), "400 invalid_link");
}

#[tokio::test]
async fn lg_18_few_codes_can_be_tried() {
    let app = TestApp::with(BY_MAIL).await;
    verified(&app, ADA).await;
    let token = ask(&app, ADA).await;
    let (right, wrong) = (code(&app, ADA).await, wrong(&app, ADA).await);
    let at_once = futures_util::future::join_all((0..12).map(|_| send(&app, &token, &wrong))).await;
    let looked_at = at_once.iter().filter(|answer| answer.brief() == "403 invalid_code").count();
    assert_eq!(looked_at, 4, "with the fifth another letter is needed, and that is said: {at_once:?}");
    assert_eq!(send(&app, &token, &right).await.brief(), "400 invalid_link", "the sixth, though it is right");
    // A stranger who guesses keeps nobody out: the next letter is as good as ever.
    app.advance(Duration::from_secs(1));
    let token = ask(&app, ADA).await;
    assert_eq!(send(&app, &token, &code(&app, ADA).await).await.status, 200);
}

#[tokio::test]
async fn lg_18_a_code_is_of_one_realm_and_dies_with_what_it_was_about() {
    let file = format!("{BY_MAIL}[[realm]]\nname = \"other\"\nemail_sign_in = true\n");
    let app = TestApp::with(&file).await;
    let admin = app.admin().await;
    app.apply(&file).await;
    let ada = verified(&app, ADA).await;
    let (token, mails) = (ask(&app, ADA).await, code(&app, ADA).await);
    let body = json!({"email_token": token, "code": mails});
    assert_eq!(app.post("/r/other/api/v1/login/email/confirm", body).await.brief(), "400 invalid_link");
    let path = format!("/api/v1/admin/users/{}", ada.id);
    let patch = async |change: Value| {
        assert_eq!(app.ask(&admin, Method::PATCH, &path, Some(change)).await.status, 200);
    };
    patch(json!({"disabled": true})).await;
    assert_eq!(send(&app, &token, &mails).await.brief(), "400 invalid_link", "disabled");
    patch(json!({"disabled": false})).await;
    let (token, mails) = (ask(&app, ADA).await, code(&app, ADA).await);
    patch(json!({"email": "countess@example.com", "email_verified": true})).await;
    assert_eq!(send(&app, &token, &mails).await.brief(), "400 invalid_link", "another address");
}

#[tokio::test]
async fn lg_01_asking_and_guessing_tell_nobody_whether_there_is_an_account() {
    let app = TestApp::with(BY_MAIL).await;
    verified(&app, ADA).await;
    let mut seen = Vec::new();
    for email in [ADA, "stray@example.com"] {
        let asked = app.post("/api/v1/login/email", json!({"email": email})).await;
        let token = asked.text("email_token");
        let mut answers = vec![(asked.status, token.len(), asked.headers.len())];
        app.mail_to(email).await;
        for guess in ["0000 0000", "garbage", "", "0000 0000", "0000 0000", "0000 0000"] {
            let mut answer = send(&app, &token, guess).await;
            let mut told = answer.json();
            told["request_id"] = json!("…");
            answer.body = told.to_string().into_bytes();
            answers.push((answer.status, answer.body.len(), answer.headers.len()));
        }
        seen.push(answers);
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(app.mail_to("stray@example.com").await.len(), 0, "and nobody registers by it");
}

/// Somebody made an account with an address of another, with a password, an app and a session; the other signs in by mail.
#[tokio::test]
async fn lg_14_the_first_who_signs_in_by_mail_has_the_account_alone() {
    let file = format!("{BY_MAIL}api_key_scopes = [\"ci\"]\n");
    let app = TestApp::with(&file).await;
    let squatter = app.person(ADA).await;
    let key = json!({"name": "back door", "scopes": ["ci"]});
    assert_eq!(app.ask(&squatter, Method::POST, "/api/v1/me/api-keys", Some(key)).await.status, 201);
    let (phone, codes) = set_up(&app, &squatter).await;
    let half = mfa::half(&app, ADA).await;
    app.advance(Duration::from_secs(30));
    let token = ask(&app, ADA).await;
    let answer = send(&app, &token, &code(&app, ADA).await).await;
    assert_eq!(answer.status, 200, "the squatter's app is not asked for: {answer:?}");
    assert_eq!(answer.json()["user"]["email_verified"], json!(true));
    let ada = person(&answer);
    assert_eq!(ada.id, squatter.id);
    assert_eq!(app.ask(&squatter, Method::GET, "/api/v1/me", None).await.brief(), "401 invalid_token");
    assert_eq!(app.refresh(&squatter.refresh_token).await.brief(), "401 invalid_refresh_token");
    assert_eq!(old_password(&app, ADA).await, "401 invalid_credentials");
    // Nor by what was begun before.
    assert_eq!(mfa::second(&app, &half, &phone.code(&app)).await.brief(), "401 invalid_mfa_token");
    assert_eq!(mfa::recover(&app, &half, &codes[0]).await.brief(), "401 invalid_mfa_token");
    let mine = app.ask(&ada, Method::GET, "/api/v1/me/mfa", None).await.json();
    assert_eq!((&mine["factors"], &mine["recovery_codes"]["total"]), (&json!([]), &json!(0)));
    let keys = app.ask(&ada, Method::GET, "/api/v1/me/api-keys", None).await.json();
    assert_eq!(keys["api_keys"], json!([]));
    let subjects = app.subjects(ADA).await;
    assert_eq!(
        subjects.last().map(String::as_str),
        Some("Your default account is yours alone"),
        "{subjects:?}"
    );
    // And once only: from now on a sign-in by mail takes nothing away.
    app.advance(Duration::from_secs(1));
    let before = app.subjects(ADA).await.len();
    let token = ask(&app, ADA).await;
    assert_eq!(send(&app, &token, &code(&app, ADA).await).await.status, 200);
    assert_eq!(app.ask(&ada, Method::GET, "/api/v1/me", None).await.status, 200);
    assert_eq!(app.subjects(ADA).await.len(), before + 1);
}

/// MF-05: mail is the first factor and never the second.
#[tokio::test]
async fn mf_05_a_second_factor_is_asked_for_after_the_mail() {
    let app = TestApp::with(BY_MAIL).await;
    let ada = verified(&app, ADA).await;
    let (phone, _) = set_up(&app, &ada).await;
    app.advance(Duration::from_secs(30));
    let token = ask(&app, ADA).await;
    let half = send(&app, &token, &code(&app, ADA).await).await;
    assert_eq!(half.brief(), "403 mfa_required");
    let answer = mfa::second(&app, &half.text("mfa_token"), &phone.code(&app)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(mfa::claims(&answer.text("access_token"))["amr"], json!(["otp", "mfa"]));
    // What waits for it ends when everybody is signed out.
    app.advance(Duration::from_secs(30));
    let token = ask(&app, ADA).await;
    let half = send(&app, &token, &code(&app, ADA).await).await.text("mfa_token");
    app.advance(Duration::from_secs(30));
    let everywhere =
        app.ask(&person(&answer), Method::POST, "/api/v1/logout", Some(json!({"everywhere": true}))).await;
    assert_eq!(everywhere.status, 204, "{everywhere:?}");
    assert_eq!(mfa::second(&app, &half, &phone.code(&app)).await.brief(), "401 invalid_mfa_token");
}

#[tokio::test]
async fn mf_05_where_a_second_factor_is_required_mail_leads_to_its_set_up() {
    let app = TestApp::with(BY_MAIL).await;
    verified(&app, ADA).await;
    app.apply(&format!("{BY_MAIL}mfa = \"required\"\n")).await;
    let token = ask(&app, ADA).await;
    let half = send(&app, &token, &code(&app, ADA).await).await;
    assert_eq!(half.brief(), "403 mfa_setup_required");
    let token = half.text("mfa_token");
    let begun = app.post("/api/v1/login/mfa/totp", json!({"mfa_token": token})).await;
    let phone = crate::support::Authenticator::of(&begun.text("secret"));
    assert_eq!(mfa::second(&app, &token, &phone.code(&app)).await.status, 200);
}

#[tokio::test]
async fn where_the_realm_has_it_not_nobody_signs_in_by_mail() {
    let app = TestApp::with(BY_MAIL).await;
    verified(&app, ADA).await;
    let (token, mails) = (ask(&app, ADA).await, code(&app, ADA).await);
    app.apply("[[realm]]\nname = \"default\"\nemail_sign_in = false\n").await;
    let asked = app.post("/api/v1/login/email", json!({"email": ADA})).await;
    assert_eq!(asked.brief(), "403 email_sign_in_off");
    assert_eq!(
        send(&app, &token, &mails).await.brief(),
        "403 email_sign_in_off",
        "also what was sent before"
    );
    assert_eq!(login_with(&app, ADA, crate::support::PASSWORD).await, "200");
}

#[tokio::test]
async fn rl_letters_to_sign_in_are_counted_with_all_others_to_an_address() {
    let app = TestApp::with(BY_MAIL).await;
    for _ in 0..5 {
        ask(&app, ADA).await;
    }
    let often = app.post("/api/v1/login/email", json!({"email": "ada@EXAMPLE.com"})).await;
    assert_eq!(often.brief(), "429 too_many_attempts");
    assert!(often.header("retry-after").is_some());
    ask(&app, "bob@example.com").await;
}
