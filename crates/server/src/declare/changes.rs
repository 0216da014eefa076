//! What applying a file changed.

use serde::Serialize;

/// One thing that was made or changed.
#[derive(Clone, Debug, Serialize)]
struct Change {
    /// `created` or `changed`.
    action: &'static str,
    /// As in `realm acme` or `user ada@example.com in acme`.
    what: String,
    /// A secret that was generated; shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl Change {
    /// The change, and its secret.
    fn line(&self, dry_run: bool) -> (String, Option<&str>) {
        let would = if dry_run { "would have " } else { "" };
        (format!("{would}{} {}", self.action, self.what), self.secret.as_deref())
    }

    fn shown_once((line, secret): (String, Option<&str>)) -> String {
        match secret {
            None => line,
            Some(secret) => format!("{line} with secret {secret} (shown this once)"),
        }
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
}

impl std::fmt::Debug for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Changes").field("count", &self.changes.len()).finish_non_exhaustive()
    }
}

impl Changes {
    pub(super) fn created(&mut self, what: impl Into<String>) {
        self.changes.push(Change { action: "created", what: what.into(), secret: None });
    }

    pub(super) fn created_with_secret(&mut self, what: impl Into<String>, secret: String) {
        self.changes.push(Change { action: "created", what: what.into(), secret: Some(secret) });
    }

    pub(super) fn changed(&mut self, what: impl Into<String>) {
        self.changes.push(Change { action: "changed", what: what.into(), secret: None });
    }

    pub(super) fn kept(&mut self, what: impl Into<String>) {
        self.kept.push(what.into());
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
        changed.map(Change::shown_once).chain(self.kept_lines()).collect()
    }

    /// For a log, which is collected and kept: without secrets.
    pub fn log_lines(&self) -> Vec<String> {
        let changed = self.changes.iter().map(|change| change.line(self.dry_run).0);
        changed.chain(self.kept_lines()).collect()
    }

    /// The lines that a log must not have: each shows a secret, this once.
    pub fn secret_lines(&self) -> Vec<String> {
        let secret = self.changes.iter().filter(|change| change.secret.is_some());
        secret.map(|change| Change::shown_once(change.line(self.dry_run))).collect()
    }

    fn kept_lines(&self) -> impl Iterator<Item = String> {
        self.kept.iter().map(|what| format!("kept {what}"))
    }
}
