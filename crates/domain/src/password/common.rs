//! Passwords that many people use: 150,000 of those that were found in leaks, and the words that most others are built from.
//!
//! A list of every variant ("password1", "P@ssw0rd!", "password2024") would never end. So digits, signs and the usual
//! substitutions around a word are taken off before it is looked up.

use aws_lc_rs::digest::{SHA256, digest};

/// The leaked ones, as `scripts/common-passwords` makes them of an openly licensed list: the first 40 bits of SHA-256 of each, in
/// lower case, sorted. 750 kB. Of passwords that are not in the list one in 7 million is taken for one that is: 150,000 in 2^40.
static LEAKED: &[u8] = include_bytes!("common.bin");

/// The shortest in the list, which is the least a realm can ask for.
const SHORTEST_LEAKED: usize = 8;

/// Sorted, in lower case, without decoration.
static WORDS: &[&str] = &[
    "abcdefgh",
    "abcdefghi",
    "access",
    "admin",
    "adminadmin",
    "administrator",
    "adobe",
    "amanda",
    "andrew",
    "angel",
    "anthony",
    "apple",
    "asdasd",
    "asdf",
    "asdfasdf",
    "asdfgh",
    "asdfghjk",
    "asdfghjkl",
    "ashley",
    "austin",
    "azerty",
    "azertyuiop",
    "babygirl",
    "bailey",
    "banana",
    "barcelona",
    "baseball",
    "basketball",
    "batman",
    "butterfly",
    "changeit",
    "changeme",
    "changemeplease",
    "charlie",
    "cheese",
    "chelsea",
    "chocolate",
    "computer",
    "cookie",
    "correcthorsebatterystaple",
    "daniel",
    "default",
    "demo",
    "diamond",
    "donald",
    "dragon",
    "eminem",
    "enter",
    "facebook",
    "family",
    "ferrari",
    "flower",
    "football",
    "forever",
    "freedom",
    "friends",
    "google",
    "guest",
    "hannah",
    "hello",
    "helloworld",
    "hockey",
    "hunter",
    "iloveyou",
    "iloveyousomuch",
    "internet",
    "jennifer",
    "jessica",
    "jordan",
    "joshua",
    "justin",
    "killer",
    "letmein",
    "letmeinnow",
    "letmeinplease",
    "liverpool",
    "login",
    "london",
    "lovely",
    "loveme",
    "master",
    "matthew",
    "michael",
    "michelle",
    "minecraft",
    "monkey",
    "mustang",
    "mynoob",
    "mypassword",
    "naruto",
    "nicole",
    "ninja",
    "nothing",
    "pass",
    "passpass",
    "passphrase",
    "passw",
    "passwd",
    "password",
    "passwordpassword",
    "passwort",
    "pepper",
    "pokemon",
    "princess",
    "qazwsx",
    "qazwsxedc",
    "qazwsxedcrfv",
    "qwer",
    "qwerasdf",
    "qwerasdfzxcv",
    "qwert",
    "qwerty",
    "qwertyqwerty",
    "qwertyui",
    "qwertyuiop",
    "qwertyuiopasdf",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertz",
    "qwertzuiop",
    "robert",
    "root",
    "samsung",
    "secret",
    "server",
    "shadow",
    "soccer",
    "starwars",
    "summer",
    "sunshine",
    "superman",
    "supersecret",
    "system",
    "test",
    "testing",
    "testtest",
    "thisisapassword",
    "thomas",
    "tigger",
    "trustno",
    "trustnoone",
    "welcome",
    "welcometo",
    "whatever",
    "william",
    "winter",
    "zaqwsx",
    "zxcvbn",
    "zxcvbnm",
];

/// Keyboard walks whose digits are part of the walk.
static WALKS: &[&str] = &[
    "1q2w3e4r", "1qaz2wsx", "1qazxsw2", "q1w2e3r4", "zaq12wsx", "zaq1xsw2", "1a2b3c4d", "a1b2c3d4", "123qwe",
];

