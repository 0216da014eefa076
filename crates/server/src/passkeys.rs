//! Passkeys of accounts: made, named, removed, and shown to sign in. Every front door comes through here; what a browser and an
//! authenticator must have said is in [`gatepost_domain::passkey`].

mod change;
mod options;
mod register;
mod response;
mod show;

use gatepost_domain::{
    RealmId, UserId,
    passkey::{Passkey, RelyingParty},
};
use gatepost_store::passkeys as stored;

use crate::{App, http::Problem, realm::Snapshot};

pub use change::{remove, rename};
pub use options::{Options, to_set_up, to_sign_in, to_sign_in_second};
pub(crate) use register::{NewPasskey, added, fresh_handle, keep, look_at_new};
pub use register::{begin, finish};
pub use response::{AuthenticationResponse, RegistrationResponse};
pub use show::prove;
pub(crate) use show::{counted, look_at_second, refused, take};

/// What a passkey is called whose authenticator nobody knows.
pub const NAMELESS: &str = "Passkey";

/// The realm as authenticators know it, by its configured URL.
pub fn relying_party(realm: &Snapshot) -> Result<RelyingParty, Problem> {
    RelyingParty::of(realm.public_url()).ok_or(Problem::PasskeysUnavailable)
}

/// The passkeys of an account, the oldest first.
pub async fn list(app: &App, realm: RealmId, user: UserId) -> Result<Vec<Passkey>, Problem> {
    let found = app
        .db()
        .read("list passkeys", move |tx| Box::pin(async move { stored::list(tx, realm, user).await }));
    Ok(found.await?)
}
