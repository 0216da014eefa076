//! Whom tokens are for.

use serde::Serialize;

/// Whom a token is for: one name, or several.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Audience {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Audience {
    /// Each name once, in order; a single one stands alone.
    pub fn of(names: impl IntoIterator<Item = String>) -> Self {
        let mut each: Vec<String> = Vec::new();
        for name in names {
            if !each.contains(&name) {
                each.push(name);
            }
        }
        match <[String; 1]>::try_from(each) {
            Ok([one]) => Self::One(one),
            Err(many) => Self::Many(many),
        }
    }

    /// Of these names those that are asked for; all when none is. `None`: one is asked for that is not among them.
    pub fn among(self, wanted: &[&str]) -> Option<Self> {
        if wanted.is_empty() {
            return Some(self);
        }
        let known = wanted.iter().all(|name| self.names(name));
        known.then(|| Self::of(wanted.iter().map(|name| (*name).to_owned())))
    }

    /// The same, as a list also where it is one: libraries differ in what they take (RFC 7519 section 4.1.3).
    #[must_use]
    pub fn listed(self) -> Self {
        match self {
            Self::One(one) => Self::Many(vec![one]),
            many @ Self::Many(_) => many,
        }
    }

    /// The names.
    pub fn iter(&self) -> std::slice::Iter<'_, String> {
        match self {
            Self::One(one) => std::slice::from_ref(one).iter(),
            Self::Many(many) => many.iter(),
        }
    }

    /// Whether `name` is one of them.
    pub fn names(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Many(many) => many.iter().any(|one| one == name),
        }
    }
}
