//! Simple parameters, which FastAPI reads from the query. Of several of one name the last counts.

use std::{collections::HashMap, convert::Infallible};

use axum::{extract::FromRequestParts, http::request::Parts};

use super::{invalid::Invalid, ordered::Json};

/// The parameters of a query.
#[derive(Debug)]
pub struct Params {
    last: HashMap<String, String>,
    twice: Vec<String>,
}

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let query = parts.uri.query().unwrap_or_default();
        let (mut last, mut twice) = (HashMap::new(), Vec::new());
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()).into_owned() {
            if last.insert(name.clone(), value).is_some() {
                twice.push(name);
            }
        }
        Ok(Self { last, twice })
    }
}

impl Params {
    /// One that may be there.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.last.get(name).map(String::as_str)
    }

    /// Whether one of these is there more than once.
    pub fn has_twice(&self, names: &[&str]) -> bool {
        self.twice.iter().any(|twice| names.contains(&twice.as_str()))
    }

    /// One that must be there.
    pub fn required(&self, name: &'static str) -> Result<&str, Invalid> {
        self.get(name).ok_or_else(|| Invalid::missing(&["query", name], Json::Null))
    }

    /// A whole number.
    pub fn int(&self, name: &'static str, otherwise: i64) -> Result<i64, Invalid> {
        match self.get(name) {
            None => Ok(otherwise),
            Some(text) => int(text).ok_or_else(|| Invalid::no_int(&["query", name], text)),
        }
    }
}

/// A whole number as pydantic reads it from text: with spaces around it, a sign, single underscores between digits, and nothing but
/// zeros behind a point. What is beyond 64 bits is as large as they go: nothing has so many.
pub fn int(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, digits) = match (text.strip_prefix('-'), text.strip_prefix('+')) {
        (Some(digits), _) => (true, digits),
        (None, Some(digits)) => (false, digits),
        (None, None) => (false, text),
    };
    let whole = match digits.split_once('.') {
        Some((whole, zeros)) => {
            let zero = !zeros.is_empty() && zeros.bytes().all(|digit| digit == b'0');
            zero.then_some(whole)?
        }
        None => digits,
    };
    let groups = whole.split('_');
    let fits = |group: &str| !group.is_empty() && group.bytes().all(|digit| digit.is_ascii_digit());
    let mut value: i64 = 0;
    for group in groups {
        if !fits(group) {
            return None;
        }
        for digit in group.bytes() {
            value = value.saturating_mul(10).saturating_add(i64::from(digit - b'0'));
        }
    }
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As pydantic 2.14 reads them.
    #[test]
    fn a_whole_number_is_read_from_text_as_pydantic_reads_it() {
        for (text, value) in
            [("1", 1), ("-1", -1), ("1.0", 1), (" 1", 1), ("1_0", 10), ("+1", 1), ("01", 1), ("-0", 0)]
        {
            assert_eq!(int(text), Some(value), "{text}");
        }
        assert_eq!(int("99999999999999999999"), Some(i64::MAX));
        for bad in ["", "x", "1.5", "1e2", "0x1", "true", "1.", ".5", "١", "__1", "1__0", "1_", "-", "1 0"] {
            assert_eq!(int(bad), None, "{bad}");
        }
    }
}
