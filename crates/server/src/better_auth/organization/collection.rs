//! Organizations: made, and listed to those who belong to them.

use gatepost_domain::{Membership, RoleName};
use serde_json::json;

use super::super::asked::{Answer, Asked};
use super::{
    activate,
    refusal::{EXISTS, SLUG_TAKEN_BY_ANOTHER, TOO_MANY},
    teams,
    view::{MemberView, OrganizationView, WithMembers},
};
use crate::{
    http::Problem,
    organizations::{self, NewOrganization},
};

/// As many as are listed: there are no pages.
const MOST: u32 = 1_000;

/// Makes an organization of the caller's, whoever the body names. It is active in the session then, and its first team, unless told
/// otherwise.
pub(in super::super) async fn create(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (name, slug) = (fields.filled("name"), fields.filled("slug"));
    let (logo, metadata) = fields.kept();
    let stays = fields.flag("keepCurrentActiveOrganization") == Some(true);
    fields.done()?;
    let caller = asked.signed_in().await?;
    let new = NewOrganization {
        logo_url: logo.flatten(),
        metadata,
        ..NewOrganization::called(organizations::name(&name)?, organizations::slug(&slug)?)
    };
    let (realm, owner, who) = (asked.realm.id(), caller.user().id, caller.who(&asked));
    let made = organizations::create_with(&asked.app, &asked.realm, new, Some(owner), who, asked.now).await;
    let made = match made {
        Err(Problem::SlugTaken) => return Err(EXISTS.into()),
        Err(Problem::TooMany { .. }) => return Err(TOO_MANY.into()),
        other => other?,
    };
    if !stays {
        activate(&asked, &caller, Some(made.id)).await?;
        if asked.realm.settings().teams {
            teams::activate_first(&asked, &caller, made.id).await?;
        }
    }
    let member = Membership::begin(realm, made.id, owner, vec![RoleName::owner()], made.created_at);
    let members = vec![MemberView::from(&member)];
    Ok(asked.json(&WithMembers {
        organization: OrganizationView::written(&made),
        members,
        invitations: None,
        teams: None,
    }))
}

/// The organizations that the caller belongs to, in the order they were made.
pub(in super::super) async fn list(mut asked: Asked) -> Answer {
    let caller = asked.signed_in().await?;
    let (realm, user) = (asked.realm.id(), caller.user().id);
    let found = organizations::list_of(&asked.app, realm, user, None, MOST).await?;
    let listed: Vec<OrganizationView> = found.iter().map(|(organization, _)| organization.into()).collect();
    Ok(asked.json(&listed))
}

/// Whether an organization could have the slug.
pub(in super::super) async fn check_slug(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let slug = fields.text("slug");
    fields.done()?;
    asked.signed_in().await?;
    let slug = organizations::slug(&slug)?;
    if !organizations::is_slug_free(&asked.app, asked.realm.id(), slug).await? {
        return Err(SLUG_TAKEN_BY_ANOTHER.into());
    }
    Ok(asked.json(&json!({"status": true})))
}
