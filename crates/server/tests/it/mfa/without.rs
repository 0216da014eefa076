//! Who has no second factor is listed for whoever manages them.

use axum::http::Method;
use serde_json::{Value, json};

use super::{ADA, begin, organizations::World};
use crate::support::{Person, SoftPasskey};

const BOB: &str = "bob@example.com";

/// Whoever manages an organization finds those whom its demand will lock out, before it is made; no other member is told.
#[tokio::test]
async fn those_without_a_second_factor_are_listed_for_whoever_manages_them() {
    let world = World::new().await;
    let (app, admin) = (&world.app, world.app.admin().await);
    let listed = async |who: &Person, path: &str, query: &str| -> Vec<String> {
        let answer = app.ask(who, Method::GET, &format!("{path}?{query}"), None).await;
        assert_eq!(answer.status, 200, "{path}?{query}: {answer:?}");
        let body = answer.json();
        let people = body.get("members").or_else(|| body.get("users")).unwrap().as_array().unwrap().clone();
        let address = |one: &Value| one["email"].as_str().map(str::to_owned);
        people.iter().filter_map(address).filter(|email| !email.starts_with("admin")).collect()
    };
    let (members, managed) =
        (world.path("/members"), format!("/api/v1/admin{}", &world.path("/members")[7..]));
    for (who, path) in [(&world.ada, &*members), (&admin, &managed), (&admin, "/api/v1/admin/users")] {
        assert_eq!(listed(who, path, "mfa=none").await, [BOB], "{path}");
        assert_eq!(listed(who, path, "mfa=enrolled").await, [ADA], "{path}");
        assert_eq!(listed(who, path, "mfa=none&limit=1").await, [BOB], "{path}");
        let wrong = app.ask(who, Method::GET, &format!("{path}?mfa=totp"), None).await;
        assert_eq!(wrong.brief(), "400 invalid_query", "{path}");
    }
    // An app that is only begun is none; a passkey is one.
    begin(app, &world.bob).await;
    assert_eq!(listed(&world.ada, &members, "mfa=none").await, [BOB]);
    app.add_passkey(&world.bob, &mut SoftPasskey::es256()).await;
    assert_eq!(listed(&world.ada, &members, "mfa=none").await, [""; 0]);
    // Who manages nobody sees who belongs there, and not how they sign in.
    let roles = json!({"roles": ["reader"]});
    let path = world.path(&format!("/members/{}", world.bob.id));
    assert_eq!(app.ask(&world.ada, Method::PATCH, &path, Some(roles)).await.status, 200);
    let refused = app.ask(&world.bob, Method::GET, &format!("{members}?mfa=none"), None).await;
    assert_eq!(refused.brief(), "403 missing_permission");
    assert_eq!(listed(&world.bob, &members, "limit=9").await.len(), 2);
}
