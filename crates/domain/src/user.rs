use crate::{DisplayName, EmailAddress, RealmId, RoleName, Timestamp, UserId, Username};

/// A person, or whatever signs in like one.
///
/// Two users are one row when `id` and `version` are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The id.
    pub id: UserId,
    /// The realm the user belongs to.
    pub realm: RealmId,
    /// The address, if there is one.
    pub email: Option<EmailAddress>,
    /// Whether the user proved to read mail at the address.
    pub email_verified: bool,
    /// The name to sign in with, if there is one.
    pub username: Option<Username>,
    /// The name shown to people.
    pub name: Option<DisplayName>,
    /// The roles given to the user; what they inherit is not in here.
    pub roles: Vec<RoleName>,
    /// Since when the user cannot sign in.
    pub disabled_at: Option<Timestamp>,
    /// Nothing issued before this moment is good ("log out everywhere").
    pub not_before: Option<Timestamp>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When a column last changed.
    pub updated_at: Timestamp,
    /// Grows with every change.
    pub version: u64,
}

impl User {
    /// A user who can sign in, with an address or a username to be set by the caller.
    pub fn new(id: UserId, realm: RealmId, now: Timestamp) -> Self {
        Self {
            id,
            realm,
            email: None,
            email_verified: false,
            username: None,
            name: None,
            roles: Vec::new(),
            disabled_at: None,
            not_before: None,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }

    /// Whether the user may not sign in.
    pub const fn is_disabled(&self) -> bool {
        self.disabled_at.is_some()
    }

    /// Whether something issued to the user at `moment` is dead by a later "log out everywhere".
    pub fn has_withdrawn(&self, moment: Timestamp) -> bool {
        self.not_before.is_some_and(|not_before| moment < not_before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_issued_before_logging_out_everywhere_is_dead() {
        let now = Timestamp::from_unix_seconds(1_000);
        let mut user = User::new(UserId::MIN, RealmId::MIN, now);
        assert!(!user.is_disabled() && !user.has_withdrawn(now));
        user.not_before = Some(now);
        assert!(user.has_withdrawn(Timestamp::from_unix_seconds(999)) && !user.has_withdrawn(now));
    }
}
