//! What requests to the senders of text messages of realms are signed with: kept as those of interceptors are.

use gatepost_domain::{RealmId, Timestamp, interceptor::InterceptorSecret};

use crate::value::{FromRow, Row};
use crate::{Error, Tx};

struct Kept(InterceptorSecret);

impl FromRow for Kept {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        let sealed = row.take()?;
        let (previous, until): (Option<Vec<u8>>, Option<Timestamp>) =
            (row.take_optional()?, row.take_optional()?);
        Ok(Self(InterceptorSecret { sealed, previous: previous.zip(until) }))
    }
}

/// The secret of a realm, if it has one. One point read.
pub async fn find(tx: &mut Tx, realm: RealmId) -> Result<Option<InterceptorSecret>, Error> {
    const SQL: &str =
        "SELECT sealed_secret, previous_secret, previous_until FROM sms_secrets WHERE realm_id = $1";
    let found: Option<Kept> = tx.optional(SQL, &[(&realm).into()]).await?;
    Ok(found.map(|Kept(secret)| secret))
}

/// Keeps the secret of a realm, in place of any other. `Conflict(Parent)`: no such realm.
pub async fn set(
    tx: &mut Tx,
    realm: RealmId,
    secret: &InterceptorSecret,
    now: Timestamp,
) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO sms_secrets (realm_id, sealed_secret, previous_secret, previous_until, updated_at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (realm_id) DO UPDATE SET sealed_secret = excluded.sealed_secret, previous_secret = excluded.previous_secret,
            previous_until = excluded.previous_until, updated_at = excluded.updated_at";
    let (previous, until) =
        secret.previous.as_ref().map(|(sealed, until)| (sealed.as_slice(), *until)).unzip();
    let params =
        [(&realm).into(), secret.sealed.as_slice().into(), previous.into(), until.into(), now.into()];
    tx.execute(SQL, &params).await.map(|_| ())
}
