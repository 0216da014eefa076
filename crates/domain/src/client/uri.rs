//! Addresses a client registers. What could be turned against a user is refused once, here, for every member that holds one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest address that is kept.
const LONGEST: usize = 2_000;

/// Where a user is sent back to: an absolute URI without fragment, compared to the byte (RFC 9700 section 2.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RedirectUri(Box<str>);

/// The text is not a redirect URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a redirect URI is absolute and as a browser spells it, without fragment, user name and wildcard: https, http on \
     loopback, or an application's own scheme with a dot in it"
)]
pub struct RedirectUriRefused;

/// An address of a client's that is read, called or linked to: `https`, or `http` on loopback.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WebUri(Box<str>);

/// The text is not an address on the web.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "write an https URL (http only on loopback) as a browser spells it, without fragment, user name and wildcard"
)]
pub struct WebUriRefused;

/// Where a client keeps a request that it signed (OpenID Connect Core section 6.2): an address on the web. A fragment only tells one
/// version of it from another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestUri(Box<str>);

/// The address, if it is spelled as a browser would and has nothing in it that could mislead. What a parser repairs (case,
/// dots, tabs, backslashes) would be read differently by the next one.
pub(super) fn plain(text: &str) -> Option<url::Url> {
    let url = url::Url::parse(text).ok()?;
    let normal = url.as_str() == text || url.as_str().strip_suffix('/') == Some(text);
    let bare = url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    // A pattern would be believed to match more than its own letters.
    let literal = text.bytes().all(|b| b.is_ascii_graphic() && !b"\\*#".contains(&b));
    (normal && bare && literal && text.len() <= LONGEST).then_some(url)
}

fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

pub(super) fn is_web(url: &url::Url) -> bool {
    match url.scheme() {
        "https" => url.host().is_some(),
        "http" => is_loopback(url),
        _ => false,
    }
}

impl RedirectUri {
    /// The URI as registered.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host; an application's own scheme has none.
    pub fn host(&self) -> Option<String> {
        host_of(&self.0)
    }

    /// Whether it has no scheme of an application's own.
    pub fn is_web(&self) -> bool {
        self.0.starts_with("https:") || self.0.starts_with("http:")
    }
}

impl WebUri {
    /// The URI as registered.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host.
    pub fn host(&self) -> Option<String> {
        host_of(&self.0)
    }

    /// Whether it is `https`, and not the `http` of a machine that speaks to itself.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }
}

impl RequestUri {
    /// The URI as registered.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is to be read if this is the URI that a request names: to the byte, but that one registered without a fragment may be
    /// named with any.
    pub fn admits(&self, named: &str) -> Option<WebUri> {
        let (address, fragment) = divided(named);
        let is_this = *self.0 == *named || (fragment.is_some_and(is_version) && *self.0 == *address);
        if is_this { address.parse().ok() } else { None }
    }
}

fn divided(text: &str) -> (&str, Option<&str>) {
    text.split_once('#').map_or((text, None), |(address, fragment)| (address, Some(fragment)))
}

/// Letters of base64url, which a hash is written in.
fn is_version(fragment: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (1..=128).contains(&fragment.len()) && fragment.bytes().all(letter)
}

fn host_of(text: &str) -> Option<String> {
    url::Url::parse(text).ok()?.host_str().map(str::to_owned)
}

impl FromStr for RedirectUri {
    type Err = RedirectUriRefused;

    fn from_str(text: &str) -> Result<Self, RedirectUriRefused> {
        let url = plain(text).ok_or(RedirectUriRefused)?;
        // An application's own scheme is a reversed domain name (RFC 8252 section 7.1); this keeps `javascript:` and `data:`
        // out.
        let own = || url.scheme().contains('.');
        if is_web(&url) || own() { Ok(Self(text.into())) } else { Err(RedirectUriRefused) }
    }
}

impl FromStr for WebUri {
    type Err = WebUriRefused;

    fn from_str(text: &str) -> Result<Self, WebUriRefused> {
        let url = plain(text).ok_or(WebUriRefused)?;
        if is_web(&url) { Ok(Self(text.into())) } else { Err(WebUriRefused) }
    }
}

