//! What became of the rows.

use gatepost_domain::UserId;
use serde::Serialize;

/// Lines that a report keeps; all are told as they come.
const KEPT: usize = 1_000;

/// A row that made nobody, and why. It holds no address: what is reported ends up in logs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_field_names, reason = "the number of the line is what reports call it")]
pub struct Line {
    /// Where the row is in the file; the first line is 1.
    pub line: u64,
    /// What became of it.
    pub outcome: Outcome,
    /// Why.
    pub reason: String,
    /// Who is there instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
}

/// What became of a row that made nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It is wrong, or somebody else has its address or user name.
    Refused,
    /// Whom it tells of is there already, and was left as they are.
    Existing,
}

/// What an import did, or would do.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Whether nothing was written.
    pub dry_run: bool,
    /// The realm that the users are for.
    pub realm: String,
    /// Users who were made, or would be.
    pub made: u64,
    /// How many of them have no password, and set one by recovery.
    pub without_password: u64,
    /// Rows whose user is there already.
    pub existing: u64,
    /// Rows that are refused.
    pub refused: u64,
    /// The first of the refused rows.
    pub lines: Vec<Line>,
}

impl Report {
    pub(super) fn new(realm: &str, dry_run: bool) -> Self {
        let realm = realm.to_owned();
        Self { dry_run, realm, made: 0, without_password: 0, existing: 0, refused: 0, lines: Vec::new() }
    }

    /// Notes one who is made.
    pub(super) fn make(&mut self, has_password: bool) {
        self.made += 1;
        self.without_password += u64::from(!has_password);
    }

    pub(super) fn keep(&mut self, line: Line) {
        match line.outcome {
            Outcome::Existing => self.existing += 1,
            Outcome::Refused => {
                self.refused += 1;
                if self.lines.len() < KEPT {
                    self.lines.push(line);
                }
            }
        }
    }

    /// Rows there were.
    pub fn rows(&self) -> u64 {
        self.made + self.existing + self.refused
    }
}

impl Line {
    pub(super) fn refused(line: u64, reason: impl Into<String>) -> Self {
        Self { line, outcome: Outcome::Refused, reason: reason.into(), user: None }
    }

    pub(super) fn existing(line: u64, user: UserId) -> Self {
        Self { line, outcome: Outcome::Existing, reason: "there already".to_owned(), user: Some(user) }
    }

    pub(super) fn of(mut self, user: UserId) -> Self {
        self.user = Some(user);
        self
    }
}
