//! Refreshes through HTTP, each durable before it is answered, beside the disk and beside the store alone.

use std::time::Duration;

use gatepost_store::Location;

use crate::driver::drive;
use crate::durable::Durable;
use crate::people::{Refreshing, newcomers};
use crate::report::{Bar, Better, Row, alone, compared};
use crate::served::{Served, gatepost_unlimited};
use crate::{Outcome, Run, machine};

const GROUP: &str = "refresh";
const CONNECTIONS: usize = 32;
/// Sessions of each connection: refreshes are spread over this many rows times the connections.
const SESSIONS: usize = 64;
const GRANTS: usize = 2_000;
const SLICE: Duration = Duration::from_millis(1_500);

pub fn measure(run: &Run) -> Outcome<Vec<Row>> {
    let mut rows = on(run, "SQLite", None, machine::SERVER)?;
    rows.extend(on(run, "SQLite, server on both cores", None, machine::BOTH)?);
    if let Ok(server) = std::env::var("GATEPOST_TEST_POSTGRES") {
        rows.extend(on(run, "PostgreSQL", Some(&server), machine::SERVER)?);
    }
    Ok(rows)
}

/// One database of its own on the PostgreSQL server at this URL.
fn database(server: &str, name: &str) -> Outcome<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(server, tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        client.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).await?;
        client.batch_execute(&format!("CREATE DATABASE {name}")).await?;
        Ok::<_, tokio_postgres::Error>(())
    })?;
    let (base, query) =
        server.split_once('?').map_or((server, String::new()), |(base, query)| (base, format!("?{query}")));
    let (before, _) = base.rsplit_once('/').ok_or("no database in the URL")?;
    Ok(format!("{before}/{name}{query}"))
}

fn on(run: &Run, store: &str, postgres: Option<&str>, cores: &[usize]) -> Outcome<Vec<Row>> {
    let folder = run.fresh()?;
    let url = postgres.map(|server| database(server, "bench_server")).transpose()?;
    let bare = match postgres {
        Some(server) => Location::Postgres(database(server, "bench_bare")?),
        None => Location::Sqlite(folder.path().join("bare.db")),
    };
    // The threads of the bare store run where the server runs.
    let before = machine::pin(cores)?;
    let mut durable = Durable::with(&bare, GRANTS)?;
    machine::pin(machine::DRIVER)?;
    let server =
        Served::start(gatepost_unlimited(&folder.path().join("data"), true, url.as_deref())?, cores)?;
    let people = newcomers(server.address, CONNECTIONS, 8, SESSIONS / 8)?;
    let mut talks: Vec<Refreshing> = people.iter().map(|people| Refreshing::of(people)).collect();

    let mut disk = Vec::new();
    let (mut many, mut one, mut bare_many, mut bare_one) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut group, mut p99, mut cpu) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..run.rounds(9) {
        // The limit is asked again in each round, for a disk has moods, and where the server runs: the disk's interrupts
        // come to one core, and another waits half as long again.
        let driver = machine::pin(cores)?;
        disk.push(machine::fdatasync_rate(folder.path(), SLICE / 2)?);
        machine::unpin(&driver)?;
        let spent = machine::process_cpu(server.process())?;
        let load = drive(server.address, &mut talks, Some(SLICE))?.only(200)?;
        let spent = machine::process_cpu(server.process())?.saturating_sub(spent);
        cpu.push(spent.as_secs_f64() * 1e6 / load.took.len() as f64);
        p99.push(load.quantile(0.99));
        many.push(load.per_second);
        one.push(drive(server.address, &mut talks[..1], Some(SLICE))?.only(200)?.per_second);
        let (rate, size) = durable.rotations(CONNECTIONS, SLICE)?;
        bare_many.push(rate);
        group.push(size);
        bare_one.push(durable.rotations(1, SLICE)?.0);
    }
    machine::unpin(&before)?;
    let more = Better::More;
    let sqlite = postgres.is_none();
    let bar = |least| sqlite.then_some(Bar::RatioAtLeast(least));
    let row = |what: &str, figures: &[f64], limit: (&str, &[f64]), bar| {
        compared(GROUP, &format!("{store}: {what}"), "/s", more, figures, limit, bar)
    };
    let limit = ("fdatasync of 4 KiB", &disk[..]);
    let mut rows = vec![
        row("rotations through HTTP, 32 connections", &many, limit, bar(2.0)),
        row("rotations through HTTP, 1 connection", &one, limit, bar(0.3)),
        row("bare durable rotations, 32 tasks, grouped", &bare_many, limit, None),
        row("bare durable rotations, one at a time", &bare_one, limit, None),
        row("through HTTP, 32, beside bare", &many, ("bare, grouped", &bare_many), None),
        row("through HTTP, 1, beside bare", &one, ("bare, one at a time", &bare_one), None),
        alone(GROUP, &format!("{store}: p99 with 32 connections"), "ms", Better::Less, &p99, None),
        alone(
            GROUP,
            &format!("{store}: server CPU a refresh, 32 connections"),
            "µs",
            Better::Less,
            &cpu,
            None,
        ),
    ];
    if sqlite {
        rows.push(alone(GROUP, "SQLite: rotations a commit, bare, 32 tasks", "", more, &group, None));
    }
    Ok(rows)
}
