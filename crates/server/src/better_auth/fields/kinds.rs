//! Members of other kinds than texts, and those that nothing here stands for.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Map, Value, json};

use super::{Fields, received};

/// Resources, each with what may be done with it.
pub(in crate::better_auth) type Permissions = BTreeMap<String, Vec<String>>;

/// Reads them, if it is they.
pub(in crate::better_auth) fn permissions(sent: Value) -> Option<Permissions> {
    serde_json::from_value(sent).ok()
}

impl Fields {
    /// An object that must be there, whatever is in it.
    pub(in crate::better_auth) fn object(&mut self, name: &str) -> Value {
        match self.take(name) {
            Some(object @ Value::Object(_)) => object,
            other => {
                self.expected(name, "record", other.as_ref());
                Value::Null
            }
        }
    }

    /// A text that must be there, with more in it than spaces.
    pub(in crate::better_auth) fn filled(&mut self, name: &str) -> String {
        let known = self.wrong.len();
        let text = self.text(name);
        if text.trim().is_empty() && self.wrong.len() == known {
            self.complain(name, "Too small: expected string to have >=1 characters");
        }
        text
    }

    /// One of some words, which may be left out.
    pub(in crate::better_auth) fn word(
        &mut self,
        name: &str,
        words: &[&'static str],
    ) -> Option<&'static str> {
        let sent = self.take(name)?;
        let found = words.iter().find(|word| sent == **word).copied();
        if found.is_none() {
            let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
            self.complain(name, &format!("Invalid option: expected one of {}", words.join("|")));
        }
        found
    }

    /// Refuses a member that asks for something: it would be believed, and not done.
    pub(in crate::better_auth) fn without(&mut self, name: &str, why: &str) {
        if self.says(name) {
            self.complain(name, why);
        }
        self.take(name);
    }

    /// Resources and what may be done with them, which may be left out.
    pub(in crate::better_auth) fn permissions(&mut self, name: &str) -> Option<Permissions> {
        let sent = self.take(name).filter(|sent| !sent.is_null())?;
        let kind = received(Some(&sent));
        let read = permissions(sent);
        if read.is_none() {
            let why = format!("Invalid input: expected resources with lists of actions, received {kind}");
            self.complain(name, &why);
        }
        read
    }

    /// A whole number in a query, which may be left out.
    pub(in crate::better_auth) fn number(&mut self, name: &str) -> Option<u32> {
        let sent = self.take(name)?;
        let number = sent.as_str().and_then(|text| text.parse().ok());
        if number.is_none() {
            self.complain(name, "Invalid input: expected number, received NaN");
        }
        number
    }

    /// Whole seconds, one at least, which may be left out.
    pub(in crate::better_auth) fn seconds(&mut self, name: &str) -> Option<Duration> {
        let sent = self.take(name).filter(|sent| !sent.is_null())?;
        match (sent.as_u64(), sent.is_number()) {
            (Some(seconds @ 1..=0xffff_ffff), _) => return Some(Duration::from_secs(seconds)),
            (Some(0), _) => self.complain(name, "Too small: expected number to be >=1"),
            (_, true) => self.complain(name, "Invalid input: expected whole seconds, up to 4294967295"),
            _ => self.expected(name, "number", Some(&sent)),
        }
        None
    }

    /// Says what is wrong with a member that was read.
    pub(in crate::better_auth) fn refuse(&mut self, name: &str, why: &str) {
        self.complain(name, why);
    }

    /// The members of an object within. What is none is said to be, and has none.
    pub(in crate::better_auth) fn nested(
        &mut self,
        name: &str,
        whole: &'static str,
        is_required: bool,
    ) -> Self {
        let sent = match self.take(name) {
            Some(object @ Value::Object(_)) => object,
            None if !is_required => json!({}),
            other => {
                self.expected(name, "record", other.as_ref());
                json!({})
            }
        };
        Self::of(whole, Some(sent))
    }

    /// Says also what is wrong within.
    pub(in crate::better_auth) fn with(&mut self, within: Self) {
        self.wrong.extend(within.wrong);
    }

    /// Whether there is no member, or none that was not read.
    pub(in crate::better_auth) fn is_empty(&self) -> bool {
        self.sent.as_ref().and_then(Value::as_object).is_none_or(Map::is_empty)
    }

    /// Refuses every member that was not read: it would be believed, and not be kept.
    pub(in crate::better_auth) fn nothing_else(&mut self) {
        let rest = self.sent.as_mut().and_then(Value::as_object_mut).map(std::mem::take).unwrap_or_default();
        for name in rest.keys() {
            self.wrong.push(format!("[{}.{}] Nothing is kept under this name", self.whole, shortened(name)));
        }
    }

    /// A member of any kind, which may be left out.
    pub(in crate::better_auth) fn value(&mut self, name: &str) -> Option<Value> {
        self.take(name)
    }
}

/// A name that somebody made up, for a sentence.
fn shortened(name: &str) -> String {
    name.chars().filter(|letter| !letter.is_control()).take(40).collect()
}
