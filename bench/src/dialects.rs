//! What a request costs in another system's words, beside the native call that does the same in the same realm.

use std::net::SocketAddr;

use crate::driver::{Talk, drive, drive_awake};
use crate::people::{PASSWORD, Person, Refreshing, get, member, same, send_form, send_json};
use crate::report::{Bar, Better, Row, compared};
use crate::served::{Served, gatepost};
use crate::{Outcome, Run, SLICE, machine};

const CONNECTIONS: usize = 32;

/// A realm for each door, and the two clients of the one of Scalekit.
const REALMS: &str = r#"
[[realm]]
name = "zalt"
profile = "zalt"
rate_limits = "off"

[[realm]]
name = "runbook"
profile = "runbook"
rate_limits = "off"

[[realm]]
name = "module04"
profile = "module04"
rate_limits = "off"

[[realm]]
name = "better"
rate_limits = "off"

[[realm]]
name = "scalekit"
rate_limits = "off"
# As its tokens are signed.
signing_alg = "RS256"
[[realm.client]]
id = "dialect"
secret = "only-for-a-measurement-0123456789"
grants = ["client_credentials"]
scopes = ["notes:read"]
token_format = "scalekit"
[[realm.client]]
id = "native"
secret = "only-for-a-measurement-0123456789"
grants = ["client_credentials"]
scopes = ["notes:read"]
"#;

/// `dialect:only-for-a-measurement-0123456789`, and the same of `native`.
const DIALECT: &str = "Basic ZGlhbGVjdDpvbmx5LWZvci1hLW1lYXN1cmVtZW50LTAxMjM0NTY3ODk=";
const NATIVE: &str = "Basic bmF0aXZlOm9ubHktZm9yLWEtbWVhc3VyZW1lbnQtMDEyMzQ1Njc4OQ==";

/// What a door is asked, and what the native API is asked for the same.
struct Pair {
    what: &'static str,
    dialect: Asked,
    native: Asked,
    /// Of one call beside one call. Beside the several calls that tell as much it is only told.
    bar: Option<Bar>,
}

