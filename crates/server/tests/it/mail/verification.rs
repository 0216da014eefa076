//! The address of a new account.

use std::time::Duration;

use serde_json::json;

use super::{VERIFIED, confirm, old_password};
use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn one_signs_in_once_the_address_is_confirmed() {
    let app = TestApp::with(VERIFIED).await;
    assert_eq!(app.register("ada@example.com").await.status, 201);
    assert_eq!(old_password(&app, "ada@example.com").await, "403 email_unverified");
    let letters = app.mail_to("ada@example.com").await;
    assert_eq!(letters.len(), 1, "knowing the password at once sends no second link");
    assert_eq!(letters[0].subject, "Confirm your e-mail for default");
    let token = app.token("ada@example.com").await;
    // Programs that check mail open every link: that confirms nothing.
    assert_eq!(app.get(&format!("/verify-email?token={token}")).await.status, 200);
    assert_eq!(old_password(&app, "ada@example.com").await, "403 email_unverified");
    let answer = confirm(&app, &token).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["email_verified"]), (200, &json!(true)));
    assert_eq!(confirm(&app, &token).await.brief(), "400 invalid_link", "once");
    app.sign_in("ada@example.com").await;
}

#[tokio::test]
async fn whoever_knows_the_password_is_sent_another_link() {
    let app = TestApp::with(VERIFIED).await;
    app.register("ada@example.com").await;
    let first = app.token("ada@example.com").await;
    app.advance(Duration::from_hours(25));
    assert_eq!(confirm(&app, &first).await.brief(), "400 invalid_link", "a day at most");
    assert_eq!(old_password(&app, "ada@example.com").await, "403 email_unverified");
    let second = app.token("ada@example.com").await;
    assert_ne!(first, second);
    assert_eq!(confirm(&app, &second).await.status, 200);
}

#[tokio::test]
async fn a_link_is_sent_again_to_whom_it_is_of_use_and_the_older_ends() {
    let app = TestApp::new().await;
    app.register("Ada@Example.com").await;
    let first = app.token("Ada@Example.com").await;
    let resend = async |email: &str| app.post("/api/v1/verify-email/resend", json!({"email": email})).await;
    assert_eq!(resend("ada@example.com").await.status, 202);
    assert_eq!(app.mail_to("Ada@Example.com").await.len(), 1, "not twice within seconds");
    app.advance(Duration::from_secs(31));
    // LG-08: however it is typed, it goes to the address as stored.
    assert_eq!(resend("ADA@EXAMPLE.COM").await.status, 202);
    let second = app.token("Ada@Example.com").await;
    assert_eq!(app.app.kept_mail().len(), 2);
    assert_eq!(confirm(&app, &first).await.brief(), "400 invalid_link");
    assert_eq!(confirm(&app, &second).await.status, 200);
    app.advance(Duration::from_secs(31));
    assert_eq!(resend("ada@example.com").await.status, 202);
    assert_eq!(resend("nobody@example.com").await.status, 202);
    assert_eq!(app.mail_to("Ada@Example.com").await.len(), 2, "it is confirmed");
    assert_eq!(app.app.kept_mail().len(), 2);
    assert_eq!(resend("no address").await.brief(), "422 invalid_field");
}

#[tokio::test]
async fn mail_is_in_the_language_of_whoever_asks() {
    let app = TestApp::new().await;
    let request = axum::http::Request::post("/api/v1/register")
        .header("host", "127.0.0.1:8400")
        .header("content-type", "application/json")
        .header("accept-language", "ar, en;q=0.5")
        .body(axum::body::Body::from(json!({"email": "ada@example.com", "password": PASSWORD}).to_string()))
        .unwrap();
    assert_eq!(app.send(request).await.status, 201);
    let letter = app.mail_to("ada@example.com").await.remove(0);
    assert!(letter.html.contains("lang=\"ar\" dir=\"rtl\""), "{}", letter.html);
    assert_eq!(letter.subject, "أكّد بريدك الإلكتروني في default");
}

#[tokio::test]
async fn the_realms_name_picture_and_colour_are_in_the_letter() {
    let app = TestApp::with(
        "[[realm]]\nname = \"default\"\ndisplay_name = \"Tideline & Co\"\naccent = \"#ffb300\"\n",
    )
    .await;
    app.register("ada@example.com").await;
    let letter = app.mail_to("ada@example.com").await.remove(0);
    assert_eq!(
        (letter.from.as_str(), letter.subject.as_str()),
        ("Tideline & Co", "Confirm your e-mail for Tideline & Co")
    );
    // Black letters on it, for white ones could not be read.
    assert!(letter.html.contains("background-color:#ffb300;color:#000000"), "{}", letter.html);
    assert!(
        letter.html.contains("Tideline &#38; Co") && letter.text.contains("Tideline & Co, 127.0.0.1:8400.")
    );
    assert!(!letter.html.contains("<img"), "there is no picture");
}
