//! A running server.

use std::{
    fs,
    net::SocketAddr,
    os::unix::process::ExitStatusExt as _,
    process::{Child, ExitStatus},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::{Answer, DEADLINE, Http, Output, Protocol, invocation::streams};

/// A process of the program. Killed, by its id, when it goes out of scope.
pub(crate) struct Server {
    child: Child,
    pub(crate) stdout: Output,
    pub(crate) stderr: Output,
    address: Option<SocketAddr>,
    url: String,
    /// From the start of the process to its ready line.
    pub(crate) start_up: Duration,
    began: Instant,
}

impl Server {
    pub(super) fn of(mut child: Child) -> Self {
        let (stdout, stderr) = streams(&mut child);
        let began = Instant::now();
        Self { child, stdout, stderr, address: None, url: String::new(), start_up: Duration::ZERO, began }
    }

    fn wait_until_ready(&mut self) {
        let Some(line) = self.stdout.wait_for("gatepost ready on ") else {
            panic!("the server did not start: {}", self.stderr.wait_for_end());
        };
        self.start_up = self.began.elapsed();
        line.trim_start_matches("gatepost ready on ").clone_into(&mut self.url);
        let (_, address) = self.url.split_once("://").unwrap();
        self.address = Some(address.parse().unwrap());
    }

    /// The same, once it is ready.
    pub(crate) fn ready(mut self) -> Self {
        self.wait_until_ready();
        self
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address.expect("a server that is ready")
    }

    /// What the ready line says.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// SIGTERM
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// SIGINT
    pub(crate) fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// `kill -9`, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.child.wait().unwrap();
    }

    /// Waits until it has ended by itself.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.stdout.wait_for_end();
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < DEADLINE, "the process closed its output and did not end");
            std::thread::yield_now();
        }
    }

    pub(super) fn exit_code(&mut self) -> Option<i32> {
        let status = self.wait();
        status.code().or_else(|| status.signal().map(|signal| -signal))
    }

    /// Asks it to stop, and expects it to end well.
    pub(crate) fn stop(mut self) {
        self.terminate();
        let status = self.wait();
        assert!(status.success(), "{status}: {}", self.stderr.text());
    }

    /// A connection that speaks HTTP/1.1.
    pub(crate) fn http(&self) -> Http {
        Http::new(self.address(), Protocol::Http1)
    }

    /// One GET on a connection of its own.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.http().get(path).await.unwrap()
    }

    /// Memory in use, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Still there, and nothing in it panicked.
    pub(crate) fn assert_sound(&mut self) {
        assert!(self.child.try_wait().unwrap().is_none(), "the server is gone: {}", self.stderr.text());
        let said = self.stderr.text();
        assert!(!said.contains("panicked"), "{said}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- the server said on standard error:\n{}", self.stderr.text());
        }
    }
}
