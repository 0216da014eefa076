//! API keys: secrets that a program presents in place of a token.

use std::fmt;

use crate::numbered_secret;
use crate::role::Rights;
use crate::{
    ApiKeyId, ClientId, DisplayName, Entropy, OrganizationId, Permission, RealmId, Scope, Scopes, Secret,
    SecretDigest, Timestamp, UserId,
};

/// What every API key starts with.
pub const PREFIX: &str = "gp_key_";

/// Who a key belongs to, and with whom it ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KeyOwner {
    /// A user: it may do what the user may.
    User(UserId),
    /// An organization: it may do there what its owners may.
    Organization(OrganizationId),
    /// A client that acts on its own.
    Client(ClientId),
}

/// An API key as it is kept: everything but the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The id. It is part of the key, so that one is found without comparing secrets.
    pub id: ApiKeyId,
    /// The realm.
    pub realm: RealmId,
    /// Who it belongs to.
    pub owner: KeyOwner,
    /// What it is for, in its owner's words.
    pub name: DisplayName,
    /// What it may be used for. Never empty: a key for nothing in particular would be one for everything.
    pub scopes: Scopes,
    /// SHA-256 of the whole key.
    pub digest: SecretDigest,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when it is refused.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute or so.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The key that was made in its place.
    pub successor: Option<ApiKeyId>,
}

impl ApiKey {
    /// Whether the key is good at `now`, as far as the key itself says; its owner has to be good as well.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether it is worth a write to say that the key was used: once a minute.
    pub fn is_due_for_touch(&self, now: Timestamp) -> bool {
        self.last_used_at.is_none_or(|last| now.since(last).as_secs() >= 60)
    }
}

/// Makes the key of an id: the one text that is shown once.
pub fn generate(id: ApiKeyId, entropy: &dyn Entropy) -> Secret {
    numbered_secret::generate(PREFIX, id.as_bytes(), entropy)
}

/// The id in a key, if the text can be one: shape and checksum are right. Mistyped and made-up keys end here, without
/// the database.
pub fn id_of(text: &str) -> Option<ApiKeyId> {
    numbered_secret::id_of(PREFIX, text).map(ApiKeyId::from_bytes)
}

/// A scope that the owner has no right to give.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct BeyondRights(pub Scope);

impl fmt::Display for BeyondRights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the scope \"{}\" is more than the owner of the key may do", self.0)
    }
}

/// The permission a scope stands for, if it has the form of one. Other scopes are words between a client and an API, and
/// need no right.
fn permission_of(scope: &Scope) -> Option<Permission> {
    scope.as_str().parse().ok()
}

/// Refuses scopes that stand for more than the owner may do.
pub fn within_rights(scopes: &Scopes, rights: &Rights<'_>) -> Result<(), BeyondRights> {
    let beyond = |scope: &&Scope| permission_of(scope).is_some_and(|wanted| !rights.allow(&wanted));
    match scopes.iter().find(beyond) {
        Some(scope) => Err(BeyondRights(scope.clone())),
        None => Ok(()),
    }
}

/// What is left of the scopes now that the owner has these rights, and the permissions that makes: those that a scope
/// names and the owner has. An owner who lost a right has it in no key either.
pub fn usable(scopes: &Scopes, rights: &Rights<'_>) -> (Scopes, Vec<Permission>) {
    let mut permissions = Vec::new();
    let kept = scopes.iter().filter(|scope| match permission_of(scope) {
        Some(wanted) if rights.allow(&wanted) => {
            permissions.push(wanted);
            true
        }
        Some(_) => false,
        None => true,
    });
    (kept.cloned().collect(), permissions)
}

/// The permissions that scopes leave of these rights: those they name, if any of them is one. `None`: they limit nothing.
pub fn narrowed(scopes: &Scopes, rights: &Rights<'_>) -> Option<Vec<Permission>> {
    scopes.iter().any(|scope| permission_of(scope).is_some()).then(|| usable(scopes, rights).1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::testing::Counting;
    use crate::role::{Role, RoleGraph};
    use proptest::prelude::*;

    fn graph() -> RoleGraph {
        let role = |name: &str, permissions: &[&str]| Role {
            name: name.parse().unwrap(),
            permissions: permissions.iter().map(|p| p.parse().unwrap()).collect(),
            inherits: vec![],
        };
        RoleGraph::new(&[role("editor", &["notes:*", "users:read"]), role("reader", &["notes:read"])])
            .unwrap()
    }

    #[test]
    fn a_key_is_read_back_as_its_id_and_nothing_else_is() {
        let id = ApiKeyId::from_bytes([0xa5; 16]);
        let key = generate(id, &Counting::default());
        let text = key.reveal();
        assert_eq!(text.len(), 71);
        assert!(text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'), "{text}");
        assert_eq!(id_of(text), Some(id));
        for bad in ["", "gp_key_", &text[1..], &text[..70], &format!("{text}0"), &text.to_uppercase()] {
            assert_eq!(id_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn ak_04_a_scope_that_is_a_permission_needs_the_right_and_a_word_needs_none() {
        let graph = graph();
        let editor = "editor".parse().unwrap();
        let rights = graph.rights([&editor]);
        let scopes = |text: &str| text.parse::<Scopes>().unwrap();
        assert_eq!(within_rights(&scopes("notes:read notes:write ci"), &rights), Ok(()));
        let refused = within_rights(&scopes("notes:read users:write"), &rights).unwrap_err();
        assert_eq!(refused.to_string(), "the scope \"users:write\" is more than the owner of the key may do");
        // All of a resource is more than one action of it.
        assert!(within_rights(&scopes("users:*"), &rights).is_err());
        assert_eq!(within_rights(&scopes("notes:*"), &rights), Ok(()));
    }

    #[test]
    fn ak_04_a_right_the_owner_lost_is_in_no_key() {
        let graph = graph();
        let reader = "reader".parse().unwrap();
        let scopes: Scopes = "notes:read notes:write ci".parse().unwrap();
        let (kept, permissions) = usable(&scopes, &graph.rights([&reader]));
        assert_eq!(kept.to_string(), "notes:read ci");
        assert_eq!(permissions, ["notes:read".parse().unwrap()]);
        assert_eq!(narrowed(&scopes, &graph.rights([&reader])), Some(permissions));
        assert_eq!(narrowed(&"openid ci".parse().unwrap(), &graph.rights([&reader])), None);
        let (kept, permissions) = usable(&scopes, &graph.rights([]));
        assert_eq!((kept.to_string().as_str(), permissions.len()), ("ci", 0));
    }

    proptest! {
        #[test]
        fn one_changed_letter_is_no_key(at in 7_usize..71, letter in "[0-9a-hj-km-np-tv-z]") {
            let key = generate(ApiKeyId::from_bytes([7; 16]), &Counting::default());
            let mut other = key.reveal().to_owned();
            other.replace_range(at..=at, &letter);
            prop_assert_eq!(id_of(&other).is_some(), other == key.reveal());
        }

        #[test]
        fn no_text_panics(text in "\\PC*|gp_key_[a-z0-9]{64}") {
            let _ = id_of(&text);
        }
    }
}
