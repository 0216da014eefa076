//! Attacks on the header, the signature and the shape of a token (JWT-01 to JWT-09), beyond the token file.

use gatepost_jose::{Algorithm, KeySet, Refused, SigningKey, Verifier, jws};

use crate::support::{AUDIENCE, ISSUER, NOW, base64url, claims, key, own_vectors, token, verifier};

/// A token whose header is `header` and whose signature is that of another header: it is refused at the latest by its signature,
/// so the tests look at the reason.
fn with_header(header: &str, key: &SigningKey) -> String {
    let token = jws::sign_compact("at+jwt", claims().to_string().as_bytes(), key);
    let rest = token.split_once('.').unwrap().1;
    format!("{}.{rest}", base64url(header.as_bytes()))
}

#[test]
fn jwt_01_the_names_of_algorithms_are_compared_byte_for_byte() {
    for name in [
        "none",
        "None",
        "NONE",
        "",
        " RS256",
        "RS256 ",
        "rs256",
        "RS\u{ff12}56",
        "RS256\0",
        "HS256,RS256",
        "RS1",
        "ES256K",
    ] {
        assert!(name.parse::<Algorithm>().is_err(), "{name:?}");
    }
    for algorithm in Algorithm::ALL {
        assert_eq!(algorithm.as_str().parse(), Ok(algorithm));
        assert_eq!(algorithm.to_string(), algorithm.as_str());
    }
    let key = key();
    for header in [
        r#"{"alg":"\u0045dDSA","kid":"k1","typ":"at+jwt"}"#,
        r#"{"alg":["EdDSA"],"kid":"k1","typ":"at+jwt"}"#,
        r#"{"kid":"k1","typ":"at+jwt"}"#,
        r#"{"alg":null,"kid":"k1","typ":"at+jwt"}"#,
    ] {
        assert_eq!(
            verifier(&key).verify(&with_header(header, &key), NOW).unwrap_err(),
            Refused::AlgorithmRefused,
            "{header}"
        );
    }
}

#[test]
fn jwt_02_a_symmetric_algorithm_works_only_when_it_is_named() {
    let key = SigningKey::from_secret(Algorithm::HS256, "k1", &[7; 32]).unwrap();
    let token = token(&claims(), &key);
    let verifier = verifier(&key);
    assert_eq!(verifier.verify(&token, NOW).unwrap_err(), Refused::AlgorithmRefused);
    let verifier = verifier.algorithms(&[Algorithm::HS256]);
    assert!(verifier.verify(&token, NOW).is_ok());
}

#[test]
fn jwt_03_an_algorithm_that_is_not_allowed_is_refused_whatever_the_key() {
    for algorithm in [Algorithm::EdDSA, Algorithm::ES256, Algorithm::ES384] {
        let key = SigningKey::generate(algorithm).unwrap();
        let token = token(&claims(), &key);
        for allowed in Algorithm::ALL {
            let verifier = verifier(&key).algorithms(&[allowed]);
            let answer = verifier.verify(&token, NOW).map(|_| ());
            let wanted = if allowed == algorithm { Ok(()) } else { Err(Refused::AlgorithmRefused) };
            assert_eq!(answer, wanted, "{algorithm} where {allowed} is allowed");
        }
        assert_eq!(
            verifier(&key).algorithms(&[]).verify(&token, NOW).unwrap_err(),
            Refused::AlgorithmRefused
        );
    }
}

#[test]
fn jwt_05_kid_is_needed_where_there_are_several_keys() {
    let (one, two) = (key(), key().with_kid("k2"));
    // This library always writes a kid, so a token without one is taken from the file: one key there would have fitted.
    let file = own_vectors("attack-tokens.json");
    let missing = file["tests"].as_array().unwrap().iter().find(|test| test["id"] == "kid-missing").unwrap();
    let (issuer, audience) =
        (file["policy"]["issuer"].as_str().unwrap(), file["policy"]["audience"].as_str().unwrap());
    let now = file["policy"]["now"].as_i64().unwrap();
    let keys = KeySet::parse(file["jwks"].to_string().as_bytes()).unwrap();
    let several = Verifier::new(issuer, audience, keys.clone());
    assert_eq!(several.verify(missing["token"].as_str().unwrap(), now).unwrap_err(), Refused::KeyIdMissing);
    let only = KeySet::from(keys.find("rsa-1").unwrap().clone());
    let verifier = Verifier::new(issuer, audience, only);
    assert!(verifier.verify(missing["token"].as_str().unwrap(), now).is_ok());
    // And the name decides, not what would verify.
    let set = KeySet::new([one.verifying_key(), two.verifying_key()]).unwrap();
    let verifier = Verifier::new(ISSUER, AUDIENCE, set);
    let misnamed = token(&claims(), &one.with_kid("k2"));
    assert_eq!(verifier.verify(&misnamed, NOW).unwrap_err(), Refused::BadSignature);
}

#[test]
fn jwt_08_no_byte_of_a_signature_may_be_zeroed_or_the_signature_shortened() {
    for algorithm in [Algorithm::EdDSA, Algorithm::ES256, Algorithm::ES384, Algorithm::HS256] {
        let key = SigningKey::generate(algorithm).unwrap();
        let verifier = verifier(&key).algorithms(&Algorithm::ALL);
        let token = token(&claims(), &key);
        let (signed, signature) = token.rsplit_once('.').unwrap();
        for length in 0..signature.len() {
            assert!(
                verifier.verify(&format!("{signed}.{}", &signature[..length]), NOW).is_err(),
                "{algorithm} {length}"
            );
        }
        for zeros in [0, 1, 32, 63, 64, 65, 96, 128, 1024, 1025, 4000] {
            assert!(verifier.verify(&format!("{signed}.{}", base64url(&vec![0; zeros])), NOW).is_err());
        }
        assert!(verifier.verify(&format!("{signed}.{signature}AAAA"), NOW).is_err());
    }
}

#[test]
fn jwt_09_what_surrounds_a_token_is_not_ignored() {
    let key = key();
    let verifier = verifier(&key);
    let good = token(&claims(), &key);
    assert!(verifier.verify(&good, NOW).is_ok());
    for (before, after) in [
        (" ", ""),
        ("", " "),
        ("", "\n"),
        ("", "\r\n"),
        ("\u{feff}", ""),
        ("", "\0"),
        ("", "="),
        ("", "=="),
        ("Bearer ", ""),
        (".", ""),
        ("", "."),
        ("", ".."),
        ("\"", "\""),
        ("", "\u{200b}"),
        ("", "%3D"),
        ("", "A"),
    ] {
        assert!(verifier.verify(&format!("{before}{good}{after}"), NOW).is_err(), "{before:?} {after:?}");
    }
    let dots = [
        &good.replace('.', ".."),
        &good.replace('.', ""),
        &good.replace('.', ","),
        &good.replacen('.', "", 1),
    ];
    for wrong in dots {
        assert!(verifier.verify(wrong, NOW).is_err());
    }
}
