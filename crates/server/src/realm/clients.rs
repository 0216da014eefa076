//! What a snapshot knows of the realm's clients. They are looked up one by one otherwise: there may be very many.

use gatepost_domain::{Client, ClientId, RealmId, RedirectUri, TokenFormat};
use gatepost_store::{Error, Tx, clients};

/// Of how many clients in the format of Scalekit the addresses are known.
const MOST: u32 = 100;

/// What is to be known of a realm's clients before one of them comes.
pub(super) struct ClientsThere {
    signs_people_in: bool,
    scalekit: Vec<Client>,
    machines: bool,
}

impl ClientsThere {
    pub(super) async fn read(tx: &mut Tx, realm: RealmId) -> Result<Self, Error> {
        Ok(Self {
            signs_people_in: clients::any_signs_people_in(tx, realm).await?,
            machines: !clients::list_in_format(tx, realm, TokenFormat::Zalt, None, 1).await?.is_empty(),
            scalekit: clients::list_in_format(tx, realm, TokenFormat::Scalekit, None, MOST).await?,
        })
    }

    /// Whether there is one that will be given a token which RS256 signs.
    pub(super) fn need_rs256(&self) -> bool {
        self.signs_people_in || self.machines || !self.scalekit.is_empty()
    }

    /// Where people may be sent after signing out by clients that do not say who they are, with the client of each.
    pub(super) fn addresses_after(&self) -> Vec<(RedirectUri, ClientId)> {
        let of = |client: &Client| {
            let id = client.id.clone();
            let addresses = client.settings.post_logout_redirect_uris.clone();
            addresses.into_iter().map(move |uri| (uri, id.clone()))
        };
        self.scalekit.iter().flat_map(of).collect()
    }
}
