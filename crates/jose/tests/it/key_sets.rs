//! JWK sets from elsewhere: what is used, what is skipped, what is refused whole (JWT-03, JWT-18).

use gatepost_jose::{Algorithm, Jwk, JwkSet, KeyRefused, KeySet, MAX_KEYS, SigningKey, VerifyingKey};
use serde_json::{Value, json};

use crate::support::{own_vectors, rsa_jwk};

#[test]
fn jwt_03_encryption_keys_and_foreign_algorithms_are_skipped() {
    let with = |member: &str, value: Value| {
        let mut jwk = rsa_jwk();
        jwk[member] = value;
        KeySet::parse(json!({ "keys": [jwk] }).to_string().as_bytes()).unwrap()
    };
    assert_eq!(with("use", "sig".into()).len(), 1);
    assert_eq!(with("key_ops", json!(["verify"])).len(), 1);
    for (member, value) in [
        ("use", json!("enc")),
        ("use", json!("")),
        ("alg", json!("RSA-OAEP-256")),
        ("alg", json!("rs256")),
        ("alg", json!("none")),
        ("alg", json!("ES256")),
        ("alg", json!("HS256")),
        ("key_ops", json!(["encrypt"])),
        ("key_ops", json!([])),
        ("kty", json!("EC")),
        ("kty", json!("rsa")),
        ("n", json!("not base64url!")),
        ("n", json!(5)),
        ("kid", json!(5)),
    ] {
        let keys = with(member, value.clone());
        assert_eq!((keys.len(), keys.skipped()), (0, 1), "{member} {value}");
    }
}

#[test]
fn jwt_18_a_set_with_private_members_is_refused_whole() {
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        let mut jwk = rsa_jwk();
        jwk["kid"] = "other".into();
        jwk[member] = "AQAB".into();
        let set = json!({ "keys": [rsa_jwk(), jwk] }).to_string();
        assert_eq!(KeySet::parse(set.as_bytes()).unwrap_err(), KeyRefused::Private, "{member}");
        assert!(serde_json::from_str::<JwkSet>(&set).is_err(), "{member}");
    }
    let secret = json!({ "keys": [rsa_jwk(), { "kty": "oct", "kid": "s" }] }).to_string();
    assert_eq!(KeySet::parse(secret.as_bytes()).unwrap_err(), KeyRefused::Private);
}

#[test]
fn jwt_18_a_set_with_one_kid_twice_is_refused_whole() {
    let set = json!({ "keys": [rsa_jwk(), rsa_jwk()] }).to_string();
    assert_eq!(KeySet::parse(set.as_bytes()).unwrap_err(), KeyRefused::DuplicateKid);
    // Also when one of the two is too weak to be used: which was meant cannot be known.
    let mut weak = own_vectors("attack-tokens.json")["jwks"]["keys"][4].clone();
    weak["kid"] = rsa_jwk()["kid"].clone();
    let set = json!({ "keys": [rsa_jwk(), weak] }).to_string();
    assert_eq!(KeySet::parse(set.as_bytes()).unwrap_err(), KeyRefused::DuplicateKid);
    let key = SigningKey::generate(Algorithm::EdDSA).unwrap();
    let twice = KeySet::new([key.verifying_key(), key.verifying_key()]);
    assert_eq!(twice.unwrap_err(), KeyRefused::DuplicateKid);
    // An encryption key under the name of a signature key takes nothing from it.
    let mut encryption = rsa_jwk();
    encryption["use"] = "enc".into();
    let set = json!({ "keys": [rsa_jwk(), encryption] }).to_string();
    assert_eq!(KeySet::parse(set.as_bytes()).unwrap().len(), 1);
}

#[test]
fn jwt_18_ten_thousand_keys_html_and_broken_json_are_refused() {
    let many: Vec<Value> =
        (0..10_000).map(|number| json!({ "kty": "x", "kid": number.to_string() })).collect();
    let set = json!({ "keys": many }).to_string();
    assert_eq!(KeySet::parse(set.as_bytes()).unwrap_err(), KeyRefused::TooManyKeys);
    let as_many = json!({ "keys": many[..MAX_KEYS] }).to_string();
    assert_eq!(KeySet::parse(as_many.as_bytes()).unwrap().skipped(), MAX_KEYS);
    for broken in [
        &b""[..],
        b"<!doctype html><html></html>",
        b"{",
        b"[]",
        b"{}",
        b"null",
        b"{\"keys\":{}}",
        b"{\"keys\":[]}x",
        b"\xff\xfe",
        b"{\"keys\":[],\"keys\":[]}",
        b"\xef\xbb\xbf{\"keys\":[]}",
    ] {
        assert!(KeySet::parse(broken).is_err(), "{}", String::from_utf8_lossy(broken));
    }
    assert!(KeySet::parse(b"{\"keys\":[]}").unwrap().is_empty());
    assert_eq!(KeySet::parse(b"{\"keys\":[1,null,\"x\",{}]}").unwrap().skipped(), 4);
}

#[test]
fn one_jwk_is_read_as_a_set_of_one() {
    let keys = KeySet::parse(rsa_jwk().to_string().as_bytes()).unwrap();
    assert_eq!(keys.find("rsa-1").unwrap().algorithm(), Algorithm::RS256);
    assert!(keys.find("RSA-1").is_none());
}

#[test]
fn an_rsa_key_without_alg_is_for_rs256() {
    let mut jwk = rsa_jwk();
    jwk.as_object_mut().unwrap().remove("alg");
    let keys = KeySet::parse(jwk.to_string().as_bytes()).unwrap();
    assert_eq!(keys.keys()[0].algorithm(), Algorithm::RS256);
    let jwk: Jwk = serde_json::from_value(jwk).unwrap();
    assert_eq!(VerifyingKey::from_jwk(&jwk, Algorithm::PS384).unwrap().algorithm(), Algorithm::PS384);
}
