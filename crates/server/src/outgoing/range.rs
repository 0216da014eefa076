//! What a service that knows passwords of accounts that were broken into has in a range of hashes.

use gatepost_domain::WebUri;

use super::{Fetched, Outgoing, Unfetched};

impl Outgoing {
    /// The range at an address. It is to be filled up to one size, so that nobody who sees how long the answer is can tell which
    /// range it was.
    pub async fn range(&self, uri: &WebUri) -> Result<Fetched, Unfetched> {
        let url = self.url(uri)?;
        self.read(self.client()?.get(url).header("accept", "text/plain").header("add-padding", "true")).await
    }
}
