//! Authorization codes.

use gatepost_domain::{AuthorizationCode, ClientId, CodeId, RealmId, SessionId, Timestamp, UserId};

use crate::value::{FromRow, Row, from_json, to_json};
use crate::{Error, Tx};

impl FromRow for AuthorizationCode {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            realm: row.take()?,
            id: row.take()?,
            session: row.take()?,
            user: row.take()?,
            client: row.parse()?,
            grant: row.take()?,
            details: from_json(&row.take::<String>()?)?,
            created_at: row.take()?,
            expires_at: row.take()?,
            redeemed_at: row.take_optional()?,
        })
    }
}

/// Keeps a code, if its session is live and its user may sign in. False: not so (any more); nothing was written. One
/// statement.
pub async fn create(tx: &mut Tx, code: &AuthorizationCode) -> Result<bool, Error> {
    const SQL: &str =
        "INSERT INTO authorization_codes (realm_id, id, session_id, user_id, client_id, grant_id, details,
            created_at, expires_at)
        SELECT s.realm_id, $1, s.id, s.user_id, $2, $3, $4, $5, $6 FROM sessions s
        JOIN users u ON u.realm_id = s.realm_id AND u.id = s.user_id
        WHERE s.realm_id = $7 AND s.id = $8 AND s.user_id = $9 AND s.revoked_at IS NULL AND s.expires_at > $5
        AND s.idle_expires_at > $5 AND u.disabled_at IS NULL
        AND (u.not_before IS NULL OR u.not_before <= s.created_at)";
    let details = to_json(&code.details)?;
    let params = [
        (&code.id).into(),
        code.client.as_str().into(),
        (&code.grant).into(),
        details.as_str().into(),
        code.created_at.into(),
        code.expires_at.into(),
        (&code.realm).into(),
        (&code.session).into(),
        (&code.user).into(),
    ];
    Ok(tx.execute(SQL, &params).await? == 1)
}

/// The code of an id, whatever state it is in. One point read.
pub async fn find(tx: &mut Tx, realm: RealmId, id: CodeId) -> Result<Option<AuthorizationCode>, Error> {
    const SQL: &str =
        "SELECT realm_id, id, session_id, user_id, client_id, grant_id, details, created_at, expires_at,
        redeemed_at FROM authorization_codes WHERE realm_id = $1 AND id = $2";
    tx.optional(SQL, &[(&realm).into(), (&id).into()]).await
}

/// Spends a code. Of any number who do so at once, one succeeds. False: it was spent before, or has expired. One statement.
pub async fn redeem(tx: &mut Tx, realm: RealmId, id: CodeId, now: Timestamp) -> Result<bool, Error> {
    const SQL: &str = "UPDATE authorization_codes SET redeemed_at = $3
        WHERE realm_id = $1 AND id = $2 AND redeemed_at IS NULL AND expires_at > $3";
    Ok(tx.execute(SQL, &[(&realm).into(), (&id).into(), now.into()]).await? == 1)
}

/// Deletes the codes that a user's client has not redeemed yet, whatever session they are of: what was taken back from it must not
/// come by them after all. Returns how many. One statement.
pub async fn withdraw(tx: &mut Tx, realm: RealmId, user: UserId, client: &ClientId) -> Result<u64, Error> {
    const SQL: &str =
        "DELETE FROM authorization_codes WHERE realm_id = $1 AND client_id = $3 AND redeemed_at IS NULL
        AND session_id IN (SELECT s.id FROM sessions s WHERE s.realm_id = $1 AND s.user_id = $2)";
    tx.execute(SQL, &[(&realm).into(), (&user).into(), client.as_str().into()]).await
}

/// A client that a session signed in to.
pub(crate) struct SignedInTo(pub(crate) SessionId, pub(crate) ClientId);

impl FromRow for SignedInTo {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self(row.take()?, row.parse()?))
    }
}

/// The clients that a browser's session signed in to, in the order of their ids.
pub async fn clients(tx: &mut Tx, realm: RealmId, session: SessionId) -> Result<Vec<ClientId>, Error> {
    const SQL: &str = "SELECT DISTINCT session_id, client_id FROM authorization_codes
        WHERE realm_id = $1 AND session_id = $2 AND redeemed_at IS NOT NULL ORDER BY client_id";
    let found: Vec<SignedInTo> = tx.all(SQL, &[(&realm).into(), (&session).into()]).await?;
    Ok(found.into_iter().map(|SignedInTo(_, client)| client).collect())
}

/// The clients that those sessions of a user signed in to that ended at or after a moment, by session.
pub async fn clients_of_ended(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    since: Timestamp,
) -> Result<Vec<(SessionId, ClientId)>, Error> {
    const SQL: &str = "SELECT DISTINCT c.session_id, c.client_id FROM sessions s
        JOIN authorization_codes c ON c.realm_id = s.realm_id AND c.session_id = s.id
        WHERE s.realm_id = $1 AND s.user_id = $2 AND s.revoked_at >= $3 AND c.redeemed_at IS NOT NULL
        ORDER BY c.session_id, c.client_id";
    let found: Vec<SignedInTo> = tx.all(SQL, &[(&realm).into(), (&user).into(), since.into()]).await?;
    Ok(found.into_iter().map(|SignedInTo(session, client)| (session, client)).collect())
}

/// Deletes at most `limit` codes that expired before `before` and that nobody redeemed; the others go with their session.
/// Returns how many; call it again until that is less than `limit`. One statement.
pub async fn delete_expired(
    tx: &mut Tx,
    realm: RealmId,
    before: Timestamp,
    limit: u32,
) -> Result<u64, Error> {
    const SQL: &str = "DELETE FROM authorization_codes WHERE realm_id = $1 AND id IN (SELECT c.id FROM authorization_codes c
        WHERE c.realm_id = $1 AND c.expires_at < $2 AND c.redeemed_at IS NULL LIMIT $3)";
    tx.execute(SQL, &[(&realm).into(), before.into(), limit.into()]).await
}
