//! What is left of a token's rights when a client exchanges it (RFC 8693): never more than there was.

use super::{ClientSettings, ROLES, permissions_of};
use crate::{Permission, Scope, Scopes, api_key::permission_of};

/// What the token that is exchanged is good for.
#[derive(Debug, Clone, Copy)]
pub struct Held<'a> {
    /// `scope`
    pub scopes: &'a Scopes,
    /// `permissions`
    pub permissions: &'a [Permission],
    /// Whether it has `roles`.
    pub roles: bool,
}

/// What the token is good for that it is exchanged for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Narrowed {
    /// `scope`
    pub scopes: Scopes,
    /// `permissions`, at the most.
    pub permissions: Vec<Permission>,
    /// Whether `roles` are passed on.
    pub roles: bool,
}

/// What speaks of the person's own account here, and of authorizations: nobody gets it by an exchange.
const OURS: [&str; 3] = ["account", "openid", "offline_access"];

/// What of a token's scopes an exchange can pass on.
pub fn passed_on(scopes: &Scopes) -> Scopes {
    scopes.iter().filter(|scope| !OURS.contains(&scope.as_str())).cloned().collect()
}

impl Held<'_> {
    /// Of this what a client may have that asks for `wanted`; all that it may have unless it asks. `None`: it asks for more than
    /// there is or than it may have, or nothing is left.
    pub fn narrowed(&self, client: &ClientSettings, wanted: Option<&Scopes>) -> Option<Narrowed> {
        let passes = |scope: &&Scope| {
            let held = match permission_of(scope) {
                Some(permission) => self.permissions.iter().any(|held| held.covers(&permission)),
                None if scope.as_str() == ROLES => self.roles,
                None => self.scopes.contains(scope.as_str()),
            };
            held && !OURS.contains(&scope.as_str()) && client.may_ask_for(scope)
        };
        let scopes: Scopes = match wanted {
            Some(wanted) => wanted.iter().all(|scope| passes(&scope)).then(|| wanted.clone())?,
            None => self.scopes.iter().filter(passes).cloned().collect(),
        };
        if scopes.is_empty() {
            return None;
        }
        let named: Vec<Permission> = permissions_of(&scopes).collect();
        let held: Vec<&Permission> = self.permissions.iter().collect();
        // A token whose scopes named permissions had no others.
        let entrusted = client.entrusted(self.scopes, &scopes);
        let permissions =
            if entrusted.permissions { held } else { common(&held, &named.iter().collect::<Vec<_>>()) };
        let permissions = permissions.into_iter().cloned().collect();
        Some(Narrowed { scopes, permissions, roles: self.roles && entrusted.roles })
    }
}

