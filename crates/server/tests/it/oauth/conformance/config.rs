//! `oidcc-config-certification-test-plan`

use crate::support::TestApp;

use super::super::relying_party::{ISSUER, REALM};

#[tokio::test]
async fn oidcc_discovery_endpoint_verification() {
    let app = TestApp::with(REALM).await;
    let answer = app.get("/.well-known/openid-configuration").await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let metadata = answer.json();
    assert_eq!(metadata["issuer"], ISSUER);
    for endpoint in ["authorization", "token", "userinfo"] {
        let url = metadata[format!("{endpoint}_endpoint")].as_str().unwrap().to_owned();
        let path = url.strip_prefix(ISSUER).unwrap();
        assert_ne!(app.get(path).await.status, 404, "{path}");
    }
    assert!(metadata["jwks_uri"].as_str().unwrap().starts_with(ISSUER));
    let lists = |name: &str, value: &str| {
        let listed = metadata[name].as_array().unwrap_or_else(|| panic!("{name} is missing"));
        assert!(listed.iter().any(|known| known == value), "{name} without {value}");
    };
    lists("scopes_supported", "openid");
    lists("response_types_supported", "code");
    lists("subject_types_supported", "public");
    lists("id_token_signing_alg_values_supported", "RS256");
    lists("claims_supported", "sub");
    lists("grant_types_supported", "authorization_code");
    lists("token_endpoint_auth_methods_supported", "client_secret_basic");
    lists("code_challenge_methods_supported", "S256");
    assert_eq!(metadata["claims_parameter_supported"], true);
    assert_eq!(app.get("/.well-known/oauth-authorization-server").await.json(), metadata);
}
