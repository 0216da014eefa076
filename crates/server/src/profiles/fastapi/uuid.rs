//! UUIDs as pydantic reads them, and what it says of others.

/// Reads a UUID in any of its four spellings: plain, with hyphens, in braces, as a URN.
pub fn parse(text: &str) -> Result<[u8; 16], String> {
    let braced = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let urn = text.strip_prefix("urn:uuid:");
    let (inner, offset, plain) = match (braced, urn) {
        (Some(inner), _) => (inner, 1, false),
        (None, Some(inner)) => (inner, "urn:uuid:".len(), false),
        (None, None) => (text, 0, true),
    };
    let mut hyphens = Vec::new();
    for (index, letter) in inner.char_indices() {
        if letter == '-' {
            hyphens.push(index);
        } else if !letter.is_ascii_hexdigit() {
            return Err(format!("invalid character: found `{letter}` at {}", index + offset));
        }
    }
    match hyphens.len() {
        0 if inner.len() == 32 => {}
        0 if plain => return Err(format!("invalid length: found {}", text.len())),
        4 => {
            let ends: Vec<usize> = hyphens.iter().copied().chain([inner.len()]).collect();
            let mut start = 0;
            for (group, (end, expected)) in ends.into_iter().zip([8, 4, 4, 4, 12]).enumerate() {
                let found = end - start;
                if found != expected {
                    return Err(format!(
                        "invalid group length in group {group}: expected {expected}, found {found}"
                    ));
                }
                start = end + 1;
            }
        }
        count => return Err(format!("invalid group count: expected 5, found {}", count + 1)),
    }
    let digits: String = inner.chars().filter(|letter| *letter != '-').collect();
    // 32 hexadecimal digits by now.
    u128::from_str_radix(&digits, 16).map(u128::to_be_bytes).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What pydantic 2.14 says of them.
    #[test]
    fn what_is_no_uuid_is_told_as_pydantic_tells_it() {
        for (text, said) in [
            ("x", "invalid character: found `x` at 0"),
            ("12345678-1234-1234-1234-1234567890g2", "invalid character: found `g` at 34"),
            ("é", "invalid character: found `é` at 0"),
            ("12345678-1234-1234-1234-1234567890", "invalid group length in group 4: expected 12, found 10"),
            ("1-2-3-4-5", "invalid group length in group 0: expected 8, found 1"),
            ("12345678-1234-1234-123456789012", "invalid group count: expected 5, found 4"),
            ("0", "invalid length: found 1"),
        ] {
            assert_eq!(parse(text).unwrap_err(), said, "{text}");
        }
        let bytes = 0x1234_5678_1234_1234_1234_1234_5678_9012_u128.to_be_bytes();
        for good in [
            "12345678123412341234123456789012",
            "12345678-1234-1234-1234-123456789012",
            "urn:uuid:12345678-1234-1234-1234-123456789012",
            "{12345678-1234-1234-1234-123456789012}",
        ] {
            assert_eq!(parse(good), Ok(bytes), "{good}");
        }
    }
}
