//! What applying a file changed.

use serde::Serialize;

use crate::differences::{self, Difference};

/// One thing that was made or changed.
#[derive(Clone, Debug, Serialize)]
struct Change {
    action: Action,
    /// As in `realm acme` or `user ada@example.com in acme`.
    what: String,
    /// What it is called in a log, if not that: addresses of people stay out of logs.
    #[serde(skip)]
    logged_as: Option<String>,
    /// What is other than it was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differences: Vec<Difference>,
    /// A secret that was generated; shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// Whether the secret is all that was made.
    #[serde(skip)]
    is_secret: bool,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Created,
    Changed,
}

impl Action {
    fn word(self, dry_run: bool) -> &'static str {
        match (self, dry_run) {
            (Self::Created, false) => "created",
            (Self::Changed, false) => "changed",
            (Self::Created, true) => "would create",
            (Self::Changed, true) => "would change",
        }
    }
}

impl Change {
    /// For people.
    fn line(&self, dry_run: bool) -> String {
        let line = self.without_secret(self.action.word(dry_run), &self.what);
        let line = format!("{line}{}", differences::listed(&self.differences));
        match &self.secret {
            None => line,
            Some(secret) if self.is_secret => format!("{line}: {secret} (shown this once)"),
            Some(secret) => format!("{line} with secret {secret} (shown this once)"),
        }
    }

    /// For a log, which is collected and kept: without secrets, and people by their ids.
    fn log_line(&self) -> String {
        let what = self.logged_as.as_ref().unwrap_or(&self.what);
        self.without_secret(self.action.word(false), what)
    }

    fn without_secret(&self, word: &str, what: &str) -> String {
        let signs = if self.is_secret { "the secret that signs requests to " } else { "" };
        format!("{word} {signs}{what}")
    }
}

/// How something is called, on a terminal and in a log.
pub(super) struct Named {
    what: String,
    logged_as: Option<String>,
}

impl Named {
    /// What is about a person, whose address stays out of logs.
    pub(super) fn privately(what: String, logged_as: String) -> Self {
        Self { what, logged_as: Some(logged_as) }
    }
}

impl From<String> for Named {
    fn from(what: String) -> Self {
        Self { what, logged_as: None }
    }
}

/// What was made and changed, in order.
#[derive(Clone, Default, Serialize)]
#[expect(clippy::struct_field_names, reason = "they are the members of the JSON that `apply --json` prints")]
pub struct Changes {
    /// Whether it was only looked at, and nothing was made or changed.
    dry_run: bool,
    changes: Vec<Change>,
    /// What stays as it is although the file might lead one to expect something else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kept: Vec<String>,
    #[serde(skip)]
    kept_in_log: Vec<String>,
}

impl std::fmt::Debug for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Changes").field("count", &self.changes.len()).finish_non_exhaustive()
    }
}

impl Changes {
    pub(super) fn created(&mut self, named: impl Into<Named>) {
        self.add(Action::Created, named.into(), Vec::new(), None);
    }

    pub(super) fn created_with_secret(&mut self, named: impl Into<Named>, secret: String) {
        self.add(Action::Created, named.into(), Vec::new(), Some(secret));
    }

    /// The secret that requests to what is named are signed with.
    pub(super) fn created_signing_secret(&mut self, what: String, secret: String) {
        self.created_with_secret(what, secret);
        if let Some(made) = self.changes.last_mut() {
            made.is_secret = true;
        }
    }

    pub(super) fn changed(&mut self, named: impl Into<Named>, differences: Vec<Difference>) {
        self.add(Action::Changed, named.into(), differences, None);
    }

    /// Something that was there, and was given a secret.
    pub(super) fn changed_with_secret(
        &mut self,
        named: impl Into<Named>,
        differences: Vec<Difference>,
        secret: String,
    ) {
        self.add(Action::Changed, named.into(), differences, Some(secret));
    }

    fn add(&mut self, action: Action, named: Named, differences: Vec<Difference>, secret: Option<String>) {
        let Named { what, logged_as } = named;
        self.changes.push(Change { action, what, logged_as, differences, secret, is_secret: false });
    }

    pub(super) fn kept(&mut self, named: impl Into<Named>, why: &str) {
        let Named { what, logged_as } = named.into();
        let logged = logged_as.unwrap_or_else(|| what.clone());
        self.kept.push(format!("{what}, {why}"));
        self.kept_in_log.push(format!("{logged}, {why}"));
    }

    /// As what would be, not what is. Secrets that were made on trial go: the client never gets them.
    pub(super) fn only_looked_at(mut self) -> Self {
        self.dry_run = true;
        self.changes.iter_mut().for_each(|change| change.secret = None);
        self
    }

    /// Whether the installation was as the file says already.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// For people.
    pub fn lines(&self) -> Vec<String> {
        let changed = self.changes.iter().map(|change| change.line(self.dry_run));
        changed.chain(self.kept.iter().map(|what| format!("kept {what}"))).collect()
    }

    /// For a log, which is collected and kept: without secrets, and people by their ids.
    pub fn log_lines(&self) -> Vec<String> {
        let changed = self.changes.iter().map(Change::log_line);
        changed.chain(self.kept_in_log.iter().map(|what| format!("kept {what}"))).collect()
    }

    /// The lines that a log must not have: each shows a secret, this once.
    pub fn secret_lines(&self) -> Vec<String> {
        let secret = self.changes.iter().filter(|change| change.secret.is_some());
        secret.map(|change| change.line(self.dry_run)).collect()
    }
}
