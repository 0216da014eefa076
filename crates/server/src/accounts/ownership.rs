//! Whose an account is, where somebody proves its address who need not be who made it (LG-14).

use gatepost_domain::{
    EmailAddress, IdentityId, LinkPurpose, OutboxId, Timestamp, User,
    audit::{Actor, Event},
    ownership::is_first_proof,
};
use gatepost_store::{Tx, audit, consents, identities, passwords, users};

use super::{Who, links};
use crate::{
    App,
    api_keys::revoke_because,
    http::{Problem, origin::Where},
    mfa,
};

/// An account whose address was proven.
pub(crate) struct Owned {
    /// The account, as it is then.
    pub(crate) user: User,
    /// What it was signed in to with before, if that was taken away.
    pub(crate) taken: Vec<&'static str>,
}

/// Notes that somebody has proved an address of an account by a letter. Of an account that is proven already this changes nothing;
/// where nobody has before, it is theirs from now on, see [`take_over`]. Call it in the transaction of the proof; sessions begin
/// after it.
pub(crate) async fn prove(
    tx: &mut Tx,
    app: &App,
    (user, email): (&User, &EmailAddress),
    origin: &Where,
    now: Timestamp,
) -> Result<Owned, Problem> {
    if is_first_proof(user, email) {
        take_over(tx, app, (user, email), None, origin, now).await
    } else {
        Ok(Owned { user: user.clone(), taken: Vec::new() })
    }
}

/// Leaves an account whose address nobody had proved to whoever just has. A stranger may have made it, to be in it when the owner of the
/// address comes: everything that opens it ends, password, second factors and passkeys, accounts elsewhere, API keys, sessions, what
/// clients hold and were agreed to, and links that were mailed. Of the accounts elsewhere `keep` stays, by which it was proven. In the
/// transaction of the proof.
pub(crate) async fn take_over(
    tx: &mut Tx,
    app: &App,
    (user, email): (&User, &EmailAddress),
    keep: Option<IdentityId>,
    origin: &Where,
    now: Timestamp,
) -> Result<Owned, Problem> {
    let whose @ (realm, id) = (user.realm, user.id);
    let mut taken = Vec::new();
    if passwords::remove(tx, realm, id).await? {
        taken.push("password");
    }
    taken.extend(mfa::remove_all(tx, realm, id).await?.iter().map(|factor| factor.kind.name()));
    taken.dedup();
    if identities::remove_all(tx, realm, id, keep).await? > 0 {
        taken.push("identities");
    }
    let reason = Some(Event::AccountTakenOver.name());
    if revoke_because(tx, app, whose, reason, &Who::by_mail(user, origin.clone()), now).await? > 0 {
        taken.push("api_keys");
    }
    for consent in consents::list(tx, realm, id).await? {
        consents::withdraw(tx, realm, id, &consent.client).await?;
    }
    links::forget(tx, whose, &LinkPurpose::ALL).await?;
    users::sign_out_everywhere(tx, realm, id, now, OutboxId::new(now, app.entropy())).await?;
    let user = users::verify_email(tx, realm, id, email, now).await?.ok_or(Problem::InvalidLink)?;
    let record = |event| origin.record(app, realm, event, Actor::User(id), now).user(id);
    audit::append(tx, &record(Event::EmailVerified)).await?;
    if !taken.is_empty() {
        audit::append(tx, &record(Event::AccountTakenOver).with("taken", taken.join(" "))).await?;
    }
    Ok(Owned { user, taken })
}
