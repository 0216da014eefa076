//! An invitation is looked at by those who manage, and mailed once more.

use gatepost_domain::{
    Invitation, InvitationId, Organization, OrganizationId, Secret, Timestamp, audit::Event,
    interceptor::Trigger, invitation, outbox::Letter,
};
use gatepost_store::{Tx, audit, invitations, memberships, organizations, users};

use super::authority::{By, note_refused};
use crate::{
    App,
    accounts::{Who, count_members_letter, names},
    http::{Problem, SignedIn},
    interceptors::{About, Before},
    limits::Rule,
    mail,
    realm::Snapshot,
};

/// An invitation, whatever has become of it, and where to. For those who manage there.
pub async fn find(
    app: &App,
    realm: &Snapshot,
    (organization, id): (OrganizationId, InvitationId),
    by: By,
) -> Result<(Invitation, Organization), Problem> {
    let (graph, realm) = (realm.organization_roles().clone(), realm.id());
    app.db()
        .read("find an invitation", move |tx| {
            let graph = graph.clone();
            Box::pin(async move {
                let found = invitations::find(tx, realm, id).await?;
                let found =
                    found.filter(|found| found.organization == organization).ok_or(Problem::NotFound)?;
                by.authority(tx, realm, found.organization, &graph).await?.manage()?;
                let into = organizations::find(tx, realm, found.organization).await?;
                Ok((found, into.ok_or(Problem::NotFound)?))
            })
        })
        .await
}

/// Mails an open invitation once more, with another secret: the one before is refused from then on. It is as if whoever does this made it
/// anew: it gives no more than they could give, is good for as long, and is a letter that is counted.
pub async fn resend(
    app: &App,
    realm: &Snapshot,
    (organization, id): (OrganizationId, InvitationId),
    (who, inviter): (Who, &SignedIn),
    now: Timestamp,
) -> Result<(Invitation, Secret), Problem> {
    let by = By::member(inviter, realm, now);
    let record = |event| {
        let record = who.record_of_realm(app, event, realm.id(), now);
        record.with("organization", organization.to_string()).with("invitation", id.to_string())
    };
    let refused = record(Event::MemberChangeRefused);
    let found = find(app, realm, (organization, id), by).await;
    let (before, _) = note_refused(app, found, refused.clone()).await?;
    if !before.is_open(now) {
        return Err(Problem::NotFound);
    }
    let sender = (Rule::Invitation, inviter.user.id);
    let counted = count_members_letter(app, realm, sender, &before.email, who.origin(), now)?;
    let secret = invitation::generate(id, app.entropy());
    let renewed = Invitation {
        digest: secret.digest(),
        invited_by: Some(inviter.user.id),
        expires_at: now.plus(invitation::LIFETIME),
        ..before
    };
    let invited = record(Event::MemberInvited).with("roles", names(&renewed.roles)).with("again", "yes");
    let letter = Letter::Invitation { invitation: id, sealed: mail::seal_invitation(app, &renewed, &secret) };
    let (graph, worker) = (realm.organization_roles().clone(), app.clone());
    let origin = who.origin().clone();
    let before = Before { app, realm, origin: &origin, now, trigger: Trigger::PreUserInvitation };
    let email = renewed.email.clone();
    let about = |_| Some(About::Invitation { email, organization, by: inviter.user.id });
    let answer = before.ask(|_| true, about).write("mail an invitation again", move |tx| {
        let (renewed, graph) = (renewed.clone(), graph.clone());
        let (who, record) = (who.clone(), invited.clone());
        let (app, letter) = (worker.clone(), letter.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            let authority = by.authority(tx, renewed.realm, organization, &graph).await?;
            authority.manage()?;
            authority.cover(&renewed.roles, &graph)?;
            is_no_member(tx, &renewed).await?;
            let renewed = invitations::renew(tx, &renewed, now).await?.ok_or(Problem::NotFound)?;
            audit::append(tx, &record).await?;
            mail::queue(tx, &app, renewed.realm, who.origin().language(), letter, now).await?;
            Ok(renewed)
        })
    });
    match note_refused(app, answer.await, refused).await {
        Ok(renewed) => {
            app.post_is_waiting();
            Ok((renewed, secret))
        }
        Err(problem) => {
            counted.give_back();
            Err(problem)
        }
    }
}

/// Refuses to go on if whoever has the address belongs to the organization.
async fn is_no_member(tx: &mut Tx, invitation: &Invitation) -> Result<(), Problem> {
    let realm = invitation.realm;
    if let Some(known) = users::find_by_email(tx, realm, &invitation.email).await?
        && memberships::find(tx, realm, invitation.organization, known.id).await?.is_some()
    {
        return Err(Problem::AlreadyMember);
    }
    Ok(())
}
