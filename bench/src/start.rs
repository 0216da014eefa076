//! Cold start, idle memory, and the size of the binary.

use crate::driver::{Talk, drive};
use crate::people::get;
use crate::report::{Bar, Better, Row, alone};
use crate::served::{Served, gatepost, gatepost_binary};
use crate::{Outcome, Run, machine};

const GROUP: &str = "start";

/// A thousand requests in all.
struct SoMany(u32, Vec<u8>);

impl Talk for SoMany {
    fn ask(&mut self, out: &mut Vec<u8>) -> bool {
        out.extend_from_slice(&self.1);
        self.0 = self.0.saturating_sub(1);
        self.0 > 0
    }

    fn hear(&mut self, _: u16, _: &[u8]) {}
}

pub fn measure(run: &Run) -> Outcome<Vec<Row>> {
    let folder = run.fresh()?;
    let kept = folder.path().join("kept");
    let (mut cold, mut first, mut idle, mut after) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    // Makes the folder that later starts find.
    drop(Served::start(gatepost(&kept, false, None)?, machine::BOTH)?);
    for round in 0..run.rounds(12) {
        let empty = folder.path().join(format!("empty-{round}"));
        let server = Served::start(gatepost(&empty, false, None)?, machine::BOTH)?;
        first.push(server.ready_after.as_secs_f64() * 1e3);
        drop(server);
        let server = Served::start(gatepost(&kept, false, None)?, machine::BOTH)?;
        cold.push(server.ready_after.as_secs_f64() * 1e3);
        if round < 3 {
            idle.push(machine::resident(server.process())?);
            let mut talks: Vec<SoMany> =
                (0..8).map(|_| SoMany(126, get("/.well-known/openid-configuration", None))).collect();
            drive(server.address, &mut talks, None)?.only(200)?;
            std::thread::sleep(std::time::Duration::from_secs(2));
            after.push(machine::resident(server.process())?);
        }
    }
    let size = std::fs::metadata(gatepost_binary()?)?.len() as f64 / 1e6;
    let row = |name: &str, unit, figures: &[f64], most: f64| {
        alone(GROUP, name, unit, Better::Less, figures, Some(Bar::AtMost(most)))
    };
    Ok(vec![
        row("cold start to the ready line", "ms", &cold, 50.0),
        row("first start on an empty folder", "ms", &first, 300.0),
        row("memory when idle after the start", "MiB", &idle, 20.0),
        row("memory 2 s after 1,000 requests", "MiB", &after, 20.0),
        row("release binary", "MB", &[size], 30.0),
    ])
}
