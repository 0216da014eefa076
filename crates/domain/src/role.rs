//! Roles and what they allow: a graph in which roles inherit from roles.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
};

use serde::{Deserialize, Serialize};

use crate::setting::{SettingRefused, refuse};
use crate::{Permission, RoleName};

/// The role that administers a realm. It is built in, given to users only, and like no other: nothing inherits what it may do.
pub const ADMINISTRATOR: &str = "realm-admin";

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

impl Role {
    /// Whether a realm can have it, whatever else there is.
    pub fn check(&self) -> Result<(), SettingRefused> {
        if self.name.as_str() == ADMINISTRATOR {
            return refuse("name", "realm-admin is built in; choose another name");
        }
        if self.inherits.iter().any(|parent| parent.as_str() == ADMINISTRATOR) {
            return refuse("inherits", "realm-admin is built in, and given to users only");
        }
        if self.inherits.contains(&RoleName::owner()) {
            return refuse(
                "inherits",
                "owner is given in organizations; no role makes an owner of who has it",
            );
        }
        Ok(())
    }
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

/// The roles of a realm, ready to say what they come to together.
///
/// Names are numbers inside, so that ten thousand roles are some kilobytes, and what a user has is found by walking
/// only what their roles reach.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleGraph {
    /// In order, so that a name is found by halving.
    roles: Vec<Node>,
    /// Every permission of any role, in order.
    permissions: Vec<Permission>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Node {
    name: RoleName,
    permissions: Vec<usize>,
    inherits: Vec<usize>,
}

/// What roles come to with all they inherit. Both lists are in order, each name once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights<'g> {
    /// The roles.
    pub roles: Vec<&'g RoleName>,
    /// Everything they allow.
    pub permissions: Vec<&'g Permission>,
}

impl RoleGraph {
    /// Works out the graph. Refuses unknown names, circles and double names.
    pub fn new(roles: &[Role]) -> Result<Self, RolesRefused> {
        let mut sorted: Vec<&Role> = roles.iter().collect();
        sorted.sort_by(|a, b| a.name.cmp(&b.name));
        if let Some(twice) = sorted.windows(2).find(|pair| pair[0].name == pair[1].name) {
            return Err(RolesRefused::Twice(twice[0].name.clone()));
        }
        let named: HashSet<&Permission> = roles.iter().flat_map(|role| &role.permissions).collect();
        let mut permissions: Vec<&Permission> = named.into_iter().collect();
        permissions.sort_unstable();
        // Found by hash here: halving lists of names ten thousand times is most of the work.
        let permission_numbers: HashMap<&Permission, usize> = numbered(&permissions);
        let names: Vec<&RoleName> = sorted.iter().map(|role| &role.name).collect();
        let role_numbers: HashMap<&RoleName, usize> = numbered(&names);
        let number = |role: &Role, name: &RoleName| {
            role_numbers.get(name).copied().ok_or_else(|| RolesRefused::Unknown {
                role: role.name.clone(),
                unknown: name.clone(),
                nearest: nearest(name.as_str(), names.iter().copied()).cloned(),
            })
        };
        let nodes = sorted.iter().map(|role| {
            Ok(Node {
                name: role.name.clone(),
                permissions: role
                    .permissions
                    .iter()
                    .filter_map(|p| permission_numbers.get(p).copied())
                    .collect(),
                inherits: role.inherits.iter().map(|name| number(role, name)).collect::<Result<_, _>>()?,
            })
        });
        let nodes = nodes.collect::<Result<Vec<_>, _>>()?;
        match circle_in(&nodes) {
            Some(circle) => Err(RolesRefused::Cycle(circle)),
            None => Ok(Self { roles: nodes, permissions: permissions.into_iter().cloned().collect() }),
        }
    }

    /// Whether there is a role of that name.
    pub fn contains(&self, role: &RoleName) -> bool {
        self.number(role).is_some()
    }

    /// Every name, in order.
    pub fn names(&self) -> impl Iterator<Item = &RoleName> {
        self.roles.iter().map(|node| &node.name)
    }

    /// The existing name that looks most like `unknown`, for an error message.
    pub fn nearest(&self, unknown: &RoleName) -> Option<RoleName> {
        nearest(unknown.as_str(), self.names()).cloned()
    }

