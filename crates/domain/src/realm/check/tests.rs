use super::*;
use crate::Role;
use serde_json::{Value, json};

fn checked(changes: &Value) -> Result<(), String> {
    let changes = changes.as_object().unwrap();
    let settings = RealmSettings::default().with(changes).and_then(|settings| settings.check());
    settings.map_err(|refused| refused.to_string())
}

#[test]
fn the_defaults_and_what_the_manual_shows_are_right() {
    assert_eq!(RealmSettings::default().check(), Ok(()));
    for good in [
        json!({"access_token_ttl": "1s", "refresh_grace": "0s", "key_rotation": "0s"}),
        json!({"access_token_ttl": "24h", "refresh_grace": "5m", "key_rotation": "24h"}),
        json!({"display_name": "Acme", "accent": "#0b5f73", "registration": "closed"}),
        json!({"password": {"min_length": 8}, "require_verified_email": true}),
        json!({"audience": ["notes-api", "https://api.test/"], "api_key_scopes": ["reports"]}),
        json!({"rate_limits": "off", "display_name": null}),
        json!({"rate_limits": "default"}),
        json!({"allowed_origins": ["https://app.example.com"]}),
    ] {
        assert_eq!(checked(&good), Ok(()), "{good}");
    }
}

#[test]
fn what_is_wrong_is_named_with_what_would_do() {
    for (changes, said) in [
        (json!({"access_token_ttl": "0s"}), "access_token_ttl: write a time from 1s to 24h"),
        (
            json!({"client_registration_scopes": ["openid", "account"]}),
            "client_registration_scopes: account opens all that a person may do, and is for clients that the realm makes; leave it out",
        ),
        (
            json!({"client_registration_scopes": ["openid", "roles"]}),
            "client_registration_scopes: roles opens all that a person may do, and is for clients that the realm makes; leave it out",
        ),
        (
            json!({"client_id_metadata_hosts": ["https://a.test"]}),
            "client_id_metadata_hosts: \"https://a.test\" is no host name in lower case, as in auth.example.com",
        ),
        (json!({"access_token_ttl": "25h"}), "access_token_ttl: write a time from 1s to 24h"),
        (json!({"refresh_token_ttl": "59s"}), "refresh_token_ttl: a minute at least"),
        (json!({"session_ttl": "0s"}), "session_ttl: a minute at least"),
        (json!({"trusted_device_ttl": "1h"}), "trusted_device_ttl: a day to a year, or \"0s\" for never"),
        (json!({"trusted_device_ttl": "400d"}), "trusted_device_ttl: a day to a year, or \"0s\" for never"),
        (json!({"refresh_grace": "6m"}), "refresh_grace: five minutes at most"),
        (
            json!({"key_rotation": "1h"}),
            "key_rotation: a day at least, which verifiers have to learn the next key, or \"0s\" for never",
        ),
        (json!({"password": {"min_length": 7}}), "password: min_length is a whole number from 8 to 128"),
        (json!({"password": {"min_length": 129}}), "password: min_length is a whole number from 8 to 128"),
        (
            json!({"signing_alg": "HS256"}),
            "signing_alg: HS256 is for the profiles that define it; choose ES256, EdDSA or RS256",
        ),
        (json!({"mfa": "always"}), "mfa: this takes one of `off`, `optional`, `required`"),
        (
            json!({"audience": ["a b"]}),
            "audience: write names or absolute URIs without fragment, of up to 255 letters",
        ),
        (
            json!({"organization_roles": ["realm-admin"]}),
            "organization_roles: realm-admin is built in, and given to users only; leave it out",
        ),
        (
            json!({"api_key_scopes": ["openid"]}),
            "api_key_scopes: openid is for people who sign in, and not for keys",
        ),
        (
            json!({"registraton": "open"}),
            "registraton: no realm has such a setting; did you mean `registration`?",
        ),
        (json!({"access_token_ttl": 7}), "access_token_ttl: this takes text"),
        (json!({"registration": 7}), "registration: this takes one of `open`, `invited`, `closed`"),
        (json!({"registration": "opne"}), "registration: this takes one of `open`, `invited`, `closed`"),
        (json!({"accent": "teal"}), "accent: a colour is # and six hexadecimal digits, as in #0b5f73"),
    ] {
        assert_eq!(checked(&changes), Err(said.to_owned()), "{changes}");
    }
    let many: Vec<String> = (0..=MOST).map(|number| format!("api-{number}")).collect();
    assert_eq!(
        checked(&json!({ "audience": many })).unwrap_err(),
        "audience: there are more than 100; leave out those that are not in use"
    );
}

