//! `gatepost token mint|decode|explain`

use std::path::Path;

use insta::assert_snapshot;
use serde_json::json;

use super::{
    command,
    forger::{Forger, decode, with_header},
    refusal, serve,
};
use crate::support::sign_up;

/// What the realm's own API asks for.
const OWN: &str = "http://127.0.0.1:8400";

/// Which check refused with which code, and the closing line.
fn explained(data: &Path, token: &str) -> String {
    let said = command(data, "token explain - --audience").arg(OWN).stdin(token).run();
    let refused: Vec<&str> = said.stdout.lines().filter(|line| line.contains("REFUSED")).collect();
    let accepted = refused.is_empty();
    assert_eq!(said.code, Some(i32::from(!accepted)), "{}", said.stderr);
    // What comes before the refusal was passed, what comes after was not reached.
    let mut lines: Vec<&str> = said.stdout.lines().collect();
    if accepted {
        let last = lines.pop().unwrap_or_default();
        assert!(last.starts_with("accepted until 2") && last.ends_with(" min"), "{last}");
    }
    let outcomes: Vec<&str> =
        lines.iter().map(|line| line.split_ascii_whitespace().nth(1).unwrap()).collect();
    let until = outcomes.iter().position(|outcome| *outcome == "REFUSED").unwrap_or(outcomes.len());
    assert!(outcomes[..until].iter().all(|outcome| *outcome == "passed"), "{}", said.stdout);
    assert!(outcomes[until..].iter().skip(1).all(|outcome| *outcome == "not"), "{}", said.stdout);
    assert!(!said.stderr.contains(token), "the token is not repeated");
    let stderr = said.stderr.split(", and it is 2").next().unwrap();
    if accepted { "accepted".to_owned() } else { format!("{}\n{stderr}", refused.join("\n")) }
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_names_the_check_that_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = serve(data);
    let mut http = server.http();
    let tokens = sign_up(&mut http, "ada@explain.test").await;
    let token = tokens.access.as_str();
    let header = decode(token.split('.').next().unwrap());
    let with = |name: &str, value: serde_json::Value| {
        let mut header = header.clone();
        header[name] = value;
        with_header(token, &header)
    };
    let forger = Forger::of(data);
    let changed = |changes: serde_json::Value| forger.change(token, "at+jwt", &changes);

    assert_eq!(explained(data, token), "accepted");
    let secret = refusal(data, &format!("token explain {}", tokens.refresh));
    assert_snapshot!(secret, @"1 error: this is a refresh token: exchange it at the token endpoint, and look into the access token that it gives");
    assert_eq!(refusal(data, &format!("token decode {}", tokens.refresh)), secret);
    assert_snapshot!(explained(data, "abc"), @r"
    shape      REFUSED  token_malformed
    error: refused by shape: the token is malformed: not three parts
    ");
    assert_snapshot!(explained(data, &format!("{token}{}", "x".repeat(20_000))), @r"
    shape      REFUSED  token_too_large
    error: refused by shape: the token is longer than 16384 bytes
    ");
    assert_snapshot!(explained(data, &with("alg", json!("none"))), @r#"
    algorithm  REFUSED  algorithm_refused
    error: refused by algorithm: the algorithm is not one allowed here, or not the one of the key; it says "none"
    "#);
    assert_snapshot!(explained(data, &with("alg", json!("HS256"))), @r#"
    algorithm  REFUSED  algorithm_refused
    error: refused by algorithm: the algorithm is not one allowed here, or not the one of the key; it says "HS256"
    "#);
    assert_snapshot!(explained(data, &with("kid", json!("somebody-elses"))), @r#"
    key        REFUSED  unknown_key
    error: refused by key: no key for the token's kid; if the issuer rotated its keys, they must be fetched again; it says "somebody-elses"
    "#);
    assert_snapshot!(explained(data, &with("typ", json!("JWT"))), @r"
    signature  REFUSED  bad_signature
    error: refused by signature: the signature is not by the key that the token names
    ");
    let (start, end) = token.split_at(token.len() - 10);
    let other = if end.starts_with('A') { "B" } else { "A" };
    assert_snapshot!(explained(data, &format!("{start}{other}{}", &end[1..])), @r"
    signature  REFUSED  bad_signature
    error: refused by signature: the signature is not by the key that the token names
    ");

    assert_snapshot!(explained(data, &changed(json!({ "exp": null }))), @r"
    claims     REFUSED  claim_missing
    error: refused by claims: the claim `exp` is missing
    ");
    assert_snapshot!(explained(data, &changed(json!({ "exp": "tomorrow" }))), @r"
    claims     REFUSED  claim_invalid
    error: refused by claims: the claim `exp` has a wrong type or an impossible value
    ");
    assert_snapshot!(explained(data, &forger.change(token, "JWT", &json!({}))), @r#"
    claims     REFUSED  wrong_type
    error: refused by claims: the token is of another type (typ) than the one expected here; it says "JWT"
    "#);
    assert_snapshot!(explained(data, &changed(json!({ "iss": "https://elsewhere.test" }))), @r#"
    issuer     REFUSED  wrong_issuer
    error: refused by issuer: the token is of another issuer (iss); it says "https://elsewhere.test", this realm is "http://127.0.0.1:8400": give --realm or, if the server runs under another URL, --public-url
    "#);
    assert_snapshot!(explained(data, &changed(json!({ "aud": "notes-api" }))), @r#"
    audience   REFUSED  wrong_audience
    error: refused by audience: the token is for another audience (aud); it says "notes-api", asked for is "http://127.0.0.1:8400"
    "#);
    assert_snapshot!(explained(data, &changed(json!({ "exp": 1_000_000_000, "iat": 999_999_000 }))), @r"
    time       REFUSED  token_expired
    error: refused by time: the token expired (exp); it was good until 2001-09-09T01:46:40Z
    ");
    assert_snapshot!(explained(data, &changed(json!({ "nbf": 9_999_999_000_i64, "exp": 9_999_999_999_i64 }))), @r"
    time       REFUSED  token_not_yet_valid
    error: refused by time: the token is not valid yet (nbf); check the clocks; it is from 2286-11-20T17:30:00Z
    ");
    assert_snapshot!(explained(data, &changed(json!({ "iat": 9_999_999_000_i64, "exp": 9_999_999_999_i64 }))), @r"
    time       REFUSED  issued_in_future
    error: refused by time: the token was issued in the future (iat); check the clocks; it is of 2286-11-20T17:30:00Z
    ");

    // A token of no session is an API's business; one of a session that has ended is refused here.
    let minted = command(data, "token mint ada@explain.test --audience").arg(OWN).done();
    assert_snapshot!(explained(data, &minted), @r"
    session    REFUSED  session_missing
    error: refused by session: it names no session, and the server's own API asks for one
    ");
    assert_eq!(http.post_as("/api/v1/logout", token, json!({})).await.unwrap().status, 204);
    assert_snapshot!(explained(data, token), @r"
    session    REFUSED  session_ended
    error: refused by session: its session has ended, or its account is disabled; the server's own API refuses it, other APIs accept it until it expires
    ");
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_leaves_the_proof_of_a_bound_token_to_the_api_that_sees_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = serve(data);
    let token = sign_up(&mut server.http(), "ada@explain.test").await.access;
    let bound = |audience: &str, cnf: serde_json::Value| {
        Forger::of(data).change(&token, "at+jwt", &json!({ "aud": audience, "cnf": cnf }))
    };
    let said = |token: &str, audience: &str| {
        command(data, "token explain - --audience").arg(audience).stdin(token).run()
    };
    let api = said(&bound("notes-api", json!({ "jkt": "x" })), "notes-api");
    assert_eq!(api.code, Some(0), "{}", api.stderr);
    assert!(api.stdout.contains("\nproof of possession decided by the application\n"), "{}", api.stdout);
    // What no guard takes, and our own API, which takes no bound tokens.
    for (cnf, audience) in [(json!({ "x5t#S256": "x" }), "notes-api"), (json!({ "jkt": "x" }), OWN)] {
        let refused = said(&bound(audience, cnf), audience);
        assert_eq!(refused.code, Some(1));
        assert!(refused.stdout.contains("REFUSED  proof_required"), "{}", refused.stdout);
    }
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_checks_what_a_route_asks_for() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = serve(data);
    let token = sign_up(&mut server.http(), "ada@explain.test").await.access;
    let said = |arguments: &str| {
        let said = command(data, &format!("token explain - {arguments}")).stdin(&token).run();
        // Until when a token is good is another moment in each run.
        let rules = said.stdout.lines().skip(9).map(|line| match line.split_once(" until ") {
            Some((accepted, _)) => accepted.trim_end_matches(','),
            None => line,
        });
        let rules = rules.collect::<Vec<_>>().join("\n");
        format!("{rules}\n{}", said.stderr.trim_end()).trim().to_owned()
    };
    assert_eq!(said("GET /api/v1/me"), "accepted");
    assert_snapshot!(said("delete /api/v1/admin/users/usr_1"), @r"
    role=realm-admin REFUSED  missing_role
    error: refused by role=realm-admin: the account has none
    ");
    let rules = "--audience http://127.0.0.1:8400 --requires credential=token --requires permission=notes:write --requires fresh=300";
    assert_snapshot!(said(rules), @r"
    credential=token       passed
    permission=notes:write REFUSED  missing_permission
    fresh=300              not reached
    error: refused by permission=notes:write: the token has none
    ");
    let api = data.join("openapi.json");
    let route = json!({ "security": [{ "gatepostToken": [] }], "x-gatepost": { "resource": { "owner": "owner_id" }, "fresh": 300 } });
    let document =
        json!({ "openapi": "3.1.0", "paths": { "/health": { "get": {} }, "/notes/{id}": { "get": route } } });
    std::fs::write(&api, document.to_string()).unwrap();
    let api = api.display();
    assert_snapshot!(said(&format!("GET /notes/7 --api {api} --audience http://127.0.0.1:8400")), @r"
    resource   decided by the application
    fresh=300  passed
    accepted, if the application agrees
    ");
    let public = command(data, &format!("token explain - GET /health --api {api}")).stdin("none").done();
    assert_eq!(public, "GET /health is public: no credential is looked at");
    for (wrong, why) in [
        ("PUT /api/v1/login", "error: PUT /api/v1/login is no operation of Gatepost's own API"),
        ("--requires rolle=admin", "there is no rule rolle; did you mean role?"),
        ("GET", "PATH"),
        (&format!("GET /notes/7 --api {api}x"), "cannot be read"),
    ] {
        assert!(said(wrong).contains(why), "{}", said(wrong));
    }
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_checks_an_api_key_and_what_it_becomes() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let file = data.join("realms.toml");
    std::fs::write(
        &file,
        "[[realm]]\nname = \"default\"\naudience = [\"notes-api\"]\napi_key_scopes = [\"ci\"]\n",
    )
    .unwrap();
    command(data, &format!("apply {}", file.display())).done();
    let server = serve(data);
    let mut http = server.http();
    let ada = sign_up(&mut http, "ada@explain.test").await.access;
    let made =
        http.post_as("/api/v1/me/api-keys", &ada, json!({"name": "ci", "scopes": ["ci"]})).await.unwrap();
    let key = made.json()["key"].as_str().unwrap().to_owned();
    let said = |key: &str, arguments: &str| {
        let said = command(data, &format!("token explain - {arguments}")).stdin(key).run();
        assert!(!format!("{}{}", said.stdout, said.stderr).contains(&key[7..]), "the key is not repeated");
        let refused: Vec<&str> = said.stdout.lines().filter(|line| line.contains("REFUSED")).collect();
        format!("{}\n{}", refused.join("\n"), said.stderr.trim_end()).trim().to_owned()
    };
    assert_eq!(said(&key, "--requires scope=ci --requires credential=api_key"), "");
    assert_snapshot!(said(&key, "--requires credential=token"), @r#"
    credential=token REFUSED  wrong_credential
    error: refused by credential=token: the token has "api_key"
    "#);
    assert_snapshot!(said(&key[..70], ""), @r"
    key shape  REFUSED  api_key_refused
    error: refused by key shape: its shape or checksum is wrong
    ");
    let made = made.json();
    let id = made["id"].as_str().unwrap();
    let as_of_key = json!({ "api_key": id, "sid": null, "aud": "notes-api" });
    let exchanged = &Forger::of(data).change(&ada, "at+jwt", &as_of_key);
    assert_eq!(command(data, "token explain -").stdin(exchanged).run().code, Some(0));
    command(data, "api-key revoke").arg(id).done();
    let said_of_token = command(data, "token explain -").stdin(exchanged).run();
    assert!(
        said_of_token.stderr.contains("refused by api key: the API key it was exchanged for was revoked"),
        "{}",
        said_of_token.stderr
    );
    assert_snapshot!(said(&key, ""), @r"
    key life   REFUSED  api_key_refused
    error: refused by key life: it was revoked, or has expired
    ");
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_as_json_has_every_check() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = serve(data);
    let tokens = sign_up(&mut server.http(), "ada@explain.test").await;
    let said = command(data, "token explain --json --audience notes-api").arg(&tokens.access).run();
    assert_eq!(said.code, Some(1));
    let trace: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(trace["accepted"], false);
    let checks: Vec<&str> =
        trace["checks"].as_array().unwrap().iter().map(|check| check["check"].as_str().unwrap()).collect();
    assert_eq!(
        checks,
        ["shape", "algorithm", "key", "signature", "claims", "issuer", "audience", "time", "session"]
    );
    assert_eq!(trace["checks"][6]["code"], "wrong_audience");
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minted_token_is_for_apis_and_opens_no_account() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = serve(data);
    let mut http = server.http();
    sign_up(&mut http, "ada@explain.test").await;
    let minted = command(data, "token mint ada@explain.test --audience notes-api --json --scope")
        .arg("notes:read notes:write")
        .json();
    assert_eq!(minted["expires_in"], 900);
    let token = minted["access_token"].as_str().unwrap();
    let said = command(data, "token decode --json").arg(token).json();
    assert_eq!(said["header"]["typ"], "at+jwt");
    assert_eq!(said["payload"]["aud"], "notes-api");
    assert_eq!(said["payload"]["scope"], "notes:read notes:write");
    assert_eq!(said["payload"]["sid"], json!(null));
    let shown = command(data, "token decode -").stdin(token).done();
    assert!(shown.ends_with("Nothing was verified; `gatepost token explain` does."), "{shown}");
    assert_eq!(command(data, "token explain - --audience notes-api").stdin(token).run().code, Some(0));
    // Even where the audience is ours, no session means no account.
    let own = command(data, "token mint ada@explain.test --audience").arg(OWN).done();
    assert_eq!(http.get_as("/api/v1/me", &own).await.unwrap().brief(), "401 invalid_token");

    assert_snapshot!(super::refusal(data, "token mint nobody@explain.test"), @"1 error: realm default has no user nobody@explain.test; `gatepost user list` shows all, --realm names another realm");
    command(data, "user disable ada@explain.test").done();
    let refused = command(data, "token mint ada@explain.test").run();
    assert!(
        refused.stderr.contains("is disabled; enable them with `gatepost user enable`"),
        "{}",
        refused.stderr
    );
    assert_snapshot!(super::refusal(data, r#"token decode {"access_token":"a.b.c"}"#), @"1 error: this is JSON and not a token: give the value of `access_token`, or - to read it from standard input");
    assert_snapshot!(super::refusal(data, "token decode not.a.token"), @"1 error: the token is malformed: a part is not base64url");
    server.stop();
}

/// Wherever the server runs, commands make and expect what it would.
#[tokio::test(flavor = "multi_thread")]
async fn commands_know_where_the_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = crate::support::gatepost("serve --listen 127.0.0.1:0")
        .data(data)
        .envs(crate::support::CHEAP_HASHES)
        .serve();
    let mut http = server.http();
    let token = sign_up(&mut http, "ada@explain.test").await.access;
    let issuer = decode(token.split('.').nth(1).unwrap())["iss"].clone();
    assert_ne!(issuer, OWN);
    assert_eq!(command(data, "token explain - GET /api/v1/me").stdin(&token).run().code, Some(0));
    let minted = command(data, "token mint ada@explain.test").done();
    assert_eq!(decode(minted.split('.').nth(1).unwrap())["iss"], issuer);
    let elsewhere = command(data, "token mint ada@explain.test --public-url https://auth.example.com").done();
    assert_eq!(decode(elsewhere.split('.').nth(1).unwrap())["iss"], "https://auth.example.com");
    server.stop();
}
