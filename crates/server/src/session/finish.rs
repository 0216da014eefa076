//! A sign-in that waits for its second step comes to its end.

use std::sync::Arc;

use gatepost_domain::{Timestamp, mfa::PendingSignIn};

use super::{Begun, Shown, SignIn, TrustCookie, prove_second, second::Second, sign_in, trust};
use crate::{
    App,
    http::{Problem, origin::Where},
    mfa,
    realm::Snapshot,
};

/// A sign-in with two factors.
pub struct Finished {
    /// The session and its tokens.
    pub begun: Begun,
    /// The second factor that was shown, and what came with it.
    pub second: Option<Arc<Second>>,
    /// How many recovery codes are left, where one was used.
    pub recovery_codes_left: Option<u64>,
    /// Makes the device trusted, where that was asked for.
    pub trusted: Option<TrustCookie>,
}

/// Begins the session of a sign-in that waits, by what is shown for it.
pub async fn finish(
    app: &App,
    realm: &Snapshot,
    pending: PendingSignIn,
    shown: Shown<'_>,
    origin: &Where,
    now: Timestamp,
) -> Result<Finished, Problem> {
    let proven = prove_second(app, realm, pending, shown, origin, now).await?;
    let second = proven.second.clone();
    let begun = match sign_in::sign_in(app, realm, proven, origin, now).await {
        Ok(SignIn::Begun(begun)) => begun,
        // Disabled since the password was right, or the password is another.
        Ok(SignIn::Pending(..)) | Err(Problem::InvalidCredentials) => {
            return Err(Problem::InvalidPendingSignIn);
        }
        Err(other) => return Err(other),
    };
    let recovery_codes_left = match shown {
        Shown::RecoveryCode(_) => Some(mfa::overview(app, realm.id(), begun.user.id).await?.codes.left),
        Shown::Code(_) | Shown::SmsCode(_) | Shown::Passkey(_) | Shown::NewPasskey(_) | Shown::Later => None,
    };
    let trusted = second.as_ref().and_then(|second| second.trusts());
    let trusted = trusted.map(|device| trust(app, realm, (&begun.user, device), origin, now));
    Ok(Finished { begun, second, recovery_codes_left, trusted })
}
