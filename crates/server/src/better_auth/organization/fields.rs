//! Members of a body that the plugin alone has.

use serde_json::Value;

use super::super::fields::Fields;

impl Fields {
    /// A text with something in it, which may be left out.
    pub(super) fn optional_filled(&mut self, name: &str) -> Option<String> {
        self.has(name).then(|| self.filled(name))
    }

    /// The members that an organization has there and not here: refused, so that nobody takes them for kept.
    pub(super) fn refuse_unkept(&mut self) {
        match self.take("logo") {
            None | Some(Value::Null) => {}
            Some(Value::String(_)) => {
                self.complain("logo", "An organization keeps no logo here; leave it out");
            }
            other => self.expected("logo", "string", other.as_ref()),
        }
        match self.take("metadata") {
            None => {}
            Some(Value::Object(_)) => {
                self.complain("metadata", "An organization keeps no metadata here; leave it out");
            }
            other => self.expected("metadata", "record", other.as_ref()),
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
