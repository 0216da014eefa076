//! A user as a file tells of them, and whether that is one.

use gatepost_domain::{EmailAddress, PasswordHash, Timestamp, User, UserId};

use crate::{App, accounts, http::Problem, passwords, realm::Snapshot};

/// What a row says, not looked at yet.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) email: Option<String>,
    pub(super) email_verified: bool,
    pub(super) username: Option<String>,
    pub(super) name: Option<String>,
    pub(super) password_hash: Option<PasswordHash>,
    pub(super) roles: Vec<String>,
    pub(super) disabled: bool,
    pub(super) created_at: Option<String>,
}

/// Somebody who can be made, unless others have their address or user name.
#[derive(Clone, Debug)]
pub(super) struct Newcomer {
    pub(super) user: User,
    pub(super) hash: Option<PasswordHash>,
}

impl Draft {
    /// A user name that is an address: elsewhere people sign in with either. With us a user name has no `@`, and the address does.
    pub(super) fn with_address_as_username(mut self) -> Self {
        let is_address = |name: &str| name.contains('@') && name.parse::<EmailAddress>().is_ok();
        if let Some(username) = self.username.take_if(|name| is_address(name)) {
            match &self.email {
                None => self.email = Some(username),
                Some(email) if email.trim().eq_ignore_ascii_case(username.trim()) => {}
                Some(_) => self.username = Some(username),
            }
        }
        self
    }

    /// Checks everything a row can be wrong in by itself. The reason names the column and not what is in it.
    pub(super) fn check(
        self,
        app: &App,
        realm: &Snapshot,
        hash_field: &str,
        now: Timestamp,
    ) -> Result<Newcomer, String> {
        let mut user = User::new(UserId::new(now, app.entropy()), realm.id(), now);
        let wrong = |column: &str, reason: &dyn std::fmt::Display| format!("{column}: {reason}");
        user.email = self.email.map(|text| text.parse()).transpose().map_err(|why| wrong("email", &why))?;
        user.username =
            self.username.map(|text| text.parse()).transpose().map_err(|why| wrong("username", &why))?;
        user.name = self.name.map(|text| text.parse()).transpose().map_err(|why| wrong("name", &why))?;
        if user.email.is_none() && user.username.is_none() {
            return Err(
                "email: missing, and there is no username either; give one of them, for one signs in with it"
                    .to_owned(),
            );
        }
        user.email_verified = self.email_verified && user.email.is_some();
        if !self.roles.is_empty() {
            user.roles = accounts::roles_of(realm, &self.roles).map_err(|problem: Problem| {
                let reason = problem.reason();
                let remedy = if reason.ends_with('?') { "" } else { "; make it first, or leave it out" };
                format!("{reason}{remedy}")
            })?;
        }
        if self.disabled {
            user.disabled_at = Some(now);
        }
        if let Some(text) = self.created_at {
            let moment = moment(&text).ok_or(
                "created_at: not a moment; write it as 2026-11-22T03:04:05Z, or in Unix milliseconds",
            )?;
            // A clock elsewhere may be ahead of ours.
            user.created_at = moment.min(now);
        }
        if let Some(hash) = &self.password_hash {
            passwords::check_stored(hash.as_str())
                .map_err(|why| format!("{hash_field}: {why}, and the user sets a password by recovery"))?;
        }
        Ok(Newcomer { user, hash: self.password_hash })
    }
}

/// The year 10,000, in Unix milliseconds: RFC 3339 has no later one.
const LATEST: i64 = 253_402_300_800_000;

/// RFC 3339, or what databases print: with a blank for the `T`, without an offset (UTC), or Unix milliseconds.
fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() >= 11 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let millis = text.parse::<i64>().ok().filter(|millis| *millis < LATEST)?;
        return Some(Timestamp::from_micros(millis * 1_000));
    }
    text.parse().ok().or_else(|| {
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        let moment = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
        Some(Timestamp::from_micros(moment.as_microsecond()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_databases_print_them() {
        for text in [
            "2026-11-22T03:04:05Z",
            "2026-11-22T03:04:05.000+00:00",
            "2026-11-22 03:04:05+00",
            "2026-11-22 05:04:05+02",
            "2026-11-22 03:04:05",
            "2026-11-22T03:04:05",
            "1795316645000",
        ] {
            assert_eq!(moment(text).map(Timestamp::unix_seconds), Some(1_795_316_645), "{text}");
        }
        for bad in ["", "yesterday", "1795316645", "22.11.2026", "99999999999999999999", "9223372036854775"] {
            assert_eq!(moment(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_address_for_a_user_name_is_the_address() {
        let draft = |email: Option<&str>, username: &str| {
            let draft = Draft {
                email: email.map(str::to_owned),
                username: Some(username.to_owned()),
                ..Draft::default()
            };
            let draft = draft.with_address_as_username();
            (draft.email, draft.username)
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(draft(None, "ada@example.com"), (some("ada@example.com"), None));
        assert_eq!(draft(Some("Ada@example.com"), "ada@example.com"), (some("Ada@example.com"), None));
        assert_eq!(draft(Some("b@example.com"), "ada@example.com").1, some("ada@example.com"));
        assert_eq!(draft(Some("b@example.com"), "ada"), (some("b@example.com"), some("ada")));
    }
}
