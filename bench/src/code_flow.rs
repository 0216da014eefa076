//! The code flow after the sign-in: a browser with a session asks for a code, and the client exchanges it, with PKCE;
//! beside node oidc-provider, which does the same in memory.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use memchr::memmem;

use crate::driver::{Talk, drive_awake};
use crate::people::{PASSWORD, member, send_form};
use crate::report::{Bar, Better, Row, alone, compared};
use crate::served::{Served, gatepost, peer};
use crate::{Outcome, Run, SLICE, machine};

const GROUP: &str = "flow";
const CONNECTIONS: usize = 32;

/// The client as the peer has it: public, with an ID token signed ES256.
const REALM: &str = r#"
[[realm]]
name = "default"
default = true
signing_alg = "ES256"
rate_limits = "off"

[[realm.client]]
id = "web"
public = true
redirect_uris = ["https://client.example/callback"]
grants = ["authorization_code"]
scopes = ["openid"]
skip_consent = true
id_token_signed_response_alg = "ES256"

[[realm.user]]
email = "ada@example.com"
username = "ada"
password = "the engine weaves algebra"
email_verified = true
"#;

/// The example of RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const QUESTION: &str = "client_id=web&response_type=code&scope=openid&redirect_uri=https%3A%2F%2Fclient.example%2Fcallback\
    &state=s&nonce=n&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

/// Where a server has its two endpoints.
#[derive(Clone, Copy)]
struct Endpoints {
    authorize: &'static str,
    token: &'static str,
}

const OURS: Endpoints = Endpoints { authorize: "/oauth/authorize", token: "/oauth/token" };
const PEERS: Endpoints = Endpoints { authorize: "/auth", token: "/token" };

/// Cookies by name.
type Cookies = BTreeMap<String, String>;

/// A browser and its client, exchange after exchange.
struct Exchanging {
    at: Endpoints,
    cookies: Cookies,
    /// What the browser brought, until the client has exchanged it.
    code: Option<String>,
    exchanged: u64,
}

impl Talk for Exchanging {
    fn ask(&mut self, out: &mut Vec<u8>) -> bool {
        if let Some(code) = &self.code {
            let body = [
                "grant_type=authorization_code&client_id=web&redirect_uri=https%3A%2F%2Fclient.example%2Fcallback&code=",
                code,
                "&code_verifier=",
                VERIFIER,
            ];
            send_form(out, self.at.token, None, &body);
        } else {
            out.extend_from_slice(&visit(&format!("{}?{QUESTION}", self.at.authorize), &self.cookies, None));
        }
        true
    }

    fn head(&mut self, head: &[u8]) {
        if self.code.is_none() {
            keep(&mut self.cookies, head);
            self.code = header(head, "location").find_map(|to| code_of(&to));
        }
    }

    fn hear(&mut self, status: u16, body: &[u8]) {
        if status == 200 {
            self.code = None;
            self.exchanged += u64::from(member(body, "id_token").is_some());
        }
    }
}

