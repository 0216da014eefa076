//! Settings that are given by name: of realms and of clients. One document with members for all front doors, one way to
//! say what is wrong with a member.

use std::borrow::Cow;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::role::nearest;

/// A setting that cannot be kept: which, why, and what would do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{member}: {reason}")]
pub struct SettingRefused {
    /// The member.
    pub member: Cow<'static, str>,
    /// What is wrong and what would be right; never the value.
    pub reason: Cow<'static, str>,
}

impl SettingRefused {
    /// With the member, and what is wrong with it and what would do.
    pub fn new(member: impl Into<Cow<'static, str>>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { member: member.into(), reason: reason.into() }
    }

    /// What a reader says of a value it could not read. Its own words name the value of another type, which might be a
    /// secret in the wrong place; ours do not.
    fn unread(member: &str, error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let reason: Cow<'static, str> =
            if text.starts_with("invalid type") || text.starts_with("invalid value") {
                let wanted = text.rsplit_once("expected ").map_or("another type", |(_, wanted)| wanted);
                format!("this takes {}", in_words(wanted)).into()
            } else if let Some((_, wanted)) = text.split_once(", expected one of ") {
                format!("this takes one of {wanted}").into()
            } else if let Some((_, wanted)) = text.split_once(", expected ") {
                format!("this takes {wanted}").into()
            } else {
                text.into()
            };
        Self::new(member.to_owned(), reason)
    }
}

/// The reader's word for a type, as people say it.
fn in_words(wanted: &str) -> &str {
    match wanted {
        "a sequence" => "a list",
        "a boolean" => "true or false",
        "a string" => "text",
        "a map" => "an object",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
        structure if structure.starts_with("struct ") => "an object",
        other => other,
    }
}

/// Says no to a setting.
pub(crate) fn refuse(
    member: &'static str,
    reason: impl Into<Cow<'static, str>>,
) -> Result<(), SettingRefused> {
    Err(SettingRefused::new(member, reason))
}

/// Settings as a document with a member for each.
pub(crate) trait Settings: Serialize + DeserializeOwned + Default {
    /// Whose they are, as in "no client has such a setting".
    const OF: &str;

    /// What `null` gives back.
    fn defaults(&self) -> Self {
        Self::default()
    }

    /// The names of all of them.
    fn names() -> Vec<String> {
        members(&Self::default()).into_iter().map(|(name, _)| name).collect()
    }

    /// These, with some given anew by name; `null` gives back the default. An unknown name is refused with the nearest
    /// there is.
    fn changed(&self, changes: &Map<String, Value>) -> Result<Self, SettingRefused> {
        let broken = |_| SettingRefused::new("settings", "they cannot be written as JSON");
        let (mut all, defaults) = (members(self), members(&self.defaults()));
        for (name, value) in changes {
            let Some(default) = defaults.get(name) else {
                let near = nearest(name, defaults.keys());
                let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                let reason = format!("no {} has such a setting{hint}", Self::OF);
                return Err(SettingRefused::new(name.clone(), reason));
            };
            let value = if value.is_null() { default.clone() } else { value.clone() };
            // By itself, so that the mistake is told of the member that has it.
            let alone = |value: &Value| {
                let members = Map::from_iter([(name.clone(), value.clone())]);
                serde_json::from_value::<Self>(Value::Object(members))
            };
            alone(&value).map_err(|error| {
                // Where one of some words is to stand, only of a word is it said which there are.
                let of_word = alone(&Value::from("")).err().filter(|_| !value.is_string());
                let of_word = of_word.filter(|error| error.to_string().starts_with("unknown variant"));
                SettingRefused::unread(name, &of_word.unwrap_or(error))
            })?;
            all.insert(name.clone(), value);
        }
        serde_json::from_value(Value::Object(all)).map_err(broken)
    }

    /// These, with the named ones as the others have them.
    fn with_those_of(&self, names: &[String], others: &Self) -> Result<Self, serde_json::Error> {
        let (mut all, theirs) = (members(self), members(others));
        let taken = names.iter().filter_map(|name| Some((name.clone(), theirs.get(name)?.clone())));
        all.extend(taken);
        serde_json::from_value(Value::Object(all))
    }

    /// The names of those in which two differ.
    fn differences(&self, other: &Self) -> Vec<String> {
        let theirs = members(other);
        members(self)
            .into_iter()
            .filter(|(name, value)| theirs.get(name) != Some(value))
            .map(|(name, _)| name)
            .collect()
    }
}

fn members(settings: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(settings) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

/// The most that a list of settings has.
pub(crate) const MOST: usize = 100;

/// Whether all can stand in `aud`: names, or absolute URIs without fragment (RFC 8707 section 2).
pub(crate) fn check_audience(audience: &[String]) -> Result<(), SettingRefused> {
    if audience.iter().all(|one| is_word(one) && !one.contains('#')) {
        return Ok(());
    }
    refuse("audience", "write names or absolute URIs without fragment, of up to 255 letters")
}

/// Printable, without a space, and not too long.
pub(crate) fn is_word(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|letter| letter.is_ascii_graphic())
}
