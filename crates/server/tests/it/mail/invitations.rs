//! Invitations into organizations are mailed (LG-15).

use std::time::Duration;

use axum::http::Method;
use serde_json::json;

use super::verified;
use crate::{
    pages::browser::Browser,
    support::{Person, TestApp},
};

struct World {
    app: TestApp,
    ada: Person,
    organization: String,
}

impl World {
    async fn new(name: &str) -> Self {
        let app = TestApp::new().await;
        let ada = verified(&app, "ada@example.com").await;
        let body = json!({"name": name, "slug": "acme"});
        let made = app.ask(&ada, Method::POST, "/api/v1/organizations", Some(body)).await;
        let organization = made.text("id");
        Self { app, ada, organization }
    }

    async fn invite(&self, email: &str) -> String {
        let path = format!("/api/v1/organizations/{}/invitations", self.organization);
        let body = json!({"email": email, "roles": []});
        let made = self.app.ask(&self.ada, Method::POST, &path, Some(body)).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.text("id")
    }

    async fn browser(&self, email: &str) -> Browser<'_> {
        verified(&self.app, email).await;
        let browser = Browser::new(&self.app);
        assert_eq!(browser.sign_in(email).await.status, 303);
        browser
    }

    async fn members(&self) -> usize {
        let path = format!("/api/v1/organizations/{}/members", self.organization);
        let answer = self.app.ask(&self.ada, Method::GET, &path, None).await;
        answer.json()["members"].as_array().unwrap().len()
    }
}

#[tokio::test]
async fn lg_15_who_is_invited_joins_by_the_link_in_their_mail() {
    let world = World::new("Acme").await;
    world.invite("grace@example.com").await;
    let letter = world.app.mail_to("grace@example.com").await.remove(0);
    assert_eq!(letter.subject, "Join Acme on default");
    let link = world.app.link("grace@example.com").await;
    // Nobody is signed in: one is asked to, and comes back.
    let browser = Browser::new(&world.app);
    let asked = browser.get(&link).await;
    assert_eq!(asked.status, 303);
    verified(&world.app, "grace@example.com").await;
    let page = browser.get(asked.location()).await;
    let fields = [("username", "grace@example.com"), ("password", crate::support::PASSWORD)];
    let back = browser.fill(&page, &fields).await;
    assert_eq!(back.location(), link);
    let page = browser.get(&link).await;
    assert!(page.html().contains("Join <bdi>Acme</bdi>?"), "{}", page.html());
    assert_eq!(world.members().await, 1, "opening it joins nobody");
    let token = page.hidden("token").unwrap();
    let joined = browser.fill(&page, &[("token", &token)]).await;
    assert!(joined.html().contains("You belong to <bdi>Acme</bdi>"), "{}", joined.html());
    assert_eq!(world.members().await, 2);
    assert_eq!(browser.get(&link).await.status, 403, "once");
}

#[tokio::test]
async fn lg_15_it_is_of_no_use_to_anybody_else() {
    let world = World::new("Acme").await;
    world.invite("grace@example.com").await;
    let link = world.app.link("grace@example.com").await;
    let eve = world.browser("eve@example.com").await;
    let (refused, made_up) = (eve.get(&link).await, eve.get("/invitation?token=gp_inv_madeup").await);
    assert_eq!((refused.status, made_up.status), (403.try_into().unwrap(), 403.try_into().unwrap()));
    assert!(!refused.html().contains("Acme"), "not even where it leads");
    let csrf = eve.get("/account/profile").await.hidden("csrf").unwrap();
    let token = link.split_once("token=").unwrap().1;
    assert_eq!(eve.post("/invitation", &[("csrf", &csrf), ("token", token)]).await.status, 403);
    // Her address is right and not proven.
    assert_eq!(world.app.register("grace@example.com").await.status, 201);
    let grace = Browser::new(&world.app);
    grace.sign_in("grace@example.com").await;
    let first = grace.get(&link).await;
    assert_eq!(first.status, 403);
    assert!(first.html().contains("must be confirmed first"), "{}", first.html());
    // A form of another site.
    let csrf = eve.get("/account/profile").await.hidden("csrf").unwrap();
    assert_eq!(grace.post("/invitation", &[("csrf", &csrf), ("token", token)]).await.status, 403);
    assert_eq!(world.members().await, 1);
}

#[tokio::test]
async fn lg_15_what_was_taken_back_or_is_over_is_not_sent() {
    let world = World::new("Acme").await;
    let id = world.invite("grace@example.com").await;
    let path = format!("/api/v1/organizations/{}/invitations/{id}", world.organization);
    assert_eq!(world.app.ask(&world.ada, Method::DELETE, &path, None).await.status, 204);
    assert!(world.app.mail_to("grace@example.com").await.is_empty());
    world.invite("alan@example.com").await;
    world.app.advance(Duration::from_hours(24 * 7));
    assert!(world.app.mail_to("alan@example.com").await.is_empty());
}

/// Whoever names an organization writes into the mailbox of anybody they like.
#[tokio::test]
async fn lg_15_a_name_is_no_advertisement() {
    let world = World::new("Win at evil.example now").await;
    world.invite("grace@example.com").await;
    let letter = world.app.mail_to("grace@example.com").await.remove(0);
    assert_eq!(letter.subject, "Join acme on default");
    assert!(!letter.text.contains("evil") && !letter.html.contains("evil"));
}

/// The row that waits holds nothing that could be used.
#[tokio::test]
async fn lg_15_no_usable_link_waits_in_the_database() {
    let world = World::new("Acme").await;
    world.invite("grace@example.com").await;
    world.app.post("/api/v1/recover", json!({"email": "ada@example.com"})).await;
    let waiting = world.app.outbox().await;
    assert_eq!(waiting.len(), 2, "{waiting:?}");
    for row in &waiting {
        for prefix in ["gp_inv_", "gp_pr_", "gp_ev_", "http"] {
            assert!(!row.contains(prefix), "{row}");
        }
    }
    world.app.mail_to("grace@example.com").await;
    assert!(world.app.outbox().await.is_empty(), "what was sent is not kept");
}
