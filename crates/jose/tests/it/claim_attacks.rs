//! Attacks by claims (JWT-10 to JWT-12), beyond the token file.

use gatepost_jose::Refused;
use serde_json::{Value, json};

use crate::support::{AUDIENCE, ISSUER, NOW, claims, claims_with, key, token, token_of_text, verifier};

fn refusal(claims: &Value) -> Refused {
    let key = key();
    verifier(&key).verify(&token(claims, &key), NOW).unwrap_err()
}

#[test]
fn jwt_10_a_payload_that_reads_in_two_ways_is_refused_though_it_is_signed() {
    let key = key();
    let verifier = verifier(&key);
    let good = claims().to_string();
    assert!(verifier.verify(&token_of_text(good.as_bytes(), &key), NOW).is_ok());
    let inside = &good[1..];
    for payload in [
        format!("{{\"sub\":\"admin\",{inside}"),
        format!("{{\"\\u0073ub\":\"admin\",{inside}"),
        format!("{{\"x\":{{\"a\":1,\"a\":2}},{inside}"),
        format!("{{\"x\":[{{\"a\":1,\"\\u0061\":2}}],{inside}"),
        format!("\u{feff}{good}"),
        format!("{good}{good}"),
        format!("{good},"),
        format!("[{good}]"),
        format!("{{\"x\":NaN,{inside}"),
        format!("{{\"x\":1e999,{inside}"),
        format!("{{\"x\":\"\\ud800\",{inside}"),
        format!("{{\"x\":{}1{},{inside}", "[".repeat(64), "]".repeat(64)),
        format!("{{\"x\":01,{inside}"),
        format!("{{'x':1,{inside}"),
        format!("{{x:1,{inside}"),
        format!("{{\"x\":1,,{inside}"),
        good.replace('}', ",}"),
    ] {
        let answer = verifier.verify(&token_of_text(payload.as_bytes(), &key), NOW);
        assert!(matches!(answer, Err(Refused::Malformed(_))), "{payload}: {answer:?}");
    }
    let bad_utf8 = [&b"{\"x\":\"\xff\","[..], inside.as_bytes()].concat();
    let overlong = [&b"{\"x\":\"\xc0\xaf\","[..], inside.as_bytes()].concat();
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for payload in [bad_utf8, overlong, utf16, Vec::new()] {
        assert!(matches!(verifier.verify(&token_of_text(&payload, &key), NOW), Err(Refused::Malformed(_))));
    }
}

#[test]
fn jwt_10_sixty_four_levels_are_read() {
    let key = key();
    let deep = format!("{{\"x\":{}{},{}", "[".repeat(63), "]".repeat(63), &claims().to_string()[1..]);
    assert!(verifier(&key).verify(&token_of_text(deep.as_bytes(), &key), NOW).is_ok());
}

#[test]
fn jwt_11_a_time_of_a_wrong_type_is_never_an_absent_one() {
    for name in ["exp", "nbf", "iat", "auth_time"] {
        for value in [
            json!("1760000900"),
            json!(true),
            json!(false),
            json!([1_760_000_900]),
            json!({}),
            json!(-1),
            json!(-1.5),
            json!(""),
            json!(u64::MAX),
            json!(i64::MAX),
            json!(1e300),
            json!(1_760_000_900_000_i64),
            json!(253_402_300_800_i64),
        ] {
            assert_eq!(
                refusal(&claims_with(name, value.clone())),
                Refused::ClaimInvalid(name),
                "{name} {value}"
            );
        }
        let null = claims().to_string().replacen('{', &format!("{{\"{name}\":null,"), 1);
        let null = null.replacen(&format!(",\"{name}\":{}", claims()[name]), "", 1);
        let key = key();
        let answer = verifier(&key).verify(&token_of_text(null.as_bytes(), &key), NOW);
        assert_eq!(answer.unwrap_err(), Refused::ClaimInvalid(name), "{null}");
    }
}

#[test]
fn jwt_11_the_edges_of_the_leeway() {
    let key = key();
    let verifier = verifier(&key).leeway(30);
    let answer = |name: &str, value: i64| {
        verifier.verify(&token(&claims_with(name, json!(value)), &key), NOW).map(|_| ())
    };
    assert_eq!(answer("exp", NOW - 29), Ok(()));
    assert_eq!(answer("exp", NOW - 30), Err(Refused::Expired));
    assert_eq!(answer("nbf", NOW + 30), Ok(()));
    assert_eq!(answer("nbf", NOW + 31), Err(Refused::NotYetValid));
    assert_eq!(answer("iat", NOW + 30), Ok(()));
    assert_eq!(answer("iat", NOW + 31), Err(Refused::IssuedInFuture));
    assert_eq!(answer("exp", 253_402_300_799), Ok(()));
    assert_eq!(answer("exp", 0), Err(Refused::Expired));
    let fraction = verifier.verify(&token(&claims_with("exp", json!(1_760_000_000.5)), &key), NOW).unwrap();
    assert_eq!(fraction.expires_at(), NOW);
}

#[test]
fn jwt_11_and_12_what_is_expected_must_be_there() {
    for name in ["iss", "sub", "aud", "exp", "iat"] {
        assert_eq!(refusal(&claims_with(name, Value::Null)), Refused::ClaimMissing(name));
    }
}

#[test]
fn jwt_12_claims_with_a_type_are_refused_in_another() {
    for (name, values) in [
        ("iss", vec![json!(1), json!([ISSUER]), json!({}), json!(true)]),
        ("sub", vec![json!(1), json!([]), json!("")]),
        ("aud", vec![json!(1), json!({}), json!([AUDIENCE, 1]), json!([[AUDIENCE]]), json!(true)]),
        ("jti", vec![json!(1), json!([])]),
        ("sid", vec![json!(1), json!([])]),
        ("client_id", vec![json!(1), json!(["web"])]),
        ("scope", vec![json!(1), json!({}), json!([1])]),
        ("roles", vec![json!("admin"), json!([1]), json!({}), json!(["a", null])]),
        ("permissions", vec![json!("notes:read"), json!(true)]),
        ("email", vec![json!(1), json!(["a@b.example"])]),
        ("realm_id", vec![json!(1)]),
        ("org_id", vec![json!(1)]),
    ] {
        for value in values {
            assert_eq!(
                refusal(&claims_with(name, value.clone())),
                Refused::ClaimInvalid(name),
                "{name} {value}"
            );
        }
    }
}

#[test]
fn jwt_12_issuer_and_audience_are_compared_as_strings() {
    for issuer in [
        "https://id.example/",
        "https://ID.example",
        "http://id.example",
        "https://id.example:443",
        "https://id.exampl",
        "",
    ] {
        assert_eq!(refusal(&claims_with("iss", json!(issuer))), Refused::WrongIssuer, "{issuer}");
    }
    for audience in [
        json!("Notes"),
        json!("notes/"),
        json!("note"),
        json!("notes2"),
        json!([]),
        json!(["web", "not\u{0435}s"]),
        json!(""),
    ] {
        assert_eq!(refusal(&claims_with("aud", audience.clone())), Refused::WrongAudience, "{audience}");
    }
    let key = key();
    let several = token(&claims_with("aud", json!(["web", AUDIENCE])), &key);
    assert_eq!(verifier(&key).verify(&several, NOW).unwrap().audience().len(), 2);
}
