//! Verifying an access token, beside the check of its signature alone.

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use gatepost_jose::{Algorithm, JwkSet, KeySet, Verifier};

use crate::report::{Bar, Better, Row, alone, compared};
use crate::rounds::{Side, cpu_in_turns, micros};
use crate::token::{AUDIENCE, ISSUER, NOW, Pair, parts};
use crate::{Outcome, Run, machine};

const GROUP: &str = "verify";
const TOKENS: usize = 6_000;
const BATCH: Duration = Duration::from_millis(3);

/// Claims as an application reads them from jsonwebtoken.
#[derive(serde::Deserialize)]
#[expect(dead_code, reason = "only parsed")]
struct PeerClaims {
    sub: String,
    exp: i64,
    scope: String,
    roles: Vec<String>,
    email: String,
}

pub fn measure(run: &Run) -> Outcome<Vec<Row>> {
    let before = machine::pin(machine::SERVER)?;
    let mut rows = Vec::new();
    for algorithm in [Algorithm::RS256, Algorithm::EdDSA, Algorithm::ES256, Algorithm::HS256] {
        rows.extend(of(algorithm, run.rounds(150))?);
    }
    machine::unpin(&before)?;
    rows.extend(instructions()?);
    Ok(rows)
}

/// An endless walk over a list.
fn in_turn<'l, T>(list: &'l [T]) -> impl FnMut() -> &'l T {
    let mut next = 0;
    move || {
        next = if next + 1 < list.len() { next + 1 } else { 0 };
        &list[next]
    }
}

#[expect(clippy::unwrap_used, reason = "a token of our own that is refused ends the measurement")]
fn of(algorithm: Algorithm, rounds: usize) -> Outcome<Vec<Row>> {
    let pair = Pair::new(algorithm)?;
    let tokens = pair.tokens(TOKENS)?;
    let raw: Vec<_> = tokens.iter().map(|token| parts(token)).collect::<Outcome<_>>()?;
    let verifier = |kept| {
        let keys = KeySet::from(pair.ours.verifying_key());
        Verifier::new(ISSUER, AUDIENCE, keys).algorithms(&Algorithm::ALL).cache(kept)
    };
    // Fewer places than tokens: each comes back when it is long forgotten.
    let (unkept, kept, again) = (verifier(0), verifier(1_024), verifier(4_096));
    let (mut a, mut b, mut c, mut d) = (in_turn(&raw), in_turn(&tokens), in_turn(&tokens), in_turn(&tokens));
    let peer = peer(&pair)?;
    let sides: &mut [Side<'_>] = &mut [
        Box::new(|| {
            let (message, signature) = a();
            pair.raw_verify(black_box(message), black_box(signature));
        }),
        Box::new(|| drop(black_box(unkept.verify(black_box(b()), NOW).unwrap()))),
        Box::new(|| drop(black_box(kept.verify(black_box(c()), NOW).unwrap()))),
        Box::new(|| drop(black_box(again.verify(black_box(&tokens[0]), NOW).unwrap()))),
        Box::new(|| {
            let (key, rules) = &peer;
            drop(black_box(jsonwebtoken::decode::<PeerClaims>(black_box(d()), key, rules).unwrap()));
        }),
    ];
    let figures = cpu_in_turns(sides, rounds, BATCH);
    let limit = micros(&figures[0]);
    let limit = (if algorithm.is_symmetric() { "raw HMAC" } else { "raw signature check" }, &limit[..]);
    // HS256 has no bar: its raw check costs less than reading the claims.
    let bar = (!algorithm.is_symmetric()).then_some(Bar::RatioAtMost(1.08));
    let less = Better::Less;
    Ok(vec![
        compared(
            GROUP,
            &format!("{algorithm} first sight, not kept"),
            "µs",
            less,
            &micros(&figures[1]),
            limit,
            bar,
        ),
        compared(
            GROUP,
            &format!("{algorithm} first sight, then kept"),
            "µs",
            less,
            &micros(&figures[2]),
            limit,
            bar,
        ),
        compared(
            GROUP,
            &format!("{algorithm} jsonwebtoken 11, aws-lc-rs"),
            "µs",
            less,
            &micros(&figures[4]),
            limit,
            None,
        ),
        alone(GROUP, &format!("{algorithm} repeated"), "ns", less, &figures[3], Some(Bar::AtMost(300.0))),
    ])
}

fn peer(pair: &Pair) -> Outcome<(jsonwebtoken::DecodingKey, jsonwebtoken::Validation)> {
    let algorithm: jsonwebtoken::Algorithm = pair.algorithm.as_str().parse()?;
    let key = match pair.ours.public_jwk() {
        Some(jwk) => {
            let set: jsonwebtoken::jwk::JwkSet =
                serde_json::from_value(serde_json::to_value(JwkSet { keys: vec![jwk] })?)?;
            jsonwebtoken::DecodingKey::from_jwk(set.keys.first().ok_or("no key")?)?
        }
        None => jsonwebtoken::DecodingKey::from_secret(&pair.ours.to_bytes()),
    };
    let mut rules = jsonwebtoken::Validation::new(algorithm);
    rules.set_issuer(&[ISSUER]);
    rules.set_audience(&[AUDIENCE]);
    rules.validate_nbf = true;
    // It reads the clock; our tokens are of a fixed moment.
    rules.leeway = 1_000_000_000;
    Ok((key, rules))
}

/// Counted, not timed: exact, and the same on every machine.
fn instructions() -> Outcome<Vec<Row>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/callgrind-verify");
    let told = Command::new(script).output()?;
    let text = String::from_utf8_lossy(&told.stdout);
    let mut rows = Vec::new();
    for line in text.lines().skip(1) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [algorithm, raw, _, first, beside, again] = words[..] else { continue };
        let (raw, first, beside, again): (f64, f64, f64, f64) =
            (raw.parse()?, first.parse()?, beside.parse()?, again.parse()?);
        let less = Better::Less;
        let bar = Some(Bar::AtMost(12_000.0));
        let mut row = compared(
            GROUP,
            &format!("{algorithm} first sight, instructions"),
            "",
            less,
            &[first],
            ("raw, instructions", &[raw]),
            None,
        );
        row.ratio_median = None;
        rows.push(row);
        rows.push(alone(
            GROUP,
            &format!("{algorithm} instructions beside the check"),
            "",
            less,
            &[beside],
            bar,
        ));
        rows.push(alone(GROUP, &format!("{algorithm} repeated, instructions"), "", less, &[again], None));
    }
    if rows.is_empty() {
        return Err(format!(
            "callgrind-verify said nothing: {}",
            String::from_utf8_lossy(&told.stderr).trim()
        )
        .into());
    }
    Ok(rows)
}
