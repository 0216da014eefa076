//! Until when a member goes on without the second factor that an organization asks for is said wherever the realm's own time is.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use super::{organizations::World, set_up};
use crate::{
    pages::browser::Browser,
    support::{Person, TestApp},
};

const BOB: &str = "bob@example.com";
const DAY: Duration = Duration::from_hours(24);

async fn shown(app: &TestApp, who: &Person, path: &str) -> Value {
    let answer = app.ask(who, Method::GET, path, None).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[tokio::test]
async fn a_member_without_a_factor_reads_until_when_there_is_time_for_one() {
    let world = World::saying("mfa_grace = \"7d\"").await;
    let (app, bob) = (&world.app, &world.bob);
    let status = shown(app, bob, "/api/v1/me/mfa").await;
    assert_eq!(status.get("organization"), None, "nobody asks");
    assert_eq!(shown(app, bob, &world.path("")).await.get("mfa_setup_required_by"), None);
    app.advance(DAY);
    let bob = &app.sign_in(BOB).await;
    let ada = &super::sign_in(app, super::ADA, &world.phone).await;
    world.ask_as(ada).await;
    let until = json!(app.clock.now().plus(DAY * 7));
    let asking = json!({"id": world.id, "slug": "acme", "name": "Acme", "setup_required_by": until});
    let status = shown(app, bob, "/api/v1/me/mfa").await;
    assert_eq!((&status["policy"], &status["organization"]), (&json!("optional"), &asking));
    assert_eq!(status.get("setup_required_by"), None, "the realm asks for nothing");
    assert_eq!(shown(app, bob, &world.path("")).await["mfa_setup_required_by"], until);
    let listed = shown(app, bob, "/api/v1/organizations").await;
    assert_eq!(listed["organizations"][0]["mfa_setup_required_by"], until);
    // An administrator sees the same of him.
    let admin = app.admin().await;
    let status = shown(app, &admin, &format!("/api/v1/admin/users/{}/mfa", bob.id)).await;
    assert_eq!(status["organization"], asking);
    // Whoever has one has nothing to set up; who asks is said all the same, for it is why the last one stays.
    let status = shown(app, ada, "/api/v1/me/mfa").await;
    assert_eq!(status["organization"], json!({"id": world.id, "slug": "acme", "name": "Acme"}));
    assert_eq!(shown(app, ada, &world.path("")).await.get("mfa_setup_required_by"), None);
    // It is the moment at which it closes, and is said also afterwards.
    app.advance(Duration::from_secs(7 * 24 * 60 * 60 - 1));
    let late = app.sign_in(BOB).await;
    assert_eq!(world.switch(&late).await.status, 200);
    app.advance(Duration::from_secs(1));
    let late = app.sign_in(BOB).await;
    assert_eq!(world.switch(&late).await.brief(), "403 mfa_setup_required");
    assert_eq!(shown(app, &late, &world.path("")).await["mfa_setup_required_by"], until);
    set_up(app, &late).await;
    assert_eq!(shown(app, &late, &world.path("")).await.get("mfa_setup_required_by"), None);
}

#[tokio::test]
async fn who_joins_reads_at_once_until_when_there_is_time() {
    let world = World::saying("mfa_grace = \"7d\"").await;
    let app = &world.app;
    world.ask().await;
    let until = json!(app.clock.now().plus(DAY * 7));
    let leave = world.path(&format!("/members/{}", world.bob.id));
    assert_eq!(app.ask(&world.bob, Method::DELETE, &leave, None).await.status, 204);
    let body = json!({"email": BOB, "roles": []});
    let token =
        app.ask(&world.ada, Method::POST, &world.path("/invitations"), Some(body)).await.text("token");
    let path = "/api/v1/invitations/accept";
    let joined = app.ask(&world.bob, Method::POST, path, Some(json!({"token": token}))).await;
    assert_eq!((joined.status.as_u16(), &joined.json()["mfa_setup_required_by"]), (200, &until));
}

#[tokio::test]
async fn the_pages_say_until_when_and_afterwards_what_is_closed() {
    let world = World::saying("mfa_grace = \"7d\"").await;
    let app = &world.app;
    world.ask().await;
    let browser = Browser::new(app);
    let step = browser.sign_in(BOB).await.location().to_owned();
    let page = browser.get(&step).await;
    // 1_800_000_000 is 2027-01-15 08:00.
    let soon = "<bdi>Acme</bdi> asks its members for a second step from <bdi>22 January 2027";
    assert!(page.html().contains(soon), "{}", page.html());
    for language in ["de", "ar"] {
        let page = browser.get(&format!("{step}&language={language}")).await.html();
        assert!(page.contains("2027") && page.contains("id=\"mfa-later\""), "{page}");
    }
    browser.get(&format!("{step}&language=en")).await;
    browser.fill(&page, &[("act", "later")]).await;
    let security = browser.get("/account/security").await.html();
    assert!(security.contains("Set one up by <bdi>22 January 2027"), "{security}");
    app.advance(DAY * 7);
    let browser = Browser::new(app);
    let step = browser.sign_in(BOB).await.location().to_owned();
    let page = browser.get(&step).await;
    assert!(page.html().contains("You can work there once you have one"), "{}", page.html());
    browser.fill(&page, &[("act", "later")]).await;
    let security = browser.get("/account/security").await.html();
    assert!(security.contains("Set one up to work there."), "{security}");
}
