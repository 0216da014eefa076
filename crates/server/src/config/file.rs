//! TOML files whose mistakes are named with their line and the nearest right word.

use std::{fmt, ops::Range, path::Path};

use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};

/// A file that cannot be used.
#[derive(Debug)]
pub struct FileError {
    file: String,
    line: Option<usize>,
    reason: String,
}

impl std::error::Error for FileError {}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.reason),
            None => write!(f, "{}: {}", self.file, self.reason),
        }
    }
}

impl FileError {
    pub(crate) fn new(file: &Path, line: Option<usize>, reason: impl Into<String>) -> Self {
        Self { file: file.display().to_string(), line, reason: reason.into() }
    }
}

/// Reads `text`, the contents of `path`, as a `T`. Unknown keys are errors.
pub(crate) fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, FileError> {
    toml::from_str(text).map_err(|error| {
        let span = error.span();
        let line = span.as_ref().map(|span| line_of(text, span));
        FileError::new(path, line, explain_at(text, span.as_ref(), error.message()))
    })
}

/// [`explain`], with the key whose value is wrong there.
pub(crate) fn explain_at(text: &str, span: Option<&Range<usize>>, message: &str) -> String {
    let said = explain(message);
    // These name their key.
    if ["unknown key ", "missing key ", "duplicate "].iter().any(|known| said.starts_with(known)) {
        return said;
    }
    match span.and_then(|span| key_at(DeTable::parse(text).ok()?.get_ref(), span.start)) {
        Some(key) => format!("{key}: {}", said.strip_suffix(" here").unwrap_or(&said)),
        None => said,
    }
}

/// The key whose value stands there, with the tables it is in, as in `mail.url`. Of a table of several (`[[realm]]`) the line says which.
fn key_at(table: &DeTable<'_>, at: usize) -> Option<String> {
    table.iter().find_map(|(key, value)| match value.get_ref() {
        DeValue::Table(inner) => key_at(inner, at).map(|rest| format!("{}.{rest}", key.get_ref())),
        DeValue::Array(nodes) if nodes.iter().any(|node| node.get_ref().is_table()) => {
            nodes.iter().find_map(|node| key_at(node.get_ref().as_table()?, at))
        }
        _ => value.span().contains(&at).then(|| key.get_ref().to_string()),
    })
}

/// The 1-based line a span begins on.
pub(crate) fn line_of(text: &str, span: &Range<usize>) -> usize {
    text[..span.start.min(text.len())].matches('\n').count() + 1
}

/// serde's words in ours: an unknown key with the nearest known one, a wrong value with what is right. The value itself
/// is not repeated, for it may be a secret.
pub(crate) fn explain(message: &str) -> String {
    if let Some((_, expected)) = message.rsplit_once(", expected ")
        && (message.starts_with("invalid type: ") || message.starts_with("invalid value: "))
    {
        return format!("write {} here", in_words(expected));
    }
    // One of some words, and something else stands there.
    if message == "wanted string or table" {
        return "write a word in quotes here".to_owned();
    }
    if let Some(key) = message.strip_prefix("missing field ") {
        return format!("missing key {key}");
    }
    let mut quoted = message.split('`').skip(1).step_by(2);
    let kind = ["unknown field", "unknown variant"].into_iter().find(|kind| message.starts_with(kind));
    let (Some(kind), Some(wrong)) = (kind, quoted.next()) else {
        return message.lines().next().unwrap_or(message).to_owned();
    };
    let word = if kind == "unknown field" { "key" } else { "value" };
    let known: Vec<&str> = quoted.collect();
    match nearest(wrong, known.iter().copied()) {
        Some(near) => format!("unknown {word} `{wrong}`; did you mean `{near}`?"),
        None if known.is_empty() => format!("unknown {word} `{wrong}`"),
        None => format!("unknown {word} `{wrong}`; known here: {}", known.join(", ")),
    }
}

/// What serde expected, for somebody who does not know Rust.
fn in_words(expected: &str) -> &str {
    match expected {
        "a string" | "string" => "a text in quotes",
        "path string" => "a path in quotes",
        "a nonzero usize" => "a whole number above 0",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
        "a boolean" => "true or false",
        "a sequence" => "a list in brackets",
        other => other.strip_prefix("struct ").map_or(other, |_| "a table"),
    }
}

/// The known word most like a wrong one.
pub(crate) fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(wrong, word), word))
        .min()
        .filter(|(distance, word)| *distance <= word.len().max(wrong.len()).div_ceil(2))
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only parsed")]
    struct Sample {
        listen: Option<String>,
        port: Option<u16>,
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_the_nearest_known_one() {
        let error = parse::<Sample>(Path::new("gatepost.toml"), "port = 1\nlissten = \"x\"\n").unwrap_err();
        assert_eq!(error.to_string(), "gatepost.toml:2: unknown key `lissten`; did you mean `listen`?");
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_named_by_its_key() {
        for (text, key) in [
            ("a = 1\nb = 2\n", "b"),
            ("[a]\nx = 1\n[b]\nx = 2\n", "b.x"),
            ("[[a]]\nx = 1\n[[a]]\ny = [1, 2]\n", "y"),
            ("[[a]]\n[[a.b]]\nx = 1\n[[a.b]]\nc = { d = 2 }\n", "c.d"),
            ("[[a]]\nmembers = [{ user = 1 }, { user = 2 }]\n", "user"),
        ] {
            let at = text.find('2').unwrap();
            assert_eq!(key_at(DeTable::parse(text).unwrap().get_ref(), at).as_deref(), Some(key), "{text}");
        }
        let error = parse::<Sample>(Path::new("gatepost.toml"), "\nport = \"hunter2\"\n").unwrap_err();
        assert_eq!(error.to_string(), "gatepost.toml:2: port: write a whole number");
    }

    #[test]
    fn malformed_toml_is_one_line_with_its_place() {
        let error =
            parse::<Sample>(Path::new("gatepost.toml"), "port = 1\nlisten = \n").unwrap_err().to_string();
        assert!(error.starts_with("gatepost.toml:2: "), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}
