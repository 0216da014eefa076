//! API keys: secrets that a program presents in place of a token.

use crate::numbered_secret;
use crate::role::{Rights, nearest};
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
    /// An organization: it may do there what roles in it can give.
    Organization(OrganizationId),
    /// A client that acts on its own: it may do what the client may.
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

/// The first letters of the key of an id, by which its owner tells it from others: part of the id, and nothing of the secret.
pub fn start(id: &ApiKeyId) -> String {
    numbered_secret::start(PREFIX, id.as_bytes())
}

/// The id in a key, if the text can be one: shape and checksum are right. Mistyped and made-up keys end here, without
/// the database.
pub fn id_of(text: &str) -> Option<ApiKeyId> {
    numbered_secret::id_of(PREFIX, text).map(ApiKeyId::from_bytes)
}

/// What the scopes of a key may be: what its owner may do, and the words the realm lets keys carry. An API may open a route
/// to a word, so nobody gives their key one as they like.
#[derive(Debug, Clone, Copy)]
pub struct Limits<'a> {
    /// What the owner may do now.
    pub rights: &'a Rights<'a>,
    /// Scopes without the form of a permission that a key of the realm may carry.
    pub words: &'a Scopes,
}

/// A scope that the key of this owner cannot have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopeBeyond {
    /// It stands for more than the owner may do.
    #[error("the scope \"{0}\" is more than this key may do: it takes a role that allows it")]
    Rights(Scope),
    /// It is no permission, and none of the words the realm lets keys carry.
    #[error(
        "the scope \"{word}\" is neither a permission nor among the api_key_scopes of the realm{}",
        did_you_mean(nearest.as_deref())
    )]
    Word {
        /// The scope.
        word: Scope,
        /// What the owner could give that looks most like it.
        nearest: Option<Box<str>>,
    },
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map(|name| format!("; did you mean {name}?")).unwrap_or_default()
}

/// The permission a scope stands for, if it has the form of one.
pub fn permission_of(scope: &Scope) -> Option<Permission> {
    scope.as_str().parse().ok()
}

impl Limits<'_> {
    /// Refuses scopes that stand for more than the owner may do, and words that no key may carry.
    pub fn check(&self, scopes: &Scopes) -> Result<(), ScopeBeyond> {
        for scope in scopes {
            match permission_of(scope) {
                Some(wanted) if !self.rights.allow(&wanted) => {
                    return Err(ScopeBeyond::Rights(scope.clone()));
                }
                None if !self.words.contains(scope.as_str()) => {
                    return Err(ScopeBeyond::Word { word: scope.clone(), nearest: self.nearest(scope) });
                }
                Some(_) | None => {}
            }
        }
        Ok(())
    }

    fn nearest(&self, scope: &Scope) -> Option<Box<str>> {
        let permissions = self.rights.permissions.iter().map(|permission| permission.as_str());
        let known: Vec<&str> = self.words.iter().map(Scope::as_str).chain(permissions).collect();
        nearest(scope.as_str(), known.iter()).map(|near| (*near).into())
    }

    /// What is left of the scopes now, and the permissions that makes: those that a scope names and the owner has. An owner
    /// who lost a right has it in no key either, and a word the realm no longer names is in none.
    pub fn usable(&self, scopes: &Scopes) -> (Scopes, Vec<Permission>) {
        let mut permissions = Vec::new();
        let kept = scopes.iter().filter(|scope| match permission_of(scope) {
            Some(wanted) if self.rights.allow(&wanted) => {
                permissions.push(wanted);
                true
            }
            Some(_) => false,
            None => self.words.contains(scope.as_str()),
        });
        (kept.cloned().collect(), permissions)
    }
}

/// The permissions that scopes leave of these rights: those they name, if any of them is one. `None`: they limit nothing.
pub fn narrowed(scopes: &Scopes, rights: &Rights<'_>) -> Option<Vec<Permission>> {
    let wanted: Vec<Permission> = scopes.iter().filter_map(permission_of).collect();
    (!wanted.is_empty()).then(|| wanted.into_iter().filter(|wanted| rights.allow(wanted)).collect())
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
    fn keys_are_told_apart_by_how_they_start_which_says_nothing_of_the_secret() {
        let (dice, now) = (Counting::default(), Timestamp::from_unix_seconds(1_800_000_000));
        let ids = [(); 2].map(|()| ApiKeyId::new(now, &dice));
        let starts = ids.map(|id| start(&id));
        assert_ne!(starts[0], starts[1], "made in the same moment");
        for (id, start) in ids.iter().zip(&starts) {
            let keys = [(); 2].map(|()| generate(*id, &dice));
            assert_ne!(keys[0].reveal(), keys[1].reveal());
            assert!(keys.iter().all(|key| key.reveal().starts_with(start.as_str())), "whatever the secret");
            assert_eq!(start.len(), PREFIX.len() + 16);
        }
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

    fn scopes(text: &str) -> Scopes {
        text.parse().unwrap()
    }

    #[test]
    fn ak_04_a_scope_that_is_a_permission_needs_the_right_and_a_word_the_realm() {
        let (graph, words) = (graph(), scopes("ci reports"));
        let editor = "editor".parse().unwrap();
        let rights = graph.rights([&editor]);
        let limits = Limits { rights: &rights, words: &words };
        assert_eq!(limits.check(&scopes("notes:read notes:write ci")), Ok(()));
        for (text, refused) in [
            (
                "notes:read users:write",
                "the scope \"users:write\" is more than this key may do: it takes a role that allows it",
            ),
            (
                "admin",
                "the scope \"admin\" is neither a permission nor among the api_key_scopes of the realm",
            ),
            (
                "report",
                "the scope \"report\" is neither a permission nor among the api_key_scopes of the realm; \
                 did you mean reports?",
            ),
            (
                "users-read",
                "the scope \"users-read\" is neither a permission nor among the api_key_scopes of the realm; \
                 did you mean users:read?",
            ),
        ] {
            assert_eq!(limits.check(&scopes(text)).unwrap_err().to_string(), refused);
        }
        // All of a resource is more than one action of it.
        assert!(limits.check(&scopes("users:*")).is_err());
        assert_eq!(limits.check(&scopes("notes:*")), Ok(()));
        let limits = Limits { words: &Scopes::default(), ..limits };
        assert!(limits.check(&scopes("ci")).is_err(), "none unless named");
    }

    #[test]
    fn ak_04_a_right_the_owner_lost_is_in_no_key_and_a_word_the_realm_dropped_in_none() {
        let (graph, words) = (graph(), scopes("ci"));
        let reader = "reader".parse().unwrap();
        let wanted = scopes("notes:read notes:write ci admin");
        let rights = graph.rights([&reader]);
        let (kept, permissions) = Limits { rights: &rights, words: &words }.usable(&wanted);
        assert_eq!(kept.to_string(), "notes:read ci");
        assert_eq!(permissions, ["notes:read".parse().unwrap()]);
        assert_eq!(narrowed(&wanted, &rights), Some(permissions));
        assert_eq!(narrowed(&scopes("openid ci"), &rights), None);
        let rights = graph.rights([]);
        let (kept, permissions) = Limits { rights: &rights, words: &words }.usable(&wanted);
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
