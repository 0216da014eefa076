//! What it costs to count a sign-in before it is looked at.

use std::hint::black_box;
use std::time::Instant;

use gatepost_server::testing::{limiter, limiter_keys};

use crate::report::{Bar, Better, Row, alone};
use crate::{Outcome, Run, machine};

const GROUP: &str = "limiter";
/// Tries a round.
const TRIES: u64 = 1_000_000;
/// Any moment will do.
const NOW: i64 = 1_800_000_000;

/// Nanoseconds a decision.
fn time(mut decide: impl FnMut(u64)) -> f64 {
    let begun = Instant::now();
    for number in 0..TRIES {
        decide(black_box(number));
    }
    begun.elapsed().as_secs_f64() * 1e9 / TRIES as f64
}

pub fn measure(run: &Run) -> Outcome<Vec<Row>> {
    let before = machine::pin(machine::SERVER)?;
    let (mut attacked, mut distinct, mut bytes, mut whole) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    // Those of earlier rounds stay, so that none gets memory that another gave back.
    let mut kept = Vec::new();
    for _ in 0..run.rounds(9) {
        let lets_through = limiter();
        attacked.push(time(|_| {
            black_box(lets_through(7, NOW));
        }));
        let resident = machine::resident(std::process::id())?;
        // Each key once: every one of them is new, and in the end somebody has to make room.
        distinct.push(time(|account| {
            black_box(lets_through(account, NOW));
        }));
        let grown = (machine::resident(std::process::id())? - resident) * 1024.0 * 1024.0;
        bytes.push(grown / TRIES.min(limiter_keys() as u64) as f64);
        whole.push(grown / 1024.0 / 1024.0);
        if lets_through(7, NOW) {
            return Err("a key under attack was forgotten".into());
        }
        kept.push(lets_through);
    }
    machine::unpin(&before)?;
    let row = |name: &str, unit, figures: &[f64], bar| alone(GROUP, name, unit, Better::Less, figures, bar);
    Ok(vec![
        row("a decision, one key under attack", "ns", &attacked, Some(Bar::AtMost(1_000.0))),
        row("a decision, a million keys in turn", "ns", &distinct, Some(Bar::AtMost(1_000.0))),
        row("memory of a key that is remembered", "B", &bytes, Some(Bar::AtMost(100.0))),
        row("memory after a million keys", "MiB", &whole, None),
    ])
}
