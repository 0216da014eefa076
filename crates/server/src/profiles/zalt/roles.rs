//! `/v1/admin/roles`: roles of the realm, for those who administer it. A role goes by its name.

use axum::extract::State;
use gatepost_domain::{Permission, Role, RoleName, organization::OWNER, role::ADMINISTRATOR};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Refusal,
    envelope::Said,
    sent::{Body, Id, In},
};
use crate::{
    App,
    accounts::{Who, field},
    http::{Admin, Now, Problem, Where},
    realm::InRealm,
    roles,
};

fn view(role: &Role, is_system: bool) -> Value {
    let permissions: Vec<&str> = role.permissions.iter().map(Permission::as_str).collect();
    let inherits: Vec<&str> = role.inherits.iter().map(RoleName::as_str).collect();
    json!({
        "id": role.name,
        "name": role.name,
        "permissions": permissions,
        "inherits": inherits,
        "is_system": is_system,
    })
}

/// The roles of the realm, by name.
pub async fn list(
    In(Admin(_)): In<Admin>,
    In(realm): In<InRealm>,
    State(app): State<App>,
) -> Result<Said, Refusal> {
    let found = roles::list(&app, realm.id()).await?;
    let all: Vec<Value> = found.iter().map(|role| view(role, false)).collect();
    Ok(Said::ok(json!({"total": all.len(), "roles": all})))
}

/// Those that are built in: whoever owns an organization, and whoever administers the realm.
pub async fn system(In(Admin(_)): In<Admin>) -> Result<Said, Refusal> {
    let built_in = |name: &str| {
        let role = name.parse::<RoleName>().ok();
        role.map(|name| view(&Role { name, permissions: Vec::new(), inherits: Vec::new() }, true))
    };
    let all: Vec<Value> = [OWNER, ADMINISTRATOR].into_iter().filter_map(built_in).collect();
    Ok(Said::ok(json!({"total": all.len(), "roles": all})))
}

/// One of them.
pub async fn show(
    In(Admin(_)): In<Admin>,
    In(realm): In<InRealm>,
    Id(name): Id<RoleName>,
    State(app): State<App>,
) -> Result<Said, Refusal> {
    let found = roles::find(&app, realm.id(), &name.ok_or(Problem::NotFound)?).await?;
    Ok(Said::ok(json!({"role": view(&found, false)})))
}

/// What it allows, with what it inherits.
pub async fn permissions(
    In(Admin(_)): In<Admin>,
    In(realm): In<InRealm>,
    Id(name): Id<RoleName>,
    State(app): State<App>,
) -> Result<Said, Refusal> {
    let found = roles::find(&app, realm.id(), &name.ok_or(Problem::NotFound)?).await?;
    let rights = realm.roles().rights([&found.name]);
    let all: Vec<&str> = rights.permissions.iter().map(|permission| permission.as_str()).collect();
    Ok(Said::ok(json!({"role_id": found.name, "permissions": all})))
}

/// A role to be made.
#[derive(Deserialize)]
pub struct New {
    name: String,
    #[serde(default)]
    permissions: Vec<String>,
    #[serde(default)]
    inherits: Vec<String>,
}

/// Makes one.
pub async fn create(
    In(Admin(admin)): In<Admin>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<New>,
) -> Result<Said, Refusal> {
    let name = body.name.parse().map_err(|refused| field("name", refused))?;
    let role = roles::parse(name, &body.permissions, &body.inherits)?;
    let answer = json!({"role": view(&role, false)});
    roles::create(&app, realm.id(), role, Who::administrator(&admin, origin), now).await?;
    Ok(Said::created(answer))
}

/// Other permissions or parents. A member that is left out stays as it is.
#[derive(Deserialize)]
pub struct Change {
    permissions: Option<Vec<String>>,
    inherits: Option<Vec<String>>,
}

/// Changes one.
pub async fn change(
    In(Admin(admin)): In<Admin>,
    In(realm): In<InRealm>,
    Id(name): Id<RoleName>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<Change>,
) -> Result<Said, Refusal> {
    let before = roles::find(&app, realm.id(), &name.ok_or(Problem::NotFound)?).await?;
    let new = roles::parse(
        before.name.clone(),
        body.permissions.as_deref().unwrap_or_default(),
        body.inherits.as_deref().unwrap_or_default(),
    )?;
    let role = Role {
        permissions: if body.permissions.is_some() { new.permissions } else { before.permissions },
        inherits: if body.inherits.is_some() { new.inherits } else { before.inherits },
        name: before.name,
    };
    let answer = json!({"role": view(&role, false)});
    roles::put(&app, realm.id(), role, Who::administrator(&admin, origin), now).await?;
    Ok(Said::ok(answer))
}

/// Removes one that nobody has.
pub async fn remove(
    In(Admin(admin)): In<Admin>,
    In(realm): In<InRealm>,
    Id(name): Id<RoleName>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Said, Refusal> {
    let name = name.ok_or(Problem::NotFound)?;
    let answer = json!({"message": "The role is removed.", "id": name});
    roles::remove(&app, realm.id(), name, Who::administrator(&admin, origin), now).await?;
    Ok(Said::ok(answer))
}
