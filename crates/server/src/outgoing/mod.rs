//! What is fetched from others, and sent to them: documents that clients publish, what providers say, messages to webhooks. One client,
//! within limits of direction, size and time.
//!
//! A client names the address, so it might name one of ours (server-side request forgery). Only `https` is fetched, no redirect
//! is followed, and a name is resolved here, once, and connected to at exactly the addresses that were found harmless: a name
//! that means another address a moment later (DNS rebinding) gains nothing.

mod address;
mod ask;
mod consult;
mod documents;
mod keys;
mod message;
mod places;
mod range;

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock},
    time::Duration,
};

use gatepost_domain::WebUri;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Host;

use documents::Documents;
use keys::KeysOfClients;
pub use message::PATIENCE;
use places::Places;
pub use places::Reader;

/// How long one document may take, from the first look-up to its last byte.
const TIME: Duration = Duration::from_secs(5);
/// The largest document that is read.
const SIZE: usize = 64 * 1024;

/// Why a document could not be had. For the log of an operator: whoever asked learns that it could not, and no more.
#[derive(Debug, thiserror::Error)]
pub enum Unfetched {
    /// The address is none that is fetched.
    #[error("{0}")]
    Address(&'static str),
    /// Too much is being read already, for this client, in its realm or at all.
    #[error("too much is being read already")]
    Busy,
    /// It took too long.
    #[error("no answer within {} seconds", TIME.as_secs())]
    TooSlow,
    /// It is too large.
    #[error("more than {} KiB", .0 / 1024)]
    TooLarge(usize),
    /// Another status than 200.
    #[error("status {0}")]
    Status(u16),
    /// The connection.
    #[error("{0}")]
    Connection(String),
    /// The document is not what it should be.
    #[error("{0}")]
    Content(String),
}

const NOT_HTTPS: &str = "only https is fetched; the setting outgoing.private_addresses \
                         (GATEPOST_OUTGOING__PRIVATE_ADDRESSES=true) allows http too, on loopback alone";
const INWARD: &str = "the address is private; the setting outgoing.private_addresses allows such";

/// Fetches documents.
pub struct Outgoing {
    /// Loopback and private networks may be reached, the former without TLS: for a trial, or where clients live there.
    private: bool,
    /// Made at the first use: most installations fetch nothing.
    client: OnceLock<Result<reqwest::Client, String>>,
    keys: KeysOfClients,
    documents: Documents,
    places: Places,
}

/// A document as it was fetched.
#[derive(Debug)]
pub struct Fetched {
    /// All of it.
    pub body: Vec<u8>,
    /// For how long whoever publishes it says that it stays as it is (RFC 9111 section 5.2.2.1).
    pub max_age: Option<Duration>,
}

impl Outgoing {
    /// A fetcher; `private` lets it reach loopback and private networks.
    pub fn new(private: bool) -> Self {
        Self {
            private,
            client: OnceLock::new(),
            keys: KeysOfClients::new(),
            documents: Documents::new(),
            places: Places::default(),
        }
    }

    /// The JSON document at an address, if the answer is 200.
    pub async fn get(&self, uri: &WebUri, reader: &Reader) -> Result<Fetched, Unfetched> {
        self.get_as(uri, reader, "application/json").await
    }

    /// Whether an address is one that could be fetched, as far as it tells itself.
    pub fn leads_out(&self, uri: &WebUri) -> Result<(), Unfetched> {
        self.url(uri).map(drop)
    }

    fn url(&self, uri: &WebUri) -> Result<url::Url, Unfetched> {
        let url = uri.as_str().parse::<url::Url>().map_err(|_| Unfetched::Address("not an address"))?;
        self.check(&url)?;
        Ok(url)
    }

    /// The request object at an address (RFC 9101 section 5.2.3). What it is called in the answer does not matter: it is looked at as
    /// what it should be.
    pub async fn request_object(&self, uri: &WebUri, reader: &Reader) -> Result<Vec<u8>, Unfetched> {
        let accept = "application/oauth-authz-req+jwt, application/jwt;q=0.9, */*;q=0.1";
        Ok(self.get_as(uri, reader, accept).await?.body)
    }

    async fn get_as(
        &self,
        uri: &WebUri,
        reader: &Reader,
        accept: &'static str,
    ) -> Result<Fetched, Unfetched> {
        let Some(_place) = self.places.take(reader) else { return Err(Unfetched::Busy) };
        tokio::time::timeout(TIME, self.get_at_leisure(uri, accept)).await.unwrap_or(Err(Unfetched::TooSlow))
    }

    async fn get_at_leisure(&self, uri: &WebUri, accept: &'static str) -> Result<Fetched, Unfetched> {
        let url = self.url(uri)?;
        self.read(self.client()?.get(url).header("accept", accept), SIZE).await
    }

    async fn read(&self, request: reqwest::RequestBuilder, most: usize) -> Result<Fetched, Unfetched> {
        let mut answer = request.send().await.map_err(|error| Unfetched::Connection(cause(&error)))?;
        if answer.status() != reqwest::StatusCode::OK {
            return Err(Unfetched::Status(answer.status().as_u16()));
        }
        let max_age = max_age(answer.headers());
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| Unfetched::Connection(cause(&error)))? {
            if body.len() + chunk.len() > most {
                return Err(Unfetched::TooLarge(most));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Fetched { body, max_age })
    }