    /// What the given roles come to. A name that no longer exists comes to nothing.
    pub fn rights<'r>(&self, given: impl IntoIterator<Item = &'r RoleName>) -> Rights<'_> {
        let mut waiting: Vec<usize> = given.into_iter().filter_map(|role| self.number(role)).collect();
        if waiting.is_empty() {
            return Rights::default();
        }
        let (mut has, mut allows) = (vec![false; self.roles.len()], vec![false; self.permissions.len()]);
        while let Some(at) = waiting.pop() {
            if !std::mem::replace(&mut has[at], true) {
                let node = &self.roles[at];
                waiting.extend_from_slice(&node.inherits);
                node.permissions.iter().for_each(|permission| allows[*permission] = true);
            }
        }
        Rights {
            roles: chosen(&self.roles, has).map(|node| &node.name).collect(),
            permissions: chosen(&self.permissions, allows).collect(),
        }
    }

    fn number(&self, role: &RoleName) -> Option<usize> {
        self.roles.binary_search_by(|node| node.name.cmp(role)).ok()
    }
}

/// Each one's place in the list.
fn numbered<'n, T: Eq + Hash>(list: &[&'n T]) -> HashMap<&'n T, usize> {
    list.iter().enumerate().map(|(number, one)| (*one, number)).collect()
}

fn chosen<T>(all: &[T], marks: Vec<bool>) -> impl Iterator<Item = &T> {
    all.iter().zip(marks).filter_map(|(one, mark)| mark.then_some(one))
}

impl Rights<'_> {
    /// Whether they allow `wanted`, by itself or as `resource:*`.
    pub fn allow(&self, wanted: &Permission) -> bool {
        self.permissions.iter().any(|permission| permission.covers(wanted))
    }
}

/// A circle, if there is one. A walk with a stack of its own: a chain of ten thousand roles is no deep recursion.
fn circle_in(nodes: &[Node]) -> Option<Vec<RoleName>> {
    let mut done = vec![false; nodes.len()];
    let mut on_path = vec![false; nodes.len()];
    for start in 0..nodes.len() {
        // Each step of the path: a role, and which of its parents comes next.
        let mut path = vec![(start, 0)];
        while let Some((at, next)) = path.last_mut() {
            let at = *at;
            if done[at] {
                path.pop();
                continue;
            }
            on_path[at] = true;
            match nodes[at].inherits.get(*next) {
                Some(parent) if on_path[*parent] => {
                    let from = path.iter().position(|(role, _)| role == parent)?;
                    return Some(path[from..].iter().map(|(role, _)| nodes[*role].name.clone()).collect());
                }
                Some(parent) => {
                    *next += 1;
                    path.push((*parent, 0));
                }
                None => {
                    (done[at], on_path[at]) = (true, false);
                    path.pop();
                }
            }
        }
    }
    None
}

/// The known name that looks most like `unknown`, if one does.
pub(crate) fn nearest<'n, N: AsRef<str>>(unknown: &str, known: impl Iterator<Item = &'n N>) -> Option<&'n N> {
    known
        .map(|name| (strsim::damerau_levenshtein(unknown, name.as_ref()), name))
        .filter(|(distance, name)| *distance <= 1 + name.as_ref().len() / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
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

    fn texts<'t, T: AsRef<str>>(list: &[&'t T]) -> Vec<&'t str> {
        list.iter().map(|name| (*name).as_ref()).collect()
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
        let rights = graph.rights([&admin]);
        assert_eq!(texts(&rights.permissions), ["audit:read", "notes:read", "notes:write", "users:write"]);
        assert_eq!(texts(&rights.roles), ["admin", "auditor", "editor", "member"]);
        let gone: RoleName = "gone".parse().unwrap();
        assert_eq!(graph.rights([&gone]), Rights::default());
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
        let top = "r299".parse().unwrap();
        let rights = graph.rights([&top]);
        assert_eq!(rights.roles.len(), 300);
        assert!(rights.allow(&"a:b".parse().unwrap()) && !rights.allow(&"a:c".parse().unwrap()));
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
                let (mut reached, mut todo) = (std::collections::BTreeSet::new(), vec![n]);
                while let Some(at) = todo.pop() {
                    if reached.insert(at) { todo.extend(&parents[at]); }
                }
                let mut expected: Vec<String> = reached.iter().map(|r| format!("x:p{r}")).collect();
                expected.sort_unstable();
                prop_assert_eq!(texts(&graph.rights([&role.name]).permissions), expected);
            }
        }
    }
}
