//! What applications keep with users.

use gatepost_domain::{Notes, RealmId, UserId};

use crate::value::{FromRow, Row, from_json, to_json};
use crate::{Error, Tx};

struct Kept(Notes);

impl FromRow for Kept {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        let external_id = row.take_optional()?;
        Ok(Self(Notes { external_id, metadata: from_json(&row.take::<String>()?)? }))
    }
}

/// What is kept with a user; nothing where there is none. One point read.
pub async fn find(tx: &mut Tx, realm: RealmId, user: UserId) -> Result<Notes, Error> {
    const SQL: &str = "SELECT external_id, metadata FROM user_notes WHERE realm_id = $1 AND user_id = $2";
    let found: Option<Kept> = tx.optional(SQL, &[(&realm).into(), (&user).into()]).await?;
    Ok(found.map(|Kept(notes)| notes).unwrap_or_default())
}

/// The user that is called so elsewhere. One point read.
pub async fn find_by_external_id(
    tx: &mut Tx,
    realm: RealmId,
    external_id: &str,
) -> Result<Option<UserId>, Error> {
    const SQL: &str = "SELECT user_id FROM user_notes WHERE realm_id = $1 AND external_id = $2";
    let found: Option<(UserId,)> = tx.optional(SQL, &[(&realm).into(), external_id.into()]).await?;
    Ok(found.map(|(id,)| id))
}

/// Replaces what is kept with a user. `Conflict(ExternalId)`: another is called so; `Parent`: there is no such user.
pub async fn set(tx: &mut Tx, realm: RealmId, user: UserId, notes: &Notes) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO user_notes (realm_id, user_id, external_id, metadata) VALUES ($1, $2, $3, $4)
        ON CONFLICT (realm_id, user_id) DO UPDATE SET external_id = excluded.external_id, metadata = excluded.metadata";
    let metadata = to_json(&notes.metadata)?;
    let params =
        [(&realm).into(), (&user).into(), notes.external_id.as_deref().into(), metadata.as_str().into()];
    tx.execute(SQL, &params).await.map(|_| ())
}
