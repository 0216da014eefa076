//! `/tenants/{tenant}/invitations` and `/invitations`: who is invited into an organization, and becomes a member of it.

use axum::{
    extract::{FromRequestParts, RawPathParams, State},
    http::{StatusCode, request::Parts},
};
use gatepost_domain::{
    Invitation, InvitationId, Membership, Organization, OrganizationId, RoleName, Timestamp, UserId,
    organization::{OWNER, owns},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Refusal,
    envelope::Said,
    sent::{Body, Id, In},
};
use crate::{
    App,
    accounts::{self, Who},
    http::{
        Entitled, Now, Problem, Query, SignedIn, Where,
        page::{self, Limit},
    },
    organizations::{self, By, Presented, WantedInvitation},
    realm::InRealm,
};

/// What became of an invitation, in the words of this contract.
fn status(invitation: &Invitation, now: Timestamp) -> &'static str {
    match invitation {
        Invitation { accepted_at: Some(_), .. } => "accepted",
        Invitation { revoked_at: Some(_), .. } => "revoked",
        open if open.is_open(now) => "pending",
        _ => "expired",
    }
}

fn names(roles: &[RoleName]) -> Vec<&str> {
    roles.iter().map(RoleName::as_str).collect()
}

/// The one role that the contract has: the owner's, or the first.
fn role(roles: &[RoleName]) -> Option<&str> {
    if owns(roles) { Some(OWNER) } else { roles.first().map(RoleName::as_str) }
}

/// An invitation, without its secret.
fn view(organization: &Organization, invitation: &Invitation, now: Timestamp) -> Value {
    json!({
        "id": invitation.id,
        "tenant_id": organization.id,
        "tenant_name": organization.name.as_str(),
        "email": invitation.email.as_str(),
        "role": role(&invitation.roles),
        "roles": names(&invitation.roles),
        "status": status(invitation, now),
        "invited_by": invitation.invited_by,
        "created_at": invitation.created_at,
        "expires_at": invitation.expires_at,
        "accepted_at": invitation.accepted_at,
        "tenantId": organization.id,
        "tenantName": organization.name.as_str(),
        "invitedBy": invitation.invited_by,
        "createdAt": invitation.created_at,
        "expiresAt": invitation.expires_at,
    })
}

fn not_found() -> Refusal {
    Refusal::new(
        StatusCode::BAD_REQUEST,
        "INVITATION_NOT_FOUND",
        "There is no such invitation that you may deal with.",
    )
}

/// Of an invitation that is not open any more, why not.
fn over(invitation: &Invitation, now: Timestamp) -> Option<Refusal> {
    let (code, message) = match status(invitation, now) {
        "accepted" => ("INVITATION_ALREADY_USED", "The invitation was accepted."),
        "revoked" => ("INVITATION_REVOKED", "The invitation was taken back."),
        "expired" => ("INVITATION_EXPIRED", "The invitation has expired. Invite anew."),
        _ => return None,
    };
    Some(Refusal::new(StatusCode::BAD_REQUEST, code, message))
}

/// The invitation that a path names by itself, or with the organization it is into.
pub struct Named(Option<OrganizationId>, InvitationId);

impl FromRequestParts<App> for Named {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let params = RawPathParams::from_request_parts(parts, app).await.map_err(|_| not_found())?;
        let mut texts = params.iter().map(|(_, text)| text);
        let named = match (texts.next(), texts.next()) {
            (Some(id), None) => id.parse().ok().map(|id| Self(None, id)),
            (Some(tenant), Some(id)) => {
                tenant.parse().ok().zip(id.parse().ok()).map(|(tenant, id)| Self(Some(tenant), id))
            }
            (None, _) => None,
        };
        named.ok_or_else(not_found)
    }
}

