use super::*;
use serde_json::{Value, json};

fn refused(changes: &Value, public: bool) -> Option<String> {
    let changes = changes.as_object().unwrap().clone();
    let checked = ClientSettings::default().with(&changes).and_then(|settings| settings.check(public));
    checked.err().map(|refused| refused.member.into_owned())
}

const ORGANIZATION: &str = "org_01jd3v6d7qk4r8x2m5n9p0t1wz";

/// A client that administers, but for what is said otherwise.
fn administering(otherwise: &Value) -> Value {
    let mut all = json!({
        "administers": ["users:*", "roles:read"], "grants": ["client_credentials"], "token_format": "scalekit",
    });
    for (name, value) in otherwise.as_object().unwrap() {
        all[name] = value.clone();
    }
    all
}

#[test]
fn settings_that_do_not_fit_together_name_the_member() {
    let key = json!({ "keys": [{ "kty": "EC" }] });
    let web = "https://a.test/x";
    for (changes, public, member) in [
        (json!({}), false, None),
        (json!({}), true, None),
        (json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": key }), false, None),
        (
            json!({ "token_endpoint_auth_method": "private_key_jwt" }),
            false,
            Some("token_endpoint_auth_method"),
        ),
        (json!({ "jwks": key, "jwks_uri": web }), false, Some("jwks_uri")),
        (json!({ "require_signed_request_object": true }), false, Some("require_signed_request_object")),
        (json!({ "request_uris": [web] }), false, Some("request_uris")),
        (json!({ "request_uris": [web], "jwks": key }), false, None),
        (json!({ "id_token_signed_response_alg": "HS256" }), false, Some("id_token_signed_response_alg")),
        (json!({ "userinfo_signed_response_alg": "HS256" }), false, Some("userinfo_signed_response_alg")),
        (
            json!({ "introspection_signed_response_alg": "HS256" }),
            false,
            Some("introspection_signed_response_alg"),
        ),
        (json!({ "request_object_signing_alg": "HS256" }), false, Some("request_object_signing_alg")),
        (
            json!({ "token_endpoint_auth_signing_alg": "ES256" }),
            false,
            Some("token_endpoint_auth_signing_alg"),
        ),
        (
            json!({ "token_endpoint_auth_method": "client_secret_jwt", "token_endpoint_auth_signing_alg": "ES256" }),
            false,
            Some("token_endpoint_auth_signing_alg"),
        ),
        (
            json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": key, "token_endpoint_auth_signing_alg": "HS256" }),
            false,
            Some("token_endpoint_auth_signing_alg"),
        ),
        (
            json!({ "subject_type": "pairwise", "redirect_uris": ["https://a.test/", "https://b.test/"] }),
            false,
            Some("sector_identifier_uri"),
        ),
        (
            json!({ "subject_type": "pairwise", "redirect_uris": ["https://a.test/", "https://a.test/b"] }),
            false,
            None,
        ),
        (json!({ "subject_type": "pairwise", "scopes": ["account"] }), false, Some("subject_type")),
        (json!({ "sector_identifier_uri": "http://a.test/" }), false, Some("sector_identifier_uri")),
        (json!({ "grants": ["client_credentials"], "scopes": ["openid"] }), false, Some("scopes")),
        (json!({ "grants": ["client_credentials"], "scopes": ["a:b"] }), false, None),
        (json!({ "grants": ["client_credentials"], "scopes": ["a:b"] }), true, Some("grants")),
        (json!({ "grants": ["urn:ietf:params:oauth:grant-type:token-exchange"] }), true, Some("grants")),
        (json!({ "may_impersonate": true }), false, Some("may_impersonate")),
        (json!({ "grants": ["password"] }), false, Some("grants")),
        (json!({ "grants": ["password"], "skip_consent": true }), false, None),
        (json!({ "grants": ["client_credentials"], "token_format": "scalekit" }), false, None),
        (
            json!({ "token_format": "scalekit", "id_token_signed_response_alg": "ES256" }),
            false,
            Some("id_token_signed_response_alg"),
        ),
        (
            json!({ "token_format": "scalekit", "security_profile": "fapi2", "jwks": key }),
            false,
            Some("token_format"),
        ),
        (administering(&json!({})), false, None),
        (administering(&json!({ "administers": ["users"] })), false, Some("administers")),
        (administering(&json!({ "administers": ["everything:*"] })), false, Some("administers")),
        (administering(&json!({ "administers": ["users:delete"] })), false, Some("administers")),
        (administering(&json!({ "grants": ["authorization_code"] })), false, Some("administers")),
        (
            administering(&json!({ "token_format": "standard", "scopes": ["a:b"] })),
            false,
            Some("administers"),
        ),
        (administering(&json!({ "audience": ["notes-api"] })), false, Some("audience")),
        (administering(&json!({ "organization": ORGANIZATION })), false, Some("administers")),
        (
            json!({ "organization": ORGANIZATION, "grants": ["client_credentials"], "scopes": ["a:b"] }),
            false,
            None,
        ),
        (json!({ "organization": ORGANIZATION }), false, Some("organization")),
        (json!({ "grants": ["client_credentials"], "scopes": ["a:b"], "token_format": "zalt" }), false, None),
        (json!({ "grants": ["client_credentials"], "token_format": "zalt" }), false, Some("scopes")),
        (json!({ "token_format": "zalt" }), false, Some("token_format")),
        (json!({ "require_pkce": false }), false, None),
        (json!({ "require_pkce": false }), true, Some("require_pkce")),
        (json!({ "refresh_token_rotation": false }), true, Some("refresh_token_rotation")),
        (json!({ "refresh_token_rotation": false, "dpop_bound_access_tokens": true }), true, None),
        (
            json!({ "backchannel_logout_session_required": true }),
            false,
            Some("backchannel_logout_session_required"),
        ),
        (json!({ "audience": ["https://a.test/#x"] }), false, Some("audience")),
        (json!({ "audience": ["a b"] }), false, Some("audience")),
        (json!({ "contacts": [""] }), false, Some("contacts")),
        (json!({ "redirect_uris": vec![web; 101] }), false, Some("redirect_uris")),
    ] {
        assert_eq!(refused(&changes, public).as_deref(), member, "{changes} {public}");
    }
}

#[test]
fn oa_02_every_member_that_holds_an_address_refuses_a_trick() {
    let tricks = [
        "javascript:alert(1)",
        "data:text/html,x",
        "http://a.test/",
        "https://a.test/#x",
        "https://*.a.test/",
        "https://u:p@a.test/",
        "HTTPS://A.test/",
    ];
    for trick in tricks {
        for name in [
            "backchannel_logout_uri",
            "initiate_login_uri",
            "jwks_uri",
            "sector_identifier_uri",
            "client_uri",
            "logo_uri",
            "policy_uri",
            "tos_uri",
        ] {
            assert_eq!(refused(&json!({ name: trick }), false).as_deref(), Some(name), "{trick}");
        }
        for name in ["redirect_uris", "post_logout_redirect_uris"] {
            assert_eq!(refused(&json!({ name: [trick] }), false).as_deref(), Some(name), "{trick}");
        }
    }
}

#[test]
fn a_mistake_names_the_member_and_the_remedy_and_not_the_value() {
    let told = |changes: &Value| {
        ClientSettings::default().with(changes.as_object().unwrap()).unwrap_err().to_string()
    };
    assert_eq!(
        told(&json!({ "redirect_uri": [] })),
        "redirect_uri: no client has such a setting; did you mean `redirect_uris`?"
    );
    assert_eq!(told(&json!({ "require_pkce": "s3cret" })), "require_pkce: this takes true or false");
    assert_eq!(told(&json!({ "subject_type": "s3cret" })), "subject_type: this takes `public` or `pairwise`");
    assert!(!told(&json!({ "token_endpoint_auth_method": "s3cret" })).contains("s3cret"));
    assert!(!told(&json!({ "redirect_uris": ["s3cret"] })).contains("s3cret"));
}

#[test]
fn null_gives_back_the_default_and_what_is_not_named_stays() {
    let first = ClientSettings::default()
        .with(json!({ "require_pkce": false, "name": "App" }).as_object().unwrap())
        .unwrap();
    let second = first.with(json!({ "require_pkce": null }).as_object().unwrap()).unwrap();
    assert!(second.require_pkce && second.name == first.name && !first.require_pkce);
}
