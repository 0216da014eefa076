use super::*;

fn read(metadata: &Value, by: RegisteredBy) -> Result<ClientSettings, SettingRefused> {
    let scopes = "openid profile notes:*".parse().unwrap();
    let policy = Policy { by, scopes: &scopes, signing_alg: SigningAlg::ES256 };
    settings(metadata.as_object().unwrap(), &ClientSettings::default(), policy)
}

fn refused(metadata: &Value) -> Option<String> {
    read(metadata, RegisteredBy::Anybody).err().map(|refused| refused.member.into_owned())
}

#[test]
fn what_a_client_leaves_out_is_as_rfc_7591_has_it() {
    let kept = read(&json!({ "redirect_uris": ["https://a.test/cb"] }), RegisteredBy::Anybody).unwrap();
    assert_eq!(kept.token_endpoint_auth_method, None, "the secret, in the header or the form");
    assert_eq!(metadata(&kept)["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!(kept.grants, [GrantType::AuthorizationCode]);
    assert_eq!(kept.scopes.to_string(), "openid profile notes:*");
    assert!(kept.require_pkce && !kept.skip_consent);
    let told = metadata(&kept);
    assert_eq!(told["response_types"], json!(["code"]));
    assert_eq!(told["scope"], "openid profile notes:*");
    assert_eq!(told["grant_types"], json!(["authorization_code"]));
    assert!(!told.contains_key("contacts") && !told.contains_key("skip_consent"));
}

#[test]
fn dc_01_what_goes_beyond_the_policy_is_refused_by_its_registered_name() {
    let good = json!({ "redirect_uris": ["https://a.test/cb"] });
    let with = |name: &str, value: Value| {
        let mut metadata = good.clone();
        metadata[name] = value;
        metadata
    };
    for (metadata, member) in [
        (good.clone(), None),
        (with("unknown", json!(1)), None),
        (with("logo_uri", json!("")), None),
        (with("scope", json!("openid notes:read")), None),
        (with("response_types", json!(["code"])), None),
        (with("skip_consent", json!(true)), None),
        (json!({}), Some("redirect_uris")),
        (json!({ "redirect_uris": ["https://a.test/cb#x"] }), Some("redirect_uris")),
        (json!({ "redirect_uris": ["http://a.test/cb"] }), Some("redirect_uris")),
        (json!({ "redirect_uris": ["javascript:alert(1)"] }), Some("redirect_uris")),
        (json!({ "redirect_uris": vec!["https://a.test/"; 21] }), Some("redirect_uris")),
        (
            json!({ "redirect_uris": ["com.example.app:/cb"], "application_type": "web" }),
            Some("redirect_uris"),
        ),
        (json!({ "redirect_uris": ["com.example.app:/cb"], "application_type": "native" }), None),
        (with("application_type", json!("tv")), Some("application_type")),
        (with("response_types", json!(["code", "token"])), Some("response_types")),
        (with("response_types", json!([])), Some("response_types")),
        (with("grant_types", json!(["client_credentials"])), Some("grant_types")),
        (with("grant_types", json!(["authorization_code", "password"])), Some("grant_types")),
        (
            with("grant_types", json!(["urn:ietf:params:oauth:grant-type:token-exchange"])),
            Some("grant_types"),
        ),
        (with("grant_types", json!(["urn:ietf:params:oauth:grant-type:device_code"])), Some("grant_types")),
        (with("grant_types", json!(["implicit"])), Some("grant_types")),
        (with("scope", json!("openid account")), Some("scope")),
        (with("scope", json!("users:read")), Some("scope")),
        (with("scope", json!(["openid"])), Some("scope")),
        (with("id_token_signed_response_alg", json!("none")), Some("id_token_signed_response_alg")),
        (with("id_token_signed_response_alg", json!("EdDSA")), Some("id_token_signed_response_alg")),
        (with("userinfo_signed_response_alg", json!("EdDSA")), Some("userinfo_signed_response_alg")),
        (with("token_endpoint_auth_method", json!("private_key_jwt")), Some("token_endpoint_auth_method")),
        (with("client_name", json!("Nоtes")), Some("client_name")),
        (with("logo_uri", json!("javascript:alert(1)")), Some("logo_uri")),
    ] {
        assert_eq!(refused(&metadata).as_deref(), member, "{metadata}");
    }
}

#[test]
fn an_initial_access_token_allows_programs_and_devices() {
    let program = json!({ "grant_types": ["client_credentials"], "scope": "notes:read" });
    let read = |metadata: &Value| super::tests::read(metadata, RegisteredBy::InitialAccessToken);
    assert!(read(&program).is_ok());
    assert!(read(&json!({ "grant_types": ["urn:ietf:params:oauth:grant-type:device_code"] })).is_ok());
    assert_eq!(read(&json!({ "grant_types": ["password"] })).unwrap_err().member, "grant_types");
    let public = json!({ "grant_types": ["client_credentials"], "scope": "notes:read", "token_endpoint_auth_method": "none" });
    assert_eq!(read(&public).unwrap_err().member, "grant_types");
}

#[test]
fn what_an_administrator_gave_stays_and_what_the_client_drops_does_not_come_back() {
    let scopes = "openid".parse().unwrap();
    let policy = Policy { by: RegisteredBy::Anybody, scopes: &scopes, signing_alg: SigningAlg::ES256 };
    let before = ClientSettings {
        scopes: "openid reports".parse().unwrap(),
        skip_consent: true,
        name: Some("App".parse().unwrap()),
        redirect_uris: vec!["https://a.test/cb".parse().unwrap()],
        contacts: vec!["dev@a.test".to_owned()],
        ..ClientSettings::default()
    };
    let same =
        json!({ "redirect_uris": ["https://a.test/cb"], "client_name": "App", "scope": "openid reports" });
    let after = settings(same.as_object().unwrap(), &before, policy).unwrap();
    assert!(after.skip_consent && after.scopes.contains("reports") && after.contacts.is_empty());
    // Whom it was given to stays whom it is for.
    for (member, value) in [
        ("redirect_uris", json!(["https://b.test/cb"])),
        ("client_name", json!(null)),
        ("token_endpoint_auth_method", json!("none")),
    ] {
        let mut said = same.clone();
        said[member] = value;
        assert_eq!(settings(said.as_object().unwrap(), &before, policy).unwrap_err().member, member);
    }
}
