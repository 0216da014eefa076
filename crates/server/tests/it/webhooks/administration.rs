//! `/api/v1/admin/webhooks`

use axum::http::{Method, Request, header};
use serde_json::{Value, json};

use super::{HOOKS, World, make, receiver::nowhere};
use crate::support::TestApp;

#[tokio::test]
async fn a_webhook_is_made_listed_shown_changed_and_removed() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let ask =
        async |method: Method, path: &str, body: Option<Value>| app.ask(&admin, method, path, body).await;
    let body = json!({"url": "https://app.test/hook", "name": "The ledger", "events": ["user.deleted", "user.created"]});
    let made = ask(Method::POST, HOOKS, Some(body)).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert!(made.text("secret").starts_with("whsec_") && made.header("etag").is_some());
    let (id, now) = (made.text("id"), app.clock.now());
    let mut expected = made.json();
    expected.as_object_mut().unwrap().remove("secret");
    assert_eq!(
        expected,
        json!({
            "id": id, "url": "https://app.test/hook", "name": "The ledger", "events": ["user.created", "user.deleted"],
            "form": "standard", "state": "on", "previous_secret_until": null, "created_at": now, "updated_at": now,
        })
    );
    let path = format!("{HOOKS}/{id}");
    assert_eq!(ask(Method::GET, &path, None).await.json(), expected, "and never the secret again");
    app.advance(std::time::Duration::from_millis(2));
    let other = make(&app, &admin, "https://app.test/other", &["*"]).await;
    let page = ask(Method::GET, &format!("{HOOKS}?limit=1"), None).await.json();
    assert_eq!((&page["webhooks"], &page["next_cursor"]), (&json!([expected]), &json!(id)));
    let page = ask(Method::GET, &format!("{HOOKS}?cursor={id}"), None).await.json();
    assert_eq!((&page["webhooks"][0]["id"], &page["next_cursor"]), (&json!(other.id), &json!(null)));
    let change = json!({"name": null, "events": ["*"], "enabled": false, "url": "https://app.test/new"});
    let changed = ask(Method::PATCH, &path, Some(change)).await.json();
    assert_eq!(
        (&changed["name"], &changed["events"], &changed["state"], &changed["url"]),
        (&json!(null), &json!(["*"]), &json!("off"), &json!("https://app.test/new"))
    );
    assert_eq!(ask(Method::DELETE, &path, None).await.status, 204);
    assert_eq!(ask(Method::GET, &path, None).await.brief(), "404 not_found");
    let trail = ask(Method::GET, "/api/v1/admin/audit", None).await.json();
    let told = |name: &str| {
        let events = trail["events"].as_array().unwrap().iter();
        let of_this =
            events.filter(|event| event["event"] == json!(name) && event["detail"]["webhook"] == json!(id));
        of_this.map(|event| event["detail"].clone()).collect::<Vec<_>>()
    };
    let mut detail = json!({"webhook": id, "host": "app.test"});
    assert_eq!(told("webhook-deleted"), std::slice::from_ref(&detail));
    detail["changed"] = json!("url name events state");
    (detail["events"], detail["state"]) = (json!("*"), json!("off"));
    assert_eq!(told("webhook-updated"), [detail]);
    assert_eq!(told("webhook-created").len(), 1);
    assert!(!trail.to_string().contains("/hook") && !trail.to_string().contains("whsec_"), "{trail}");
}

#[tokio::test]
async fn what_cannot_be_kept_is_named() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let good = json!({"url": "https://app.test/hook", "events": ["*"]});
    let refused = async |member: &str, value: Value| {
        let mut body = good.clone();
        body[member] = value;
        let answer = app.ask(&admin, Method::POST, HOOKS, Some(body)).await;
        (
            answer.brief(),
            answer.text("detail").split_once(':').map(|(field, _)| field.trim_matches('`').to_owned()),
        )
    };
    let field = |name: &str| ("422 invalid_field".to_owned(), Some(name.to_owned()));
    assert_eq!(refused("events", json!([])).await, field("events"));
    assert_eq!(refused("events", json!(["user.create"])).await, field("events"));
    assert_eq!(refused("events", json!(["webhook.test"])).await, field("events"));
    assert_eq!(refused("events", json!(["*", "user.created"])).await, field("events"));
    assert_eq!(refused("name", json!("")).await, field("name"));
    assert_eq!(refused("secret", json!("secret")).await, field("secret"));
    assert_eq!(refused("secret", json!("whsec_c2hvcnQ=")).await, field("secret"));
    let body = json!({"url": "https://app.test/hook", "events": ["user.create"]});
    let told = app.ask(&admin, Method::POST, HOOKS, Some(body)).await.text("detail");
    assert!(told.contains("did you mean user.created?"), "{told}");
    for number in 0..50 {
        make(&app, &admin, &format!("https://app.test/{number}"), &["*"]).await;
    }
    assert_eq!(app.ask(&admin, Method::POST, HOOKS, Some(good)).await.brief(), "409 too_many");
}

