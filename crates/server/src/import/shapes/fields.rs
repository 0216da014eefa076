//! One row: names and what stands there. What is wrong is said without quoting it, for it may be an address or a hash.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// What a user looks like.
const EXAMPLE: &str = "an object, as in {\"email\": \"ada@example.com\"}";

/// What a row says. Empty texts and `null` are nothing.
#[derive(Debug, Default)]
pub(in crate::import) struct Fields(Map<String, Value>);

impl Fields {
    pub(in crate::import) fn of_json(text: &str) -> Result<Self, String> {
        let mut twice = None;
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let read = Once(&mut twice).deserialize(&mut deserializer);
        match (read.and_then(|value| deserializer.end().map(|()| value)), twice) {
            (Ok(Value::Object(fields)), _) => Ok(Self(fields)),
            (Ok(_), _) => Err(format!("not {EXAMPLE}")),
            (Err(_), Some(name)) => Err(format!("the member {name:?} is there twice; remove one of the two")),
            (Err(error), None) => {
                Err(format!("not JSON, at column {}; each user is {EXAMPLE}", error.column()))
            }
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

/// A value in which no object has two members of one name: which of them was meant nobody can say, and whoever checked the file before
/// may have read the other. Where one has, its name is left here.
struct Once<'a>(&'a mut Option<String>);

impl<'de> DeserializeSeed<'de> for Once<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Once<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = elements.next_element_seed(Once(&mut *self.0))? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                *self.0 = Some(name);
                return Err(A::Error::custom("a member is there twice"));
            }
            let value = members.next_value_seed(Once(&mut *self.0))?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Fields::of_json(text).unwrap_err()
    }

    #[test]
    fn ij_06_a_member_that_is_there_twice_is_refused_by_its_name_however_deep() {
        for text in [
            r#"{"email": "ada@example.com", "email": "eve@example.com"}"#,
            r#"{"email": null, "x": 1, "\u0065mail": "eve@example.com"}"#,
            r#"{"profile": {"email": "a", "email": "b"}}"#,
            r#"{"accounts": [{}, {"email": "a", "email": "a"}]}"#,
        ] {
            let said = refused(text);
            assert!(said.starts_with("the member \"email\" is there twice; "), "{text}: {said}");
        }
        let apart = r#"{"email": "a", "accounts": [{"email": "b"}, {"email": "c"}], "Email": "d"}"#;
        assert_eq!(Fields::of_json(apart).unwrap().text(&["email"]).unwrap().as_deref(), Some("a"));
    }

    #[test]
    fn ij_06_what_is_no_object_alone_is_refused() {
        for text in ["[]", "42", "null", "\"x\""] {
            assert!(refused(text).starts_with("not an object, "), "{text}");
        }
        for text in ["{} {}", "{\"a\":}", "{", "", &format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))]
        {
            assert!(refused(text).starts_with("not JSON, at column "), "{text:.40}");
        }
    }

    /// What is read is what serde_json reads.
    #[test]
    fn values_are_those_of_serde_json() {
        let text = r#"{"a": [null, true, -1, 18446744073709551615, 1.5, 1e300, 123456789012345678901234567890, "é\n"], "b": {}}"#;
        assert_eq!(
            Value::Object(Fields::of_json(text).unwrap().0),
            serde_json::from_str::<Value>(text).unwrap()
        );
    }
}
