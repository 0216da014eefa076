//! Members of other kinds than texts, and those that nothing here stands for.

use serde_json::Value;

use super::Fields;

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
}
