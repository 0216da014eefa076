//! Writing users many at a time, and what the trail tells of it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gatepost_domain::{PasswordHash, User, UserId, audit::Record};
use gatepost_store::{audit, passwords, users};

use super::{
    BEGUN, DONE, Format, ImportError, Line, Meter, Report, Row,
    draft::Newcomer,
    holders::{Made, holders},
    order::in_order,
    pace::Pace,
};
use crate::{App, accounts::Who, http::Problem, realm::Snapshot};

/// How long other writers are let in between two transactions. Whoever finds the file locked tries again many times in it.
const PAUSE: Duration = Duration::from_millis(1);

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
    made: Made,
    opened: bool,
    pace: Pace,
}

impl<'a> Writing<'a> {
    pub(super) fn new(app: &'a App, realm: &'a Snapshot, who: &'a Who, format: Format) -> Self {
        Self {
            app,
            realm,
            who,
            format,
            made: Made::since(app.clock().now()),
            opened: false,
            pace: Pace::default(),
        }
    }

    fn record(&self, event: gatepost_domain::audit::Event) -> Record {
        self.who
            .record_of_realm(self.app, event, self.realm.id(), self.app.clock().now())
            .with("format", self.format.name())
    }

    /// Makes the users of a window, in the order that is the quickest, some in each transaction.
    pub(super) async fn write(
        &mut self,
        window: Vec<Row>,
        report: &mut Report,
        meter: &Meter,
    ) -> Result<Vec<Line>, ImportError> {
        let (rows, mut lines) = sorted_out(window);
        let rows = in_order(rows);
        self.made.window(rows.iter().map(|(line, newcomer)| (newcomer.user.id, *line)));
        let mut rows = rows.into_iter();
        while rows.len() > 0 {
            let some: Vec<_> = rows.by_ref().take(self.pace.rows()).collect();
            lines.extend(self.write_together(some, report).await?);
            meter.made(report.made);
            tokio::time::sleep(PAUSE).await;
        }
        lines.sort_by_key(|line| line.line);
        Ok(lines)
    }

    /// Makes users in one transaction, with their passwords. The trail tells of the import in the transaction of its first users, before
    /// there are more of them.
    async fn write_together(
        &mut self,
        rows: Vec<(u64, Newcomer)>,
        report: &mut Report,
    ) -> Result<Vec<Line>, ImportError> {
        let opening = (!self.opened).then(|| self.record(BEGUN));
        let (realm, now) = (self.realm.id(), self.app.clock().now());
        let rows = Arc::new(rows);
        let making = Arc::clone(&rows);
        let begun = Instant::now();
        let made = self
            .app
            .db()
            .write("import users", move |tx| {
                let (rows, opening) = (Arc::clone(&making), opening.clone());
                Box::pin(async move {
                    let all: Vec<&User> = rows.iter().map(|(_, newcomer)| &newcomer.user).collect();
                    let made = users::create_those_free(tx, &all).await?;
                    let new = rows.iter().zip(&made).filter(|(_, made)| **made);
                    let hashes: Vec<(UserId, &PasswordHash)> = new
                        .filter_map(|((_, newcomer), _)| Some((newcomer.user.id, newcomer.hash.as_ref()?)))
                        .collect();
                    passwords::set_each(tx, realm, &hashes, now).await?;
                    if let Some(opening) = opening.filter(|_| made.contains(&true)) {
                        audit::append(tx, &opening).await?;
                    }
                    Ok::<_, Problem>(made)
                })
            })
            .await?;
        self.pace.took(rows.len(), begun.elapsed());
        let others: Vec<&(u64, Newcomer)> =
            rows.iter().zip(&made).filter(|(_, made)| !**made).map(|(row, _)| row).collect();
        let new = rows.iter().zip(&made).filter(|(_, made)| **made);
        new.for_each(|((_, newcomer), _)| report.make(newcomer.hash.is_some()));
        self.opened |= others.len() < rows.len();
        let wanted = others.iter().map(|(_, newcomer)| newcomer.user.clone()).collect();
        let there = holders(self.app, wanted).await?;
        let told = others.into_iter().zip(there).map(|((line, newcomer), holders)| {
            holders.line(*line, &newcomer.user, Some(&self.made)).unwrap_or_else(|| {
                Line::refused(*line, "its address or user name was somebody's a moment ago; import it again")
            })
        });
        Ok(told.collect())
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
