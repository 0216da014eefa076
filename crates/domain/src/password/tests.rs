use super::*;
use proptest::prelude::*;

fn refused(text: &str) -> Option<TooWeak> {
    Policy::default().accept(text, &["ada@example.com", "ada.lovelace", "Ada Lovelace", "gatepost"]).err()
}

#[test]
fn a_passphrase_is_accepted_whatever_it_is_made_of() {
    for good in [
        "correct horse battery",
        "naïve café crème 7",
        "夏草や兵どもが夢の跡かな",
        "zq9!kd02mw;x",
        "my cat lovelace sleeps all day",
    ] {
        assert_eq!(refused(good), None, "{good}");
    }
}

#[test]
fn length_counts_characters_in_normal_form_and_is_bounded_in_bytes() {
    assert_eq!(refused("zq9!kd02mwx"), Some(TooWeak::TooShort { min: 12 }));
    // Eleven characters, the last written with a combining accent.
    assert_eq!(refused("zq9!kd02mwe\u{301}"), Some(TooWeak::TooShort { min: 12 }));
    assert_eq!(Policy::new(1).accept("zq9!kd0", &[]).err(), Some(TooWeak::TooShort { min: 8 }));
    let long: String = (0_u32..1_024).map(|n| char::from(b'a' + u8::try_from(n * n % 23).unwrap())).collect();
    assert_eq!(refused(&long), None);
    assert_eq!(refused(&format!("{long}x")), Some(TooWeak::TooLong));
    assert_eq!(refused(&"é".repeat(1_000_000)), Some(TooWeak::TooLong));
}

#[test]
fn one_password_typed_on_two_keyboards_is_one() {
    let (composed, decomposed) = (
        Password::to_verify("cr\u{e8}me br\u{fb}l\u{e9}e"),
        Password::to_verify("cre\u{300}me bru\u{302}le\u{301}e"),
    );
    assert_eq!(composed.unwrap().as_bytes(), decomposed.unwrap().as_bytes());
}

#[test]
fn what_many_use_is_refused_also_with_decoration() {
    for bad in [
        "Password12345",
        "p@ssw0rd!!!!",
        "qwertyuiop123",
        "iloveyou2024!",
        "123456789012",
        "letmeinplease",
        "administrator1",
        "1q2w3e4r5t6y",
    ] {
        assert!(
            matches!(refused(bad), Some(TooWeak::Common | TooWeak::Repetitive)),
            "{bad}: {:?}",
            refused(bad)
        );
    }
}

#[test]
fn what_repeats_or_runs_is_refused() {
    for bad in [
        "aaaaaaaaaaaa",
        "abababababab",
        "abcabcabcabc",
        "abcdefghijklmnop",
        "zyxwvutsrqponm",
        "12121212121212",
    ] {
        assert_eq!(refused(bad), Some(TooWeak::Repetitive), "{bad}");
    }
}

#[test]
fn the_owners_own_words_are_refused() {
    for bad in ["ada@example.com1", "Lovelace1843!", "xx-LOVELACE-xx", "gatepost-1234"] {
        assert_eq!(refused(bad), Some(TooWeak::Personal), "{bad}");
    }
}

#[test]
fn debug_shows_neither_password_nor_hash() {
    assert_eq!(format!("{:?}", Password::to_verify("hunter2hunter2").unwrap()), "Password(…)");
    assert_eq!(
        format!("{:?}", PasswordHash::new("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA")),
        "PasswordHash(argon2id, …)"
    );
    for nameless in ["0123456789abcdef0123456789abcdef:aa", "{SSHA}c2FsdA==", "5f4dcc3b5aa765d6"] {
        assert_eq!(format!("{:?}", PasswordHash::new(nameless)), "PasswordHash(, …)");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_policy_panic_and_what_is_accepted_can_be_verified(text in "\\PC{0,40}|.{0,40}") {
        if let Ok(accepted) = Policy::default().accept(&text, &["ada"]) {
            let verified = Password::to_verify(&text).unwrap();
            prop_assert_eq!(verified.as_bytes(), accepted.as_bytes());
        }
    }
}
