//! PostgreSQL goes away while the server runs, and comes back.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{
    Answer, CHEAP_HASHES, Http, Invocation, PASSWORD, Postgres, Tokens, eventually, gatepost, login, sign_up,
};

/// The store gives up after 2 s; the rest is for a busy machine.
const BOUND: Duration = Duration::from_secs(4);

fn serve(folder: &tempfile::TempDir, database: &str) -> Invocation {
    gatepost("serve --listen 127.0.0.1:0 --database-url").arg(database).data(folder.path()).envs(CHEAP_HASHES)
}

fn assert_unavailable(answer: &Answer) {
    assert_eq!(answer.brief(), "503 unavailable");
    assert_eq!(answer.header("retry-after"), "1");
}

/// Every kind of request while the database is away.
async fn without_a_database(http: &mut Http, tokens: &Tokens) -> Duration {
    let began = Instant::now();
    let refresh = json!({ "refresh_token": tokens.refresh });
    assert_unavailable(&http.post_within(BOUND, "/api/v1/refresh", refresh).await);
    let slowest = began.elapsed();
    let body = json!({ "email": "ada@outage.test", "password": PASSWORD });
    assert_unavailable(&http.post_within(BOUND, "/api/v1/login", body).await);
    let body = json!({ "email": "new@outage.test", "password": PASSWORD });
    assert_unavailable(&http.post_within(BOUND, "/api/v1/register", body).await);
    assert_unavailable(&http.get_as("/api/v1/me", &tokens.access).await.unwrap());
    assert_unavailable(&http.get("/health/ready").await.unwrap());
    // What verifiers need is served from memory, and the process is alive.
    let keys = http.get("/.well-known/jwks.json").await.unwrap();
    assert_eq!(keys.json()["keys"].as_array().unwrap().len(), 1);
    assert_eq!(http.get("/.well-known/openid-configuration").await.unwrap().status, 200);
    assert_eq!(http.get("/health/live").await.unwrap().status, 200);
    slowest
}

async fn is_back(http: &mut Http) {
    let ready = async || (http.get("/health/ready").await.unwrap().status == 200).then_some(());
    eventually("the server to notice that the database is back", ready).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_goes_down_is_answered_with_503_and_its_return_is_noticed() {
    let Some(postgres) = Postgres::database().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let wire = postgres.wire().await;
    let mut server = serve(&folder, &postgres.url_over(&wire)).serve();
    let mut http = server.http();
    let ada = sign_up(&mut http, "ada@outage.test").await;

    wire.cut();
    let slowest = without_a_database(&mut http, &ada).await;
    wire.mend();
    is_back(&mut http).await;
    let ada =
        Tokens::of(&http.post("/api/v1/refresh", json!({ "refresh_token": ada.refresh })).await.unwrap());
    assert_eq!(http.get_as("/api/v1/me", &ada.access).await.unwrap().status, 200);
    assert_eq!(
        login(&mut http, "new@outage.test").await.unwrap().status,
        401,
        "what was turned away was not done"
    );
    server.assert_sound();
    println!("FAULT F-10 fault=connections-cut answered_ms={} recovered=yes", slowest.as_millis());
    server.stop();
}

/// Nothing says that the other end is gone: only a deadline notices.
#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_falls_silent_is_answered_with_503_within_its_deadline() {
    let Some(postgres) = Postgres::database().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let wire = postgres.wire().await;
    let mut server = serve(&folder, &postgres.url_over(&wire)).serve();
    let mut http = server.http();
    let ada = sign_up(&mut http, "ada@outage.test").await;

    wire.silence();
    let slowest = without_a_database(&mut http, &ada).await;
    wire.mend();
    is_back(&mut http).await;
    // The refresh that was sent into the silence may have happened: repeating it is harmless.
    let ada =
        Tokens::of(&http.post("/api/v1/refresh", json!({ "refresh_token": ada.refresh })).await.unwrap());
    assert_eq!(http.get_as("/api/v1/me", &ada.access).await.unwrap().status, 200);
    server.assert_sound();
    println!("FAULT F-10 fault=silence answered_ms={} recovered=yes", slowest.as_millis());
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_can_be_stopped_while_its_postgres_is_down() {
    let Some(postgres) = Postgres::database().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let wire = postgres.wire().await;
    let server = serve(&folder, &postgres.url_over(&wire)).serve();
    wire.silence();
    let began = Instant::now();
    server.stop();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}
