//! Whether somebody may act in an organization.

use gatepost_domain::{Membership, OrganizationId, Session, Timestamp, UserId};
use gatepost_store::memberships::{self, Acting, Bearing};

use super::By;
use crate::{App, http::Problem, realm::Snapshot};

/// What somebody is in an organization, if they belong to it and it lets them act: one that asks for a second factor lets nobody who has
/// shown none. Without a session it is a program that asks, which has shown none either.
pub async fn acting(
    app: &App,
    realm: &Snapshot,
    organization: OrganizationId,
    (user, session): (UserId, Option<&Session>),
    now: Timestamp,
) -> Result<Option<Membership>, Problem> {
    let (id, grace) = realm.of_members();
    let session = session.cloned();
    let found = app.db().read("find what somebody is in an organization", move |tx| {
        let session = session.clone();
        Box::pin(async move {
            let bearing = Bearing::of(session.as_ref(), grace);
            memberships::find_acting(tx, id, organization, user, bearing, now).await
        })
    });
    Ok(found.await?.and_then(Acting::allowed))
}

/// The same for a member who is told what is missing. An organization they do not belong to is answered as missing itself.
pub async fn acting_as(
    app: &App,
    realm: &Snapshot,
    organization: OrganizationId,
    by: By,
) -> Result<Membership, Problem> {
    let realm = realm.id();
    let found = app.db().read("find as what somebody acts", move |tx| {
        Box::pin(async move { by.acting(tx, realm, organization).await })
    });
    found.await
}
