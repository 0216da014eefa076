//! What a process says, line by line, as it says it.

use std::{
    io::{BufRead as _, BufReader, Read},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
    time::Instant,
};

use super::DEADLINE;

/// The lines of one stream so far.
#[derive(Clone)]
pub(crate) struct Output {
    shared: Arc<(Mutex<Said>, Condvar)>,
}

#[derive(Default)]
struct Said {
    lines: Vec<String>,
    ended: bool,
}

impl Output {
    /// Begins to read `stream`, on a thread that ends with it.
    pub(crate) fn of(stream: impl Read + Send + 'static) -> Self {
        let shared = Arc::new((Mutex::new(Said::default()), Condvar::new()));
        let output = Self { shared: Arc::clone(&shared) };
        thread::spawn(move || {
            let mut reader = BufReader::new(stream);
            let mut line = Vec::new();
            while matches!(reader.read_until(b'\n', &mut line), Ok(1..)) {
                let text = String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned();
                line.clear();
                shared.0.lock().unwrap().lines.push(text);
                shared.1.notify_all();
            }
            shared.0.lock().unwrap().ended = true;
            shared.1.notify_all();
        });
        output
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.shared.0.lock().unwrap()
    }

    /// Everything so far.
    pub(crate) fn text(&self) -> String {
        self.said().lines.join("\n")
    }

    /// The lines so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.said().lines.clone()
    }

    /// Waits for a line with `part` in it; `None` when the stream ends without one.
    pub(crate) fn wait_for(&self, part: &str) -> Option<String> {
        let began = Instant::now();
        let mut said = self.said();
        let mut read = 0;
        loop {
            if let Some(line) = said.lines[read..].iter().find(|line| line.contains(part)) {
                return Some(line.clone());
            }
            read = said.lines.len();
            if said.ended {
                return None;
            }
            let left = DEADLINE.saturating_sub(began.elapsed());
            assert!(!left.is_zero(), "waited in vain for {part:?} in:\n{}", said.lines.join("\n"));
            said = self.shared.1.wait_timeout(said, left).unwrap().0;
        }
    }

    /// Waits until the stream has ended, and returns all of it.
    pub(crate) fn wait_for_end(&self) -> String {
        let began = Instant::now();
        let mut said = self.said();
        while !said.ended {
            let left = DEADLINE.saturating_sub(began.elapsed());
            assert!(!left.is_zero(), "the stream did not end; so far:\n{}", said.lines.join("\n"));
            said = self.shared.1.wait_timeout(said, left).unwrap().0;
        }
        said.lines.join("\n")
    }
}
