//! A person connects an account elsewhere with theirs, and disconnects it.

use gatepost_domain::{
    Identity, IdentityId, Provider, RealmId, Timestamp, UserId,
    audit::Event,
    outbox::{Factor, Notice},
};
use gatepost_store::{audit, identities, users};

use super::{Named, kept};
use crate::{
    App,
    accounts::{Way, Who, is_last_way_in},
    http::{Problem, SignedIn, origin::Where},
    mail, mfa,
    realm::Snapshot,
};

/// What is connected with an account.
pub async fn list(app: &App, realm: RealmId, user: UserId) -> Result<Vec<Identity>, Problem> {
    let found = app.db().read("list accounts elsewhere", move |tx| {
        Box::pin(async move { identities::list(tx, realm, user).await })
    });
    Ok(found.await?)
}

/// Connects what a provider has named with the caller's account, by whoever has just proved to be its owner with every factor they
/// have. What is connected with another account stays there.
pub async fn connect(
    app: &App,
    provider: &Provider,
    caller: &SignedIn,
    Named { asserted, given }: Named,
    origin: Where,
    now: Timestamp,
) -> Result<(), Problem> {
    if !provider.settings.admits(&asserted) {
        return Err(Problem::IdentityRefused);
    }
    let (realm, user) = (caller.user.realm, caller.user.id);
    let who = Who::themselves(caller, origin);
    let record = who.record(app, Event::IdentityConnected, realm, user, now).session(caller.session.id);
    let record = record.with("provider", provider.id.as_str());
    let identity = Identity {
        id: IdentityId::new(now, app.entropy()),
        realm,
        user,
        provider: provider.id.clone(),
        issuer: asserted.issuer,
        subject: asserted.subject,
        email: asserted.email,
        created_at: now,
        last_used_at: None,
    };
    let (caller, worker) = (caller.clone(), app.clone());
    app.db()
        .write("connect an account elsewhere", move |tx| {
            let (who, caller, record) = (who.clone(), caller.clone(), record.clone());
            let (app, identity, given) = (worker.clone(), identity.clone(), given.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                mfa::may_change(tx, &caller, now).await?;
                if !identities::create(tx, &identity).await? {
                    let known = identities::find_by_subject(
                        tx,
                        realm,
                        &identity.provider,
                        &identity.issuer,
                        &identity.subject,
                    );
                    // It is theirs already: nothing is to be done, but to keep what was given just now.
                    return match known.await? {
                        Some(known) if known.user == user => {
                            Ok(kept::keep(tx, &app, (realm, known.id), given.as_ref(), now).await?)
                        }
                        _ => Err(Problem::IdentityTaken),
                    };
                }
                kept::keep(tx, &app, (realm, identity.id), given.as_ref(), now).await?;
                audit::append(tx, &record).await?;
                let owner = users::find(tx, realm, user).await?.ok_or(Problem::NotFound)?;
                mail::notice(tx, &app, &owner, Notice::FactorAdded(Factor::Identity), who.origin(), now)
                    .await?;
                Ok::<_, Problem>(())
            })
        })
        .await?;
    app.post_is_waiting();
    Ok(())
}

/// Disconnects one of the caller's, by whoever has just proved to be its owner with every factor they have. The last way in stays.
pub async fn disconnect(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    id: IdentityId,
    origin: Where,
    now: Timestamp,
) -> Result<(), Problem> {
    let (in_realm, user) = (caller.user.realm, caller.user.id);
    let in_use = realm.providers_in_use();
    let who = Who::themselves(caller, origin);
    let record = who.record(app, Event::IdentityDisconnected, in_realm, user, now);
    let record = record.session(caller.session.id);
    let (caller, worker) = (caller.clone(), app.clone());
    app.db()
        .write("disconnect an account elsewhere", move |tx| {
            let (who, caller, record) = (who.clone(), caller.clone(), record.clone());
            let (app, in_use) = (worker.clone(), in_use.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                mfa::may_change(tx, &caller, now).await?;
                let found = identities::find(tx, in_realm, user, id).await?.ok_or(Problem::NotFound)?;
                if is_last_way_in(tx, (in_realm, user), &in_use, Way::Identity(id)).await? {
                    return Err(Problem::LastWayIn);
                }
                identities::remove(tx, in_realm, user, id).await?;
                audit::append(tx, &record.with("provider", found.provider.as_str())).await?;
                let owner = users::find(tx, in_realm, user).await?.ok_or(Problem::NotFound)?;
                mail::notice(tx, &app, &owner, Notice::FactorRemoved(Factor::Identity), who.origin(), now)
                    .await?;
                Ok::<_, Problem>(())
            })
        })
        .await?;
    app.post_is_waiting();
    Ok(())
}
