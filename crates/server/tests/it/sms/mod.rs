//! A telephone number as second factor: codes that a sender on loopback delivers.

mod account_pages;
mod everywhere;
mod limits;
mod pages;
mod sender;
mod set_up;
mod sign_in;

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use crate::{
    mfa::{codes, half},
    support::{Answer, Person, TestApp, person},
    webhooks::{Received, Receiver},
};

pub const ADA: &str = "ada@example.com";
pub const NUMBER: &str = "+4915112345678";
/// Another of hers.
pub const OTHER: &str = "+12025550123";
/// After it the next code may be sent.
pub const PAUSE: Duration = Duration::from_secs(30);

const SET_UP: &str = "/api/v1/me/mfa/sms";

/// What delivers the text messages of the default realm.
pub struct Sender {
    pub receiver: Receiver,
    pub secret: String,
}

impl Sender {
    pub async fn of(app: &TestApp) -> Self {
        Self::with(app, "").await
    }

    /// And with more settings of the realm.
    pub async fn with(app: &TestApp, settings: &str) -> Self {
        let receiver = Receiver::new().await;
        let url = receiver.url("/sms");
        let file = format!("[[realm]]\nname = \"default\"\nsms_url = \"{url}\"\n{settings}");
        let lines = app.apply(&file).await;
        let line = lines.iter().find(|line| line.contains("sms_url of default"));
        let shown = line.and_then(|line| line.split_whitespace().find(|word| word.starts_with("whsec_")));
        Self { secret: shown.unwrap_or_else(|| panic!("{lines:?}")).to_owned(), receiver }
    }

    /// The messages since the last time.
    pub fn messages(&self) -> Vec<Value> {
        self.receiver.take().iter().map(Received::json).collect()
    }

    /// The code of the only message since the last time.
    pub fn code(&self) -> String {
        let messages = self.messages();
        assert_eq!(messages.len(), 1, "{messages:?}");
        messages[0]["code"].as_str().unwrap().to_owned()
    }

    /// Sets a number up, with the recovery codes that come with the first factor.
    pub async fn set_up(&self, app: &TestApp, who: &Person) -> Vec<String> {
        assert_eq!(begin(app, who, NUMBER).await.status, 200);
        let answer = confirm(app, who, &self.code()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        codes(&answer)
    }

    /// The code of a sign-in that waits.
    pub async fn code_for(&self, app: &TestApp, token: &str) -> String {
        app.advance(PAUSE);
        let answer = send(app, token).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        self.code()
    }

    /// Both steps.
    pub async fn sign_in(&self, app: &TestApp, email: &str) -> Person {
        let token = half(app, email).await;
        let answer = show(app, &token, &self.code_for(app, &token).await).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        person(&answer)
    }
}

/// A realm with a sender, and somebody with a number in it.
async fn world() -> (TestApp, Sender, Person, Vec<String>) {
    let app = TestApp::new().await;
    let (sender, ada) = (Sender::of(&app).await, app.person(ADA).await);
    let codes = sender.set_up(&app, &ada).await;
    (app, sender, ada, codes)
}

async fn begin(app: &TestApp, who: &Person, number: &str) -> Answer {
    app.ask(who, Method::POST, SET_UP, Some(json!({"phone_number": number}))).await
}

async fn confirm(app: &TestApp, who: &Person, code: &str) -> Answer {
    app.ask(who, Method::POST, "/api/v1/me/mfa/sms/confirm", Some(json!({"code": code}))).await
}

async fn remove(app: &TestApp, who: &Person) -> Answer {
    app.ask(who, Method::DELETE, SET_UP, None).await
}

async fn factors(app: &TestApp, who: &Person) -> Value {
    app.ask(who, Method::GET, "/api/v1/me/mfa", None).await.json()["factors"].clone()
}

/// Has a code sent for a sign-in that waits.
async fn send(app: &TestApp, token: &str) -> Answer {
    app.post("/api/v1/login/mfa/sms", json!({"mfa_token": token})).await
}

async fn show(app: &TestApp, token: &str, code: &str) -> Answer {
    app.post("/api/v1/login/mfa", json!({"mfa_token": token, "sms_code": code})).await
}

/// Another code of six digits.
pub fn wrong(code: &str) -> String {
    let last = if code.ends_with('0') { '1' } else { '0' };
    format!("{}{last}", &code[..5])
}