/// A request that can be asked again and again.
enum Asked {
    Same(Vec<u8>),
    /// One after the other, for what no one call tells.
    Each(Vec<Asked>),
    /// Refreshed at this path, by as many people as there are connections.
    Refresh(&'static str, Vec<Person>),
}

pub fn measure(run: &Run) -> Outcome<Vec<Row>> {
    let folder = run.fresh()?;
    let file = folder.path().join("realms.toml");
    std::fs::write(&file, REALMS)?;
    let before = machine::pin(machine::DRIVER)?;
    let mut command = gatepost(&folder.path().join("data"), true, None)?;
    command.arg("--apply").arg(&file);
    let server = Served::start(command, machine::SERVER)?;
    let mut pairs = pairs(server.address)?;
    let mut figures = vec![(Vec::new(), Vec::new()); pairs.len()];
    for _ in 0..run.rounds(15) {
        for (pair, (dialect, native)) in pairs.iter_mut().zip(&mut figures) {
            dialect.push(spent(&server, &mut pair.dialect)?);
            native.push(spent(&server, &mut pair.native)?);
        }
    }
    machine::unpin(&before)?;
    let row = |(pair, (dialect, native)): (&Pair, &(Vec<f64>, Vec<f64>))| {
        let name = if pair.bar.is_some() { "the native call" } else { "the native calls" };
        compared("dialects", pair.what, "µs cpu", Better::Less, dialect, (name, &native[..]), pair.bar)
    };
    Ok(pairs.iter().zip(&figures).map(row).collect())
}

/// Microseconds of the server's CPU that a request takes.
fn spent(server: &Served, asked: &mut Asked) -> Outcome<f64> {
    if let Asked::Each(calls) = asked {
        return calls.iter_mut().map(|call| spent(server, call)).sum();
    }
    let before = machine::process_cpu(server.process())?;
    let load = match asked {
        Asked::Each(_) => return Err("calls are measured one by one".into()),
        Asked::Same(request) => drive_awake(server.address, &mut same(request, CONNECTIONS), SLICE / 2)?,
        Asked::Refresh(path, people) => {
            let path = *path;
            let mut talks: Vec<_> =
                people.iter().map(|one| Refreshing::at(path, std::slice::from_ref(one))).collect();
            let load = drive_awake(server.address, &mut talks, SLICE / 2)?;
            for (person, talk) in people.iter_mut().zip(&talks) {
                talk.present().clone_into(&mut person.refresh_token);
            }
            load
        }
    };
    let load = load.only(200)?;
    let spent = machine::process_cpu(server.process())?.saturating_sub(before);
    Ok(spent.as_secs_f64() * 1e6 / load.took.len() as f64)
}

fn pairs(server: SocketAddr) -> Outcome<Vec<Pair>> {
    for realm in ["zalt", "module04", "better"] {
        register(server, &format!("/r/{realm}/api/v1/register"))?;
    }
    register(server, "/r/runbook/register")?;
    let zalt = token(server, login("/r/zalt/login"), "access_token")?;
    let runbook = token(server, form("/r/runbook/token", "somebody"), "access_token")?;
    let runbook_native = token(server, login("/r/runbook/api/v1/login"), "access_token")?;
    let module04 = token(server, form("/r/module04/auth/token", EMAIL), "access_token")?;
    let module04_native = token(server, login("/r/module04/api/v1/login"), "access_token")?;
    let better = token(server, login("/r/better/api/auth/sign-in/email"), "token")?;
    let better_native = token(server, login("/r/better/api/v1/login"), "access_token")?;
    let read = |path: &str, token: &str| Asked::Same(get(path, Some(token)));
    let write = |request: Vec<u8>| Asked::Same(request);
    let pair = |what, dialect, native| Pair { what, dialect, native, bar: Some(Bar::RatioAtMost(1.1)) };
    let beside = |what, dialect, calls: &[&str], token: &str| Pair {
        what,
        dialect,
        native: Asked::Each(calls.iter().map(|path| read(path, token)).collect()),
        bar: None,
    };
    let machine = |authorization| {
        let mut out = Vec::new();
        let body = ["grant_type=client_credentials"];
        send_form(&mut out, "/r/scalekit/oauth/token", Some(authorization), &body);
        Asked::Same(out)
    };
    Ok(vec![
        pair("Zalt: GET /me", read("/r/zalt/me", &zalt), read("/r/zalt/api/v1/me", &zalt)),
        beside(
            "Zalt: GET /me, beside all that tells the same",
            read("/r/zalt/me", &zalt),
            &["/r/zalt/api/v1/me", "/r/zalt/api/v1/me/mfa", "/r/zalt/api/v1/organizations"],
            &zalt,
        ),
        pair("Zalt: POST /login", write(login("/r/zalt/login")), write(login("/r/zalt/api/v1/login"))),
        pair(
            "Zalt: POST /refresh",
            Asked::Refresh("/r/zalt/refresh", signed_in(server, "/r/zalt/login")?),
            Asked::Refresh("/r/zalt/api/v1/refresh", signed_in(server, "/r/zalt/api/v1/login")?),
        ),
        pair(
            "runbook: GET /users/me",
            read("/r/runbook/users/me", &runbook),
            read("/r/runbook/api/v1/me", &runbook_native),
        ),
        pair(
            "runbook: POST /token",
            write(form("/r/runbook/token", "somebody")),
            write(login("/r/runbook/api/v1/login")),
        ),
        pair(
            "Module 04: GET /users/me",
            read("/r/module04/users/me", &module04),
            read("/r/module04/api/v1/me", &module04_native),
        ),
        pair(
            "Better Auth: GET /get-session",
            read("/r/better/api/auth/get-session", &better),
            read("/r/better/api/v1/me", &better_native),
        ),
        beside(
            "Better Auth: GET /get-session, beside all that tells the same",
            read("/r/better/api/auth/get-session", &better),
            &["/r/better/api/v1/me", "/r/better/api/v1/me/sessions"],
            &better_native,
        ),
        pair(
            "Better Auth: POST /sign-in/email",
            write(login("/r/better/api/auth/sign-in/email")),
            write(login("/r/better/api/v1/login")),
        ),
        pair("Scalekit: client_credentials", machine(DIALECT), machine(NATIVE)),
    ])
}

const EMAIL: &str = "somebody@example.com";

/// Every door reads as much of it as it knows.
fn credentials(path: &str, more: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let body = ["{\"email\":\"", EMAIL, "\",\"password\":\"", PASSWORD, "\"", more, "}"];
    send_json(&mut out, "POST", path, None, &body);
    out
}

fn login(path: &str) -> Vec<u8> {
    credentials(path, "")
}

fn form(path: &str, username: &str) -> Vec<u8> {
    let mut out = Vec::new();
    send_form(&mut out, path, None, &["username=", username, "&password=", &PASSWORD.replace(' ', "+")]);
    out
}

fn register(server: SocketAddr, path: &str) -> Outcome<()> {
    once(server, credentials(path, ",\"username\":\"somebody\"")).map(drop)
}

fn token(server: SocketAddr, request: Vec<u8>, name: &str) -> Outcome<String> {
    let answer = once(server, request)?;
    Ok(member(&answer, name).ok_or("no token in the answer")?.to_owned())
}

/// As many sessions of one person as there are connections.
fn signed_in(server: SocketAddr, path: &str) -> Outcome<Vec<Person>> {
    let session = |_| {
        let refresh_token = token(server, login(path), "refresh_token")?;
        Ok(Person { refresh_token, ..Person::default() })
    };
    (0..CONNECTIONS).map(session).collect()
}

/// One request, and its answer.
fn once(server: SocketAddr, request: Vec<u8>) -> Outcome<Vec<u8>> {
    let mut talks = [Once { request: Some(request), status: 0, answer: Vec::new() }];
    drive(server, &mut talks, None)?;
    let [talk] = talks;
    if talk.status < 300 {
        return Ok(talk.answer);
    }
    Err(format!("{}: {}", talk.status, String::from_utf8_lossy(&talk.answer)).into())
}

struct Once {
    request: Option<Vec<u8>>,
    status: u16,
    answer: Vec<u8>,
}

impl Talk for Once {
    fn ask(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(request) = self.request.take() else { return false };
        out.extend_from_slice(&request);
        true
    }

    fn hear(&mut self, status: u16, body: &[u8]) {
        self.status = status;
        self.answer = body.to_vec();
    }
}
