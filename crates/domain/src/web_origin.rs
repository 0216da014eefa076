use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The origin of a browser application: scheme, host and port (RFC 6454), kept to the byte, for it is compared with what
/// browsers send. `null` is none, and neither is a pattern: both would let in whoever can make a page.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WebOrigin(Box<str>);

/// The text is not the origin of a browser application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an origin is https, a host and perhaps a port (http only on loopback), as in https://app.example.com, without a path, \
     a pattern or the scheme's own port"
)]
pub struct WebOriginRefused;

impl WebOrigin {
    /// The origin, as browsers send it in `Origin`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for WebOrigin {
    type Err = WebOriginRefused;

    fn from_str(text: &str) -> Result<Self, WebOriginRefused> {
        let url = url::Url::parse(text).map_err(|_| WebOriginRefused)?;
        let loopback = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        let safe = url.scheme() == "https" || (url.scheme() == "http" && loopback);
        // What the parser repairs would never be equal to what a browser sends; a pattern is a host to the parser.
        if safe && !text.contains('*') && url.origin().ascii_serialization() == text {
            Ok(Self(text.into()))
        } else {
            Err(WebOriginRefused)
        }
    }
}

impl fmt::Display for WebOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for WebOrigin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for WebOrigin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::name::parse_text(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_a_browser_sends_and_no_pattern() {
        for good in [
            "https://app.example.com",
            "https://app.example.com:8443",
            "http://localhost:3000",
            "http://app.localhost",
            "http://127.0.0.1:5173",
            "http://[::1]:3000",
        ] {
            assert_eq!(good.parse::<WebOrigin>().map(|origin| origin.to_string()), Ok(good.to_owned()));
        }
        for bad in [
            "*",
            "null",
            "",
            "https://*.example.com",
            "https://app.example.com/",
            "https://app.example.com/path",
            "https://app.example.com:443",
            "https://APP.example.com",
            "https://user@app.example.com",
            "https://app.example.com?x",
            "http://app.example.com",
            "http://localhost.example.com:3000",
            "app.example.com",
            "file:///etc/passwd",
            "chrome-extension://abcdefgh",
        ] {
            assert_eq!(bad.parse::<WebOrigin>(), Err(WebOriginRefused), "{bad}");
        }
    }
}
