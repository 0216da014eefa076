//! What is missing of a sign-in whose first step was right: asked in the transaction that begins the session, and by whoever shows
//! the next step.

use gatepost_domain::{
    Mfa, RealmId, Timestamp, User, UserId,
    mfa::{self as rule, Demand, Missing, Offer, PendingSignIn, TRIES_OF_ONE_SIGN_IN},
};
use gatepost_store::{Error, Tx, attempts, organizations, used_ids, users};

use super::first;
use crate::{App, http::Problem, mfa, realm::Snapshot};

/// What is asked of whoever signs in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asks {
    demand: Option<Demand>,
    /// Whether somebody is looking at a page, where one can be offered what one may go on without.
    offers: bool,
}

impl Asks {
    /// By a program.
    pub(crate) fn of(realm: &Snapshot) -> Self {
        Self { demand: realm.mfa_demand(), offers: false }
    }

    /// On the pages.
    pub(super) fn on_pages(realm: &Snapshot) -> Self {
        Self { offers: realm.settings().mfa != Mfa::Off, ..Self::of(realm) }
    }
}

/// What is missing for a user who has proved the first step.
pub(super) async fn missing(
    tx: &mut Tx,
    (realm, user): (RealmId, UserId),
    asks: Asks,
    now: Timestamp,
) -> Result<Missing, Error> {
    if !mfa::factors(tx, realm, user).await?.is_empty() {
        return Ok(Missing::Factor);
    }
    let missing = match asks.demand {
        None => Missing::Nothing,
        // How old the account is matters only where there is a grace.
        Some(demand) if demand.grace.is_zero() => Missing::SetUp,
        demand => match users::find(tx, realm, user).await? {
            Some(known) => rule::missing(demand, false, known.created_at, now),
            None => Missing::SetUp,
        },
    };
    match missing {
        Missing::Nothing if asks.offers => {
            let asking = organizations::find_requiring_factor_of(tx, realm, user).await?;
            Ok(asking.map_or(Missing::Nothing, |_| Missing::Offer(Offer::Organization)))
        }
        Missing::Offer(_) if !asks.offers => Ok(Missing::Nothing),
        other => Ok(other),
    }
}

/// What is missing of a sign-in that waits, now, and for whom; `None` where it is over.
pub async fn what_is_missing(
    app: &App,
    realm: &Snapshot,
    pending: &PendingSignIn,
    now: Timestamp,
) -> Result<Option<(User, Missing)>, Problem> {
    if now >= pending.expires_at {
        return Ok(None);
    }
    let (id, user, asks) = (realm.id(), pending.user, Asks::on_pages(realm));
    let (tries, spent) = (pending.tries(), pending.spent());
    let (waiting, in_use) = (pending.clone(), realm.providers_in_use());
    let found = app.db().read("find what a sign-in waits for", move |tx| {
        let (pending, in_use) = (waiting.clone(), in_use.clone());
        Box::pin(async move {
            let known = users::find(tx, id, user).await?.filter(|user| !user.is_disabled());
            let first = first::of_pending(tx, id, &pending, &in_use).await?;
            let missing = missing(tx, (id, user), asks, now).await?;
            let left = attempts::are_left(tx, id, &tries, TRIES_OF_ONE_SIGN_IN, now).await?
                && !used_ids::is_used(tx, id, &spent).await?;
            Ok::<_, Problem>(known.filter(|_| left && first.is_some()).map(|user| (user, missing)))
        })
    });
    found.await
}
