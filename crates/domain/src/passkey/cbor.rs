//! CBOR as authenticators write it: every value has one spelling (CTAP 2.1 section 8), and any other is refused.

use ciborium::Value;

/// Nothing we read is nested as deep.
const DEPTH: usize = 8;

/// The first item, and what comes after it. `None`: it is cut off, or spelled otherwise than it would be written: an indefinite or a
/// longer length than needed, members out of order or twice.
pub(super) fn read(bytes: &[u8]) -> Option<(Value, &[u8])> {
    let value: Value = ciborium::de::from_reader_with_recursion_limit(bytes, DEPTH).ok()?;
    let rest = bytes.strip_prefix(written(&value)?.as_slice())?;
    is_in_order(&value).then_some((value, rest))
}

/// The only item there is.
pub(super) fn read_all(bytes: &[u8]) -> Option<Value> {
    read(bytes).filter(|(_, rest)| rest.is_empty()).map(|(value, _)| value)
}

fn written(value: &Value) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).ok()?;
    Some(bytes)
}

/// Whether the members of all maps come in the order of their spelling, which is that of CTAP for the keys there are: by kind, length
/// and letters. No two are the same then.
fn is_in_order(value: &Value) -> bool {
    match value {
        Value::Map(members) => {
            let keys: Option<Vec<_>> = members.iter().map(|(key, _)| written(key)).collect();
            keys.is_some_and(|keys| keys.is_sorted_by(|one, next| one < next))
                && members.iter().all(|(key, value)| is_in_order(key) && is_in_order(value))
        }
        Value::Array(items) => items.iter().all(is_in_order),
        Value::Tag(..) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hex(text: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
    }

    #[test]
    fn wa_05_one_spelling_is_read_and_no_other() {
        for good in
            ["a0", "a201020326", "a301020326200a", "a263666d74006761747453746d74a0", "8201820203", "f5"]
        {
            assert!(read_all(&hex(good)).is_some(), "{good}");
        }
        for (bad, why) in [
            ("", "nothing"),
            ("a2010203", "cut off"),
            ("a10102ff", "something after it"),
            ("a1011802", "a longer number than needed"),
            ("b9000101", "a longer count than needed"),
            ("bf0102ff", "no count"),
            ("5f4101ff", "no length"),
            ("a203260102", "out of order"),
            ("a2200a0102", "negative before positive"),
            ("a201020103", "twice"),
            ("a26761747453746d740063666d7400", "the longer name first"),
            ("c11a514b67b0", "a tag"),
            ("818181818181818181818181", "too deep"),
            ("5b7fffffffffffffff00", "longer than there is memory"),
            ("9b7fffffffffffffff00", "more than there is memory"),
        ] {
            assert!(read_all(&hex(bad)).is_none(), "{why}");
        }
        let bytes = hex("a10102ff");
        let (value, rest) = read(&bytes).unwrap();
        assert_eq!((value, rest), (Value::Map(vec![(1.into(), 2.into())]), &[0xff][..]));
    }

    proptest! {
        #[test]
        fn wa_05_no_bytes_make_it_panic(bytes: Vec<u8>) {
            if let Some((value, rest)) = read(&bytes) {
                let spelled = written(&value).unwrap();
                prop_assert_eq!([spelled.as_slice(), rest].concat(), bytes);
            }
        }
    }
}