/// What both allow: of `notes:*` and `notes:read` the latter.
pub fn common<'p>(one: &[&'p Permission], other: &[&'p Permission]) -> Vec<&'p Permission> {
    let within = |these: &[&'p Permission], those: &[&'p Permission]| {
        these.iter().copied().filter(|this| those.iter().any(|that| that.covers(this))).collect::<Vec<_>>()
    };
    let mut both = within(one, other);
    for permission in within(other, one) {
        if !both.contains(&permission) {
            both.push(permission);
        }
    }
    both
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_speaks_of_the_account_is_not_passed_on() {
        let scopes: Scopes = "account openid profile email offline_access notes:read".parse().unwrap();
        assert_eq!(passed_on(&scopes).to_string(), "profile email notes:read");
        assert_eq!(passed_on(&"openid".parse().unwrap()).to_string(), "");
    }

    /// What an own client (`yes`) or another one gets, and whether with roles.
    fn narrowed(
        (scopes, permissions): (&str, &[&str]),
        (skip_consent, client): (bool, &str),
        wanted: Option<&str>,
    ) -> Option<(String, String, bool)> {
        let scopes: Scopes = scopes.parse().unwrap();
        let permissions: Vec<Permission> = permissions.iter().map(|one| one.parse().unwrap()).collect();
        let settings =
            ClientSettings { scopes: client.parse().unwrap(), skip_consent, ..ClientSettings::default() };
        let wanted: Option<Scopes> = wanted.map(|wanted| wanted.parse().unwrap());
        let held = Held { scopes: &scopes, permissions: &permissions, roles: true };
        let left = held.narrowed(&settings, wanted.as_ref())?;
        let mut permissions: Vec<_> = left.permissions.iter().map(Permission::as_str).collect();
        permissions.sort_unstable();
        Some((left.scopes.to_string(), permissions.join(" "), left.roles))
    }

    fn without_roles((scopes, permissions): (&str, &str)) -> (String, String, bool) {
        (scopes.into(), permissions.into(), false)
    }

    #[test]
    fn tx_01_what_comes_out_is_never_wider() {
        let full = ("email notes:*", &["notes:*"][..]);
        // The client's own, and the token's own, are all there is.
        for (wanted, left) in [
            (None, Some(("email notes:*", "notes:*"))),
            (Some("notes:read"), Some(("notes:read", "notes:read"))),
            (Some("notes:read email"), Some(("notes:read email", "notes:read"))),
            (Some("email"), Some(("email", ""))),
            (Some("files:read"), None),
            (Some("notes:read files:read"), None),
            (Some("profile"), None),
            (Some("openid"), None),
        ] {
            let got = narrowed(full, (false, "email profile openid notes:* files:*"), wanted);
            assert_eq!(got, left.map(without_roles), "{wanted:?}");
        }
        let other = |client| (false, client);
        assert_eq!(narrowed(full, other("notes:read"), None), None, "the client may not have all of notes");
        assert_eq!(
            narrowed(full, other("notes:read"), Some("notes:read")),
            Some(without_roles(("notes:read", "notes:read")))
        );
        assert_eq!(narrowed(full, other("files:read"), None), None);
        // A word leaves none of the permissions that the token was limited to, also to one's own client.
        assert_eq!(narrowed(full, other("email"), None), Some(without_roles(("email", ""))));
        assert_eq!(narrowed(full, (true, "email"), None), Some(("email".into(), String::new(), true)));
        // A permission that the token has lost since is not given back.
        assert_eq!(narrowed(("notes:*", &[]), other("notes:*"), None), None);
        // A token of our own sign-in is limited by no scope; what its user may do is what it can give.
        let own = ("openid profile email account", &["notes:read", "users:*"][..]);
        for (client, wanted, left) in [
            ("email", None, Some(("email", ""))),
            ("notes:*", None, None),
            ("notes:*", Some("notes:read"), Some(("notes:read", "notes:read"))),
            ("notes:*", Some("notes:write"), None),
            ("users:*", Some("users:read"), Some(("users:read", "users:read"))),
            ("account openid", None, None),
            ("account openid", Some("account"), None),
        ] {
            let got = narrowed(own, other(client), wanted);
            assert_eq!(got, left.map(without_roles), "{client} {wanted:?}");
        }
        // Roles go by their scope; all permissions, and roles without being asked for, go to one's own client only.
        for (client, wanted, left) in [
            ((false, "roles"), Some("roles"), ("roles", "", true)),
            ((true, "email"), None, ("email", "notes:read users:*", true)),
            ((true, "email roles"), None, ("email", "notes:read users:*", false)),
            ((true, "email notes:read"), Some("email"), ("email", "", true)),
        ] {
            let (scopes, permissions, roles) = left;
            let left = Some((scopes.to_owned(), permissions.to_owned(), roles));
            assert_eq!(narrowed(own, client, wanted), left, "{client:?} {wanted:?}");
        }
    }

    #[test]
    fn tx_01_roles_that_a_token_does_not_have_are_not_passed_on() {
        let scopes: Scopes = "email".parse().unwrap();
        let held = Held { scopes: &scopes, permissions: &[], roles: false };
        let asks = ClientSettings { scopes: "email roles".parse().unwrap(), ..ClientSettings::default() };
        assert_eq!(held.narrowed(&asks, Some(&"roles".parse().unwrap())), None);
        let own = ClientSettings { scopes: scopes.clone(), skip_consent: true, ..ClientSettings::default() };
        assert!(!held.narrowed(&own, None).unwrap().roles);
    }
}
