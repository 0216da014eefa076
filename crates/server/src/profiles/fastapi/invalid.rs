//! The list of what is wrong with a request, as pydantic makes it: each entry with its kind, its place, words, and what stood there.

use std::{borrow::Cow, fmt};

use serde::{Serialize, Serializer, ser::SerializeStruct as _};
use serde_json::{Value, json};

use super::ordered::Json;

/// One part of a place.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Loc {
    /// `body`, `query`, `path`, and names of members.
    Name(&'static str),
    /// How far into the body.
    At(usize),
}

/// One thing that is wrong. `Debug` hides what stood there: it may be a password.
#[derive(Clone, PartialEq)]
pub struct Invalid(Box<Entry>);

#[derive(Clone, PartialEq)]
struct Entry {
    kind: &'static str,
    loc: Vec<Loc>,
    msg: Cow<'static, str>,
    input: Json,
    ctx: Option<Value>,
}

impl fmt::Debug for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Entry { kind, loc, .. } = &*self.0;
        f.debug_struct("Invalid").field("kind", kind).field("loc", loc).finish_non_exhaustive()
    }
}

impl Serialize for Invalid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Entry { kind, loc, msg, input, ctx } = &*self.0;
        let mut entry = serializer.serialize_struct("Invalid", 4 + usize::from(ctx.is_some()))?;
        entry.serialize_field("type", kind)?;
        entry.serialize_field("loc", loc)?;
        entry.serialize_field("msg", msg)?;
        entry.serialize_field("input", input)?;
        if let Some(ctx) = ctx {
            entry.serialize_field("ctx", ctx)?;
        }
        entry.end()
    }
}

impl Invalid {
    fn new(kind: &'static str, loc: Vec<Loc>, msg: impl Into<Cow<'static, str>>, input: Json) -> Self {
        let of_secret = matches!(loc.last(), Some(Loc::Name(name)) if is_secret(name)) && kind != "missing";
        let input = match input {
            Json::Null => Json::Null,
            _ if of_secret => Json::String(HIDDEN.to_owned()),
            shown => hidden(shown),
        };
        Self(Box::new(Entry { kind, loc, msg: msg.into(), input, ctx: None }))
    }

    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.ctx = Some(json!({ name: value.into() }));
        self
    }

    /// A member that is not there. `within` is the object it is missing in; forms and queries have none.
    pub fn missing(loc: &[&'static str], within: Json) -> Self {
        Self::new("missing", names(loc), "Field required", within)
    }

    /// A body that is no JSON: where, and what was expected there.
    pub fn json(at: usize, error: &'static str) -> Self {
        let loc = vec![Loc::Name("body"), Loc::At(at)];
        Self::new("json_invalid", loc, "JSON decode error", Json::Object(Vec::new())).with("error", error)
    }

    /// A body that is JSON, and no object.
    pub fn no_object(input: Json) -> Self {
        let msg = "Input should be a valid dictionary or object to extract fields from";
        Self::new("model_attributes_type", names(&["body"]), msg, input)
    }

    /// Text was expected.
    pub fn no_string(loc: &[&'static str], input: Json) -> Self {
        Self::new("string_type", names(loc), "Input should be a valid string", input)
    }

    /// Text that is no address.
    pub fn no_email(loc: &[&'static str], input: &str, reason: String) -> Self {
        let msg = format!("value is not a valid email address: {reason}");
        Self::new("value_error", names(loc), msg, Json::String(input.to_owned())).with("reason", reason)
    }

    /// A value that a rule of ours refuses. What it was is not repeated: it may be a password.
    pub fn refused(loc: &[&'static str], reason: &str) -> Self {
        Self::new("value_error", names(loc), format!("Value error, {reason}"), Json::Null)
            .with("error", json!({}))
    }

    /// Text that is no whole number.
    pub fn no_int(loc: &[&'static str], input: &str) -> Self {
        let msg = "Input should be a valid integer, unable to parse string as an integer";
        Self::new("int_parsing", names(loc), msg, Json::String(input.to_owned()))
    }

    /// Text that is no UUID.
    pub fn no_uuid(loc: &[&'static str], input: &str, error: &str) -> Self {
        let msg = format!("Input should be a valid UUID, {error}");
        Self::new("uuid_parsing", names(loc), msg, Json::String(input.to_owned())).with("error", error)
    }

    /// Text that is none of these words, as in `'a', 'b' or 'c'`.
    pub fn no_choice(loc: &[&'static str], input: &str, expected: &'static str) -> Self {
        let msg = format!("Input should be {expected}");
        Self::new("enum", names(loc), msg, Json::String(input.to_owned())).with("expected", expected)
    }

    /// Text that a pattern does not fit.
    pub fn no_match(loc: &[&'static str], input: &str, pattern: &'static str) -> Self {
        let msg = format!("String should match pattern '{pattern}'");
        Self::new("string_pattern_mismatch", names(loc), msg, Json::String(input.to_owned()))
            .with("pattern", pattern)
    }
}

/// What stands for a password in what is told again, as pydantic has it for what it knows to be one.
const HIDDEN: &str = "**********";

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("password") || matches!(&*name, "client_secret" | "refresh_token")
}

/// The same without passwords. A body that is no JSON may be one that holds some.
fn hidden(input: Json) -> Json {
    let member = |(name, value): (String, Json)| match value {
        Json::Null => (name, Json::Null),
        _ if is_secret(&name) => (name, Json::String(HIDDEN.to_owned())),
        value => (name, hidden(value)),
    };
    match input {
        Json::Object(members) => Json::Object(members.into_iter().map(member).collect()),
        Json::Array(values) => Json::Array(values.into_iter().map(hidden).collect()),
        Json::String(text) if text.to_ascii_lowercase().contains("password") => {
            Json::String(HIDDEN.to_owned())
        }
        other => other,
    }
}

fn names(loc: &[&'static str]) -> Vec<Loc> {
    loc.iter().copied().map(Loc::Name).collect()
}

/// Everything that is wrong with a request, in the order in which its parts are declared.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Invalids(Vec<Invalid>);

impl Invalids {
    /// One thing.
    pub fn of(invalid: Invalid) -> Self {
        Self(vec![invalid])
    }

    /// One more, if there is one: the value where there is none.
    pub fn note<T>(&mut self, read: Result<T, Invalid>) -> Option<T> {
        read.map_err(|invalid| self.0.push(invalid)).ok()
    }

    /// All that is wrong, if anything is.
    pub fn check(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}
