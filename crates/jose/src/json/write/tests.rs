use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value, json, value::RawValue};

use super::*;

#[track_caller]
fn same(value: &impl Serialize) {
    let written = to_vec(value).map_err(|error| error.to_string());
    let expected = serde_json::to_vec(value).map_err(|error| error.to_string());
    assert_eq!(written, expected);
}

#[derive(Serialize)]
enum Kind {
    Unit,
    Newtype(u8),
    Tuple(u8, String),
    Struct { a: Option<u8>, b: () },
}

#[derive(Serialize)]
struct Unit;

#[derive(Serialize)]
struct Newtype(f64);

#[derive(Serialize)]
struct Pair(char, bool);

#[derive(Serialize)]
struct All<'a> {
    text: &'a str,
    kinds: Vec<Kind>,
    unit: Unit,
    newtype: Newtype,
    pair: Pair,
    small: (i8, i16, i32, i64, i128),
    large: (u8, u16, u32, u64, u128),
    thin: f32,
    no_number: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<u8>,
    #[serde(flatten)]
    flat: BTreeMap<&'a str, Option<Kind>>,
}

#[test]
fn every_kind_of_value_is_written_as_serde_json_writes_it() {
    let kinds =
        vec![Kind::Unit, Kind::Newtype(1), Kind::Tuple(2, "z".into()), Kind::Struct { a: Some(3), b: () }];
    same(&All {
        text: "a \"b\" \\ \u{0}\n\u{1f}é\u{7f}\u{2028}",
        kinds,
        unit: Unit,
        newtype: Newtype(-0.1e300),
        pair: Pair('"', false),
        small: (-1, i16::MIN, i32::MIN, i64::MIN, i128::MIN),
        large: (0, u16::MAX, u32::MAX, u64::MAX, u128::MAX),
        thin: 0.1,
        no_number: f64::NAN,
        skipped: None,
        flat: BTreeMap::from([("x", None), ("y\"", Some(Kind::Unit))]),
    });
    same(&Vec::<u8>::new());
    same(&Map::new());
    same(&());
}

#[test]
fn keys_are_texts() {
    same(&BTreeMap::from([(1_u8, "a"), (2, "b")]));
    same(&BTreeMap::from([(-1_i64, "a")]));
    same(&BTreeMap::from([(true, "a"), (false, "b")]));
    same(&BTreeMap::from([('"', "a")]));
    same(&BTreeMap::from([(vec![1], "a")]));
    same(&BTreeMap::from([((), "a")]));
}

#[test]
fn what_is_raw_stands_as_it_is() {
    let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
    same(&raw("{\"a\" : 1.10, \"\\u0061\": \"\\n\"}"));
    same(&[Some(raw("1")), None, Some(raw("\"\""))]);
    same(&BTreeMap::from([("a", raw("[ ]"))]));
}

#[test]
fn what_cannot_be_written_is_an_error() {
    struct Fails;
    impl Serialize for Fails {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(ser::Error::custom("no"))
        }
    }
    assert_eq!(to_vec(&json!({"a": 1})).unwrap(), b"{\"a\":1}");
    assert_eq!(to_vec(&[Fails]).unwrap_err().to_string(), "no");
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(".*", inner, 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_document_is_written_as_serde_json_writes_it(value in values()) {
        prop_assert_eq!(to_vec(&value).unwrap(), serde_json::to_vec(&value).unwrap());
    }
}

/// Eight letters are looked at together: every byte is found in every place of texts of every length.
#[test]
fn a_letter_that_is_escaped_is_found_wherever_it_stands() {
    for length in 0..=24 {
        let plain = "~".repeat(length);
        assert!(is_plain(plain.as_bytes()), "{length}");
        for at in 0..length {
            for letter in 0..=0x7f_u8 {
                let mut bytes = plain.clone().into_bytes();
                bytes[at] = letter;
                let escaped = letter < b' ' || matches!(letter, b'"' | b'\\');
                // A letter beside one that is found may be taken for one, and nothing else.
                assert_eq!(is_plain(&bytes), !escaped, "{length} {at} {letter}");
            }
        }
        let high = "é".repeat(length);
        assert!(is_plain(high.as_bytes()), "{length}");
    }
}
