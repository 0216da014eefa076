//! Users brought from elsewhere: read from a file, checked one by one, written many at a time.
//!
//! The file is read as it is written, on a thread of its own; what is in memory is some ten thousand users, however many there
//! are. Hashes are kept as they were made ([`crate::passwords`] verifies them). Who is there already is left as they are, so an
//! import that was cut off is begun again with the same command.

mod draft;
mod dry;
mod file;
mod holders;
mod meter;
mod order;
mod pace;
mod report;
mod shapes;
mod write;

use std::{io::Read, sync::Arc};

use gatepost_domain::audit::Event;
use tokio::sync::mpsc;

use crate::{App, accounts::Who, http::Problem, realm::Snapshot};

pub use meter::Meter;
pub use report::{Line, Report};
pub use shapes::{FirebaseHashes, Format};

use draft::Newcomer;

/// Rows that the reader hands over at a time.
const BATCH: usize = 256;
/// Rows that are put in order before they are written ([`order`]); as many again are read meanwhile. Some 500 bytes each. Tests have
/// few, and several windows all the same.
const WINDOW: usize = if cfg!(test) { 4 * BATCH } else { 128 * BATCH };

/// How to import.
#[derive(Clone, Debug)]
pub struct Options {
    /// What wrote the file.
    pub format: Format,
    /// Only find out what would be made and what is refused.
    pub dry_run: bool,
    /// Stop at the first row that is refused.
    pub strict: bool,
    /// Count every address as known to be its owner's.
    pub emails_are_verified: bool,
    /// How the Firebase project hashes.
    pub firebase: Option<FirebaseHashes>,
}

/// One row of a file: who it is, or why it is nobody.
struct Row {
    line: u64,
    found: Result<Newcomer, String>,
}

/// Why an import ended before its file did.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read, or not read on.
    #[error("line {line}: {reason}")]
    File {
        /// Where; 0 is the file as such.
        line: u64,
        /// Why.
        reason: String,
    },
    /// The database refused.
    #[error("{}", .0.reason())]
    Store(Problem),
    /// The report cannot be written.
    #[error("cannot write the report: {0}")]
    Report(std::io::Error),
}

impl From<Problem> for ImportError {
    fn from(problem: Problem) -> Self {
        Self::Store(problem)
    }
}

/// Imports the users of `source`. What became of each row that made nobody is told to `tell`, in the order of the file.
///
/// What was written before an error stays, and the report of it is lost: a second run tells who is there.
pub async fn import(
    app: &App,
    realm: &Arc<Snapshot>,
    source: impl Read + Send + 'static,
    meter: Arc<Meter>,
    options: Options,
    mut tell: impl FnMut(&Line) -> std::io::Result<()> + Send,
) -> Result<Report, ImportError> {
    let who = Who::operator();
    // Before the first of the rows gets an id: ids tell whom this import made.
    let mut writing = write::Writing::new(app, realm, &who, options.format);
    let (send, mut rows) = mpsc::channel::<Vec<Row>>(WINDOW / BATCH);
    let reading = {
        let (app, realm, meter, options) =
            (app.clone(), Arc::clone(realm), Arc::clone(&meter), options.clone());
        tokio::task::spawn_blocking(move || file::read(&app, &realm, source, &meter, &options, &send))
    };
    // What is only looked up needs no order; and whoever wants the first bad row to be the last wants few after it.
    let at_once = if options.dry_run || options.strict { BATCH } else { WINDOW };
    if !options.dry_run {
        app.db().expect_many_writes().await.map_err(Problem::from)?;
    }
    let mut report = Report::new(realm.name(), options.dry_run);
    let mut dry = dry::Seen::default();
    let mut stopped = false;
    while let Some(mut batch) = next(&mut rows, at_once).await {
        if options.strict
            && let Some(bad) = batch.iter().position(|row| row.found.is_err())
        {
            batch.truncate(bad + 1);
        }
        let lines = if options.dry_run {
            dry.look(app, batch, &mut report, &meter).await?
        } else {
            writing.write(batch, &mut report, &meter).await?
        };
        for line in lines {
            tell(&line).map_err(ImportError::Report)?;
            report.keep(line);
        }
        if options.strict && report.refused > 0 {
            stopped = true;
            break;
        }
    }
    drop(rows);
    let read = reading.await.map_err(|error| Problem::internal(error).into());
    writing.finish(&report).await?;
    match read.and_then(|read| read) {
        // The reader was told to stop.
        Err(_) if stopped => Ok(report),
        Err(error) => Err(error),
        Ok(()) => Ok(report),
    }
}

/// The next rows: so many, or as many as there are still. `None`: there are no more.
async fn next(batches: &mut mpsc::Receiver<Vec<Row>>, many: usize) -> Option<Vec<Row>> {
    let mut rows = batches.recv().await?;
    while rows.len() < many
        && let Some(more) = batches.recv().await
    {
        rows.extend(more);
    }
    Some(rows)
}

/// The event that opens an import, and the one that closes it.
const BEGUN: Event = Event::UserImportBegun;
const DONE: Event = Event::UsersImported;

#[cfg(test)]
mod tests;
