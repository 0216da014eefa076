//! Messages that are sent to webhooks.

use std::time::Duration;

use gatepost_domain::{WebUri, webhook::Answer};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use super::{INWARD, Outgoing, Unfetched, cause};

/// How long a receiver has, from the first look-up to the head of its answer.
pub const PATIENCE: Duration = Duration::from_secs(15);

impl Outgoing {
    /// Sends a message. Of what is answered only the status is read: whatever comes after it, however long, is left where it is.
    pub async fn deliver(&self, uri: &WebUri, mut headers: HeaderMap, body: String) -> Answer {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let sending = async {
            let url = self.url(uri).map_err(|_| Answer::AddressRefused)?;
            let request = self.client().map_err(|_| Answer::NoConnection)?.post(url);
            let answer = request.headers(headers).body(body).send().await.map_err(|error| failed(&error))?;
            Ok(Answer::Status(answer.status().as_u16()))
        };
        let sent = tokio::time::timeout(PATIENCE, sending).await.unwrap_or(Err(Answer::TooSlow));
        sent.unwrap_or_else(|failed| failed)
    }

    /// Whether messages are sent to an address, as far as it tells itself: not to the ports of other protocols, for one.
    pub fn takes_messages(&self, uri: &WebUri) -> Result<(), Unfetched> {
        let port = self.url(uri)?.port_or_known_default().unwrap_or_default();
        if port >= 1024 || matches!(port, 80 | 443) {
            Ok(())
        } else {
            Err(Unfetched::Address("messages go to the ports 443, 80, and those from 1024 on"))
        }
    }
}

fn failed(error: &reqwest::Error) -> Answer {
    if cause(error) == INWARD {
        Answer::AddressRefused
    } else if error.is_connect() {
        Answer::NoConnection
    } else {
        Answer::Broken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn sent(private: bool, uri: &str) -> Answer {
        Outgoing::new(private).deliver(&uri.parse().unwrap(), HeaderMap::new(), "{}".into()).await
    }

    /// Names are looked at when they are resolved, and connected to at what was found harmless.
    #[tokio::test]
    async fn wh_02_messages_are_not_sent_inward_whatever_the_address_is_called() {
        for uri in [
            "https://127.0.0.1/hook",
            "https://[::1]/hook",
            "https://[::ffff:7f00:1]/hook",
            "https://0.0.0.0/hook",
            "https://169.254.169.254/latest/meta-data",
            "https://10.0.0.1/hook",
            "https://172.16.0.1/hook",
            "https://192.168.0.1/hook",
            "https://100.64.0.1/hook",
            "https://[fc00::1]/hook",
            "https://[fe80::1]/hook",
            "https://localhost/hook",
            "http://localhost/hook",
        ] {
            assert_eq!(sent(false, uri).await, Answer::AddressRefused, "{uri}");
        }
        assert_eq!(
            sent(true, "https://169.254.169.254/latest/meta-data").await,
            Answer::AddressRefused,
            "never"
        );
    }

    #[test]
    fn wh_02_messages_are_not_sent_to_the_ports_of_other_protocols() {
        let takes = |uri: &str| Outgoing::new(false).takes_messages(&uri.parse().unwrap()).is_ok();
        for uri in ["https://app.test/", "https://app.test:8443/hook", "https://app.test:80/"] {
            assert!(takes(uri), "{uri}");
        }
        for uri in [
            "https://app.test:22/",
            "https://app.test:25/",
            "https://127.0.0.1/",
            "http://localhost:8000/",
            "https://localhost:8443/",
            "https://hooks.localhost/",
        ] {
            assert!(!takes(uri), "{uri}");
        }
        // Nobody who types one of these means what they say: the spelling of an address is one.
        for bad in [
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://user@app.test/",
            "https://bücher.test/",
            "http://app.test/",
            "ftp://app.test/",
        ] {
            assert!(bad.parse::<WebUri>().is_err(), "{bad}");
        }
    }
}
