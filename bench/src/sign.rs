//! Making an access token from its claims, beside the signature alone.

use std::hint::black_box;
use std::time::Duration;

use gatepost_jose::{Algorithm, jwt};

use crate::report::{Bar, Better, Row, compared};
use crate::rounds::{Side, cpu_in_turns, micros};
use crate::token::{Pair, claims, parts};
use crate::{Outcome, Run, machine};

#[expect(clippy::unwrap_used, reason = "claims that cannot be written end the measurement")]
pub fn measure(run: &Run) -> Outcome<Vec<Row>> {
    let before = machine::pin(machine::SERVER)?;
    let mut rows = Vec::new();
    for algorithm in Algorithm::ALL {
        let pair = Pair::new(algorithm)?;
        let (message, _) = parts(&pair.tokens(1)?[0])?;
        let claims = claims(0);
        let sides: &mut [Side<'_>] = &mut [
            Box::new(|| drop(black_box(pair.raw_sign(black_box(&message))))),
            Box::new(|| drop(black_box(jwt::sign("at+jwt", black_box(&claims), &pair.ours).unwrap()))),
        ];
        let figures = cpu_in_turns(sides, run.rounds(120), Duration::from_millis(3));
        let (limit, ours) = (micros(&figures[0]), micros(&figures[1]));
        let name = format!("{algorithm} token from claims");
        let bar = Some(Bar::RatioAtMost(1.15));
        rows.push(compared("sign", &name, "µs", Better::Less, &ours, ("raw signature", &limit), bar));
    }
    machine::unpin(&before)?;
    Ok(rows)
}
