//! The members of a body or a query: all that is wrong with them is said at once, and never what was sent.

mod kinds;

use axum::http::StatusCode;
use gatepost_domain::EmailAddress;
use serde_json::Value;
use zeroize::Zeroizing;

use super::refusal::Refusal;

pub(super) use kinds::{Permissions, permissions};

/// The members, as they are taken out one after another.
pub(super) struct Fields {
    whole: &'static str,
    sent: Option<Value>,
    wrong: Vec<String>,
}

impl Fields {
    pub(super) fn of_body(sent: Option<Value>) -> Self {
        Self::of("body", sent)
    }

    pub(super) fn of_query(sent: Value) -> Self {
        Self::of("query", Some(sent))
    }

    pub(super) fn of(whole: &'static str, sent: Option<Value>) -> Self {
        let mut fields = Self { whole, sent, wrong: Vec::new() };
        if !fields.sent.as_ref().is_some_and(Value::is_object) {
            let received = received(fields.sent.as_ref());
            fields.wrong.push(format!("[{whole}] Invalid input: expected object, received {received}"));
        }
        fields
    }

    /// What was sent as the member, whatever it is.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.sent.as_mut().and_then(Value::as_object_mut).and_then(|members| members.remove(name))
    }

    /// Whether the member is there, whatever it is.
    pub(super) fn has(&self, name: &str) -> bool {
        self.sent.as_ref().is_some_and(|sent| sent.get(name).is_some())
    }

    /// Whether it is there and says anything.
    pub(super) fn says(&self, name: &str) -> bool {
        let member = self.sent.as_ref().and_then(|sent| sent.get(name));
        member.is_some_and(|member| !matches!(member, Value::Null | Value::Bool(false)) && member != "")
    }

    /// Says what is wrong with the member.
    pub(super) fn complain(&mut self, name: &str, why: &str) {
        // Of what is no object no member is missed.
        if self.sent.as_ref().is_some_and(Value::is_object) {
            self.wrong.push(format!("[{}.{name}] {why}", self.whole));
        }
    }

    /// Says that the member should be of another kind.
    pub(super) fn expected(&mut self, name: &str, kind: &str, sent: Option<&Value>) {
        let received = received(sent);
        self.complain(name, &format!("Invalid input: expected {kind}, received {received}"));
    }

    /// A text that must be there.
    pub(super) fn text(&mut self, name: &str) -> String {
        match self.take(name) {
            Some(Value::String(text)) => text,
            other => {
                self.expected(name, "string", other.as_ref());
                String::new()
            }
        }
    }

    /// A text that may be left out.
    pub(super) fn optional_text(&mut self, name: &str) -> Option<String> {
        if self.has(name) { Some(self.text(name)) } else { None }
    }

    /// A text that may be left out, and be cleared with `null`.
    pub(super) fn given_text(&mut self, name: &str) -> Option<Option<String>> {
        match self.take(name)? {
            Value::Null => Some(None),
            Value::String(text) => Some(Some(text)),
            other => {
                self.expected(name, "string", Some(&other));
                None
            }
        }
    }

    /// A password, whatever it is. Its memory is wiped.
    pub(super) fn password(&mut self, name: &str) -> Zeroizing<String> {
        Zeroizing::new(self.text(name))
    }

    /// A password that somebody chooses.
    pub(super) fn new_password(&mut self, name: &str) -> Zeroizing<String> {
        let sent = self.has(name);
        let password = self.password(name);
        if sent && password.is_empty() && !self.wrong.iter().any(|wrong| wrong.contains(name)) {
            self.complain(name, "Too small: expected string to have >=1 characters");
        }
        password
    }

    /// An address, which is looked at as every door does.
    pub(super) fn email(&mut self, name: &str) -> Option<EmailAddress> {
        let known = self.wrong.len();
        let email = self.text(name).parse().ok();
        if email.is_none() && self.wrong.len() == known {
            self.complain(name, "Invalid email address");
        }
        email
    }

    /// One of these texts.
    pub(super) fn one_of(&mut self, name: &str, options: &[&str]) -> String {
        match self.take(name) {
            Some(Value::String(text)) if options.contains(&text.as_str()) => text,
            _ => {
                let options: Vec<String> = options.iter().map(|option| format!("{option:?}")).collect();
                self.complain(name, &format!("Invalid option: expected one of {}", options.join("|")));
                String::new()
            }
        }
    }

    /// Yes or no, which may be left out.
    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.take(name)? {
            Value::Bool(flag) => Some(flag),
            other => {
                self.expected(name, "boolean", Some(&other));
                None
            }
        }
    }

    /// What is wrong with a member that has members of its own is wrong with this.
    pub(super) fn join(&mut self, within: Self) {
        if self.sent.as_ref().is_some_and(Value::is_object) {
            self.wrong.extend(within.wrong);
        }
    }

    /// Refuses the request if anything was wrong.
    pub(super) fn done(self) -> Result<(), Refusal> {
        self.done_or(|wrong| Refusal::new(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", wrong))
    }

    /// The same, where what was wrong is said in another way.
    pub(super) fn done_or(self, refusal: impl FnOnce(&str) -> Refusal) -> Result<(), Refusal> {
        if self.wrong.is_empty() { Ok(()) } else { Err(refusal(&self.wrong.join("; "))) }
    }
}

fn received(sent: Option<&Value>) -> &'static str {
    match sent {
        None => "undefined",
        Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "boolean",
        Some(Value::Number(_)) => "number",
        Some(Value::String(_)) => "string",
        Some(Value::Array(_)) => "array",
        Some(Value::Object(_)) => "object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wrong(sent: Option<Value>) -> String {
        let mut fields = Fields::of_body(sent);
        let _ = (fields.text("name"), fields.email("email"), fields.new_password("password"));
        let _ = (fields.flag("rememberMe"), fields.optional_text("image"));
        fields.wrong.join("; ")
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once_and_nothing_that_was_sent() {
        assert_eq!(wrong(Some(json!({"name": "", "email": "a@example.com", "password": "x"}))), "");
        assert_eq!(
            wrong(Some(json!({"name": 1, "email": "hunter2", "password": "", "rememberMe": "hunter2"}))),
            "[body.name] Invalid input: expected string, received number; [body.email] Invalid email address; \
             [body.password] Too small: expected string to have >=1 characters; \
             [body.rememberMe] Invalid input: expected boolean, received string"
        );
        let missing = "Invalid input: expected string, received undefined";
        assert_eq!(
            wrong(Some(json!({}))),
            format!("[body.name] {missing}; [body.email] {missing}; [body.password] {missing}")
        );
        for (sent, received) in
            [(None, "undefined"), (Some(json!([1])), "array"), (Some(json!("x")), "string")]
        {
            assert_eq!(wrong(sent), format!("[body] Invalid input: expected object, received {received}"));
        }
    }
}
