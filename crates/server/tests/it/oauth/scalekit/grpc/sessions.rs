//! Sessions.

use axum::http::Method;

use super::{
    INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED, REALM, administering, told,
    wire::{Message, message},
};
use crate::support::TestApp;

#[tokio::test]
async fn sessions_are_listed_shown_and_ended_one_by_one() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let ask = async |method: &str, message: Message| {
        caller.call(&format!("sessions.SessionService/{method}"), message).await
    };
    let (first, second) = (app.sign_in("ada@example.com").await, app.sign_in("ada@example.com").await);
    let list = async |token: &str| {
        ask("GetUserSessions", message().text(1, &first.id).number(2, 1).text(3, token)).await
    };
    let one = list("").await.unwrap();
    let other = list(&one.text(&[2])).await.unwrap();
    assert_eq!(other.text(&[2]), "", "there are no more");
    let id = one.text(&[1, 1]);
    assert_ne!(id, other.text(&[1, 1]));
    assert_eq!((one.text(&[1, 2]), one.text(&[1, 11])), (first.id.clone(), "ACTIVE".into()));
    let shown = ask("GetSession", message().text(1, &id)).await.unwrap();
    assert_eq!(shown, one.each(1)[0]);
    assert_eq!(shown.number(&[5, 1]), 1_800_000_000);
    let filtered =
        async |filter: Message| ask("GetUserSessions", message().text(1, &first.id).within(4, filter)).await;
    assert_eq!(filtered(message().text(1, "active")).await.unwrap().each(1).len(), 2);
    assert!(filtered(message().text(1, "REVOKED")).await.unwrap().each(1).is_empty());
    let by_time = message().within(2, message().number(1, 1));
    filtered(by_time).await.unwrap_err().is(INVALID_ARGUMENT, "invalid_field");
    let ended = ask("RevokeSession", message().text(1, &id)).await.unwrap();
    assert_eq!((ended.text(&[1, 1]), ended.text(&[1, 11])), (id.clone(), "REVOKED".into()));
    for method in ["GetSession", "RevokeSession"] {
        for unknown in [id.as_str(), "ses_garbage", "ses_01jd3v6d7qk4r8x2m5n9p0t1wz"] {
            ask(method, message().text(1, unknown)).await.unwrap_err().is(NOT_FOUND, "not_found");
        }
    }
    let left = [&first, &second].map(|person| person.refresh_token.clone());
    let mut refreshed = Vec::new();
    for token in left {
        refreshed.push(app.refresh(&token).await.status.as_u16());
    }
    refreshed.sort_unstable();
    assert_eq!(refreshed, [200, 401], "one of them goes on");
    let nobody = message().text(1, "usr_01jd3v6d7qk4r8x2m5n9p0t1wz");
    ask("GetUserSessions", nobody).await.unwrap_err().is(NOT_FOUND, "not_found");
    assert_eq!(told(&app).await, ["session-revoked"]);
}

#[tokio::test]
async fn a_user_is_signed_out_everywhere() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let (first, second) = (app.sign_in("ada@example.com").await, app.sign_in("ada@example.com").await);
    let revoke = async |user: &str| {
        caller.call("sessions.SessionService/RevokeAllUserSessions", message().text(1, user)).await
    };
    let ended = revoke(&first.id).await.unwrap();
    assert_eq!((ended.number(&[2]), ended.each(1).len()), (2, 2));
    for person in [first, second] {
        assert_eq!(app.refresh(&person.refresh_token).await.status, 401);
    }
    for unknown in ["usr_01jd3v6d7qk4r8x2m5n9p0t1wz", "garbage"] {
        revoke(unknown).await.unwrap_err().is(NOT_FOUND, "not_found");
    }
    assert_eq!(told(&app).await, ["signed-out-everywhere"]);
}

/// AD-01: where an administrator is signed in is not for a client to see or to end.
#[tokio::test]
async fn the_sessions_of_an_administrator_are_beyond_a_client() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let root = app.sign_in("root@example.com").await;
    let own = app.ask(&root, Method::GET, "/api/v1/me/sessions", None).await.json();
    let session = own["sessions"][0]["id"].as_str().unwrap_or_else(|| panic!("{own}"));
    for (method, named) in [
        ("GetSession", session),
        ("RevokeSession", session),
        ("GetUserSessions", root.id.as_str()),
        ("RevokeAllUserSessions", root.id.as_str()),
    ] {
        let refused =
            caller.call(&format!("sessions.SessionService/{method}"), message().text(1, named)).await;
        let refused = refused.unwrap_err();
        refused.is(PERMISSION_DENIED, "missing_role");
        assert!(refused.text.contains("`realm-admin`"), "{method}: {}", refused.text);
    }
    assert_eq!(app.refresh(&root.refresh_token).await.status, 200, "signed in as before");
    assert_eq!(told(&app).await, [] as [&str; 0]);
}
