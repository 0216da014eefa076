//! `/webhooks`

use axum::http::Method;
use serde_json::{Value, json};

use super::{ADA, brief, get, login, person, post, someone};
use crate::{
    support::{Answer, PASSWORD, Person, TestApp},
    webhooks::{Received, Receiver},
};

async fn world() -> (TestApp, Person) {
    let realm = |name: &str| {
        format!(
            "[[realm]]\nname = \"{name}\"\nprofile = \"zalt\"\n[[realm.user]]\nemail = \"root@example.com\"\n\
             password = \"{PASSWORD}\"\nroles = [\"realm-admin\"]\n"
        )
    };
    let app = TestApp::with(&format!("{}{}", realm("default"), realm("acme"))).await;
    let root = someone(&login(&app, "root@example.com").await);
    (app, root)
}

fn text(answer: &Answer, pointer: &str) -> String {
    let json = answer.json();
    json.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer}: {json}")).to_owned()
}

#[tokio::test]
async fn an_administrator_makes_looks_at_and_removes_webhooks() {
    let (app, root) = world().await;
    let body = json!({
        "realm_id": "default", "url": "https://app.example.com/hooks", "description": "The ledger",
        "events": ["tenant.created", "user.created"],
    });
    let made = post(&app, &root, "/webhooks", body.clone()).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert!(text(&made, "/secret").starts_with("whsec_"));
    let webhook = made.json()["webhook"].clone();
    assert_eq!(
        (&webhook["events"], &webhook["description"], &webhook["status"]),
        (&json!(["user.created", "tenant.created"]), &json!("The ledger"), &json!("active"))
    );
    // One that was made elsewhere is of another form, and none of this door's.
    let native = json!({"url": "https://app.example.com/hooks", "events": ["*"]});
    let native = app.ask(&root, Method::POST, "/api/v1/admin/webhooks", Some(native)).await;
    assert_eq!(native.json()["form"], json!("standard"));
    let listed = get(&app, &root, "/webhooks").await;
    assert_eq!(listed.json()["webhooks"], json!([webhook]));
    assert!(!String::from_utf8_lossy(&listed.body).contains("whsec_"));
    let path = format!("/webhooks/{}", text(&made, "/webhook/id"));
    assert_eq!(get(&app, &root, &path).await.json()["webhook"], webhook);
    let seen = app.ask(&root, Method::GET, &format!("/api/v1/admin{path}"), None).await;
    assert_eq!(seen.json()["form"], json!("zalt"));

    let ada = person(&app, ADA).await;
    assert_eq!(brief(&get(&app, &ada, "/webhooks").await), "403 FORBIDDEN");
    assert_eq!(brief(&post(&app, &ada, "/webhooks", body).await), "403 FORBIDDEN");
    let elsewhere =
        someone(&app.post("/r/acme/login", json!({"email": "root@example.com", "password": PASSWORD})).await);
    for (who, path) in [
        (&root, format!("/webhooks/{}", native.text("id"))),
        (&root, "/webhooks/x".to_owned()),
        (&elsewhere, format!("/r/acme{path}")),
    ] {
        for (method, path) in [
            (Method::GET, path.clone()),
            (Method::DELETE, path.clone()),
            (Method::POST, format!("{path}/test")),
            (Method::GET, format!("{path}/deliveries")),
            (Method::POST, format!("{path}/rotate-secret")),
        ] {
            assert_eq!(brief(&app.ask(who, method, &path, None).await), "404 WEBHOOK_NOT_FOUND", "{path}");
        }
    }
    assert_eq!(app.ask(&root, Method::DELETE, &path, None).await.status, 200);
    assert_eq!(brief(&app.ask(&root, Method::DELETE, &path, None).await), "404 WEBHOOK_NOT_FOUND");
}

/// WH-02 and what cannot be told.
#[tokio::test]
async fn wh_02_what_no_webhook_can_be_is_refused() {
    let (app, root) = world().await;
    let with = |member: &str, value: Value| {
        let mut body = json!({"url": "https://app.example.com/hooks", "events": ["user.created"]});
        body[member] = value;
        body
    };
    for body in [
        with("url", json!("http://app.example.com/hooks")),
        with("url", json!("https://app.example.com:22/hooks")),
        with("url", json!("ftp://app.example.com")),
        with("events", json!([])),
        with("events", json!(["user.levitated"])),
        // Those nobody is told of here.
        with("events", json!(["security.high_risk_login"])),
        with("events", json!(["impersonation.started"])),
        with("description", json!("x".repeat(5_000))),
        json!({"events": ["user.created"]}),
    ] {
        let answer = post(&app, &root, "/webhooks", body.clone()).await;
        assert_eq!(brief(&answer), "400 INVALID_REQUEST", "{body}: {answer:?}");
    }
    let misspelt = post(&app, &root, "/webhooks", with("events", json!(["user.create"]))).await;
    let told = misspelt.json()["error"]["message"].clone();
    assert_eq!(told, json!("events: there is no event user.create; did you mean user.created?"));
    assert_eq!(get(&app, &root, "/webhooks").await.json()["total"], json!(0));
}