#[test]
fn what_belongs_to_the_installation_is_said_where_the_realm_is_declared() {
    for member in ["profile", "hosts", "issuer", "token_issuer", "audit_retention", "cookie_domain"] {
        let said = checked(&json!({ member: null })).unwrap_err();
        let where_to = "this is set where the realm is declared: in the file, by `gatepost apply`";
        assert_eq!(said, format!("{member}: {where_to}"));
    }
}

#[test]
fn a_secret_goes_with_the_profiles_that_share_one_and_so_does_the_domain_of_a_cookie() {
    let of = RealmSettings::for_profile;
    let signing = |profile, signing_alg| RealmSettings { signing_alg, ..of(profile) };
    for profile in [Profile::Runbook, Profile::Module04] {
        assert_eq!(of(profile).check(), Ok(()), "{profile:?}");
        assert_eq!(signing(profile, SigningAlg::RS256).check().unwrap_err().member, "signing_alg");
    }
    let for_cookies =
        |profile, domain: &str| RealmSettings { cookie_domain: Some(domain.to_owned()), ..of(profile) };
    for good in ["example.com", ".example.com", "a.b.example"] {
        assert_eq!(for_cookies(Profile::Module04, good).check(), Ok(()), "{good}");
    }
    for bad in [
        "",
        "com",
        ".",
        "Example.com",
        "a..b",
        "example.com.",
        "1.2.3.4",
        "a b.c",
        "example.com; Secure",
        "..a.b",
    ] {
        assert_eq!(for_cookies(Profile::Module04, bad).check().unwrap_err().member, "cookie_domain", "{bad}");
    }
    for other in [Profile::Native, Profile::Runbook] {
        assert_eq!(for_cookies(other, "example.com").check().unwrap_err().member, "cookie_domain");
    }
}

#[test]
fn a_cookie_is_for_a_domain_that_a_host_of_the_realm_is_under() {
    let with = |hosts: &[&str], domain: &str| RealmSettings {
        hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        cookie_domain: Some(domain.to_owned()),
        ..RealmSettings::for_profile(Profile::Module04)
    };
    for (hosts, domain) in [
        (&[][..], "example.com"),
        (&["auth.example.com"], "example.com"),
        (&["auth.example.com:8443"], ".example.com"),
        (&["example.com"], "example.com"),
        (&["auth.posts.test", "auth.example.com"], "example.com"),
    ] {
        assert_eq!(with(hosts, domain).check(), Ok(()), "{hosts:?}");
    }
    for hosts in [&["auth.posts.test"][..], &["auth.badexample.com"], &["com"]] {
        let said = with(hosts, "example.com").check().unwrap_err().to_string();
        assert!(said.starts_with("cookie_domain: no browser takes the cookie, for none of"), "{said}");
    }
}

#[test]
fn a_name_for_tokens_is_one_word_and_somebody_takes_them() {
    let saying = |issuer: &str, audience: &[&str]| RealmSettings {
        token_issuer: Some(issuer.to_owned()),
        audience: audience.iter().map(|name| (*name).to_owned()).collect(),
        ..RealmSettings::default()
    };
    assert_eq!(RealmSettings::for_profile(Profile::Zalt).check(), Ok(()));
    assert_eq!(saying("https://api.zalt.io", &["notes"]).check(), Ok(()));
    for (issuer, audience) in
        [("", &["notes"][..]), ("a b", &["notes"]), ("a#b", &["notes"]), ("zalt.io", &[])]
    {
        assert_eq!(saying(issuer, audience).check().unwrap_err().member, "token_issuer", "{issuer}");
    }
}

#[test]
fn hosts_are_written_as_browsers_send_them() {
    let with = |host: &str| RealmSettings { hosts: vec![host.to_owned()], ..RealmSettings::default() };
    for good in ["auth.example.com", "localhost:8400", "[::1]", "127.0.0.1"] {
        assert_eq!(with(good).check(), Ok(()), "{good}");
    }
    for bad in ["", "Auth.example.com", "https://auth.example.com", "a/b", "a:80", "a b"] {
        assert_eq!(with(bad).check().unwrap_err().member, "hosts", "{bad}");
    }
}

#[test]
fn roles_for_organizations_are_roles_of_the_realm() {
    let role = |name: &str| Role { name: name.parse().unwrap(), permissions: vec![], inherits: vec![] };
    let graph = RoleGraph::new(&[role("editor")]).unwrap();
    let naming = |role: &str| RealmSettings {
        organization_roles: vec![role.parse().unwrap()],
        ..RealmSettings::default()
    };
    assert_eq!(naming("editor").check_roles(&graph), Ok(()));
    assert_eq!(
        naming("edtor").check_roles(&graph).unwrap_err().to_string(),
        "organization_roles: there is no role edtor; did you mean editor?"
    );
}
