/// What the database said. No variant carries SQL, a value or an address.
///
/// "Not found" is no error: it is `None`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A rule of the tables forbids the change; nothing was changed.
    #[error("already there: {0}")]
    Conflict(Constraint),
    /// The database cannot answer now. Whether a write happened is known only where the outage says so.
    #[error("the database is not available: {0}")]
    Unavailable(Outage),
    /// No room left on the disk; nothing was changed. Free some and go on: no restart is needed.
    #[error("the disk of the database is full: make room on it")]
    StorageFull,
    /// The database can only be read: a read-only file, folder or replica.
    #[error("the database can only be read: check the permissions of its folder, or that it is the primary")]
    ReadOnly,
    /// The disk failed to read or write.
    #[error("the disk of the database failed ({0})")]
    Disk(String),
    /// A row that does not parse, a statement the database does not understand: damage or a mistake of ours.
    #[error("the database holds something unexpected ({0})")]
    Broken(String),
}

/// Why the database cannot answer now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Outage {
    /// More writes are waiting than the queue holds. Nothing was changed; try again in a moment.
    #[error("too many writes are waiting")]
    QueueFull,
    /// Another process holds the file longer than we wait. Nothing was changed.
    #[error("another process is writing to the file")]
    Busy,
    /// The same rows are being changed by too many at once. Nothing was changed; try again.
    #[error("too many changes to the same rows at once")]
    Contention,
    /// There is no connection, and none could be made. Nothing was changed.
    #[error("no connection to the database server")]
    NoConnection,
    /// The connection was lost while a write was under way: it may or may not have happened.
    #[error("the connection was lost during a write")]
    Lost,
    /// No answer within the time allowed: a write may or may not have happened.
    #[error("no answer in time")]
    TimedOut,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

/// Which rule of the tables a change would break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Constraint {
    /// Another realm has the name.
    #[error("a realm with this name")]
    RealmName,
    /// Another realm is the default.
    #[error("another default realm")]
    RealmDefault,
    /// Another realm answers to the host.
    #[error("a realm with this host")]
    RealmHost,
    /// Another user of the realm has the address.
    #[error("a user with this e-mail address")]
    UserEmail,
    /// Another user of the realm has the username.
    #[error("a user with this username")]
    UserUsername,
    /// Another organization of the realm has the slug.
    #[error("an organization with this slug")]
    OrganizationSlug,
    /// The user belongs to the organization.
    #[error("a member of the organization")]
    Member,
    /// Another user, or another organization, is called so elsewhere.
    #[error("something with this external id")]
    ExternalId,
    /// There is an open invitation of this address into the organization.
    #[error("an invitation of this address")]
    OpenInvitation,
    /// Another signing key of the realm has the id or the place.
    #[error("a signing key with this id")]
    SigningKey,
    /// A row with the same primary key.
    #[error("a row with this id")]
    Id,
    /// What the row belongs to is not there (any more).
    #[error("what it belongs to is gone")]
    Parent,
}

/// Name of the constraint (PostgreSQL) and the columns (SQLite) of each rule.
const CONSTRAINTS: &[(&str, &str, Constraint)] = &[
    ("realms_name", "realms.name", Constraint::RealmName),
    ("realms_default", "realms.is_default", Constraint::RealmDefault),
    ("realm_hosts_pkey", "realm_hosts.host", Constraint::RealmHost),
    ("users_email", "users.realm_id, users.email_key", Constraint::UserEmail),
    ("users_username", "users.realm_id, users.username_key", Constraint::UserUsername),
    ("organizations_slug", "organizations.realm_id, organizations.slug", Constraint::OrganizationSlug),
    (
        "memberships_pkey",
        "memberships.realm_id, memberships.organization_id, memberships.user_id",
        Constraint::Member,
    ),
    (
        "memberships_user",
        "memberships.realm_id, memberships.user_id, memberships.organization_id",
        Constraint::Member,
    ),
    (
        "invitations_open",
        "invitations.realm_id, invitations.organization_id, invitations.email_key",
        Constraint::OpenInvitation,
    ),
    ("user_notes_external_id", "user_notes.realm_id, user_notes.external_id", Constraint::ExternalId),
    (
        "organization_notes_external_id",
        "organization_notes.realm_id, organization_notes.external_id",
        Constraint::ExternalId,
    ),
    ("signing_keys_pkey", "signing_keys.realm_id, signing_keys.kid", Constraint::SigningKey),
    (
        "signing_keys_sequence",
        "signing_keys.realm_id, signing_keys.alg, signing_keys.sequence",
        Constraint::SigningKey,
    ),
];

