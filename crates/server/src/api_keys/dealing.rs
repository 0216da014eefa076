//! Who deals with whose keys, and by what right.

use gatepost_domain::{
    OrganizationId, RealmId, Scopes, Timestamp, UserId,
    api_key::KeyOwner,
    audit::{Event, Record},
    role::{Rights, RoleGraph},
};
use gatepost_store::{Tx, users};

use crate::{
    App,
    accounts::Who,
    http::Problem,
    organizations::{self, By},
    realm::Snapshot,
};

/// Somebody signed in deals with keys.
#[derive(Clone, Debug)]
pub struct Dealing {
    pub(super) owner: KeyOwner,
    pub(super) user: UserId,
    who: Who,
    /// In what capacity, with those of an organization.
    by: Option<By>,
}

impl Dealing {
    /// With those of a user: their own, or as an administrator.
    pub const fn with_those_of_user(user: UserId, who: Who) -> Self {
        Self { owner: KeyOwner::User(user), user, who, by: None }
    }

    /// With those of an organization, as far as their roles there allow.
    pub const fn with_those_of_organization(
        organization: OrganizationId,
        (member, by): (UserId, By),
        who: Who,
    ) -> Self {
        Self { owner: KeyOwner::Organization(organization), user: member, who, by: Some(by) }
    }

    /// With those of any organization, as an administrator of the realm.
    pub const fn for_the_realm(organization: OrganizationId, administrator: UserId, who: Who) -> Self {
        Self { owner: KeyOwner::Organization(organization), user: administrator, who, by: Some(By::Realm) }
    }

    pub(super) fn record(&self, app: &App, event: Event, realm: RealmId, now: Timestamp) -> Record {
        match &self.owner {
            KeyOwner::User(user) => self.who.record(app, event, realm, *user, now),
            KeyOwner::Organization(organization) => {
                let record = self.who.record_of_realm(app, event, realm, now);
                record.with("organization", organization.to_string())
            }
            KeyOwner::Client(client) => {
                self.who.record_of_realm(app, event, realm, now).client(client.clone())
            }
        }
    }

    /// The same, for who is given a key. It goes on when the sign-in is over: whoever has a second factor has shown it.
    pub(super) async fn may_make<'a>(
        &self,
        tx: &mut Tx,
        allowed: &'a Allowed,
        now: Timestamp,
    ) -> Result<May<'a>, Problem> {
        let may = self.still_may(tx, allowed, now).await?;
        self.who.has_shown_all(tx, now).await?;
        Ok(may)
    }

    /// What they may do now, asked inside the transaction. An organization they do not belong to is answered as missing; the
    /// keys of a client are an operator's alone.
    pub(super) async fn still_may<'a>(
        &self,
        tx: &mut Tx,
        allowed: &'a Allowed,
        now: Timestamp,
    ) -> Result<May<'a>, Problem> {
        self.who.still_may(tx, now).await?;
        match &self.owner {
            KeyOwner::User(user) => {
                let user = users::find(tx, allowed.realm, *user).await?.ok_or(Problem::NotFound)?;
                Ok(May { rights: allowed.roles.rights(&user.roles), owns: true })
            }
            KeyOwner::Organization(organization) if self.by == Some(By::Realm) => {
                let found = gatepost_store::organizations::find(tx, allowed.realm, *organization).await?;
                found.ok_or(Problem::NotFound)?;
                let graph = &allowed.organization_roles;
                Ok(May { rights: graph.rights(graph.names()), owns: true })
            }
            KeyOwner::Organization(organization) => {
                let (by, graph) = (self.by.ok_or(Problem::NotFound)?, &allowed.organization_roles);
                let standing = organizations::managing(tx, allowed.realm, *organization, by, graph).await?;
                Ok(May { rights: standing.rights().clone(), owns: standing.is_owner() })
            }
            KeyOwner::Client(_) => Err(Problem::NotFound),
        }
    }
}

/// What somebody may do with the keys of an owner.
pub(super) struct May<'a> {
    /// What the keys they make may do.
    pub(super) rights: Rights<'a>,
    /// Whether all the keys are theirs to end.
    pub(super) owns: bool,
}

/// What the realm says of keys, for inside a transaction.
#[derive(Clone)]
pub(super) struct Allowed {
    pub(super) realm: RealmId,
    roles: RoleGraph,
    organization_roles: RoleGraph,
    pub(super) words: Scopes,
}

impl Allowed {
    pub(super) fn of(realm: &Snapshot) -> Self {
        Self {
            realm: realm.id(),
            roles: realm.roles().clone(),
            organization_roles: realm.organization_roles().clone(),
            words: realm.settings().api_key_scopes.clone(),
        }
    }
}