/// Whether `plain` (lower case) is a word many use, with or without decoration, or nothing but digits in a row.
pub(super) fn is_common(plain: &str) -> bool {
    let bare = |text: &str| WORDS.binary_search(&text).is_ok();
    let trimmed = plain.trim_matches(|c: char| !c.is_alphabetic());
    if trimmed.is_empty() && plain.is_ascii() {
        return is_digits_in_a_row(plain);
    }
    if WALKS.iter().any(|walk| plain.starts_with(walk) && plain.chars().count() < walk.len() + 6) {
        return true;
    }
    let letters: String = trimmed.chars().filter(|c| c.is_alphanumeric()).collect();
    let spelled: String =
        plain.trim_end_matches(|c: char| !c.is_alphabetic()).chars().filter_map(plain_letter).collect();
    bare(plain) || bare(trimmed) || bare(&letters) || bare(&spelled) || is_leaked(plain) || is_leaked(trimmed)
}

/// Whether `plain` (lower case) is itself such a word, a walk, or digits in a row: nothing is taken off it.
pub(super) fn is_itself(plain: &str) -> bool {
    let only_digits = !plain.is_empty() && plain.bytes().all(|byte| byte.is_ascii_digit());
    WORDS.binary_search(&plain).is_ok()
        || WALKS.contains(&plain)
        || is_leaked(plain)
        || only_digits && is_digits_in_a_row(plain)
}

fn is_leaked(plain: &str) -> bool {
    let (hashes, _) = LEAKED.as_chunks::<5>();
    let hash = digest(&SHA256, plain.as_bytes());
    plain.chars().count() >= SHORTEST_LEAKED
        && hash.as_ref().first_chunk().is_some_and(|first| hashes.binary_search(first).is_ok())
}

/// The letter a substitution stands for; signs between letters are dropped.
fn plain_letter(c: char) -> Option<char> {
    match c {
        '0' => Some('o'),
        '1' | '!' => Some('i'),
        '3' => Some('e'),
        '4' | '@' => Some('a'),
        '5' | '$' => Some('s'),
        '7' => Some('t'),
        other if other.is_alphanumeric() => Some(other),
        _ => None,
    }
}

/// Digits that run up or down, over the end of the row too, at least for most of the text; or a date-like few
/// digits over and over are left to the other rules.
fn is_digits_in_a_row(plain: &str) -> bool {
    let digits: Vec<i16> = plain.bytes().filter(u8::is_ascii_digit).map(|b| i16::from(b - b'0')).collect();
    let steps =
        digits.windows(2).filter(|pair| matches!((pair[1] - pair[0]).rem_euclid(10), 0 | 1 | 9)).count();
    steps * 10 >= digits.len().saturating_sub(1) * 7
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_so_that_it_can_be_searched() {
        let mut sorted = WORDS.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted, WORDS);
        let (hashes, rest) = LEAKED.as_chunks::<5>();
        assert!(rest.is_empty() && hashes.is_sorted_by(|one, next| one < next));
        assert!(hashes.len() >= 100_000 && LEAKED.len() <= 1_000_000, "{}", hashes.len());
    }

    #[test]
    fn what_is_common_itself_stays_so_where_decoration_is_allowed() {
        for plain in ["password", "password123", "manchesterunited", "1q2w3e4r", "1234567890"] {
            assert!(is_itself(plain), "{plain}");
        }
        // Both halves are known, and what they make is in no list.
        assert!(is_common("testpass123") && !is_itself("testpass123"));
    }

    #[test]
    fn lg_06_leaked_passwords_are_common_and_others_are_not() {
        for leaked in ["1qazxsw23edc", "unbelievable", "manchesterunited", "michaeljackson"] {
            assert!(is_common(leaked), "{leaked}");
        }
        assert!(is_common("manchesterunited99"), "digits around it do not help");
        assert!(!is_leaked("unbeliev"), "a part of one is another");
        // About one in 7 million of these is in the list by chance.
        let by_chance = (0..20_000).filter(|n| is_leaked(&format!("the engine weaves {n}"))).count();
        assert_eq!(by_chance, 0);
    }
}
