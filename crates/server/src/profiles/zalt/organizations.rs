//! `/v1/auth/organizations`: the organizations of the signed-in account, and what it may do in them.

use axum::{extract::State, http::HeaderMap};
use gatepost_domain::{Membership, Organization, OrganizationId, role::Rights};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Refusal,
    envelope::Said,
    sent::{Body, In},
    view,
};
use crate::{
    App,
    accounts::Who,
    http::{Entitled, Now, Problem, Query, Where},
    organizations,
    realm::InRealm,
};

/// An account is shown no more.
const MOST: u32 = 100;

fn named<'a, T: std::fmt::Display + 'a>(names: impl IntoIterator<Item = &'a T>) -> Vec<String> {
    names.into_iter().map(ToString::to_string).collect()
}

/// The organizations the account belongs to, in the order they were made; the first stands for a default.
pub async fn list(
    In(Entitled(caller)): In<Entitled>,
    In(realm): In<InRealm>,
    State(app): State<App>,
) -> Result<Said, Refusal> {
    let found = organizations::list_of(&app, realm.id(), caller.user.id, None, MOST).await?;
    let view = |(at, (organization, member)): (usize, &(Organization, Membership))| {
        json!({
            "id": organization.id,
            "name": organization.name.as_str(),
            "slug": organization.slug.to_string(),
            "logo_url": organization.logo_url,
            "roles": named(&member.roles),
            "is_default": at == 0,
            "joined_at": member.created_at,
        })
    };
    let all: Vec<Value> = found.iter().enumerate().map(view).collect();
    Ok(Said::ok(json!({"total": all.len(), "organizations": all})))
}

#[derive(Deserialize)]
pub struct Switch {
    org_id: String,
}

/// Makes an organization the active one of the session. There is no refresh token in the answer, as an access token must not buy one:
/// the one that the program has goes on, and brings tokens of this organization from then on.
pub async fn switch(
    In(Entitled(caller)): In<Entitled>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<Switch>,
) -> Result<Said, Refusal> {
    if caller.grant.is_some() {
        return Err(Problem::NotForApplications.into());
    }
    let id: OrganizationId = body.org_id.parse().map_err(|_| Problem::NotFound)?;
    let who = Who::themselves(&caller, origin);
    let (token, seconds) = organizations::switch(&app, &realm, &caller, Some(id), who, now).await?;
    let (organization, member) = organizations::find_of(&app, realm.id(), id, caller.user.id).await?;
    let mut answer = may(&realm.organization_roles().rights(&member.roles));
    for (name, value) in [
        ("message", json!("Switched.")),
        ("access_token", json!(token)),
        ("accessToken", json!(token)),
        ("expires_in", json!(seconds)),
        ("expiresIn", json!(seconds)),
        ("token_type", json!("Bearer")),
        ("tokenType", json!("Bearer")),
        ("roles", json!(named(&member.roles))),
        (
            "organization",
            json!({
                "id": organization.id,
                "name": organization.name.as_str(),
                "slug": organization.slug.to_string(),
            }),
        ),
    ] {
        answer[name] = value;
    }
    Ok(Said::ok(answer))
}

fn may(rights: &Rights<'_>) -> Value {
    json!({"roles": named(rights.roles.iter().copied()), "permissions": named(rights.permissions.iter().copied())})
}

#[derive(Deserialize)]
pub struct Asked {
    org_id: Option<String>,
}

/// What the account may do, in the realm or in one of its organizations.
pub async fn permissions(
    In(Entitled(caller)): In<Entitled>,
    In(realm): In<InRealm>,
    State(app): State<App>,
    headers: HeaderMap,
    In(Query(asked)): In<Query<Asked>>,
) -> Result<Said, Refusal> {
    let header = headers.get("x-org-id").and_then(|value| value.to_str().ok());
    let Some(id) = asked.org_id.as_deref().or(header) else {
        let mut answer = may(&realm.roles().rights(&caller.user.roles));
        answer["roles"] = json!(view::roles(&realm, &caller.user));
        return Ok(Said::ok(answer));
    };
    let id: OrganizationId = id.parse().map_err(|_| Problem::NotFound)?;
    let (_, member) = organizations::find_of(&app, realm.id(), id, caller.user.id).await?;
    let mut answer = may(&realm.organization_roles().rights(&member.roles));
    answer["roles"] = json!(named(&member.roles));
    answer["org_id"] = json!(id);
    Ok(Said::ok(answer))
}
