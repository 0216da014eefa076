//! Finding out what an import would do, without doing it.

use std::{collections::HashMap, hash::BuildHasher as _};

use gatepost_domain::User;

use super::{ImportError, Line, Meter, Report, Row, holders::holders, order::keys, write::sorted_out};
use crate::App;

/// Addresses and user names of the lines so far, a hash of each: what is not written must be remembered. Some 20 bytes for each.
#[derive(Default)]
pub(super) struct Seen {
    lines: HashMap<u64, u64>,
    hasher: foldhash::quality::RandomState,
}

impl Seen {
    /// The earlier line with this address or user name, or notes that there is one now.
    fn earlier(&mut self, line: u64, user: &User) -> Option<u64> {
        let (email, username) = keys(user);
        let keys: Vec<u64> = email.into_iter().chain(username).map(|key| self.hasher.hash_one(key)).collect();
        let earlier = keys.iter().find_map(|key| self.lines.get(key)).copied();
        if earlier.is_none() {
            self.lines.extend(keys.into_iter().map(|key| (key, line)));
        }
        earlier
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
            } else if let Some(earlier) = self.earlier(line, &newcomer.user) {
                let reason = format!("line {earlier} has the same address or user name");
                lines.push(Line::refused(line, reason));
            } else {
                report.made += 1;
            }
        }
        meter.made(report.made);
        lines.sort_by_key(|line| line.line);
        Ok(lines)
    }
}
