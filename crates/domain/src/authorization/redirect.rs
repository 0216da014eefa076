//! Where a client may be answered (RFC 9700 section 2.1, RFC 8252 section 7.3).

use crate::RedirectUri;

/// The loopback addresses that a native application may be registered with and listen on at any port.
const LOOPBACK: [&str; 2] = ["http://127.0.0.1", "http://[::1]"];

impl RedirectUri {
    /// Whether a presented URI is the registered one, to the byte; on a loopback address, written as one, at any port.
    pub fn admits(&self, presented: &str) -> bool {
        self.as_str() == presented
            || LOOPBACK.iter().any(|host| {
                let behind_host = |uri: &'_ str| uri.strip_prefix(host).map(str::to_owned);
                match (behind_host(self.as_str()), behind_host(presented)) {
                    (Some(registered), Some(presented)) => {
                        let (at, registered) = port(&registered);
                        let (_, presented) = port(&presented);
                        at.is_none() && registered.is_some() && registered == presented
                    }
                    _ => false,
                }
            })
    }

    /// Whether the program behind it runs at the user's and can be impersonated by another one there: on a loopback address, or
    /// under a scheme of its own (RFC 8252 section 8.6).
    pub fn is_native(&self) -> bool {
        !self.as_str().starts_with("https://")
    }
}

/// The port behind a host, and the path behind that. `None` for a path: what stands there is neither.
fn port(text: &str) -> (Option<u16>, Option<&str>) {
    let Some(after) = text.strip_prefix(':') else {
        return (None, (text.is_empty() || text.starts_with('/')).then_some(text));
    };
    let (digits, path) = after.split_at(after.find('/').unwrap_or(after.len()));
    let canonical =
        !digits.is_empty() && !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
    match digits.parse() {
        Ok(port) if canonical => (Some(port), Some(path)),
        _ => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Own work: `match` may be redirected to, `reject` must not.
    #[test]
    fn oa_01_a_redirect_uri_is_the_registered_one_to_the_byte() {
        let file: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/redirect_uri.json")).unwrap();
        let texts = |value: &serde_json::Value| -> Vec<String> {
            value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
        };
        let mut matched = 0;
        for case in file["cases"].as_array().unwrap() {
            let registered: Vec<RedirectUri> =
                texts(&case["registered"]).iter().map(|uri| uri.parse().unwrap()).collect();
            let admitted = registered.iter().any(|uri| uri.admits(case["presented"].as_str().unwrap()));
            assert_eq!(admitted, case["expect"] == "match", "{case}");
            matched += usize::from(admitted);
        }
        assert!(matched >= 5);
        for case in file["registration_must_refuse"].as_array().unwrap() {
            let uri = case.as_str().or_else(|| case["uri"].as_str()).unwrap();
            assert!(uri.parse::<RedirectUri>().is_err(), "{uri}");
        }
    }

    #[test]
    fn a_loopback_port_is_free_only_where_none_was_registered() {
        let admits =
            |registered: &str, presented: &str| registered.parse::<RedirectUri>().unwrap().admits(presented);
        assert!(admits("http://127.0.0.1:8000/cb", "http://127.0.0.1:8000/cb"));
        assert!(!admits("http://127.0.0.1:8000/cb", "http://127.0.0.1:8001/cb"));
        assert!(admits("http://127.0.0.1", "http://127.0.0.1:1"));
        for port in ["", "0", "080", "65536", "+1", "1e1", "8000x"] {
            assert!(!admits("http://127.0.0.1/cb", &format!("http://127.0.0.1:{port}/cb")), "{port}");
        }
        assert!(!admits("http://localhost/cb", "http://localhost:8000/cb"), "a name may lead elsewhere");
    }
}
