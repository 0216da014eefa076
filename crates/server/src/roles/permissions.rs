//! The permissions of a realm: those that roles have, and those that were written down before any has.

use std::collections::BTreeMap;

use gatepost_domain::{Permission, PermissionNotes, RealmId, Timestamp, audit::Event};
use gatepost_store::{audit, permission_notes};

use super::{all, replace};
use crate::{App, accounts::Who, http::Problem};

/// The most permissions that are written down.
const MOST: u64 = 1_000;

/// What is known of a permission; nothing where only a role has it.
pub type Described = Option<PermissionNotes>;

/// Every permission of the realm, in order.
pub async fn list(app: &App, realm: RealmId) -> Result<BTreeMap<Permission, Described>, Problem> {
    app.db()
        .read("list permissions", move |tx| {
            Box::pin(async move {
                let roles = all(tx, realm).await?;
                let had =
                    roles.into_iter().flat_map(|role| role.permissions).map(|permission| (permission, None));
                let mut every: BTreeMap<_, _> = had.collect();
                for notes in permission_notes::list(tx, realm).await? {
                    every.insert(notes.permission.clone(), Some(notes));
                }
                Ok(every)
            })
        })
        .await
}

/// Writes down what a permission is for. `is_new`: it must not be written down yet; else it must be known.
pub async fn describe(
    app: &App,
    realm: RealmId,
    (permission, description): (Permission, String),
    is_new: bool,
    who: Who,
    now: Timestamp,
) -> Result<PermissionNotes, Problem> {
    let record = who.record_of_realm(app, Event::RolesChanged, realm, now);
    let record = record.with("permission", permission.to_string());
    app.db()
        .write("write a permission down", move |tx| {
            let (who, record) = (who.clone(), record.clone());
            let (permission, description) = (permission.clone(), description.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                let there = permission_notes::list(tx, realm).await?;
                let before = there.iter().find(|notes| notes.permission == permission);
                match before {
                    Some(_) if is_new => return Err(Problem::PermissionExists),
                    None if !is_new => {
                        let roles = all(tx, realm).await?;
                        if !roles.iter().any(|role| role.permissions.contains(&permission)) {
                            return Err(Problem::NotFound);
                        }
                    }
                    _ => {}
                }
                if before.is_none() && there.len() as u64 >= MOST {
                    return Err(Problem::TooMany { what: "permissions written down", most: MOST });
                }
                let created_at = before.map_or(now, |notes| notes.created_at);
                let notes = PermissionNotes { permission, description, created_at, updated_at: now };
                permission_notes::set(tx, realm, &notes).await?;
                let record = if before.is_none() { record.with("first", "true") } else { record };
                audit::append(tx, &record).await?;
                Ok(notes)
            })
        })
        .await
}

/// Strikes a permission out, and takes it from every role.
pub async fn delete(
    app: &App,
    realm: RealmId,
    permission: Permission,
    who: Who,
    now: Timestamp,
) -> Result<(), Problem> {
    let record = who.record_of_realm(app, Event::RolesChanged, realm, now);
    let record = record.with("permission", permission.to_string());
    app.db()
        .write("delete a permission", move |tx| {
            let (who, record, permission) = (who.clone(), record.clone(), permission.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                let struck = permission_notes::remove(tx, realm, &permission).await?;
                let mut roles = all(tx, realm).await?;
                let had: Vec<_> =
                    roles.iter_mut().filter(|role| role.permissions.contains(&permission)).collect();
                if had.is_empty() && !struck {
                    return Err(Problem::NotFound);
                }
                let names = had.iter().map(|role| role.name.as_str()).collect::<Vec<_>>().join(" ");
                let taken = !had.is_empty();
                for role in had {
                    role.permissions.retain(|had| *had != permission);
                }
                if taken {
                    replace(tx, realm, &roles).await?;
                }
                audit::append(tx, &record.with("taken_from", names)).await?;
                Ok(())
            })
        })
        .await?;
    app.realms().forget(realm);
    Ok(())
}
