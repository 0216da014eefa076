//! The organizations of somebody who goes.

use gatepost_domain::{
    OutboxId, Timestamp, User,
    audit::{Event, Record},
};
use gatepost_store::{Tx, audit, memberships, organizations};

use super::Who;
use crate::{App, http::Problem};

/// Refuses to go on if the user is the last owner of an organization that others belong to; deletes those to which nobody
/// else belongs. In the transaction that deletes the user.
pub(super) async fn settle(
    tx: &mut Tx,
    app: &App,
    user: &User,
    who: &Who,
    now: Timestamp,
) -> Result<(), Problem> {
    let (realm, id) = (user.realm, user.id);
    for organization in memberships::owned_by(tx, realm, id).await? {
        if memberships::others_own(tx, realm, organization, id).await? {
            continue;
        }
        if memberships::others_belong(tx, realm, organization, id).await? {
            return Err(Problem::LastOwner);
        }
        organizations::delete(tx, realm, organization, now, OutboxId::new(now, app.entropy())).await?;
        let record = who.record_of_realm(app, Event::OrganizationDeleted, realm, now);
        audit::append(tx, &record.with("organization", organization.to_string())).await?;
    }
    Ok(())
}

/// The record with the organizations that others belong to and nobody else owns, if there are any. Disabling somebody must
/// not wait for those: an administrator makes another member an owner.
pub(super) async fn told(tx: &mut Tx, record: Record, user: &User) -> Result<Record, gatepost_store::Error> {
    let (realm, id) = (user.realm, user.id);
    let mut left = Vec::new();
    for organization in memberships::owned_by(tx, realm, id).await? {
        if !memberships::others_own(tx, realm, organization, id).await?
            && memberships::others_belong(tx, realm, organization, id).await?
        {
            left.push(organization.to_string());
        }
    }
    Ok(if left.is_empty() { record } else { record.with("last_owner_of", left.join(" ")) })
}
