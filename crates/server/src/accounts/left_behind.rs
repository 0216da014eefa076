//! The organizations of somebody who goes.

use gatepost_domain::{OutboxId, Timestamp, User, audit::Event};
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