impl Named {
    /// With the organization it is into, whoever asks.
    async fn placed(self, app: &App, realm: &InRealm) -> Result<(OrganizationId, InvitationId), Refusal> {
        let Self(organization, id) = self;
        match organization {
            Some(organization) => Ok((organization, id)),
            None => Ok((organizations::leads_to(app, realm.id(), id).await?.ok_or_else(not_found)?, id)),
        }
    }
}

async fn found(
    (app, realm, caller): (&App, &InRealm, &SignedIn),
    named: (OrganizationId, InvitationId),
    now: Timestamp,
) -> Result<(Invitation, Organization), Refusal> {
    let by = By::member(caller, realm, now);
    match organizations::find_invitation(app, realm, named, by).await {
        Err(Problem::NotFound) => Err(not_found()),
        found => Ok(found?),
    }
}

/// What was done to an open one. Where it is not open, whoever manages is told why.
async fn done<T>(
    asking: (&App, &InRealm, &SignedIn),
    named: (OrganizationId, InvitationId),
    done: Result<T, Problem>,
    now: Timestamp,
) -> Result<T, Refusal> {
    match done {
        Err(Problem::NotFound) => {
            let (found, _) = found(asking, named, now).await?;
            Err(over(&found, now).unwrap_or_else(not_found))
        }
        done => Ok(done?),
    }
}

/// Somebody to be invited, with the one role of the contract or with several.
#[derive(Deserialize)]
pub struct New {
    email: String,
    role: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
}

/// Invites an address. The secret is in the answer too: where no mail is sent, whoever invites hands it over.
pub async fn create(
    In(Entitled(caller)): In<Entitled>,
    In(realm): In<InRealm>,
    Id(tenant): Id<OrganizationId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<New>,
) -> Result<Said, Refusal> {
    let tenant = tenant.ok_or(Problem::NotFound)?;
    let roles = match body.role {
        Some(role) if body.roles.is_empty() => vec![role],
        Some(_) => return Err(Refusal::invalid("Send either `role` or `roles`.")),
        None => body.roles,
    };
    let wish = WantedInvitation::with(accounts::email(&body.email)?, organizations::roles(&realm, &roles)?);
    let acting = (Who::themselves(&caller, origin), &caller);
    let (made, secret) = organizations::invite(&app, &realm, tenant, wish, acting, now).await?;
    let organization = organizations::find(&app, realm.id(), tenant).await?;
    Ok(Said::created(json!({
        "message": "Invited.",
        "invitation": view(&organization, &made, now),
        "token": secret.reveal(),
    })))
}

/// Which to list.
#[derive(Deserialize)]
pub struct Listing {
    #[serde(default)]
    limit: Limit,
    cursor: Option<InvitationId>,
}

/// One page of the open ones, in the order they were made.
pub async fn list(
    In(Entitled(caller)): In<Entitled>,
    In(realm): In<InRealm>,
    Id(tenant): Id<OrganizationId>,
    Now(now): Now,
    State(app): State<App>,
    In(Query(asked)): In<Query<Listing>>,
) -> Result<Said, Refusal> {
    let (tenant, limit) = (tenant.ok_or(Problem::NotFound)?, asked.limit);
    let by = By::member(&caller, &realm, now);
    let page = (asked.cursor, limit.and_one());
    let found = organizations::list_invitations(&app, &realm, tenant, by, page, now).await?;
    let organization = organizations::find(&app, realm.id(), tenant).await?;
    let (found, next_cursor) = page::cut(found, limit, |last| last.id.to_string());
    let all: Vec<Value> = found.iter().map(|one| view(&organization, one, now)).collect();
    Ok(Said::ok(json!({"invitations": all, "next_cursor": next_cursor})))
}

/// One of them, whatever has become of it.
pub async fn show(
    In(Entitled(caller)): In<Entitled>,
    In(realm): In<InRealm>,
    named: Named,
    Now(now): Now,
    State(app): State<App>,
) -> Result<Said, Refusal> {
    let named = named.placed(&app, &realm).await?;
    let (found, organization) = found((&app, &realm, &caller), named, now).await?;
    Ok(Said::ok(json!({"invitation": view(&organization, &found, now)})))
}

