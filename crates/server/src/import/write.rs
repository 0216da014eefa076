//! Writing users many at a time, and what the trail tells of it.

use std::{sync::Arc, time::Duration};

use gatepost_domain::{Timestamp, User, UserId, audit::Record};
use gatepost_store::{Tx, audit, passwords, users};

use super::{BEGUN, DONE, Format, ImportError, Line, Report, Row, draft::Newcomer};
use crate::{App, accounts::Who, http::Problem, realm::Snapshot};

/// How long other writers are let in between two transactions. Whoever finds the file locked tries again many times in it.
const PAUSE: Duration = Duration::from_millis(1);

/// Who has the address and the user name of a row.
pub(super) struct Holders {
    pub(super) of_email: Option<User>,
    pub(super) of_username: Option<User>,
}

impl Holders {
    pub(super) async fn find(tx: &mut Tx, user: &User) -> Result<Self, gatepost_store::Error> {
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

/// The rows of a batch that can be made, and what is told of the others.
pub(super) fn sorted_out(batch: Vec<Row>) -> (Vec<(u64, Newcomer)>, Vec<Line>) {
    let (mut rows, mut lines) = (Vec::with_capacity(batch.len()), Vec::new());
    for Row { line, found } in batch {
        match found {
            Ok(newcomer) => rows.push((line, newcomer)),
            Err(reason) => lines.push(Line::refused(line, reason)),
        }
    }
    (rows, lines)
}

/// An import that writes.
pub(super) struct Writing<'a> {
    app: &'a App,
    realm: &'a Snapshot,
    who: &'a Who,
    format: Format,
    began: Timestamp,
    opened: bool,
}

impl<'a> Writing<'a> {
    pub(super) fn new(app: &'a App, realm: &'a Snapshot, who: &'a Who, format: Format) -> Self {
        Self { app, realm, who, format, began: app.clock().now(), opened: false }
    }

    fn record(&self, event: gatepost_domain::audit::Event) -> Record {
        self.who
            .record_of_realm(self.app, event, self.realm.id(), self.app.clock().now())
            .with("format", self.format.name())
    }

    /// Makes the users of a batch in one transaction. The trail tells of the import in the transaction of its first users, before
    /// there are more of them.
    pub(super) async fn write(
        &mut self,
        batch: Vec<Row>,
        report: &mut Report,
    ) -> Result<Vec<Line>, ImportError> {
        let (rows, mut lines) = sorted_out(batch);
        if rows.is_empty() {
            return Ok(lines);
        }
        let opening = (!self.opened).then(|| self.record(BEGUN));
        let rows = Arc::new(rows);
        let (making, now) = (Arc::clone(&rows), self.app.clock().now());
        let taken = self
            .app
            .db()
            .write("import users", move |tx| {
                let (rows, opening) = (Arc::clone(&making), opening.clone());
                Box::pin(async move {
                    let mut taken = Vec::new();
                    for (at, (_, Newcomer { user, hash })) in rows.iter().enumerate() {
                        if !users::create_if_free(tx, user).await? {
                            taken.push((at, Holders::find(tx, user).await?));
                        } else if let Some(hash) = hash {
                            passwords::set(tx, user.realm, user.id, hash, now).await?;
                        }
                    }
                    if let Some(opening) = opening.filter(|_| taken.len() < rows.len()) {
                        audit::append(tx, &opening).await?;
                    }
                    Ok::<_, Problem>(taken)
                })
            })
            .await?;
        let made = rows.len() - taken.len();
        self.opened |= made > 0;
        report.made += made as u64;
        for (at, holders) in taken {
            let (line, newcomer) = &rows[at];
            let told = holders.line(*line, &newcomer.user, Some(self.began));
            lines.push(told.unwrap_or_else(|| {
                Line::refused(*line, "its address or user name was somebody's a moment ago; import it again")
            }));
        }
        lines.sort_by_key(|line| line.line);
        tokio::time::sleep(PAUSE).await;
        Ok(lines)
    }

    /// Tells the trail how it ended.
    pub(super) async fn finish(self, report: &Report) -> Result<(), ImportError> {
        if !self.opened {
            return Ok(());
        }
        let record = self
            .record(DONE)
            .with("made", report.made.to_string())
            .with("existing", report.existing.to_string())
            .with("refused", report.refused.to_string());
        let closed = self.app.db().write("close an import", move |tx| {
            let record = record.clone();
            Box::pin(async move { audit::append(tx, &record).await.map_err(Problem::from) })
        });
        Ok(closed.await?)
    }
}
