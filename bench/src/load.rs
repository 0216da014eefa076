//! Latency under load, drawn: how long answers take as ever more connections ask at once.

use std::time::Duration;

use crate::driver::{Talk, drive_awake};
use crate::people::{Person, Refreshing, get, newcomers, same, sign_in};
use crate::plot::{Axis, Chart, Series};
use crate::report::{Better, Row, alone};
use crate::served::{Served, gatepost_unlimited, ourselves};
use crate::{Outcome, Run, machine};

const CONNECTIONS: [usize; 8] = [1, 2, 4, 8, 16, 32, 64, 128];
const SLICE: Duration = Duration::from_millis(1_500);

/// What was measured with one number of connections.
#[derive(serde::Serialize)]
struct Point {
    connections: usize,
    per_second: f64,
    p50_ms: f64,
    p90_ms: f64,
    p99_ms: f64,
}

pub fn measure(run: &Run) -> Outcome<Vec<Row>> {
    let folder = run.fresh()?;
    let before = machine::pin(machine::DRIVER)?;
    let hello = Served::start(ourselves("serve-hello")?, machine::SERVER)?;
    let cheap =
        Served::start(gatepost_unlimited(&folder.path().join("cheap"), true, None)?, machine::SERVER)?;
    let dear = Served::start(gatepost_unlimited(&folder.path().join("dear"), false, None)?, machine::SERVER)?;
    let people: Vec<Person> = newcomers(cheap.address, 32, 4, 8)?.concat();
    let dear_people: Vec<Person> = newcomers(dear.address, 4, 1, 1)?.concat();
    let token = &people[0].access_token;

    let mut measured: Vec<(&str, Vec<Point>)> = Vec::new();
    let steady = |served: &Served, request: &[u8]| {
        curve(&CONNECTIONS, |connections| same(request, connections), served)
    };
    measured.push(("axum hello world", steady(&hello, &get("/", None))?));
    measured.push(("JWKS", steady(&cheap, &get("/.well-known/jwks.json", None))?));
    measured.push(("session check", steady(&cheap, &get("/api/v1/me", Some(token)))?));
    // The talks go on with the tokens they hold: each step brings as many connections as it needs.
    let mut refreshing: Vec<Refreshing> = people.chunks(8).map(Refreshing::of).collect();
    let mut points = Vec::new();
    for connections in CONNECTIONS {
        points.push(point(&cheap, &mut refreshing[..connections])?);
    }
    measured.push(("refresh, durable", points));
    let request = sign_in(&dear_people[0].email);
    measured.push((
        "sign-in, Argon2id",
        curve(&CONNECTIONS[..6], |connections| same(&request, connections), &dear)?,
    ));
    machine::unpin(&before)?;

    let raw: serde_json::Map<_, _> = measured
        .iter()
        .map(|(name, points)| Ok(((*name).to_owned(), serde_json::to_value(points)?)))
        .collect::<Outcome<_>>()?;
    std::fs::write(run.results.join("latency.json"), serde_json::to_string_pretty(&raw)? + "\n")?;
    std::fs::write(run.results.join("latency.svg"), chart(&measured).svg())?;
    let row = |(name, points): &(&str, Vec<Point>)| {
        let highest = points.iter().map(|point| point.per_second).fold(0.0, f64::max);
        alone(
            "load",
            &format!("{name}: most a second, up to 128 connections"),
            "/s",
            Better::More,
            &[highest],
            None,
        )
    };
    Ok(measured.iter().map(row).collect())
}

fn curve<T: Talk>(
    steps: &[usize],
    mut talks: impl FnMut(usize) -> Vec<T>,
    served: &Served,
) -> Outcome<Vec<Point>> {
    steps.iter().map(|connections| point(served, &mut talks(*connections))).collect()
}

fn point<T: Talk>(served: &Served, talks: &mut [T]) -> Outcome<Point> {
    let load = drive_awake(served.address, talks, SLICE)?.only(200)?;
    Ok(Point {
        connections: talks.len(),
        per_second: load.per_second,
        p50_ms: load.quantile(0.5),
        p90_ms: load.quantile(0.9),
        p99_ms: load.quantile(0.99),
    })
}

fn chart(measured: &[(&str, Vec<Point>)]) -> Chart {
    let colours = ["#7f7f7f", "#2ca02c", "#1f77b4", "#d62728", "#9467bd"];
    let mut series = Vec::new();
    for ((name, points), colour) in measured.iter().zip(colours) {
        for (quantile, dashed) in [("p50", false), ("p99", true)] {
            let of = |point: &Point| if dashed { point.p99_ms } else { point.p50_ms };
            let points = points.iter().map(|point| (point.connections as f64, of(point))).collect();
            series.push(Series { name: format!("{name}, {quantile}"), points, colour, dashed });
        }
    }
    let values: Vec<f64> = series.iter().flat_map(|series| series.points.iter().map(|(_, ms)| *ms)).collect();
    Chart {
        title: "Latency under load, server on one core".to_owned(),
        x: Axis { label: "connections", logarithmic: true, marks: CONNECTIONS.map(|n| n as f64).to_vec() },
        y: Axis::decades("milliseconds", values.into_iter()),
        series,
    }
}
