use crate::{Error, Location};

/// Why a database could not be opened. Each line names the thing and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made or written to.
    #[error("cannot use the folder {folder}: {reason}; give the server the right to write to it")]
    Folder {
        /// The folder.
        folder: String,
        /// What the system said.
        reason: String,
    },
    /// The file is on a network file system, where its locks cannot be trusted.
    #[error(
        "{path} is on a network file system ({kind}), where SQLite loses data: put it on a local disk, or use PostgreSQL"
    )]
    NetworkFileSystem {
        /// The file.
        path: String,
        /// Which file system.
        kind: &'static str,
    },
    /// The file is something else.
    #[error("{path} is not a Gatepost database: name another file")]
    NotOurs {
        /// The file.
        path: String,
    },
    /// The database was written by a newer release.
    #[error(
        "the database has schema {found}, made by release {release}, and this release knows schemas up to {known}: start release {release} or newer"
    )]
    NewerSchema {
        /// Its version.
        found: i64,
        /// The newest version known here.
        known: i64,
        /// The release that made it.
        release: String,
    },
    /// The database must be brought up to date first, and `migrate` was off.
    #[error("the database has schema {found} and this release needs {needed}: run `gatepost migrate`")]
    OlderSchema {
        /// Its version; 0 when it is empty.
        found: i64,
        /// The version needed.
        needed: i64,
    },
    /// The URL is not understood.
    #[error("the database URL is not understood: {0}")]
    Url(String),
    /// The server cannot be reached, or refuses.
    #[error("cannot open {location}: {reason}")]
    Refused {
        /// Where, without password.
        location: Location,
        /// What it said.
        reason: String,
    },
    /// The database failed while it was being opened.
    #[error("cannot open the database: {0}")]
    Store(#[from] Error),
}
