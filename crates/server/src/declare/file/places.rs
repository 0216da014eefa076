//! Where things stand in the file.

use std::ops::Range;

use toml::Spanned;

use super::Node;

/// Where the keys of a table stand, so that what is wrong with one is said of its line.
pub(super) struct Places {
    table: Range<usize>,
    keys: Vec<(String, Range<usize>)>,
}

impl Places {
    pub(super) fn of(node: &Node<'_>) -> Self {
        let table = node.get_ref().as_table().into_iter().flat_map(|table| table.iter());
        let keys = table.map(|(key, value)| (key.get_ref().to_string(), value.span()));
        Self { table: node.span(), keys: keys.collect() }
    }

    /// The key, or the table that lacks it.
    pub(super) fn of_key(&self, name: &str) -> &Range<usize> {
        let found = self.keys.iter().find(|(key, _)| key == name);
        found.map_or(&self.table, |(_, place)| place)
    }

    /// The names of the keys.
    pub(super) fn names(&self) -> Vec<String> {
        self.keys.iter().map(|(key, _)| key.clone()).collect()
    }
}

/// Where the tables of a realm stand that have the same name, as in `[[realm.client]]`, in their order.
#[derive(Default)]
pub(super) struct Parts(Vec<(String, Vec<Range<usize>>)>);

impl Parts {
    pub(super) fn note(&mut self, part: &str, nodes: &[Node<'_>]) {
        self.0.push((part.to_owned(), nodes.iter().map(Spanned::span).collect()));
    }

    /// One of them.
    pub(super) fn at(&self, part: &str, index: usize) -> Option<&Range<usize>> {
        let (_, places) = self.0.iter().find(|(known, _)| known == part)?;
        places.get(index)
    }
}
