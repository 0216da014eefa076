use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, Unexpected},
};

/// A moment: Unix time in microseconds. RFC 3339 in JSON, seconds in a JWT, a `BIGINT` in the database.
///
/// Arithmetic saturates: no clock, however wrong, makes it panic or wrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

const MICROS: i64 = 1_000_000;

impl Timestamp {
    /// The earliest and the latest moment that is written as RFC 3339: the years 0000 and 9999, less the last day,
    /// so that it can be shown in every time zone.
    const EARLIEST: i64 = -62_167_219_200 * MICROS;
    const LATEST: i64 = 253_402_207_200 * MICROS;

    /// From microseconds since the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// From whole seconds since the Unix epoch, as in a JWT `NumericDate` (RFC 7519 section 2).
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MICROS))
    }

    /// From a JWT `NumericDate`, which may have a fraction (RFC 7519 section 2). `None`: not within the years 1970 to 9999.
    pub fn from_numeric_date(seconds: f64) -> Option<Self> {
        #[expect(clippy::cast_possible_truncation, reason = "within these years, which fit")]
        let micros = |seconds: f64| (seconds * 1e6) as i64;
        (0.0..253_402_300_800.0).contains(&seconds).then(|| Self(micros(seconds)))
    }

    /// Whole seconds since the Unix epoch, rounded down, as in a JWT `NumericDate` (RFC 7519 section 2).
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(MICROS)
    }

    /// This moment and `duration` later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros_of(duration)))
    }

    /// `duration` before this moment.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros_of(duration)))
    }

    /// How long after `earlier` this moment is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl Timestamp {
    /// RFC 3339 with three digits of the second, as JavaScript writes every moment; what is smaller is left out.
    pub fn to_millis(self) -> String {
        let mut text = Text::of(self);
        text.cut(3);
        text.as_str().to_owned()
    }
}

/// A moment in letters. The calendar is jiff's; its printer, which can do more, takes five times as long, and there are six moments in an
/// answer.
struct Text {
    letters: [u8; 27],
    length: usize,
}

impl Text {
    /// `2026-11-22T03:04:05.000123Z`
    fn of(moment: Timestamp) -> Self {
        let micros = moment.0.clamp(Timestamp::EARLIEST, Timestamp::LATEST);
        // Within these years there is no other.
        let at = jiff::Timestamp::from_microsecond(micros).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let at = jiff::tz::Offset::UTC.to_datetime(at);
        let mut letters = *b"0000-00-00T00:00:00.000000Z";
        let parts = [
            (0..4, i32::from(at.year())),
            (5..7, at.month().into()),
            (8..10, at.day().into()),
            (11..13, at.hour().into()),
            (14..16, at.minute().into()),
            (17..19, at.second().into()),
            (20..26, at.subsec_nanosecond() / 1_000),
        ];
        for (place, mut number) in parts {
            for letter in letters[place].iter_mut().rev() {
                *letter += u8::try_from(number % 10).unwrap_or(0);
                number /= 10;
            }
        }
        Self { length: letters.len(), letters }
    }

    /// With so many digits of the second.
    fn cut(&mut self, digits: usize) {
        let end = if digits == 0 { 19 } else { 20 + digits };
        self.letters[end] = b'Z';
        self.length = end + 1;
    }

    /// Without the zeros at the end of the second.
    fn shortest(mut self) -> Self {
        let zeros = self.letters[20..26].iter().rev().take_while(|letter| **letter == b'0').count();
        self.cut(6 - zeros);
        self
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.letters[..self.length]).unwrap_or_default()
    }
}

fn micros_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Text::of(*self).shortest().as_str())
    }
}

/// The text is not an RFC 3339 moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a moment: write it as 2026-11-22T03:04:05Z")]
pub struct NotAMoment;

impl FromStr for Timestamp {
    type Err = NotAMoment;

    fn from_str(text: &str) -> Result<Self, NotAMoment> {
        text.parse::<jiff::Timestamp>().map(|t| Self(t.as_microsecond())).map_err(|_| NotAMoment)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Text::of(*self).shortest().as_str())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let expected = &"a time as in 2027-01-31T09:30:00Z";
        text.parse().map_err(|_| D::Error::invalid_value(Unexpected::Other("a text"), expected))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_moment_is_written_as_rfc_3339_and_read_back() {
        let t = Timestamp::from_micros(1_763_780_645_000_123);
        assert_eq!(t.to_string(), "2025-11-22T03:04:05.000123Z");
        assert_eq!(t.to_string().parse(), Ok(t));
        assert_eq!(serde_json::to_string(&t).unwrap(), "\"2025-11-22T03:04:05.000123Z\"");
        assert_eq!(serde_json::from_str::<Timestamp>("\"2025-11-22T03:04:05.000123Z\"").unwrap(), t);
        assert!("yesterday".parse::<Timestamp>().is_err());
    }

    #[test]
    fn a_moment_in_milliseconds_always_has_three_digits() {
        let at = |micros| Timestamp::from_micros(micros).to_millis();
        assert_eq!(at(1_800_000_000_000_000), "2027-01-15T08:00:00.000Z");
        assert_eq!(at(1_800_000_000_030_999), "2027-01-15T08:00:00.030Z");
        assert_eq!(at(-1), "1969-12-31T23:59:59.999Z");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_moment_is_written_as_jiff_writes_it(
            micros in Timestamp::EARLIEST..Timestamp::LATEST,
            every in prop::sample::select(vec![1, 10, 1_000, 100_000, MICROS]),
        ) {
            let micros = micros / every * every;
            let jiff = jiff::Timestamp::from_microsecond(micros).unwrap();
            prop_assert_eq!(Timestamp::from_micros(micros).to_string(), jiff.to_string());
        }
    }

    #[test]
    fn seconds_are_rounded_down_also_before_the_epoch() {
        assert_eq!(Timestamp::from_micros(1_999_999).unix_seconds(), 1);
        assert_eq!(Timestamp::from_micros(-1).unix_seconds(), -1);
    }

    #[test]
    fn arithmetic_saturates_instead_of_wrapping() {
        let last = Timestamp::from_micros(i64::MAX);
        assert_eq!(last.plus(Duration::MAX), last);
        assert_eq!(Timestamp::from_micros(i64::MIN).minus(Duration::MAX).micros(), i64::MIN);
        assert_eq!(Timestamp::from_micros(5).since(Timestamp::from_micros(9)), Duration::ZERO);
        assert_eq!(last.since(Timestamp::from_micros(i64::MIN)), Duration::from_micros(i64::MAX as u64));
        assert!(last.to_string().starts_with("9999-12-30T22:00:00"));
        assert!(Timestamp::from_micros(i64::MIN).to_string().starts_with("0000-01-01"));
    }
}
