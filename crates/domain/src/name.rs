use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::spelling::composed;

/// Deserializes anything that is written as text.
pub(crate) fn parse_text<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: fmt::Display>,
    D: Deserializer<'de>,
{
    struct Text<T>(std::marker::PhantomData<T>);
    impl<T: FromStr<Err: fmt::Display>> serde::de::Visitor<'_> for Text<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text")
        }
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
            text.parse().map_err(E::custom)
        }
    }
    deserializer.deserialize_str(Text(std::marker::PhantomData))
}

/// A text with a rule, kept as it was written.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $refused:ident, $message:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        #[doc = concat!("The text is not a [`", stringify!($name), "`].")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
        #[error($message)]
        pub struct $refused;

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = $refused;

            fn from_str(text: &str) -> Result<Self, $refused> {
                let check: fn(&str) -> bool = $check;
                if check(text) { Ok(Self(text.into())) } else { Err($refused) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                parse_text(deserializer)
            }
        }
    };
}

pub(crate) use name;

fn word(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// A label as in a host name: lower case, and `-` only inside.
fn label(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

name!(
    /// The name of a realm, as in `/r/{name}`: 3 to 64 of `a-z`, `0-9` and `-`, not `-` first or last.
    RealmName, RealmNameRefused,
    "a realm's name is 3 to 64 of a-z, 0-9 and -, and neither starts nor ends with -",
    |t| (3..=64).contains(&t.len()) && label(t)
);

name!(
    /// The name of an organization in addresses: 2 to 63 of `a-z`, `0-9` and `-`, not `-` first or last.
    Slug, SlugRefused,
    "a slug is 2 to 63 of a-z, 0-9 and -, and neither starts nor ends with -",
    |t| (2..=63).contains(&t.len()) && label(t)
);

name!(
    /// What a provider is called in addresses: 1 to 32 of `a-z`, `0-9` and `-`, not `-` first or last.
    ProviderId, ProviderIdRefused,
    "a provider's id is 1 to 32 of a-z, 0-9 and -, and neither starts nor ends with -",
    |t| (1..=32).contains(&t.len()) && label(t)
);

name!(
    /// The `client_id` of an OAuth client: 1 to 64 of `A-Z a-z 0-9 . _ -`, or the address of the document that describes it.
    ClientId, ClientIdRefused,
    "a client id is 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', or the https address of a document that describes the client",
    |t| word(t, 64) || crate::client::is_document_address(t)
);

name!(
    /// The name of a role: 1 to 64 of `A-Z a-z 0-9 . _ : -`.
    RoleName, RoleNameRefused,
    "a role's name is 1 to 64 of A-Z, a-z, 0-9, '.', '_', ':' and '-', and not '.' or '..'",
    |t| (1..=64).contains(&t.len()) && t != "." && t != ".."
        && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:-".contains(&b))
);

name!(
    /// What a role allows: `resource:action`, or `resource:*` for every action.
    Permission, PermissionRefused,
    "a permission is resource:action (or resource:*), of A-Z, a-z, 0-9, '.', '_' and '-'",
    |t| t.len() <= 128
        && t.rsplit_once(':').is_some_and(|(resource, action)| {
            resource.split(':').all(|part| word(part, 128)) && (action == "*" || word(action, 128))
        })
);

name!(
    /// One `scope-token` (RFC 6749 section 3.3): printable ASCII without space, `"` and `\`.
    Scope, ScopeRefused,
    "a scope is 1 to 128 printable ASCII characters other than space, '\"' and '\\'",
    |t| (1..=128).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\')
);

impl Scope {
    /// Whether it stands for something of a person who signs in: `account`, `roles` and those of OpenID Connect Core section 5.4 and 11.
    /// No program gets it on its own account.
    pub fn is_personal(&self) -> bool {
        ["account", "roles", "openid", "profile", "email", "address", "phone", "offline_access"]
            .contains(&self.as_str())
    }
}

impl RoleName {
    /// The role of those to whom an organization belongs. No realm has to define it.
    pub fn owner() -> Self {
        Self(crate::organization::OWNER.into())
    }
}

impl Permission {
    /// Whether holding this permission allows `wanted`: the same text, or `resource:*` over the resource.
    pub fn covers(&self, wanted: &Self) -> bool {
        self == wanted
            || self.0.strip_suffix('*').is_some_and(|prefix| {
                wanted.0.strip_prefix(prefix).is_some_and(|action| !action.contains(':'))
            })
    }
}

/// A set of scopes in the order they were asked for, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// Who somebody is, and to stay signed in: what any application may ask a person for.
    pub fn of_people() -> Self {
        Self(
            ["openid", "profile", "email", "offline_access"]
                .into_iter()
                .map(|word| Scope(word.into()))
                .collect(),
        )
    }

    /// The scopes, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Scope> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `scope` is among them. Compares whole words: `myemail` does not contain `email`.
    pub fn contains(&self, scope: &str) -> bool {
        self.0.iter().any(|s| s.as_str() == scope)
    }

    /// Whether every one of these is among `allowed`.
    pub fn is_subset_of(&self, allowed: &Self) -> bool {
        self.0.iter().all(|s| allowed.contains(s.as_str()))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        let mut seen = HashSet::new();
        Self(scopes.into_iter().filter(|scope| seen.insert(scope.clone())).collect())
    }
}

impl<'a> IntoIterator for &'a Scopes {
    type Item = &'a Scope;
    type IntoIter = std::slice::Iter<'a, Scope>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// The `scope` parameter of RFC 6749 section 3.3: words with single spaces; more spaces are forgiven.
impl FromStr for Scopes {
    type Err = ScopeRefused;

    fn from_str(text: &str) -> Result<Self, ScopeRefused> {
        text.split(' ').filter(|word| !word.is_empty()).map(str::parse).collect()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, scope) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Scope>::deserialize(deserializer)?.into_iter().collect())
    }
}

