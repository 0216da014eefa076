//! Listings by pages.

/// How many a page holds unless the caller says.
pub const fn usual() -> u32 {
    50
}

/// Of one more than a page holds, the page and the cursor of the next: the name of its last, if there are more.
pub fn cut<T>(mut found: Vec<T>, limit: u32, name: impl FnOnce(&T) -> String) -> (Vec<T>, Option<String>) {
    let limit = limit as usize;
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
        let cut = |found: &[u8], limit| cut(found.to_vec(), limit, ToString::to_string);
        assert_eq!(cut(&[1, 2, 3], 2), (vec![1, 2], Some("2".to_owned())));
        assert_eq!(cut(&[1, 2], 2), (vec![1, 2], None));
        assert_eq!(cut(&[], 2), (vec![], None));
    }
}
