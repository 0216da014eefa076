//! Sentences of the catalogues with values in them, and other text that is HTML already.

use std::fmt;

use askama::filters::HtmlSafe;
use gatepost_domain::Timestamp;

use super::words::Words;

/// HTML. Whatever came from elsewhere is escaped in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Html(String);

impl HtmlSafe for Html {}

impl fmt::Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

/// A sentence whose values are to be put in: every `{name}` apart from the direction of the text around it.
pub fn say(sentence: &'static str) -> Sentence {
    Sentence { text: sentence, values: Vec::new(), markup: Vec::new(), link: String::new() }
}

/// See [`say`].
pub struct Sentence {
    text: &'static str,
    values: Vec<(&'static str, String)>,
    /// Values that are HTML already.
    markup: Vec<(&'static str, String)>,
    link: String,
}

impl Sentence {
    /// The value of `{name}`.
    pub fn put(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.values.push((name, value.to_string()));
        self
    }

    /// The value of `{name}`, as HTML that was made here. A sentence with one has no [`plain`](Self::plain) form.
    pub fn put_html(mut self, name: &'static str, value: &Html) -> Self {
        self.markup.push((name, value.0.clone()));
        self
    }

    /// Where `<a>` leads: a path of ours.
    pub fn link(mut self, path: impl Into<String>) -> Self {
        self.link = path.into();
        self
    }

    /// As HTML.
    pub fn html(&self) -> Html {
        let mut out = String::with_capacity(self.text.len() + 80);
        let mut rest = self.text;
        while let Some(at) = rest.find(['{', '<']) {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(after) = rest.strip_prefix("<a>") {
                out.push_str("<a href=\"");
                escape(&self.link, &mut out);
                out.push_str("\">");
                rest = after;
            } else if rest.starts_with('<') {
                out.push('<');
                rest = &rest[1..];
            } else {
                let end = rest.find('}').unwrap_or(rest.len() - 1);
                if let Some((_, markup)) = self.markup.iter().find(|(known, _)| *known == &rest[1..end]) {
                    out.push_str(markup);
                } else {
                    out.push_str("<bdi>");
                    escape(self.value(&rest[1..end]), &mut out);
                    out.push_str("</bdi>");
                }
                rest = &rest[end + 1..];
            }
        }
        out.push_str(rest);
        Html(out)
    }

    /// As text, for an attribute, a title or a letter: without the tags.
    pub fn plain(&self) -> String {
        let mut out = String::with_capacity(self.text.len() + 40);
        let mut rest = self.text;
        while let Some(at) = rest.find(['{', '<']) {
            out.push_str(&rest[..at]);
            let is_value = rest[at..].starts_with('{');
            let end = rest[at..].find(if is_value { '}' } else { '>' }).map_or(rest.len(), |end| at + end);
            if is_value {
                out.push_str(self.value(&rest[at + 1..end]));
            }
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        out.push_str(rest);
        out
    }

    fn value(&self, name: &str) -> &str {
        self.values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }
}

/// A name from elsewhere, apart from the direction of the text around it.
pub fn text(name: &str) -> Html {
    let mut out = "<bdi>".to_owned();
    escape(name, &mut out);
    out.push_str("</bdi>");
    Html(out)
}

/// An address that may be broken where people would break it, and is read from the left whatever is around it.
pub fn address(text: &str) -> Html {
    let mut out = "<bdi dir=\"ltr\">".to_owned();
    for piece in text.split_inclusive(['@', '-', '_', '+']) {
        let mut first = true;
        for word in piece.split('.') {
            if !first {
                out.push_str("<wbr>.");
            }
            escape(word, &mut out);
            first = false;
        }
        out.push_str("<wbr>");
    }
    out.push_str("</bdi>");
    Html(out)
}

/// The first letters of as many as two words; of one where letters have no case, for such letters join.
pub fn initials(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || "@.-_+".contains(c));
    let mut letters = words.filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let Some(first) = letters.next() else { return String::new() };
    let second = letters.next().filter(|_| first.is_lowercase() || first.is_uppercase());
    first.to_uppercase().chain(second.into_iter().flat_map(char::to_uppercase)).collect()
}

/// A moment: as a person reads it, with its zone.
pub fn moment(words: &Words, at: Timestamp) -> String {
    let Ok(at) = jiff::Timestamp::from_microsecond(at.micros()) else { return String::new() };
    let at = at.to_zoned(jiff::tz::TimeZone::UTC);
    let month = words.months[usize::try_from(at.month() - 1).unwrap_or_default() % 12];
    let time = format!("{:02}:{:02}", at.hour(), at.minute());
    say(words.moment)
        .put("day", at.day())
        .put("month", month)
        .put("year", at.year())
        .put("time", time)
        .plain()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::words::Language;

    #[test]
    fn pg_01_a_value_is_never_more_than_text() {
        let evil = "<script>alert(1)</script>\"'&";
        let html = say("<b>{client}</b> and <a>this</a>").put("client", evil).link("/a?b=\"c").html();
        assert_eq!(
            html.to_string(),
            "<b><bdi>&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&amp;</bdi></b> and <a href=\"/a?b=&#34;c\">this</a>"
        );
        assert!(!address(&format!("a@{evil}.b")).to_string().contains("<script"));
        // A value that looks like a place for one stays what it is.
        assert_eq!(
            say("{a}{b}").put("a", "{b}").put("b", "x").html().to_string(),
            "<bdi>{b}</bdi><bdi>x</bdi>"
        );
        let sentence = say("<b>{a}</b> and <a>{b}</a>.").put("a", "{b}<i>").put("b", "x");
        assert_eq!(sentence.plain(), "{b}<i> and x.");
    }

    #[test]
    fn an_address_breaks_where_people_would() {
        assert_eq!(
            address("ada-l@a.example").to_string(),
            "<bdi dir=\"ltr\">ada-<wbr>l@<wbr>a<wbr>.example<wbr></bdi>"
        );
        assert_eq!(initials("Wilhelmina van der Berg"), "WV");
        assert_eq!(initials("ada@example.com"), "AE");
        assert_eq!(initials("أمل الحسيني"), "أ");
        assert_eq!(initials("!?"), "");
    }

    #[test]
    fn a_moment_is_told_in_words_with_its_zone() {
        let at = Timestamp::from_unix_seconds(1_800_000_000);
        let told: Vec<_> = Language::ALL.iter().map(|language| moment(language.words(), at)).collect();
        assert_eq!(
            told,
            ["15 January 2027, 08:00 UTC", "15. Januar 2027, 08:00 UTC", "15 يناير 2027، 08:00 UTC"]
        );
    }
}
