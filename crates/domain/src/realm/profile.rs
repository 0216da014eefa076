//! Which wire contract a realm speaks, and what comes with it.

use serde::{Deserialize, Serialize};

use crate::{Role, RoleName};

/// Which front door owns a realm's bare paths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Gatepost's own.
    #[default]
    Native,
    /// The wire contract of Zalt.
    Zalt,
    /// The wire contract of the FastAPI runbook.
    Runbook,
    /// The wire contract of module 04.
    Module04,
}

/// The roles of the runbook, each with the one it is more than.
const RUNBOOK: [(&str, Option<&str>); 3] =
    [("admin", Some("user")), ("user", Some("viewer")), ("viewer", None)];

impl Profile {
    /// Whether the contract signs its tokens with a secret that its applications know.
    pub const fn shares_secret(self) -> bool {
        matches!(self, Self::Runbook | Self::Module04)
    }

    /// The roles that every realm of the profile has, and keeps: its contract names them.
    pub fn roles(self) -> Vec<Role> {
        let named = |name: &str| name.parse::<RoleName>().ok();
        let role = |(name, parent): (&str, Option<&str>)| {
            let inherits = parent.and_then(named).into_iter().collect();
            named(name).map(|name| Role { name, permissions: Vec::new(), inherits })
        };
        match self {
            Self::Runbook => RUNBOOK.into_iter().filter_map(role).collect(),
            Self::Native | Self::Zalt | Self::Module04 => Vec::new(),
        }
    }

    /// Whether every realm of the profile has a role of this name.
    pub fn has_built_in(self, role: &RoleName) -> bool {
        self.roles().iter().any(|built_in| built_in.name == *role)
    }

    /// A role as it is in a realm of the profile: one that is built in can be given permissions and further parents, and never
    /// loses its own.
    #[must_use]
    pub fn completed(self, mut role: Role) -> Role {
        let built_in = self.roles().into_iter().find(|built_in| built_in.name == role.name);
        for parent in built_in.into_iter().flat_map(|built_in| built_in.inherits) {
            if !role.inherits.contains(&parent) {
                role.inherits.push(parent);
            }
        }
        role
    }

    /// Every role of a realm of the profile that was given these, by name.
    pub fn all_roles(self, given: &[Role]) -> Vec<Role> {
        let mut all: Vec<Role> = given.iter().cloned().map(|role| self.completed(role)).collect();
        let missing = |built_in: &Role| !given.iter().any(|role| role.name == built_in.name);
        all.extend(self.roles().into_iter().filter(missing));
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// Of all roles of a realm those that the profile does not bring: what is to be stored.
    pub fn given_roles(self, all: &[Role]) -> Vec<Role> {
        let built_in = self.roles();
        all.iter().filter(|role| !built_in.contains(role)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::RoleGraph;

    fn role(name: &str, permissions: &[&str], inherits: &[&str]) -> Role {
        Role {
            name: name.parse().unwrap(),
            permissions: permissions.iter().map(|p| p.parse().unwrap()).collect(),
            inherits: inherits.iter().map(|r| r.parse().unwrap()).collect(),
        }
    }

    fn roles_of(graph: &RoleGraph, given: &str) -> Vec<String> {
        graph.rights([&given.parse().unwrap()]).roles.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_realm_of_the_runbook_has_admin_above_user_above_viewer() {
        let graph = RoleGraph::new(&Profile::Runbook.all_roles(&[])).unwrap();
        assert_eq!(roles_of(&graph, "admin"), ["admin", "user", "viewer"]);
        assert_eq!(roles_of(&graph, "user"), ["user", "viewer"]);
        assert_eq!(roles_of(&graph, "viewer"), ["viewer"]);
        for profile in [Profile::Native, Profile::Zalt, Profile::Module04] {
            assert!(profile.all_roles(&[]).is_empty(), "{profile:?}");
        }
    }

    #[test]
    fn a_built_in_role_is_given_permissions_and_keeps_its_parents() {
        let given = [role("user", &["notes:write"], &["auditor"]), role("auditor", &["notes:read"], &[])];
        let all = Profile::Runbook.all_roles(&given);
        let graph = RoleGraph::new(&all).unwrap();
        assert_eq!(roles_of(&graph, "admin"), ["admin", "auditor", "user", "viewer"]);
        let rights = graph.rights([&"admin".parse().unwrap()]);
        assert_eq!(rights.permissions.len(), 2);
        // What is stored is what was given, and comes to the same again.
        let stored = Profile::Runbook.given_roles(&all);
        assert_eq!(stored.iter().map(|role| role.name.as_str()).collect::<Vec<_>>(), ["auditor", "user"]);
        assert_eq!(Profile::Runbook.all_roles(&stored), all);
    }

    #[test]
    fn nothing_turns_the_order_of_the_runbook_around() {
        let given = [role("viewer", &[], &["admin"])];
        assert!(RoleGraph::new(&Profile::Runbook.all_roles(&given)).is_err());
    }
}
