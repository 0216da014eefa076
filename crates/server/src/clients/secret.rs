//! The two secrets that a client may have while one takes the place of the other.

use data_encoding::HEXLOWER;
use gatepost_domain::{Client, ClientId, RealmId, SecretDigest, Timestamp, audit::Event};
use gatepost_store::{audit, clients};

use super::told;
use crate::{App, accounts::Who, http::Problem};

/// What a secret is called, so that one of two can be taken from a client. It tells nothing of it.
pub fn secret_name(digest: &SecretDigest) -> String {
    format!("sec_{}", HEXLOWER.encode(&SecretDigest::of(digest.as_bytes()).as_bytes()[..12]))
}

/// Takes one of its two secrets from a client, by the name that [`secret_name`] gives it. The only one stays.
pub async fn drop_secret(
    app: &App,
    realm: RealmId,
    id: ClientId,
    name: String,
    who: Who,
    now: Timestamp,
) -> Result<(), Problem> {
    let record = who.record_of_realm(app, Event::ClientUpdated, realm, now);
    let dropped = app.db().write("take a secret from a client", move |tx| {
        let (id, name, record, who) = (id.clone(), name.clone(), record.clone(), who.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            let before = clients::find(tx, realm, &id).await?.ok_or(Problem::NotFound)?;
            let is_called = |digest: &SecretDigest| secret_name(digest) == name;
            let previous = before.previous_secret.filter(|previous| now < previous.until);
            let present = before.secret.filter(is_called);
            let after = match (present, previous) {
                (Some(_), Some(previous)) => {
                    Client { secret: Some(previous.digest), previous_secret: None, ..before.clone() }
                }
                (Some(_), None) => return Err(Problem::LastSecret),
                (None, Some(previous)) if is_called(&previous.digest) => {
                    Client { previous_secret: None, ..before.clone() }
                }
                (None, _) => return Err(Problem::NotFound),
            };
            let after = clients::upsert(tx, &Client { updated_at: now, ..after }).await?;
            let record = told(record, Some(&before), Some(&after));
            audit::append(tx, &record.with("secret", "taken")).await?;
            Ok(())
        })
    });
    dropped.await?;
    app.realms().forget(realm);
    Ok(())
}
