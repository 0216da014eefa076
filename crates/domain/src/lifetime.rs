//! Lifetimes as people write them: `"15m"`, `"30d"`, `"1h30m"`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer};

/// The text is not a lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a lifetime: write whole numbers with s, m, h, d or w, as in \"15m\", \"30d\" or \"1h30m\"")]
pub struct NotALifetime;

const UNITS: [(char, u64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// The longest lifetime there is: a hundred years. Longer ones are typing errors.
pub const LONGEST: Duration = Duration::from_hours(100 * 365 * 24);

/// Reads `"15m"`, `"30d"`, `"1h30m"`. A number without a unit, a fraction or an empty text is refused.
pub fn parse(text: &str) -> Result<Duration, NotALifetime> {
    let mut rest = text;
    let mut seconds: u64 = 0;
    if rest.is_empty() {
        return Err(NotALifetime);
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().map_err(|_| NotALifetime)?;
        let unit = rest[digits..].chars().next().ok_or(NotALifetime)?;
        let (_, size) = UNITS.iter().find(|(letter, _)| *letter == unit).ok_or(NotALifetime)?;
        seconds = number.checked_mul(*size).and_then(|s| seconds.checked_add(s)).ok_or(NotALifetime)?;
        rest = &rest[digits + 1..];
    }
    let lifetime = Duration::from_secs(seconds);
    if lifetime > LONGEST { Err(NotALifetime) } else { Ok(lifetime) }
}

/// Writes a lifetime so that [`parse`] reads the same back; parts of a second are dropped.
pub fn format(lifetime: Duration) -> String {
    let mut seconds = lifetime.as_secs();
    if seconds == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    // Weeks are read but never written: "30d" should not come back as "4w2d".
    for (letter, size) in &UNITS[1..] {
        if seconds >= *size {
            text.push_str(&(seconds / size).to_string());
            text.push(*letter);
            seconds %= size;
        }
    }
    text
}

/// For `#[serde(with = "lifetime")]`.
pub fn serialize<S: Serializer>(lifetime: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format(*lifetime))
}

/// For `#[serde(with = "lifetime")]`.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
    parse(&text).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lifetimes_are_read_as_people_write_them() {
        assert_eq!(parse("15m"), Ok(Duration::from_mins(15)));
        assert_eq!(parse("30d"), Ok(Duration::from_hours(720)));
        assert_eq!(parse("1h30m"), Ok(Duration::from_mins(90)));
        assert_eq!(parse("2w"), Ok(Duration::from_hours(336)));
        assert_eq!(format(Duration::from_hours(720)), "30d");
    }

    #[test]
    fn what_is_not_a_lifetime_is_refused() {
        for text in [
            "",
            "15",
            "m",
            "1.5h",
            "-1h",
            " 1h",
            "1 h",
            "15M",
            "1h ",
            "99999999999999999999d",
            "1y",
            "٣h",
            "200000d",
        ] {
            assert_eq!(parse(text), Err(NotALifetime), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_written_lifetime_is_read_back(seconds in 0_u64..3_153_600_000) {
            let lifetime = Duration::from_secs(seconds);
            prop_assert_eq!(parse(&format(lifetime)), Ok(lifetime));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in ".*") {
            let _ = parse(&text);
        }
    }
}
