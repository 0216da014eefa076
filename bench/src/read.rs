//! What is only read: keys, metadata, and the check of a session, beside axum's hello world.

use crate::driver::drive_awake;
use crate::people::{get, newcomers, same};
use crate::report::{Bar, Better, Row, compared};
use crate::served::{Served, gatepost_unlimited, ourselves};
use crate::{Outcome, Run, SLICE, machine};

const CONNECTIONS: usize = 32;

pub fn measure(run: &Run) -> Outcome<Vec<Row>> {
    let folder = run.fresh()?;
    let before = machine::pin(machine::DRIVER)?;
    let hello = Served::start(ourselves("serve-hello")?, machine::SERVER)?;
    let server =
        Served::start(gatepost_unlimited(&folder.path().join("data"), true, None)?, machine::SERVER)?;
    let people = newcomers(server.address, CONNECTIONS, 1, 1)?;
    let token = people[0].first().map(|person| person.access_token.clone()).unwrap_or_default();
    let sides = [
        (&hello, get("/", None), "", 0.0),
        (&server, get("/.well-known/jwks.json", None), "JWKS", 0.85),
        (&server, get("/.well-known/openid-configuration", None), "discovery", 0.85),
        (&server, get("/api/v1/me", Some(&token)), "session check with a database read", 0.5),
    ];
    let mut rate = vec![Vec::new(); sides.len()];
    let mut cpu = vec![Vec::new(); sides.len()];
    for _ in 0..run.rounds(15) {
        for (number, (served, request, ..)) in sides.iter().enumerate() {
            let mut talks = same(request, CONNECTIONS);
            let spent = machine::process_cpu(served.process())?;
            let load = drive_awake(served.address, &mut talks, SLICE / 2)?.only(200)?;
            let spent = machine::process_cpu(served.process())?.saturating_sub(spent);
            rate[number].push(load.per_second);
            cpu[number].push(load.took.len() as f64 / spent.as_secs_f64());
        }
    }
    machine::unpin(&before)?;
    let mut rows = Vec::new();
    for (number, (_, _, what, bar)) in sides.iter().enumerate().skip(1) {
        for (figures, unit, by) in [(&rate, "/s", "requests"), (&cpu, "/cpu s", "requests a CPU second")] {
            let name = format!("{what}: {by}");
            let bar = Some(Bar::RatioAtLeast(*bar));
            rows.push(compared(
                "read",
                &name,
                unit,
                Better::More,
                &figures[number],
                ("axum hello world", &figures[0]),
                bar,
            ));
        }
    }
    Ok(rows)
}
