//! Sides of a comparison, measured in turns so that all meet the same neighbours.

use std::time::Duration;

use crate::machine::thread_cpu;

/// One side: does the thing once.
pub type Side<'s> = Box<dyn FnMut() + 's>;

/// CPU nanoseconds one call of each side takes, a list of rounds for each. A batch lasts about `batch`.
pub fn cpu_in_turns(sides: &mut [Side<'_>], rounds: usize, batch: Duration) -> Vec<Vec<f64>> {
    let mut counts = Vec::with_capacity(sides.len());
    for side in sides.iter_mut() {
        // Warm, and find out how many make a batch.
        let mut count = 1_u32;
        loop {
            let took = spent(side, count);
            if took >= batch / 4 || count >= 1 << 24 {
                let each = took.as_secs_f64() / f64::from(count);
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a positive count"
                )]
                counts.push(((batch.as_secs_f64() / each.max(1e-9)) as u32).max(1));
                break;
            }
            count *= 2;
        }
    }
    let mut figures = vec![Vec::with_capacity(rounds); sides.len()];
    for _ in 0..rounds {
        for ((number, side), count) in sides.iter_mut().enumerate().zip(&counts) {
            let took = spent(side, *count);
            figures[number].push(took.as_secs_f64() * 1e9 / f64::from(*count));
        }
    }
    figures
}

fn spent(side: &mut dyn FnMut(), count: u32) -> Duration {
    let before = thread_cpu();
    for _ in 0..count {
        side();
    }
    thread_cpu().saturating_sub(before)
}

/// Nanoseconds as microseconds.
pub fn micros(nanoseconds: &[f64]) -> Vec<f64> {
    nanoseconds.iter().map(|figure| figure / 1e3).collect()
}
