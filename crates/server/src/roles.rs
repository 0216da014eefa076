//! The roles of a realm: put and removed one at a time, so that the rest still make a graph.

mod given;
mod permissions;

use std::collections::HashMap;

use gatepost_domain::{
    DisplayName, Permission, Profile, RealmId, Role, RoleName, RoleNotes, Timestamp,
    audit::{Event, Record},
    describes,
    role::{RoleGraph, RolesRefused},
};
use gatepost_store::{Tx, audit, invitations, memberships, realms, role_notes, roles, users};

use crate::{
    App,
    accounts::{Who, field},
    http::Problem,
};

pub use given::{create_given, remove_given};
pub use permissions::{
    Described, delete as delete_permission, describe as describe_permission, list as list_permissions,
};

/// The roles of the realm, by name: those it was given, and those its profile brings.
pub async fn list(app: &App, realm: RealmId) -> Result<Vec<Role>, Problem> {
    let read = app.db().read("list roles", move |tx| Box::pin(async move { all(tx, realm).await }));
    Ok(read.await?)
}

/// The same, inside a transaction.
pub(crate) async fn all(tx: &mut Tx, realm: RealmId) -> Result<Vec<Role>, gatepost_store::Error> {
    Ok(profile_of(tx, realm).await?.all_roles(&roles::list(tx, realm).await?))
}

/// The profile of the realm.
pub(crate) async fn profile_of(tx: &mut Tx, realm: RealmId) -> Result<Profile, gatepost_store::Error> {
    Ok(realms::find(tx, realm).await?.map(|found| found.settings.profile).unwrap_or_default())
}

/// Makes these all roles of the realm. What its profile brings is not stored.
pub(crate) async fn replace(tx: &mut Tx, realm: RealmId, all: &[Role]) -> Result<(), gatepost_store::Error> {
    let profile = profile_of(tx, realm).await?;
    roles::replace(tx, realm, &profile.given_roles(all)).await
}

/// The role of a name.
pub async fn find(app: &App, realm: RealmId, name: &RoleName) -> Result<Role, Problem> {
    let found = list(app, realm).await?.into_iter().find(|role| role.name == *name);
    found.ok_or(Problem::NotFound)
}

/// Reads a role out of a request.
pub fn parse(name: RoleName, permissions: &[String], inherits: &[String]) -> Result<Role, Problem> {
    let permissions: Result<Vec<Permission>, _> = permissions.iter().map(|text| text.parse()).collect();
    let inherits: Result<Vec<RoleName>, _> = inherits.iter().map(|text| text.parse()).collect();
    Ok(Role {
        name,
        permissions: permissions.map_err(|refused| field("permissions", refused))?,
        inherits: inherits.map_err(|refused| field("inherits", refused))?,
    })
}

/// Makes a role. One of that name stays as it is.
pub async fn create(app: &App, realm: RealmId, role: Role, who: Who, now: Timestamp) -> Result<(), Problem> {
    write(app, realm, role, false, (who, now)).await.map(drop)
}

/// Makes a role, or gives the one of that name other permissions and parents. Returns whether it is new.
pub async fn put(app: &App, realm: RealmId, role: Role, who: Who, now: Timestamp) -> Result<bool, Problem> {
    write(app, realm, role, true, (who, now)).await
}

async fn write(
    app: &App,
    realm: RealmId,
    role: Role,
    replace: bool,
    (who, now): (Who, Timestamp),
) -> Result<bool, Problem> {
    role.check()?;
    let record = record(app, realm, &role.name, &who, now);
    let changed = app
        .db()
        .write("put a role", move |tx| {
            let (role, record, who) = (role.clone(), record.clone(), who.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                insert(tx, realm, role, replace, &who, record).await
            })
        })
        .await?;
    app.realms().forget(realm);
    Ok(changed)
}

/// In the transaction that writes: the role, in place of the one of that name where it may. Returns whether it is new.
async fn insert(
    tx: &mut Tx,
    realm: RealmId,
    role: Role,
    replace: bool,
    who: &Who,
    record: Record,
) -> Result<bool, Problem> {
    let mut all = all(tx, realm).await?;
    who.means(all.iter().find(|known| known.name == role.name))?;
    let mut record = told(record, "after", &role);
    let is_new = match all.iter_mut().find(|known| known.name == role.name) {
        Some(_) if !replace => return Err(Problem::RoleExists),
        Some(known) if *known == role => return Ok(false),
        Some(known) => {
            record = told(record, "before", known);
            *known = role;
            false
        }
        None => {
            all.push(role);
            true
        }
    };
    RoleGraph::new(&all).map_err(|refused| field("inherits", refused))?;
    save(tx, realm, &all, &record).await?;
    Ok(is_new)
}

/// What of a role is to be another; what is empty or `None` stays.
#[derive(Clone, Debug, Default)]
pub struct RoleChange {
    /// What it allows by itself, in place of all.
    pub permissions: Option<Vec<Permission>>,
    /// What it allows beside.
    pub add: Vec<Permission>,
    /// What it allows no longer.
    pub remove: Vec<Permission>,
    /// The roles that it is more than, in place of all.
    pub inherits: Option<Vec<RoleName>>,
    /// How it is shown.
    pub display_name: Option<DisplayName>,
    /// What it is for.
    pub description: Option<String>,
}

impl RoleChange {
    fn over(&self, role: &Role) -> Role {
        let mut permissions = self.permissions.clone().unwrap_or_else(|| role.permissions.clone());
        permissions.retain(|permission| !self.remove.contains(permission));
        for permission in &self.add {
            if !permissions.contains(permission) {
                permissions.push(permission.clone());
            }
        }
        let inherits = self.inherits.clone().unwrap_or_else(|| role.inherits.clone());
        Role { name: role.name.clone(), permissions, inherits }
    }
}

