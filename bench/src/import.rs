//! Users brought from elsewhere: how many a second, and whether the memory it takes depends on how many there are.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::report::{Bar, Better, Row, alone, compared};
use crate::served::gatepost_binary;
use crate::{Outcome, Run, machine};

const GROUP: &str = "import";
/// Users in the large file; the small one has a tenth of them.
const USERS: u32 = 1_000_000;
const USERS_FOR_A_LOOK: u32 = 200_000;
/// How often the memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Addresses in no order, as they are where people sign up, each with a bcrypt hash of its own.
fn write(path: &Path, users: u32) -> Outcome<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for number in 0..users {
        // An odd factor keeps them apart.
        let scattered = number.wrapping_mul(2_654_435_761);
        writeln!(
            file,
            "{{\"email\":\"person.{scattered:08x}@example.com\",\"email_verified\":true,\"name\":\"Person {number}\",\
             \"password_hash\":\"$2b$12$yt6B6g5QsIjIrGNgAVn5QO49gq9vC5otZTWqavXcih96.E{number:07}\"}}"
        )?;
    }
    Ok(file.flush()?)
}

/// Imports the file into a new installation: users a second, and the most memory in MiB.
fn imported(folder: &Path, file: &Path, users: u32) -> Outcome<(f64, f64)> {
    let data = folder.join("data");
    let declared = folder.join("realm.toml");
    std::fs::write(&declared, "[[realm]]\nname = \"default\"\n")?;
    let gatepost = || -> Outcome<Command> {
        let mut command = Command::new(gatepost_binary()?);
        command.stdin(Stdio::null()).stdout(Stdio::null()).arg("--data-dir").arg(&data);
        Ok(command)
    };
    if !gatepost()?.arg("apply").arg(&declared).status()?.success() {
        return Err("no installation could be made".into());
    }
    let begun = Instant::now();
    let mut child = gatepost()?.args(["user", "import"]).arg(file).spawn()?;
    let mut peak = 0_f64;
    let status = loop {
        peak = machine::peak(child.id()).unwrap_or(peak).max(peak);
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(LOOK_EVERY);
    };
    let took = begun.elapsed();
    if !status.success() {
        return Err("the import was refused".into());
    }
    Ok((f64::from(users) / took.as_secs_f64(), peak))
}

pub fn measure(run: &Run) -> Outcome<Vec<Row>> {
    let users = if run.is_quick() { USERS_FOR_A_LOOK } else { USERS };
    let folder = run.fresh()?;
    let (large, small) = (folder.path().join("large.ndjson"), folder.path().join("small.ndjson"));
    write(&large, users)?;
    write(&small, users / 10)?;
    let (mut rates, mut peaks, mut small_rates, mut small_peaks) = (vec![], vec![], vec![], vec![]);
    for _ in 0..run.rounds(3) {
        let (rate, peak) = imported(run.fresh()?.path(), &small, users / 10)?;
        small_rates.push(rate);
        small_peaks.push(peak);
        let (rate, peak) = imported(run.fresh()?.path(), &large, users)?;
        rates.push(rate);
        peaks.push(peak);
    }
    let name = |users: u32, what: &str| format!("{users} users from NDJSON, hashes kept, SQLite{what}");
    Ok(vec![
        alone(GROUP, &name(users / 10, ""), "/s", Better::More, &small_rates, None),
        alone(GROUP, &name(users, ""), "/s", Better::More, &rates, Some(Bar::AtLeast(20_000.0))),
        compared(
            GROUP,
            &name(users, ": memory"),
            "MiB",
            Better::Less,
            &peaks,
            ("memory for a tenth of them", &small_peaks),
            Some(Bar::RatioAtMost(1.2)),
        ),
    ])
}
