//! A realm's keys follow one another by themselves: looked after whenever the realm is read.

use gatepost_domain::{
    EventId, Realm, SigningAlg, Timestamp,
    audit::{Actor, Event, Record},
    signing_key::{self, NewKey, StoredKey},
};
use gatepost_store::{Error, audit, signing_keys};

use super::snapshot::{Means, SnapshotError};
use crate::{http::problem::chain, signing};

/// What ID tokens are signed with unless their client registered the realm's other algorithm (OpenID Connect Core section 15.1:
/// every provider has it).
pub const ID_TOKENS: SigningAlg = SigningAlg::RS256;

/// What applications written for Better Auth verify.
pub const BETTER_AUTH: SigningAlg = SigningAlg::EdDSA;

/// Whether looking after the keys changed them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tended {
    /// They are as they were read.
    Unchanged,
    /// Read them again.
    Changed,
}

/// Makes the key that is due and deletes those that are over.
///
/// An error only where nothing could sign: otherwise the present keys go on, and the next reading tries again.
pub(super) async fn tend(
    means: &Means<'_>,
    realm: &Realm,
    stored: &[StoredKey],
    now: Timestamp,
) -> Result<Tended, SnapshotError> {
    let mut tended = Tended::Unchanged;
    for alg in algs(realm, stored) {
        let of_alg: Vec<StoredKey> = stored.iter().filter(|key| key.alg == alg).cloned().collect();
        let plan = signing_key::plan(&of_alg, &signing::policy(&realm.settings, alg), now);
        if let Some(planned) = plan.create {
            match make(means, realm, alg, planned, now).await {
                Ok(()) => tended = Tended::Changed,
                Err(error) if plan.signer.is_none() => return Err(error),
                Err(error) => {
                    tracing::error!(realm.name = %realm.name, error = %chain(&error), "the next signing key could not be made");
                }
            }
        }
        if !plan.delete.is_empty() {
            match delete(means, realm, plan.delete, now).await {
                Ok(()) => tended = Tended::Changed,
                Err(error) => {
                    tracing::error!(realm.name = %realm.name, %error, "retired signing keys could not be deleted");
                }
            }
        }
    }
    Ok(tended)
}

/// What the realm signs with: access tokens, those of its profile where applications know a secret, and ID tokens and what Better Auth
/// signs once there has been one.
fn algs(realm: &Realm, stored: &[StoredKey]) -> Vec<SigningAlg> {
    let access = realm.settings.signing_alg.published();
    let shares_secret = realm.settings.signing_alg == SigningAlg::HS256;
    let made = [ID_TOKENS, BETTER_AUTH].into_iter();
    let made = made.filter(|alg| *alg != access && stored.iter().any(|key| key.alg == *alg));
    std::iter::once(access).chain(shares_secret.then_some(SigningAlg::HS256)).chain(made).collect()
}

/// Makes the realm's first key of an algorithm, unless it has one.
pub(super) async fn make_first(
    means: &Means<'_>,
    realm: &Realm,
    alg: SigningAlg,
    now: Timestamp,
) -> Result<(), SnapshotError> {
    make(means, realm, alg, NewKey { sequence: 1, signs_from: now }, now).await
}

fn record(means: &Means<'_>, realm: &Realm, event: Event, kid: &str, now: Timestamp) -> Record {
    Record::new(EventId::new(now, means.entropy), realm.id, now, event, Actor::System).with("kid", kid)
}

async fn make(
    means: &Means<'_>,
    realm: &Realm,
    alg: SigningAlg,
    planned: NewKey,
    now: Timestamp,
) -> Result<(), SnapshotError> {
    let making = |error: String| SnapshotError::Making(error);
    let key = tokio::task::spawn_blocking(move || signing::make(alg))
        .await
        .map_err(|error| making(error.to_string()))?
        .map_err(|error| making(error.to_string()))?;
    let sealed = signing::seal(&key, alg, planned, realm.id, (means.master, means.entropy), now);
    let record = record(means, realm, Event::SigningKeyCreated, key.kid(), now);
    means
        .db
        .write("make a signing key", move |tx| {
            let (sealed, record) = (sealed.clone(), record.clone());
            Box::pin(async move {
                // Another process may have made one for this place in the meantime; that one stays.
                if signing_keys::insert_if_planned(tx, &sealed).await? {
                    audit::append(tx, &record).await?;
                }
                Ok::<_, Error>(())
            })
        })
        .await?;
    tracing::info!(realm.name = %realm.name, key.alg = %alg, "signing key made");
    Ok(())
}

async fn delete(means: &Means<'_>, realm: &Realm, kids: Vec<String>, now: Timestamp) -> Result<(), Error> {
    let id = realm.id;
    let gone: Vec<(String, Record)> = kids
        .into_iter()
        .map(|kid| {
            let record = record(means, realm, Event::SigningKeyDeleted, &kid, now);
            (kid, record)
        })
        .collect();
    means
        .db
        .write("delete retired signing keys", move |tx| {
            let gone = gone.clone();
            Box::pin(async move {
                for (kid, record) in &gone {
                    if signing_keys::delete(tx, id, kid).await? {
                        audit::append(tx, record).await?;
                    }
                }
                Ok(())
            })
        })
        .await
}
