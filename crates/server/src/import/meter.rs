//! How far the reading of a file has come.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

/// Bytes that one user may take. A quote that is never closed would otherwise make a user of the rest of the file.
pub(super) const MAX_ROW: u64 = 1024 * 1024;

/// What is said of one that takes more.
pub(super) fn too_long() -> String {
    "a user of more than 1 MiB: look for a quote or bracket that is not closed".to_owned()
}

/// What was read and made so far, for whoever shows it.
#[derive(Debug, Default)]
pub struct Meter {
    bytes: AtomicU64,
    made: AtomicU64,
}

impl Meter {
    /// Bytes read.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// Users made, or in a dry run those that would be.
    pub fn users(&self) -> u64 {
        self.made.load(Relaxed)
    }

    pub(super) fn made(&self, users: u64) {
        self.made.store(users, Relaxed);
    }
}

/// Where a reader is in its file.
#[derive(Debug, Default)]
pub(super) struct Place {
    lines: AtomicU64,
    since_row: AtomicU64,
    /// Whether what is read is a user.
    in_row: AtomicBool,
}

impl Place {
    /// The line of the next byte.
    pub(super) fn line(&self) -> u64 {
        self.lines.load(Relaxed) + 1
    }

    /// A user begins here.
    pub(super) fn begin_row(&self) {
        self.since_row.store(0, Relaxed);
        self.in_row.store(true, Relaxed);
    }

    /// No user is here.
    pub(super) fn end_rows(&self) {
        self.in_row.store(false, Relaxed);
    }
}

/// Counts what is read.
pub(super) struct Metered<R> {
    inner: R,
    meter: Arc<Meter>,
    place: Arc<Place>,
}

impl<R> Metered<R> {
    pub(super) fn new(inner: R, meter: Arc<Meter>) -> (Self, Arc<Place>) {
        let place = Arc::<Place>::default();
        (Self { inner, meter, place: Arc::clone(&place) }, place)
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(out)?;
        // Single reader, so plain loads and stores are enough; they are atomic for the one who watches.
        let add = |counter: &AtomicU64, more: u64| counter.store(counter.load(Relaxed) + more, Relaxed);
        add(&self.meter.bytes, count as u64);
        add(&self.place.since_row, count as u64);
        add(&self.place.lines, memchr::memchr_iter(b'\n', &out[..count]).count() as u64);
        if self.place.in_row.load(Relaxed) && self.place.since_row.load(Relaxed) > MAX_ROW {
            return Err(io::Error::other(too_long()));
        }
        Ok(count)
    }
}
