//! Whose an account is.

use crate::{EmailAddress, User};

/// Whether whoever proves this address now is the first to prove that the account is theirs.
///
/// Anybody can make an account with the address of somebody else, and wait: for the day on which that other signs in by mail, by an
/// account elsewhere, or recovers what they take for theirs. Until the address is proven, what the account is signed in to with may be
/// a stranger's. Whoever is first to prove the address has the account, and what was there before opens it no more (LG-14).
///
/// It is not asked where the proof comes from somebody who signs in with what is there already, and only confirms their address.
pub fn is_first_proof(user: &User, proven: &EmailAddress) -> bool {
    !user.email_verified && user.email.as_ref() == Some(proven)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RealmId, Timestamp, UserId};

    #[test]
    fn lg_14_an_address_is_proven_for_the_first_time_once_and_that_of_the_account_alone() {
        let mut user = User::new(UserId::MIN, RealmId::MIN, Timestamp::from_unix_seconds(1_800_000_000));
        let (hers, other) = ("ada@example.com".parse().unwrap(), "eve@example.com".parse().unwrap());
        assert!(!is_first_proof(&user, &hers), "it has none");
        user.email = Some("Ada@Example.com".parse().unwrap());
        assert!(is_first_proof(&user, &hers) && !is_first_proof(&user, &other));
        user.email_verified = true;
        assert!(!is_first_proof(&user, &hers));
    }
}
