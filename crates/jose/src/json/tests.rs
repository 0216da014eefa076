//! The scanner against serde_json: what it passes serde_json reads, and what it refuses beyond that it refuses for a reason.

use proptest::prelude::*;
use serde_json::{Map, Value as Json};

use super::{Kind, MAX_DEPTH, check, member, members};

/// Reads as serde_json does, but says whether an object has a member twice and how deep the nesting goes.
struct Reading {
    twice: bool,
    depth: usize,
}

impl<'de> serde::de::DeserializeSeed<'de> for &mut Reading {
    type Value = usize;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> serde::de::Visitor<'de> for &mut Reading {
    type Value = usize;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("any JSON")
    }
    fn visit_bool<E>(self, _: bool) -> Result<usize, E> {
        Ok(0)
    }
    fn visit_i64<E>(self, _: i64) -> Result<usize, E> {
        Ok(0)
    }
    fn visit_u64<E>(self, _: u64) -> Result<usize, E> {
        Ok(0)
    }
    fn visit_f64<E>(self, _: f64) -> Result<usize, E> {
        Ok(0)
    }
    fn visit_str<E>(self, _: &str) -> Result<usize, E> {
        Ok(0)
    }
    fn visit_unit<E>(self) -> Result<usize, E> {
        Ok(0)
    }
    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<usize, A::Error> {
        let mut deepest = 0;
        while let Some(depth) = seq.next_element_seed(&mut *self)? {
            deepest = deepest.max(depth);
        }
        self.depth = self.depth.max(deepest + 1);
        Ok(deepest + 1)
    }
    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<usize, A::Error> {
        let (mut deepest, mut names) = (0, std::collections::HashSet::new());
        while let Some(name) = map.next_key::<String>()? {
            self.twice |= !names.insert(name);
            deepest = deepest.max(map.next_value_seed(&mut *self)?);
        }
        self.depth = self.depth.max(deepest + 1);
        Ok(deepest + 1)
    }
}

/// What [`check`] has to answer, by way of serde_json.
fn expected(text: &str) -> bool {
    let mut reading = Reading { twice: false, depth: 0 };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = serde::de::DeserializeSeed::deserialize(&mut reading, &mut deserializer).is_ok()
        && deserializer.end().is_ok();
    read && !reading.twice && reading.depth <= MAX_DEPTH
}

fn assert_agrees(text: &str) {
    assert_eq!(check(text).is_ok(), expected(text), "{:?}: {:?}", text, check(text));
    if check(text).is_err() {
        return;
    }
    let Ok(whole) = serde_json::from_str::<Map<String, Json>>(text) else {
        assert!(members(text, |_, _| {}).is_err(), "{text:?} is no object");
        return;
    };
    let mut count = 0;
    members(text, |name, value| {
        count += 1;
        let (key, expected) =
            whole.iter().find(|(key, _)| name.is(key)).expect("a member serde_json has too");
        assert_eq!(&serde_json::from_str::<Json>(value.raw(text)).unwrap(), expected, "{key}");
        match expected {
            Json::String(string) => assert_eq!(value.string(text).unwrap(), *string),
            other => assert!(value.string(text).is_none(), "{other}"),
        }
        let strings: Option<Vec<Box<str>>> = expected
            .as_array()
            .and_then(|array| array.iter().map(|one| one.as_str().map(Into::into)).collect());
        assert_eq!(value.strings(text).map(Vec::from), strings);
        let kind = match expected {
            Json::Null => value.kind == Kind::Null,
            Json::Bool(true) => value.kind == Kind::True,
            Json::Bool(false) => value.kind == Kind::False,
            Json::Number(_) => value.kind == Kind::Number,
            Json::String(_) => matches!(value.kind, Kind::Text | Kind::EscapedText),
            Json::Array(_) => value.kind == Kind::Array,
            Json::Object(_) => value.kind == Kind::Object,
        };
        assert!(kind, "{:?} for {expected}", value.kind);
    })
    .unwrap();
    assert_eq!(count, whole.len());
    for (name, expected) in &whole {
        assert_eq!(&serde_json::from_str::<Json>(member(text, name).unwrap()).unwrap(), expected);
    }
}

/// Pieces from which texts are made that are nearly JSON: whole tokens, halves of tokens, white space, foreign characters.
const PIECES: [&str; 62] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\"a\"",
    "\"b\"",
    "\"\\u0061\"",
    "\"abcdefg\"",
    "\"abcdefgh\"",
    "\"abcdefgi\"",
    "\"é\"",
    "\"\\n\"",
    "\"\\\\\"",
    "\"\\\"\"",
    "\"\\/\"",
    "\"\\x\"",
    "\"\\u12\"",
    "\"\\ud83d\\ude00\"",
    "\"\\ud83d\"",
    "\"\\ude00\"",
    "\"\\ud83d\\u0061\"",
    "\"\u{1}\"",
    "\"\t\"",
    "\"😀\"",
    "\"\u{7f}\"",
    "\\",
    "true",
    "false",
    "null",
    "tru",
    "nul",
    "True",
    "0",
    "-0",
    "1",
    "-1",
    "01",
    "1.",
    "1.5",
    ".5",
    "1e5",
    "1E+5",
    "1e",
    "1e-",
    "1e400",
    "-1e400",
    "1e-400",
    "123456789012345678901234567890",
    "NaN",
    "Infinity",
    "-",
    "+1",
    " ",
    "\n",
    "\r\t",
    "\u{feff}",
    "\u{0}",
    "\u{a0}",
    "/**/",
];

