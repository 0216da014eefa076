//! What users agreed to let clients do.

use gatepost_domain::{ClientId, Consent, RealmId, Scopes, Timestamp, UserId};

use crate::value::{FromRow, Row};
use crate::{Error, Tx};

impl FromRow for Consent {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            realm: row.take()?,
            user: row.take()?,
            client: row.parse()?,
            scopes: row.parse()?,
            created_at: row.take()?,
            updated_at: row.take()?,
        })
    }
}

macro_rules! consent_columns {
    () => {
        "realm_id, user_id, client_id, scopes, created_at, updated_at"
    };
}

/// What a user agreed to for a client. One point read.
pub async fn find(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    client: &ClientId,
) -> Result<Option<Consent>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        consent_columns!(),
        " FROM consents WHERE realm_id = $1 AND user_id = $2 AND client_id = $3"
    );
    tx.optional(SQL, &[(&realm).into(), (&user).into(), client.as_str().into()]).await
}

/// Keeps that a user agreed to these scopes, beside those agreed to before. Returns what is agreed to now;
/// `Conflict(Parent)`: no such user or client.
pub async fn give(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    client: &ClientId,
    scopes: &Scopes,
    now: Timestamp,
) -> Result<Consent, Error> {
    const SQL: &str = concat!(
        "INSERT INTO consents (", consent_columns!(), ") VALUES ($1, $2, $3, $4, $5, $5)
        ON CONFLICT (realm_id, user_id, client_id) DO UPDATE SET scopes = excluded.scopes, updated_at = excluded.updated_at
        RETURNING ", consent_columns!()
    );
    let before = find(tx, realm, user, client).await?.map(|consent| consent.scopes).unwrap_or_default();
    let all = before.iter().chain(scopes).cloned().collect::<Scopes>().to_string();
    let params = [(&realm).into(), (&user).into(), client.as_str().into(), all.as_str().into(), now.into()];
    tx.optional(SQL, &params).await?.ok_or_else(|| Error::broken("a consent that was just written"))
}

/// Everything a user agreed to, in the order of the clients' ids.
pub async fn list(tx: &mut Tx, realm: RealmId, user: UserId) -> Result<Vec<Consent>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        consent_columns!(),
        " FROM consents WHERE realm_id = $1 AND user_id = $2 ORDER BY client_id"
    );
    tx.all(SQL, &[(&realm).into(), (&user).into()]).await
}

/// Takes back what a user agreed to for a client. False: nothing.
pub async fn withdraw(tx: &mut Tx, realm: RealmId, user: UserId, client: &ClientId) -> Result<bool, Error> {
    const SQL: &str = "DELETE FROM consents WHERE realm_id = $1 AND user_id = $2 AND client_id = $3";
    Ok(tx.execute(SQL, &[(&realm).into(), (&user).into(), client.as_str().into()]).await? == 1)
}

/// Takes back what every user agreed to for a client. Returns how many had.
pub async fn withdraw_all_of(tx: &mut Tx, realm: RealmId, client: &ClientId) -> Result<u64, Error> {
    const SQL: &str = "DELETE FROM consents WHERE realm_id = $1 AND client_id = $2";
    tx.execute(SQL, &[(&realm).into(), client.as_str().into()]).await
}
