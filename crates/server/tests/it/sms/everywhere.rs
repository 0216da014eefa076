//! A number is a second factor wherever one is known.

use axum::http::Method;
use serde_json::json;

use super::{ADA, NUMBER, PAUSE, Sender, begin, confirm, factors, remove, world};
use crate::{
    mfa::{half, recover, trail},
    support::{PASSWORD, TestApp, person},
    webhooks::Receiver,
};

#[tokio::test]
async fn what_is_removed_is_asked_for_no_more_and_takes_the_recovery_codes_with_it() {
    let (app, sender, ada, _) = world().await;
    let admin = app.admin().await;
    assert_eq!(remove(&app, &ada).await.status, 204);
    assert_eq!(remove(&app, &ada).await.brief(), "404 not_found");
    assert_eq!(app.login(ADA).await.status, 200);
    let view = app.ask(&ada, Method::GET, "/api/v1/me/mfa", None).await.json();
    assert_eq!((&view["factors"], &view["recovery_codes"]["total"]), (&json!([]), &json!(0)));
    assert_eq!(trail(&app, &admin, "second-factor-removed").await[0]["detail"]["kind"], "sms");
    app.advance(PAUSE);
    assert_eq!(begin(&app, &ada, NUMBER).await.status, 200, "and can be set up again");
    assert_eq!(confirm(&app, &ada, &sender.code()).await.status, 200);
}

#[tokio::test]
async fn it_is_enough_where_a_factor_is_required_and_the_last_one_stays() {
    let (app, sender, ada, _) = world().await;
    app.apply("[[realm]]\nname = \"default\"\nmfa = \"required\"\n").await;
    assert_eq!(remove(&app, &ada).await.brief(), "409 last_second_factor");
    let two = sender.sign_in(&app, ADA).await;
    crate::mfa::begin(&app, &two).await;
}

#[tokio::test]
async fn an_administrator_sees_who_has_one_and_takes_it_away() {
    let (app, sender, ada, codes) = world().await;
    let admin = app.admin().await;
    let listed = app.ask(&admin, Method::GET, "/api/v1/admin/users?mfa=enrolled", None).await.json();
    assert_eq!((listed["users"].as_array().unwrap().len(), &listed["users"][0]["id"]), (1, &json!(ada.id)));
    let token = half(&app, ADA).await;
    let code = sender.code_for(&app, &token).await;
    let path = format!("/api/v1/admin/users/{}/mfa", ada.id);
    assert_eq!(app.ask(&admin, Method::DELETE, &path, None).await.status, 204);
    assert_eq!(trail(&app, &admin, "second-factors-reset").await[0]["detail"]["kinds"], "sms");
    assert_ne!(super::show(&app, &token, &code).await.status, 200);
    assert_ne!(recover(&app, &token, &codes[0]).await.status, 200);
    assert_eq!(factors(&app, &app.sign_in(ADA).await).await, json!([]));
}

/// Whoever had the password before does not finish what they began.
#[tokio::test]
async fn another_password_ends_what_was_being_set_up() {
    let app = TestApp::new().await;
    let (sender, ada) = (Sender::of(&app).await, app.person(ADA).await);
    begin(&app, &ada, NUMBER).await;
    let code = sender.code();
    let change = json!({"current_password": PASSWORD, "new_password": "another engine weaves"});
    assert_eq!(app.ask(&ada, Method::POST, "/api/v1/me/password", Some(change)).await.status, 204);
    assert_eq!(confirm(&app, &ada, &code).await.brief(), "403 sms_code_expired");
}

#[tokio::test]
async fn a_password_alone_changes_no_password_where_there_is_a_number() {
    let (app, sender, _, _) = world().await;
    let (one, change) = {
        // A session from before.
        let eve = app.person("eve@example.com").await;
        let other = app.sign_in("eve@example.com").await;
        app.advance(PAUSE);
        assert_eq!(begin(&app, &other, "+12025550199").await.status, 200);
        assert_eq!(confirm(&app, &other, &sender.code()).await.status, 200);
        (eve, json!({"current_password": PASSWORD, "new_password": "another engine weaves"}))
    };
    let answer = app.ask(&one, Method::POST, "/api/v1/me/password", Some(change)).await;
    assert_eq!(answer.brief(), "401 reauthentication_required");
}

#[tokio::test]
async fn webhooks_are_told_from_the_first_factor_to_the_last() {
    let app = TestApp::new().await;
    let (admin, receiver) = (app.admin().await, Receiver::new().await);
    let hook = json!({"url": receiver.url("/hook"), "events": ["mfa.enabled", "mfa.disabled"]});
    assert_eq!(app.ask(&admin, Method::POST, "/api/v1/admin/webhooks", Some(hook)).await.status, 201);
    let (sender, ada) = (Sender::of(&app).await, app.person(ADA).await);
    let told = async || {
        app.app.send_webhooks().await.unwrap();
        let told = receiver.take().remove(0).json();
        assert!(!told.to_string().contains(&NUMBER[1..]), "{told}");
        (told["type"].clone(), told["data"]["user"]["mfa"].clone())
    };
    sender.set_up(&app, &ada).await;
    assert_eq!(told().await, (json!("mfa.enabled"), json!(true)));
    assert_eq!(remove(&app, &ada).await.status, 204);
    assert_eq!(told().await, (json!("mfa.disabled"), json!(false)));
}

/// A number goes with its account, and its digits are nobody's.
#[tokio::test]
async fn two_people_may_share_a_telephone_and_neither_signs_in_as_the_other() {
    let (app, sender, ada, _) = world().await;
    let bob = app.person("bob@example.com").await;
    sender.set_up(&app, &bob).await;
    let (hers, his) = (half(&app, ADA).await, half(&app, "bob@example.com").await);
    let for_her = sender.code_for(&app, &hers).await;
    let for_him = sender.code_for(&app, &his).await;
    if for_her != for_him {
        assert_eq!(super::show(&app, &his, &for_her).await.brief(), "403 invalid_code");
    }
    assert_eq!(person(&super::show(&app, &his, &for_him).await).id, bob.id);
    assert_eq!(person(&super::show(&app, &hers, &for_her).await).id, ada.id);
}
