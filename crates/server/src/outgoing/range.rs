//! What a service that knows passwords of accounts that were broken into has in a range of hashes.

use gatepost_domain::WebUri;

use super::{Fetched, Outgoing, Unfetched};

/// The largest range that is read. They grow with what the service knows: some 60 KiB each in 2026.
const RANGE: usize = 1024 * 1024;

impl Outgoing {
    /// The range at an address. It is to be filled up to one size, so that nobody who sees how long the answer is can tell which
    /// range it was.
    pub async fn range(&self, uri: &WebUri) -> Result<Fetched, Unfetched> {
        let url = self.url(uri)?;
        let request = self.client()?.get(url).header("accept", "text/plain");
        self.read(request.header("add-padding", "true"), RANGE).await
    }
}
