//! What somebody who is invited does with it: look, accept, decline.

use gatepost_domain::{
    Invitation, InvitationId, Membership, Organization, RealmId, SecretDigest, Standing, Timestamp, User,
    UserId, audit::Event, invitation, organization::owns, role::RoleGraph,
};
use gatepost_store::{Tx, audit, invitations, memberships, organizations, users};

use super::{may_own_another, teams};
use crate::{
    App,
    accounts::{Who, names},
    http::Problem,
    realm::Snapshot,
};

/// What somebody shows who says that they are invited. It is good for the account alone that has the invited address, proven.
#[derive(Clone, Copy)]
pub enum Presented<'t> {
    /// The secret of the letter.
    Secret(&'t str),
    /// The id, as [`list_invitations_to`] has it.
    Id(InvitationId),
}

impl<'t> From<&'t str> for Presented<'t> {
    fn from(secret: &'t str) -> Self {
        Self::Secret(secret)
    }
}

impl Presented<'_> {
    /// Which invitation, and the digest that it must have. What is mistyped or made up never reaches the database.
    fn read(self) -> Result<(InvitationId, Option<SecretDigest>), Problem> {
        match self {
            Self::Secret(text) => {
                let id = invitation::id_of(text).ok_or(Problem::InvalidInvitation)?;
                Ok((id, Some(SecretDigest::of(text.as_bytes()))))
            }
            Self::Id(id) => Ok((id, None)),
        }
    }
}

/// The open invitation that was presented, if it is for the account. Whatever is wrong with it or with whose it is, the answer is the
/// same.
async fn find_for(
    tx: &mut Tx,
    (realm, user): (RealmId, UserId),
    (id, digest): (InvitationId, Option<SecretDigest>),
    now: Timestamp,
) -> Result<Invitation, Problem> {
    let found = invitations::find(tx, realm, id).await?;
    let is_it = |found: &Invitation| digest.as_ref().is_none_or(|digest| found.digest == *digest);
    let found = found.filter(|found| is_it(found) && found.is_open(now));
    let found = found.ok_or(Problem::InvalidInvitation)?;
    let account = users::find(tx, realm, user).await?;
    let proven = account.filter(|account| account.email_verified).and_then(|account| account.email);
    if proven.is_none_or(|email| email.key() != found.email.key()) {
        return Err(Problem::InvalidInvitation);
    }
    Ok(found)
}

/// The open invitations of the account's address, as many as `limit`, after the given one, each with the organization. Nobody but who has
/// proven the address is told of any.
pub async fn list_invitations_to(
    app: &App,
    user: &User,
    (after, limit): (Option<InvitationId>, u32),
    now: Timestamp,
) -> Result<Vec<(Invitation, Organization)>, Problem> {
    let Some(proven) = user.email.clone().filter(|_| user.email_verified) else { return Ok(Vec::new()) };
    let realm = user.realm;
    let found = app.db().read("list what somebody is invited to", move |tx| {
        let proven = proven.clone();
        Box::pin(async move { invitations::list_to(tx, realm, &proven, now, after, limit).await })
    });
    Ok(found.await?)
}

/// The invitation that was presented and the organization it leads to. Looking uses nothing up.
pub async fn look_at_invitation(
    app: &App,
    user: &User,
    presented: impl Into<Presented<'_>>,
    now: Timestamp,
) -> Result<(Invitation, Organization), Problem> {
    let (named, realm, user) = (Presented::read(presented.into())?, user.realm, user.id);
    app.db()
        .read("look at an invitation", move |tx| {
            Box::pin(async move {
                let found = find_for(tx, (realm, user), named, now).await?;
                let organization = organizations::find(tx, realm, found.organization).await?;
                Ok((found, organization.ok_or(Problem::InvalidInvitation)?))
            })
        })
        .await
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

/// Who made an invitation, if they belong to the organization still.
pub async fn find_inviter(app: &App, invitation: &Invitation) -> Result<Option<User>, Problem> {
    let (realm, organization) = (invitation.realm, invitation.organization);
    let Some(inviter) = invitation.invited_by else { return Ok(None) };
    let found = app.db().read("find who invited", move |tx| {
        Box::pin(async move {
            let member = memberships::find(tx, realm, organization, inviter).await?;
            if member.is_some() { users::find(tx, realm, inviter).await } else { Ok(None) }
        })
    });
    Ok(found.await?)
}

/// Makes the one who was invited a member. Whatever is wrong with the secret or with whose it is, the answer is the same.
pub async fn accept(
    app: &App,
    realm: &Snapshot,
    user: &User,
    presented: impl Into<Presented<'_>>,
    who: Who,
    now: Timestamp,
) -> Result<(Organization, Membership), Problem> {
    let (id, digest) = Presented::read(presented.into())?;
    let (graph, realm, user) = (realm.organization_roles().clone(), user.realm, user.id);
    let accepted = who.record(app, Event::MemberAdded, realm, user, now).with("invitation", id.to_string());
    let worker = app.clone();
    app.db()
        .write("accept an invitation", move |tx| {
            let (app, who, record, graph) = (worker.clone(), who.clone(), accepted.clone(), graph.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                let found = find_for(tx, (realm, user), (id, digest), now).await?;
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
                let member = Membership::begin(realm, organization.id, user, found.roles.clone(), now);
                memberships::create(tx, &member).await?;
                let record = record.with("organization", organization.id.to_string());
                audit::append(tx, &record.with("roles", names(&member.roles))).await?;
                teams::enter(tx, &member, &found.teams, (&app, &who), now).await?;
                Ok((organization, member))
            })
        })
        .await
}

/// Closes the invitation without making anybody a member: whoever was invited does not want to be one. The answer as with accepting.
pub async fn decline(
    app: &App,
    user: &User,
    presented: impl Into<Presented<'_>>,
    who: Who,
    now: Timestamp,
) -> Result<(Invitation, Organization), Problem> {
    let ((id, digest), realm, user) = (Presented::read(presented.into())?, user.realm, user.id);
    let record =
        who.record(app, Event::InvitationRevoked, realm, user, now).with("invitation", id.to_string());
    app.db()
        .write("decline an invitation", move |tx| {
            let (who, record) = (who.clone(), record.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                let found = find_for(tx, (realm, user), (id, digest), now).await?;
                let organization = organizations::find(tx, realm, found.organization).await?;
                let organization = organization.ok_or(Problem::InvalidInvitation)?;
                if !invitations::revoke(tx, realm, organization.id, id, now).await? {
                    return Err(Problem::InvalidInvitation);
                }
                audit::append(tx, &record.with("organization", organization.id.to_string())).await?;
                Ok((found, organization))
            })
        })
        .await
}
