use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientRegistrationRequest, CoreProviderMetadata, CoreUserInfoClaims,
};
use openidconnect::registration::EmptyAdditionalClientMetadata;
use openidconnect::url::Url;
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClientId, ClientSecret, CsrfToken, IssuerUrl, Nonce,
    OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    TokenResponse as _,
};

use crate::browser::Browser;

const CALLBACK: &str = "http://localhost:8000/callback";

fn server() -> String {
    std::env::var("GATEPOST_URL").expect("run scripts/test-clients, which starts the server")
}

/// A member of the query that the browser came back with.
fn answered(back: &Url, name: &str) -> String {
    let found = back.query_pairs().find(|(key, _)| key == name);
    found.map(|(_, value)| value.into_owned()).unwrap_or_else(|| panic!("no {name} in {back}"))
}

#[test]
fn a_person_signs_in_and_is_known_and_stays() {
    let http = ureq::AgentBuilder::new().redirects(0).build();
    let issuer = IssuerUrl::new(server()).unwrap();
    let metadata = CoreProviderMetadata::discover(&issuer, &http).unwrap();
    let secret = ClientSecret::new("the web server keeps this to itself".to_owned());
    let client = CoreClient::from_provider_metadata(metadata, ClientId::new("web".to_owned()), Some(secret))
        .set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned()).unwrap());

    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = client
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
        .add_scopes(["profile", "email", "offline_access"].map(|scope| Scope::new(scope.to_owned())))
        .set_pkce_challenge(challenge)
        .url();
    let mut browser = Browser::new(&Url::parse(&server()).unwrap());
    let back = browser.sign_in(url).url;
    assert_eq!(answered(&back, "state"), *state.secret());
    assert_eq!(answered(&back, "iss"), server());

    let code = AuthorizationCode::new(answered(&back, "code"));
    let tokens =
        client.exchange_code(code.clone()).unwrap().set_pkce_verifier(verifier).request(&http).unwrap();
    let id_token = tokens.id_token().unwrap();
    let rules = client.id_token_verifier();
    let claims = id_token.claims(&rules, &nonce).unwrap();
    let hash = AccessTokenHash::from_token(
        tokens.access_token(),
        id_token.signing_alg().unwrap(),
        id_token.signing_key(&rules).unwrap(),
    );
    assert_eq!(Some(&hash.unwrap()), claims.access_token_hash());

    let about: CoreUserInfoClaims = client
        .user_info(tokens.access_token().clone(), Some(claims.subject().clone()))
        .unwrap()
        .request(&http)
        .unwrap();
    assert_eq!(about.email().unwrap().as_str(), "ada@example.com");

    let refresh = tokens.refresh_token().unwrap();
    let fresh = client.exchange_refresh_token(refresh).unwrap().request(&http).unwrap();
    assert_ne!(fresh.refresh_token().unwrap().secret(), refresh.secret());

    // What a refusal is to this crate over ureq, which takes every 400 for an error of its own: the code once more.
    let again = client.exchange_code(code).unwrap();
    let refused = again.set_pkce_verifier(PkceCodeVerifier::new("v".repeat(43))).request(&http).unwrap_err();
    let RequestTokenError::Request(refused) = refused else { panic!("{refused:?}") };
    assert!(format!("{refused:?}").contains("status: 400"), "{refused:?}");
}

#[test]
fn a_client_registers_itself_and_signs_a_person_in() {
    let http = ureq::AgentBuilder::new().redirects(0).build();
    let issuer = IssuerUrl::new(server()).unwrap();
    let metadata = CoreProviderMetadata::discover(&issuer, &http).unwrap();
    let callback = RedirectUrl::new(CALLBACK.to_owned()).unwrap();
    let request =
        CoreClientRegistrationRequest::new(vec![callback.clone()], EmptyAdditionalClientMetadata {});
    let registered = request.register(metadata.registration_endpoint().unwrap(), &http).unwrap();
    assert!(registered.client_id().starts_with("client_"));
    assert!(registered.registration_access_token().is_some());

    let (id, secret) = (registered.client_id().clone(), registered.client_secret().cloned());
    let client = CoreClient::from_provider_metadata(metadata, id, secret).set_redirect_uri(callback);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, _, nonce) = client
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
        .set_pkce_challenge(challenge)
        .url();
    let back = Browser::new(&Url::parse(&server()).unwrap()).sign_in(url).url;
    let code = AuthorizationCode::new(answered(&back, "code"));
    let tokens = client.exchange_code(code).unwrap().set_pkce_verifier(verifier).request(&http).unwrap();
    tokens.id_token().unwrap().claims(&client.id_token_verifier(), &nonce).unwrap();
}
