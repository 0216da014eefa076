//! JSON texts (RFC 8259): what writes them, and a strict scanner: one pass, no tree.
//!
//! The scanner is stricter than the grammar where two parsers could read one text differently (RFC 8725 section 2.4): a member name
//! stands once in its object, at every depth, and `"a"` and `"\u0061"` are one name. Lone surrogates, numbers beyond a double
//! and nesting beyond 64 are refused. What it yields are the places of the members of the outermost object; the caller reads
//! from them what it needs. That costs a fraction of building values, and there is one place to check.

mod names;
mod string;
mod write;

use std::borrow::Cow;

pub(crate) use names::tag;
use names::{Name, Names};
pub use write::{to_vec, write};

/// The deepest nesting read.
pub(crate) const MAX_DEPTH: usize = 64;

/// What is wrong with a text. One of a few fixed sentences, never a part of the text.
pub(crate) type Wrong = &'static str;

/// The kind of a JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    EscapedText,
    Number,
    True,
    False,
    Null,
    Array,
    Object,
}

/// Where one value stands in its text, quotes and brackets included. Its syntax has been checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value {
    pub(crate) kind: Kind,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Value {
    /// The value as it stands in `text`, the text it was found in.
    pub(crate) fn raw(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// What stands between the quotes of a string, escapes not undone.
    pub(crate) fn between_quotes(self, text: &str) -> &str {
        text.get(self.start as usize + 1..self.end as usize - 1).unwrap_or_default()
    }

    /// The text of a string; `None` for every other kind.
    pub(crate) fn string(self, text: &str) -> Option<Cow<'_, str>> {
        match self.kind {
            Kind::Text => Some(Cow::Borrowed(self.between_quotes(text))),
            Kind::EscapedText => Some(Cow::Owned(string::unescape(self.between_quotes(text)))),
            _ => None,
        }
    }

    /// The elements of an array of strings; `None` when it is not an array, or one of its elements is not a string.
    pub(crate) fn strings(self, text: &str) -> Option<Box<[Box<str>]>> {
        if self.kind != Kind::Array {
            return None;
        }
        let array = self.raw(text);
        let bytes = array.as_bytes();
        // As many as there can be: exactly as many, unless a string has a quote in it.
        let mut strings = Vec::with_capacity(memchr::memchr_iter(b'"', bytes).count() / 2);
        let mut at = 1;
        // The syntax is known to be good: what is not space, comma or the end starts an element.
        loop {
            match bytes.get(at)? {
                b' ' | b'\t' | b'\n' | b'\r' | b',' => at += 1,
                b']' => return Some(strings.into_boxed_slice()),
                b'"' => {
                    let (end, kind) = string::end(bytes, at + 1).ok()?;
                    let inside = array.get(at + 1..end)?;
                    strings.push(match kind {
                        Kind::EscapedText => string::unescape(inside).into_boxed_str(),
                        _ => inside.into(),
                    });
                    at = end + 1;
                }
                _ => return None,
            }
        }
    }
}

/// A member's name, escapes undone.
#[derive(Clone, Copy)]
pub(crate) struct Key<'k> {
    /// What [`tag`] gives for the name. Names of up to seven bytes are equal when their tags are.
    pub(crate) tag: u64,
    scanner: &'k Scanner<'k>,
    name: Name,
}

impl Key<'_> {
    pub(crate) fn is(self, name: &str) -> bool {
        self.scanner.name_of(self.name) == name
    }
}

/// Reads `text` as one JSON object and shows its members to `visit`, in order.
///
/// Nothing may be believed before this returns `Ok`: a duplicate may only be known at the end.
pub(crate) fn members(text: &str, mut visit: impl FnMut(Key<'_>, Value)) -> Result<(), Wrong> {
    let mut scanner = Scanner::checked(text)?;
    match scanner.next_after_space() {
        Some(b'{') => scanner.object(1, &mut visit)?,
        _ => return Err("not a JSON object"),
    }
    scanner.end()
}

/// The raw value of the member `wanted` of the object `text`.
pub(crate) fn member<'a>(text: &'a str, wanted: &str) -> Option<&'a str> {
    // Most claims that are asked for by name are not there, which a search tells sooner than reading: a name that does not occur
    // can only be there with escapes.
    if !text.contains(wanted) && !text.contains('\\') {
        return None;
    }
    let mut found = None;
    let whole = members(text, |name, value| {
        if name.is(wanted) {
            found = Some(value.raw(text));
        }
    });
    whole.ok().and(found)
}