/// A name shown to people: of a user, a client, a realm. 1 to 200 characters, in normal form C, without
/// control and direction characters; outer white space is dropped.
///
/// `Debug` hides it, for it may be a person's name.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DisplayName(Box<str>);

/// The text is not a name to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a name is 1 to 200 characters, without control characters")]
pub struct NameRefused;

impl DisplayName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Characters that are not seen, or that turn the text around them.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether there is one. In ASCII these are the control characters.
pub(crate) fn has_invisible(text: &str) -> bool {
    if text.is_ascii() { text.bytes().any(|b| b.is_ascii_control()) } else { text.chars().any(is_invisible) }
}

impl FromStr for DisplayName {
    type Err = NameRefused;

    fn from_str(text: &str) -> Result<Self, NameRefused> {
        // Long input is refused before it is normalised.
        if text.len() > 4_000 {
            return Err(NameRefused);
        }
        let name = composed(text.trim());
        // Zero-width joiners spell names in several scripts.
        let bad = |c: char| is_invisible(c) && !matches!(c, '\u{200c}' | '\u{200d}');
        if name.is_empty() || name.chars().count() > 200 || name.chars().any(bad) {
            return Err(NameRefused);
        }
        Ok(Self(name.into()))
    }
}

impl fmt::Debug for DisplayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DisplayName(…)")
    }
}

impl Serialize for DisplayName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for DisplayName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parse_text(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_rules() {
        for good in ["acme", "a-1", "default"] {
            assert!(good.parse::<RealmName>().is_ok(), "{good}");
        }
        for bad in ["ab", "Acme", "-acme", "acme-", "a_b", "acmé", "", &"a".repeat(65)] {
            assert!(bad.parse::<RealmName>().is_err(), "{bad}");
        }
        for good in ["ab", "acme-2", &"a".repeat(63)] {
            assert!(good.parse::<Slug>().is_ok(), "{good}");
        }
        for bad in ["a", "Acme", "-ab", "ab-", "a.b", "a/b", "аb", "", &"a".repeat(64)] {
            assert!(bad.parse::<Slug>().is_err(), "{bad}");
        }
        assert_eq!(RoleName::owner(), "owner".parse().unwrap());
        assert!("web.app_1-X".parse::<ClientId>().is_ok());
        assert!("a b".parse::<ClientId>().is_err());
        let document: ClientId = "https://app.test/oauth/client.json".parse().unwrap();
        assert_eq!(document.document().map(|uri| uri.to_string()).as_deref(), Some(document.as_str()));
        assert_eq!("web".parse::<ClientId>().unwrap().document(), None);
        assert!("org:admin".parse::<RoleName>().is_ok());
        assert!("a b".parse::<RoleName>().is_err());
        assert!(
            ".".parse::<RoleName>().is_err() && "..".parse::<RoleName>().is_err(),
            "no path can name them"
        );
    }

    #[test]
    fn a_permission_names_a_resource_and_an_action() {
        let p = |t: &str| t.parse::<Permission>();
        for bad in ["notes", ":read", "notes:", "*:read", "*", "no tes:read", "notes:re*"] {
            assert!(p(bad).is_err(), "{bad}");
        }
        let (all, read, deep) =
            (p("notes:*").unwrap(), p("notes:read").unwrap(), p("notes:draft:read").unwrap());
        assert!(all.covers(&read) && read.covers(&read) && !read.covers(&all));
        assert!(!all.covers(&deep), "an action has no colon");
        assert!(!p("note:*").unwrap().covers(&read));
    }

    #[test]
    fn scopes_are_whole_words_each_once_in_order() {
        let scopes: Scopes = "openid  email openid myemail".parse().unwrap();
        assert_eq!(scopes.to_string(), "openid email myemail");
        assert!(scopes.contains("email") && !scopes.contains("mail"));
        assert!("email".parse::<Scopes>().unwrap().is_subset_of(&scopes));
        assert!(!"mail".parse::<Scopes>().unwrap().is_subset_of(&scopes));
        assert!("a\"b".parse::<Scopes>().is_err());
        assert!("a\tb".parse::<Scopes>().is_err());
        assert_eq!(serde_json::to_string(&scopes).unwrap(), r#"["openid","email","myemail"]"#);
    }

    #[test]
    fn a_shown_name_has_no_tricks_in_it() {
        let name: DisplayName = "  Ada\u{301} Lovelace ".parse().unwrap();
        assert_eq!(name.as_str(), "Adá Lovelace");
        assert_eq!(format!("{name:?}"), "DisplayName(…)");
        for bad in
            ["", "   ", "a\0b", "a\nb", "a\u{202e}b", "a\u{200b}b", &"x".repeat(201), &"x".repeat(5_000)]
        {
            assert!(bad.parse::<DisplayName>().is_err(), "{bad:?}");
        }
    }
}
