//! Where Python's decoder stops in a text that is no JSON, and what it says it expected. For clients that show it to people.

/// As deep as our own reader goes. Python goes deeper and then gives up in another way.
const DEPTH: usize = 128;

/// The place, in characters, and the words. `None`: Python would have read the text.
pub(super) fn error(text: &str) -> Option<(usize, &'static str)> {
    let scanner = Scanner { text: text.chars().collect() };
    let start = scanner.skip_space(0);
    match scanner.value(start, 0) {
        Err(Stop::Deep) => None,
        Err(Stop::At(at, error)) => Some((at, error)),
        Ok(end) => {
            let end = scanner.skip_space(end);
            (end < scanner.text.len()).then_some((end, "Extra data"))
        }
    }
}

struct Scanner {
    text: Vec<char>,
}

enum Stop {
    At(usize, &'static str),
    Deep,
}

type End = Result<usize, Stop>;

impl Scanner {
    fn at(&self, place: usize) -> Option<char> {
        self.text.get(place).copied()
    }

    fn skip_space(&self, mut place: usize) -> usize {
        while matches!(self.at(place), Some(' ' | '\t' | '\n' | '\r')) {
            place += 1;
        }
        place
    }

    fn starts(&self, place: usize, word: &str) -> bool {
        word.chars().enumerate().all(|(offset, letter)| self.at(place + offset) == Some(letter))
    }

    fn value(&self, place: usize, depth: usize) -> End {
        if depth > DEPTH {
            return Err(Stop::Deep);
        }
        match self.at(place) {
            Some('"') => self.string(place),
            Some('{') => self.object(place + 1, depth + 1),
            Some('[') => self.array(place + 1, depth + 1),
            _ => {
                let word = ["null", "true", "false", "NaN", "Infinity", "-Infinity"];
                match word.into_iter().find(|word| self.starts(place, word)) {
                    Some(word) => Ok(place + word.len()),
                    None => self.number(place).ok_or(Stop::At(place, "Expecting value")),
                }
            }
        }
    }

    fn digits(&self, mut place: usize) -> usize {
        while self.at(place).is_some_and(|letter| letter.is_ascii_digit()) {
            place += 1;
        }
        place
    }

    /// As far as it is a number.
    fn number(&self, start: usize) -> Option<usize> {
        let first = start + usize::from(self.at(start) == Some('-'));
        let mut end = match self.at(first)? {
            '0' => first + 1,
            '1'..='9' => self.digits(first),
            _ => return None,
        };
        if self.at(end) == Some('.') && self.digits(end + 1) > end + 1 {
            end = self.digits(end + 1);
        }
        if matches!(self.at(end), Some('e' | 'E')) {
            let sign = end + 1 + usize::from(matches!(self.at(end + 1), Some('+' | '-')));
            if self.digits(sign) > sign {
                end = self.digits(sign);
            }
        }
        Some(end)
    }

    /// From its first quote.
    fn string(&self, begin: usize) -> End {
        let mut place = begin + 1;
        loop {
            match self.at(place) {
                None => return Err(Stop::At(begin, "Unterminated string starting at")),
                Some('"') => return Ok(place + 1),
                Some('\\') => match self.at(place + 1) {
                    None => return Err(Stop::At(begin, "Unterminated string starting at")),
                    Some('u') => {
                        let digit =
                            |offset| self.at(place + 2 + offset).is_some_and(|c| c.is_ascii_hexdigit());
                        if !(0..4).all(digit) {
                            return Err(Stop::At(place + 1, "Invalid \\uXXXX escape"));
                        }
                        place += 6;
                    }
                    Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => place += 2,
                    Some(_) => return Err(Stop::At(place, "Invalid \\escape")),
                },
                Some(letter) if u32::from(letter) < 0x20 => {
                    return Err(Stop::At(place, "Invalid control character at"));
                }
                Some(_) => place += 1,
            }
        }
    }

    /// Behind its brace.
    fn object(&self, place: usize, depth: usize) -> End {
        let mut place = self.skip_space(place);
        if self.at(place) == Some('}') {
            return Ok(place + 1);
        }
        loop {
            if self.at(place) != Some('"') {
                return Err(Stop::At(place, "Expecting property name enclosed in double quotes"));
            }
            place = self.skip_space(self.string(place)?);
            if self.at(place) != Some(':') {
                return Err(Stop::At(place, "Expecting ':' delimiter"));
            }
            place = self.skip_space(self.value(self.skip_space(place + 1), depth)?);
            match self.at(place) {
                Some('}') => return Ok(place + 1),
                Some(',') => place = self.skip_space(place + 1),
                _ => return Err(Stop::At(place, "Expecting ',' delimiter")),
            }
        }
    }

    /// Behind its bracket.
    fn array(&self, place: usize, depth: usize) -> End {
        let mut place = self.skip_space(place);
        if self.at(place) == Some(']') {
            return Ok(place + 1);
        }
        loop {
            place = self.skip_space(self.value(place, depth)?);
            match self.at(place) {
                Some(']') => return Ok(place + 1),
                Some(',') => place = self.skip_space(place + 1),
                _ => return Err(Stop::At(place, "Expecting ',' delimiter")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::error;

    /// What `json` of Python 3.11 says of them.
    #[test]
    fn a_text_that_is_no_json_is_told_as_python_tells_it() {
        let (value, name) = ("Expecting value", "Expecting property name enclosed in double quotes");
        for (text, at, said) in [
            ("", 0, value),
            ("  ", 2, value),
            ("nope", 0, value),
            (r#"{"a":"#, 5, value),
            ("{a:1}", 1, name),
            ("{", 1, name),
            (r#"{"a":1,}"#, 7, name),
            (r#"{"a":1} x"#, 8, "Extra data"),
            ("01", 1, "Extra data"),
            (r#"{"a" 1}"#, 5, "Expecting ':' delimiter"),
            (r#"{"a":"x"#, 5, "Unterminated string starting at"),
            ("{\"a\":\"x\ny\"}", 7, "Invalid control character at"),
            (r#"{"a":"\q"}"#, 6, "Invalid \\escape"),
            (r#"{"a":"\u12"}"#, 7, "Invalid \\uXXXX escape"),
            (r#"{"a":1 "b":2}"#, 7, "Expecting ',' delimiter"),
            ("[1 2]", 3, "Expecting ',' delimiter"),
            ("[1,", 3, value),
            ("[1,]", 3, value),
            ("-", 0, value),
            ("\"ä\" x", 4, "Extra data"),
        ] {
            assert_eq!(error(text), Some((at, said)), "{text}");
        }
        for good in ["{}", " [1, -2.5e+3, null, {\"a\": [true]}] ", "NaN", "[-Infinity]", "\"\\u00e4\\n\""] {
            assert_eq!(error(good), None, "{good}");
        }
        assert_eq!(error(&"[".repeat(100_000)), None, "too deep to be told");
    }
}
