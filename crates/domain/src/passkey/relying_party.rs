//! Who passkeys are made for.

use url::{Host, Url};

/// A realm as browsers and authenticators know it: the host a passkey belongs to, and the one origin whose pages may ask for it.
///
/// Both are of the URL that the realm was configured with; nothing of a request is in them (WebAuthn section 5.1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelyingParty {
    id: String,
    origin: String,
}

impl RelyingParty {
    /// Of a realm with this URL. `None` where there can be no passkeys: they are made for a domain and not for the address of a
    /// machine, and for pages that nobody can change on their way. A loopback address is spoken of as `localhost`, under which
    /// browsers take passkeys.
    pub fn of(url: &str) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        let (id, is_local) = match url.host()? {
            Host::Domain(name) => (name.to_owned(), name == "localhost" || name.ends_with(".localhost")),
            Host::Ipv4(address) => (address.is_loopback().then(|| "localhost".to_owned())?, true),
            Host::Ipv6(address) => (address.is_loopback().then(|| "localhost".to_owned())?, true),
        };
        if url.scheme() != "https" && !(url.scheme() == "http" && is_local) {
            return None;
        }
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let origin = format!("{}://{id}{port}", url.scheme());
        Some(Self { id, origin })
    }

    /// The domain a passkey is made for.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The only origin that may ask for it.
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wa_02_a_realm_is_known_by_its_configured_url() {
        for (url, id, origin) in [
            ("https://auth.example.com", "auth.example.com", "https://auth.example.com"),
            ("https://AUTH.example.com:443/r/acme", "auth.example.com", "https://auth.example.com"),
            ("https://auth.example.com:8443", "auth.example.com", "https://auth.example.com:8443"),
            ("https://bücher.example", "xn--bcher-kva.example", "https://xn--bcher-kva.example"),
            ("http://localhost:8400", "localhost", "http://localhost:8400"),
            ("http://acme.localhost:8400/r/x", "acme.localhost", "http://acme.localhost:8400"),
            ("http://127.0.0.1:8400", "localhost", "http://localhost:8400"),
            ("http://[::1]:8400", "localhost", "http://localhost:8400"),
        ] {
            let party = RelyingParty::of(url).unwrap();
            assert_eq!((party.id(), party.origin()), (id, origin), "{url}");
        }
        for url in
            ["http://auth.example.com", "https://192.0.2.1", "https://[2001:db8::1]", "auth.example.com", ""]
        {
            assert_eq!(RelyingParty::of(url), None, "{url}");
        }
    }
}
