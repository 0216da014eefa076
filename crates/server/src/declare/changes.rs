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
        let changed = self.changes.iter().map(|change| match &change.secret {
            None if self.dry_run => format!("would have {} {}", change.action, change.what),
            None => format!("{} {}", change.action, change.what),
            Some(secret) => {
                format!("{} {} with secret {secret} (shown this once)", change.action, change.what)
            }
        });
        changed.chain(self.kept.iter().map(|what| format!("kept {what}"))).collect()
    }
}
