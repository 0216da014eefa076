//! Invitations: made, listed, taken back.

use gatepost_domain::{
    EmailAddress, Invitation, InvitationId, OrganizationId, RealmId, RoleName, Secret, TeamId, Timestamp,
    audit::Event, interceptor::Trigger, invitation, outbox::Letter,
};
use gatepost_store::{audit, invitations, memberships, users};

use super::authority::{By, note_refused};
use super::teams;
use crate::{
    App,
    accounts::{Who, count_members_letter, names},
    http::{Problem, SignedIn},
    interceptors::{About, Before},
    limits::Rule,
    mail,
    realm::Snapshot,
};

/// The most open invitations an organization has.
const MOST: u64 = 1_000;

/// Who is to be invited, and as what.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Whoever has proven this address.
    pub email: EmailAddress,
    /// The roles to give.
    pub roles: Vec<RoleName>,
    /// The teams of the organization to be put into.
    pub teams: Vec<TeamId>,
}

impl Wanted {
    /// Into no team.
    pub fn with(email: EmailAddress, roles: Vec<RoleName>) -> Self {
        Self { email, roles, teams: Vec::new() }
    }
}

/// Invites an address, and mails it there. The secret is in the answer too: where no mail is sent, whoever invites hands it over.
///
/// What is mailed is counted: an invitation that is taken back and made again is another letter.
pub async fn invite(
    app: &App,
    realm: &Snapshot,
    organization: OrganizationId,
    wish: Wanted,
    acting: (Who, &SignedIn),
    now: Timestamp,
) -> Result<(Invitation, Secret), Problem> {
    make(app, realm, organization, (wish, false), acting, now).await
}

/// The same in place of an open invitation of the address, if there is one, which ends.
pub async fn invite_again(
    app: &App,
    realm: &Snapshot,
    organization: OrganizationId,
    wish: Wanted,
    acting: (Who, &SignedIn),
    now: Timestamp,
) -> Result<(Invitation, Secret), Problem> {
    make(app, realm, organization, (wish, true), acting, now).await
}

async fn make(
    app: &App,
    realm: &Snapshot,
    organization: OrganizationId,
    (Wanted { email, roles, teams }, again): (Wanted, bool),
    (who, inviter): (Who, &SignedIn),
    now: Timestamp,
) -> Result<(Invitation, Secret), Problem> {
    let teams = teams::invited_into(realm, teams)?;
    let sender = (Rule::Invitation, inviter.user.id);
    let counted = count_members_letter(app, realm, sender, &email, who.origin(), now)?;
    let id = InvitationId::new(now, app.entropy());
    let secret = invitation::generate(id, app.entropy());
    let made = Invitation {
        id,
        realm: realm.id(),
        organization,
        email,
        roles,
        teams,
        digest: secret.digest(),
        invited_by: Some(inviter.user.id),
        created_at: now,
        expires_at: now.plus(invitation::LIFETIME),
        accepted_at: None,
        revoked_at: None,
    };
    let record = |event| {
        let record = who.record_of_realm(app, event, realm.id(), now);
        record.with("organization", organization.to_string())
    };
    let invited =
        record(Event::MemberInvited).with("invitation", id.to_string()).with("roles", names(&made.roles));
    let (replaced, refused) = (record(Event::InvitationRevoked), record(Event::MemberChangeRefused));
    let (stored, graph, by) =
        (made.clone(), realm.organization_roles().clone(), By::member(inviter, realm, now));
    let letter = Letter::Invitation { invitation: id, sealed: mail::seal_invitation(app, &made, &secret) };
    let worker = app.clone();
    let origin = who.origin().clone();
    let before = Before { app, realm, origin: &origin, now, trigger: Trigger::PreUserInvitation };
    let about = |_| Some(About::Invitation { email: made.email.clone(), organization, by: inviter.user.id });
    let answer = before.ask(|_| true, about).write("invite somebody", move |tx| {
        let (mut invitation, graph) = (stored.clone(), graph.clone());
        let (who, record, replaced) = (who.clone(), invited.clone(), replaced.clone());
        let (app, letter) = (worker.clone(), letter.clone());
        Box::pin(async move {
            let realm = invitation.realm;
            who.still_may(tx, now).await?;
            let authority = by.authority(tx, realm, organization, &graph).await?;
            authority.manage()?;
            authority.cover(&invitation.roles, &graph)?;
            teams::all_within(tx, realm, organization, &invitation.teams).await?;
            if let Some(known) = users::find_by_email(tx, realm, &invitation.email).await?
                && memberships::find(tx, realm, organization, known.id).await?.is_some()
            {
                return Err(Problem::AlreadyMember);
            }
            if again
                && let Some(open) =
                    invitations::find_open(tx, realm, organization, &invitation.email, now).await?
            {
                authority.cover(&open.roles, &graph)?;
                invitations::revoke(tx, realm, organization, open.id, now).await?;
                audit::append(tx, &replaced.with("invitation", open.id.to_string())).await?;
                // Who invites once more, and says nothing of teams, means the same.
                if invitation.teams.is_empty() {
                    invitation.teams = open.teams;
                }
            }
            if invitations::count(tx, realm, organization, now).await? >= MOST {
                return Err(Problem::TooMany { what: "open invitations", most: MOST });
            }
            invitations::create(tx, &invitation).await?;
            audit::append(tx, &record).await?;
            mail::queue(tx, &app, realm, who.origin().language(), letter, now).await?;
            Ok(invitation)
        })
    });
    match note_refused(app, answer.await, refused).await {
        Ok(made) => {
            app.post_is_waiting();
            Ok((made, secret))
        }
        Err(problem) => {
            counted.give_back();
            Err(problem)
        }
    }
}