impl Error {
    /// Whether trying again later can help without anybody doing anything.
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    pub(crate) fn broken(what: impl Into<String>) -> Self {
        Self::Broken(what.into())
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let rusqlite::Error::SqliteFailure(failure, message) = &error else {
            return Self::broken(kind_of(&error));
        };
        match failure.code {
            ErrorCode::ConstraintViolation => {
                constraint(failure.extended_code, message.as_deref().unwrap_or_default())
            }
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Unavailable(Outage::Busy),
            ErrorCode::DiskFull => Self::StorageFull,
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Self::ReadOnly,
            ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::OutOfMemory => {
                Self::Disk(format!("SQLite code {}", failure.extended_code))
            }
            _ => Self::broken(format!("SQLite code {}", failure.extended_code)),
        }
    }
}

fn constraint(extended: i32, message: &str) -> Error {
    // A message names tables and columns, never values.
    let columns = message.split_once(": ").map_or(message, |(_, columns)| columns);
    let known = CONSTRAINTS.iter().find(|(_, of, _)| *of == columns).map(|(_, _, rule)| *rule);
    match extended {
        rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY => Error::Conflict(Constraint::Parent),
        rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY => {
            Error::Conflict(known.unwrap_or(Constraint::Id))
        }
        other => Error::broken(format!("SQLite constraint {other}")),
    }
}

/// What kind of mistake it was; never the text of it, which may hold a value.
fn kind_of(error: &rusqlite::Error) -> &'static str {
    match error {
        rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::InvalidColumnType(..) => {
            "a column of another type"
        }
        rusqlite::Error::IntegralValueOutOfRange(..) => "a number out of range",
        rusqlite::Error::InvalidColumnIndex(_) => "a row with fewer columns",
        rusqlite::Error::InvalidParameterCount(..) => "a statement with other parameters",
        _ => "SQLite",
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(state) = error.code() else {
            // Without a code the server said nothing: the connection is gone, or we could not read or write a value.
            return if is_connection_loss(&error) {
                Self::Unavailable(Outage::Lost)
            } else {
                Self::broken("a column of another type, or a statement with other parameters")
            };
        };
        let constraint =
            error.as_db_error().and_then(tokio_postgres::error::DbError::constraint).unwrap_or_default();
        let known = CONSTRAINTS.iter().find(|(name, _, _)| *name == constraint).map(|(_, _, rule)| *rule);
        let code = state.code();
        match code {
            "23505" => Self::Conflict(known.unwrap_or(Constraint::Id)),
            "23503" => Self::Conflict(Constraint::Parent),
            "40001" | "40P01" => Self::Unavailable(Outage::Contention),
            "53100" => Self::StorageFull,
            "25006" => Self::ReadOnly,
            "57014" => Self::Unavailable(Outage::TimedOut),
            "57P01" | "57P02" | "25P03" => Self::Unavailable(Outage::Lost),
            "57P03" | "53300" => Self::Unavailable(Outage::NoConnection),
            "58030" => Self::Disk(format!("PostgreSQL code {code}")),
            _ if code.starts_with("08") => Self::Unavailable(Outage::Lost),
            _ => Self::broken(format!("PostgreSQL code {code}")),
        }
    }
}

/// Whether the server is out of reach, rather than unhappy.
pub(crate) fn is_connection_loss(error: &tokio_postgres::Error) -> bool {
    if let Some(state) = error.code() {
        return state.code().starts_with("08") || matches!(state.code(), "57P01" | "57P02" | "57P03");
    }
    error.is_closed()
        || std::error::Error::source(error)
            .is_some_and(<dyn std::error::Error + 'static>::is::<std::io::Error>)
}
