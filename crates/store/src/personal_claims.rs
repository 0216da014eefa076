//! What else is known of users as persons.

use gatepost_domain::{PersonalClaims, RealmId, Timestamp, UserId};

use crate::value::{from_json, to_json};
use crate::{Error, Tx};

/// What is known of a user; nothing where there is no such user.
pub async fn find(tx: &mut Tx, realm: RealmId, user: UserId) -> Result<PersonalClaims, Error> {
    const SQL: &str = "SELECT claims FROM users WHERE realm_id = $1 AND id = $2";
    match tx.optional::<(String,)>(SQL, &[(&realm).into(), (&user).into()]).await? {
        Some((text,)) => read(&text),
        None => Ok(PersonalClaims::default()),
    }
}

/// The column; nearly always empty, and then nothing is parsed.
pub(crate) fn read(text: &str) -> Result<PersonalClaims, Error> {
    if text.is_empty() { Ok(PersonalClaims::default()) } else { from_json(text) }
}

/// Replaces what is known of a user. False: no such user.
pub async fn set(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    claims: &PersonalClaims,
    now: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str = "UPDATE users SET claims = $3, updated_at = $4, version = version + 1
        WHERE realm_id = $1 AND id = $2";
    let text = if claims.is_empty() { String::new() } else { to_json(claims)? };
    Ok(tx.execute(SQL, &[(&realm).into(), (&user).into(), text.as_str().into(), now.into()]).await? == 1)
}
