//! What a token of the profile may be used for: what was asked for, as far as the user may do it.

use gatepost_domain::{Scope, Scopes, User, api_key, role::RoleGraph};

use crate::accounts;

/// The role that is a scope, too.
pub const ADMIN: &str = "admin";

/// Whether somebody has the role `admin`, given or inherited. Administrators of the realm may do all that an admin may.
pub fn is_admin(user: &User, roles: &RoleGraph) -> bool {
    accounts::is_administrator(user)
        || roles.rights(&user.roles).roles.iter().any(|role| role.as_str() == ADMIN)
}

/// Of the scopes those that the user may have now: permissions of theirs, and `admin` where that is their role.
pub fn narrowed<'a>(scopes: impl IntoIterator<Item = &'a Scope>, user: &User, roles: &RoleGraph) -> Scopes {
    let rights = roles.rights(&user.roles);
    let may = |scope: &&Scope| match api_key::permission_of(scope) {
        Some(wanted) => rights.allow(&wanted),
        None => scope.as_str() == ADMIN && is_admin(user, roles),
    };
    scopes.into_iter().filter(may).cloned().collect()
}

/// What a form asks for, words with spaces between. What is no scope is nothing that anybody may have.
pub fn asked(text: &str) -> Vec<Scope> {
    text.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

/// As they stand in a token.
pub fn listed(scopes: &Scopes) -> Vec<String> {
    scopes.iter().map(|scope| scope.as_str().to_owned()).collect()
}