/// The values of a header, whatever its case.
fn header<'h>(head: &'h [u8], name: &'h str) -> impl Iterator<Item = String> + 'h {
    head.split(|byte| *byte == b'\n').filter_map(move |line| {
        let (found, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}

fn keep(cookies: &mut Cookies, head: &[u8]) {
    for line in header(head, "set-cookie") {
        if let Some((name, value)) = line.split(';').next().and_then(|pair| pair.split_once('=')) {
            // An empty one is a cookie that goes away.
            if value.is_empty() {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

fn code_of(location: &str) -> Option<String> {
    let (_, rest) = location.split_once("code=")?;
    Some(rest.split('&').next()?.to_owned())
}

/// What a browser sends, to look or with a form.
fn visit(path: &str, cookies: &Cookies, form: Option<&str>) -> Vec<u8> {
    let method = if form.is_some() { "POST" } else { "GET" };
    let cookies: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut text =
        format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\ncookie: {}\r\n", cookies.join("; "));
    if let Some(form) = form {
        text += "sec-fetch-site: same-origin\r\ncontent-type: application/x-www-form-urlencoded\r\n";
        text.extend(["content-length: ", &form.len().to_string(), "\r\n\r\n", form]);
    } else {
        text += "\r\n";
    }
    text.into_bytes()
}

/// Asks once, on a connection of its own: the head and the body.
fn once(address: SocketAddr, request: &[u8]) -> Outcome<(Vec<u8>, Vec<u8>)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.write_all(request)?;
    let (mut received, mut piece) = (Vec::new(), [0; 16_384]);
    loop {
        let count = stream.read(&mut piece)?;
        received.extend_from_slice(&piece[..count]);
        let Some(end) = memmem::find(&received, b"\r\n\r\n") else {
            if count == 0 {
                return Err("the server closed the connection".into());
            }
            continue;
        };
        let (head, body) = received.split_at(end + 4);
        let length = header(head, "content-length").next().map_or(Ok(0), |length| length.parse())?;
        if body.len() >= length {
            return Ok((head.to_vec(), body.to_vec()));
        }
    }
}

/// The value of a hidden field.
fn hidden(page: &str, name: &str) -> Outcome<String> {
    let (_, rest) =
        page.split_once(&format!("name=\"{name}\" value=\"")).ok_or(format!("no field {name}"))?;
    Ok(rest.split('"').next().unwrap_or_default().to_owned())
}

/// The cookies of a browser that has signed in.
fn signed_in(address: SocketAddr) -> Outcome<Cookies> {
    let mut cookies = Cookies::new();
    let mut path = format!("{}?{QUESTION}", OURS.authorize);
    let mut form = None;
    for _ in 0..10 {
        let (head, body) = once(address, &visit(&path, &cookies, form.as_deref()))?;
        keep(&mut cookies, &head);
        form = None;
        if let Some(to) = header(&head, "location").next() {
            if code_of(&to).is_some() {
                return Ok(cookies);
            }
            path = to
                .find("://")
                .and_then(|at| to[at + 3..].find('/').map(|slash| to[at + 3 + slash..].to_owned()))
                .unwrap_or(to);
        } else {
            let page = String::from_utf8(body)?;
            let (csrf, flow) = (hidden(&page, "csrf")?, hidden(&page, "flow")?);
            let password = PASSWORD.replace(' ', "+");
            form = Some(format!("csrf={csrf}&flow={flow}&username=ada&password={password}"));
            "/sign-in".clone_into(&mut path);
        }
    }
    Err("the sign-in did not come to its end".into())
}

/// Exchanges a second, and a second of the server's CPU.
fn exchanges(served: &Served, talks: &mut [Exchanging]) -> Outcome<(f64, f64)> {
    let before: u64 = talks.iter().map(|talk| talk.exchanged).sum();
    let spent = machine::process_cpu(served.process())?;
    let load = drive_awake(served.address, talks, SLICE)?;
    let spent = machine::process_cpu(served.process())?.saturating_sub(spent);
    if load.status.keys().any(|status| ![200, 303].contains(status)) {
        return Err(format!("expected codes and tokens, the answers were {:?}", load.status).into());
    }
    let made = talks.iter().map(|talk| talk.exchanged).sum::<u64>() - before;
    Ok((made as f64 / SLICE.as_secs_f64(), made as f64 / spent.as_secs_f64()))
}

#[expect(clippy::print_stderr, reason = "a part that was left out says so")]
pub fn measure(run: &Run) -> Outcome<Vec<Row>> {
    let folder = run.fresh()?;
    let file = folder.path().join("realm.toml");
    std::fs::write(&file, REALM)?;
    let node = peer("oidc-provider")?;
    if node.is_none() {
        eprintln!("SKIPPED: flow: beside oidc-provider, for there is no npm");
    }
    let before = machine::pin(machine::DRIVER)?;
    let mut command = gatepost(&folder.path().join("data"), true, None)?;
    command.arg("--apply").arg(&file);
    let server = Served::start(command, machine::SERVER)?;
    let node = node.map(|command| Served::start(command, machine::SERVER)).transpose()?;
    let talk = |at, cookies| Exchanging { at, cookies, code: None, exchanged: 0 };
    let ours: Outcome<Vec<Exchanging>> =
        (0..CONNECTIONS).map(|_| Ok(talk(OURS, signed_in(server.address)?))).collect();
    let mut sides = vec![(&server, ours?)];
    if let Some(node) = &node {
        let ask = format!(
            "POST /bench/browsers/{CONNECTIONS} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n"
        );
        let (_, browsers) = once(node.address, ask.as_bytes())?;
        let browsers = String::from_utf8(browsers)?;
        let theirs = browsers.lines().map(|line| {
            let pairs = line.split("; ").filter_map(|pair| pair.split_once('='));
            talk(PEERS, pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
        });
        sides.push((node, theirs.collect()));
    }
    let (mut rate, mut cpu) = (vec![Vec::new(); sides.len()], vec![Vec::new(); sides.len()]);
    for _ in 0..run.rounds(9) {
        for (number, (served, talks)) in sides.iter_mut().enumerate() {
            let (each, each_cpu) = exchanges(served, talks)?;
            rate[number].push(each);
            cpu[number].push(each_cpu);
        }
    }
    machine::unpin(&before)?;
    let mut rows = Vec::new();
    for (figures, unit, by) in [(&rate, "/s", "exchanges"), (&cpu, "/cpu s", "exchanges a CPU second")] {
        let name = format!("authorize, code, token, 32 browsers: {by}");
        rows.push(match figures.get(1) {
            Some(peer) => compared(
                GROUP,
                &name,
                unit,
                Better::More,
                &figures[0],
                ("oidc-provider, in memory", peer),
                Some(Bar::RatioAtLeast(10.0)),
            ),
            None => alone(GROUP, &name, unit, Better::More, &figures[0], None),
        });
    }
    Ok(rows)
}
