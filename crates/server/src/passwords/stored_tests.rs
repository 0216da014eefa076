use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
    truncation: Option<Truncation>,
}

#[derive(Deserialize)]
struct Case {
    password: String,
    hash: Option<String>,
    verify: Option<bool>,
}

#[derive(Deserialize)]
struct Truncation {
    a: String,
    b: String,
    same: bool,
}

fn vectors(text: &str) -> Vectors {
    serde_json::from_str(text).unwrap()
}

fn own() -> Vectors {
    vectors(include_str!("../../tests/vectors/password-hashes.json"))
}

fn foreign() -> Vectors {
    vectors(include_str!("../../tests/vectors/foreign-password-hashes.json"))
}

/// A hash that cannot be checked verifies nothing.
fn verifies(hash: &str, password: &str) -> bool {
    Stored::parse(hash)
        .and_then(|stored| stored.verify(password.as_bytes(), &mut Arena::default()))
        .unwrap_or(false)
}

#[test]
fn every_own_vector_is_answered_as_it_says() {
    let cases = own().cases;
    assert_eq!(cases.len(), 33);
    for Case { password, hash, verify } in cases {
        // No hash at all is a user without a password, who has none to check.
        let Some(hash) = hash else { continue };
        assert_eq!(Some(verifies(&hash, &password)), verify, "{password:?} {hash}");
    }
}

#[test]
fn every_foreign_format_verifies_its_own_password_and_no_other_and_is_outdated() {
    let cases = foreign().cases;
    assert_eq!(cases.len(), 18);
    for Case { password, hash, .. } in cases {
        let hash = hash.unwrap();
        assert!(verifies(&hash, &password), "{hash}");
        assert!(!verifies(&hash, &format!("{password} ")), "{hash}");
        assert!(!verifies(&hash, ""), "{hash}");
        assert!(Stored::parse(&hash).unwrap().is_outdated(Cost::default()), "{hash}");
    }
}

/// The example that Firebase publishes with its tool.
#[test]
fn the_published_example_of_firebase_verifies() {
    let hash = "$firebase-scrypt$ln=14,r=8,ss=Bw==,\
        sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==\
        $42xEC+ixf3L2lw==\
        $lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==";
    assert!(verifies(hash, "user1password"));
    assert!(!verifies(hash, "user1passwore"));
}

#[test]
fn lg_06_no_byte_of_a_password_is_dropped() {
    let Truncation { a, b, same } = own().truncation.unwrap();
    assert!(!same && a.len() == 73 && a[..72] == b[..72]);
    let cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };
    let new = argon2id::hash(a.as_bytes(), [1; 16], cost, &mut Arena::default()).unwrap();
    assert!(verifies(&new, &a) && !verifies(&new, &b) && !verifies(&new, &a[..72]));
    // What old bcrypt made of 73 times `a` when it cut the last one off: nobody signs in with another 73rd byte.
    let cut = "$2b$05$5cFzFp422OZ3s0YgpoRUZe/dyd48Yn4G1NSQI9gk1s3GCn.Benzbq";
    assert!(verifies(cut, &"a".repeat(72)) && !verifies(cut, &"a".repeat(73)));
    assert!(!verifies(cut, &format!("{}b", "a".repeat(72))));
}

/// To bcrypt, which repeats its key and ends it with a NUL, `abc` and `abc`, NUL, `abc` are one.
#[test]
fn lg_06_a_nul_is_a_byte_like_any_other() {
    let abc = "$2b$10$yt6B6g5QsIjIrGNgAVn5QO49gq9vC5otZTWqavXcih96.EwiY7AJy";
    assert!(verifies(abc, "abc") && !verifies(abc, "abc\0abc") && !verifies(abc, "abc\0"));
}

#[test]
fn lg_07_no_format_can_ask_for_unbounded_work() {
    let (salt, hash) = ("c2FsdHNhbHRzYWx0", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    for costly in [
        "$2b$16$yt6B6g5QsIjIrGNgAVn5QO49gq9vC5otZTWqavXcih96.EwiY7AJy".to_owned(),
        "bcrypt_sha256$$2b$31$yt6B6g5QsIjIrGNgAVn5QO49gq9vC5otZTWqavXcih96.EwiY7AJy".to_owned(),
        "$bcrypt-sha256$v=2,t=2b,r=30$nBh132hmISJXkqHB8oZX6e$TmKOvSBBIZZOHe.tjGhNLYv.boaaDVi".to_owned(),
        format!("$scrypt$ln=21,r=8,p=1${salt}${hash}"),
        format!("$scrypt$ln=14,r=8,p=4294967295${salt}${hash}"),
        format!("$scrypt$ln=14,r=4294967295,p=1${salt}${hash}"),
        format!("$scrypt$ln=64,r=1,p=1${salt}${hash}"),
        format!("scrypt$2147483648${salt}$8$1${hash}"),
        format!("$firebase-scrypt$ln=30,r=8,ss=Bw,sk={hash}${salt}${hash}"),
        format!("$pbkdf2-sha256$4000001${salt}${hash}"),
        format!("$pbkdf2$2000001${salt}${hash}"),
        format!("pbkdf2_sha256$4294967295${salt}${hash}"),
        format!("$argon2id$v=19$m=4294967295,t=1,p=1${salt}${hash}"),
    ] {
        assert!(matches!(Stored::parse(&costly).err(), Some(HashUnusable::TooCostly(_))), "{costly}");
    }
}

#[test]
fn what_is_damaged_is_refused_without_work() {
    for Case { hash, .. } in foreign().cases.into_iter().chain(own().cases) {
        let Some(hash) = hash.filter(|hash| Stored::parse(hash).is_ok()) else { continue };
        // Cut anywhere it is refused, or at least another hash, which is shorter than any digest but by its last letters.
        for end in (0..hash.len() - 12).filter(|end| hash.is_char_boundary(*end)) {
            let _ = Stored::parse(&hash[..end]);
        }
        assert!(Stored::parse(&hash[..hash.rfind(['$', ':', '}']).unwrap()]).is_err(), "{hash}");
        assert!(Stored::parse(&format!("{hash}$x")).is_err(), "{hash}");
        assert!(Stored::parse(&format!("{hash}é")).is_err(), "{hash}");
    }
    for bad in [
        "$2x$10$yt6B6g5QsIjIrGNgAVn5QO49gq9vC5otZTWqavXcih96.EwiY7AJy",
        "$2b$03$yt6B6g5QsIjIrGNgAVn5QO49gq9vC5otZTWqavXcih96.EwiY7AJy",
        "$2b$1$yt6B6g5QsIjIrGNgAVn5QO49gq9vC5otZTWqavXcih96.EwiY7AJyx",
        "pbkdf2_sha256$0$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "pbkdf2_sha256$+10$salt$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "pbkdf2_sha256$1000$$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$scrypt$ln=14,ln=14,r=8,p=1$c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "scrypt$1000$salt$8$1$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "{SSHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk=",
        "{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk=",
        "sha1$$2jmj7l5rSw0yVb/vlWAYkK/YBwk=",
        "md5$salt$0123456789abcdef0123456789abcdef",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "!",
    ] {
        assert!(Stored::parse(bad).is_err(), "{bad}");
    }
    assert!(Stored::parse(&"$".repeat(1_000_000)).is_err());
}
