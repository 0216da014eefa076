//! Whether it takes another time to ask about an address that has an account than about one that has none (LG-02): signing in with a
//! wrong password, registering where only proven addresses sign in, and asking for a new password.
//!
//! Questions of both kinds come in random order over one connection. Medians may differ by 5 %; whether the rest differs is told by a
//! Mann–Whitney test.

use std::time::Instant;

use crate::driver::{Talk, drive};
use crate::people::{PASSWORD, newcomers, send_json};
use crate::report::{Bar, Better, Row, compared, median};
use crate::served::{Served, gatepost};
use crate::{Outcome, Run, machine};

const GROUP: &str = "enumeration";
/// Questions of each kind.
const SAMPLES: usize = 2_000;
/// A round of the table: the medians of so many questions of each kind.
const ROUND: usize = 200;
/// `newcomers` made it.
const KNOWN: &str = "p0-0@example.com";

const REALM: &str = "[[realm]]\nname = \"default\"\nrate_limits = \"off\"\nrequire_verified_email = true\n";

#[derive(Clone, Copy)]
enum Question {
    SignIn,
    Register,
    Recover,
}

/// Asks about the one address and about others, in no order.
struct Asking {
    question: Question,
    left: [usize; 2],
    random: u64,
    asked: Option<(usize, Instant)>,
    number: usize,
    /// Microseconds: of the address that has an account, and of others.
    took: [Vec<f64>; 2],
}

impl Asking {
    fn about(question: Question, samples: usize) -> Self {
        Self {
            question,
            left: [samples; 2],
            random: 0x9e37_79b9_7f4a_7c15,
            asked: None,
            number: 0,
            took: [Vec::new(), Vec::new()],
        }
    }

    /// 0 or 1, as often as there are questions left.
    fn side(&mut self) -> Option<usize> {
        let all = self.left[0] + self.left[1];
        if all == 0 {
            return None;
        }
        // xorshift64
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let side = usize::from(self.random % all as u64 >= self.left[0] as u64);
        self.left[side] -= 1;
        Some(side)
    }
}

impl Talk for Asking {
    fn ask(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(side) = self.side() else { return false };
        // As long as the known one, four digits.
        self.number += 1;
        let other = format!("x{:07}@example.com", self.number);
        let other = &other[other.len() - KNOWN.len()..];
        let email = if side == 0 { KNOWN } else { other };
        let (path, end): (_, &[&str]) = match self.question {
            Question::SignIn => ("/api/v1/login", &["\",\"password\":\"not the password\"}"]),
            Question::Register => ("/api/v1/register", &["\",\"password\":\"", PASSWORD, "\"}"]),
            Question::Recover => ("/api/v1/recover", &["\"}"]),
        };
        let body: Vec<&str> = ["{\"email\":\"", email].into_iter().chain(end.iter().copied()).collect();
        send_json(out, "POST", path, None, &body);
        self.asked = Some((side, Instant::now()));
        true
    }

    fn hear(&mut self, _: u16, _: &[u8]) {
        if let Some((side, asked)) = self.asked.take() {
            self.took[side].push(asked.elapsed().as_secs_f64() * 1e6);
        }
    }
}

pub fn measure(run: &Run) -> Outcome<Vec<Row>> {
    let folder = run.fresh()?;
    let declared = folder.path().join("realm.toml");
    let before = machine::pin(machine::DRIVER)?;
    let data = folder.path().join("data");
    // The account, before only proven addresses sign in.
    let server = Served::start(gatepost(&data, false, None)?, machine::SERVER)?;
    newcomers(server.address, 1, 1, 1)?;
    drop(server);
    std::fs::write(&declared, REALM)?;
    let mut command = gatepost(&data, false, None)?;
    command.arg("--apply").arg(&declared);
    // Letters are queued, and wait: nobody answers there.
    command.env("GATEPOST_MAIL__URL", "smtp://localhost:9").env("GATEPOST_MAIL__FROM", "bench@example.com");
    let server = Served::start(command, machine::SERVER)?;
    let samples = if run.is_quick() { SAMPLES / 5 } else { SAMPLES };
    let mut rows = Vec::new();
    for (question, name, status) in [
        (Question::SignIn, "sign-in, wrong password", 401),
        (Question::Register, "register, proven addresses only", 201),
        (Question::Recover, "recover", 202),
    ] {
        let mut talks = [Asking::about(question, samples)];
        drive(server.address, &mut talks, None)?.only(status)?;
        let [known, other] = &talks[0].took;
        let by_rounds = |took: &[f64]| took.chunks(ROUND).map(median).collect::<Vec<_>>();
        let p = mann_whitney(known, other);
        let name = format!("{name}: an address that has an account (p = {p:.2})");
        let mut row = compared(
            GROUP,
            &name,
            "µs",
            Better::Less,
            &by_rounds(known),
            ("one that has none", &by_rounds(other)),
            Some(Bar::RatioAtMost(1.05)),
        );
        // The medians of all, and in both directions.
        let ratio = median(known) / median(other);
        row.ratio = Some(ratio);
        row.ok = Some((0.95..=1.05).contains(&ratio));
        rows.push(row);
    }
    machine::unpin(&before)?;
    Ok(rows)
}

/// The two-sided p of the Mann–Whitney U test, by the normal approximation: good for samples as large as these, with hardly a tie.
fn mann_whitney(these: &[f64], those: &[f64]) -> f64 {
    let of_these = these.iter().map(|took| (*took, true));
    let mut all: Vec<(f64, bool)> = of_these.chain(those.iter().map(|took| (*took, false))).collect();
    all.sort_by(|one, other| one.0.total_cmp(&other.0));
    let ranks = all.iter().enumerate().filter(|(_, (_, of_these))| *of_these);
    let ranks: f64 = ranks.map(|(rank, _)| rank as f64 + 1.0).sum();
    let (count, others) = (these.len() as f64, those.len() as f64);
    let wins = ranks - count * (count + 1.0) / 2.0;
    let spread = (count * others * (count + others + 1.0) / 12.0).sqrt();
    2.0 * upper_tail(((wins - count * others / 2.0) / spread).abs())
}

/// How much of a normal distribution lies above `z` (Abramowitz and Stegun 26.2.17, exact to 7 digits).
fn upper_tail(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let poly = t
        * (0.319_381_530
            + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * poly
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_samples_are_told_apart_from_others() {
        let even: Vec<f64> = (0..500).map(|n| f64::from(n * 2)).collect();
        let odd: Vec<f64> = (0..500).map(|n| f64::from(n * 2 + 1)).collect();
        let later: Vec<f64> = even.iter().map(|took| took + 100.0).collect();
        assert!(mann_whitney(&even, &odd) > 0.9, "{}", mann_whitney(&even, &odd));
        assert!(mann_whitney(&even, &later) < 0.001);
        assert!((upper_tail(1.96) - 0.025).abs() < 0.000_1);
    }
}