    /// Sends a form to an address, which answers that it took it: any status of success. What it answers is not read.
    pub async fn post(&self, uri: &WebUri, form: String) -> Result<(), Unfetched> {
        let sending = async {
            let request = self.client()?.post(self.url(uri)?);
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            let answer = request.body(form).send().await;
            let answer = answer.map_err(|error| Unfetched::Connection(cause(&error)))?;
            match answer.status() {
                status if status.is_success() => Ok(()),
                status => Err(Unfetched::Status(status.as_u16())),
            }
        };
        tokio::time::timeout(TIME, sending).await.unwrap_or(Err(Unfetched::TooSlow))
    }

    /// What the address itself tells. Names are looked at when they are resolved.
    fn check(&self, url: &url::Url) -> Result<(), Unfetched> {
        if url.scheme() != "https" && !(self.private && url.scheme() == "http") {
            return Err(Unfetched::Address(NOT_HTTPS));
        }
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(name)) if is_of_this_machine(name) && !self.private => {
                return Err(Unfetched::Address(INWARD));
            }
            Some(Host::Domain(_)) => return Ok(()),
            None => return Err(Unfetched::Address("the address has no host")),
        };
        if address::may_be_reached(literal, self.private) { Ok(()) } else { Err(Unfetched::Address(INWARD)) }
    }

    fn client(&self) -> Result<&reqwest::Client, Unfetched> {
        let private = self.private;
        let made = self.client.get_or_init(|| {
            reqwest::Client::builder()
                .user_agent(concat!("gatepost/", env!("CARGO_PKG_VERSION")))
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                // A proxy would resolve the name again, out of our sight.
                .no_proxy()
                .connect_timeout(TIME)
                .pool_max_idle_per_host(0)
                .dns_resolver(Arc::new(Outward { private }))
                .build()
                .map_err(|error| cause(&error))
        });
        made.as_ref().map_err(|reason| Unfetched::Connection(reason.clone()))
    }
}

/// Names that mean this machine wherever they are looked up (RFC 6761 section 6.3).
fn is_of_this_machine(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost")
}

/// What the header `Cache-Control` says; nothing at all of what must not be kept is zero.
fn max_age(headers: &reqwest::header::HeaderMap) -> Option<Duration> {
    let values = headers.get_all(reqwest::header::CACHE_CONTROL).iter();
    let text: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
    let text = text.join(",").to_ascii_lowercase();
    let mut directives = text.split(',').map(str::trim);
    if directives.clone().any(|directive| directive == "no-store" || directive == "no-cache") {
        return Some(Duration::ZERO);
    }
    directives.find_map(|directive| directive.strip_prefix("max-age=")?.parse().ok()).map(Duration::from_secs)
}

/// The innermost cause: what a library says around it repeats the address.
fn cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// Resolves names, and leaves out the addresses that are not to be reached.
struct Outward {
    private: bool,
}

impl Resolve for Outward {
    fn resolve(&self, name: Name) -> Resolving {
        let private = self.private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let reachable: Vec<SocketAddr> =
                found.filter(|found| address::may_be_reached(found.ip(), private)).collect();
            if reachable.is_empty() {
                return Err(Box::from(INWARD));
            }
            Ok(Box::new(reachable.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn refused(private: bool, uri: &str) -> String {
        let reader = Reader::newcomer(gatepost_domain::RealmId::MIN);
        Outgoing::new(private).get(&uri.parse().unwrap(), &reader).await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn dc_01_addresses_that_lead_inward_are_not_fetched() {
        for uri in [
            "https://169.254.169.254/latest/meta-data",
            "https://127.0.0.1/keys",
            "https://[::1]/keys",
            "https://[::ffff:a00:1]/keys",
            "https://10.1.2.3/keys",
            "https://localhost/keys",
            "https://localhost./keys",
            "https://keys.localhost/",
        ] {
            assert_eq!(refused(false, uri).await, INWARD, "{uri}");
            assert!(Outgoing::new(false).leads_out(&uri.parse().unwrap()).is_err(), "{uri}");
        }
        for uri in ["https://localhost.app.test/keys", "https://notlocalhost/keys"] {
            assert!(Outgoing::new(false).leads_out(&uri.parse().unwrap()).is_ok(), "{uri}");
        }
        assert!(Outgoing::new(true).leads_out(&"https://localhost/keys".parse().unwrap()).is_ok());
        assert_eq!(refused(false, "http://localhost:1/keys").await, NOT_HTTPS);
        assert_eq!(refused(true, "https://169.254.169.254/latest/meta-data").await, INWARD, "never");
    }

    /// Any name may turn out to mean this machine: here one that does everywhere, past the look at the address.
    #[tokio::test]
    async fn dc_01_a_name_that_is_resolved_inward_has_no_addresses() {
        let resolved = |private| Outward { private }.resolve("localhost".parse().unwrap());
        let refused = resolved(false).await.map(drop).unwrap_err();
        assert_eq!(refused.to_string(), INWARD);
        assert!(resolved(true).await.is_ok());
    }

    #[test]
    fn how_long_a_document_stays_is_read_from_its_header() {
        for (text, seconds) in [
            ("max-age=60", Some(60)),
            ("public, Max-Age=60, immutable", Some(60)),
            ("no-store, max-age=60", Some(0)),
            ("no-cache", Some(0)),
            ("private", None),
            ("max-age=soon", None),
        ] {
            let headers = [(reqwest::header::CACHE_CONTROL, text.parse().unwrap())].into_iter().collect();
            assert_eq!(max_age(&headers).map(|age| age.as_secs()), seconds, "{text}");
        }
    }
}
