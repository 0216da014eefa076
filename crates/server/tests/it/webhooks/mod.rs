//! Webhooks: made by whoever administers a realm, told of what happens there, by a real receiver.

mod administration;
mod events;
mod failing;
mod hostile;
mod receiver;
mod scalekit;
mod secrets;
mod signatures;

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Person, TestApp};
pub use receiver::{Received, Receiver, Strange, nowhere};

const HOOKS: &str = "/api/v1/admin/webhooks";

/// A webhook of the default realm.
struct Hook {
    id: String,
    secret: String,
}

/// A realm with an administrator, and a receiver that is told of some events.
struct World {
    app: TestApp,
    admin: Person,
    receiver: Receiver,
    hook: Hook,
}

impl World {
    /// Told of everything.
    async fn new() -> Self {
        Self::told_of(&["*"]).await
    }

    async fn told_of(events: &[&str]) -> Self {
        let app = TestApp::new().await;
        let admin = app.admin().await;
        let receiver = Receiver::new().await;
        let hook = make(&app, &admin, &receiver.url("/hook"), events).await;
        Self { app, admin, receiver, hook }
    }

    /// Sends what is due.
    async fn send(&self) {
        self.app.app.send_webhooks().await.unwrap();
    }

    /// Sends what is due, and what arrived since the last time.
    async fn told(&self) -> Vec<Value> {
        self.send().await;
        self.receiver.take().into_iter().map(|message| message.json()).collect()
    }

    /// As the administrator, who signs in again when their token is too old.
    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let answer = self.app.ask(&self.admin, method.clone(), path, body.clone()).await;
        if answer.status != 401 {
            return answer;
        }
        let admin = self.app.sign_in("admin@example.com").await;
        self.app.ask(&admin, method, path, body).await
    }

    /// Asks of the webhook.
    async fn of_hook(&self, method: Method, below: &str, body: Option<Value>) -> Answer {
        self.ask(method, &format!("{HOOKS}/{}{below}", self.hook.id), body).await
    }

    /// What has become of its messages, the newest first: event, state, attempts, answer.
    async fn became(&self) -> Vec<(String, String, u64, Option<String>)> {
        let listed = self.of_hook(Method::GET, "/deliveries", None).await.json();
        let deliveries = listed["deliveries"].as_array().unwrap_or_else(|| panic!("{listed}")).clone();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let row = |one: &Value| {
            let (event, state) = (text(&one["event"]).unwrap(), text(&one["state"]).unwrap());
            (event, state, one["attempts"].as_u64().unwrap(), text(&one["last_answer"]))
        };
        deliveries.iter().map(row).collect()
    }

    async fn state(&self) -> String {
        self.of_hook(Method::GET, "", None).await.text("state")
    }

    /// A message that says only that it arrives.
    async fn test(&self) -> String {
        let queued = self.of_hook(Method::POST, "/test", None).await;
        assert_eq!(queued.status, 202, "{queued:?}");
        queued.text("id")
    }
}

async fn make(app: &TestApp, admin: &Person, url: &str, events: &[&str]) -> Hook {
    let made = app.ask(admin, Method::POST, HOOKS, Some(json!({"url": url, "events": events}))).await;
    assert_eq!(made.status, 201, "{made:?}");
    Hook { id: made.text("id"), secret: made.text("secret") }
}

fn types(told: &[Value]) -> Vec<&str> {
    told.iter().map(|body| body["type"].as_str().unwrap()).collect()
}
