//! By what right somebody acts on an organization. Asked inside the transaction that writes.

use gatepost_domain::{OrganizationId, RealmId, RoleName, Standing, UserId, audit::Record, role::RoleGraph};
use gatepost_store::{Tx, audit, memberships, organizations};

use crate::{App, http::Problem};

/// In what capacity somebody acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// As a member: what they may do is what their roles there allow.
    Member(UserId),
    /// For the realm: an administrator, or somebody at the command line.
    Realm,
}

impl By {
    /// What that allows in the organization. One that is not there, and one the member does not belong to, are answered as
    /// missing.
    pub(super) async fn authority<'g>(
        self,
        tx: &mut Tx,
        realm: RealmId,
        organization: OrganizationId,
        graph: &'g RoleGraph,
    ) -> Result<Authority<'g>, Problem> {
        match self {
            Self::Member(user) => {
                let member = memberships::find(tx, realm, organization, user).await?;
                let member = member.ok_or(Problem::NotFound)?;
                Ok(Authority::Member(Standing::of(&member.roles, graph)))
            }
            Self::Realm => {
                organizations::find(tx, realm, organization).await?.ok_or(Problem::NotFound)?;
                Ok(Authority::Realm)
            }
        }
    }
}

/// What somebody may do in an organization.
pub(super) enum Authority<'g> {
    /// What the standing says.
    Member(Standing<'g>),
    /// Everything.
    Realm,
}

impl Authority<'_> {
    /// They may change the organization itself.
    pub(super) fn own(&self) -> Result<(), Problem> {
        match self {
            Self::Member(standing) if !standing.is_owner() => Err(Problem::MissingPermission),
            Self::Member(_) | Self::Realm => Ok(()),
        }
    }

    /// They may manage members and invitations.
    pub(super) fn manage(&self) -> Result<(), Problem> {
        match self {
            Self::Member(standing) if !standing.may_manage() => Err(Problem::MissingPermission),
            Self::Member(_) | Self::Realm => Ok(()),
        }
    }

    /// They may give these roles, and change who has them.
    pub(super) fn cover(&self, roles: &[RoleName], graph: &RoleGraph) -> Result<(), Problem> {
        match self {
            Self::Member(standing) if !standing.covers(&Standing::of(roles, graph)) => {
                Err(Problem::BeyondRights)
            }
            Self::Member(_) | Self::Realm => Ok(()),
        }
    }
}

/// What a member is in an organization whose keys they manage. One they do not belong to is answered as missing.
pub async fn managing<'g>(
    tx: &mut Tx,
    realm: RealmId,
    organization: OrganizationId,
    member: UserId,
    graph: &'g RoleGraph,
) -> Result<Standing<'g>, Problem> {
    let authority = By::Member(member).authority(tx, realm, organization, graph).await?;
    authority.manage()?;
    match authority {
        Authority::Member(standing) => Ok(standing),
        Authority::Realm => Err(Problem::NotFound),
    }
}

/// Refuses to go on if nobody else who can sign in owns the organization. The transaction is serialisable, so two owners who
/// remove one another do not both succeed.
pub(super) async fn keep_an_owner(
    tx: &mut Tx,
    realm: RealmId,
    organization: OrganizationId,
    except: UserId,
) -> Result<(), Problem> {
    if memberships::others_own(tx, realm, organization, except).await? {
        Ok(())
    } else {
        Err(Problem::LastOwner)
    }
}

/// Keeps a change that was refused for want of rights in the audit trail, and passes the refusal on. One a minute like it:
/// who is refused can try again as fast as they like.
pub(super) async fn note_refused<T>(
    app: &App,
    answer: Result<T, Problem>,
    record: Record,
) -> Result<T, Problem> {
    if let Err(problem @ (Problem::MissingPermission | Problem::BeyondRights)) = &answer {
        if !app.refusals().admits(&record) {
            return answer;
        }
        let record = record.with("reason", problem.code());
        app.db()
            .write("record a refused change of an organization", move |tx| {
                let record = record.clone();
                Box::pin(async move { audit::append(tx, &record).await })
            })
            .await?;
    }
    answer
}
