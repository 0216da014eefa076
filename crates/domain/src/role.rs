//! Roles and what they allow: a graph in which roles inherit from roles.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Permission, RoleName};

/// A role as it is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// The name.
    pub name: RoleName,
    /// What it allows by itself.
    #[serde(default)]
    pub permissions: Vec<Permission>,
    /// The roles it is more than: it allows what they allow.
    #[serde(default)]
    pub inherits: Vec<RoleName>,
}

/// The roles do not make a graph.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RolesRefused {
    /// A role inherits from one that does not exist.
    #[error("role \"{role}\" inherits from \"{unknown}\", which does not exist{}", did_you_mean(nearest.as_ref()))]
    Unknown {
        /// The role.
        role: RoleName,
        /// The name it uses.
        unknown: RoleName,
        /// The existing name that looks most like it.
        nearest: Option<RoleName>,
    },
    /// A role inherits, over others, from itself.
    #[error("roles inherit in a circle: {}", circle(.0))]
    Cycle(Vec<RoleName>),
    /// Two roles have one name.
    #[error("role \"{0}\" is defined twice")]
    Twice(RoleName),
}

fn did_you_mean(nearest: Option<&RoleName>) -> String {
    nearest.map(|name| format!(" (did you mean \"{name}\"?)")).unwrap_or_default()
}

fn circle(names: &[RoleName]) -> String {
    names.iter().chain(names.first()).map(RoleName::as_str).collect::<Vec<_>>().join(" -> ")
}

/// What one role comes to with all it inherits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Effective {
    roles: BTreeSet<RoleName>,
    permissions: BTreeSet<Permission>,
}

/// The roles of a realm with what each comes to, worked out once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleGraph {
    effective: BTreeMap<RoleName, Effective>,
}

impl RoleGraph {
    /// Works out the graph. Refuses unknown names, circles and double names.
    pub fn new(roles: &[Role]) -> Result<Self, RolesRefused> {
        let mut by_name: BTreeMap<&RoleName, &Role> = BTreeMap::new();
        for role in roles {
            if by_name.insert(&role.name, role).is_some() {
                return Err(RolesRefused::Twice(role.name.clone()));
            }
        }
        for role in roles {
            if let Some(unknown) = role.inherits.iter().find(|name| !by_name.contains_key(name)) {
                return Err(RolesRefused::Unknown {
                    role: role.name.clone(),
                    unknown: unknown.clone(),
                    nearest: nearest(unknown, by_name.keys().copied()),
                });
            }
        }
        let mut effective: BTreeMap<RoleName, Effective> = BTreeMap::new();
        let mut waiting: Vec<&Role> = roles.iter().collect();
        // Bottom up, so that a chain of ten thousand roles needs no deep stack.
        while !waiting.is_empty() {
            let before = waiting.len();
            waiting.retain(|role| match combine(role, &effective) {
                Some(found) => {
                    effective.insert(role.name.clone(), found);
                    false
                }
                None => true,
            });
            if waiting.len() == before {
                return Err(RolesRefused::Cycle(find_circle(&waiting)));
            }
        }
        Ok(Self { effective })
    }

    /// Whether there is a role of that name.
    pub fn contains(&self, role: &RoleName) -> bool {
        self.effective.contains_key(role)
    }

    /// The existing name that looks most like `unknown`, for an error message.
    pub fn nearest(&self, unknown: &RoleName) -> Option<RoleName> {
        nearest(unknown, self.effective.keys())
    }

    /// Everything the given roles allow together. A name that no longer exists allows nothing.
    pub fn permissions<'r>(&self, given: impl IntoIterator<Item = &'r RoleName>) -> BTreeSet<Permission> {
        given
            .into_iter()
            .filter_map(|role| self.effective.get(role))
            .flat_map(|e| e.permissions.iter().cloned())
            .collect()
    }

    /// The given roles and all they inherit. A name that no longer exists is left out.
    pub fn roles<'r>(&self, given: impl IntoIterator<Item = &'r RoleName>) -> BTreeSet<RoleName> {
        given
            .into_iter()
            .filter_map(|role| self.effective.get(role))
            .flat_map(|e| e.roles.iter().cloned())
            .collect()
    }
}

/// The role with what it inherits, once everything it inherits from is worked out.
fn combine(role: &Role, done: &BTreeMap<RoleName, Effective>) -> Option<Effective> {
    let mut found = Effective::default();
    for parent in &role.inherits {
        let parent = done.get(parent)?;
        found.roles.extend(parent.roles.iter().cloned());
        found.permissions.extend(parent.permissions.iter().cloned());
    }
    found.roles.insert(role.name.clone());
    found.permissions.extend(role.permissions.iter().cloned());
    Some(found)
}

