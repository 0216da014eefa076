//! What is written to standard error.

use std::path::Path;

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{
    CHEAP_HASHES, Certificate, Http, PASSWORD, Postgres, Protocol, Tokens, gatepost, login, register,
};

const EMAIL: &str = "countess.of.lovelace@logs.test";
const OTHER_PASSWORD: &str = "quite another zebra for the logs";

/// Everything a person does and mistypes. Returns every secret and address that took part.
async fn a_day_of_a_user(http: &mut Http) -> Vec<String> {
    let mut secrets: Vec<String> =
        [EMAIL, PASSWORD, OTHER_PASSWORD, "hunter2", "lovelace"].map(str::to_owned).into();
    let keep = |secrets: &mut Vec<String>, tokens: &Tokens| {
        secrets.extend([tokens.access.clone(), tokens.refresh.clone()]);
        // Nor a part by which it could be known again.
        secrets.extend(tokens.access.split('.').skip(1).map(str::to_owned));
        secrets.push(tokens.refresh.trim_start_matches("gp_rt_").to_owned());
    };
    assert_eq!(register(http, EMAIL).await.unwrap().status, 201);
    assert_eq!(register(http, EMAIL).await.unwrap().status, 409);
    let tokens = Tokens::of(&login(http, EMAIL).await.unwrap());
    keep(&mut secrets, &tokens);
    // A password in the field of the name, a name in the field of the password.
    http.post("/api/v1/login", json!({ "email": PASSWORD, "password": EMAIL })).await.unwrap();
    http.post("/api/v1/login", json!({ "username": "hunter2", "password": "hunter2" })).await.unwrap();
    // Secrets where none belong.
    http.post("/api/v1/login", json!({ "email": EMAIL, "password": { "hunter2": PASSWORD } })).await.unwrap();
    http.post("/api/v1/login", json!({ "pasword": PASSWORD })).await.unwrap();
    http.get(&format!("/api/v1/me?access_token={}", tokens.access)).await.unwrap();
    http.get(&format!("/{}", tokens.refresh)).await.unwrap();
    http.get_as("/api/v1/me", &format!("{}x", tokens.access)).await.unwrap();
    http.get_as("/api/v1/me", "hunter2").await.unwrap();
    http.post("/api/v1/refresh", json!({ "refresh_token": format!("{}x", tokens.refresh) })).await.unwrap();

    assert_eq!(http.get_as("/api/v1/me", &tokens.access).await.unwrap().status, 200);
    let second =
        Tokens::of(&http.post("/api/v1/refresh", json!({ "refresh_token": tokens.refresh })).await.unwrap());
    keep(&mut secrets, &second);
    let third =
        Tokens::of(&http.post("/api/v1/refresh", json!({ "refresh_token": second.refresh })).await.unwrap());
    keep(&mut secrets, &third);
    // The first once more: reuse.
    let reused = http.post("/api/v1/refresh", json!({ "refresh_token": tokens.refresh })).await.unwrap();
    assert_eq!(reused.status, 401);
    let tokens = Tokens::of(&login(http, EMAIL).await.unwrap());
    keep(&mut secrets, &tokens);
    let change = json!({ "current_password": PASSWORD, "new_password": OTHER_PASSWORD });
    assert_eq!(http.post_as("/api/v1/me/password", &tokens.access, change).await.unwrap().status, 204);
    let profile = json!({ "name": "Ada Lovelace", "username": "lovelace" });
    let changed = http.call(Method::PATCH, "/api/v1/me", Some(&tokens.access), Some(profile)).await.unwrap();
    assert_eq!(changed.status, 200);
    let bye = http.post_as("/api/v1/logout", &tokens.access, json!({ "everywhere": true })).await.unwrap();
    assert_eq!(bye.status, 204);
    secrets
}

fn assert_absent(secrets: &[String], output: &str) {
    for secret in secrets {
        assert!(!output.contains(secret.as_str()), "{secret:?} was written:\n{output}");
    }
}

/// Commands write logs too, and are given secrets.
fn commands(data: &Path) -> (Vec<String>, String) {
    let (mut secrets, mut output) = (Vec::new(), String::new());
    let mut run = |args: &str, stdin: &str| {
        let said =
            gatepost(args).arg("--log-level").arg("trace").data(data).envs(CHEAP_HASHES).stdin(stdin).run();
        output.push_str(&said.stderr);
        said.stdout
    };
    run("user create --email charles@logs.test --password-stdin", "a difference engine in brass");
    run("user set-password charles@logs.test", "an analytical engine in brass");
    let minted = run("token mint charles@logs.test", "");
    run("token explain -", &minted);
    run("token explain -", &format!("{minted}x"));
    secrets.extend(["charles@logs.test", "engine in brass"].map(str::to_owned));
    secrets.push(minted);
    (secrets, output)
}

