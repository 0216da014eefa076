//! Links that were mailed.

use gatepost_domain::{
    AskedSignIn, EmailAddress, LinkPurpose, MailedLink, MailedLinkId, RealmId, SecretDigest, Timestamp,
    UserId,
};

use crate::value::{FromRow, Row};
use crate::{Error, Tx};

macro_rules! columns {
    () => {
        "realm_id, id, user_id, purpose, email, created_at, expires_at, asked_by, flow, remembered"
    };
}

impl FromRow for MailedLink {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            realm: row.take()?,
            id: row.take()?,
            user: row.take()?,
            purpose: row.parse()?,
            email: row.parse()?,
            created_at: row.take()?,
            expires_at: row.take()?,
            asked: {
                let (by, flow, remembered) = (row.take_optional()?, row.take_optional()?, row.take()?);
                by.map(|by| AskedSignIn { by, flow, remembered })
            },
        })
    }
}

/// Keeps a link. Where a newer one [ends the older](LinkPurpose::ends_older), those of the same user and purpose are gone; but what is
/// good for whoever asked alone ends nothing that others asked for.
/// `Conflict(Parent)`: no such user.
pub async fn create(tx: &mut Tx, link: &MailedLink) -> Result<(), Error> {
    const SQL: &str =
        "INSERT INTO mailed_links (realm_id, id, user_id, purpose, email, email_key, created_at, expires_at,
            asked_by, flow, remembered)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    if link.purpose.ends_older() && link.asked.is_none() {
        forget(tx, link.realm, link.user, link.purpose).await?;
    }
    let asked = link.asked.as_ref();
    let params = [
        (&link.realm).into(),
        (&link.id).into(),
        (&link.user).into(),
        link.purpose.name().into(),
        link.email.as_str().into(),
        link.email.key().into(),
        link.created_at.into(),
        link.expires_at.into(),
        asked.map(|asked| &asked.by).into(),
        asked.and_then(|asked| asked.flow.as_deref()).into(),
        asked.is_some_and(|asked| asked.remembered).into(),
    ];
    tx.execute(SQL, &params).await.map(|_| ())
}

/// The link of an id, if it is good. Looking does not use it. One point read.
pub async fn find_live(
    tx: &mut Tx,
    realm: RealmId,
    id: MailedLinkId,
    now: Timestamp,
) -> Result<Option<MailedLink>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM mailed_links WHERE realm_id = $1 AND id = $2 AND expires_at > $3"
    );
    tx.optional(SQL, &[(&realm).into(), (&id).into(), now.into()]).await
}

/// Uses a link up. Of any number who do so at once, one gets it. `None`: it is not good (any more). One statement.
pub async fn take(
    tx: &mut Tx,
    realm: RealmId,
    id: MailedLinkId,
    purpose: LinkPurpose,
    now: Timestamp,
) -> Result<Option<MailedLink>, Error> {
    const SQL: &str = concat!(
        "DELETE FROM mailed_links WHERE realm_id = $1 AND id = $2 AND purpose = $3 AND expires_at > $4 RETURNING ",
        columns!()
    );
    tx.optional(SQL, &[(&realm).into(), (&id).into(), purpose.name().into(), now.into()]).await
}

/// Uses a link up that is good for whoever asked for it and nobody else. Of any number who do so at once, one gets it. One statement.
pub async fn take_asked(
    tx: &mut Tx,
    realm: RealmId,
    (id, purpose): (MailedLinkId, LinkPurpose),
    by: &SecretDigest,
    now: Timestamp,
) -> Result<Option<MailedLink>, Error> {
    const SQL: &str = concat!(
        "DELETE FROM mailed_links WHERE realm_id = $1 AND id = $2 AND purpose = $3 AND asked_by = $4
        AND expires_at > $5 RETURNING ",
        columns!()
    );
    let params = [(&realm).into(), (&id).into(), purpose.name().into(), by.into(), now.into()];
    tx.optional(SQL, &params).await
}

/// Ends the links of a user and a purpose that one browser or program asked for. Returns how many there were.
pub async fn forget_asked(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    purpose: LinkPurpose,
    by: &SecretDigest,
) -> Result<u64, Error> {
    const SQL: &str = "DELETE FROM mailed_links
        WHERE realm_id = $1 AND user_id = $2 AND purpose = $3 AND asked_by = $4";
    tx.execute(SQL, &[(&realm).into(), (&user).into(), purpose.name().into(), by.into()]).await
}

/// Whether a link of the purpose was made for the user after a moment.
pub async fn made_after(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    purpose: LinkPurpose,
    moment: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str = "SELECT CAST(1 AS BIGINT) FROM mailed_links
        WHERE realm_id = $1 AND user_id = $2 AND purpose = $3 AND created_at > $4 LIMIT 1";
    let params = [(&realm).into(), (&user).into(), purpose.name().into(), moment.into()];
    Ok(tx.optional::<(i64,)>(SQL, &params).await?.is_some())
}

/// The live link of a user that was made last for the purpose.
pub async fn newest_of(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    purpose: LinkPurpose,
    now: Timestamp,
) -> Result<Option<MailedLink>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        columns!(),
        " FROM mailed_links WHERE realm_id = $1 AND user_id = $2 AND purpose = $3 AND expires_at > $4
        ORDER BY id DESC LIMIT 1"
    );
    tx.optional(SQL, &[(&realm).into(), (&user).into(), purpose.name().into(), now.into()]).await
}

/// Ends the links of a user that are for this purpose. Returns how many there were.
pub async fn forget(tx: &mut Tx, realm: RealmId, user: UserId, purpose: LinkPurpose) -> Result<u64, Error> {
    const SQL: &str = "DELETE FROM mailed_links WHERE realm_id = $1 AND user_id = $2 AND purpose = $3";
    tx.execute(SQL, &[(&realm).into(), (&user).into(), purpose.name().into()]).await
}

/// Ends the links of the same user and purpose that are as new as this one or newer. Returns how many there were.
pub async fn forget_newer(tx: &mut Tx, link: &MailedLink) -> Result<u64, Error> {
    const SQL: &str = "DELETE FROM mailed_links
        WHERE realm_id = $1 AND user_id = $2 AND purpose = $3 AND created_at >= $4";
    let params =
        [(&link.realm).into(), (&link.user).into(), link.purpose.name().into(), link.created_at.into()];
    tx.execute(SQL, &params).await
}

/// Whether somebody may still take the address back: nobody else is to make an account with it meanwhile.
pub async fn is_reserved(
    tx: &mut Tx,
    realm: RealmId,
    email: &EmailAddress,
    now: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str = "SELECT CAST(1 AS BIGINT) FROM mailed_links
        WHERE realm_id = $1 AND email_key = $2 AND purpose = 'undo-email' AND expires_at > $3 LIMIT 1";
    Ok(tx.optional::<(i64,)>(SQL, &[(&realm).into(), email.key().into(), now.into()]).await?.is_some())
}

/// Deletes at most `limit` links that were over before `before`. Returns how many; call it again until that is less than `limit`.
/// One statement.
pub async fn delete_expired(
    tx: &mut Tx,
    realm: RealmId,
    before: Timestamp,
    limit: u32,
) -> Result<u64, Error> {
    const SQL: &str =
        "DELETE FROM mailed_links WHERE realm_id = $1 AND id IN (SELECT l.id FROM mailed_links l
        WHERE l.realm_id = $1 AND l.expires_at < $2 LIMIT $3)";
    tx.execute(SQL, &[(&realm).into(), before.into(), limit.into()]).await
}
