//! A user as the contract shows them.

use gatepost_domain::{User, role::RoleGraph};
use serde::Serialize;

use crate::{accounts, profiles::fastapi::email};

/// The three roles, the highest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Above the others.
    Admin,
    /// Of everybody who was given no role.
    User,
    /// Below the others.
    Viewer,
}

impl Role {
    /// Each.
    pub const ALL: [Self; 3] = [Self::Admin, Self::User, Self::Viewer];
    /// What is expected where one is asked for.
    pub const EXPECTED: &str = "'admin', 'user' or 'viewer'";

    /// As it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::User => "user",
            Self::Viewer => "viewer",
        }
    }

    /// The highest that somebody has, given or inherited. Administrators of the realm may do all that an admin may; whoever was given
    /// none of the three is a user, as in the original.
    pub fn of(user: &User, roles: &RoleGraph) -> Self {
        if accounts::is_administrator(user) {
            return Self::Admin;
        }
        let rights = roles.rights(&user.roles);
        let has = |role: &Self| rights.roles.iter().any(|name| name.as_str() == role.name());
        Self::ALL.into_iter().find(has).unwrap_or(Self::User)
    }
}

/// What tokens call a user: the username, or the address of whoever has none. One has an `@`, the other never does.
pub fn subject(user: &User) -> String {
    match (&user.username, &user.email) {
        (Some(username), _) => username.as_str().to_owned(),
        (None, Some(address)) => email::shown(address),
        (None, None) => user.id.to_string(),
    }
}

/// A user in an answer.
#[derive(Serialize)]
pub struct UserResponse {
    id: u64,
    username: String,
    email: String,
    full_name: Option<String>,
    role: Role,
    is_active: bool,
}

impl UserResponse {
    /// The user of a number.
    pub fn new(user: &User, number: u64, roles: &RoleGraph) -> Self {
        Self {
            id: number,
            username: subject(user),
            email: user.email.as_ref().map(email::shown).unwrap_or_default(),
            full_name: user.name.as_ref().map(|name| name.as_str().to_owned()),
            role: Role::of(user, roles),
            is_active: !user.is_disabled(),
        }
    }
}
