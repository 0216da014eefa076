//! What clients hold: begun with an authorization code, by connecting a device or with a password, gone on with by refreshing, and the tokens given
//! for it.

mod begin;
mod device;
mod external;
mod issue;
mod password;
mod redeem;
mod refresh;

use gatepost_domain::{Client, Grant, GrantId, RealmId, Session, Timestamp, User};
use gatepost_store::{Tx, grants};

pub use device::{ACCOUNT, DeviceRefused, connect, connect_application, is_whole};
pub use issue::{Issued, Wanted};
pub use password::{Login, sign_in};
pub use redeem::{Redemption, redeem};
pub use refresh::refresh;

/// Why nothing is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantRefused {
    /// The code or refresh token is not good here, or not any more. The log says why.
    Grant,
    /// Wider scopes than were agreed on, or none that are left.
    Scope,
    /// Another audience than was agreed on.
    Target,
}

/// What a client holds, with its session and its user, if all of them are good now.
pub async fn held(
    tx: &mut Tx,
    realm: RealmId,
    id: GrantId,
    now: Timestamp,
) -> Result<Option<(Grant, Session, User)>, gatepost_store::Error> {
    let found = grants::find(tx, realm, id).await?;
    Ok(found.filter(|(grant, session, user)| {
        let live = grant.revoked_at.is_none() && now < grant.expires_at && session.is_live(now);
        live && !user.is_disabled() && !user.has_withdrawn(session.created_at)
    }))
}

/// What the refresh tokens of a client are bound to: a public client proves nothing else (RFC 9449 section 5).
fn kept_key(client: &Client, key: Option<&String>) -> Option<String> {
    key.filter(|_| client.is_public()).cloned()
}

/// Notes why a code or refresh token is refused; the client learns no more than that it is.
fn refused(what: &str, why: &str) -> GrantRefused {
    tracing::debug!(reason = why, "{what} refused");
    GrantRefused::Grant
}
