//! What is left of a token's rights when a client exchanges it (RFC 8693): never more than there was.

use super::{ClientSettings, permissions_of};
use crate::{Permission, Scope, Scopes, api_key::permission_of};

/// What the token that is exchanged is good for.
#[derive(Debug, Clone, Copy)]
pub struct Held<'a> {
    /// `scope`
    pub scopes: &'a Scopes,
    /// `permissions`
    pub permissions: &'a [Permission],
}

/// What the token is good for that it is exchanged for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Narrowed {
    /// `scope`
    pub scopes: Scopes,
    /// `permissions`, at the most.
    pub permissions: Vec<Permission>,
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
        // A token whose scopes named permissions had no others, and a client that has scopes for permissions asks for those it wants:
        // without them there are none.
        let limited = [self.scopes, &client.scopes].into_iter().flat_map(permissions_of).next().is_some();
        let held: Vec<&Permission> = self.permissions.iter().collect();
        let permissions = if limited { common(&held, &named.iter().collect::<Vec<_>>()) } else { held };
        Some(Narrowed { scopes, permissions: permissions.into_iter().cloned().collect() })
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

    fn narrowed(
        (scopes, permissions): (&str, &[&str]),
        client: &str,
        wanted: Option<&str>,
    ) -> Option<(String, String)> {
        let scopes: Scopes = scopes.parse().unwrap();
        let permissions: Vec<Permission> = permissions.iter().map(|one| one.parse().unwrap()).collect();
        let settings = ClientSettings { scopes: client.parse().unwrap(), ..ClientSettings::default() };
        let wanted: Option<Scopes> = wanted.map(|wanted| wanted.parse().unwrap());
        let left =
            Held { scopes: &scopes, permissions: &permissions }.narrowed(&settings, wanted.as_ref())?;
        let mut permissions: Vec<_> = left.permissions.iter().map(Permission::as_str).collect();
        permissions.sort_unstable();
        Some((left.scopes.to_string(), permissions.join(" ")))
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
            let got = narrowed(full, "email profile openid notes:* files:*", wanted);
            assert_eq!(got, left.map(|(s, p)| (s.to_owned(), p.to_owned())), "{wanted:?}");
        }
        assert_eq!(narrowed(full, "notes:read", None), None, "the client may not have all of notes");
        assert_eq!(
            narrowed(full, "notes:read", Some("notes:read")),
            Some(("notes:read".into(), "notes:read".into()))
        );
        assert_eq!(narrowed(full, "files:read", None), None);
        // A word leaves none of the permissions that the token was limited to.
        assert_eq!(narrowed(full, "email", None), Some(("email".into(), String::new())));
        // A permission that the token has lost since is not given back.
        assert_eq!(narrowed(("notes:*", &[]), "notes:*", None), None);
        // A token of our own sign-in is limited by no scope; what its user may do is what it can give.
        let own = ("openid profile email account", &["notes:read", "users:*"][..]);
        for (client, wanted, left) in [
            ("email", None, Some(("email", "notes:read users:*"))),
            ("notes:*", None, None),
            ("notes:*", Some("notes:read"), Some(("notes:read", "notes:read"))),
            ("notes:*", Some("notes:write"), None),
            ("users:*", Some("users:read"), Some(("users:read", "users:read"))),
            ("account openid", None, None),
            ("account openid", Some("account"), None),
        ] {
            let got = narrowed(own, client, wanted);
            assert_eq!(got, left.map(|(s, p)| (s.to_owned(), p.to_owned())), "{client} {wanted:?}");
        }
    }
}
