//! JSON strings and their escapes (RFC 8259 section 7).

use memchr::memchr2;

use super::{Kind, Wrong};

/// Where the closing quote is of the string whose text starts at `start`, and whether it has escapes.
pub(super) fn end(bytes: &[u8], start: usize) -> Result<(usize, Kind), Wrong> {
    const OPEN: Wrong = "a JSON string that is not closed";
    let mut kind = Kind::Text;
    let mut at = start;
    loop {
        let rest = bytes.get(at..).ok_or(OPEN)?;
        at += memchr2(b'"', b'\\', rest).ok_or(OPEN)?;
        if bytes[at] == b'"' {
            return Ok((at, kind));
        }
        kind = Kind::EscapedText;
        at = escape(bytes, at)?;
    }
}

/// Checks the escape at `at` and answers where the text goes on.
fn escape(bytes: &[u8], at: usize) -> Result<usize, Wrong> {
    const LONE: Wrong = "half a surrogate pair in a JSON string";
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => match code_unit(bytes, at)? {
            0xd800..=0xdbff => match code_unit(bytes, at + 6) {
                Ok(0xdc00..=0xdfff) => Ok(at + 12),
                _ => Err(LONE),
            },
            0xdc00..=0xdfff => Err(LONE),
            _ => Ok(at + 6),
        },
        _ => Err("an unknown escape in a JSON string"),
    }
}

/// The value of `\uXXXX` at `at`.
fn code_unit(bytes: &[u8], at: usize) -> Result<u16, Wrong> {
    const WRONG: Wrong = "a wrong \\u escape in a JSON string";
    let [b'\\', b'u', digits @ ..] = bytes.get(at..at + 6).ok_or(WRONG)? else {
        return Err(WRONG);
    };
    digits.iter().try_fold(0, |value, digit| Ok(value << 4 | u16::from(hex(*digit).ok_or(WRONG)?)))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Undoes the escapes of a string that has been checked.
pub(super) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        let (character, length) = unescape_one(after);
        plain.push(character);
        rest = after.get(length..).unwrap_or_default();
    }
    plain.push_str(rest);
    plain
}

/// The character of the escape whose backslash stands before `after`, and how much of `after` it takes.
fn unescape_one(after: &str) -> (char, usize) {
    let unit = |text: &str| text.get(1..5).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    match after.as_bytes().first() {
        Some(b'b') => ('\u{8}', 1),
        Some(b'f') => ('\u{c}', 1),
        Some(b'n') => ('\n', 1),
        Some(b'r') => ('\r', 1),
        Some(b't') => ('\t', 1),
        Some(b'u') => {
            let (scalar, length) = match (unit(after), after.get(6..).and_then(unit)) {
                (Some(high @ 0xd800..=0xdbff), Some(low @ 0xdc00..=0xdfff)) => {
                    (Some(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)), 11)
                }
                (unit, _) => (unit, 5),
            };
            (scalar.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER), length)
        }
        Some(other) => (char::from(*other), 1),
        None => (char::REPLACEMENT_CHARACTER, 0),
    }
}
