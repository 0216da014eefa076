//! The order in which rows are written.
//!
//! Where users stand in the database is by their ids, and in its index by their addresses. Addresses come in no order, so each of a
//! million rows that are written as they come changes a page of the index that has left the memory since, and writes it whole for one
//! entry. Of some ten thousand that are written in the order of their addresses, neighbours share a page.

use std::{collections::HashSet, hash::BuildHasher as _};

use gatepost_domain::{EmailAddress, User, Username};

use super::draft::Newcomer;

/// What a row is looked up by: its address, and its user name. The one has an `@` and the other has none.
pub(super) fn keys(user: &User) -> (Option<&str>, Option<&str>) {
    (user.email.as_ref().map(EmailAddress::key), user.username.as_ref().map(Username::key))
}

/// Puts rows in the order of their addresses and gives them ids in the same order. A row that shares its address or user name with one
/// before it comes after all others, so that of two the first is made.
pub(super) fn in_order(rows: Vec<(u64, Newcomer)>) -> Vec<(u64, Newcomer)> {
    let mut ids: Vec<_> = rows.iter().map(|(_, newcomer)| newcomer.user.id).collect();
    ids.sort_unstable();
    let mut seen = Seen::default();
    let (mut rows, again): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(_, new)| seen.is_first(&new.user));
    // Those without an address are in the order of their user names.
    rows.sort_unstable_by(|(_, one), (_, other)| keys(&one.user).cmp(&keys(&other.user)));
    rows.extend(again);
    for ((_, newcomer), id) in rows.iter_mut().zip(ids) {
        newcomer.user.id = id;
    }
    rows
}

/// Addresses and user names so far, a hash of each. Two that have one hash are only written later than they could be.
#[derive(Default)]
struct Seen {
    hashes: HashSet<u64>,
    hasher: foldhash::quality::RandomState,
}

impl Seen {
    fn is_first(&mut self, user: &User) -> bool {
        let (email, username) = keys(user);
        let mut is_new = |key: &str| self.hashes.insert(self.hasher.hash_one(key));
        // Both are noted, whatever the first is.
        let (email, username) = (email.is_none_or(&mut is_new), username.is_none_or(&mut is_new));
        email && username
    }
}

#[cfg(test)]
mod tests {
    use gatepost_domain::{RealmId, Timestamp, UserId};

    use super::*;

    fn row(line: u8, email: &str, username: &str) -> (u64, Newcomer) {
        let id = UserId::from_bytes([line; 16]);
        let mut user = User::new(id, RealmId::MIN, Timestamp::from_unix_seconds(1_800_000_000));
        user.email = (!email.is_empty()).then(|| email.parse().unwrap());
        user.username = (!username.is_empty()).then(|| username.parse().unwrap());
        (line.into(), Newcomer { user, hash: None })
    }

    fn lines(rows: Vec<(u64, Newcomer)>) -> Vec<u64> {
        let rows = in_order(rows);
        assert!(rows.is_sorted_by_key(|(_, newcomer)| newcomer.user.id), "ids are in the order of the rows");
        rows.into_iter().map(|(line, _)| line).collect()
    }

    #[test]
    fn rows_are_in_the_order_of_their_addresses() {
        let rows = vec![
            row(1, "eve@example.com", "a"),
            row(2, "Bob@example.com", "z"),
            row(3, "", "dan"),
            row(4, "ada@example.com", ""),
            row(5, "", "carl"),
        ];
        assert_eq!(lines(rows), [5, 3, 4, 2, 1]);
    }

    #[test]
    fn of_rows_that_share_something_the_first_comes_first() {
        let rows = vec![
            row(1, "zoe@example.com", "zoe"),
            row(2, "ada@example.com", "ZOE"),
            // Shares with one that comes late.
            row(3, "ADA@example.com", "ada"),
            row(4, "", "Ada"),
            row(5, "bob@example.com", "bob"),
        ];
        assert_eq!(lines(rows), [5, 1, 2, 3, 4]);
    }
}
