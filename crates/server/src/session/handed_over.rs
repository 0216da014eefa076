//! Somebody has proved in a browser who they are, and the program that begins the session is not there: no token stands in an address,
//! so the browser brings it a code. The code is good once, for a minute, and together with a secret that the program kept for itself.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use gatepost_domain::{
    ProviderId, Timestamp,
    authorization::pkce,
    mfa::{PendingFirst, PendingSignIn},
};
use gatepost_store::{used_ids, users};
use serde::{Deserialize, Serialize};

use super::{first, sign_in::Proven};
use crate::{App, http::Problem, limits::Attempt, realm::Snapshot};

/// What the code is sealed for.
const PURPOSE: &str = "handed-over sign-in";
/// How long it is good: it is on its way.
const LIFE: Duration = Duration::from_mins(1);
/// None is longer.
const LONGEST: usize = 2 * 1024;

#[derive(Serialize, Deserialize)]
struct HandedOver {
    /// Who they are, and what they proved.
    pending: PendingSignIn,
    /// At which provider.
    provider: ProviderId,
    /// Of the secret (RFC 7636).
    challenge: String,
    /// Whether the account was made just now.
    is_new: bool,
}

/// The code of somebody who has proved who they are at a provider, for whoever has the secret that the challenge was made of.
pub fn hand_over(
    app: &App,
    realm: &Snapshot,
    (proven, is_new): (&Proven, bool),
    provider: &ProviderId,
    challenge: &str,
    now: Timestamp,
) -> String {
    let mut id = [0; 16];
    app.entropy().fill(&mut id);
    let pending = PendingSignIn {
        id: BASE64URL_NOPAD.encode(&id),
        user: proven.user.id,
        first: PendingFirst::of(&proven.first),
        remembered: false,
        proven_at: now,
        expires_at: now.plus(LIFE),
    };
    let (provider, challenge) = (provider.clone(), challenge.to_owned());
    // Strings, numbers and booleans always serialise.
    let plain = serde_json::to_vec(&HandedOver { pending, provider, challenge, is_new }).unwrap_or_default();
    let sealed = app.master_key().seal(PURPOSE, realm.id().as_bytes(), &plain, app.entropy());
    BASE64URL_NOPAD.encode(&sealed)
}

/// Who that is, and whether their account is new. `None`: the code is of another realm or provider, too old, used, or not of this
/// secret; or what was proved holds no more.
pub async fn take_over(
    app: &App,
    realm: &Snapshot,
    provider: &ProviderId,
    (code, secret): (&str, &str),
    now: Timestamp,
) -> Result<Option<(Proven, bool)>, Problem> {
    let Some(HandedOver { pending, provider: at, challenge, is_new }) = open(app, realm, code) else {
        return Ok(None);
    };
    if at != *provider || now >= pending.expires_at || !pkce::proves(secret, &challenge) {
        return Ok(None);
    }
    let (id, in_use) = (realm.id(), realm.providers_in_use());
    let found = app.db().write("use a code that was handed over", move |tx| {
        let (pending, in_use) = (pending.clone(), in_use.clone());
        Box::pin(async move {
            if !used_ids::claim(tx, id, &pending.spent(), pending.expires_at).await? {
                return Ok(None);
            }
            let user = users::find(tx, id, pending.user).await?;
            let first = first::of_pending(tx, id, &pending, &in_use).await?;
            Ok::<_, Problem>(user.zip(first))
        })
    });
    let attempt = Attempt::unlimited(app, now);
    Ok(found.await?.map(|(user, first)| (Proven { user, first, second: None, attempt }, is_new)))
}

fn open(app: &App, realm: &Snapshot, code: &str) -> Option<HandedOver> {
    if code.len() > LONGEST {
        return None;
    }
    let sealed = BASE64URL_NOPAD.decode(code.as_bytes()).ok()?;
    let plain = app.master_key().open(PURPOSE, realm.id().as_bytes(), &sealed).ok()?;
    serde_json::from_slice(&plain).ok()
}
