//! Invitations, for those who are invited: listed, looked at, accepted, declined.

use axum::http::StatusCode;
use serde_json::json;

use super::super::asked::{Answer, Asked};
use super::super::caller::Caller;
use super::super::refusal::Refusal;
use super::{
    activate,
    refusal::{INVITER_GONE, Said, UNVERIFIED, UNVERIFIED_TO_SEE, told_of_invited},
    teams,
    view::{InvitationView, MemberView, MyInvitationView, Status, invitation_id},
};
use crate::{
    http::Problem,
    organizations::{self, Presented},
};

/// As many as are listed: there are no pages.
const MOST: u32 = 1_000;

/// What was sent for an invitation: the id, or the secret of the letter.
fn presented(text: &str) -> Presented<'_> {
    invitation_id(text).map_or(Presented::Secret(text), Presented::Id)
}

/// Whoever has not proven their address is told that, and nothing of any invitation.
fn check_proven(caller: &Caller, unproven: Said) -> Result<(), Refusal> {
    if caller.user().email_verified { Ok(()) } else { Err(unproven.into()) }
}

/// The open invitations of the caller's address.
pub(in super::super) async fn list(mut asked: Asked) -> Answer {
    let fields = asked.query();
    let bad = |message| Refusal::without_code(StatusCode::BAD_REQUEST, message);
    if fields.says("email") {
        return Err(bad("Leave email out: it is the address of whoever asks."));
    }
    let Some(caller) = asked.caller().await? else { return Err(bad("Sign in first.")) };
    check_proven(&caller, UNVERIFIED_TO_SEE)?;
    let page = (None, MOST);
    let found = organizations::list_invitations_to(&asked.app, caller.user(), page, asked.now).await?;
    let listed: Vec<MyInvitationView> =
        found.iter().map(|found| MyInvitationView::listed(&asked.realm, found)).collect();
    Ok(asked.json(&listed))
}

/// One of them, with who invited.
pub(in super::super) async fn get(mut asked: Asked) -> Answer {
    let mut fields = asked.query();
    let id = fields.text("id");
    fields.done()?;
    let caller = asked.signed_in().await?;
    check_proven(&caller, UNVERIFIED_TO_SEE)?;
    let (app, user) = (&asked.app, caller.user());
    let found = organizations::look_at_invitation(app, user, presented(&id), asked.now).await;
    let found = found.map_err(told_of_invited)?;
    let inviter = organizations::find_inviter(app, &found.0).await?.ok_or(INVITER_GONE)?;
    let shown = MyInvitationView::whole(&asked.realm, &found, &inviter);
    Ok(asked.json(&shown))
}

/// Joins the organization, which is active in the session then, if the caller may act there; and so is the team, if it is one.
pub(in super::super) async fn accept(mut asked: Asked) -> Answer {
    let (caller, id) = invited(&mut asked).await?;
    let (app, realm, user) = (&asked.app, &asked.realm, caller.user());
    let found = organizations::look_at_invitation(app, user, presented(&id), asked.now).await;
    let (invitation, _) = found.map_err(told_of_invited)?;
    let (shown, who) = (Presented::Id(invitation.id), caller.who(&asked));
    let joined = organizations::accept(app, realm, user, shown, who, asked.now).await;
    let (organization, member) = joined.map_err(told_of_invited)?;
    match activate(&asked, &caller, Some(organization.id)).await {
        Ok(_) if asked.realm.settings().teams => {
            teams::activate_only(&mut asked, &caller, &invitation).await?;
        }
        // What the organization asks for beside a password, whoever joins may have yet to show.
        Ok(_) | Err(Problem::SecondFactorNeeded | Problem::SecondFactorMissing) => {}
        Err(other) => return Err(other.into()),
    }
    let invitation = InvitationView::new(&asked.realm, &invitation, Status::Accepted);
    Ok(asked.json(&json!({"invitation": invitation, "member": MemberView::from(&member)})))
}

/// Declines: nobody can accept it any more.
pub(in super::super) async fn reject(mut asked: Asked) -> Answer {
    let (caller, id) = invited(&mut asked).await?;
    let (shown, who) = (presented(&id), caller.who(&asked));
    let declined = organizations::decline(&asked.app, caller.user(), shown, who, asked.now).await;
    let (invitation, _) = declined.map_err(told_of_invited)?;
    let invitation = InvitationView::new(&asked.realm, &invitation, Status::Rejected);
    Ok(asked.json(&json!({"invitation": invitation, "member": null})))
}

/// Who answers to an invitation, and what was sent for it.
async fn invited(asked: &mut Asked) -> Result<(Caller, String), Refusal> {
    let mut fields = asked.body();
    let id = fields.text("invitationId");
    fields.done()?;
    let caller = asked.signed_in().await?;
    check_proven(&caller, UNVERIFIED)?;
    Ok((caller, id))
}
