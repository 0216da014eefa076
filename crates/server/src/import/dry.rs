//! Finding out what an import would do, without doing it.

use std::{collections::HashMap, hash::BuildHasher as _};

use gatepost_domain::User;

use super::{
    ImportError, Line, Meter, Report, Row,
    holders::{Field, holders},
    order::keys,
    write::sorted_out,
};
use crate::App;

/// Addresses and user names of the lines so far, a hash of each: what is not written must be remembered. Some 20 bytes for each.
#[derive(Default)]
pub(super) struct Seen {
    lines: HashMap<u64, u64>,
    hasher: foldhash::quality::RandomState,
}

impl Seen {
    /// The earlier line with this address or user name, and which of the two; or notes that there is one now.
    fn earlier(&mut self, line: u64, user: &User) -> Option<(Field, u64)> {
        let (email, username) = keys(user);
        let keys = [(Field::Email, email), (Field::Username, username)];
        let keys: Vec<(Field, u64)> =
            keys.iter().filter_map(|(field, key)| Some((*field, self.hasher.hash_one((*key)?)))).collect();
        let found = keys.iter().find_map(|(field, key)| Some((*field, *self.lines.get(key)?)));
        if found.is_none() {
            self.lines.extend(keys.into_iter().map(|(_, key)| (key, line)));
        }
        found
    }

    pub(super) async fn look(
        &mut self,
        app: &App,
        batch: Vec<Row>,
        report: &mut Report,
        meter: &Meter,
    ) -> Result<Vec<Line>, ImportError> {
        let (rows, mut lines) = sorted_out(batch);
        let wanted = rows.iter().map(|(_, newcomer)| newcomer.user.clone()).collect();
        let found = holders(app, wanted).await?;
        for ((line, newcomer), holders) in rows.into_iter().zip(found) {
            if let Some(taken) = holders.line(line, &newcomer.user, None) {
                lines.push(taken);
            } else if let Some((field, earlier)) = self.earlier(line, &newcomer.user) {
                lines.push(Line::refused(line, field.twice(Some(earlier))));
            } else {
                report.make(newcomer.hash.is_some());
            }
        }
        meter.made(report.made);
        lines.sort_by_key(|line| line.line);
        Ok(lines)
    }
}
