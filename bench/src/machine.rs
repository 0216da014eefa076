//! The machine: its cores, its clocks, its disk.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};

use crate::Outcome;

/// The core the measured server has.
pub const SERVER: &[usize] = &[0];
/// The core of whoever drives it.
pub const DRIVER: &[usize] = &[1];
/// Both.
pub const BOTH: &[usize] = &[0, 1];

/// Ties the calling thread, and what it starts from now on, to these cores. A core that is not there is left out.
pub fn pin(cores: &[usize]) -> Outcome<CpuSet> {
    let before = sched_getaffinity(None)?;
    let present = std::fs::read_dir("/sys/devices/system/cpu")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_prefix("cpu")?.parse().ok())
        .max()
        .unwrap_or(0_usize);
    let mut wanted = CpuSet::new();
    for core in cores {
        wanted.set(*core.min(&present));
    }
    sched_setaffinity(None, &wanted)?;
    Ok(before)
}

/// Undoes [`pin`].
pub fn unpin(before: &CpuSet) -> Outcome<()> {
    Ok(sched_setaffinity(None, before)?)
}

/// CPU time of the calling thread.
pub fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// CPU time of all living threads of a process.
pub fn process_cpu(process: u32) -> Outcome<Duration> {
    let mut nanoseconds = 0;
    for thread in std::fs::read_dir(format!("/proc/{process}/task"))? {
        // A thread may end while we look.
        let account = std::fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
        nanoseconds += account.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0_u64);
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// Memory in use by a process, in MiB.
pub fn resident(process: u32) -> Outcome<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kibibytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes / 1024.0)
}

/// The most memory a process has had in use, in MiB; `None`: it has ended.
pub fn peak(process: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kibibytes / 1024.0)
}

/// Overwrites 4 KiB and waits for the disk, over and over: how often a second that goes.
pub fn fdatasync_rate(folder: &Path, length: Duration) -> Outcome<f64> {
    let file = File::create(folder.join("fdatasync"))?;
    let block = [7_u8; 4_096];
    for n in 0..64 {
        file.write_all_at(&block, n * 4_096)?;
    }
    file.sync_all()?;
    let (begun, mut count) = (Instant::now(), 0_u32);
    while begun.elapsed() < length {
        file.write_all_at(&block, u64::from(count % 64) * 4_096)?;
        file.sync_data()?;
        count += 1;
    }
    Ok(f64::from(count) / begun.elapsed().as_secs_f64())
}

/// Precedence over other programs, where we may have it (root may). Given back when dropped.
pub struct Precedence(Option<String>);

const AUTOGROUP: &str = "/proc/self/autogroup";

impl Precedence {
    /// Asks for it. Linux shares the cores among terminal sessions first, and among the programs of one only then: the
    /// whole session has to be raised.
    pub fn ask() -> Self {
        let before = std::fs::read_to_string(AUTOGROUP).ok();
        let nice = before.as_deref().and_then(|text| Some(text.trim().rsplit_once(' ')?.1.to_owned()));
        let _ = rustix::process::nice(-15);
        Self(nice.filter(|_| std::fs::write(AUTOGROUP, "-15").is_ok()))
    }

    /// Whether we have it.
    pub fn granted(&self) -> bool {
        self.0.is_some()
    }
}

impl Drop for Precedence {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = std::fs::write(AUTOGROUP, before);
        }
    }
}

/// What the figures were measured on, for the head of the table.
pub fn describe(folder: &Path) -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let model =
        cpus.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split(':').nth(1));
    let cores = cpus.lines().filter(|line| line.starts_with("processor")).count();
    let mounts = read("/proc/self/mounts");
    let folder = folder.canonicalize().unwrap_or_default();
    let disk = mounts
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            let (device, at, kind) = (words.next()?, words.next()?, words.next()?);
            folder.starts_with(at).then(|| (at.len(), format!("{kind} on {device}")))
        })
        .max()
        .map_or_else(String::new, |(_, disk)| disk);
    format!(
        "{} × {}, Linux {}, {disk}, load {}",
        cores,
        model.unwrap_or(" unknown").trim(),
        read("/proc/sys/kernel/osrelease").trim(),
        read("/proc/loadavg").split(' ').next().unwrap_or_default(),
    )
}
