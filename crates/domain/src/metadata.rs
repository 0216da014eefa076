use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// What the owners of an organization keep with it, for its members to see: any JSON object, of up to 4 KiB as it is written. Nothing of
/// it decides anything here.
///
/// It is not what an application keeps with it ([`crate::Notes`]): that is for whoever administers the realm to write and to see.
/// `Debug` says how much there is, and nothing of it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Metadata(Map<String, Value>);

/// The object cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("metadata is a JSON object of up to {} bytes as it is written", Metadata::MOST)]
pub struct MetadataRefused;

impl Metadata {
    /// The most bytes, as it is written without white space.
    pub const MOST: usize = 4096;

    /// The object.
    pub const fn object(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl TryFrom<Map<String, Value>> for Metadata {
    type Error = MetadataRefused;

    fn try_from(object: Map<String, Value>) -> Result<Self, MetadataRefused> {
        let metadata = Self(object);
        if metadata.to_string().len() > Self::MOST { Err(MetadataRefused) } else { Ok(metadata) }
    }
}

/// As it was written: whatever is longer than what may be kept was kept by another release.
impl FromStr for Metadata {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text).map(Self)
    }
}

impl fmt::Display for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(&self.0).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Metadata({} entries)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: Value) -> Result<Metadata, MetadataRefused> {
        let Value::Object(object) = value else { panic!("{value}") };
        object.try_into()
    }

    #[test]
    fn any_object_is_written_and_read_back() {
        for value in [json!({}), json!({"plan": "pro", "seats": 5, "deep": {"a": [1, null, "\0"]}})] {
            let metadata = read(value.clone()).unwrap();
            assert_eq!(metadata.to_string().parse::<Metadata>().unwrap(), metadata);
            assert_eq!(Value::Object(metadata.object().clone()), value);
            assert!(!format!("{metadata:?}").contains("pro"));
        }
    }

    #[test]
    fn what_is_too_long_is_refused() {
        let of = |length: usize| read(json!({"a": "x".repeat(length - r#"{"a":""}"#.len())}));
        assert!(of(Metadata::MOST).is_ok());
        assert_eq!(of(Metadata::MOST + 1), Err(MetadataRefused));
    }
}
