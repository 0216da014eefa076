use std::time::Duration;

use axum::http::Method;
use serde_json::json;

use super::{ADA, EVE, listed, trail};
use crate::support::{Person, SoftPasskey, TestApp, made};

async fn id_of(app: &TestApp, who: &Person) -> String {
    let first = listed(app, who).await.remove(0);
    format!("/api/v1/me/passkeys/{}", first["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_passkey_is_renamed_and_removed_by_its_owner_and_the_codes_go_with_the_last() {
    let app = TestApp::new().await;
    let (_, key, _) = app.person_with_passkey(ADA).await;
    let ada = app.sign_in_with(&key).await;
    let path = id_of(&app, &ada).await;
    let rename =
        async |name: &str| app.ask(&ada, Method::PATCH, &path, Some(json!({"name": name}))).await.brief();
    assert_eq!(rename("The blue key").await, "204");
    assert_eq!(listed(&app, &ada).await[0]["name"], "The blue key");
    for bad in ["", " ", "a\u{202e}b", &"x".repeat(201)] {
        assert_eq!(rename(bad).await, "422 invalid_field", "{bad}");
    }
    assert_eq!(trail(&app, "passkey-renamed").await.len(), 1);

    let mut second = SoftPasskey::es256();
    app.add_passkey(&ada, &mut second).await;
    assert_eq!(app.ask(&ada, Method::DELETE, &path, None).await.status, 204);
    assert_eq!(app.show_passkey(&key).await.brief(), "403 invalid_passkey");
    assert_eq!(app.ask(&ada, Method::DELETE, &path, None).await.brief(), "404 not_found");
    assert_eq!(app.login(ADA).await.brief(), "403 mfa_required", "there is one more");
    let view = async || app.ask(&ada, Method::GET, "/api/v1/me/mfa", None).await.json();
    assert_eq!(view().await["recovery_codes"]["left"], 10);
    let last = id_of(&app, &ada).await;
    assert_eq!(app.ask(&ada, Method::DELETE, &last, None).await.status, 204);
    assert_eq!(app.login(ADA).await.status, 200);
    assert_eq!(view().await["recovery_codes"]["total"], 0);
    let events = trail(&app, "second-factor-removed").await;
    assert_eq!((events.len(), &events[0]["detail"]["kind"]), (2, &json!("passkey")));
}

/// MF-06: by whoever has just proved all there is to prove, and of one's own.
#[tokio::test]
async fn mf_06_passkeys_are_changed_by_their_owner_who_has_just_signed_in_with_all_they_have() {
    let app = TestApp::new().await;
    let (before, key, _) = app.person_with_passkey(ADA).await;
    let (_, hers, _) = app.person_with_passkey(EVE).await;
    let eve = app.sign_in_with(&hers).await;
    let path = id_of(&app, &before).await;
    // Signed in by the password alone, before there was a second factor.
    let remove = async |who: &Person| app.ask(who, Method::DELETE, &path, None).await.brief();
    assert_eq!(remove(&before).await, "401 reauthentication_required");
    let begin =
        async |who: &Person| app.ask(who, Method::POST, "/api/v1/me/passkeys/options", None).await.brief();
    assert_eq!(begin(&before).await, "401 reauthentication_required");
    // Somebody else's.
    assert_eq!(remove(&eve).await, "404 not_found");
    let renamed = app.ask(&eve, Method::PATCH, &path, Some(json!({"name": "Mine"}))).await;
    assert_eq!(renamed.brief(), "404 not_found");
    // Too long ago; also for what was begun in time.
    let ada = app.sign_in_with(&key).await;
    let options = app.options_to_make(&ada).await;
    app.advance(Duration::from_mins(10));
    assert_eq!(remove(&ada).await, "401 reauthentication_required");
    assert_eq!(begin(&ada).await, "401 reauthentication_required");
    let mut late = SoftPasskey::es256();
    assert_eq!(
        app.send_made(&ada, &made(&mut late, &options)).await.brief(),
        "401 reauthentication_required"
    );
    assert_eq!(listed(&app, &ada).await.len(), 1);
    assert_eq!(remove(&app.sign_in_with(&key).await).await, "204");
}

#[tokio::test]
async fn mf_06_the_last_factor_stays_where_one_is_required() {
    let app = TestApp::new().await;
    let (_, key, _) = app.person_with_passkey(ADA).await;
    app.apply("[[realm]]\nname = \"default\"\nmfa = \"required\"\n").await;
    let ada = app.sign_in_with(&key).await;
    let path = id_of(&app, &ada).await;
    assert_eq!(app.ask(&ada, Method::DELETE, &path, None).await.brief(), "409 last_second_factor");
    app.add_passkey(&ada, &mut SoftPasskey::es256()).await;
    assert_eq!(app.ask(&ada, Method::DELETE, &path, None).await.status, 204);
}

/// An account without a password is left by nobody without a way in.
#[tokio::test]
async fn mf_06_the_last_way_in_stays() {
    let app = TestApp::new().await;
    let (_, key, _) = app.person_with_passkey(ADA).await;
    app.execute("DELETE FROM passwords").await;
    let ada = app.sign_in_with(&key).await;
    let path = id_of(&app, &ada).await;
    assert_eq!(app.ask(&ada, Method::DELETE, &path, None).await.brief(), "409 last_way_in");
    let mut second = SoftPasskey::es256();
    app.add_passkey(&ada, &mut second).await;
    assert_eq!(app.ask(&ada, Method::DELETE, &path, None).await.status, 204);
    assert_eq!(app.sign_in_with(&second).await.id, ada.id);
}

/// Reset by an administrator: everything is gone, and everybody is signed out.
#[tokio::test]
async fn an_administrator_resets_passkeys_with_the_other_factors() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let (ada, key, _) = app.person_with_passkey(ADA).await;
    let path = format!("/api/v1/admin/users/{}/mfa", ada.id);
    let view = app.ask(&admin, Method::GET, &path, None).await.json();
    assert_eq!(view["factors"][0]["kind"], "passkey");
    assert_eq!(app.ask(&admin, Method::DELETE, &path, None).await.status, 204);
    assert_eq!(app.show_passkey(&key).await.brief(), "403 invalid_passkey");
    assert_eq!(app.login(ADA).await.status, 200);
    assert_eq!(trail(&app, "second-factors-reset").await[0]["detail"]["kinds"], "passkey");
}
