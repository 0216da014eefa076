//! Measures Gatepost against the limits of the machine it runs on, in one run. See `docs/performance.md`.
#![expect(clippy::cast_precision_loss, reason = "counts of some seconds")]

mod clients;
mod code_flow;
mod dialects;
mod driver;
mod durable;
mod enumeration;
mod guard;
mod hello;
mod import;
mod limiter;
mod load;
mod machine;
mod people;
mod plot;
mod python;
mod read;
mod realms;
mod refresh;
mod report;
mod rights;
mod roles;
mod rounds;
mod served;
mod sign;
mod signin;
mod start;
mod token;
mod verify;
mod writers;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use report::Row;

/// What a measurement comes to.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// A named part of the table.
type Group = fn(&Run) -> Outcome<Vec<Row>>;

const GROUPS: [(&str, Group); 18] = [
    ("verify", verify::measure),
    ("sign", sign::measure),
    ("guard", guard::measure),
    ("refresh", refresh::measure),
    ("signin", signin::measure),
    ("read", read::measure),
    ("clients", clients::measure),
    ("flow", code_flow::measure),
    ("dialects", dialects::measure),
    ("enumeration", enumeration::measure),
    ("start", start::measure),
    ("limiter", limiter::measure),
    ("roles", roles::measure),
    ("realms", realms::measure),
    ("import", import::measure),
    ("writers", writers::measure),
    ("load", load::measure),
    ("python", python::measure),
];

/// Measures Gatepost against the limits of this machine, each beside its limit, in one run.
#[derive(Parser)]
#[command(name = "bench/run")]
struct Arguments {
    /// verify, sign, guard, refresh, signin, read, clients, flow, dialects, enumeration, start, limiter, roles, realms, import, writers, load, python; all unless named
    groups: Vec<String>,
    /// Print the table as JSON, every round included
    #[arg(long)]
    json: bool,
    /// How long the 32 writers write
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// A third of the rounds: for a look, not for a record
    #[arg(long)]
    quick: bool,
    /// Where the databases are made; the disk of this folder is the limit of durable writes
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// How this run measures.
pub struct Run {
    quick: bool,
    /// Of the writers.
    pub seconds: u64,
    /// Where databases are made.
    pub folder: PathBuf,
    /// Where plots and raw figures go.
    pub results: PathBuf,
}

impl Run {
    /// How many rounds, where `full` are wanted for a record.
    pub fn rounds(&self, full: usize) -> usize {
        if self.quick { (full / 3).max(2) } else { full }
    }

    /// Whether this is only a look.
    pub fn is_quick(&self) -> bool {
        self.quick
    }

    /// A folder of its own on the measured disk, removed when dropped.
    pub fn fresh(&self) -> Outcome<tempfile::TempDir> {
        Ok(tempfile::tempdir_in(&self.folder)?)
    }
}

/// How long one side of a round is measured over HTTP.
pub const SLICE: Duration = Duration::from_secs(1);

#[expect(clippy::print_stderr, reason = "a program for the terminal")]
fn main() -> ExitCode {
    match carry_out() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the table is what it is run for")]
fn carry_out() -> Outcome<()> {
    match std::env::args().nth(1).as_deref() {
        Some("serve-hello") => return hello::serve(),
        Some("serve-guarded") => return guard::serve(),
        Some("drive") => return python::drive(),
        _ => {}
    }
    let arguments = Arguments::parse();
    if let Some(unknown) = arguments.groups.iter().find(|name| GROUPS.iter().all(|(known, _)| known != name))
    {
        return Err(format!(
            "unknown group `{unknown}`; there are {}",
            GROUPS.map(|(name, _)| name).join(", ")
        )
        .into());
    }
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let folder = arguments.folder.unwrap_or_else(|| root.join("../target"));
    let results = root.join("results");
    std::fs::create_dir_all(&results)?;
    let run = Run { quick: arguments.quick, seconds: arguments.seconds, folder, results };
    let precedence = machine::Precedence::ask();
    let machine = machine::describe(&run.folder);
    if !arguments.json {
        println!("{machine}{}", if precedence.granted() { "" } else { ", no precedence over neighbours" });
        print!("{}", report::head());
    }
    let mut rows = Vec::new();
    for (name, measure) in GROUPS {
        if !arguments.groups.is_empty() && !arguments.groups.iter().any(|wanted| wanted == name) {
            continue;
        }
        // One group that cannot be measured does not hide the others.
        match measure(&run) {
            Ok(measured) => {
                if !arguments.json {
                    for row in &measured {
                        print!("{}", report::line(row));
                    }
                }
                rows.extend(measured);
            }
            Err(error) => eprintln!("FAILED: {name}: {error}"),
        }
    }
    let figures = serde_json::json!({ "machine": machine, "rows": rows });
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&figures)?);
    } else {
        let missed = rows.iter().filter(|row| row.ok == Some(false)).count();
        let reached = rows.iter().filter(|row| row.ok == Some(true)).count();
        println!("{reached} bars reached, {missed} missed");
    }
    if arguments.groups.is_empty() {
        std::fs::write(run.results.join("figures.json"), serde_json::to_string_pretty(&figures)? + "\n")?;
    }
    Ok(())
}
