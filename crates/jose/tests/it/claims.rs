//! What a guard reads from a verified token.

use serde_json::{Value, json};

use crate::support::{AUDIENCE, ISSUER, NOW, claims, claims_with, key, token, verifier};

#[test]
fn claims_are_what_the_token_says() {
    let key = key();
    let mut claims = claims();
    for (name, value) in [
        ("email", json!("ada\u{e9}\"@id.example")),
        ("email_verified", json!(true)),
        ("name", json!("Ada \u{1f44b} Lovelace")),
        ("realm_id", json!("rlm_1")),
        ("org_id", json!(null)),
        ("auth_time", json!(NOW - 60)),
        ("acr", json!("urn:mfa")),
        ("amr", json!(["pwd", "otp"])),
        ("permissions", json!(["notes:read", "users:*"])),
        ("plan", json!({ "name": "pro", "seats": 5 })),
        ("nbf", json!(NOW - 5)),
    ] {
        claims[name] = value;
    }
    let read = verifier(&key).verify(&token(&claims, &key), NOW).unwrap();
    assert_eq!((read.issuer(), read.subject(), read.audience()), (ISSUER, "usr_ada", &[AUDIENCE.into()][..]));
    assert_eq!(
        (read.issued_at(), read.expires_at(), read.not_before()),
        (NOW - 10, NOW + 900, Some(NOW - 5))
    );
    assert_eq!(
        (read.token_id(), read.client_id(), read.session_id()),
        (Some("1"), Some("web"), Some("ses_1"))
    );
    assert_eq!((read.email(), read.email_verified()), (Some("ada\u{e9}\"@id.example"), Some(true)));
    assert_eq!(
        (read.name(), read.realm(), read.organization()),
        (Some("Ada \u{1f44b} Lovelace"), Some("rlm_1"), None)
    );
    assert_eq!((read.auth_time(), read.acr(), read.amr().len()), (Some(NOW - 60), Some("urn:mfa"), 2));
    assert_eq!(read.scopes().collect::<Vec<_>>(), ["notes:read", "notes:write"]);
    assert_eq!(read.key_id(), Some("k1"));
    assert!(read.has_role("admin") && !read.has_role("adm") && !read.has_role(""));
    assert!(read.has_scope("notes:read") && !read.has_scope("notes") && !read.has_scope(""));
    assert!(
        read.has_permission("notes:read")
            && !read.has_permission("notes:write")
            && !read.has_permission("notes")
    );
    assert!(
        read.has_permission("users:delete")
            && !read.has_permission("user:delete")
            && !read.has_permission("users")
    );
    assert_eq!(read.get("plan"), Some(json!({ "name": "pro", "seats": 5 })));
    assert_eq!((read.get("org_id"), read.get("nothing")), (Some(Value::Null), None));
    assert_eq!(read.read::<Value>().unwrap(), claims);
    assert_eq!(serde_json::from_str::<Value>(read.raw()).unwrap(), claims);
    assert!(!format!("{read:?}").contains("ada"), "personal data stays out of logs");
}

#[test]
fn scopes_as_a_list_and_absent_claims_are_read_for_what_they_are() {
    let key = key();
    let listed =
        verifier(&key).verify(&token(&claims_with("scope", json!(["a", "b\"c"])), &key), NOW).unwrap();
    assert_eq!(listed.scopes().collect::<Vec<_>>(), ["a", "b\"c"]);
    for (name, value) in
        [("email_verified", json!("true")), ("name", json!(5)), ("acr", json!(1)), ("amr", json!("pwd"))]
    {
        let read = verifier(&key).verify(&token(&claims_with(name, value), &key), NOW).unwrap();
        assert!(
            read.email_verified().is_none()
                && read.name().is_none()
                && read.acr().is_none()
                && read.amr().is_empty()
        );
    }
    let bare = json!({ "iss": ISSUER, "sub": "s", "aud": AUDIENCE, "exp": NOW + 1, "iat": NOW });
    let read = verifier(&key).verify(&token(&bare, &key), NOW).unwrap();
    assert!(read.roles().is_empty() && read.permissions().is_empty() && read.scopes().next().is_none());
    assert!(
        read.scope().is_none()
            && read.client_id().is_none()
            && read.session_id().is_none()
            && read.token_id().is_none()
    );
}

#[test]
fn verifiers_keys_and_claims_are_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<gatepost_jose::Verifier>();
    shared::<gatepost_jose::Verifiers>();
    shared::<gatepost_jose::KeyCache>();
    shared::<gatepost_jose::KeySet>();
    shared::<gatepost_jose::SigningKey>();
    let key = key();
    let verifier = std::sync::Arc::new(verifier(&key));
    let token = token(&claims(), &key);
    let subjects: Vec<String> = std::thread::scope(|threads| {
        let verify = || verifier.verify(&token, NOW).unwrap().subject().to_owned();
        let started: Vec<_> = (0..4).map(|_| threads.spawn(verify)).collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(subjects, vec!["usr_ada"; 4]);
}
