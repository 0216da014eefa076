use std::collections::BTreeMap;

use crate::{DisplayName, Permission, Timestamp};

/// The longest external id and the longest value of a note, in bytes.
const LONGEST: usize = 500;
/// The longest name of a note, in bytes.
const LONGEST_NAME: usize = 100;
/// The most notes.
const MOST: usize = 50;

/// What applications keep with a user or an organization: what it is called elsewhere, and words by name. Nothing of it decides anything
/// here.
///
/// `Debug` says how much there is, and nothing of it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Notes {
    /// What it is called elsewhere: unique in the realm, among users and among organizations.
    pub external_id: Option<String>,
    /// Words by name.
    pub metadata: BTreeMap<String, String>,
}

/// What a role is called beside its name, and what it is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleNotes {
    /// How it is shown.
    pub display_name: Option<DisplayName>,
    /// What it is for.
    pub description: Option<String>,
}

/// A permission that was written down, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionNotes {
    /// Which.
    pub permission: Permission,
    /// What it is for.
    pub description: String,
    /// Since when it is written down.
    pub created_at: Timestamp,
    /// When what it is for last changed.
    pub updated_at: Timestamp,
}

/// Whether a text can be kept as what something is for.
pub fn describes(text: &str) -> bool {
    text.len() <= LONGEST && !text.contains('\0')
}

/// Notes that cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotesRefused {
    /// The id.
    #[error("an external id is 1 to {LONGEST} bytes, without control characters")]
    ExternalId,
    /// A name or a value.
    #[error(
        "there are up to {MOST} entries, with names of 1 to {LONGEST_NAME} bytes and values of up to {LONGEST}, without control characters in the name"
    )]
    Metadata,
}

/// What is to be other. `None` leaves it as it is; the inner `None` clears it. Of the entries those that are named: an empty value takes
/// one away.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct NotesChange {
    /// What it is called elsewhere.
    pub external_id: Option<Option<String>>,
    /// Words by name.
    pub metadata: BTreeMap<String, String>,
}

impl Notes {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Refuses what is too much, or could not be shown.
    pub fn check(&self) -> Result<(), NotesRefused> {
        let is_odd = |text: &str| text.chars().any(char::is_control);
        if self.external_id.as_ref().is_some_and(|id| id.is_empty() || id.len() > LONGEST || is_odd(id)) {
            return Err(NotesRefused::ExternalId);
        }
        let fits = |(name, value): (&String, &String)| {
            (1..=LONGEST_NAME).contains(&name.len())
                && !is_odd(name)
                && value.len() <= LONGEST
                && !value.contains('\0')
        };
        if self.metadata.len() > MOST || !self.metadata.iter().all(fits) {
            return Err(NotesRefused::Metadata);
        }
        Ok(())
    }
}

impl NotesChange {
    /// Whether nothing is to be other.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The notes then, of what had these.
    pub fn over(&self, mut notes: Notes) -> Result<Notes, NotesRefused> {
        if let Some(external_id) = &self.external_id {
            notes.external_id.clone_from(external_id);
        }
        for (name, value) in &self.metadata {
            if value.is_empty() {
                notes.metadata.remove(name);
            } else {
                notes.metadata.insert(name.clone(), value.clone());
            }
        }
        notes.check()?;
        Ok(notes)
    }
}

impl std::fmt::Debug for Notes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Notes({} entries)", self.metadata.len())
    }
}

impl std::fmt::Debug for NotesChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NotesChange({} entries)", self.metadata.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes(external_id: Option<&str>, metadata: &[(&str, &str)]) -> Notes {
        let metadata =
            metadata.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Notes { external_id: external_id.map(str::to_owned), metadata }
    }

    #[test]
    fn what_is_too_much_or_odd_is_refused() {
        let long = "x".repeat(501);
        for (refused, why) in [
            (notes(Some(""), &[]), NotesRefused::ExternalId),
            (notes(Some(&long), &[]), NotesRefused::ExternalId),
            (notes(Some("a\nb"), &[]), NotesRefused::ExternalId),
            (notes(None, &[("", "x")]), NotesRefused::Metadata),
            (notes(None, &[("a\tb", "x")]), NotesRefused::Metadata),
            (notes(None, &[("a", &long)]), NotesRefused::Metadata),
            (notes(None, &[("a", "b\0c")]), NotesRefused::Metadata),
        ] {
            assert_eq!(refused.check(), Err(why));
        }
        let many = (0..51).map(|n| (n.to_string(), "x".to_owned())).collect();
        assert!(Notes { external_id: None, metadata: many }.check().is_err());
        assert_eq!(notes(Some("customer/7"), &[("plan", "free\nfor ever")]).check(), Ok(()));
    }

    #[test]
    fn only_what_is_named_changes() {
        let before = notes(Some("7"), &[("plan", "free"), ("seats", "3")]);
        let change = NotesChange {
            metadata: notes(None, &[("plan", ""), ("tier", "b")]).metadata,
            ..NotesChange::default()
        };
        assert_eq!(change.over(before.clone()), Ok(notes(Some("7"), &[("seats", "3"), ("tier", "b")])));
        let cleared = NotesChange { external_id: Some(None), ..NotesChange::default() };
        assert_eq!(cleared.over(before.clone()).unwrap().external_id, None);
        assert_eq!(NotesChange::default().over(before.clone()), Ok(before.clone()));
        assert!(!format!("{before:?}").contains("free"));
    }
}
