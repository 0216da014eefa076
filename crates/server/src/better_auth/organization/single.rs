//! One organization: shown, changed, deleted.

use axum::http::StatusCode;
use gatepost_domain::{Organization, OrganizationId, Standing};
use gatepost_store::{
    memberships::{Choice, Order, Slice},
    organizations::OrganizationChanges,
};
use serde_json::Value;

use super::super::asked::{Answer, Asked};
use super::super::{caller::Caller, fields::Fields, refusal::Refusal};
use super::{
    by,
    invitations::{MOST as INVITATIONS, shown_to},
    listing::{COMMON, limit},
    named, named_or_slugged,
    refusal::{MAY_NOT_DELETE, MAY_NOT_LIST, MAY_NOT_UPDATE, NO_ACCESS, NO_MEMBERSHIP, NONE_NAMED, told},
    teams,
    view::{MemberView, OrganizationView, WithMembers},
};
use crate::{http::Problem, organizations};

/// Which organization a query names; `None` where none is active either.
async fn queried(
    asked: &Asked,
    caller: &Caller,
    fields: &mut Fields,
) -> Result<Option<OrganizationId>, Refusal> {
    let says = fields.says("organizationId") || fields.says("organizationSlug");
    let sent = (fields.optional_text("organizationId"), fields.optional_text("organizationSlug"));
    if !says && caller.session().organization.is_none() {
        return Ok(None);
    }
    named_or_slugged(asked, caller, sent, (NO_ACCESS, NO_ACCESS)).await.map(Some)
}

/// An organization of the caller's.
async fn own(asked: &Asked, caller: &Caller, id: OrganizationId) -> Result<Organization, Refusal> {
    match organizations::find_of(&asked.app, asked.realm.id(), id, caller.user().id).await {
        Err(Problem::NotFound) => Err(NO_ACCESS.into()),
        found => Ok(found?.0),
    }
}

/// An organization that the caller belongs to; `null` where none is named and none active.
pub(in super::super) async fn get(mut asked: Asked) -> Answer {
    let caller = asked.signed_in().await?;
    let Some(id) = queried(&asked, &caller, &mut asked.query()).await? else {
        return Ok(asked.json(&Value::Null));
    };
    let organization = own(&asked, &caller, id).await?;
    Ok(asked.json(&OrganizationView::from(&organization)))
}

/// The same with its members and teams, and with its open invitations for those who manage them.
pub(in super::super) async fn get_full(mut asked: Asked) -> Answer {
    let mut fields = asked.query();
    let most = limit(&mut fields, "membersLimit");
    let caller = asked.signed_in().await?;
    let id = queried(&asked, &caller, &mut fields).await?;
    fields.done()?;
    let Some(id) = id else { return Ok(asked.json(&Value::Null)) };
    let organization = own(&asked, &caller, id).await?;
    let (app, realm, by) = (&asked.app, &asked.realm, by(&asked, &caller));
    let refused = |problem| told(problem, NO_ACCESS, MAY_NOT_LIST);
    let member = organizations::acting_as(app, realm, id, by).await.map_err(refused)?;
    let slice = Slice { order: Order::Account, descending: false, offset: 0, limit: most.unwrap_or(COMMON) };
    let chosen = organizations::choose_members(app, realm, id, by, (Choice::default(), slice)).await;
    let (members, _) = chosen.map_err(refused)?;
    let mut invitations = Vec::new();
    if Standing::of(&member.roles, realm.organization_roles()).may_manage() {
        let page = (None, INVITATIONS);
        let open = organizations::list_invitations(app, realm, id, by, page, asked.now).await;
        invitations = shown_to(realm, &member, &open.map_err(refused)?);
    }
    let mut shown_teams = None;
    if realm.settings().teams {
        shown_teams = Some(teams::listed(&asked, id, by).await.map_err(refused)?);
    }
    let members = members.iter().map(MemberView::from).collect();
    let organization = (&organization).into();
    Ok(asked.json(&WithMembers { organization, members, invitations: Some(invitations), teams: shown_teams }))
}

/// Another name, slug or logo, other metadata.
pub(in super::super) async fn update(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let mut data = Fields::of("body.data", fields.take("data"));
    let (name, slug) = (data.optional_filled("name"), data.optional_filled("slug"));
    let (logo_url, metadata) = data.kept();
    fields.join(data);
    let id = fields.optional_text("organizationId");
    fields.done()?;
    let caller = asked.signed_in().await?;
    let id = named(&caller, id, (NONE_NAMED, NO_MEMBERSHIP))?;
    let changes = OrganizationChanges {
        name: name.as_deref().map(organizations::name).transpose().map_err(of_data)?,
        slug: slug.as_deref().map(organizations::slug).transpose().map_err(of_data)?,
        logo_url,
        metadata: metadata.map(Some),
        ..OrganizationChanges::default()
    };
    let acting = (caller.who(&asked), by(&asked, &caller));
    let changed = organizations::change(&asked.app, &asked.realm, id, changes, acting, asked.now).await;
    let changed = changed.map_err(|problem| told(problem, NO_MEMBERSHIP, MAY_NOT_UPDATE))?;
    Ok(asked.json(&OrganizationView::written(&changed)))
}

/// What is wrong with a member of `data`.
pub(super) fn of_data(problem: Problem) -> Refusal {
    match problem {
        Problem::InvalidField { field, reason } => {
            let message = format!("[body.data.{field}] {reason}");
            Refusal::new(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", &message)
        }
        other => other.into(),
    }
}

/// Deletes an organization, and shows what it was.
pub(in super::super) async fn delete(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let id = fields.text("organizationId");
    fields.done()?;
    let caller = asked.signed_in().await?;
    if id.is_empty() {
        return Err(NONE_NAMED.into());
    }
    let id = named(&caller, Some(id), (NONE_NAMED, NO_MEMBERSHIP))?;
    let acting = (caller.who(&asked), by(&asked, &caller));
    let gone = organizations::delete(&asked.app, &asked.realm, id, acting, asked.now).await;
    let gone = gone.map_err(|problem| told(problem, NO_MEMBERSHIP, MAY_NOT_DELETE))?;
    Ok(asked.json(&OrganizationView::from(&gone)))
}
