//! JSON in which each member stands once.

use std::{collections::BTreeSet, fmt};

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Any JSON value in which no object, however deep, has two members of one name: two readers could take such a text for two
/// different things. Reading it fails otherwise, with the name. Nothing is kept.
#[derive(Clone, Copy, Debug)]
pub struct EachOnce;

impl<'de> Deserialize<'de> for EachOnce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Looking)
    }
}

struct Looking;

impl<'de> Visitor<'de> for Looking {
    type Value = EachOnce;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<EachOnce, E> {
        Ok(EachOnce)
    }

    fn visit_i64<E>(self, _: i64) -> Result<EachOnce, E> {
        Ok(EachOnce)
    }

    fn visit_u64<E>(self, _: u64) -> Result<EachOnce, E> {
        Ok(EachOnce)
    }

    fn visit_f64<E>(self, _: f64) -> Result<EachOnce, E> {
        Ok(EachOnce)
    }

    fn visit_str<E>(self, _: &str) -> Result<EachOnce, E> {
        Ok(EachOnce)
    }

    fn visit_unit<E>(self) -> Result<EachOnce, E> {
        Ok(EachOnce)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<EachOnce, A::Error> {
        while list.next_element::<EachOnce>()?.is_some() {}
        Ok(EachOnce)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<EachOnce, A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = object.next_key::<String>()? {
            object.next_value::<EachOnce>()?;
            if names.contains(&name) {
                return Err(A::Error::custom(format_args!("duplicate field `{name}`")));
            }
            names.insert(name);
        }
        Ok(EachOnce)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Option<String> {
        let error = serde_json::from_str::<EachOnce>(text).err()?.to_string();
        Some(error.split(" at line").next().unwrap_or_default().to_owned())
    }

    #[test]
    fn ij_06_a_member_stands_once_in_its_object() {
        for good in ["null", "1", r#"{"a":{"a":[{"a":-1},{"a":1.5}]},"b":"a","c":true}"#, "[]"] {
            assert_eq!(refused(good), None, "{good}");
        }
        for (bad, name) in [
            (r#"{"a":1,"a":1}"#, "a"),
            (r#"{"a":1,"\u0061":2}"#, "a"),
            (r#"[{"b":{"c":[{"d":1,"e":2,"d":3}]}}]"#, "d"),
            (r#"{"":1,"":1}"#, ""),
        ] {
            assert_eq!(refused(bad), Some(format!("duplicate field `{name}`")), "{bad}");
        }
    }
}
