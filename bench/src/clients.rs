//! Tokens that clients get for themselves (`client_credentials`), beside axum's hello world, the raw RSA signature, and
//! node oidc-provider.

use gatepost_jose::Algorithm;

use crate::driver::drive_awake;
use crate::people::{get, same, send_form};
use crate::report::{Bar, Better, Row, compared};
use crate::served::{Served, gatepost, ourselves, peer};
use crate::token::{Pair, parts};
use crate::{Outcome, Run, SLICE, machine};

const GROUP: &str = "clients";
const CONNECTIONS: usize = 32;

/// The realms, one an algorithm, each with a client of the same name and secret as the peer has.
const REALMS: &str = r#"
[[realm]]
name = "es256"
signing_alg = "ES256"
[[realm.client]]
id = "machine"
secret = "only-for-a-measurement-0123456789"
grants = ["client_credentials"]
scopes = ["notes:read"]

[[realm]]
name = "eddsa"
signing_alg = "EdDSA"
[[realm.client]]
id = "machine"
secret = "only-for-a-measurement-0123456789"
grants = ["client_credentials"]
scopes = ["notes:read"]

[[realm]]
name = "rs256"
signing_alg = "RS256"
[[realm.client]]
id = "machine"
secret = "only-for-a-measurement-0123456789"
grants = ["client_credentials"]
scopes = ["notes:read"]
"#;

/// `machine:only-for-a-measurement-0123456789`
const AUTHORIZATION: &str = "Basic bWFjaGluZTpvbmx5LWZvci1hLW1lYXN1cmVtZW50LTAxMjM0NTY3ODk=";

/// A request for a token.
fn ask(path: &str, more: &str) -> Vec<u8> {
    let mut out = Vec::new();
    send_form(&mut out, path, Some(AUTHORIZATION), &["grant_type=client_credentials", more]);
    out
}

/// One side: who answers, and what is asked. The raw signature is asked of nobody.
enum Side<'s> {
    Served(&'s Served, Vec<u8>),
    Raw,
}

#[expect(clippy::print_stderr, reason = "a part that was left out says so")]
pub fn measure(run: &Run) -> Outcome<Vec<Row>> {
    let folder = run.fresh()?;
    let file = folder.path().join("realms.toml");
    std::fs::write(&file, REALMS)?;
    let node = peer("oidc-provider")?;
    if node.is_none() {
        eprintln!("SKIPPED: clients: beside oidc-provider, for there is no npm");
    }
    let before = machine::pin(machine::DRIVER)?;
    let hello = Served::start(ourselves("serve-hello")?, machine::SERVER)?;
    let mut command = gatepost(&folder.path().join("data"), true, None)?;
    command.arg("--apply").arg(&file);
    let server = Served::start(command, machine::SERVER)?;
    let node = node.map(|command| Served::start(command, machine::SERVER)).transpose()?;
    let pair = Pair::new(Algorithm::RS256)?;
    let (message, _) = parts(&pair.tokens(1)?[0])?;

    let mut sides = vec![
        Side::Served(&hello, get("/", None)),
        Side::Raw,
        Side::Served(&server, ask("/r/es256/oauth/token", "")),
        Side::Served(&server, ask("/r/eddsa/oauth/token", "")),
        Side::Served(&server, ask("/r/rs256/oauth/token", "")),
    ];
    if let Some(node) = &node {
        sides.push(Side::Served(node, ask("/token", "")));
        sides.push(Side::Served(node, ask("/token", "&resource=urn%3AES256&scope=notes%3Aread")));
    }
    let mut rate = vec![Vec::new(); sides.len()];
    let mut cpu = vec![Vec::new(); sides.len()];
    for _ in 0..run.rounds(9) {
        for (number, side) in sides.iter().enumerate() {
            let (each, each_cpu) = match side {
                Side::Served(served, request) => over_http(served, request)?,
                Side::Raw => raw(&pair, &message)?,
            };
            rate[number].push(each);
            cpu[number].push(each_cpu);
        }
    }
    machine::unpin(&before)?;
    let row = |name: String, unit, figures: &[f64], limit: (&str, &[f64]), least: Option<f64>| {
        compared(GROUP, &name, unit, Better::More, figures, limit, least.map(Bar::RatioAtLeast))
    };
    let mut rows = Vec::new();
    for (figures, unit, by) in [(&rate, "/s", "tokens"), (&cpu, "/cpu s", "tokens a CPU second")] {
        for (number, algorithm) in [(2, "ES256"), (3, "EdDSA")] {
            let limit = ("axum hello world", &figures[0][..]);
            rows.push(row(format!("{algorithm}: {by}"), unit, &figures[number], limit, Some(0.3)));
        }
        let limit = ("raw RSA signature", &figures[1][..]);
        rows.push(row(format!("RS256: {by}"), unit, &figures[4], limit, Some(0.85)));
        if node.is_some() {
            let limit = ("oidc-provider, opaque tokens", &figures[5][..]);
            for (number, algorithm) in [(2, "ES256"), (3, "EdDSA")] {
                rows.push(row(format!("{algorithm}: {by}"), unit, &figures[number], limit, Some(7.0)));
            }
            let limit = ("oidc-provider, ES256 tokens", &figures[6][..]);
            rows.push(row(format!("ES256: {by}"), unit, &figures[2], limit, None));
        }
    }
    Ok(rows)
}

/// Answers a second, and a second of the server's CPU.
fn over_http(served: &Served, request: &[u8]) -> Outcome<(f64, f64)> {
    let mut talks = same(request, CONNECTIONS);
    let spent = machine::process_cpu(served.process())?;
    let load = drive_awake(served.address, &mut talks, SLICE / 2)?.only(200)?;
    let spent = machine::process_cpu(served.process())?.saturating_sub(spent);
    Ok((load.per_second, load.took.len() as f64 / spent.as_secs_f64()))
}

/// Signatures a second on the server's core, and a second of CPU.
fn raw(pair: &Pair, message: &[u8]) -> Outcome<(f64, f64)> {
    let before = machine::pin(machine::SERVER)?;
    let (begun, spent, mut count) = (std::time::Instant::now(), machine::thread_cpu(), 0_u32);
    while begun.elapsed() < SLICE / 2 {
        drop(std::hint::black_box(pair.raw_sign(std::hint::black_box(message))));
        count += 1;
    }
    let (took, spent) = (begun.elapsed(), machine::thread_cpu().saturating_sub(spent));
    machine::unpin(&before)?;
    Ok((f64::from(count) / took.as_secs_f64(), f64::from(count) / spent.as_secs_f64()))
}