/// Checks that `text` is one strict JSON value of any kind.
pub(crate) fn check(text: &str) -> Result<(), Wrong> {
    let mut scanner = Scanner::checked(text)?;
    scanner.next_after_space();
    scanner.value(1)?;
    scanner.end()
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// Whether there are control characters: if not, strings need not be searched for them.
    controls: bool,
    names: Names,
    /// Names that had escapes, undone, one after the other.
    unescaped: String,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        // Without a way out early, so that it is done many bytes at a time.
        let controls = text.bytes().fold(0, |found, byte| found | u8::from(byte < 0x20)) != 0;
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            controls,
            names: Names::default(),
            unescaped: String::new(),
        }
    }

    /// For texts from outside: places are kept in 32 bits.
    fn checked(text: &'a str) -> Result<Self, Wrong> {
        if u32::try_from(text.len()).is_err() {
            Err("a JSON text of more than 4 GiB")
        } else {
            Ok(Self::new(text))
        }
    }

    /// Skips white space and shows the byte after it.
    #[inline]
    fn next_after_space(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    fn end(&mut self) -> Result<(), Wrong> {
        if self.next_after_space().is_some() { Err("bytes after the JSON value") } else { Ok(()) }
    }

    /// The value from `start` to here.
    #[inline]
    fn value_from(&self, start: usize, kind: Kind) -> Option<Value> {
        Some(Value { kind, start: u32::try_from(start).ok()?, end: u32::try_from(self.at).ok()? })
    }

    /// Reads the value that starts at `at`; `depth` is the depth that a container here would have.
    fn value(&mut self, depth: usize) -> Result<Kind, Wrong> {
        match self.bytes.get(self.at) {
            Some(b'"') => self.string(),
            Some(b'{') => self.object(depth, &mut |_, _| {}).map(|()| Kind::Object),
            Some(b'[') => self.array(depth).map(|()| Kind::Array),
            Some(b'-' | b'0'..=b'9') => self.number().map(|()| Kind::Number),
            Some(b't') => self.word("true", Kind::True),
            Some(b'f') => self.word("false", Kind::False),
            Some(b'n') => self.word("null", Kind::Null),
            Some(_) => Err("not JSON"),
            None => Err("the JSON text ends early"),
        }
    }

    fn word(&mut self, word: &str, kind: Kind) -> Result<Kind, Wrong> {
        if self.bytes[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(kind)
        } else {
            Err("not JSON")
        }
    }

    fn object<V: FnMut(Key<'_>, Value)>(&mut self, depth: usize, visit: &mut V) -> Result<(), Wrong> {
        if depth > MAX_DEPTH {
            return Err("JSON nested too deeply");
        }
        let mut open = self.names.open();
        self.at += 1;
        if self.next_after_space() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            if self.next_after_space() != Some(b'"') {
                return Err("a JSON member without a name");
            }
            let name = self.name(&mut open)?;
            if self.next_after_space() != Some(b':') {
                return Err("a JSON member without a value");
            }
            self.at += 1;
            self.next_after_space();
            let start = self.at;
            let kind = self.value(depth + 1)?;
            if let Some(value) = self.value_from(start, kind) {
                visit(Key { tag: name.tag, scanner: self, name }, value);
            }
            match self.next_after_space() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return Err("a JSON object that is not closed"),
            }
        }
        self.at += 1;
        self.close(&open)
    }

    fn array(&mut self, depth: usize) -> Result<(), Wrong> {
        if depth > MAX_DEPTH {
            return Err("JSON nested too deeply");
        }
        self.at += 1;
        if self.next_after_space() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.next_after_space();
            self.value(depth + 1)?;
            match self.next_after_space() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return Err("a JSON array that is not closed"),
            }
        }
        self.at += 1;
        Ok(())
    }

    /// Reads the string whose opening quote is at `at`.
    fn string(&mut self) -> Result<Kind, Wrong> {
        let start = self.at + 1;
        let (end, kind) = string::end(self.bytes, start)?;
        if self.controls && self.bytes[start..end].iter().any(|byte| *byte < 0x20) {
            return Err("a control character in a JSON string");
        }
        self.at = end + 1;
        Ok(kind)
    }

    fn number(&mut self) -> Result<(), Wrong> {
        const WRONG: Wrong = "a wrong JSON number";
        let start = self.at;
        if self.bytes.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        let whole = self.digits();
        if whole == 0 || whole > 1 && self.bytes[self.at - whole] == b'0' {
            return Err(WRONG);
        }
        let mut exponent = false;
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(WRONG);
            }
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            exponent = true;
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(WRONG);
            }
        }
        // Only these can be beyond a double, which readers turn into infinity, an error or a wrapped integer.
        if exponent || whole > 300 {
            let value: f64 = self.text[start..self.at].parse().map_err(|_| WRONG)?;
            if !value.is_finite() {
                return Err("a JSON number out of range");
            }
        }
        Ok(())
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.bytes.get(self.at) {
            self.at += 1;
        }
        self.at - start
    }
}

#[cfg(test)]
mod tests;
