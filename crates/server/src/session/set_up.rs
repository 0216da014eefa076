//! A second factor is set up by somebody who has proved the first step of a sign-in and has none, before they are signed in.

use gatepost_domain::{RealmId, Timestamp, User, mfa::PendingSignIn};
use gatepost_store::{Tx, totp_seeds, used_ids, users};

use super::{
    first,
    missing::{Asks, missing},
};
use crate::{
    App,
    http::Problem,
    mfa::{BegunBy, SetUp},
    passkeys::{self, Options},
    realm::Snapshot,
};

/// Whose sign-in it is, if they may set one up: whoever has proved no more than the first step must not add a factor to those there
/// are.
async fn may_set_up(
    tx: &mut Tx,
    realm: RealmId,
    pending: &PendingSignIn,
    (asks, in_use): (Asks, &[gatepost_domain::ProviderId]),
    now: Timestamp,
) -> Result<User, Problem> {
    let first = first::of_pending(tx, realm, pending, in_use).await?;
    let known = users::find(tx, realm, pending.user).await?.filter(|user| !user.is_disabled());
    let known = known.filter(|_| first.is_some() && now < pending.expires_at);
    let used = used_ids::is_used(tx, realm, &pending.spent()).await?;
    let known = known.filter(|_| !used);
    let known = known.ok_or(Problem::InvalidPendingSignIn)?;
    if missing(tx, (realm, known.id), asks, now).await?.is_set_up() {
        Ok(known)
    } else {
        Err(Problem::InvalidPendingSignIn)
    }
}

/// Begins to set an authenticator app up, for this sign-in and no other.
pub async fn begin_set_up(
    app: &App,
    realm: &Snapshot,
    pending: &PendingSignIn,
    now: Timestamp,
) -> Result<SetUp, Problem> {
    let (id, user, asks) = (realm.id(), pending.user, Asks::on_pages(realm));
    let (seed, sealed) = BegunBy::SignIn(pending).fresh(app, id, user);
    let (waiting, in_use) = (pending.clone(), realm.providers_in_use());
    let begun = app.db().write("begin to set up a second factor at sign-in", move |tx| {
        let (sealed, pending, in_use) = (sealed.clone(), waiting.clone(), in_use.clone());
        Box::pin(async move {
            let known = may_set_up(tx, id, &pending, (asks, &in_use), now).await?;
            totp_seeds::begin(tx, id, user, &sealed, now).await?;
            Ok::<_, Problem>(known)
        })
    });
    let user = begun.await?;
    Ok(SetUp::of(realm, &user, &seed))
}

/// What a browser is told that is to make a passkey.
pub async fn begin_passkey_set_up(
    app: &App,
    realm: &Snapshot,
    pending: &PendingSignIn,
    now: Timestamp,
) -> Result<Options, Problem> {
    passkeys::relying_party(realm)?;
    let (id, asks) = (realm.id(), Asks::on_pages(realm));
    let fresh = passkeys::fresh_handle(app);
    let (waiting, in_use) = (pending.clone(), realm.providers_in_use());
    let begun = app.db().write("begin to make a passkey at sign-in", move |tx| {
        let (pending, in_use) = (waiting.clone(), in_use.clone());
        Box::pin(async move {
            let known = may_set_up(tx, id, &pending, (asks, &in_use), now).await?;
            let handle = gatepost_store::passkeys::handle(tx, id, known.id, fresh).await?;
            Ok::<_, Problem>((known, handle))
        })
    });
    let (user, handle) = begun.await?;
    passkeys::to_set_up(app, realm, pending, (&user, handle), now)
}
