//! What requests to interceptors are signed with: one secret for each realm, kept under the master key.

use std::time::Duration;

use gatepost_domain::{
    RealmId, SealBroken, Timestamp, audit::Event, interceptor::InterceptorSecret, webhook::LONGEST_OVERLAP,
};
use gatepost_jose::webhook::Secret;
use gatepost_store::{Error, Tx, audit, interceptor_secrets as stored};
use zeroize::Zeroizing;

use crate::{App, accounts::Who, http::Problem, webhooks::fresh_secret};

/// What it is sealed for.
const PURPOSE: &str = "interceptor-secret";

/// A secret that was just made, to be shown this once.
pub struct Made(Zeroizing<String>);

impl Made {
    /// Its text.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

fn sealed(app: &App, realm: RealmId, secret: &Secret) -> Vec<u8> {
    app.master_key().seal(PURPOSE, realm.as_bytes(), secret.as_bytes(), app.entropy())
}

/// The secret itself.
pub(super) fn open(app: &App, realm: RealmId, sealed: &[u8]) -> Result<Secret, SealBroken> {
    let opened = app.master_key().open(PURPOSE, realm.as_bytes(), sealed)?;
    Secret::from_bytes(&opened).map_err(|_| SealBroken::Damaged)
}

/// Whether the realm has one.
pub async fn has_secret(tx: &mut Tx, realm: RealmId) -> Result<bool, Error> {
    Ok(stored::find(tx, realm).await?.is_some())
}

/// Makes the first secret of a realm, in the transaction of the caller, who writes down that there are interceptors. `None`: it has one.
pub async fn make_secret(
    tx: &mut Tx,
    app: &App,
    realm: RealmId,
    now: Timestamp,
) -> Result<Option<Made>, Error> {
    if has_secret(tx, realm).await? {
        return Ok(None);
    }
    let secret = fresh_secret(app);
    let kept = InterceptorSecret { sealed: sealed(app, realm, &secret), previous: None };
    stored::set(tx, realm, &kept, now).await?;
    Ok(Some(Made(secret.reveal())))
}

/// Gives a realm another secret, or its first. For as long as `overlap` says, requests are signed with the one before too.
pub async fn replace_secret(
    app: &App,
    realm: RealmId,
    overlap: Duration,
    who: Who,
    now: Timestamp,
) -> Result<Made, Problem> {
    if overlap > LONGEST_OVERLAP {
        let reason = "the secret before signs for 30 days at most".into();
        return Err(Problem::InvalidField { field: "overlap", reason });
    }
    let secret = fresh_secret(app);
    let sealed = sealed(app, realm, &secret);
    let record = who.record_of_realm(app, Event::InterceptorSecretReplaced, realm, now);
    let replaced = app.db().write("replace the secret of interceptors", move |tx| {
        let (sealed, record, who) = (sealed.clone(), record.clone(), who.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            let before = stored::find(tx, realm).await?.filter(|_| !overlap.is_zero());
            let previous = before.map(|before| (before.sealed, now.plus(overlap)));
            stored::set(tx, realm, &InterceptorSecret { sealed, previous }, now).await?;
            audit::append(tx, &record).await?;
            Ok::<_, Problem>(())
        })
    });
    replaced.await?;
    Ok(Made(secret.reveal()))
}
