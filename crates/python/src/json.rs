//! Builds Python values from JSON that the verifier has found strict: no duplicate members, bounded depth, valid UTF-8, nothing
//! behind the value. What is left is to make objects, in one pass and without a tree in between.

use memchr::memchr2;
use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString};

/// The Python value of the text, numbers of any size included. `ValueError` for what is not strict JSON after all.
pub(crate) fn to_python<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    let mut reader = Reader { py, text, at: 0 };
    let value = reader.value()?;
    reader.blanks();
    if reader.at == text.len() { Ok(value) } else { Err(not_json()) }
}

struct Reader<'py, 'a> {
    py: Python<'py>,
    text: &'a str,
    at: usize,
}

impl<'py, 'a> Reader<'py, 'a> {
    fn value(&mut self) -> PyResult<Bound<'py, PyAny>> {
        self.blanks();
        match self.peek() {
            Some(b'"') => Ok(self.string()?.into_any()),
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b't') => self.word("true", PyBool::new(self.py, true).to_owned().into_any()),
            Some(b'f') => self.word("false", PyBool::new(self.py, false).to_owned().into_any()),
            Some(b'n') => self.word("null", self.py.None().into_bound(self.py)),
            _ => self.number(),
        }
    }

    fn object(&mut self) -> PyResult<Bound<'py, PyAny>> {
        let dict = PyDict::new(self.py);
        self.at += 1;
        if self.comes(b'}') {
            return Ok(dict.into_any());
        }
        loop {
            self.blanks();
            let name = self.name()?;
            self.expect(b':')?;
            dict.set_item(name, self.value()?)?;
            if self.comes(b'}') {
                return Ok(dict.into_any());
            }
            self.expect(b',')?;
        }
    }

    fn array(&mut self) -> PyResult<Bound<'py, PyAny>> {
        let list = PyList::empty(self.py);
        self.at += 1;
        if self.comes(b']') {
            return Ok(list.into_any());
        }
        loop {
            list.append(self.value()?)?;
            if self.comes(b']') {
                return Ok(list.into_any());
            }
            self.expect(b',')?;
        }
    }

    /// The name of a member. Those that nearly every token has are not made anew each time, and their hash is known.
    fn name(&mut self) -> PyResult<Bound<'py, PyString>> {
        let py = self.py;
        macro_rules! made_once {
            ($text:expr, $($known:literal)*) => {
                match $text {
                    $($known => intern!(py, $known).clone(),)*
                    other => PyString::new(py, other),
                }
            };
        }
        match self.plain_string()? {
            Some(text) => Ok(made_once!(text,
                "iss" "sub" "aud" "exp" "iat" "nbf" "jti" "sid" "client_id" "scope" "email" "email_verified" "name" "realm_id"
                "roles" "permissions" "org_id" "auth_time" "acr" "amr")),
            None => self.escaped_string(),
        }
    }

    fn string(&mut self) -> PyResult<Bound<'py, PyString>> {
        match self.plain_string()? {
            Some(text) => Ok(PyString::new(self.py, text)),
            None => self.escaped_string(),
        }
    }

    /// The text between the quotes; `None`, with nothing consumed, if it has escapes.
    fn plain_string(&mut self) -> PyResult<Option<&'a str>> {
        if self.peek() != Some(b'"') {
            return Err(not_json());
        }
        let start = self.at + 1;
        let length = memchr2(b'"', b'\\', &self.text.as_bytes()[start..]).ok_or_else(not_json)?;
        let end = start + length;
        if self.text.as_bytes()[end] == b'\\' {
            return Ok(None);
        }
        self.at = end + 1;
        Ok(Some(&self.text[start..end]))
    }

    fn escaped_string(&mut self) -> PyResult<Bound<'py, PyString>> {
        let mut read = serde_json::Deserializer::from_str(&self.text[self.at..]).into_iter::<String>();
        let text = read.next().and_then(Result::ok).ok_or_else(not_json)?;
        self.at += read.byte_offset();
        Ok(PyString::new(self.py, &text))
    }

    fn number(&mut self) -> PyResult<Bound<'py, PyAny>> {
        let rest = &self.text[self.at..];
        let length = rest
            .bytes()
            .take_while(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
            .count();
        let digits = &rest[..length];
        self.at += length;
        if let Ok(small) = digits.parse::<i64>() {
            return Ok(PyInt::new(self.py, small).into_any());
        }
        // Rare: Python reads what is larger than 64 bits, and fractions, as its own json module would.
        let kind = if digits.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
            self.py.get_type::<PyFloat>().into_any()
        } else {
            self.py.get_type::<PyInt>().into_any()
        };
        kind.call1((digits,))
    }

    fn word(&mut self, word: &str, value: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        if !self.text[self.at..].starts_with(word) {
            return Err(not_json());
        }
        self.at += word.len();
        Ok(value)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Consumes the byte if it is next.
    fn comes(&mut self, byte: u8) -> bool {
        self.blanks();
        let comes = self.peek() == Some(byte);
        self.at += usize::from(comes);
        comes
    }

    fn expect(&mut self, byte: u8) -> PyResult<()> {
        if self.comes(byte) { Ok(()) } else { Err(not_json()) }
    }
}

fn not_json() -> PyErr {
    PyValueError::new_err("the verified payload is not strict JSON, which is a defect of gatepost")
}