/// Section 3.7 of the contract: verifiers of one generation read one header, and those of the other three.
#[tokio::test]
async fn a_receiver_gets_both_signatures_and_the_document_of_the_contract() {
    let (app, root) = world().await;
    let receiver = Receiver::new().await;
    let body = json!({"url": receiver.url("/hook"), "events": ["*"]});
    let made = post(&app, &root, "/webhooks", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let (secret, path) = (text(&made, "/secret"), format!("/webhooks/{}", text(&made, "/webhook/id")));
    let sent = async || {
        app.app.send_webhooks().await.unwrap();
        receiver.take()
    };
    let signed = |secret: &str, message: &Received| {
        let at: i64 = message.header("x-zalt-timestamp").parse().unwrap();
        let expected = gatepost_jose::webhook::sign_for_zalt(secret, at, &message.body);
        assert_eq!(message.header("zalt-signature"), format!("t={at},v1={expected}"));
        assert_eq!(message.header("x-zalt-signature"), expected);
        assert!(!message.headers.contains_key("webhook-signature"));
    };
    let tested = post(&app, &root, "/webhooks/x/test", json!({})).await;
    assert_eq!(brief(&tested), "404 WEBHOOK_NOT_FOUND");
    let tested = post(&app, &root, &format!("{path}/test"), json!({})).await;
    let arrived = sent().await;
    assert_eq!(arrived.len(), 1);
    signed(&secret, &arrived[0]);
    let (json, id) = (arrived[0].json(), text(&tested, "/delivery_id"));
    assert_eq!(arrived[0].header("x-zalt-delivery-id"), id);
    let mut members: Vec<&String> = json.as_object().unwrap().keys().collect();
    members.sort();
    assert_eq!(members, ["data", "id", "idempotency_key", "timestamp", "type"]);
    assert_eq!(
        (&json["id"], &json["idempotency_key"], &json["type"]),
        (&json!(id), &json!(id), &json!("webhook.test"))
    );

    // What happens is told under the names of the contract.
    let ada = person(&app, ADA).await;
    app.advance(std::time::Duration::from_secs(1));
    let new = json!({"name": "Engines", "slug": "engines", "owner_id": ada.id});
    assert_eq!(post(&app, &root, "/v1/admin/organizations", new).await.status, 201);
    let told = sent().await;
    for message in &told {
        signed(&secret, message);
    }
    let told: Vec<Value> = told.iter().map(Received::json).collect();
    let types: Vec<&str> = told.iter().map(|body| body["type"].as_str().unwrap()).collect();
    for name in ["user.created", "session.created", "tenant.created"] {
        assert!(types.contains(&name), "{name}: {types:?}");
    }
    let of = |name: &str| told.iter().find(|body| body["type"] == name).unwrap();
    assert_eq!(of("user.created")["data"]["user"]["email"], json!(ADA));
    assert_eq!(of("tenant.created")["data"]["organization"]["slug"], json!("engines"));

    let listed = get(&app, &root, &format!("{path}/deliveries?limit=1")).await.json();
    let last = &listed["deliveries"][0];
    assert_eq!(
        (&last["event_type"], &last["status"], &last["response_status"]),
        (&json!("tenant.created"), &json!("delivered"), &json!(204))
    );
    let cursor = listed["next_cursor"].as_str().unwrap();
    let rest = get(&app, &root, &format!("{path}/deliveries?cursor={cursor}")).await.json();
    assert_eq!(rest["deliveries"].as_array().unwrap().len(), types.len());

    // Another secret signs from then on, alone.
    let rotated = post(&app, &root, &format!("{path}/rotate-secret"), json!({})).await;
    let new = text(&rotated, "/secret");
    assert_ne!(new, secret);
    post(&app, &root, &format!("{path}/test"), json!({})).await;
    signed(&new, &sent().await[0]);
}
