//! Listings by pages.

use super::Problem;
use serde::{Deserialize, Deserializer, de::Error as _};

/// How many a page holds at the most: 1 to 100, 50 unless given. More or fewer is refused: who asked for 1000 and got 100
/// would take them for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(u32);

impl Limit {
    const MOST: u32 = 100;

    /// As many as somebody wishes that can be given fewer, and is told where the next page begins. Zero: as many as usual.
    pub fn wished(number: u32) -> Self {
        if number == 0 { Self::default() } else { Self(number.min(Self::MOST)) }
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// What to read, so as to know whether there are more.
    pub const fn and_one(self) -> u32 {
        self.0 + 1
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.parse() {
            Ok(limit @ 1..=Self::MOST) => Ok(Self(limit)),
            _ => Err(D::Error::custom(format!("give a whole number from 1 to {}", Self::MOST))),
        }
    }
}

/// Refuses a text to search for that no column can hold.
pub fn searchable(name: &str, text: Option<&str>) -> Result<(), Problem> {
    if text.is_some_and(|text| text.len() > 200 || text.contains('\0')) {
        return Err(Problem::InvalidQuery { detail: format!("{name}: give up to 200 bytes of text") });
    }
    Ok(())
}

/// Of one more than a page holds, the page and the cursor of the next: the name of its last, if there are more.
pub fn cut<T>(mut found: Vec<T>, limit: Limit, name: impl FnOnce(&T) -> String) -> (Vec<T>, Option<String>) {
    let limit = limit.get() as usize;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(name);
    (found, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_its_last_only_where_there_are_more() {
        let cut = |found: &[u8], limit| cut(found.to_vec(), Limit(limit), ToString::to_string);
        assert_eq!(cut(&[1, 2, 3], 2), (vec![1, 2], Some("2".to_owned())));
        assert_eq!(cut(&[1, 2], 2), (vec![1, 2], None));
        assert_eq!(cut(&[], 2), (vec![], None));
    }
}
