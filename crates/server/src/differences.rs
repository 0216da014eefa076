//! What a change changed, for people: each setting with what it was and what it is.

use serde::Serialize;
use serde_json::{Map, Value};

/// Longer values are cut: a picture or a set of keys is not read in a line.
const LONGEST: usize = 60;

/// One setting that changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    setting: String,
    #[serde(flatten)]
    how: How,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
enum How {
    Values {
        from: Value,
        to: Value,
    },
    /// Where the values are not to be shown.
    Said {
        is: &'static str,
    },
}

impl Difference {
    /// As in `secret replaced`, of what is not shown.
    pub(crate) fn said(setting: &str, is: &'static str) -> Self {
        Self { setting: setting.to_owned(), how: How::Said { is } }
    }

    /// One value, `None` where it is as it was.
    pub(crate) fn of(setting: &str, before: &impl Serialize, after: &impl Serialize) -> Option<Self> {
        let [from, to] =
            [serde_json::to_value(before), serde_json::to_value(after)].map(Result::unwrap_or_default);
        (from != to).then(|| Self { setting: setting.to_owned(), how: How::Values { from, to } })
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.how {
            How::Values { from, to } => {
                let name = &self.setting;
                let [was, is] = [from, to].map(|value| setting(name, value));
                // `none` is a word of its own in some settings.
                let told =
                    |value: &Value, text: String| if value.is_null() { "unset".to_owned() } else { text };
                let [was, is] = if was == is { [told(from, was), told(to, is)] } else { [was, is] };
                write!(f, "{name} {was} -> {is}")
            }
            How::Said { is } => write!(f, "{} {is}", self.setting),
        }
    }
}

/// The members in which two documents differ, in the order of their names.
pub(crate) fn between(before: &impl Serialize, after: &impl Serialize) -> Vec<Difference> {
    let members = |document: Result<Value, _>| match document {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    };
    let (before, after) = (members(serde_json::to_value(before)), members(serde_json::to_value(after)));
    let was = |name: &String| before.get(name).unwrap_or(&Value::Null);
    after.iter().filter_map(|(name, is)| Difference::of(name, was(name), is)).collect()
}

/// `: ` and all of them, or nothing where there is none.
pub(crate) fn listed(differences: &[Difference]) -> String {
    let all: Vec<String> = differences.iter().map(ToString::to_string).collect();
    if all.is_empty() { String::new() } else { format!(": {}", all.join(", ")) }
}

/// The members of an interceptor, as they stand in a line.
const INTERCEPTOR: [&str; 4] = ["event", "url", "timeout", "unanswered"];

/// A setting as it stands in a line. Interceptors are whole: who is asked is what one looks for.
pub(crate) fn setting(name: &str, value: &Value) -> String {
    match value {
        Value::Array(all) if name == "interceptors" && !all.is_empty() => {
            let line = |one: &Value| INTERCEPTOR.map(|member| one[member].as_str().unwrap_or("-")).join("  ");
            all.iter().map(line).collect::<Vec<_>>().join("; ")
        }
        value => brief(value),
    }
}

/// A value as it stands in a line: text as it is, lists with blanks between, `none` where nothing is.
fn brief(value: &Value) -> String {
    let text = match value {
        Value::Null => "none".to_owned(),
        Value::String(text) if text.is_empty() => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(all) if all.is_empty() => "none".to_owned(),
        Value::Array(all) if all.iter().all(Value::is_string) => {
            all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
        }
        Value::Object(members) if members.values().all(|value| value.is_number() || value.is_boolean()) => {
            members.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_changed_is_told_with_what_it_was() {
        let before = json!({ "ttl": "15m", "hosts": [], "open": true, "name": null, "password": { "min_length": 12 } });
        let after = json!({ "ttl": "5m", "hosts": ["a.test", "b.test"], "open": true, "name": "Notes", "password": { "min_length": 8 } });
        assert_eq!(
            listed(&between(&before, &after)),
            ": hosts none -> a.test b.test, name none -> Notes, password min_length 12 -> min_length 8, ttl 15m -> 5m"
        );
        assert_eq!(listed(&between(&after, &after)), "");
        let interceptor = |url: &str| json!([{ "event": "pre_session_creation", "url": url, "timeout": "3s", "unanswered": "deny" }]);
        let before = json!({ "interceptors": [] });
        let (first, second) = (
            json!({ "interceptors": interceptor("https://the-first-application.example.com/gatepost/interceptor") }),
            json!({ "interceptors": interceptor("https://app.test/") }),
        );
        assert_eq!(
            [listed(&between(&before, &first)), listed(&between(&first, &second))],
            [
                ": interceptors none -> pre_session_creation  https://the-first-application.example.com/gatepost/interceptor  3s  deny",
                ": interceptors pre_session_creation  https://the-first-application.example.com/gatepost/interceptor  3s  deny \
                 -> pre_session_creation  https://app.test/  3s  deny",
            ]
        );
        let public = Difference::of("token_endpoint_auth_method", &None::<&str>, &"none").unwrap();
        assert_eq!(public.to_string(), "token_endpoint_auth_method unset -> none");
        assert_eq!(Difference::said("secret", "replaced").to_string(), "secret replaced");
        assert_eq!(brief(&json!("x".repeat(61))), format!("{}…", "x".repeat(60)));
        let one = Difference::of("ttl", &"15m", &"5m").unwrap();
        assert_eq!(
            serde_json::to_value(one).unwrap(),
            json!({ "setting": "ttl", "from": "15m", "to": "5m" })
        );
    }
}
