//! Five thousand realms: what those cost that nobody asks for, and the first request of one.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::driver::{Load, Talk, drive};
use crate::people::{get, same};
use crate::report::{Bar, Better, Row, alone, compared};
use crate::served::{Served, gatepost};
use crate::{Outcome, Run, machine};

const GROUP: &str = "realms";
const REALMS: usize = 5_000;
const CLIENTS: usize = 200;

/// Asks realm after realm for its keys, each once.
struct Tour(std::vec::IntoIter<usize>);

impl Tour {
    fn of(realms: impl Iterator<Item = usize>) -> Self {
        Self(realms.collect::<Vec<_>>().into_iter())
    }
}

impl Talk for Tour {
    fn ask(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(realm) = self.0.next() else { return false };
        out.extend_from_slice(&get(&format!("/r/realm-{realm}/.well-known/jwks.json"), None));
        true
    }

    fn hear(&mut self, _: u16, _: &[u8]) {}
}

/// Makes the realms, as an operator would.
fn make(folder: &Path) -> Outcome<()> {
    let mut declared = String::new();
    for realm in 0..REALMS {
        writeln!(declared, "[[realm]]\nname = \"realm-{realm}\"")?;
    }
    let file = folder.join("realms.toml");
    std::fs::write(&file, declared)?;
    drop(Served::start(gatepost(&folder.join("one"), false, None)?, machine::BOTH)?);
    let mut apply = gatepost(&folder.join("many"), false, None)?;
    apply.arg("--apply").arg(file);
    drop(Served::start(apply, machine::BOTH)?);
    Ok(())
}

/// One client tours the realms while 200 others keep the server busy in one.
fn amid(address: SocketAddr) -> Outcome<Load> {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let busy = scope.spawn(|| {
            let mut talks = same(&get("/r/realm-0/.well-known/openid-configuration", None), CLIENTS);
            while !stop.load(Ordering::Relaxed) {
                drive(address, &mut talks, Some(Duration::from_millis(200)))?.only(200)?;
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        });
        let load = drive(address, &mut [Tour::of(1..1_000)], None);
        stop.store(true, Ordering::Relaxed);
        busy.join().map_err(|_| "the busy clients failed")??;
        load?.only(200)
    })
}

pub fn measure(run: &Run) -> Outcome<Vec<Row>> {
    let folder = run.fresh()?;
    make(folder.path())?;
    let start =
        |name: &str| Served::start(gatepost(&folder.path().join(name), false, None)?, machine::SERVER);
    let before = machine::pin(machine::DRIVER)?;
    let (mut many, mut one, mut idle, mut idle_one) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut alone_p99, mut alone_most, mut crowd, mut each) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut busy = Vec::new();
    for _ in 0..run.rounds(6) {
        let server = start("one")?;
        one.push(server.ready_after.as_secs_f64() * 1e3);
        idle_one.push(machine::resident(server.process())?);
        drop(server);

        let server = start("many")?;
        many.push(server.ready_after.as_secs_f64() * 1e3);
        let resident = machine::resident(server.process())?;
        idle.push(resident);
        let load = drive(server.address, &mut [Tour::of(0..REALMS)], None)?.only(200)?;
        alone_p99.push(load.quantile(0.99));
        alone_most.push(load.quantile(1.0));
        each.push((machine::resident(server.process())? - resident) * 1024.0 / REALMS as f64);
        drop(server);

        let server = start("many")?;
        busy.push(amid(server.address)?.quantile(0.99));
        drop(server);

        let server = start("many")?;
        let mut tours: Vec<Tour> =
            (0..CLIENTS).map(|client| Tour::of((client..REALMS).step_by(CLIENTS))).collect();
        crowd.push(drive(server.address, &mut tours, None)?.only(200)?.quantile(0.99));
    }
    machine::unpin(&before)?;
    let row = |name: &str, unit, figures: &[f64], bar| alone(GROUP, name, unit, Better::Less, figures, bar);
    let beside = |name: &str, unit, figures: &[f64], limits: &[f64]| {
        compared(
            GROUP,
            name,
            unit,
            Better::Less,
            figures,
            ("with one realm", limits),
            Some(Bar::RatioAtMost(1.1)),
        )
    };
    Ok(vec![
        beside("5,000 realms, none in use: cold start", "ms", &many, &one),
        beside("5,000 realms, none in use: memory", "MiB", &idle, &idle_one),
        row("5,000 realms: memory of one in use", "KiB", &each, None),
        row("cold realm, first request: p99, one client", "ms", &alone_p99, Some(Bar::AtMost(20.0))),
        row("cold realm, first request: the slowest of 5,000", "ms", &alone_most, None),
        row("cold realm, first request: p99, beside 200 busy clients", "ms", &busy, Some(Bar::AtMost(20.0))),
        row("cold realm, first request: p99, 200 clients ask for 5,000 at once", "ms", &crowd, None),
    ])
}