/// For receivers that have a secret already.
#[tokio::test]
async fn a_secret_that_is_given_is_the_one_that_signs() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let body = json!({"url": "https://app.test/hook", "events": ["*"], "secret": secret});
    assert_eq!(app.ask(&admin, Method::POST, HOOKS, Some(body)).await.text("secret"), secret);
}

#[tokio::test]
async fn a_change_that_is_meant_for_another_state_is_refused() {
    let world = World::told_of(&["user.deleted"]).await;
    let path = format!("{HOOKS}/{}", world.hook.id);
    let tag = world.ask(Method::GET, &path, None).await.header("etag").unwrap().to_owned();
    let with_tag = async |method: Method, below: &str, body: Value| {
        let request = Request::builder()
            .method(method)
            .uri(format!("{path}{below}"))
            .header(header::HOST, "127.0.0.1:8400")
            .header(header::AUTHORIZATION, format!("Bearer {}", world.admin.access_token))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::IF_MATCH, &tag);
        world.app.send(request.body(body.to_string().into()).unwrap()).await
    };
    assert_eq!(with_tag(Method::PATCH, "", json!({"name": "One"})).await.status, 200);
    for (method, below, body) in [
        (Method::PATCH, "", json!({"name": "Two"})),
        (Method::POST, "/secret", json!({})),
        (Method::DELETE, "", json!({})),
    ] {
        assert_eq!(with_tag(method, below, body).await.brief(), "412 changed_meanwhile", "{below}");
    }
}

#[tokio::test]
async fn what_became_of_messages_is_shown_by_pages_and_one_by_one() {
    let world = World::told_of(&["user.created"]).await;
    for number in 0..3 {
        world.app.register(&format!("user-{number}@example.com")).await;
        world.app.advance(std::time::Duration::from_millis(2));
    }
    world.told().await;
    world.app.register("last@example.com").await;
    let list =
        async |query: &str| world.of_hook(Method::GET, &format!("/deliveries{query}"), None).await.json();
    let first = list("?limit=1").await;
    let one = &first["deliveries"][0];
    assert_eq!(
        (&one["state"], &one["attempts"], &one["last_answer"], &one["last_attempt_at"]),
        (&json!("waiting"), &json!(0), &json!(null), &json!(null))
    );
    let rest = list(&format!("?cursor={}", first["next_cursor"].as_str().unwrap())).await;
    assert_eq!(rest["deliveries"].as_array().unwrap().len(), 3);
    assert_eq!(list("?state=delivered").await["deliveries"], rest["deliveries"]);
    assert_eq!(list("?state=dead").await["deliveries"], json!([]));
    assert_eq!(world.of_hook(Method::GET, "/deliveries?state=gone", None).await.brief(), "400 invalid_query");
    let id = rest["deliveries"][0]["id"].as_str().unwrap().to_owned();
    let shown = world.of_hook(Method::GET, &format!("/deliveries/{id}"), None).await.json();
    assert_eq!((&shown["last_answer"], &shown["body"]["id"]), (&json!("204"), &json!(id)));
    assert_eq!(shown["body"]["type"], "user.created");
    // The event of the trail has the same id.
    let trail = world.ask(Method::GET, "/api/v1/admin/audit?event=user-registered", None).await.json();
    assert!(trail["events"].as_array().unwrap().iter().any(|event| event["id"] == json!(id)), "{trail}");
    let nobody = "evt_00000000000000000000000000";
    for (method, below) in [
        (Method::GET, format!("/deliveries/{nobody}")),
        (Method::POST, format!("/deliveries/{nobody}/replay")),
    ] {
        assert_eq!(world.of_hook(method, &below, None).await.brief(), "404 not_found");
    }
}

#[tokio::test]
async fn a_webhook_that_is_changed_is_tried_at_once() {
    let world = World::told_of(&["user.deleted"]).await;
    let nowhere = nowhere().await;
    let url = |url: &str| Some(json!({ "url": url }));
    assert_eq!(world.of_hook(Method::PATCH, "", url(&nowhere)).await.status, 200);
    world.test().await;
    world.send().await;
    assert_eq!(world.became().await[0].3.as_deref(), Some("no_connection"));
    world.of_hook(Method::PATCH, "", url(&world.receiver.url("/moved"))).await;
    world.send().await;
    assert_eq!(world.receiver.take()[0].path, "/moved");
}
