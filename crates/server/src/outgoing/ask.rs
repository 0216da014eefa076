//! What is asked of a provider: a code is exchanged, and a user looked up. Within the same limits as everything that is fetched.

use gatepost_domain::WebUri;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use zeroize::Zeroizing;

use super::{Outgoing, Reader, SIZE, TIME, Unfetched, cause};

impl Outgoing {
    /// Sends a form and reads what is answered, whatever the status: a refusal says why. The form and `authorization` hold secrets.
    pub async fn ask(
        &self,
        uri: &WebUri,
        reader: &Reader,
        form: Zeroizing<String>,
        authorization: Option<&str>,
    ) -> Result<(u16, Vec<u8>), Unfetched> {
        let Some(_place) = self.places.take(reader) else { return Err(Unfetched::Busy) };
        let asking = async {
            let mut request = self.client()?.post(self.url(uri)?).header(ACCEPT, "application/json");
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
            if let Some(text) = authorization {
                request = request.header(AUTHORIZATION, sensitive(text)?);
            }
            answered(request.body(form.as_str().to_owned())).await
        };
        tokio::time::timeout(TIME, asking).await.unwrap_or(Err(Unfetched::TooSlow))
    }

    /// What is answered to whoever brings an access token, if the status is 200.
    pub async fn get_with_token(
        &self,
        uri: &WebUri,
        reader: &Reader,
        token: &str,
    ) -> Result<Vec<u8>, Unfetched> {
        let Some(_place) = self.places.take(reader) else { return Err(Unfetched::Busy) };
        let asking = async {
            let bearer = Zeroizing::new(format!("Bearer {token}"));
            let request = self.client()?.get(self.url(uri)?).header(ACCEPT, "application/json");
            match answered(request.header(AUTHORIZATION, sensitive(&bearer)?)).await? {
                (200, body) => Ok(body),
                (status, _) => Err(Unfetched::Status(status)),
            }
        };
        tokio::time::timeout(TIME, asking).await.unwrap_or(Err(Unfetched::TooSlow))
    }
}

fn sensitive(text: &str) -> Result<HeaderValue, Unfetched> {
    let mut value = HeaderValue::try_from(text)
        .map_err(|_| Unfetched::Content("a credential that fits in no header".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

pub(super) async fn answered(request: reqwest::RequestBuilder) -> Result<(u16, Vec<u8>), Unfetched> {
    let mut answer = request.send().await.map_err(|error| Unfetched::Connection(cause(&error)))?;
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| Unfetched::Connection(cause(&error)))? {
        if body.len() + chunk.len() > SIZE {
            return Err(Unfetched::TooLarge(SIZE));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, body))
}
