//! The organization that is active in a session, and what the caller is and may do there.

use gatepost_domain::Standing;
use serde_json::{Value, json};

use super::super::asked::{Answer, Asked};
use super::{
    activate, by, named, named_or_slugged, permissions,
    refusal::{NO_ACCESS, NO_MEMBER, NO_MEMBERS, NO_RIGHTS, NONE_ACTIVE, told},
    roles,
    view::{MemberView, OrganizationView},
};
use crate::organizations::{self, Whom};

/// Makes an organization the active one of the session, or none with `null`. Refused, it leaves the session as it is.
pub(in super::super) async fn set_active(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let id = fields.given_text("organizationId");
    let slug = fields.optional_text("organizationSlug");
    fields.done()?;
    let caller = asked.signed_in().await?;
    let (id, slug) = match (id, slug) {
        (Some(None), _) => {
            if caller.session().organization.is_some() {
                let session = activate(&asked, &caller, None).await?;
                asked.keep(&session);
            }
            return Ok(asked.json(&Value::Null));
        }
        (id, slug) => (id.flatten().filter(|id| !id.is_empty()), slug.filter(|slug| !slug.is_empty())),
    };
    if id.is_none() && slug.is_none() && caller.session().organization.is_none() {
        return Ok(asked.json(&Value::Null));
    }
    // Of both the id counts here.
    let slug = slug.filter(|_| id.is_none());
    let id = named_or_slugged(&asked, &caller, (id, slug), (NO_ACCESS, NO_ACCESS)).await?;
    let refused = |problem| told(problem, NO_ACCESS, NO_ACCESS);
    let session = activate(&asked, &caller, Some(id)).await.map_err(refused)?;
    let found = organizations::find_of(&asked.app, asked.realm.id(), id, caller.user().id).await;
    let (organization, _) = found.map_err(refused)?;
    asked.keep(&session);
    Ok(asked.json(&OrganizationView::from(&organization)))
}

/// What the caller is in the active organization.
pub(in super::super) async fn active_member(mut asked: Asked) -> Answer {
    let caller = asked.signed_in().await?;
    let id = named(&caller, None, (NONE_ACTIVE, NONE_ACTIVE))?;
    let (by, whom) = (by(&asked, &caller), Whom::User(caller.user().id));
    let found = organizations::find_member(&asked.app, &asked.realm, id, by, whom).await;
    let member = found.map_err(|problem| told(problem, NO_MEMBER, NO_MEMBER))?;
    Ok(asked.json(&MemberView::from(&member)))
}

/// The roles of the caller, or of another member.
pub(in super::super) async fn active_member_role(mut asked: Asked) -> Answer {
    let mut fields = asked.query();
    let whom = fields.optional_text("userId").filter(|id| !id.is_empty());
    let sent = (fields.optional_text("organizationId"), fields.optional_text("organizationSlug"));
    fields.done()?;
    let caller = asked.signed_in().await?;
    let id = named_or_slugged(&asked, &caller, sent, (NONE_ACTIVE, NO_MEMBERS)).await?;
    let whom = match whom {
        Some(whom) => whom.parse().map_err(|_| NO_MEMBERS)?,
        None => caller.user().id,
    };
    let (by, whom) = (by(&asked, &caller), Whom::User(whom));
    let found = organizations::find_member(&asked.app, &asked.realm, id, by, whom).await;
    let found = found.map_err(|problem| told(problem, NO_MEMBERS, NO_MEMBERS))?;
    Ok(asked.json(&json!({"role": roles::shown(&found.member.roles)})))
}

/// Whether the caller may do all of what is asked.
pub(in super::super) async fn has_permission(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (wanted, id) = (fields.wanted(), fields.optional_text("organizationId"));
    fields.done()?;
    let caller = asked.signed_in().await?;
    let id = named(&caller, id, (NONE_ACTIVE, NO_RIGHTS))?;
    let member = organizations::acting_as(&asked.app, &asked.realm, id, by(&asked, &caller)).await;
    let member = member.map_err(|problem| told(problem, NO_RIGHTS, NO_RIGHTS))?;
    let standing = Standing::of(&member.roles, asked.realm.organization_roles());
    let success = permissions::allow(&standing, &wanted, asked.realm.settings().teams);
    Ok(asked.json(&json!({"error": null, "success": success})))
}
