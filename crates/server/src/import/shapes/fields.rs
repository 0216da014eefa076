//! One row: names and what stands there. What is wrong is said without quoting it, for it may be an address or a hash.

use serde_json::{Map, Value};

/// What a user looks like.
const EXAMPLE: &str = "an object, as in {\"email\": \"ada@example.com\"}";

/// What a row says. Empty texts and `null` are nothing.
#[derive(Debug, Default)]
pub(in crate::import) struct Fields(Map<String, Value>);

impl Fields {
    pub(in crate::import) fn of_json(text: &str) -> Result<Self, String> {
        match serde_json::from_str(text) {
            Ok(fields) => Ok(Self(fields)),
            Err(error) if error.is_data() => Err(format!("not {EXAMPLE}")),
            Err(error) => Err(format!("not JSON, at column {}; each user is {EXAMPLE}", error.column())),
        }
    }

    /// Of as many cells as columns.
    pub(in crate::import) fn of_cells(columns: &[String], record: &csv::ByteRecord) -> Result<Self, String> {
        let cell = |(name, cell): (&String, &[u8])| {
            let text =
                std::str::from_utf8(cell).map_err(|_| format!("{name}: not UTF-8; save the file as that"))?;
            Ok((name.clone(), Value::String(text.to_owned())))
        };
        columns.iter().zip(record).map(cell).collect::<Result<_, _>>().map(Self)
    }

    /// Takes the first of these names that says something.
    fn take(&mut self, names: &[&'static str]) -> Option<(&'static str, Value)> {
        let mut found = None;
        for name in names {
            let value = self.0.remove(*name);
            if let Some(value) = value.filter(|value| !value.is_null() && value.as_str() != Some("")) {
                found.get_or_insert((*name, value));
            }
        }
        found
    }

    /// A text. Numbers are their digits: some write moments so.
    pub(super) fn text(&mut self, names: &[&'static str]) -> Result<Option<String>, String> {
        match self.take(names) {
            None => Ok(None),
            Some((_, Value::String(text))) => Ok(Some(text)),
            Some((_, Value::Number(number))) => Ok(Some(number.to_string())),
            Some((name, _)) => Err(format!("{name}: not a text; write one in quotes")),
        }
    }

    /// Yes or no, as JSON and databases spell them.
    pub(super) fn flag(&mut self, names: &[&'static str]) -> Result<Option<bool>, String> {
        let Some((name, value)) = self.take(names) else { return Ok(None) };
        let text = match &value {
            Value::Bool(flag) => return Ok(Some(*flag)),
            Value::String(text) => text.trim().to_ascii_lowercase(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
        };
        match &*text {
            "true" | "t" | "1" | "yes" => Ok(Some(true)),
            "false" | "f" | "0" | "no" => Ok(Some(false)),
            _ => Err(format!("{name}: neither true nor false; write one of the two")),
        }
    }

    /// Words: an array of texts, or a text with blanks between them.
    pub(super) fn words(&mut self, names: &[&'static str]) -> Result<Vec<String>, String> {
        let Some((name, value)) = self.take(names) else { return Ok(Vec::new()) };
        let wrong = || format!("{name}: not a list of names; write one as in [\"editor\"]");
        match value {
            Value::String(text) => Ok(text.split_ascii_whitespace().map(str::to_owned).collect()),
            Value::Array(elements) => elements
                .into_iter()
                .map(|element| element.as_str().map(str::to_owned).ok_or_else(wrong))
                .collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Err(wrong()),
        }
    }

    /// An object within.
    pub(super) fn object(&mut self, names: &[&'static str]) -> Result<Option<Self>, String> {
        match self.take(names) {
            None => Ok(None),
            Some((_, Value::Object(fields))) => Ok(Some(Self(fields))),
            Some((name, _)) => {
                Err(format!("{name}: not an object; see that --format names what wrote the file"))
            }
        }
    }

    /// Objects within, in an array or alone.
    pub(super) fn objects(&mut self, names: &[&'static str]) -> Result<Vec<Self>, String> {
        let Some((name, value)) = self.take(names) else { return Ok(Vec::new()) };
        let elements = match value {
            Value::Array(elements) => elements,
            one => vec![one],
        };
        elements
            .into_iter()
            .map(|element| match element {
                Value::Object(fields) => Ok(Self(fields)),
                _ => {
                    Err(format!("{name}: not a list of objects; see that --format names what wrote the file"))
                }
            })
            .collect()
    }

    /// An object that is written as a text within.
    pub(super) fn document(&mut self, name: &'static str) -> Result<Self, String> {
        let text = self.text(&[name])?.ok_or_else(|| format!("{name}: missing; export all of it"))?;
        Self::of_json(&text).map_err(|reason| format!("{name}: {reason}"))
    }

    /// A name that was not asked for.
    pub(super) fn left(&self) -> Option<&str> {
        self.0.keys().next().map(String::as_str)
    }
}
