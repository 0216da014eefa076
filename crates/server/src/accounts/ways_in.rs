//! The ways in which an account is signed in to: the last of them stays.

use gatepost_domain::{IdentityId, ProviderId, RealmId, UserId};
use gatepost_store::{Error, Tx, identities, passwords};

use crate::{App, http::Problem};

/// Whether nobody could sign in to the account without this account elsewhere: it has no password, and no other that a provider in
/// use signs in by.
pub(crate) async fn is_last_way_in(
    tx: &mut Tx,
    (realm, user): (RealmId, UserId),
    in_use: &[ProviderId],
    without: IdentityId,
) -> Result<bool, Error> {
    if passwords::find(tx, realm, user).await?.is_some() {
        return Ok(false);
    }
    let all = identities::list(tx, realm, user).await?;
    Ok(!all.iter().any(|one| one.id != without && in_use.contains(&one.provider)))
}

/// Whether an account has a password.
pub async fn has_password(app: &App, realm: RealmId, user: UserId) -> Result<bool, Problem> {
    let found = app
        .db()
        .read("find a password", move |tx| Box::pin(async move { passwords::find(tx, realm, user).await }));
    Ok(found.await?.is_some())
}
