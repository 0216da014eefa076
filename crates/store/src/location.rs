use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where the database is. `Display` shows no password.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A file on a disk of this machine.
    Sqlite(PathBuf),
    /// A PostgreSQL server, by its connection URL.
    Postgres(String),
}

/// The text is not the URL of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a database: write sqlite:///path/to/auth.db or postgres://user:password@host/database")]
pub struct LocationRefused;

/// `sqlite:///absolute/path`, `sqlite:relative/path`, `postgres://…` or `postgresql://…`.
impl FromStr for Location {
    type Err = LocationRefused;

    fn from_str(text: &str) -> Result<Self, LocationRefused> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        let path =
            text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:")).ok_or(LocationRefused)?;
        // Options after the path, and SQLite's own names for databases in memory, are not for us.
        if path.is_empty()
            || path.contains(['?', '#', '\0'])
            || path.contains(":memory:")
            || path.ends_with('/')
        {
            return Err(LocationRefused);
        }
        Ok(Self::Sqlite(path.into()))
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => {
                let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
                let rest = rest.split(['?', '#']).next().unwrap_or_default();
                let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
                write!(f, "{scheme}://{host}")
            }
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_and_what_is_no_database_is_refused() {
        let read = |text: &str| text.parse::<Location>();
        assert_eq!(read("sqlite:///var/lib/auth.db"), Ok(Location::Sqlite("/var/lib/auth.db".into())));
        assert_eq!(read("sqlite:auth.db"), Ok(Location::Sqlite("auth.db".into())));
        assert_eq!(read("sqlite://auth.db"), Ok(Location::Sqlite("auth.db".into())));
        assert!(matches!(read("postgresql://h/db"), Ok(Location::Postgres(_))));
        for bad in [
            "",
            "auth.db",
            "mysql://h/db",
            "sqlite:",
            "sqlite://",
            "sqlite::memory:",
            "sqlite:///a.db?mode=ro",
            "sqlite:///dir/",
        ] {
            assert_eq!(read(bad), Err(LocationRefused), "{bad}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let location: Location = "postgres://ada:p%40ss@db.test:5432/auth?password=hunter2".parse().unwrap();
        assert_eq!(location.to_string(), "postgres://db.test:5432/auth");
        assert_eq!(format!("{location:?}"), "postgres://db.test:5432/auth");
    }
}
