//! What applications call a person and an organization (`xuid`, `xoid`): told in the format of Scalekit.

use gatepost_domain::{Client, OrganizationId, RealmId, UserId};
use gatepost_store::{Tx, organization_notes, user_notes};

use crate::signing::External;

/// Whether the tokens of a client tell it: those of another format do not, nor those of one that calls people by names of its own.
pub(super) fn is_told(client: &Client) -> bool {
    client.settings.token_format.is_scalekit() && !client.settings.is_pairwise()
}

/// What is told.
pub(super) async fn find(
    tx: &mut Tx,
    is_told: bool,
    realm: RealmId,
    (user, organization): (UserId, Option<OrganizationId>),
) -> Result<External, gatepost_store::Error> {
    if !is_told {
        return Ok(External::default());
    }
    Ok(External {
        user: user_notes::find(tx, realm, user).await?.external_id,
        organization: match organization {
            Some(organization) => organization_notes::find(tx, realm, organization).await?.external_id,
            None => None,
        },
    })
}