/// How roles of the realm are shown, and what they are for; those that nothing is known of are not in it.
pub async fn notes(app: &App, realm: RealmId) -> Result<HashMap<RoleName, RoleNotes>, Problem> {
    let read = app
        .db()
        .read("list notes of roles", move |tx| Box::pin(async move { role_notes::list(tx, realm).await }));
    Ok(read.await?.into_iter().collect())
}

/// Reads what something is for out of a request.
pub fn description(text: &str) -> Result<String, Problem> {
    if describes(text) {
        return Ok(text.to_owned());
    }
    Err(Problem::InvalidField { field: "description", reason: "it has up to 500 bytes of text".into() })
}

/// Changes a role as it is at that moment, and returns it as it is then.
pub async fn change(
    app: &App,
    realm: RealmId,
    name: RoleName,
    change: RoleChange,
    who: Who,
    now: Timestamp,
) -> Result<Role, Problem> {
    let record = record(app, realm, &name, &who, now);
    let changed = app.db().write("change a role", move |tx| {
        let (name, change, record, who) = (name.clone(), change.clone(), record.clone(), who.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            let all = all(tx, realm).await?;
            let before = all.iter().find(|role| role.name == name).ok_or(Problem::NotFound)?;
            let after = profile_of(tx, realm).await?.completed(change.over(before));
            after.check()?;
            let (alike, shown) = (*before == after, record.clone());
            let is_shown_otherwise = change.display_name.is_some() || change.description.is_some();
            if is_shown_otherwise {
                let kept = role_notes::list(tx, realm).await?.into_iter().find(|(role, _)| *role == name);
                let kept = kept.map(|(_, notes)| notes).unwrap_or_default();
                let notes = RoleNotes {
                    display_name: change.display_name.or(kept.display_name),
                    description: change.description.or(kept.description),
                };
                role_notes::set(tx, realm, &name, &notes).await?;
            }
            insert(tx, realm, after.clone(), true, &who, record).await?;
            // What it allows is told of where that changes.
            if is_shown_otherwise && alike {
                audit::append(tx, &shown).await?;
            }
            Ok::<_, Problem>(after)
        })
    });
    let changed = changed.await?;
    app.realms().forget(realm);
    Ok(changed)
}

/// Removes a role that nobody has and no role inherits, and that the profile does not bring.
pub async fn remove(
    app: &App,
    realm: RealmId,
    name: RoleName,
    who: Who,
    now: Timestamp,
) -> Result<(), Problem> {
    let record = record(app, realm, &name, &who, now);
    app.db()
        .write("remove a role", move |tx| {
            let (name, record, who) = (name.clone(), record.clone(), who.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                remove_from(tx, realm, name, &who, record, now).await
            })
        })
        .await?;
    app.realms().forget(realm);
    Ok(())
}

/// In the transaction that writes.
async fn remove_from(
    tx: &mut Tx,
    realm: RealmId,
    name: RoleName,
    who: &Who,
    record: Record,
    now: Timestamp,
) -> Result<(), Problem> {
    let mut all = all(tx, realm).await?;
    let at = all.iter().position(|role| role.name == name).ok_or(Problem::NotFound)?;
    who.means(Some(&all[at]))?;
    let settings = realms::find(tx, realm).await?.map(|found| found.settings).unwrap_or_default();
    if settings.profile.has_built_in(&name) {
        return Err(Problem::RoleBuiltIn);
    }
    if users::anyone_has_role(tx, realm, &name).await? {
        return Err(Problem::RoleInUse { by: "There are users who have it".to_owned() });
    }
    if settings.organization_roles.contains(&name) {
        let by = "The realm's organization_roles names it".to_owned();
        return Err(Problem::RoleInUse { by });
    }
    // Everybody who has an organization is its `owner`, without a role of the realm.
    if name != RoleName::owner() && memberships::anyone_has_role(tx, realm, &name).await? {
        let by = "There are members of organizations who have it".to_owned();
        return Err(Problem::RoleInUse { by });
    }
    if invitations::any_gives_role(tx, realm, &name, now).await? {
        return Err(Problem::RoleInUse { by: "An open invitation gives it".to_owned() });
    }
    let record = told(record, "before", &all.remove(at));
    match RoleGraph::new(&all) {
        Ok(_) => {}
        Err(RolesRefused::Unknown { role, .. }) => {
            return Err(Problem::RoleInUse { by: format!("The role {role} inherits it") });
        }
        Err(other) => return Err(Problem::internal(other)),
    }
    role_notes::remove(tx, realm, &name).await?;
    save(tx, realm, &all, &record).await
}

async fn save(tx: &mut Tx, realm: RealmId, all: &[Role], record: &Record) -> Result<(), Problem> {
    replace(tx, realm, all).await?;
    audit::append(tx, record).await?;
    Ok(())
}

/// What the role allows by itself, and what it inherits.
pub(crate) fn told(record: Record, when: &str, role: &Role) -> Record {
    let permissions = role.permissions.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let inherits = role.inherits.iter().map(RoleName::as_str).collect::<Vec<_>>().join(" ");
    record.with(when, permissions).with(&format!("{when}_inherits"), inherits)
}

fn record(app: &App, realm: RealmId, name: &RoleName, who: &Who, now: Timestamp) -> Record {
    who.record_of_realm(app, Event::RolesChanged, realm, now).with("role", name.to_string())
}