/// Takes an open one back.
pub async fn revoke(
    In(Entitled(caller)): In<Entitled>,
    In(realm): In<InRealm>,
    named: Named,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Said, Refusal> {
    let named = named.placed(&app, &realm).await?;
    let acting = (Who::themselves(&caller, origin), By::member(&caller, &realm, now));
    let revoked = organizations::revoke(&app, &realm, named, acting, now).await;
    done((&app, &realm, &caller), named, revoked, now).await?;
    Ok(Said::ok(json!({"message": "The invitation is taken back.", "id": named.1})))
}

/// Mails an open one again, with another secret.
pub async fn resend(
    In(Entitled(caller)): In<Entitled>,
    In(realm): In<InRealm>,
    named: Named,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Said, Refusal> {
    let named = named.placed(&app, &realm).await?;
    let acting = (Who::themselves(&caller, origin), &caller);
    let sent = organizations::resend(&app, &realm, named, acting, now).await;
    let (renewed, secret) = done((&app, &realm, &caller), named, sent, now).await?;
    let organization = organizations::find(&app, realm.id(), named.0).await?;
    Ok(Said::ok(json!({
        "message": "The invitation is mailed again. What was mailed before is no good any more.",
        "invitation": view(&organization, &renewed, now),
        "token": secret.reveal(),
    })))
}

/// What one was invited with, and who one is.
#[derive(Deserialize)]
pub struct Acceptance {
    token: String,
    user_id: Option<String>,
    new_user: Option<Value>,
}

/// Makes the signed-in account a member. An account is made at `/register`, and its address proven, before: that somebody holds what was
/// mailed makes nobody an account here.
pub async fn accept(
    In(Entitled(caller)): In<Entitled>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<Acceptance>,
) -> Result<Said, Refusal> {
    if body.new_user.is_some_and(|new| !new.is_null()) {
        let message =
            "`new_user` is not taken: register, confirm the address, and accept as whoever is signed in.";
        return Err(Refusal::invalid(message));
    }
    let named = body.user_id.map(|id| id.parse::<UserId>().ok());
    if named.is_some_and(|id| id != Some(caller.user.id)) {
        let message = "`user_id` is another account: whoever is invited accepts, signed in.";
        return Err(Refusal::new(StatusCode::FORBIDDEN, "FORBIDDEN", message));
    }
    let who = Who::themselves(&caller, origin);
    let token = body.token.trim();
    let (organization, member) =
        organizations::accept(&app, &realm, &caller.user, Presented::Secret(token), who, now).await?;
    Ok(Said::ok(json!({
        "message": "Welcome.",
        "membership": joined(&organization, &member),
    })))
}

fn joined(organization: &Organization, member: &Membership) -> Value {
    json!({
        "user_id": member.user,
        "tenant_id": organization.id,
        "tenant_name": organization.name.as_str(),
        "tenant_slug": organization.slug.to_string(),
        "role": role(&member.roles),
        "roles": names(&member.roles),
        "joined_at": member.created_at,
        "userId": member.user,
        "tenantId": organization.id,
        "tenantName": organization.name.as_str(),
        "joinedAt": member.created_at,
    })
}

/// What was mailed.
#[derive(Deserialize)]
pub struct Mailed {
    token: String,
}

/// Whether an invitation is good, and where to, for the account whose address it is for.
pub async fn validate(
    In(Entitled(caller)): In<Entitled>,
    Now(now): Now,
    State(app): State<App>,
    In(Query(asked)): In<Query<Mailed>>,
) -> Result<Said, Refusal> {
    let token = asked.token.trim();
    let (found, organization) =
        organizations::look_at_invitation(&app, &caller.user, Presented::Secret(token), now).await?;
    Ok(Said::ok(json!({"valid": true, "invitation": view(&organization, &found, now)})))
}
