//! JWT-13: no kind of token passes for another, n by n (RFC 8725 sections 3.11 and 3.12, RFC 9068 section 4).

use gatepost_jose::{Algorithm, KeySet, Refused, Verifier, jws, jwt};
use serde_json::json;

use crate::support::{AUDIENCE, ISSUER, NOW, claims, key};

/// The kinds of JWT that an issuer like ours, or one beside it, signs.
const TYPES: [&str; 9] = [
    "at+jwt",
    "JWT",
    "logout+jwt",
    "secevent+jwt",
    "dpop+jwt",
    "rt+jwt",
    "token-introspection+jwt",
    "oauth-authz-req+jwt",
    "id_token+jwt",
];

#[test]
fn jwt_13_a_token_passes_for_its_own_type_and_no_other() {
    let key = key();
    let keys = KeySet::from(key.verifying_key());
    for signed in TYPES {
        // The same claims each time: nothing but the type tells them apart.
        let token = jwt::sign(signed, &claims(), &key).unwrap();
        for expected in TYPES {
            let verifier = Verifier::new(ISSUER, AUDIENCE, keys.clone()).typ(expected);
            let typed = jws::verify_typed(&token, expected, &keys, &[Algorithm::EdDSA]).map(|_| ());
            for answer in
                [verifier.verify(&token, NOW).map(|_| ()), verifier.verify(&token, NOW).map(|_| ()), typed]
            {
                let wanted = if signed == expected { Ok(()) } else { Err(Refused::WrongType) };
                assert_eq!(answer, wanted, "{signed} for {expected}");
            }
        }
    }
}

#[test]
fn jwt_13_a_header_that_passed_for_one_verifier_does_not_pass_for_another() {
    let key = key();
    let keys = KeySet::from(key.verifying_key());
    let token = jwt::sign("at+jwt", &claims(), &key).unwrap();
    let verifier = Verifier::new(ISSUER, AUDIENCE, keys);
    assert!(verifier.verify(&token, NOW).is_ok());
    // The settings change after a token was seen: what was learned before must not count.
    assert_eq!(verifier.typ("JWT").verify(&token, NOW).unwrap_err(), Refused::WrongType);
}

#[test]
fn jwt_13_types_compare_without_case_and_without_application() {
    let key = key();
    let verifier = Verifier::new(ISSUER, AUDIENCE, key.verifying_key().into());
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
        let token = jwt::sign(typ, &claims(), &key).unwrap();
        assert!(verifier.verify(&token, NOW).is_ok(), "{typ}");
    }
    for typ in [
        "",
        "at+jwt ",
        "at",
        "jwt",
        "application/x/at+jwt",
        "applications/at+jwt",
        "at+jwt;v=1",
        "\u{ff41}t+jwt",
    ] {
        let token = jwt::sign(typ, &claims(), &key).unwrap();
        assert_eq!(verifier.verify(&token, NOW).unwrap_err(), Refused::WrongType, "{typ}");
    }
}

#[test]
fn jwt_13_a_missing_type_passes_only_where_it_was_asked_for() {
    let key = key();
    let bare = jwt::sign("", &claims(), &key).unwrap();
    let other = jwt::sign("logout+jwt", &claims(), &key).unwrap();
    let strict = Verifier::new(ISSUER, AUDIENCE, key.verifying_key().into()).typ("JWT");
    assert_eq!(strict.verify(&bare, NOW).unwrap_err(), Refused::WrongType);
    let lenient = strict.typ_may_be_absent();
    assert!(lenient.verify(&bare, NOW).is_ok());
    assert_eq!(lenient.verify(&other, NOW).unwrap_err(), Refused::WrongType);
}

/// What tells an ID token or a logout token of an issuer that marks no types: the audience.
#[test]
fn jwt_13_an_id_token_for_a_client_is_not_for_the_api() {
    let key = key();
    let mut id_token = claims();
    id_token["aud"] = json!("web");
    id_token["nonce"] = json!("n");
    let token = jwt::sign("JWT", &id_token, &key).unwrap();
    let verifier = Verifier::new(ISSUER, AUDIENCE, key.verifying_key().into()).typ("JWT").typ_may_be_absent();
    assert_eq!(verifier.verify(&token, NOW).unwrap_err(), Refused::WrongAudience);
}