/// A circle among roles each of which waits for another of them.
fn find_circle(stuck: &[&Role]) -> Vec<RoleName> {
    let mut path: Vec<&Role> = Vec::new();
    let mut next = stuck.first().copied();
    while let Some(role) = next {
        if let Some(start) = path.iter().position(|seen| seen.name == role.name) {
            return path[start..].iter().map(|role| role.name.clone()).collect();
        }
        path.push(role);
        next = role.inherits.iter().find_map(|parent| stuck.iter().find(|r| &r.name == parent).copied());
    }
    Vec::new()
}

fn nearest<'n>(unknown: &RoleName, known: impl Iterator<Item = &'n RoleName>) -> Option<RoleName> {
    known
        .map(|name| (strsim::damerau_levenshtein(unknown.as_str(), name.as_str()), name))
        .filter(|(distance, name)| *distance <= 1 + name.as_str().len() / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn role(name: &str, permissions: &[&str], inherits: &[&str]) -> Role {
        Role {
            name: name.parse().unwrap(),
            permissions: permissions.iter().map(|p| p.parse().unwrap()).collect(),
            inherits: inherits.iter().map(|r| r.parse().unwrap()).collect(),
        }
    }

    fn texts<T: AsRef<str>>(set: &BTreeSet<T>) -> Vec<&str> {
        set.iter().map(AsRef::as_ref).collect()
    }

    #[test]
    fn a_role_allows_what_it_inherits() {
        let graph = RoleGraph::new(&[
            role("admin", &["users:write"], &["editor", "auditor"]),
            role("editor", &["notes:write"], &["member"]),
            role("auditor", &["audit:read"], &["member"]),
            role("member", &["notes:read"], &[]),
        ])
        .unwrap();
        let admin: RoleName = "admin".parse().unwrap();
        assert_eq!(
            texts(&graph.permissions([&admin])),
            ["audit:read", "notes:read", "notes:write", "users:write"]
        );
        assert_eq!(texts(&graph.roles([&admin])), ["admin", "auditor", "editor", "member"]);
        let gone: RoleName = "gone".parse().unwrap();
        assert!(graph.permissions([&gone]).is_empty() && graph.roles([&gone]).is_empty());
    }

    #[test]
    fn a_circle_is_refused_and_shown() {
        let refused = RoleGraph::new(&[
            role("top", &[], &["a"]),
            role("a", &[], &["b"]),
            role("b", &[], &["c"]),
            role("c", &[], &["a"]),
        ])
        .unwrap_err();
        assert_eq!(refused.to_string(), "roles inherit in a circle: a -> b -> c -> a");
        assert_eq!(
            RoleGraph::new(&[role("a", &[], &["a"])]).unwrap_err().to_string(),
            "roles inherit in a circle: a -> a"
        );
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_nearest_known_one() {
        let refused =
            RoleGraph::new(&[role("admin", &[], &["memebr"]), role("member", &[], &[])]).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "role \"admin\" inherits from \"memebr\", which does not exist (did you mean \"member\"?)"
        );
        let refused =
            RoleGraph::new(&[role("admin", &[], &["zebra"]), role("member", &[], &[])]).unwrap_err();
        assert_eq!(refused.to_string(), "role \"admin\" inherits from \"zebra\", which does not exist");
        assert!(matches!(
            RoleGraph::new(&[role("a", &[], &[]), role("a", &[], &[])]),
            Err(RolesRefused::Twice(_))
        ));
    }

    #[test]
    fn a_long_chain_of_roles_is_followed_to_its_end() {
        let mut roles: Vec<Role> = vec![role("r0", &["a:b"], &[])];
        roles.extend((1..300).map(|n| role(&format!("r{n}"), &[], &[&format!("r{}", n - 1)])));
        let graph = RoleGraph::new(&roles).unwrap();
        assert_eq!(graph.roles([&"r299".parse().unwrap()]).len(), 300);
    }

    proptest! {
        /// Roles that inherit only from earlier ones make a graph, and allow exactly what can be reached.
        #[test]
        fn a_role_allows_exactly_what_it_reaches(edges in prop::collection::vec(prop::collection::vec(0_usize..12, 0..4), 1..12)) {
            let parents: Vec<Vec<usize>> = edges.iter().enumerate().map(|(n, e)| e.iter().copied().filter(|p| *p < n).collect()).collect();
            let roles: Vec<Role> = parents.iter().enumerate().map(|(n, p)| {
                let inherits: Vec<String> = p.iter().map(|p| format!("r{p}")).collect();
                role(&format!("r{n}"), &[&format!("x:p{n}")], &inherits.iter().map(String::as_str).collect::<Vec<_>>())
            }).collect();
            let graph = RoleGraph::new(&roles).unwrap();
            for (n, role) in roles.iter().enumerate() {
                let (mut reached, mut todo) = (BTreeSet::new(), vec![n]);
                while let Some(at) = todo.pop() {
                    if reached.insert(at) { todo.extend(&parents[at]); }
                }
                let expected: BTreeSet<Permission> = reached.iter().map(|r| format!("x:p{r}").parse().unwrap()).collect();
                prop_assert_eq!(graph.permissions([&role.name]), expected);
            }
        }
    }
}
