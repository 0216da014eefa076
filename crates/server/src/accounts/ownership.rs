//! Whose an account is, where somebody proves its address who need not be who made it (LG-14).

use gatepost_domain::{
    EmailAddress, LinkPurpose, OutboxId, Timestamp, User,
    audit::{Actor, Event},
    ownership::is_first_proof,
};
use gatepost_store::{Tx, audit, passwords, users};

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

/// Notes that somebody has proved an address of an account by other means than those of the account: by a letter, or by an account
/// elsewhere. Of an account that is proven already this changes nothing.
///
/// Where nobody has before, everything that opens the account ends: its password, sessions, grants, API keys, second factors, and
/// links that were mailed. A stranger may have made it. Call it in the transaction of the proof; sessions begin after it.
pub(crate) async fn prove(
    tx: &mut Tx,
    app: &App,
    message: OutboxId,
    (user, email): (&User, &EmailAddress),
    origin: &Where,
    now: Timestamp,
) -> Result<Owned, Problem> {
    if !is_first_proof(user, email) {
        return Ok(Owned { user: user.clone(), taken: Vec::new() });
    }
    let whose @ (realm, id) = (user.realm, user.id);
    let mut taken = Vec::new();
    if passwords::remove(tx, realm, id).await? {
        taken.push("password");
    }
    taken.extend(mfa::remove_all(tx, realm, id).await?.iter().map(|factor| factor.kind.name()));
    let reason = Some(Event::AccountTakenOver.name());
    if revoke_because(tx, app, whose, reason, &Who::by_mail(user, origin.clone()), now).await? > 0 {
        taken.push("api_keys");
    }
    links::forget(tx, whose, &LinkPurpose::ALL).await?;
    users::sign_out_everywhere(tx, realm, id, now, message).await?;
    let record = |event| origin.record(app, realm, event, Actor::User(id), now).user(id);
    audit::append(tx, &record(Event::EmailVerified)).await?;
    if !taken.is_empty() {
        audit::append(tx, &record(Event::AccountTakenOver).with("taken", taken.join(" "))).await?;
    }
    let user = users::verify_email(tx, realm, id, email, now).await?.ok_or(Problem::InvalidLink)?;
    Ok(Owned { user, taken })
}