/// JSON of any shape, written in several ways.
fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        any::<String>().prop_map(Json::from),
        "[a-z\\\\\"é\u{1}-\u{1f}]{0,20}".prop_map(Json::from),
    ];
    leaf.prop_recursive(6, 80, 12, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..12).prop_map(Json::from),
            prop::collection::hash_map("[a-d\\\\é]{0,10}", inner, 0..12)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_serde_json_on_texts_that_are_nearly_json(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..14)) {
        assert_agrees(&pieces.concat());
    }

    #[test]
    fn agrees_with_serde_json_on_objects_of_such_pieces(
        pieces in prop::collection::vec((prop::sample::select(&PIECES[6..28]), prop::sample::select(&PIECES[..])), 0..10),
    ) {
        let members: Vec<String> = pieces.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        assert_agrees(&format!("{{{}}}", members.join(",")));
    }

    #[test]
    fn agrees_with_serde_json_on_any_json_however_it_is_written(json in any_json()) {
        assert_agrees(&json.to_string());
        assert_agrees(&serde_json::to_string_pretty(&json).unwrap());
        assert_agrees(&escaped(&json));
        assert_agrees(&serde_json::json!({ "wrapped": json }).to_string());
    }

    #[test]
    fn agrees_with_serde_json_when_one_character_is_changed(
        json in any_json(), at in any::<prop::sample::Index>(), by in prop::sample::select(&PIECES[..]),
    ) {
        let text: Vec<char> = json.to_string().chars().collect();
        let at = at.index(text.len());
        let changed: String = text[..at].iter().collect::<String>() + by + &text[at + 1..].iter().collect::<String>();
        assert_agrees(&changed);
    }

    #[test]
    fn agrees_with_serde_json_on_any_text(text in any::<String>()) {
        assert_agrees(&text);
    }
}

/// The same value with every character of every string written as an escape.
fn escaped(json: &Json) -> String {
    let string = |text: &str| {
        let units: Vec<String> = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        format!("\"{}\"", units.concat())
    };
    match json {
        Json::String(text) => string(text),
        Json::Array(all) => format!("[{}]", all.iter().map(escaped).collect::<Vec<_>>().join(" , ")),
        Json::Object(all) => {
            let members: Vec<String> =
                all.iter().map(|(name, value)| format!("{} :\n{}", string(name), escaped(value))).collect();
            format!("{{{}}}", members.join(","))
        }
        other => other.to_string(),
    }
}

#[test]
fn a_member_that_stands_twice_is_refused_at_every_depth_and_in_every_spelling() {
    for text in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"\u0061":1}"#,
        r#"{"\u0061":1,"a":1}"#,
        r#"{"x":{"a":1,"b":2,"a":3}}"#,
        r#"[[{"long name one":1,"long name two":2,"long name one":3}]]"#,
        r#"{"":1,"":2}"#,
    ] {
        assert_eq!(check(text), Err("a JSON object with the same member twice"), "{text}");
    }
    assert_eq!(check(r#"{"a":{"a":{"a":[{"a":1},{"a":2}]}},"b":{"a":1}}"#), Ok(()));
}

#[test]
fn a_member_that_stands_twice_among_thousands_is_refused() {
    let mut names: Vec<String> = (0..3000).map(|number| format!("\"member {number}\":{{\"x\":1}}")).collect();
    assert_eq!(check(&format!("{{{}}}", names.join(","))), Ok(()));
    for at in [0, 1, 23, 24, 25, 2999] {
        let kept = std::mem::replace(&mut names[at], "\"member 1500\":0".to_owned());
        assert!(check(&format!("{{{}}}", names.join(","))).is_err(), "at {at}");
        names[at] = kept;
    }
}

#[test]
fn objects_of_any_size_find_their_one_duplicate() {
    for size in 2..80 {
        for (first, second) in [(0, 1), (0, size - 1), (size / 2, size - 1)] {
            if first == second {
                continue;
            }
            let names: Vec<String> =
                (0..size).map(|at| format!("\"n{}\":[]", if at == second { first } else { at })).collect();
            assert!(check(&format!("{{{}}}", names.join(","))).is_err(), "{size}: {first} and {second}");
        }
    }
}

#[test]
fn nesting_is_read_to_the_sixty_fourth_level_and_no_further() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = |depth: usize| format!("{}0{}", open.repeat(depth), close.repeat(depth));
        assert_eq!(check(&nested(MAX_DEPTH)), Ok(()));
        assert_eq!(check(&nested(MAX_DEPTH + 1)), Err("JSON nested too deeply"));
        assert_eq!(check(&nested(100_000)), Err("JSON nested too deeply"));
    }
}

#[test]
fn numbers_beyond_a_double_are_refused() {
    let digits = "9".repeat(400);
    for number in ["1e400", "-1e400", digits.as_str()] {
        assert!(check(number).is_err(), "{number}");
    }
    assert_eq!(check(&"9".repeat(305)), Ok(()));
}

#[test]
fn a_member_is_found_however_its_name_is_written() {
    assert_eq!(member(r#"{"grant_id":"a"}"#, "grant_id"), Some(r#""a""#));
    assert_eq!(member(r#"{"grant\u005fid":"b"}"#, "grant_id"), Some(r#""b""#));
    assert_eq!(member(r#"{"a":{"grant_id":"c"},"b":"grant_id"}"#, "grant_id"), None);
    assert_eq!(member(r#"{"grant":"d"}"#, "grant_id"), None);
}
