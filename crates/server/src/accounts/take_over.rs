//! An account whose address nobody proved, and the first who does.
//!
//! Whoever made the account may have done so to be in it when the owner of the address comes (LG-14). So the first proof takes away
//! everything by which it can be signed in to, everybody who is, and everything they were given.

use gatepost_domain::{
    IdentityId, LinkPurpose, OutboxId, Timestamp, User,
    audit::{Actor, Event},
};
use gatepost_store::{
    Tx, audit, consents, identities, passkeys, passwords, recovery_codes, totp_seeds, users,
};

use super::{Who, links};
use crate::{
    App,
    api_keys::revoke_because,
    http::{Problem, origin::Where},
};

/// Leaves the account to whoever has just proved its address, with `keep` as what they proved it by, if that is connected already. In
/// the transaction of the proof.
pub(crate) async fn take_over(
    tx: &mut Tx,
    app: &App,
    user: &User,
    keep: Option<IdentityId>,
    origin: &Where,
    now: Timestamp,
) -> Result<User, Problem> {
    let whose @ (realm, id) = (user.realm, user.id);
    let email = user.email.clone().ok_or(Problem::NotFound)?;
    passwords::remove(tx, realm, id).await?;
    passkeys::remove_all(tx, realm, id).await?;
    totp_seeds::remove(tx, realm, id).await?;
    recovery_codes::remove(tx, realm, id).await?;
    identities::remove_all(tx, realm, id, keep).await?;
    for consent in consents::list(tx, realm, id).await? {
        consents::withdraw(tx, realm, id, &consent.client).await?;
    }
    let every =
        [LinkPurpose::VerifyEmail, LinkPurpose::Recover, LinkPurpose::ChangeEmail, LinkPurpose::UndoEmail];
    links::forget(tx, whose, &every).await?;
    users::sign_out_everywhere(tx, realm, id, now, OutboxId::new(now, app.entropy())).await?;
    let reason = Some(Event::AccountTakenOver.name());
    revoke_because(tx, app, whose, reason, &Who::by_mail(user, origin.clone()), now).await?;
    let record = |event| origin.record(app, realm, event, Actor::User(id), now).user(id);
    audit::append(tx, &record(Event::AccountTakenOver)).await?;
    audit::append(tx, &record(Event::EmailVerified)).await?;
    users::verify_email(tx, realm, id, &email, now).await?.ok_or(Problem::NotFound)
}
