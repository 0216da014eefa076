//! Migrations: forward only, each database brought up to date in one transaction.

use crate::OpenError;

/// The release that is running, as recorded with each migration.
pub(crate) const RELEASE: &str = env!("CARGO_PKG_VERSION");

pub(crate) struct Migration {
    pub(crate) version: i64,
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

/// Every migration there is, the oldest first. A released one is never changed.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "first", sql: include_str!("../migrations/0001_first.sql") },
    Migration {
        version: 2,
        name: "organizations_and_api_keys",
        sql: include_str!("../migrations/0002_organizations_and_api_keys.sql"),
    },
    Migration {
        version: 3,
        name: "rotated_api_keys",
        sql: include_str!("../migrations/0003_rotated_api_keys.sql"),
    },
    Migration {
        version: 4,
        name: "makers_of_api_keys",
        sql: include_str!("../migrations/0004_makers_of_api_keys.sql"),
    },
    Migration {
        version: 5,
        name: "authorization",
        sql: include_str!("../migrations/0005_authorization.sql"),
    },
    Migration { version: 6, name: "clients", sql: include_str!("../migrations/0006_clients.sql") },
    Migration { version: 7, name: "devices", sql: include_str!("../migrations/0007_devices.sql") },
    Migration {
        version: 8,
        name: "client_registration",
        sql: include_str!("../migrations/0008_client_registration.sql"),
    },
    Migration {
        version: 9,
        name: "audit_filters",
        sql: include_str!("../migrations/0009_audit_filters.sql"),
    },
    Migration {
        version: 10,
        name: "grants_of_clients",
        sql: include_str!("../migrations/0010_grants_of_clients.sql"),
    },
    Migration { version: 11, name: "mailed_links", sql: include_str!("../migrations/0011_mailed_links.sql") },
    Migration {
        version: 12,
        name: "second_factors",
        sql: include_str!("../migrations/0012_second_factors.sql"),
    },
    Migration { version: 13, name: "passkeys", sql: include_str!("../migrations/0013_passkeys.sql") },
    Migration {
        version: 14,
        name: "social_sign_in",
        sql: include_str!("../migrations/0014_social_sign_in.sql"),
    },
    Migration {
        version: 15,
        name: "sign_in_by_mail",
        sql: include_str!("../migrations/0015_sign_in_by_mail.sql"),
    },
    Migration {
        version: 16,
        name: "policies_of_second_factors",
        sql: include_str!("../migrations/0016_policies_of_second_factors.sql"),
    },
    Migration { version: 17, name: "user_numbers", sql: include_str!("../migrations/0017_user_numbers.sql") },
    Migration { version: 18, name: "webhooks", sql: include_str!("../migrations/0018_webhooks.sql") },
    Migration {
        version: 19,
        name: "step_up_and_forms",
        sql: include_str!("../migrations/0019_step_up_and_forms.sql"),
    },
    Migration {
        version: 20,
        name: "organizations_of_sessions",
        sql: include_str!("../migrations/0020_organizations_of_sessions.sql"),
    },
    Migration { version: 21, name: "notes", sql: include_str!("../migrations/0021_notes.sql") },
    Migration {
        version: 22,
        name: "what_acting_in_place_lives_by",
        sql: include_str!("../migrations/0022_what_acting_in_place_lives_by.sql"),
    },
    Migration { version: 23, name: "interceptors", sql: include_str!("../migrations/0023_interceptors.sql") },
    Migration { version: 24, name: "sms", sql: include_str!("../migrations/0024_sms.sql") },
    Migration {
        version: 25,
        name: "what_owners_keep",
        sql: include_str!("../migrations/0025_what_owners_keep.sql"),
    },
    Migration {
        version: 26,
        name: "identity_tokens",
        sql: include_str!("../migrations/0026_identity_tokens.sql"),
    },
    Migration { version: 27, name: "teams", sql: include_str!("../migrations/0027_teams.sql") },
];

/// The version this release works with.
pub(crate) const NEWEST: i64 = MIGRATIONS[MIGRATIONS.len() - 1].version;

pub(crate) const CREATE_HISTORY: &str = "CREATE TABLE IF NOT EXISTS schema_history (
    version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, release TEXT NOT NULL, applied_at BIGINT NOT NULL)";
pub(crate) const READ_HISTORY: &str =
    "SELECT version, release FROM schema_history ORDER BY version DESC LIMIT 1";
pub(crate) const WRITE_HISTORY: &str =
    "INSERT INTO schema_history (version, name, release, applied_at) VALUES ($1, $2, $3, $4)";

/// Uncovers what is meant for one database: `/*sqlite: WITHOUT ROWID*/` becomes ` WITHOUT ROWID` on SQLite.
pub(crate) fn uncovered(sql: &str, dialect: &str) -> String {
    let opening = format!("/*{dialect}:");
    let mut text = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once(&opening) {
        let (inside, behind) = after.split_once("*/").unwrap_or((after, ""));
        text.push_str(before);
        text.push_str(inside);
        rest = behind;
    }
    text.push_str(rest);
    text
}

/// What is to be done with a database of the given version (none: an empty one), made by the given release.
pub(crate) fn pending(found: Option<(i64, String)>) -> Result<&'static [Migration], OpenError> {
    let Some((version, release)) = found else {
        return Ok(MIGRATIONS);
    };
    if version > NEWEST {
        return Err(OpenError::NewerSchema { found: version, known: NEWEST, release });
    }
    let done = MIGRATIONS.iter().take_while(|migration| migration.version <= version).count();
    Ok(&MIGRATIONS[done..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_database_sees_its_own_additions() {
        let sql = "CREATE TABLE t (a TEXT) /*sqlite: WITHOUT ROWID*/ /*postgres: WITH (fillfactor = 70)*/;";
        assert!(uncovered(sql, "sqlite").contains(")  WITHOUT ROWID /*postgres"));
        assert!(uncovered(sql, "postgres").contains("*/  WITH (fillfactor = 70);"));
    }

    #[test]
    fn versions_are_numbered_without_a_gap_and_a_file_is_called_by_its_number() {
        for (migration, expected) in MIGRATIONS.iter().zip(1..) {
            assert_eq!(migration.version, expected);
        }
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        for Migration { version, name, sql } in MIGRATIONS {
            let file = std::fs::read_to_string(folder.join(format!("{version:04}_{name}.sql")));
            assert_eq!(file.as_deref().ok(), Some(*sql), "{version} {name}");
        }
    }

    #[test]
    fn a_newer_schema_is_refused_and_says_which_release_made_it() {
        let refused = pending(Some((NEWEST + 1, "9.9.9".into()))).map(|_| ()).unwrap_err();
        assert!(refused.to_string().contains("9.9.9"), "{refused}");
        assert_eq!(pending(Some((NEWEST, "0.1.0".into()))).unwrap().len(), 0);
        assert_eq!(pending(None).unwrap().len(), MIGRATIONS.len());
    }
}
