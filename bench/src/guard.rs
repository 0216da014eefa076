//! A guarded axum route beside the same route open, with a token seen before.

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use gatepost_guard::{CurrentUser, Guard, Require, role};
use gatepost_jose::{Algorithm, KeySet, SigningKey, jwt};
use http::Request;
use http_body_util::BodyExt as _;
use std::time::Duration;
use tower::ServiceExt as _;

use crate::driver::drive_awake;
use crate::people::{get as request, same};
use crate::report::{Bar, Better, Row, compared};
use crate::rounds::{Side, cpu_in_turns};
use crate::served::{Served, ourselves};
use crate::{Outcome, Run, hello, machine, rights};

role!(Admin = "admin");

const ISSUER: &str = "https://auth.example.com";
const SLICE: Duration = Duration::from_millis(300);
/// The driver makes the key and hands it to the process that serves. It protects nothing.
const KEY: &str = "GATEPOST_BENCH_KEY";

fn app(key: &SigningKey) -> Outcome<Router> {
    let guard = Guard::from_keys(ISSUER, "notes-api", KeySet::new([key.verifying_key()])?);
    Ok(Router::new()
        .route("/open", get(async || "ok"))
        .route("/user", get(async |user: CurrentUser| if user.id.is_empty() { "" } else { "ok" }))
        .route("/require", get(async |_: Require<Admin>| "ok"))
        .with_state(guard))
}

/// Serves the three routes until the process ends.
pub fn serve() -> Outcome<()> {
    let der = base64_simd::STANDARD.decode_to_vec(std::env::var(KEY)?)?;
    hello::run(app(&SigningKey::from_pkcs8(Algorithm::ES256, "bench", &der)?)?)
}

fn token(key: &SigningKey) -> Outcome<String> {
    let claims = serde_json::json!({
        "iss": ISSUER, "sub": "usr_01h455vb4pex5vsknk084sn02q", "aud": "notes-api", "client_id": "web",
        "jti": "01h455vb4pex5vsknk084sn02q", "sid": "ses_01h455vb4pex5vsknk084sn02q", "iat": 1_700_000_000,
        "exp": 9_000_000_000_i64, "scope": "notes profile email", "realm_id": "acme", "email": "ada@example.com",
        "email_verified": true, "roles": ["admin", "member"], "permissions": ["notes:*", "users:read"],
    });
    Ok(jwt::sign("at+jwt", &claims, key)?)
}

pub fn measure(run: &Run) -> Outcome<Vec<Row>> {
    let key = SigningKey::generate(Algorithm::ES256)?.with_kid("bench");
    let token = token(&key)?;
    let mut rows = in_process(run, &key, &token)?;
    rows.extend(rights::rows(run)?);
    let before = machine::pin(machine::DRIVER)?;
    let mut command = ourselves("serve-guarded")?;
    command.env(KEY, base64_simd::STANDARD.encode_to_string(key.to_bytes()));
    let server = Served::start(command, machine::SERVER)?;
    let (mut rate, mut cpu) = ([vec![], vec![], vec![]], [vec![], vec![], vec![]]);
    for _ in 0..run.rounds(31) {
        for (number, path) in ["/open", "/user", "/require"].into_iter().enumerate() {
            let mut talks = same(&request(path, Some(&token)), 32);
            let spent = machine::process_cpu(server.process())?;
            let load = drive_awake(server.address, &mut talks, SLICE)?.only(200)?;
            let spent = machine::process_cpu(server.process())?.saturating_sub(spent);
            rate[number].push(load.per_second);
            cpu[number].push(load.took.len() as f64 / spent.as_secs_f64());
        }
    }
    for (number, what) in [(1, "CurrentUser"), (2, "Require<Admin>")] {
        for (figures, unit) in [(&rate, "/s"), (&cpu, "/cpu s")] {
            let by = if unit == "/s" { "requests" } else { "requests a CPU second" };
            let bar = Some(Bar::RatioAtLeast(0.95));
            let name = format!("{what}: {by}, 32 connections");
            rows.push(compared(
                "guard",
                &name,
                unit,
                Better::More,
                &figures[number],
                ("the route open", &figures[0]),
                bar,
            ));
        }
    }
    machine::unpin(&before)?;
    Ok(rows)
}

fn in_process(run: &Run, key: &SigningKey, token: &str) -> Outcome<Vec<Row>> {
    let before = machine::pin(machine::SERVER)?;
    let app = app(key)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let authorization = format!("Bearer {token}");
    let ask = |path: &'static str| {
        let (app, authorization, runtime) = (&app, &authorization, &runtime);
        move || {
            runtime.block_on(async {
                let request = Request::builder().uri(path).header("authorization", authorization);
                let Ok(request) = request.body(Body::empty()) else { return };
                let Ok(answer) = app.clone().oneshot(request).await;
                assert_eq!(answer.status(), 200, "{path}");
                drop(answer.into_body().collect().await);
            });
        }
    };
    let sides: &mut [Side<'_>] =
        &mut [Box::new(ask("/open")), Box::new(ask("/user")), Box::new(ask("/require"))];
    let figures = cpu_in_turns(sides, run.rounds(90), Duration::from_millis(4));
    machine::unpin(&before)?;
    let row = |number: usize, what: &str| {
        let name = format!("{what}: in process, without HTTP");
        compared("guard", &name, "ns", Better::Less, &figures[number], ("the route open", &figures[0]), None)
    };
    Ok(vec![row(1, "CurrentUser"), row(2, "Require<Admin>")])
}
