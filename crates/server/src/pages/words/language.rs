//! Which language the pages speak to whom.

use axum::http::{HeaderMap, header::ACCEPT_LANGUAGE};

use super::{Words, ar, de, en};
use crate::browser::{LANGUAGE, one_cookie};

/// A language the pages speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Language {
    /// As in `lang` and `ui_locales` (RFC 5646).
    pub tag: &'static str,
    /// What it calls itself.
    pub name: &'static str,
    /// Which way it is written: `dir`.
    pub dir: &'static str,
}

impl Language {
    /// The languages there are; the first is spoken where none of them is asked for.
    pub const ALL: [Self; 3] = [
        Self { tag: "en", name: "English", dir: "ltr" },
        Self { tag: "de", name: "Deutsch", dir: "ltr" },
        Self { tag: "ar", name: "العربية", dir: "rtl" },
    ];

    /// The language of a tag, whatever its region: `de-AT` is German.
    pub fn named(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or(tag);
        Self::ALL.into_iter().find(|language| language.tag.eq_ignore_ascii_case(primary))
    }

    /// The first that we speak of a list parted by spaces (`ui_locales`, OpenID Connect Core section 3.1.2.1).
    pub fn among(tags: &str) -> Option<Self> {
        tags.split(' ').take(20).find_map(Self::named)
    }

    /// The one a browser likes best of those we speak (RFC 9110 section 12.5.4).
    pub fn accepted(header: &str) -> Option<Self> {
        let ranges = header.split(',').take(20).filter_map(|range| {
            let mut parts = range.split(';');
            let language = Self::named(parts.next()?.trim())?;
            let quality =
                parts.find_map(|part| part.trim().strip_prefix("q=")?.parse().ok()).unwrap_or(1.0_f32);
            (quality > 0.0).then_some((language, quality))
        });
        // Of equals the first.
        ranges.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(language, _)| language)
    }

    /// The one a person has chosen in this browser, or that the browser likes best.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let accepted = || Self::accepted(headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?);
        one_cookie(headers, LANGUAGE).and_then(Self::named).or_else(accepted)
    }

    /// What it says.
    pub fn words(self) -> &'static Words {
        match self.tag {
            "de" => &de::WORDS,
            "ar" => &ar::WORDS,
            _ => &en::WORDS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Language;

    #[test]
    fn the_language_is_the_first_that_is_spoken_here() {
        let tag = |found: Option<Language>| found.map(|language| language.tag);
        assert_eq!(tag(Language::among("fr-CA de-AT en")), Some("de"));
        assert_eq!(tag(Language::among("fr")), None);
        assert_eq!(tag(Language::accepted("fr, en;q=0.5, AR;q=0.8")), Some("ar"));
        assert_eq!(tag(Language::accepted("de;q=0, en-GB;q=0.1")), Some("en"));
        assert_eq!(tag(Language::accepted("de;q=x, *")), Some("de"));
        assert_eq!(tag(Language::accepted("")), None);
        assert_eq!(tag(Language::accepted(&"x,".repeat(100_000))), None);
    }
}