/// The open invitations of an organization, as many as `limit`, after the given one. For those who manage.
pub async fn list(
    app: &App,
    realm: &Snapshot,
    organization: OrganizationId,
    by: By,
    (after, limit): (Option<InvitationId>, u32),
    now: Timestamp,
) -> Result<Vec<Invitation>, Problem> {
    let (graph, realm) = (realm.organization_roles().clone(), realm.id());
    app.db()
        .read("list invitations", move |tx| {
            let graph = graph.clone();
            Box::pin(async move {
                by.authority(tx, realm, organization, &graph).await?.manage()?;
                Ok(invitations::list(tx, realm, organization, now, after, limit).await?)
            })
        })
        .await
}

/// The organization that an invitation leads to, whoever asks: where it leads says nothing to those who do not manage there.
pub async fn leads_to(
    app: &App,
    realm: RealmId,
    id: InvitationId,
) -> Result<Option<OrganizationId>, Problem> {
    let found = app.db().read("find where an invitation leads", move |tx| {
        Box::pin(async move { invitations::find(tx, realm, id).await })
    });
    Ok(found.await?.map(|invitation| invitation.organization))
}

/// Takes an open invitation back. Who manages may take back only what they could have given.
pub async fn revoke(
    app: &App,
    realm: &Snapshot,
    (organization, id): (OrganizationId, InvitationId),
    (who, by): (Who, By),
    now: Timestamp,
) -> Result<Invitation, Problem> {
    let record = |event| {
        let record = who.record_of_realm(app, event, realm.id(), now);
        record.with("organization", organization.to_string()).with("invitation", id.to_string())
    };
    let (revoked, refused) = (record(Event::InvitationRevoked), record(Event::MemberChangeRefused));
    let (graph, realm) = (realm.organization_roles().clone(), realm.id());
    let answer = app.db().write("take back an invitation", move |tx| {
        let (who, record, graph) = (who.clone(), revoked.clone(), graph.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            let authority = by.authority(tx, realm, organization, &graph).await?;
            authority.manage()?;
            let found = invitations::find(tx, realm, id).await?;
            let found = found.filter(|found| found.organization == organization && found.is_open(now));
            let found = found.ok_or(Problem::NotFound)?;
            authority.cover(&found.roles, &graph)?;
            invitations::revoke(tx, realm, organization, id, now).await?;
            audit::append(tx, &record).await?;
            Ok(found)
        })
    });
    note_refused(app, answer.await, refused).await
}
