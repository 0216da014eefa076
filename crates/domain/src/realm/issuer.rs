use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A realm's issuer: an `https` URL (or `http` on loopback) without query, fragment and trailing slash, kept to
/// the byte, for verifiers compare it so (RFC 8414 section 2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Issuer(Box<str>);

/// The text is not an issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an issuer is an https URL (http only on loopback) without query, fragment, user name and trailing slash"
)]
pub struct IssuerRefused;

impl Issuer {
    /// The issuer, as it stands in `iss`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Issuer {
    type Err = IssuerRefused;

    fn from_str(text: &str) -> Result<Self, IssuerRefused> {
        let url = url::Url::parse(text).map_err(|_| IssuerRefused)?;
        let loopback = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => return Err(IssuerRefused),
        };
        let allowed = match url.scheme() {
            "https" => true,
            "http" => loopback,
            _ => false,
        };
        // What the parser repairs (case, default port, dots) would no longer be equal to the byte.
        let normal = url.as_str().strip_suffix('/').unwrap_or(url.as_str()) == text;
        let bare = url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if allowed && normal && bare && !text.ends_with('/') {
            Ok(Self(text.into()))
        } else {
            Err(IssuerRefused)
        }
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Issuer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Issuer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::name::parse_text(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_kept_to_the_byte() {
        for good in [
            "https://auth.example.com",
            "https://auth.example.com/r/acme",
            "http://127.0.0.1:8400",
            "http://localhost:8400",
            "http://[::1]:8400",
        ] {
            assert_eq!(good.parse::<Issuer>().map(|i| i.to_string()), Ok(good.to_owned()));
        }
        for bad in [
            "https://auth.example.com/",
            "http://auth.example.com",
            "https://AUTH.example.com",
            "https://a.test?x=1",
            "https://a.test#x",
            "https://u@a.test",
            "https://a.test:443",
            "https://a.test/../x",
            "auth.example.com",
            "",
            "ftp://a.test",
            "https://",
        ] {
            assert_eq!(bad.parse::<Issuer>(), Err(IssuerRefused), "{bad}");
        }
    }
}
