//! Gets an issuer's keys over HTTP: discovery, then the key set, within limits of size, time and direction.

use std::time::Duration;

use gatepost_jose::KeySet;
use serde::Deserialize;
use url::{Host, Url};

use crate::Error;

/// What an answer may cost (attack JWT-18).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Of discovery and key set together.
    pub(crate) time: Duration,
    /// Of each body, in bytes.
    pub(crate) size: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_secs(5), size: 1 << 20 }
    }
}

/// More hops than any issuer needs to put its documents elsewhere on its own host.
const REDIRECTS: usize = 3;

/// Fetches the keys of one issuer.
pub(crate) struct Fetcher {
    client: reqwest::Client,
    limits: Limits,
    /// As configured: compared byte by byte with what discovery says.
    issuer: String,
    discovery: Url,
}

/// The members of OpenID Connect Discovery section 3 and RFC 8414 section 2 that matter here.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl Fetcher {
    pub(crate) fn new(issuer: &str, limits: Limits) -> Result<Self, Error> {
        let url = allowed(issuer)?;
        let refused = |reason| Error::Url { url: issuer.to_owned(), reason };
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refused("an issuer has no query and no fragment (RFC 8414 section 2)"));
        }
        let mut discovery = url;
        discovery
            .path_segments_mut()
            .map_err(|()| refused("it must be an https URL"))?
            .pop_if_empty()
            .extend([".well-known", "openid-configuration"]);
        let client = reqwest::Client::builder()
            .user_agent(concat!("gatepost-guard/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(limits.time)
            .pool_max_idle_per_host(0)
            .referer(false)
            .redirect(reqwest::redirect::Policy::custom(|attempt| {
                // Not followed means that the 3xx is the answer, which is refused for its status.
                let same =
                    attempt.previous().first().is_some_and(|from| from.origin() == attempt.url().origin());
                if same && attempt.previous().len() <= REDIRECTS { attempt.follow() } else { attempt.stop() }
            }))
            .build()
            .map_err(|error| Error::Client { cause: root_cause(&error) })?;
        Ok(Self { client, limits, issuer: issuer.to_owned(), discovery })
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The issuer's present keys. All of it within the time limit, so that a slow drip cannot hold a request.
    pub(crate) async fn keys(&self) -> Result<KeySet, Error> {
        let mut at = self.discovery.clone();
        tokio::time::timeout(self.limits.time, self.keys_at_leisure(&mut at))
            .await
            .unwrap_or(Err(Error::TooSlow { url: shown(at.as_str()), limit: self.limits.time }))
    }

    async fn keys_at_leisure(&self, at: &mut Url) -> Result<KeySet, Error> {
        let document = self.body(at.clone()).await?;
        let Ok(document) = serde_json::from_slice::<Discovery>(&document) else {
            return Err(Error::NotDiscovery { url: at.to_string() });
        };
        if document.issuer != self.issuer {
            return Err(Error::IssuerDiffers {
                configured: self.issuer.clone(),
                found: shown(&document.issuer),
            });
        }
        let jwks = allowed(&document.jwks_uri)?;
        let url = shown(jwks.as_str());
        if jwks.scheme() != "https" && self.discovery.scheme() == "https" {
            return Err(Error::Url { url, reason: "the key set of an https issuer must be https" });
        }
        *at = jwks.clone();
        let set = self.body(jwks).await?;
        let keys = KeySet::parse(&set).map_err(|reason| Error::Keys { url: url.clone(), reason })?;
        if keys.is_empty() {
            return Err(Error::NoKeys { url, skipped: keys.skipped() });
        }
        Ok(keys)
    }

    async fn body(&self, from: Url) -> Result<Vec<u8>, Error> {
        let url = shown(from.as_str());
        let broken =
            |error: reqwest::Error| Error::Unreachable { url: url.clone(), cause: root_cause(&error) };
        let mut answer = self.client.get(from).send().await.map_err(broken)?;
        if answer.status() != http::StatusCode::OK {
            return Err(Error::Status { url, status: answer.status().as_u16() });
        }
        let limit = self.limits.size;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(broken)? {
            if body.len() + chunk.len() > limit {
                return Err(Error::TooLarge { url, limit });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// A URL that keys may come from: https, or http on this very machine.
fn allowed(text: &str) -> Result<Url, Error> {
    let refused = |reason| Error::Url { url: shown(text), reason };
    let url = Url::parse(text).map_err(|_| refused("it is not an absolute URL"))?;
    if !url.username().is_empty() || url.password().is_some() {
        // Not repeated: it may hold a password.
        return Err(Error::Url {
            url: url.host_str().unwrap_or_default().to_owned(),
            reason: "it carries a user name or password; remove it",
        });
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err(refused("http is accepted on loopback only; use https")),
        _ => Err(refused("it must be an https URL")),
    }
}

/// What somebody else wrote, fit for an error or a log: short, and on one line.
fn shown(text: &str) -> String {
    text.chars().take(200).map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// The last reason in the chain: "connection refused" rather than "error sending request".
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jwt_18_only_https_and_loopback_are_asked_for_keys() {
        for good in [
            "https://auth.example.com",
            "https://auth.example.com/r/acme/",
            "http://127.0.0.1:8400",
            "http://127.9.9.9",
            "http://[::1]:8400/r/acme",
            "http://localhost:8400",
        ] {
            assert!(Fetcher::new(good, Limits::default()).is_ok(), "{good}");
        }
        for bad in [
            "",
            "auth.example.com",
            "file:///etc/passwd",
            "data:application/json,{}",
            "ftp://auth.example.com",
            "http://auth.example.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://0.0.0.0:8400",
            "http://169.254.169.254/latest",
            "https://ada:secret@auth.example.com",
            "https://auth.example.com/?x=1",
            "https://auth.example.com/#x",
        ] {
            let refused = Fetcher::new(bad, Limits::default()).err().map(|error| error.to_string());
            assert!(refused.as_deref().is_some_and(|text| !text.contains("secret")), "{bad}: {refused:?}");
        }
    }

    #[test]
    fn discovery_is_below_the_issuers_path() {
        for (issuer, discovery) in [
            ("https://a.example", "https://a.example/.well-known/openid-configuration"),
            ("https://a.example/", "https://a.example/.well-known/openid-configuration"),
            ("https://a.example/r/acme", "https://a.example/r/acme/.well-known/openid-configuration"),
        ] {
            assert_eq!(Fetcher::new(issuer, Limits::default()).unwrap().discovery.as_str(), discovery);
        }
    }
}
