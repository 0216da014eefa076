//! What is asked of interceptors. Within the same limits of direction and size as everything that is fetched.

use gatepost_domain::WebUri;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};

use super::{Outgoing, Unfetched, ask::answered};

impl Outgoing {
    /// Sends a document and reads what is answered, whatever the status. How long that may take is for the caller to say.
    pub async fn consult(
        &self,
        uri: &WebUri,
        mut headers: HeaderMap,
        body: String,
    ) -> Result<(u16, Vec<u8>), Unfetched> {
        self.takes_messages(uri)?;
        let json = HeaderValue::from_static("application/json");
        headers.insert(CONTENT_TYPE, json.clone());
        headers.insert(ACCEPT, json);
        answered(self.client()?.post(self.url(uri)?).headers(headers).body(body)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn wh_02_interceptors_are_not_asked_inward() {
        for uri in [
            "https://127.0.0.1/hook",
            "https://[::ffff:7f00:1]/hook",
            "https://169.254.169.254/latest/meta-data",
            "https://10.0.0.1/hook",
            "https://localhost/hook",
            "http://localhost:8000/hook",
            "https://app.test:22/hook",
        ] {
            let asked =
                Outgoing::new(false).consult(&uri.parse().unwrap(), HeaderMap::new(), "{}".into()).await;
            assert!(asked.is_err(), "{uri}");
        }
    }
}
