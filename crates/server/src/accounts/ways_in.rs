//! The ways in which an account is signed in to: the last of them stays.

use gatepost_domain::{Identity, IdentityId, PasskeyId, ProviderId, RealmId, UserId};
use gatepost_store::{Error, Tx, identities, passkeys, passwords};

use crate::{App, http::Problem};

/// A way in that is to be taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// An account elsewhere.
    Identity(IdentityId),
    /// A passkey.
    Passkey(PasskeyId),
}

/// Whether nobody could sign in to the account without it: there is no password, no other passkey, and no other account elsewhere that a
/// provider in use signs in by.
pub(crate) async fn is_last_way_in(
    tx: &mut Tx,
    (realm, user): (RealmId, UserId),
    in_use: &[ProviderId],
    without: Way,
) -> Result<bool, Error> {
    if passwords::find(tx, realm, user).await?.is_some() {
        return Ok(false);
    }
    let passkeys = passkeys::list(tx, realm, user).await?;
    let identities = identities::list(tx, realm, user).await?;
    let elsewhere = |one: &Identity| Way::Identity(one.id) != without && in_use.contains(&one.provider);
    Ok(!passkeys.iter().any(|one| Way::Passkey(one.id) != without) && !identities.iter().any(elsewhere))
}

/// Whether an account has a password.
pub async fn has_password(app: &App, realm: RealmId, user: UserId) -> Result<bool, Problem> {
    let found = app
        .db()
        .read("find a password", move |tx| Box::pin(async move { passwords::find(tx, realm, user).await }));
    Ok(found.await?.is_some())
}
