//! What the contract asks of a member by resource and action, answered by what the native API lets the member do.

use gatepost_domain::Standing;

/// Whether all of it is allowed: nothing that is asked for is no permission.
pub(super) fn allow(standing: &Standing<'_>, asked: &[(String, Vec<String>)], has_teams: bool) -> bool {
    let allows = |(resource, actions): &(String, Vec<String>)| {
        !actions.is_empty() && actions.iter().all(|action| allows(standing, resource, action, has_teams))
    };
    !asked.is_empty() && asked.iter().all(allows)
}

fn allows(standing: &Standing<'_>, resource: &str, action: &str, has_teams: bool) -> bool {
    match (resource, action) {
        ("organization", "update" | "delete") => standing.is_owner(),
        ("member", "create" | "update" | "delete") | ("invitation", "create" | "cancel") => {
            standing.may_manage()
        }
        ("team", "create" | "update" | "delete") if has_teams => standing.may_manage(),
        // An application's own, which are the permissions of the realm's roles; and those of roles of an organization's own, which
        // nobody has unless the realm says so.
        _ => {
            let permission = format!("{resource}:{action}").parse();
            permission.is_ok_and(|permission| standing.rights().allow(&permission))
        }
    }
}

#[cfg(test)]
mod tests {
    use gatepost_domain::{Role, RoleName, role::RoleGraph};

    use super::*;

    #[test]
    fn what_is_allowed_is_what_the_standing_says() {
        let role = |name: &str, permissions: &[&str]| Role {
            name: name.parse().unwrap(),
            permissions: permissions.iter().map(|permission| permission.parse().unwrap()).collect(),
            inherits: vec![],
        };
        let roles = [
            role("admin", &["organization:manage"]),
            role("editor", &["notes:*"]),
            role("chief", &["organization:*"]),
        ];
        let graph = RoleGraph::new(&roles).unwrap();
        for (roles, asked, allowed) in [
            (
                "owner",
                "organization:update,delete member:create,update,delete invitation:create,cancel",
                true,
            ),
            ("owner", "notes:write", false),
            ("owner", "team:create", false),
            ("owner", "ac:read", false),
            ("owner", "organization:archive", false),
            ("owner", "", false),
            ("owner", "organization:", false),
            ("admin", "member:create,update,delete invitation:create,cancel", true),
            ("admin", "organization:update", false),
            ("admin", "member:delete organization:delete", false),
            // A permission of the realm makes no owner.
            ("chief", "organization:delete", false),
            ("chief", "member:delete organization:archive", true),
            ("editor", "notes:write,read", true),
            ("editor", "member:create", false),
            ("admin editor", "member:create notes:write", true),
            ("", "member:create", false),
            ("editor", "notes:*", true),
            ("owner", "*:*", false),
        ] {
            let names: Vec<RoleName> = roles.split_whitespace().map(|name| name.parse().unwrap()).collect();
            let asked: Vec<(String, Vec<String>)> = asked
                .split_whitespace()
                .map(|one| {
                    let (resource, actions) = one.split_once(':').unwrap();
                    let actions = actions.split(',').filter(|action| !action.is_empty());
                    (resource.to_owned(), actions.map(str::to_owned).collect())
                })
                .collect();
            assert_eq!(allow(&Standing::of(&names, &graph), &asked, false), allowed, "{roles}: {asked:?}");
        }
        let of_teams = [("team".to_owned(), ["create", "update", "delete"].map(str::to_owned).to_vec())];
        for (role, allowed) in [("owner", true), ("admin", true), ("editor", false)] {
            let standing = [role.parse().unwrap()];
            let standing = Standing::of(&standing, &graph);
            assert_eq!(
                (allow(&standing, &of_teams, true), allow(&standing, &of_teams, false)),
                (allowed, false)
            );
        }
    }
}
