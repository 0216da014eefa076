//! Invitations: made, listed, taken back, accepted.

use gatepost_domain::{
    EmailAddress, Invitation, InvitationId, Membership, Organization, OrganizationId, RoleName, Secret,
    SecretDigest, Standing, Timestamp, User, audit::Event, invitation, organization::owns, outbox::Letter,
    role::RoleGraph,
};
use gatepost_store::{Tx, audit, invitations, memberships, organizations, users};

use super::{
    authority::{By, note_refused},
    may_own_another,
};
use crate::{
    App,
    accounts::{Who, count_members_letter, names},
    http::{Problem, SignedIn},
    limits::Rule,
    mail,
    realm::Snapshot,
};

/// The most open invitations an organization has.
const MOST: u64 = 1_000;

/// Invites an address, and mails it there. The secret is in the answer too: where no mail is sent, whoever invites hands it over.
///
/// What is mailed is counted: an invitation that is taken back and made again is another letter.
pub async fn invite(
    app: &App,
    realm: &Snapshot,
    organization: OrganizationId,
    (email, roles): (EmailAddress, Vec<RoleName>),
    (who, inviter): (Who, &SignedIn),
    now: Timestamp,
) -> Result<(Invitation, Secret), Problem> {
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
    let refused = record(Event::MemberChangeRefused);
    let (stored, graph, by) =
        (made.clone(), realm.organization_roles().clone(), By::member(inviter, realm, now));
    let letter = Letter::Invitation { invitation: id, sealed: mail::seal_invitation(app, &made, &secret) };
    let worker = app.clone();
    let answer = app.db().write("invite somebody", move |tx| {
        let (invitation, graph) = (stored.clone(), graph.clone());
        let (who, record) = (who.clone(), invited.clone());
        let (app, letter) = (worker.clone(), letter.clone());
        Box::pin(async move {
            let realm = invitation.realm;
            who.still_may(tx, now).await?;
            let authority = by.authority(tx, realm, organization, &graph).await?;
            authority.manage()?;
            authority.cover(&invitation.roles, &graph)?;
            if let Some(known) = users::find_by_email(tx, realm, &invitation.email).await?
                && memberships::find(tx, realm, organization, known.id).await?.is_some()
            {
                return Err(Problem::AlreadyMember);
            }
            if invitations::count(tx, realm, organization, now).await? >= MOST {
                return Err(Problem::TooMany { what: "open invitations", most: MOST });
            }
            invitations::create(tx, &invitation).await?;
            audit::append(tx, &record).await?;
            mail::queue(tx, &app, realm, who.origin().language(), letter, now).await?;
            Ok(())
        })
    });
    if let Err(problem) = note_refused(app, answer.await, refused).await {
        counted.give_back();
        return Err(problem);
    }
    app.post_is_waiting();
    Ok((made, secret))
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

/// Takes an open invitation back. Who manages may take back only what they could have given.
pub async fn revoke(
    app: &App,
    realm: &Snapshot,
    (organization, id): (OrganizationId, InvitationId),
    (who, by): (Who, By),
    now: Timestamp,
) -> Result<(), Problem> {
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
            authority.cover(&found.ok_or(Problem::NotFound)?.roles, &graph)?;
            invitations::revoke(tx, realm, organization, id, now).await?;
            audit::append(tx, &record).await?;
            Ok(())
        })
    });
    note_refused(app, answer.await, refused).await
}

/// Whether who invited could do so now: the account may be disabled or gone, and the member removed or given other roles
/// since then. What nobody may give any more, an older invitation does not give either.
async fn still_covered(
    tx: &mut Tx,
    invitation: &Invitation,
    graph: &RoleGraph,
) -> Result<bool, gatepost_store::Error> {
    let Some(inviter) = invitation.invited_by else { return Ok(false) };
    let account = users::find(tx, invitation.realm, inviter).await?;
    let member = memberships::find(tx, invitation.realm, invitation.organization, inviter).await?;
    let (Some(account), Some(member)) = (account, member) else { return Ok(false) };
    let standing = Standing::of(&member.roles, graph);
    Ok(!account.is_disabled()
        && standing.may_manage()
        && standing.covers(&Standing::of(&invitation.roles, graph)))
}

/// An invitation and where it leads to, for the account whose proven address was invited. Looking uses nothing up. Whatever is wrong
/// with the secret or with whose it is, the answer is the same.
pub async fn look_at_invitation(
    app: &App,
    user: &User,
    secret: &str,
    now: Timestamp,
) -> Result<(Invitation, Organization), Problem> {
    let id = invitation::id_of(secret).ok_or(Problem::InvalidInvitation)?;
    let digest = SecretDigest::of(secret.as_bytes());
    let proven = user.email.clone().filter(|_| user.email_verified).ok_or(Problem::InvalidInvitation)?;
    let realm = user.realm;
    app.db()
        .read("look at an invitation", move |tx| {
            let proven = proven.clone();
            Box::pin(async move {
                let found = invitations::find(tx, realm, id).await?;
                let found = found.filter(|found| {
                    found.digest == digest && found.is_open(now) && found.email.key() == proven.key()
                });
                let found = found.ok_or(Problem::InvalidInvitation)?;
                let organization = organizations::find(tx, realm, found.organization).await?;
                Ok((found, organization.ok_or(Problem::InvalidInvitation)?))
            })
        })
        .await
}

/// Makes the one who was invited a member. Whatever is wrong with the secret or with whose it is, the answer is the same.
pub async fn accept(
    app: &App,
    realm: &Snapshot,
    user: &User,
    secret: &str,
    who: Who,
    now: Timestamp,
) -> Result<(Organization, Membership), Problem> {
    // What is mistyped or made up never reaches the database.
    let id = invitation::id_of(secret).ok_or(Problem::InvalidInvitation)?;
    let digest = SecretDigest::of(secret.as_bytes());
    let (graph, realm, user) = (realm.organization_roles().clone(), user.realm, user.id);
    let accepted = who.record(app, Event::MemberAdded, realm, user, now).with("invitation", id.to_string());
    app.db()
        .write("accept an invitation", move |tx| {
            let (who, record, graph) = (who.clone(), accepted.clone(), graph.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                let found = invitations::find(tx, realm, id).await?;
                let found = found.filter(|found| found.digest == digest && found.is_open(now));
                let found = found.ok_or(Problem::InvalidInvitation)?;
                let account = users::find(tx, realm, user).await?;
                let proven =
                    account.filter(|account| account.email_verified).and_then(|account| account.email);
                if proven.is_none_or(|email| email.key() != found.email.key()) {
                    return Err(Problem::InvalidInvitation);
                }
                if !still_covered(tx, &found, &graph).await? {
                    return Err(Problem::InvalidInvitation);
                }
                if owns(&found.roles) {
                    may_own_another(tx, realm, user).await?;
                }
                if !invitations::accept(tx, realm, id, now).await? {
                    return Err(Problem::InvalidInvitation);
                }
                let organization = organizations::find(tx, realm, found.organization).await?;
                let organization = organization.ok_or(Problem::InvalidInvitation)?;
                let member = Membership::begin(realm, organization.id, user, found.roles, now);
                memberships::create(tx, &member).await?;
                let record = record.with("organization", organization.id.to_string());
                audit::append(tx, &record.with("roles", names(&member.roles))).await?;
                Ok((organization, member))
            })
        })
        .await
}
