//! Talks to an issuer over HTTP, within limits of size, time and direction: discovery, the key set, and exchanges of
//! credentials.

use std::sync::{Arc, Mutex, PoisonError};
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
    /// Where credentials are exchanged, if discovery names such a place.
    token_endpoint: Mutex<Option<Arc<Url>>>,
}

/// What the issuer made of a credential (RFC 8693).
#[derive(Debug)]
pub(crate) enum Exchange {
    /// An access token, as sent: not verified.
    Token(String),
    /// No, and the error code of RFC 6749 section 5.2 that says so.
    Refused(String),
}

/// The members of RFC 8693 section 2.2.1 and RFC 6749 section 5.2 that matter here.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
}

#[derive(Deserialize)]
struct Denied {
    error: String,
}

/// More than any token and what is said about it.
const EXCHANGE_BYTES: usize = 64 << 10;

const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// The members of OpenID Connect Discovery section 3 and RFC 8414 section 2 that matter here.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
    token_endpoint: Option<String>,
    grant_types_supported: Option<Vec<String>>,
}

impl Discovery {
    /// The place for exchanges, unless the document says that there are none.
    fn token_endpoint(&self) -> Option<Url> {
        let named = self.token_endpoint.as_deref()?;
        let grants = self.grant_types_supported.as_ref();
        if grants.is_some_and(|grants| !grants.iter().any(|grant| grant == TOKEN_EXCHANGE)) {
            return None;
        }
        allowed(named)
            .inspect_err(|error| tracing::debug!("nothing is exchanged at the token_endpoint: {error}"))
            .ok()
    }
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
            // By hand in `get`: a credential must follow none.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Error::Client { cause: root_cause(&error) })?;
        Ok(Self { client, limits, issuer: issuer.to_owned(), discovery, token_endpoint: Mutex::default() })
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
        let exchange_at = document
            .token_endpoint()
            .filter(|named| named.scheme() == "https" || self.discovery.scheme() != "https");
        *self.token_endpoint.lock().unwrap_or_else(PoisonError::into_inner) = exchange_at.map(Arc::new);
        *at = jwks.clone();
        let set = self.body(jwks).await?;
        let keys = KeySet::parse(&set).map_err(|reason| Error::Keys { url: url.clone(), reason })?;
        if keys.is_empty() {
            return Err(Error::NoKeys { url, skipped: keys.skipped() });
        }
        Ok(keys)
    }

    /// Where credentials are exchanged; `None` if nowhere, or before the first discovery.
    pub(crate) fn token_endpoint(&self) -> Option<Arc<Url>> {
        self.token_endpoint.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How long one answer may take.
    pub(crate) const fn time_limit(&self) -> Duration {
        self.limits.time
    }

    /// Exchanges a credential at `endpoint`. `Err`: the issuer could not be asked, or answered neither yes nor no.
    pub(crate) async fn exchange(&self, endpoint: &Url, form: &[(&str, &str)]) -> Result<Exchange, Error> {
        tokio::time::timeout(self.limits.time, self.exchange_at_leisure(endpoint, form))
            .await
            .unwrap_or(Err(Error::TooSlow { url: shown(endpoint.as_str()), limit: self.limits.time }))
    }

    async fn exchange_at_leisure(&self, endpoint: &Url, form: &[(&str, &str)]) -> Result<Exchange, Error> {
        let url = || shown(endpoint.as_str());
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", TOKEN_EXCHANGE)
            .extend_pairs(form)
            .finish();
        let request = self
            .client
            .post(endpoint.clone())
            .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(http::header::ACCEPT, "application/json")
            .body(body);
        let answer = request.send().await.map_err(|error| unreachable(endpoint, &error))?;
        let status = answer.status().as_u16();
        let limit = self.limits.size.min(EXCHANGE_BYTES);
        match status {
            200 => match serde_json::from_slice(&read(answer, endpoint, limit).await?) {
                Ok(Granted { access_token }) => Ok(Exchange::Token(access_token)),
                Err(_) => Err(Error::NotExchange { url: url() }),
            },
            // A proxy in between says 403 too, but not in these words.
            400 | 401 | 403 => match serde_json::from_slice(&read(answer, endpoint, limit).await?) {
                Ok(Denied { error }) => Ok(Exchange::Refused(shown(&error))),
                Err(_) => Err(Error::NotExchange { url: url() }),
            },
            _ => Err(Error::Status { url: url(), status }),
        }
    }

    /// The answer to GET, after redirects on the same host. Those to another are the answer, which is refused for its status.
    async fn get(&self, mut from: Url) -> Result<reqwest::Response, Error> {
        for _ in 0..REDIRECTS {
            let answer =
                self.client.get(from.clone()).send().await.map_err(|error| unreachable(&from, &error))?;
            let moved = matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308);
            let there = answer.headers().get(http::header::LOCATION).and_then(|to| to.to_str().ok());
            match there.and_then(|to| from.join(to).ok()) {
                Some(there) if moved && there.origin() == from.origin() => from = there,
                _ => return Ok(answer),
            }
        }
        self.client.get(from.clone()).send().await.map_err(|error| unreachable(&from, &error))
    }

    async fn body(&self, from: Url) -> Result<Vec<u8>, Error> {
        let answer = self.get(from.clone()).await?;
        if answer.status() != http::StatusCode::OK {
            return Err(Error::Status { url: shown(from.as_str()), status: answer.status().as_u16() });
        }
        read(answer, &from, self.limits.size).await
    }
}

/// The body of an answer, if it is no longer than it may be.
async fn read(mut answer: reqwest::Response, from: &Url, limit: usize) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| unreachable(from, &error))? {
        if body.len() + chunk.len() > limit {
            return Err(Error::TooLarge { url: shown(from.as_str()), limit });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn unreachable(from: &Url, error: &reqwest::Error) -> Error {
    Error::Unreachable { url: shown(from.as_str()), cause: root_cause(error) }
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
