//! By what right somebody acts on an organization. Asked inside the transaction that writes.

use gatepost_domain::{
    Membership, OrganizationId, RealmId, RoleName, Standing, Timestamp, UserId,
    audit::Record,
    mfa::{Level, Missing},
    role::RoleGraph,
};
use gatepost_store::{
    Tx, audit,
    memberships::{self, Acting, Bearing},
    organizations,
};

use crate::{
    App,
    http::{Problem, SignedIn},
    mfa,
    realm::Snapshot,
};

/// In what capacity somebody acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// As a member: what they may do is what their roles there allow, where the organization asks for a second factor only by a
    /// session that has shown one.
    Member(Member),
    /// For the realm: an administrator, or somebody at the command line.
    Realm,
}

/// A member who acts, as their session shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    user: UserId,
    bearing: Bearing,
    now: Timestamp,
}

impl Member {
    fn of(caller: &SignedIn, realm: &Snapshot, now: Timestamp) -> Self {
        let bearing = Bearing::of(Some(&caller.session), realm.settings().mfa_grace);
        Self { user: caller.user.id, bearing, now }
    }

    /// What they are in the organization, if they may act in it. One they do not belong to is answered as missing.
    async fn acting(
        self,
        tx: &mut Tx,
        realm: RealmId,
        organization: OrganizationId,
    ) -> Result<Membership, Problem> {
        let Self { user, bearing, now } = self;
        let found = memberships::find_acting(tx, realm, organization, user, bearing, now).await?;
        let Acting { member, missing } = found.ok_or(Problem::NotFound)?;
        match missing {
            Missing::Nothing | Missing::Offer(_) => Ok(member),
            Missing::Factor => Err(Problem::SecondFactorNeeded),
            Missing::SetUp => Err(Problem::SecondFactorMissing),
        }
    }

    /// Whoever says what an organization asks of its members has done it: nobody locks themself out, and whoever has no more than a
    /// password takes nothing back.
    async fn has_two(self, tx: &mut Tx, realm: RealmId) -> Result<(), Problem> {
        match self.bearing.level {
            Level::Two => Ok(()),
            Level::One if mfa::factors(tx, realm, self.user).await?.is_empty() => {
                Err(Problem::SecondFactorMissing)
            }
            Level::One => Err(Problem::SecondFactorNeeded),
        }
    }
}

impl By {
    /// As a member.
    pub fn member(caller: &SignedIn, realm: &Snapshot, now: Timestamp) -> Self {
        Self::Member(Member::of(caller, realm, now))
    }

    /// Whether it is the user themself.
    pub(super) fn is(self, user: UserId) -> bool {
        matches!(self, Self::Member(member) if member.user == user)
    }

    /// What they are in the organization, as a member who acts in it. Who acts for the realm is none.
    pub(super) async fn acting(
        self,
        tx: &mut Tx,
        realm: RealmId,
        organization: OrganizationId,
    ) -> Result<Membership, Problem> {
        match self {
            Self::Member(member) => member.acting(tx, realm, organization).await,
            Self::Realm => Err(Problem::NotFound),
        }
    }

    /// They may say what is asked of members beside a password.
    pub(super) async fn may_set_mfa(self, tx: &mut Tx, realm: RealmId) -> Result<(), Problem> {
        match self {
            Self::Member(member) => member.has_two(tx, realm).await,
            Self::Realm => Ok(()),
        }
    }

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
            Self::Member(member) => {
                let member = member.acting(tx, realm, organization).await?;
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
    by: By,
    graph: &'g RoleGraph,
) -> Result<Standing<'g>, Problem> {
    let authority = by.authority(tx, realm, organization, graph).await?;
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
