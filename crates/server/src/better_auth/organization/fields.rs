//! Members of a body that the plugin alone has.

use gatepost_domain::{LogoUrl, Metadata};
use serde_json::Value;

use super::super::fields::Fields;
use crate::{
    http::Problem,
    organizations::{self, teams::MOST_OF_INVITATION},
    realm::Snapshot,
};

impl Fields {
    /// A text with something in it, which may be left out.
    pub(super) fn optional_filled(&mut self, name: &str) -> Option<String> {
        self.has(name).then(|| self.filled(name))
    }

    /// Where the logo is, which `null` takes away, and metadata, which takes the place of what was kept.
    pub(super) fn kept(&mut self) -> (Option<Option<LogoUrl>>, Option<Metadata>) {
        let logo = self.given_text("logo").map(|text| organizations::logo_url(&text.unwrap_or_default()));
        let metadata = match self.take("metadata") {
            None => None,
            Some(Value::Object(object)) => Some(organizations::metadata(object)),
            other => {
                self.expected("metadata", "record", other.as_ref());
                None
            }
        };
        (self.sound("logo", logo), self.sound("metadata", metadata))
    }

    /// What was read of a member, if it is as it should be.
    fn sound<T>(&mut self, name: &str, read: Option<Result<T, Problem>>) -> Option<T> {
        match read? {
            Ok(read) => Some(read),
            Err(Problem::InvalidField { reason, .. }) => {
                self.complain(name, &reason);
                None
            }
            Err(_) => None,
        }
    }

    /// Roles: a text with commas between, or a list of such.
    pub(super) fn roles(&mut self, name: &str) -> Vec<String> {
        let texts = match self.take(name) {
            Some(Value::String(text)) => Some(vec![text]),
            Some(Value::Array(all)) => all.into_iter().map(text).collect(),
            _ => None,
        };
        let Some(texts) = texts else {
            self.complain(name, "Invalid input");
            return Vec::new();
        };
        let names = texts.iter().flat_map(|text| text.split(',')).map(str::trim);
        names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    /// The teams to be put into: the id of one, or a list of such.
    pub(super) fn team_ids(&mut self, realm: &Snapshot) -> Vec<String> {
        let ids = match self.take("teamId") {
            None => Some(Vec::new()),
            Some(_) if !realm.settings().teams => {
                self.complain("teamId", "There are no teams here; leave it out");
                return Vec::new();
            }
            Some(Value::String(id)) => Some(vec![id]),
            Some(Value::Array(all)) => all.into_iter().map(text).collect(),
            Some(_) => None,
        };
        let Some(ids) = ids else {
            self.complain("teamId", "Invalid input");
            return Vec::new();
        };
        let mut each = Vec::new();
        for id in ids {
            if !each.contains(&id) {
                each.push(id);
            }
            if each.len() > MOST_OF_INVITATION {
                self.complain("teamId", &format!("Give at most {MOST_OF_INVITATION} teams"));
                return Vec::new();
            }
        }
        each
    }

    /// What is asked of each resource. The older name of the member counts where it alone is there.
    pub(super) fn wanted(&mut self) -> Vec<(String, Vec<String>)> {
        let (one, other) = (self.take("permissions"), self.take("permission"));
        let sent = match (one, other) {
            (Some(sent), None) | (None, Some(sent)) => read_permissions(sent),
            _ => None,
        };
        sent.unwrap_or_else(|| {
            self.complain("permissions", "Give an object that has a list of actions for each resource");
            Vec::new()
        })
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn read_permissions(sent: Value) -> Option<Vec<(String, Vec<String>)>> {
    let Value::Object(resources) = sent else { return None };
    let read = |(resource, actions)| match actions {
        Value::Array(actions) => Some((resource, actions.into_iter().map(text).collect::<Option<_>>()?)),
        _ => None,
    };
    resources.into_iter().map(read).collect()
}
