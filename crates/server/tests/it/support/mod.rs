//! A server to ask, and people to ask it as.

mod authenticator;
mod database;
mod log;
mod passkey;

use std::{path::PathBuf, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use gatepost_domain::Timestamp;
use gatepost_server::{App, Clock, Config, Given, KeptMail, MailSettings, Reached, router};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

pub use authenticator::Authenticator;
pub use database::Database;
pub use log::Log;
pub use passkey::*;

/// A password every realm accepts.
pub const PASSWORD: &str = "the engine weaves algebra";

/// One installation, alone in the world.
pub struct TestApp {
    pub app: App,
    pub router: Router,
    pub clock: Clock,
    config: Config,
    folder: tempfile::TempDir,
    database: Database,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// Status and problem code, as in `401 invalid_token`; only the status when it is no problem document.
    pub fn brief(&self) -> String {
        match self.json()["code"].as_str() {
            Some(code) => format!("{} {code}", self.status.as_u16()),
            None => self.status.as_u16().to_string(),
        }
    }

    pub fn text(&self, member: &str) -> String {
        self.json()[member].as_str().unwrap_or_else(|| panic!("no {member} in {self:?}")).to_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: String,
    pub access_token: String,
    pub refresh_token: String,
}

impl TestApp {
    pub async fn new() -> Self {
        Self::with("").await
    }

    /// With a declarative file applied.
    pub async fn with(file: &str) -> Self {
        Self::with_settings(file, &[]).await
    }

    /// And with settings of the server, as in the environment.
    pub async fn with_settings(file: &str, settings: &[(&str, &str)]) -> Self {
        Self::open("http://127.0.0.1:8400", file, settings).await
    }

    /// One that is reached at another address.
    pub async fn at(url: &str, file: &str) -> Self {
        Self::open(url, file, &[]).await
    }

    async fn open(url: &str, file: &str, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::new().await;
        // Cheap hashes: what they cost is measured elsewhere.
        let environment = [
            ("GATEPOST_PASSWORDS__MEMORY_KIB", "64"),
            ("GATEPOST_PASSWORDS__PASSES", "1"),
            // What clients publish is served by the test.
            ("GATEPOST_OUTGOING__PRIVATE_ADDRESSES", "true"),
        ];
        let environment = environment.iter().chain(settings);
        let environment = environment.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let given = Given {
            data_dir: Some(folder.path().join("data")),
            database_url: database.url(),
            ..Given::default()
        };
        let config = Config { mail: MailSettings::Kept, ..Config::load(given, environment).unwrap() };
        let clock = Clock::manual(Timestamp::from_unix_seconds(1_800_000_000));
        let app = App::open(&config, clock.clone(), Reached::At(url)).await.unwrap();
        let test = Self { router: router(app.clone()), app, clock, config, folder, database };
        if !file.is_empty() {
            test.apply(file).await;
        }
        test
    }

    /// The same installation, opened a second time: another process would see the same.
    pub async fn replica(&self) -> (App, Router) {
        let app =
            App::open(&self.config, self.clock.clone(), Reached::At("http://127.0.0.1:8400")).await.unwrap();
        (app.clone(), router(app))
    }

    /// The same installation, as a process without mail would serve it.
    pub async fn without_mail(&self) -> Router {
        let config = Config { mail: MailSettings::Off, ..self.config.clone() };
        let opened = App::open(&config, self.clock.clone(), Reached::At("http://127.0.0.1:8400")).await;
        router(opened.unwrap())
    }

    pub async fn apply(&self, file: &str) -> Vec<String> {
        let path = self.folder.path().join("declared.toml");
        std::fs::write(&path, file).unwrap();
        self.app.apply(&path).await.unwrap()
    }

    /// Why a declarative file cannot be applied.
    pub async fn refused(&self, file: &str) -> String {
        let path = self.folder.path().join("refused.toml");
        std::fs::write(&path, file).unwrap();
        self.app.apply(&path).await.unwrap_err().to_string()
    }

    pub fn data_dir(&self) -> PathBuf {
        self.config.data_dir.clone()
    }

    /// Brings about what no request of this release does.
    pub async fn execute(&self, sql: &str) {
        self.database.execute(&self.data_dir(), sql).await;
    }

    /// The letters that wait, as they stand in the database.
    pub async fn outbox(&self) -> Vec<String> {
        self.database.column(&self.data_dir(), "SELECT body FROM outbox WHERE kind = 'mail'").await
    }

    /// One column of text, as it stands in the database.
    pub async fn column(&self, sql: &str) -> Vec<String> {
        self.database.column(&self.data_dir(), sql).await
    }

    /// As the server does daily.
    pub async fn clean_up(&self) {
        self.app.clean_up().await.unwrap();
    }

    /// Everything that was mailed to somebody, once all that waits is sent.
    pub async fn mail_to(&self, email: &str) -> Vec<KeptMail> {
        self.app.send_mail().await.unwrap();
        self.app.kept_mail().into_iter().filter(|letter| letter.to == email).collect()
    }

    /// The subjects of everything that was mailed to somebody.
    pub async fn subjects(&self, email: &str) -> Vec<String> {
        self.mail_to(email).await.into_iter().map(|letter| letter.subject).collect()
    }

    /// The path of the link that was mailed to somebody last.
    pub async fn link(&self, email: &str) -> String {
        let letter = self.mail_to(email).await.pop().expect("a letter");
        let link = letter.link().expect("a link");
        link.strip_prefix("http://127.0.0.1:8400").expect("the configured URL").to_owned()
    }

    /// What stands in that link.
    pub async fn token(&self, email: &str) -> String {
        self.link(email).await.split_once("token=").expect("a token").1.to_owned()
    }

    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        send(&self.router, request).await
    }

    /// Asks as nobody.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(request(Method::GET, path, None, None)).await
    }

    /// Asks as nobody.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(request(Method::POST, path, None, Some(body))).await
    }

    /// Asks as somebody.
    pub async fn ask(&self, person: &Person, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.send(request(method, path, Some(&person.access_token), body)).await
    }

    pub async fn register(&self, email: &str) -> Answer {
        self.post("/api/v1/register", json!({"email": email, "password": PASSWORD})).await
    }

    pub async fn login(&self, email: &str) -> Answer {
        self.post("/api/v1/login", json!({"email": email, "password": PASSWORD})).await
    }

    /// Registers and signs in.
    pub async fn person(&self, email: &str) -> Person {
        let made = self.register(email).await;
        assert_eq!(made.status, 201, "{made:?}");
        self.sign_in(email).await
    }

    /// Signs in.
    pub async fn sign_in(&self, email: &str) -> Person {
        let answer = self.login(email).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        person(&answer)
    }

    /// An administrator of the default realm.
    pub async fn admin(&self) -> Person {
        self.apply(&format!(
            "[[realm]]\nname = \"default\"\n[[realm.user]]\nemail = \"admin@example.com\"\npassword = \"{PASSWORD}\"\nroles = [\"realm-admin\"]\n"
        ))
        .await;
        self.sign_in("admin@example.com").await
    }

    pub async fn refresh(&self, token: &str) -> Answer {
        self.post("/api/v1/refresh", json!({"refresh_token": token})).await
    }
}

pub fn person(answer: &Answer) -> Person {
    Person {
        id: answer.json()["user"]["id"].as_str().unwrap().to_owned(),
        access_token: answer.text("access_token"),
        refresh_token: answer.text("refresh_token"),
    }
}

pub fn request(method: Method, path: &str, token: Option<&str>, body: Option<Value>) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, "127.0.0.1:8400");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    match body {
        None => request.body(Body::empty()),
        Some(body) => {
            request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_string()))
        }
    }
    .unwrap()
}

pub async fn send(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}

/// A body that arrives when it is sent.
pub fn held_body() -> (tokio::sync::oneshot::Sender<String>, Body) {
    let (send, arrives) = tokio::sync::oneshot::channel::<String>();
    let bytes = futures_util::stream::once(async move { arrives.await.map_err(std::io::Error::other) });
    (send, Body::from_stream(bytes))
}
