//! Why a file cannot be applied.

use gatepost_domain::{SettingRefused, password, role::RolesRefused};
use gatepost_store::Error;

use super::changes::Changes;
use crate::{config::FileError, passwords::PoolError};

/// Why a file cannot be applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The file.
    #[error(transparent)]
    File(#[from] FileError),
    /// The store.
    #[error(transparent)]
    Store(#[from] Error),
    /// A password of the file.
    #[error("realm {realm}, user {user}: {reason}; choose another password")]
    Password {
        /// The realm.
        realm: String,
        /// The user.
        user: String,
        /// Why not.
        reason: password::TooWeak,
    },
    /// A user who cannot be made or changed.
    #[error("realm {realm}, user {user}: {reason}")]
    User {
        /// The realm.
        realm: String,
        /// The user.
        user: String,
        /// Why not.
        reason: String,
    },
    /// Hashing a password.
    #[error(transparent)]
    Hashing(#[from] PoolError),
    /// The roles of the file, together with those there are.
    #[error("realm {realm}: {refused}")]
    Roles {
        /// The realm.
        realm: String,
        /// Why not.
        refused: RolesRefused,
    },
    /// A role of a user.
    #[error("realm {realm}, user {user}: there is no role {role}{}", hint(nearest.as_ref()))]
    NoSuchRole {
        /// The realm.
        realm: String,
        /// The user.
        user: String,
        /// The name.
        role: String,
        /// The most similar name.
        nearest: Option<String>,
    },
    /// A setting of the realm that does not go with what there is.
    #[error("realm {realm}, {refused}")]
    Setting {
        /// The realm.
        realm: String,
        /// Which, and why not.
        refused: SettingRefused,
    },
    /// A member of an organization.
    #[error("realm {realm}, organization {organization}, member {user}: {reason}")]
    Member {
        /// The realm.
        realm: String,
        /// Its slug.
        organization: String,
        /// As written in the file.
        user: String,
        /// Why not.
        reason: String,
    },
    /// An API key.
    #[error("realm {realm}, API key {name} of {owner}: {reason}")]
    ApiKey {
        /// The realm.
        realm: String,
        /// Whose.
        owner: String,
        /// What it is called.
        name: String,
        /// Why not.
        reason: String,
    },
    /// A provider.
    #[error("realm {realm}, provider {provider}: {reason}")]
    Provider {
        /// The realm.
        realm: String,
        /// What it is called.
        provider: String,
        /// Why not.
        reason: String,
    },
    /// A realm would be left without an administrator.
    #[error("realm {realm}: {user} is the last administrator; give another user the role realm-admin first")]
    LastAdministrator {
        /// The realm.
        realm: String,
        /// The user.
        user: String,
    },
    /// Not an error: everything was tried and undone.
    #[error("nothing was changed")]
    Looked(Changes),
}

fn hint(nearest: Option<&String>) -> String {
    nearest.map(|name| format!("; did you mean {name}?")).unwrap_or_default()
}
