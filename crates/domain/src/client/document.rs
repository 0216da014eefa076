//! Clients that a document describes, at the address that is their id (OAuth Client ID Metadata Document).

use serde_json::{Map, Value, json};

use super::{
    ClientAuthMethod, ClientSettings, GrantType, RedirectUri, WebUri,
    registration::{self, Policy},
    uri::{is_web, plain},
};
use crate::{ClientId, Scopes, SettingRefused};

/// The longest address that is an id.
const LONGEST: usize = 255;

/// Whether a text is the address of such a document: `https`, or `http` on loopback, as a browser spells it, with a path and without
/// query, fragment and user name.
pub(crate) fn is_address(text: &str) -> bool {
    text.len() <= LONGEST
        && plain(text).is_some_and(|url| {
            is_web(&url) && url.as_str() == text && url.path() != "/" && url.query().is_none()
        })
}

impl ClientId {
    /// The address of the document that describes the client, if its id is one.
    pub fn document(&self) -> Option<WebUri> {
        if is_address(self.as_str()) { self.as_str().parse().ok() } else { None }
    }

    /// The host of that address, with its port.
    pub fn host(&self) -> Option<&str> {
        let (_, behind) = self.as_str().split_once("://")?;
        behind.split('/').next()
    }
}

/// The settings of a client that is described so. A document is written for many servers: what this one does not have, or does not
/// open to such clients, is left out; what contradicts itself is refused.
pub fn settings(
    id: &ClientId,
    document: &Value,
    policy: Policy<'_>,
) -> Result<ClientSettings, SettingRefused> {
    let refused = |member: &'static str, reason: &'static str| SettingRefused::new(member, reason);
    let members = document.as_object().ok_or_else(|| refused("document", "write an object"))?;
    if members.get("client_id").and_then(Value::as_str) != Some(id.as_str()) {
        return Err(refused("client_id", "write the address of the document itself"));
    }
    // What everybody can read is no secret.
    if let Some(name) =
        ["client_secret", "client_secret_expires_at"].into_iter().find(|name| members.contains_key(*name))
    {
        return Err(refused(name, "a document has no secret; sign with a key of `jwks_uri` or `jwks`"));
    }
    let mut members = members.clone();
    let method =
        members.entry("token_endpoint_auth_method").or_insert_with(|| json!(ClientAuthMethod::Public));
    if *method != "none" && *method != "private_key_jwt" {
        return Err(refused("token_endpoint_auth_method", "this takes none or private_key_jwt"));
    }
    keep(&mut members, "redirect_uris", |uri| uri.parse::<RedirectUri>().is_ok());
    keep(&mut members, "post_logout_redirect_uris", |uri| uri.parse::<RedirectUri>().is_ok());
    members
        .entry("grant_types")
        .or_insert_with(|| json!([GrantType::AuthorizationCode, GrantType::RefreshToken]));
    keep(&mut members, "grant_types", |name| {
        let grant = serde_json::from_value::<GrantType>(name.into());
        grant.is_ok_and(|grant| policy.allows(grant))
    });
    keep(&mut members, "response_types", |name| name == "code");
    if let Some(words) = members.get("scope").and_then(Value::as_str) {
        let scopes: Scopes =
            words.parse().map_err(|_| refused("scope", "write words with spaces between"))?;
        let opened: Scopes = scopes.iter().filter(|scope| policy.opens(scope)).cloned().collect();
        members.insert("scope".to_owned(), opened.to_string().into());
    }
    registration::settings(&members, &ClientSettings::default(), policy)
}

/// Leaves out of a list what is not good here.
fn keep(members: &mut Map<String, Value>, name: &str, good: impl Fn(&str) -> bool) {
    if let Some(list) = members.get_mut(name).and_then(Value::as_array_mut) {
        list.retain(|one| one.as_str().is_some_and(&good));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SigningAlg, client::RegisteredBy};

    const ID: &str = "https://app.test/oauth/client.json";

    #[test]
    fn an_id_is_an_address_with_a_path_and_nothing_behind_it() {
        for good in
            [ID, "https://app.test/client", "https://app.test:8443/a/b/", "http://localhost:3000/client.json"]
        {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "https://app.test",
            "https://app.test/",
            "http://app.test/client",
            "https://app.test/client?x=1",
            "https://app.test/client#x",
            "https://u@app.test/client",
            "https://app.test/a/../client",
            "https://app.test/a/%2e%2e/client",
            "https://app.test/./client",
            "HTTPS://app.test/client",
            "https://app.test:443/client",
            "com.example.app:/client",
            "javascript:alert(1)",
            &format!("https://app.test/{}", "a".repeat(LONGEST)),
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }

    #[test]
    fn a_document_is_read_as_far_as_this_server_has_what_it_says() {
        let (id, scopes): (ClientId, Scopes) = (ID.parse().unwrap(), "openid email".parse().unwrap());
        let policy = Policy { by: RegisteredBy::Anybody, scopes: &scopes, signing_alg: SigningAlg::ES256 };
        let read = |document: &Value| settings(&id, document, policy);
        let good = json!({
            "client_id": ID, "client_name": "App", "scope": "openid files",
            "redirect_uris": ["https://app.test/cb", "app://cb", "http://127.0.0.1/cb"],
            "grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code", "refresh_token", "implicit"],
            "response_types": ["code", "token"],
        });
        let kept = read(&good).unwrap();
        assert_eq!(kept.token_endpoint_auth_method, Some(ClientAuthMethod::Public));
        assert_eq!(kept.grants, [GrantType::AuthorizationCode, GrantType::RefreshToken]);
        assert_eq!((kept.redirect_uris.len(), kept.scopes.to_string().as_str()), (2, "openid"));
        assert!(!kept.skip_consent && kept.require_pkce);
        for (name, value) in [
            ("client_id", json!("https://app.test/oauth/other.json")),
            ("client_id", Value::Null),
            ("client_secret", json!("s3cret")),
            ("client_secret_expires_at", json!(0)),
            ("token_endpoint_auth_method", json!("client_secret_basic")),
            ("token_endpoint_auth_method", json!("private_key_jwt")),
            ("redirect_uris", json!([])),
            ("redirect_uris", json!(["app://cb"])),
        ] {
            let mut bad = good.clone();
            bad[name] = value;
            assert_eq!(read(&bad).unwrap_err().member, name, "{bad}");
        }
        assert!(read(&json!([])).is_err());
    }
}
