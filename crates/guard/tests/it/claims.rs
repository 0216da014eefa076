//! What a user carries, and what it keeps to itself.

use std::sync::Arc;

use axum::Router;
use axum::routing::get as on_get;
use gatepost_guard::{Claims, Refusal};
use serde::Deserialize;
use serde_json::json;

use crate::support::*;

#[derive(Debug, Deserialize, PartialEq)]
struct Plan {
    plan: Kind,
    seats: u32,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Free,
    Pro,
}

#[tokio::test]
async fn a_user_has_the_fields_of_the_token() {
    let user = user(json!({
        "email": "ada@example.com", "email_verified": true, "name": "Ada", "roles": ["admin"], "permissions": ["notes:*"],
        "scope": "notes read", "realm_id": "acme", "sid": "ses_1", "auth_time": NOW - 5, "plan": "pro",
    }))
    .await;
    assert_eq!(
        (user.id.as_str(), user.email.as_deref(), user.name.as_deref()),
        ("usr_ada", Some("ada@example.com"), Some("Ada"))
    );
    assert_eq!(
        (&user.roles[..], &user.permissions[..]),
        (&["admin".to_owned()][..], &["notes:*".to_owned()][..])
    );
    assert_eq!(user.scopes, ["notes", "read"]);
    assert_eq!(
        (user.realm.as_deref(), user.session_id.as_deref(), user.client_id.as_deref()),
        (Some("acme"), Some("ses_1"), Some("web"))
    );
    assert_eq!((user.issuer.as_str(), user.signed_in_at, user.checked_at()), (ISSUER, Some(NOW - 5), NOW));
    assert!(
        user.email_verified && user.has_role("admin") && user.can("notes:write") && user.has_scope("read")
    );
    assert!(
        user.claims["plan"] == "pro"
            && user.claims["nothing"].is_null()
            && user.claims.get("nothing").is_none()
    );
}

#[tokio::test]
async fn debug_output_shows_no_address_and_no_name() {
    let user = user(json!({ "email": "ada@example.com", "name": "Ada Lovelace", "card": "4111" })).await;
    let shown = format!("{user:?} {:?}", user.claims);
    assert!(shown.contains("usr_ada"), "{shown}");
    for hidden in ["ada@example.com", "Lovelace", "4111"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}

#[tokio::test]
async fn claims_are_read_as_the_applications_type_once_per_token() {
    let user = user(json!({ "plan": "pro", "seats": 3 })).await;
    let plan = user.read::<Plan>().unwrap();
    assert_eq!(*plan, Plan { plan: Kind::Pro, seats: 3 });
    assert!(Arc::ptr_eq(&plan, &user.clone().read::<Plan>().unwrap()), "kept with the token");
    assert_eq!(user.read::<Vec<u8>>().unwrap_err(), Refusal::Invalid);
}

#[tokio::test]
async fn claims_that_do_not_fit_are_401_and_the_log_names_the_field_without_its_value() {
    let (guard, key) = offline();
    let app = Router::new()
        .route("/plan", on_get(|Claims(plan): Claims<Plan>| async move { format!("{:?}", plan.plan) }))
        .with_state(guard);
    let ask = async |more| get(&app, "/plan", &[&bearer(&token(&key, &claims(ISSUER, more)))]).await;
    assert_eq!(ask(json!({ "plan": "free", "seats": 1 })).await.body, "Free");
    let log = Log::default();
    let _logging = log.listen();
    for (more, field) in [
        (json!({ "plan": "s3cret", "seats": 1 }), "plan"),
        (json!({ "plan": "pro", "seats": "s3cret" }), "seats"),
        (json!({ "plan": "pro", "x": "s3cret" }), "missing field `seats`"),
    ] {
        let answer = ask(more).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "invalid_token"));
        let logged = log.take();
        assert!(logged.contains(field), "{field}: {logged}");
        assert!(!logged.contains("s3cret") && !logged.contains("eyJ"), "{logged}");
    }
}
