//! A list: in the file in brackets, in the environment and on the command line a text with commas.

use std::fmt;

use ipnet::IpNet;
use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};

use super::ConfigError;
use crate::http::client_address::network;

/// What stands in the list.
#[derive(Clone, Debug, Default)]
pub(super) struct List(Vec<String>);

impl List {
    /// Reads a text with commas. Nothing is an empty list.
    pub(super) fn of(text: &str) -> Self {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        Self(parts.map(str::to_owned).collect())
    }

    /// As networks. `key` is the name of the setting.
    pub(super) fn networks(self, key: &str) -> Result<Vec<IpNet>, ConfigError> {
        let read = |text: &String| {
            network(text).map_err(|reason| ConfigError::Value(format!("{key} = {text:?}: {reason}")))
        };
        self.0.iter().map(read).collect()
    }
}

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Either)
    }
}

struct Either;

impl<'de> Visitor<'de> for Either {
    type Value = List;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of texts in brackets")
    }

    fn visit_str<E>(self, text: &str) -> Result<List, E> {
        Ok(List::of(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<List, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(List(list))
    }
}
