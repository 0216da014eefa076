//! Sign-ins beside raw Argon2id on the same cores, and what a refresh waits while they saturate them.

use std::net::SocketAddr;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};

use crate::driver::{Load, drive};
use crate::people::{Person, Refreshing, Same, newcomers, sign_in};
use crate::plot::{Axis, Chart, Series};
use crate::report::{Bar, Better, Row, alone, compared};
use crate::served::{Served, gatepost_unlimited};
use crate::{Outcome, Run, machine};

const GROUP: &str = "signin";
const CONNECTIONS: usize = 16;
const SLICE: Duration = Duration::from_secs(3);
/// The server's hashing threads give way to its other threads by this much; so does the raw side.
const NICENESS: i32 = 10;

pub fn measure(run: &Run) -> Outcome<Vec<Row>> {
    let mut rows = on(run, "both cores", machine::BOTH)?;
    rows.extend(on(run, "one core", machine::SERVER)?);
    Ok(rows)
}

/// Hashes a second of as many threads as there are cores, each with memory of its own that it keeps, and the CPU
/// milliseconds of one.
fn raw_rate(cores: &[usize], length: Duration) -> Outcome<(f64, f64)> {
    let params = Params::new(19_456, 2, 1, Some(32)).map_err(|error| error.to_string())?;
    let barrier = Barrier::new(cores.len());
    let counts: Vec<Outcome<(f64, Duration)>> = thread::scope(|scope| {
        let threads: Vec<_> = cores
            .iter()
            .map(|_| {
                scope.spawn(|| {
                    machine::pin(cores)?;
                    rustix::process::nice(NICENESS)?;
                    let mut memory = vec![Block::default(); params.block_count()];
                    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
                    let mut hash = || {
                        let mut out = [0; 32];
                        let done = hasher.hash_password_into_with_memory(
                            crate::people::PASSWORD.as_bytes(),
                            &[7; 16],
                            &mut out,
                            &mut memory,
                        );
                        done.map_err(|error| error.to_string())
                    };
                    hash()?;
                    barrier.wait();
                    let (begun, spent, mut count) = (Instant::now(), machine::thread_cpu(), 0_u32);
                    while begun.elapsed() < length {
                        hash()?;
                        count += 1;
                    }
                    let rate = f64::from(count) / begun.elapsed().as_secs_f64();
                    Ok((rate, machine::thread_cpu().saturating_sub(spent) / count))
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err("a thread failed".into())))
            .collect()
    });
    let counts: Vec<(f64, Duration)> = counts.into_iter().collect::<Outcome<_>>()?;
    let each: f64 = counts.iter().map(|(_, each)| each.as_secs_f64() * 1e3).sum();
    Ok((counts.iter().map(|(rate, _)| rate).sum(), each / counts.len() as f64))
}

/// Refreshes for `length`; with `sign_ins`, once those have filled the hashing threads.
fn refreshes(
    address: SocketAddr,
    talks: &mut [Refreshing],
    sign_ins: Option<&mut [Same]>,
) -> Outcome<(Load, f64)> {
    let Some(sign_ins) = sign_ins else {
        return Ok((drive(address, talks, Some(SLICE))?.only(200)?, 0.0));
    };
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let flood = scope.spawn(|| {
            let (mut count, begun) = (0, Instant::now());
            while !stop.load(Ordering::Relaxed) {
                let load = drive(address, sign_ins, Some(Duration::from_millis(500)))?.only(200)?;
                count += load.status.values().sum::<u64>();
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(count as f64 / begun.elapsed().as_secs_f64())
        });
        thread::sleep(Duration::from_millis(500));
        let load = drive(address, talks, Some(SLICE));
        stop.store(true, Ordering::Relaxed);
        let rate = flood.join().map_err(|_| "the sign-ins failed")??;
        Ok((load?.only(200)?, rate))
    })
}

fn on(run: &Run, cores_name: &str, cores: &[usize]) -> Outcome<Vec<Row>> {
    let folder = run.fresh()?;
    let before = machine::pin(machine::DRIVER)?;
    let server = Served::start(gatepost_unlimited(&folder.path().join("data"), false, None)?, cores)?;
    let people: Vec<Person> = newcomers(server.address, CONNECTIONS, 1, 4)?.concat();
    let mut sign_ins: Vec<Same> =
        people.chunks(4).map(|sessions| Same(sign_in(&sessions[0].email))).collect();

    let (mut rate, mut raw, mut cpu, mut raw_cpu) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..run.rounds(7) {
        let (hashes, each) = raw_rate(cores, SLICE)?;
        raw.push(hashes);
        raw_cpu.push(each);
        let spent = machine::process_cpu(server.process())?;
        let load = drive(server.address, &mut sign_ins, Some(SLICE))?.only(200)?;
        let spent = machine::process_cpu(server.process())?.saturating_sub(spent);
        rate.push(load.per_second);
        cpu.push(spent.as_secs_f64() * 1e3 / load.status.values().sum::<u64>() as f64);
    }
    let limit = format!("raw Argon2id, {cores_name}");
    let name = |what: &str| format!("{what}, server on {cores_name}");
    let mut rows = vec![
        compared(
            GROUP,
            &name("sign-ins, 16 connections"),
            "/s",
            Better::More,
            &rate,
            (&limit, &raw),
            Some(Bar::RatioAtLeast(0.95)),
        ),
        compared(GROUP, &name("CPU of a sign-in"), "ms", Better::Less, &cpu, (&limit, &raw_cpu), None),
    ];

    let mut curves = Vec::new();
    // Each refreshes sessions of its own: a refresh token is good once.
    for (connections, people) in [1, 8].into_iter().zip(people.chunks(people.len() / 2)) {
        let share = people.len() / connections;
        let mut talks: Vec<Refreshing> = people.chunks(share).take(connections).map(Refreshing::of).collect();
        let mut figures = [vec![], vec![], vec![], vec![], vec![]];
        let mut both = [Load::default(), Load::default()];
        for _ in 0..run.rounds(6) {
            let (alone, _) = refreshes(server.address, &mut talks, None)?;
            let (flooded, sign_in_rate) = refreshes(server.address, &mut talks, Some(&mut sign_ins))?;
            for (list, figure) in figures.iter_mut().zip([
                alone.quantile(0.5),
                flooded.quantile(0.5),
                alone.quantile(0.99),
                flooded.quantile(0.99),
                sign_in_rate,
            ]) {
                list.push(figure);
            }
            both = [alone, flooded];
        }
        let less = Better::Less;
        let [p50, p50_flooded, p99, p99_flooded, sign_in_rate] = &figures;
        let what = |quantile: &str| name(&format!("refresh {quantile} amid sign-ins, {connections} conn."));
        let bar = Some(Bar::RatioAtMost(3.0));
        rows.push(compared(GROUP, &what("p50"), "ms", less, p50_flooded, ("p50 alone", p50), None));
        rows.push(compared(GROUP, &what("p99"), "ms", less, p99_flooded, ("p99 alone", p99), bar));
        rows.push(alone(
            GROUP,
            &name(&format!("sign-ins meanwhile, {connections} conn.")),
            "/s",
            Better::More,
            sign_in_rate,
            None,
        ));
        for (load, what, dashed) in [(&both[0], "alone", true), (&both[1], "amid sign-ins", false)] {
            let colour = if connections == 1 { "#1f77b4" } else { "#d62728" };
            let points =
                (1..=999).map(|n| f64::from(n) / 1e3).map(|share| (load.quantile(share), share * 100.0));
            curves.push(Series {
                name: format!("{connections} conn., {what}"),
                points: points.collect(),
                colour,
                dashed,
            });
        }
    }
    machine::unpin(&before)?;
    draw(run, cores_name, curves)?;
    Ok(rows)
}

/// How many refreshes took at most how long.
fn draw(run: &Run, cores_name: &str, series: Vec<Series>) -> Outcome<()> {
    let file = format!("refresh-amid-sign-ins-{}", cores_name.replace(' ', "-"));
    let raw: Vec<_> = series
        .iter()
        .map(|series| serde_json::json!({ "series": series.name, "ms_and_percent": series.points }))
        .collect();
    std::fs::write(run.results.join(format!("{file}.json")), serde_json::to_string(&raw)? + "\n")?;
    let values = series.iter().flat_map(|series| series.points.iter().map(|(ms, _)| *ms));
    let chart = Chart {
        title: format!("Refresh while sign-ins saturate the cores, server on {cores_name}"),
        x: Axis::decades("milliseconds", values),
        y: Axis {
            label: "% answered by then",
            logarithmic: false,
            marks: vec![0.0, 25.0, 50.0, 75.0, 90.0, 100.0],
        },
        series,
    };
    Ok(std::fs::write(run.results.join(format!("{file}.svg")), chart.svg())?)
}
