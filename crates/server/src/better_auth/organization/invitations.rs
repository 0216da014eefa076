//! Invitations, for those who manage them: made, listed, taken back.

use axum::http::StatusCode;
use gatepost_domain::{EmailAddress, Invitation, Membership, organization::owns};

use super::super::asked::{Answer, Asked};
use super::super::refusal::Refusal;
use super::{
    by, named,
    refusal::{
        MAY_NOT_CANCEL, MAY_NOT_LIST, NO_INVITATION, NO_MEMBER, NO_MEMBERS, NONE_NAMED, told,
        told_of_invitation,
    },
    roles, teams,
    view::{InvitationView, Status, invitation_id},
};
use crate::{
    organizations::{self, WantedInvitation},
    realm::Snapshot,
};

/// As many as are listed, which are all that there may be.
pub(super) const MOST: u32 = 1_000;

/// What a member is shown of open invitations: who does not own the organization does not see what makes owners.
pub(super) fn shown_to(realm: &Snapshot, member: &Membership, open: &[Invitation]) -> Vec<InvitationView> {
    let seen = open.iter().filter(|invitation| member.is_owner() || !owns(&invitation.roles));
    seen.map(|invitation| InvitationView::new(realm, invitation, Status::Pending)).collect()
}

/// Invites an address, which is mailed a link. `resend` makes another invitation in place of an open one.
pub(in super::super) async fn invite(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (email, names) = (fields.text("email"), fields.roles("role"));
    let (id, again) = (fields.optional_text("organizationId"), fields.flag("resend") == Some(true));
    let into = fields.team_ids(&asked.realm);
    fields.done()?;
    let caller = asked.signed_in().await?;
    let id = named(&caller, id, (NONE_NAMED, NO_MEMBER))?;
    let Ok(email) = email.parse::<EmailAddress>() else {
        let message = "This is no e-mail address.";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "INVALID_EMAIL", message));
    };
    let wish =
        WantedInvitation { email, roles: roles::read(&asked.realm, &names)?, teams: teams::read(&into)? };
    let (app, realm, acting) = (&asked.app, &asked.realm, (caller.who(&asked), &caller.known));
    let made = if again {
        organizations::invite_again(app, realm, id, wish, acting, asked.now).await
    } else {
        organizations::invite(app, realm, id, wish, acting, asked.now).await
    };
    // The secret is for the letter alone.
    let (made, _) = made.map_err(told_of_invitation)?;
    let shown = InvitationView::new(realm, &made, Status::Pending);
    Ok(asked.json(&shown))
}

/// Takes an open invitation back.
pub(in super::super) async fn cancel(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let id = fields.text("invitationId");
    fields.done()?;
    let caller = asked.signed_in().await?;
    let Some(id) = invitation_id(&id) else { return Err(NO_INVITATION.into()) };
    let (app, realm) = (&asked.app, &asked.realm);
    let organization = organizations::leads_to(app, realm.id(), id).await?.ok_or(NO_INVITATION)?;
    let acting = (caller.who(&asked), by(&asked, &caller));
    let revoked = organizations::revoke(app, realm, (organization, id), acting, asked.now).await;
    let revoked = revoked.map_err(|problem| told(problem, NO_INVITATION, MAY_NOT_CANCEL))?;
    let shown = InvitationView::new(realm, &revoked, Status::Canceled);
    Ok(asked.json(&shown))
}

/// The open invitations of an organization.
pub(in super::super) async fn list(mut asked: Asked) -> Answer {
    let mut fields = asked.query();
    let id = fields.optional_text("organizationId");
    fields.done()?;
    let caller = asked.signed_in().await?;
    if id.as_deref().is_none_or(str::is_empty) && caller.session().organization.is_none() {
        let message = "Name an organization, or make one active first.";
        return Err(Refusal::without_code(StatusCode::BAD_REQUEST, message));
    }
    let id = named(&caller, id, (NONE_NAMED, NO_MEMBERS))?;
    let (app, realm, by) = (&asked.app, &asked.realm, by(&asked, &caller));
    let refused = |problem| told(problem, NO_MEMBERS, MAY_NOT_LIST);
    let member = organizations::acting_as(app, realm, id, by).await.map_err(refused)?;
    let open = organizations::list_invitations(app, realm, id, by, (None, MOST), asked.now).await;
    let listed = shown_to(realm, &member, &open.map_err(refused)?);
    Ok(asked.json(&listed))
}
