//! Names of a realm in the file: each is there once, and what is named is there.

use std::ops::Range;

use gatepost_domain::role::{RoleGraph, RolesRefused};

use super::{Parts, Reader};
use crate::{config::FileError, declare::declared::DeclaredRealm};

/// The first name that was there before, and which it is of them.
fn twice(names: &[Option<String>]) -> Option<(usize, &str)> {
    names.iter().enumerate().find_map(|(at, name)| {
        let name = name.as_deref()?;
        names[..at].iter().any(|before| before.as_deref() == Some(name)).then_some((at, name))
    })
}

impl Reader<'_> {
    /// Names within a realm are unique, and roles inherit from roles there are.
    pub(super) fn check_names(
        &self,
        at: &Range<usize>,
        realm: &DeclaredRealm,
        parts: &Parts,
    ) -> Result<(), FileError> {
        fn names<T>(all: &[T], name: impl Fn(&T) -> Option<String>) -> Vec<Option<String>> {
            all.iter().map(name).collect()
        }
        let user = |name: &str| format!("user {name}");
        let named = [
            ("client", names(&realm.clients, |client| Some(format!("client {}", client.id)))),
            ("provider", names(&realm.providers, |provider| Some(format!("provider {}", provider.id)))),
            (
                "api_key",
                names(&realm.api_keys, |key| {
                    Some(format!("API key {} of {}", key.name.as_str(), key.shown_owner()))
                }),
            ),
            ("organization", names(&realm.organizations, |one| Some(format!("organization {}", one.slug)))),
            ("user", names(&realm.users, |one| one.email.as_ref().map(|email| user(email.key())))),
            ("user", names(&realm.users, |one| one.username.as_ref().map(|name| user(name.key())))),
        ];
        for (part, names) in &named {
            if let Some((index, name)) = twice(names) {
                let place = parts.at(part, index).unwrap_or(at);
                let reason =
                    format!("{name} is described twice in realm {}; remove one of the two", realm.name);
                return Err(self.wrong(place, reason));
            }
        }
        // Roles that only the database knows are added when the file is applied; a circle is wrong already.
        match RoleGraph::new(&realm.settings.profile.all_roles(&realm.roles)) {
            Ok(_) | Err(RolesRefused::Unknown { .. }) => Ok(()),
            Err(other) => Err(self.wrong(at, format!("realm {}: {other}", realm.name))),
        }
    }
}
