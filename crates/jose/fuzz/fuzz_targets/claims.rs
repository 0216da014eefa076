//! Any payload under a good signature: what is accepted reads the same to serde_json.
#![no_main]

use std::sync::LazyLock;

use gatepost_jose::{Algorithm, SigningKey, Verifier, jws};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::from_secret(Algorithm::HS256, "h", &[7; 32]).unwrap());
static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| {
    Verifier::new("i", "a", KEY.verifying_key().into()).algorithms(&[Algorithm::HS256])
});

/// Half of the cases start from claims that pass, so that the rest of the payload is reached.
const GOOD: &[u8] = br#"{"iss":"i","sub":"s","aud":"a","iat":1760000000,"exp":1760000900,"#;

fuzz_target!(|payload: &[u8]| {
    check(payload);
    check(&[GOOD, payload].concat());
});

fn check(payload: &[u8]) {
    let token = jws::sign_compact("at+jwt", payload, &KEY);
    assert_eq!(jws::verify_compact(&token, &VERIFIER.keys(), &[Algorithm::HS256]).is_ok(), token.len() <= 16 * 1024);
    let Ok(claims) = VERIFIER.verify(&token, 1_760_000_001) else { return };
    let read: Map<String, Value> = serde_json::from_slice(payload).expect("JSON that serde_json reads too");
    assert_eq!(read["iss"], claims.issuer());
    assert_eq!(read["sub"], claims.subject());
    for (name, value) in &read {
        assert_eq!(claims.get(name).as_ref(), Some(value));
    }
    for (name, text) in [
        ("jti", claims.token_id()),
        ("sid", claims.session_id()),
        ("client_id", claims.client_id()),
        ("email", claims.email()),
        ("name", claims.name()),
        ("realm_id", claims.realm()),
        ("org_id", claims.organization()),
        ("acr", claims.acr()),
    ] {
        assert_eq!(read.get(name).and_then(Value::as_str), text, "{name}");
    }
    for (name, list) in [("roles", claims.roles()), ("permissions", claims.permissions())] {
        let listed = read.get(name).and_then(Value::as_array).map_or(0, Vec::len);
        assert_eq!(list.len(), listed, "{name}");
    }
    assert!(!read.contains_key("cnf"));
}