impl FromStr for RequestUri {
    type Err = WebUriRefused;

    fn from_str(text: &str) -> Result<Self, WebUriRefused> {
        let (address, fragment) = divided(text);
        let WebUri(_) = address.parse()?;
        if fragment.is_none_or(is_version) { Ok(Self(text.into())) } else { Err(WebUriRefused) }
    }
}

macro_rules! as_text {
    ($($name:ident),+) => { $(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::name::parse_text(deserializer)
            }
        }
    )+ };
}
as_text!(RedirectUri, WebUri, RequestUri);

#[cfg(test)]
mod tests {
    use super::*;

    const BAD: [&str; 25] = [
        "http://app.test/cb",
        "https://app.test/cb#",
        "https://app.test/cb#x",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,x",
        "/cb",
        "//app.test/cb",
        "https://u:p@app.test/",
        "https://u@app.test/",
        "https://*.app.test/cb",
        "https://app.test/*",
        "https://app.test/a b",
        "https://app.test\\@evil.test/",
        "https://app.test/\n",
        "HTTPS://app.test/cb",
        "https://APP.test/cb",
        "https://app.test/a/../cb",
        "https://%61pp.test/cb",
        "http://127.1/cb",
        "http://localhost.evil.test/cb",
        "vbscript:x",
        "",
        "https://",
    ];

    #[test]
    fn oa_02_redirect_uris_that_could_be_turned_against_the_user_are_refused() {
        for good in [
            "https://app.test/cb?x=1",
            "https://app.test",
            "http://localhost:8000/cb",
            "http://127.0.0.1/cb",
            "http://[::1]:9/cb",
            "com.example.app:/cb",
        ] {
            assert_eq!(good.parse::<RedirectUri>().map(|u| u.to_string()), Ok(good.to_owned()));
        }
        for bad in BAD {
            assert_eq!(bad.parse::<RedirectUri>(), Err(RedirectUriRefused), "{bad}");
        }
        assert!(format!("https://app.test/{}", "a".repeat(LONGEST)).parse::<RedirectUri>().is_err());
    }

    #[test]
    fn oa_02_addresses_of_a_client_are_https_or_loopback() {
        for good in ["https://app.test/logo.png", "http://localhost:8000/logout", "http://127.0.0.1:9/x"] {
            assert_eq!(good.parse::<WebUri>().map(|u| u.to_string()), Ok(good.to_owned()));
        }
        for bad in BAD.into_iter().chain(["com.example.app:/cb", "ftp://app.test/x"]) {
            assert_eq!(bad.parse::<WebUri>(), Err(WebUriRefused), "{bad}");
        }
    }
    #[test]
    fn oa_19_only_a_registered_request_is_read_and_a_fragment_is_not_sent() {
        let uri = |text: &str| text.parse::<RequestUri>();
        let read = |registered: &str, named: &str| {
            uri(registered).unwrap().admits(named).map(|address| address.to_string())
        };
        let (bare, marked) = ("https://app.test/request.jwt", "https://app.test/request.jwt#abc-_9");
        for (registered, named) in [(bare, bare), (bare, marked), (marked, marked)] {
            assert_eq!(read(registered, named).as_deref(), Some(bare), "{registered} {named}");
        }
        for (registered, named) in [
            (marked, bare),
            (marked, "https://app.test/request.jwt#other"),
            (bare, "https://app.test/request.jwt?x"),
            (bare, "https://app.test/request.jwt#"),
            (bare, "https://app.test/request.jwt#a#b"),
            (bare, "https://APP.test/request.jwt"),
            (bare, ""),
        ] {
            assert_eq!(read(registered, named), None, "{registered} {named}");
        }
        for bad in BAD.into_iter().filter(|bad| !bad.contains('#')) {
            assert_eq!(uri(bad), Err(WebUriRefused), "{bad}");
        }
        for bad in
            ["https://app.test/#", "https://app.test/#a b", "https://app.test/#a#b", "http://app.test/#a"]
        {
            assert_eq!(uri(bad), Err(WebUriRefused), "{bad}");
        }
    }
}
