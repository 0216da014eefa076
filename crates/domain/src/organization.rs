//! Organizations, who belongs to them, and who may do what to whom in there.

use std::time::Duration;

use crate::mfa::{Demand, OrganizationMfa};
use crate::role::{Rights, RoleGraph, RolesRefused};
use crate::{
    DisplayName, LogoUrl, Metadata, OrganizationId, Permission, RealmId, Role, RoleName, Slug, Timestamp,
    UserId,
};

/// The role of those to whom an organization belongs. It is built in; a realm that defines a role of this name, and names it
/// among its `organization_roles`, adds permissions to it.
pub const OWNER: &str = "owner";
/// The permission of those who manage members, invitations and keys without owning.
pub const MANAGE: &str = "organization:manage";

/// A group of users with roles of their own within a realm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// The id.
    pub id: OrganizationId,
    /// The realm.
    pub realm: RealmId,
    /// The name in addresses; unique in the realm.
    pub slug: Slug,
    /// The name shown to people.
    pub name: DisplayName,
    /// Since when whoever acts in it must have shown a second factor; absent: it is as the realm says.
    pub mfa_required_since: Option<Timestamp>,
    /// Where its picture is.
    pub logo_url: Option<LogoUrl>,
    /// What its owners keep with it.
    pub metadata: Option<Metadata>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Grows with every change.
    pub version: u64,
}

impl Organization {
    /// One that is made now, and says nothing of second factors.
    pub fn begin(id: OrganizationId, realm: RealmId, slug: Slug, name: DisplayName, now: Timestamp) -> Self {
        Self {
            id,
            realm,
            slug,
            name,
            mfa_required_since: None,
            logo_url: None,
            metadata: None,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }

    /// What it says of second factors.
    pub const fn mfa(&self) -> OrganizationMfa {
        match self.mfa_required_since {
            None => OrganizationMfa::Inherit,
            Some(_) => OrganizationMfa::Required,
        }
    }

    /// What it asks of whoever acts in it, with the grace of its realm.
    pub fn demand(&self, grace: Duration) -> Option<Demand> {
        self.mfa_required_since.map(|since| Demand { since, grace })
    }

    /// From when on an account that was made then does not act in it without a second factor. `None`: it asks for none.
    pub fn due(&self, grace: Duration, created_at: Timestamp) -> Option<Timestamp> {
        self.demand(grace).map(|demand| demand.due(created_at))
    }
}

/// That a user belongs to an organization, and as what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The realm.
    pub realm: RealmId,
    /// The organization.
    pub organization: OrganizationId,
    /// The user.
    pub user: UserId,
    /// The roles given in this organization; what they inherit is not in here.
    pub roles: Vec<RoleName>,
    /// Since when.
    pub created_at: Timestamp,
    /// When the roles last changed.
    pub updated_at: Timestamp,
    /// Grows with every change.
    pub version: u64,
}

impl Membership {
    /// A membership that begins now.
    pub fn begin(
        realm: RealmId,
        organization: OrganizationId,
        user: UserId,
        roles: Vec<RoleName>,
        now: Timestamp,
    ) -> Self {
        Self { realm, organization, user, roles, created_at: now, updated_at: now, version: 1 }
    }

    /// Whether the organization belongs to this member.
    pub fn is_owner(&self) -> bool {
        owns(&self.roles)
    }
}

/// Whether these are the roles of an owner.
pub fn owns(roles: &[RoleName]) -> bool {
    roles.iter().any(|role| role.as_str() == OWNER)
}

/// Of a realm's roles those that can be given in organizations: the named ones, with what they inherit. The others come to
/// nothing there, a role called `owner` too unless it is named: everybody may own an organization.
pub fn roles_within(roles: &[Role], named: &[RoleName]) -> Result<RoleGraph, RolesRefused> {
    let all = RoleGraph::new(roles)?;
    let reached = all.rights(named).roles;
    let within: Vec<Role> = roles.iter().filter(|role| reached.contains(&&role.name)).cloned().collect();
    RoleGraph::new(&within)
}

/// What somebody's roles make of them in an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing<'g> {
    owner: bool,
    rights: Rights<'g>,
}

impl<'g> Standing<'g> {
    /// Of one who has these roles there.
    pub fn of(roles: &[RoleName], graph: &'g RoleGraph) -> Self {
        Self { owner: owns(roles), rights: graph.rights(roles) }
    }