#[tokio::test(flavor = "multi_thread")]
async fn ij_05_no_secret_and_no_address_is_logged_at_any_level() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let certificate = Certificate::make(folder.path(), "server");
    let server = gatepost("serve --listen 127.0.0.1:0 --log-level trace")
        .arg("--tls-cert")
        .arg(certificate.file.to_str().unwrap())
        .arg("--tls-key")
        .arg(certificate.key_file.to_str().unwrap())
        .data(&data)
        .envs(CHEAP_HASHES)
        .serve();
    let mut http = Http::new(server.address(), Protocol::Tls(certificate.connector(&[b"h2"])));
    let secrets = a_day_of_a_user(&mut http).await;
    let said = [server.stdout.text(), server.stderr.text()].concat();
    assert!(said.contains("request answered") && said.contains("TRACE"), "the log says nothing:\n{said}");
    assert_absent(&secrets, &said);
    let (secrets, said) = commands(&data);
    // Wrong audience and the like are said to whoever asked; the address is in the token they gave.
    assert!(said.contains("TRACE"), "{said}");
    assert_absent(&secrets, &said);
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn ij_05_no_secret_and_no_address_is_logged_on_postgres() {
    let Some(postgres) = Postgres::database().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let server = gatepost("serve --listen 127.0.0.1:0 --log-level trace --database-url")
        .arg(postgres.url())
        .data(folder.path())
        .envs(CHEAP_HASHES)
        .serve();
    let secrets = a_day_of_a_user(&mut server.http()).await;
    let said = server.stderr.text();
    assert!(said.contains("request answered"), "the log says nothing:\n{said}");
    assert_absent(&secrets, &said);
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn json_logs_are_one_object_a_line_and_name_requests_by_the_id_their_answer_has() {
    let folder = tempfile::tempdir().unwrap();
    let server = gatepost("serve --listen 127.0.0.1:0 --log-format json --log-level debug")
        .data(folder.path())
        .envs(CHEAP_HASHES)
        .serve();
    let mut http = server.http();
    let secrets = a_day_of_a_user(&mut http).await;
    let refused = http.get_as("/api/v1/me", "not a token").await.unwrap();
    let id = refused.header("x-request-id").to_owned();
    assert_eq!(id.len(), 16);
    server.stderr.wait_for(&format!("\"request.id\":\"{id}\"")).unwrap();
    let lines: Vec<Value> = server
        .stderr
        .lines()
        .iter()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect();
    for line in &lines {
        for member in ["timestamp", "level", "target", "message"] {
            assert!(line[member].is_string(), "no {member} in {line}");
        }
    }
    let about =
        lines.iter().find(|line| line["request.id"] == id.as_str() && line["code"].is_string()).unwrap();
    assert_eq!(
        (&about["code"], &about["status"], &about["route"]),
        (&json!("invalid_token"), &json!(401), &json!("/api/v1/me"))
    );
    // Which check it was, of which the caller learns nothing.
    assert_eq!(about["reason"], "the access token was refused: token_malformed");
    assert!(!refused.json().to_string().contains("malformed"));
    assert_absent(&secrets, &server.stderr.text());
    server.stop();
}

/// IJ-04: what is asked begins no line of the log, colours none, and is kept short.
#[tokio::test(flavor = "multi_thread")]
async fn ij_04_no_request_writes_the_log() {
    let long = "a".repeat(4_000);
    for format in ["text", "json"] {
        let folder = tempfile::tempdir().unwrap();
        let server = gatepost("serve --listen 127.0.0.1:0 --log-level trace --log-format")
            .arg(format)
            .data(folder.path())
            .envs(CHEAP_HASHES)
            .serve();
        let mut http = server.http();
        for path in [
            "/x%0a2026-01-01T00:00:00Z%20%20INFO%20forged",
            "/x%1b[31mred%1b[0m%07",
            "/x%22,%22level%22:%22FORGED%22",
            "/r/%e2%80%aeforged/sign-in",
            "/sign-in?ui_locales=%0aFORGED&login_hint=%1b[31m",
            &format!("/{long}"),
        ] {
            http.get(path).await.unwrap();
        }
        let body = serde_json::json!({"email": "a\nFORGED\u{1b}[31m@example.com", "password": "a\nFORGED"});
        http.post("/api/v1/login", body).await.unwrap();
        server.terminate();
        server.stderr.wait_for("stopping").unwrap();
        let said = server.stderr.text();
        assert!(said.contains("request answered"), "the log says nothing:\n{said}");
        for forged in ["\u{1b}", "\u{7}", "\u{202e}", "FORGED", &long[..1_000]] {
            assert!(!said.contains(forged), "{format}: {forged:?} in\n{said}");
        }
        assert!(!said.lines().any(|line| line.contains("INFO forged") || line.starts_with("2026-01-01T")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_usual_level_a_request_that_went_well_is_not_logged() {
    let folder = tempfile::tempdir().unwrap();
    let server = gatepost("serve --listen 127.0.0.1:0").data(folder.path()).envs(CHEAP_HASHES).serve();
    a_day_of_a_user(&mut server.http()).await;
    server.terminate();
    server.stderr.wait_for("stopping").unwrap();
    let said = server.stderr.lines();
    let said: Vec<&str> =
        said.iter().map(|line| line.split_once("  INFO ").map_or(line.as_str(), |(_, rest)| rest)).collect();
    assert_eq!(
        said,
        [
            "signing key made realm.name=default key.alg=ES256",
            "no mail server is configured: nobody is sent a link to prove an address or to choose a new password, an invitation or \
             a notice; name one with mail.url and mail.from",
            "stopping: no new connections, requests under way are finished"
        ]
    );
}
