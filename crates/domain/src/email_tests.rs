use super::*;
use proptest::prelude::*;

/// Own vectors: (a, b, whether both name one account; `None`: `a` is refused).
fn vectors() -> Vec<(String, String, Option<bool>, String)> {
    let file: serde_json::Value = serde_json::from_str(include_str!("../tests/email.json")).unwrap();
    let text = |case: &serde_json::Value, name: &str| case[name].as_str().unwrap().to_owned();
    file["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| (text(case, "a"), text(case, "b"), case["same"].as_bool(), text(case, "why")))
        .collect()
}

#[test]
fn every_vector_is_answered_as_it_says() {
    let cases = vectors();
    assert!(cases.len() >= 21);
    for (a, b, same, why) in cases {
        let (left, right) = (a.parse::<EmailAddress>(), b.parse::<EmailAddress>());
        match same {
            Some(true) => assert_eq!(left.unwrap(), right.unwrap(), "{why}: {a:?} {b:?}"),
            Some(false) => assert!(left.is_err() || right.is_err() || left != right, "{why}: {a:?} {b:?}"),
            None => assert!(left.is_err(), "{why}: {a:?}"),
        }
        if why.contains("reject") {
            assert!(a.parse::<EmailAddress>().is_err(), "{why}: {a:?}");
        }
    }
}

#[test]
fn letters_that_deceive_are_refused_and_not_folded() {
    for bad in [
        "us\u{435}r@example.com",
        "\u{ff55}ser@example.com",
        "\u{212a}@example.com",
        "user@ex\u{430}mple.com",
        "user@\u{ff45}xample.com",
        "user@example\u{3002}com",
        "us\u{200d}er@example.com",
        "\u{202e}user@example.com",
    ] {
        assert_eq!(bad.parse::<EmailAddress>(), Err(EmailRefused::Deceptive), "{bad:?}");
    }
}

#[test]
fn what_is_no_address_is_refused() {
    for bad in [
        "",
        " ",
        "user",
        "@example.com",
        "user@",
        "user@@example.com",
        "a@b@example.com",
        ".user@example.com",
        "user.@example.com",
        "us..er@example.com",
        "us er@example.com",
        "user@exa mple.com",
        "user@-example.com",
        "user@example..com",
        "user@example.com.",
        "user@127.0.0.1",
        "user@[::1]",
        "user@intranet",
        "user@exam_ple.com",
        "user(comment)@example.com",
        "user@example.com\n",
        "\tuser@example.com",
        "user@xn--.com",
        "us\\er@example.com",
    ] {
        assert!(bad.parse::<EmailAddress>().is_err(), "{bad:?}");
    }
    assert_eq!(
        format!("{}@{}.com", "a".repeat(64), "b".repeat(63)).parse::<EmailAddress>().map(|_| ()),
        Ok(())
    );
    let long = format!("{}@{}.com", "a".repeat(64), ["b".repeat(60).as_str(); 4].join("."));
    assert_eq!(long.parse::<EmailAddress>(), Err(EmailRefused::TooLong));
    assert_eq!("a".repeat(2_000).parse::<EmailAddress>(), Err(EmailRefused::TooLong));
}

#[test]
fn mail_goes_to_the_address_as_typed_and_debug_hides_it() {
    let address: EmailAddress = " User+Tag@EXAMPLE.com ".parse().unwrap();
    assert_eq!(address.as_str(), "User+Tag@EXAMPLE.com");
    assert_eq!(address.key(), "user+tag@example.com");
    assert_eq!(format!("{address:?}"), "EmailAddress(…)");
    assert!("dev@localhost".parse::<EmailAddress>().is_ok());
}

proptest! {
    #[test]
    fn an_address_read_from_its_own_text_is_the_same(text in "[A-Za-z0-9._+é-]{1,20}@[a-zA-Zä0-9-]{1,12}\\.[a-z]{2,6}") {
        if let Ok(address) = text.parse::<EmailAddress>() {
            let again: EmailAddress = address.as_str().parse().unwrap();
            prop_assert_eq!(again.key(), address.key());
            let key: EmailAddress = address.key().parse().unwrap();
            prop_assert_eq!(key.key(), address.key());
        }
    }

    #[test]
    fn a_plain_domain_is_read_as_idna_reads_it(domain in "[a-zA-Z0-9.-]{1,70}|([a-z0-9-]{1,3}\\.){1,3}[A-Z0-9-]{1,3}") {
        if is_plain_host(&domain) {
            prop_assert_eq!(idna::domain_to_ascii_strict(&domain).ok(), Some(domain.to_ascii_lowercase()));
        }
    }

    #[test]
    fn no_text_panics_and_no_accepted_address_can_break_a_header(text in "\\PC*@?[\\x00-\\x7f]*|.*@.*") {
        if let Ok(address) = text.parse::<EmailAddress>() {
            prop_assert!(!address.as_str().chars().any(|c| c.is_control() || ",<>\"()[]\\:; ".contains(c)));
        }
    }
}

#[test]
fn a_mailbox_is_an_address_without_what_follows_a_plus() {
    for (text, mailbox) in [
        ("ada@example.com", "ada@example.com"),
        ("Ada+x@EXAMPLE.com", "ada@example.com"),
        ("ada+x+y@example.com", "ada@example.com"),
        ("+x@example.com", "@example.com"),
    ] {
        assert_eq!(text.parse::<EmailAddress>().unwrap().mailbox(), mailbox, "{text}");
    }
}
