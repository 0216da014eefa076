//! Processes that serve while they are measured.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::{Outcome, machine};

/// A process that serves on an address of its own until it is dropped.
pub struct Served {
    child: Child,
    pub address: SocketAddr,
    /// From its start to its ready line.
    pub ready_after: Duration,
}

impl Served {
    /// Runs `command` on these cores and waits until it says where it serves.
    pub fn start(mut command: Command, cores: &[usize]) -> Outcome<Self> {
        // What a thread starts may run where the thread may.
        let before = machine::pin(cores)?;
        let begun = Instant::now();
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        machine::unpin(&before)?;
        let mut child = child?;
        let mut said = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        let mut line = String::new();
        loop {
            line.clear();
            if said.read_line(&mut line)? == 0 {
                let _ = child.kill();
                return Err(format!("{command:?} ended without serving").into());
            }
            if let Some((_, url)) = line.split_once("ready on http://") {
                let ready_after = begun.elapsed();
                let address = url.trim().parse()?;
                return Ok(Self { child, address, ready_after });
            }
        }
    }

    /// The process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Ok(number) = i32::try_from(self.child.id())
            && let Some(process) = rustix::process::Pid::from_raw(number)
        {
            let _ = rustix::process::kill_process(process, rustix::process::Signal::TERM);
        }
        let _ = self.child.wait();
    }
}

/// The release binary beside this one.
pub fn gatepost_binary() -> Outcome<PathBuf> {
    let path = std::env::current_exe()?.with_file_name("gatepost");
    if path.exists() {
        Ok(path)
    } else {
        Err(format!("{} is not there: use bench/run", path.display()).into())
    }
}

/// `gatepost serve` with its data in `folder`.
pub fn gatepost(folder: &Path, cheap_hashes: bool, database_url: Option<&str>) -> Outcome<Command> {
    let mut command = Command::new(gatepost_binary()?);
    command.args(["serve", "--listen", "127.0.0.1:0", "--log-level", "error", "--data-dir"]).arg(folder);
    if let Some(url) = database_url {
        command.args(["--database-url", url]);
    }
    if cheap_hashes {
        // For rows that are not about hashing.
        command.env("GATEPOST_PASSWORDS__MEMORY_KIB", "64").env("GATEPOST_PASSWORDS__PASSES", "1");
    }
    Ok(command)
}

/// This program, serving one of the limits.
pub fn ourselves(what: &str) -> Outcome<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(what);
    Ok(command)
}

/// A server of others, from the folder `bench/peers` keeps of it; `None` where there is no npm to install it with.
pub fn peer(name: &str) -> Outcome<Option<Command>> {
    let npm = Command::new("npm").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !npm.is_ok_and(|status| status.success()) {
        return Ok(None);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let told = Command::new(root.join("scripts/node-env")).arg(format!("bench/peers/{name}")).output()?;
    if !told.status.success() {
        return Err(format!("scripts/node-env: {}", String::from_utf8_lossy(&told.stderr).trim()).into());
    }
    let mut command = Command::new("node");
    // What it says about itself is not our table's.
    command.arg(Path::new(String::from_utf8(told.stdout)?.trim()).join("server.mjs")).stderr(Stdio::null());
    Ok(Some(command))
}

/// The same without limits on how often one may sign in: everybody comes from one address.
pub fn gatepost_unlimited(folder: &Path, cheap_hashes: bool, database_url: Option<&str>) -> Outcome<Command> {
    let file = folder.with_extension("toml");
    std::fs::write(&file, "[[realm]]\nname = \"default\"\nrate_limits = \"off\"\n")?;
    let mut command = gatepost(folder, cheap_hashes, database_url)?;
    command.arg("--apply").arg(file);
    Ok(command)
}
