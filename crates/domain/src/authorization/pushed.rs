//! Authorization requests that a client sends ahead (RFC 9126): what the browser carries is only their name.

use std::time::Duration;

use crate::{ClientId, Entropy, RealmId, Secret, SecretDigest, Timestamp};

/// What every `request_uri` of ours begins with (RFC 9126 section 2.2).
pub const REQUEST_URI: &str = "urn:ietf:params:oauth:request_uri:";

/// How long one is good: the browser is sent on at once.
pub const PUSHED_TTL: Duration = Duration::from_secs(90);

/// A request that was sent ahead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushedRequest {
    /// The realm.
    pub realm: RealmId,
    /// SHA-256 of the secret part of its `request_uri`.
    pub digest: SecretDigest,
    /// The client that sent it, and the only one it is good for.
    pub client: ClientId,
    /// The parameters, as sent.
    pub parameters: Vec<(String, String)>,
    /// When it was sent.
    pub created_at: Timestamp,
    /// From when it is not looked at any more.
    pub expires_at: Timestamp,
}

impl PushedRequest {
    /// A request, and the `request_uri` that names it.
    pub fn new(
        realm: RealmId,
        client: ClientId,
        parameters: Vec<(String, String)>,
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> (Self, String) {
        let secret = Secret::generate(REQUEST_URI, entropy);
        let (digest, expires_at) = (secret.digest(), now.plus(PUSHED_TTL));
        let request = Self { realm, digest, client, parameters, created_at: now, expires_at };
        (request, secret.reveal().to_owned())
    }
}

/// By what a request is found whose `request_uri` this is; `None`: it names none of ours.
pub fn digest_of(request_uri: &str) -> Option<SecretDigest> {
    let letters = request_uri.strip_prefix(REQUEST_URI)?;
    (letters.len() == 43).then(|| SecretDigest::of(request_uri.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::testing::Counting;

    #[test]
    fn a_request_is_found_by_its_own_name_only() {
        let now = Timestamp::from_unix_seconds(0);
        let web: ClientId = "web".parse().unwrap();
        let (request, uri) = PushedRequest::new(RealmId::MIN, web, vec![], &Counting::default(), now);
        assert_eq!(digest_of(&uri), Some(request.digest));
        assert_eq!(request.expires_at, Timestamp::from_unix_seconds(90));
        for other in ["", REQUEST_URI, "https://evil.test/request", &uri[..uri.len() - 1]] {
            assert_eq!(digest_of(other), None, "{other}");
        }
        assert_ne!(digest_of(&uri.replace(&uri[uri.len() - 4..], "AAAA")), Some(request.digest));
    }
}
