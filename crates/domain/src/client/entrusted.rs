//! What of a person's rights an application's tokens carry.

use super::{ClientSettings, permissions_of};
use crate::Scopes;

/// The scope of what somebody is: `roles`.
pub const ROLES: &str = "roles";

/// What of a person's rights a token has, beside the permissions that its scopes name.
///
/// A person is asked about each of them by the scope that stands for it. Of one's own application nobody is asked
/// ([`skip_consent`](ClientSettings::skip_consent)): whoever runs the realm answers for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entrusted {
    /// All roles.
    pub roles: bool,
    /// All permissions, also those that no scope names.
    pub permissions: bool,
}

impl Entrusted {
    /// Everything: our own sign-in.
    pub const ALL: Self = Self { roles: true, permissions: true };

    /// Nothing but the permissions that scopes name.
    pub const NONE: Self = Self { roles: false, permissions: false };
}

impl ClientSettings {
    /// Of a person who agreed to `agreed`, in a token that is good for `scopes` of it.
    ///
    /// One's own application has everything by itself, unless it has scopes that say what: then it asks for what it wants, and with
    /// fewer scopes it never gets more.
    pub fn entrusted(&self, agreed: &Scopes, scopes: &Scopes) -> Entrusted {
        let either = [agreed, &self.scopes];
        let names_permissions = either.into_iter().flat_map(permissions_of).next().is_some();
        let names_roles = either.into_iter().any(|scopes| scopes.contains(ROLES));
        Entrusted {
            roles: (scopes.contains(ROLES) && self.scopes.contains(ROLES))
                || (self.skip_consent && !names_roles),
            permissions: self.skip_consent && !names_permissions,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oa_22_an_application_has_what_was_asked_for_or_is_ones_own() {
        let (none, roles, permissions) = ((false, false), (true, false), (false, true));
        for (own, client, agreed, scopes, expected) in [
            (false, "openid", "openid", "openid", none),
            (false, "openid roles", "openid", "openid", none),
            (false, "openid roles", "openid roles", "openid roles", roles),
            (false, "roles notes:read", "roles notes:read", "notes:read", none),
            // A scope that the client lost is in no token; what it was agreed on for still says what is meant.
            (false, "openid", "openid roles", "openid", none),
            (true, "openid", "openid", "openid", (true, true)),
            (true, "openid notes:read", "openid", "openid", roles),
            (true, "openid", "openid notes:read", "openid", roles),
            (true, "openid roles", "openid", "openid", permissions),
            (true, "openid roles", "openid roles", "openid", permissions),
            (true, "openid roles", "openid roles", "openid roles", (true, true)),
            (true, "openid", "openid roles", "openid", permissions),
            // A token says what was given; the client may have lost it since.
            (false, "openid", "openid roles", "openid roles", none),
            (true, "openid", "openid roles", "openid roles", permissions),
        ] {
            let client: Scopes = client.parse().unwrap();
            let settings = ClientSettings { scopes: client, skip_consent: own, ..ClientSettings::default() };
            let got = settings.entrusted(&agreed.parse().unwrap(), &scopes.parse().unwrap());
            assert_eq!((got.roles, got.permissions), expected, "{settings:?} {agreed} {scopes}");
        }
    }
}
