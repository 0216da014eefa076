//! Who has the address or the user name of a row already.

use std::sync::Arc;

use gatepost_domain::{Timestamp, User, UserId};
use gatepost_store::{Tx, users};

use super::{BATCH, Line};
use crate::{App, http::Problem};

/// Who has the address and the user name of a row.
pub(super) struct Holders {
    of_email: Option<User>,
    of_username: Option<User>,
}

/// What no two users share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Email,
    Username,
}

impl Field {
    /// As our own formats call it.
    const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Username => "username",
        }
    }

    /// What is said of a row that has it in common with one before it, whose line is known or not.
    pub(super) fn twice(self, earlier: Option<u64>) -> String {
        let called = match self {
            Self::Email => "address",
            Self::Username => "user name",
        };
        let earlier = earlier.map_or_else(|| "an earlier line".to_owned(), |line| format!("line {line}"));
        format!("{}: {earlier} has the same {called}; remove one of the two", self.name())
    }
}

/// Whom an import has made.
pub(super) struct Made {
    began: Timestamp,
    /// The lines of the last window, in the order of their ids: how many windows there are must not show in the memory.
    lines: Vec<(UserId, u64)>,
}

impl Made {
    /// Nobody yet. Ids tell when they were made.
    pub(super) fn since(began: Timestamp) -> Self {
        Self { began, lines: Vec::new() }
    }

    /// Users may be made of these lines now, whose ids are in order.
    pub(super) fn window(&mut self, lines: impl Iterator<Item = (UserId, u64)>) {
        self.lines.clear();
        self.lines.extend(lines);
    }

    fn has(&self, user: UserId) -> bool {
        user >= UserId::first_at(self.began)
    }

    fn line_of(&self, user: UserId) -> Option<u64> {
        let at = self.lines.binary_search_by_key(&user, |(id, _)| *id).ok()?;
        self.lines.get(at).map(|(_, line)| *line)
    }
}

/// Who has the address and the user name of each of these.
pub(super) async fn holders(app: &App, wanted: Vec<User>) -> Result<Vec<Holders>, Problem> {
    let mut found = Vec::with_capacity(wanted.len());
    // Not all in one read: PostgreSQL is asked for one after another, and a read has two seconds.
    for some in wanted.chunks(BATCH) {
        let some: Arc<[User]> = some.into();
        let holders = app.db().read("look for users", move |tx| {
            let some = Arc::clone(&some);
            Box::pin(async move {
                let mut found = Vec::with_capacity(some.len());
                for user in some.iter() {
                    found.push(Holders::find(tx, user).await?);
                }
                Ok::<_, Problem>(found)
            })
        });
        found.extend(holders.await?);
    }
    Ok(found)
}

impl Holders {
    async fn find(tx: &mut Tx, user: &User) -> Result<Self, gatepost_store::Error> {
        let of_email = match &user.email {
            Some(email) => users::find_by_email(tx, user.realm, email).await?,
            None => None,
        };
        let of_username = match &user.username {
            Some(username) => users::find_by_username(tx, user.realm, username).await?,
            None => None,
        };
        Ok(Self { of_email, of_username })
    }

    /// What becomes of a row whose address or user name somebody has; `None`: nobody has. `made`: whom this import has made.
    pub(super) fn line(&self, line: u64, user: &User, made: Option<&Made>) -> Option<Line> {
        let holder = self.of_email.as_ref().or(self.of_username.as_ref())?;
        let field = if self.of_email.is_some() { Field::Email } else { Field::Username };
        if let Some(made) = made.filter(|made| made.has(holder.id)) {
            return Some(Line::refused(line, field.twice(made.line_of(holder.id))).of(holder.id));
        }
        let is_they = (user.email.is_none() || user.email == holder.email)
            && (user.username.is_none() || user.username == holder.username);
        if is_they {
            return Some(Line::existing(line, holder.id));
        }
        let (called, other) = match field {
            Field::Email => ("address", "user name"),
            Field::Username => ("user name", "address"),
        };
        let reason = format!(
            "{}: {} has this {called} with another {other}; mend the one that is wrong",
            field.name(),
            holder.id
        );
        Some(Line::refused(line, reason).of(holder.id))
    }
}