    /// Whether the organization belongs to them.
    pub const fn is_owner(&self) -> bool {
        self.owner
    }

    /// What they may do there.
    pub const fn rights(&self) -> &Rights<'g> {
        &self.rights
    }

    /// Whether they manage members, invitations and keys.
    pub fn may_manage(&self) -> bool {
        self.owner || MANAGE.parse().is_ok_and(|manage: Permission| self.rights.allow(&manage))
    }

    /// Whether nothing in `other` goes beyond this: owners are above everything, and above owners is nobody else.
    ///
    /// Who has a standing gives and takes only what it covers. A role counts by its name as well as by its permissions, for
    /// a route may ask for either.
    pub fn covers(&self, other: &Standing<'_>) -> bool {
        self.owner
            || !other.owner
                && other.rights.roles.iter().all(|role| self.rights.roles.contains(role))
                && other.rights.permissions.iter().all(|permission| self.rights.allow(permission))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Role;
    use proptest::prelude::*;

    fn graph() -> RoleGraph {
        RoleGraph::new(&all()).unwrap()
    }

    fn all() -> [Role; 6] {
        let role = |name: &str, permissions: &[&str], inherits: &[&str]| Role {
            name: name.parse().unwrap(),
            permissions: permissions.iter().map(|p| p.parse().unwrap()).collect(),
            inherits: inherits.iter().map(|r| r.parse().unwrap()).collect(),
        };
        [
            role("manager", &["organization:manage"], &["editor"]),
            role("editor", &["notes:*"], &["reader"]),
            role("reader", &["notes:read"], &[]),
            role("biller", &["billing:read"], &[]),
            role("badge", &[], &[]),
            role("chief", &["organization:*"], &[]),
        ]
    }

    fn names(text: &str) -> Vec<RoleName> {
        text.split_whitespace().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn owners_and_holders_of_the_permission_manage() {
        let graph = graph();
        for (roles, manages) in [
            ("owner", true),
            ("manager", true),
            ("chief", true),
            ("editor", false),
            ("", false),
            ("gone", false),
        ] {
            assert_eq!(Standing::of(&names(roles), &graph).may_manage(), manages, "{roles}");
        }
        // Owning is one exact word.
        assert!(!Standing::of(&names("Owner co-owner owner:x"), &graph).is_owner());
    }

    #[test]
    fn ad_01_a_role_that_is_not_for_organizations_comes_to_nothing_there() {
        let within = roles_within(&all(), &names("editor gone")).unwrap();
        assert_eq!(within.names().map(RoleName::as_str).collect::<Vec<_>>(), ["editor", "reader"]);
        assert!(!Standing::of(&names("manager"), &within).may_manage());
        assert_eq!(roles_within(&all(), &[]).unwrap(), RoleGraph::default());
    }

    #[test]
    fn ad_01_nobody_is_above_their_own_rights() {
        let graph = graph();
        for (mine, theirs, covers) in [
            ("owner", "owner", true),
            ("owner", "manager biller badge", true),
            ("manager", "manager", true),
            ("manager", "editor reader", true),
            ("manager", "", true),
            ("manager", "owner", false),
            ("manager", "biller", false),
            ("manager", "reader badge", false),
            ("reader", "editor", false),
            ("chief", "manager", false),
        ] {
            let (a, b) = (Standing::of(&names(mine), &graph), Standing::of(&names(theirs), &graph));
            assert_eq!(a.covers(&b), covers, "{mine} over {theirs}");
        }
    }

    proptest! {
        /// Whoever covers somebody who covers a third covers the third.
        #[test]
        fn covering_goes_all_the_way_down(a in roles(), b in roles(), c in roles()) {
            let graph = graph();
            let [a, b, c] = [a, b, c].map(|roles| Standing::of(&roles, &graph));
            prop_assert!(a.covers(&a));
            if a.covers(&b) && b.covers(&c) {
                prop_assert!(a.covers(&c));
            }
        }
    }

    fn roles() -> impl Strategy<Value = Vec<RoleName>> {
        let names = ["owner", "manager", "editor", "reader", "biller", "badge", "chief"];
        prop::sample::subsequence(names.to_vec(), 0..=names.len())
            .prop_map(|names| names.into_iter().map(|name| name.parse().unwrap()).collect())
    }
}
