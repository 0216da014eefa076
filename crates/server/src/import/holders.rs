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

    /// What becomes of a row whose address or user name somebody has; `None`: nobody has. `began`: since when users are made of the
    /// file's lines.
    pub(super) fn line(&self, line: u64, user: &User, began: Option<Timestamp>) -> Option<Line> {
        let holder = self.of_email.as_ref().or(self.of_username.as_ref())?;
        let is_they = (user.email.is_none() || user.email == holder.email)
            && (user.username.is_none() || user.username == holder.username);
        if !is_they {
            let (column, other) =
                if self.of_email.is_some() { ("email", "user name") } else { ("username", "address") };
            let reason = format!("{column}: {} has it, with another {other}", holder.id);
            return Some(Line::refused(line, reason).of(holder.id));
        }
        // Ids tell when they were made.
        if began.is_some_and(|began| holder.id >= UserId::first_at(began)) {
            let reason =
                format!("{} was made from an earlier line with the same address or user name", holder.id);
            return Some(Line::refused(line, reason).of(holder.id));
        }
        Some(Line::existing(line, holder.id))
    }
}
