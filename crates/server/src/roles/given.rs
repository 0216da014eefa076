//! Roles that organizations give: a role of the realm that is made or removed together with its place among the realm's
//! `organization_roles`.

use gatepost_domain::{RealmId, Role, RoleName, RoleNotes, Timestamp, audit::Event, role::RoleGraph};
use gatepost_store::{Tx, audit, realms, role_notes};

use super::{all, insert, record, remove_from};
use crate::{App, accounts::Who, http::Problem, realm};

/// Makes a role that organizations give. One of that name stays as it is.
pub async fn create_given(
    app: &App,
    realm: RealmId,
    (role, notes): (Role, RoleNotes),
    who: Who,
    now: Timestamp,
) -> Result<(), Problem> {
    role.check()?;
    let made = record(app, realm, &role.name, &who, now);
    let given = who.record_of_realm(app, Event::RealmUpdated, realm, now);
    app.db()
        .write("make a role that organizations give", move |tx| {
            let (role, who, made, given) = (role.clone(), who.clone(), made.clone(), given.clone());
            let notes = notes.clone();
            Box::pin(async move {
                who.still_may(tx, now).await?;
                let name = role.name.clone();
                // Before the role, so that whoever is told of it is told this, too.
                role_notes::set(tx, realm, &name, &notes).await?;
                insert(tx, realm, role, false, &who, made).await?;
                becomes(tx, realm, given, now, |roles| roles.push(name)).await
            })
        })
        .await?;
    app.realms().forget(realm);
    Ok(())
}

/// Removes a role that nobody has and no role inherits, and that no organization gives from then on.
pub async fn remove_given(
    app: &App,
    realm: RealmId,
    name: RoleName,
    who: Who,
    now: Timestamp,
) -> Result<(), Problem> {
    let removed = record(app, realm, &name, &who, now);
    let given = who.record_of_realm(app, Event::RealmUpdated, realm, now);
    app.db()
        .write("remove a role that organizations give", move |tx| {
            let (name, who, removed, given) = (name.clone(), who.clone(), removed.clone(), given.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                becomes(tx, realm, given, now, |roles| roles.retain(|role| *role != name)).await?;
                remove_from(tx, realm, name, &who, removed, now).await
            })
        })
        .await?;
    app.realms().forget(realm);
    Ok(())
}

/// The realm lets organizations give other roles.
async fn becomes(
    tx: &mut Tx,
    realm: RealmId,
    record: gatepost_domain::audit::Record,
    now: Timestamp,
    change: impl FnOnce(&mut Vec<RoleName>),
) -> Result<(), Problem> {
    let before = realms::find(tx, realm).await?.ok_or(Problem::NotFound)?;
    let mut settings = before.settings.clone();
    change(&mut settings.organization_roles);
    if settings == before.settings {
        return Ok(());
    }
    settings.check()?;
    settings.check_roles(&RoleGraph::new(&all(tx, realm).await?).map_err(Problem::internal)?)?;
    audit::append(tx, &realm::told(record, &before.settings, &settings)).await?;
    realms::update_settings(tx, &before.with_settings(settings, now), None).await?;
    Ok(())
}
