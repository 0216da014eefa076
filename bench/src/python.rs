//! The scripts under `bench/python`, which print tables of their own.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::people::{get, same};
use crate::report::Row;
use crate::{Outcome, Run, driver, machine};

#[expect(clippy::print_stderr, reason = "a part that was left out says so")]
pub fn measure(run: &Run) -> Outcome<Vec<Row>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    // Making the environment takes minutes and the network: that is left to whoever wants it.
    let there = std::fs::read_dir(root.join(".local/python")).is_ok_and(|mut found| {
        found.any(|entry| entry.is_ok_and(|entry| entry.file_name().to_string_lossy().ends_with("-bench")))
    });
    if !there {
        eprintln!("SKIPPED: python: there is no environment for it; make it with scripts/python-env --bench");
        return Ok(Vec::new());
    }
    let told = Command::new(root.join("scripts/python-env")).arg("--bench").output()?;
    if !told.status.success() {
        return Err(format!("scripts/python-env: {}", String::from_utf8_lossy(&told.stderr).trim()).into());
    }
    let python = String::from_utf8(told.stdout)?.trim().to_owned();
    let mut scripts: Vec<PathBuf> = std::fs::read_dir(root.join("bench/python"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
        .collect();
    scripts.sort();
    for script in scripts {
        eprintln!("python: {}", script.file_name().unwrap_or_default().to_string_lossy());
        let mut command = Command::new(&python);
        command.arg(&script).args(run.is_quick().then_some("--quick"));
        command.env("GATEPOST_BENCH", std::env::current_exe()?);
        // Its table goes to where ours goes, unless that is JSON's; a missed bar is in the table.
        let told = command.output()?;
        eprint!("{}{}", String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
    }
    Ok(Vec::new())
}

/// `drive ADDRESS PATH TOKEN SECONDS`: prints the requests a second that a server answers over 32 connections, for the
/// scripts.
#[expect(clippy::print_stdout, reason = "what the script reads")]
pub fn drive() -> Outcome<()> {
    let [address, path, token, seconds] = &std::env::args().skip(2).collect::<Vec<_>>()[..] else {
        return Err("drive takes ADDRESS PATH TOKEN SECONDS".into());
    };
    let _before = machine::pin(machine::DRIVER)?;
    let mut talks = same(&get(path, Some(token)), 32);
    let length = std::time::Duration::from_secs_f64(seconds.parse()?);
    println!("{}", driver::drive(address.parse()?, &mut talks, Some(length))?.only(200)?.per_second);
    Ok(())
}
