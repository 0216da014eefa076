//! Members and their roles.

use gatepost_domain::{
    EmailAddress, Membership, OrganizationId, OutboxId, RoleName, Standing, Timestamp, User, UserId,
    audit::Event, organization::owns,
};
use gatepost_store::{
    audit, invitations,
    memberships::{self, Choice, Chosen, Slice},
    personal_claims, users,
};

use super::{
    authority::{By, keep_an_owner, note_refused},
    may_own_another,
};
use crate::{
    App,
    accounts::{Who, names, with_roles},
    http::Problem,
    realm::Snapshot,
};

/// The members of an organization with their accounts, as many as `limit`, after the given one. Every member may see them; who of them
/// has no second factor, or has one, is for those who manage them.
pub async fn list(
    app: &App,
    realm: &Snapshot,
    organization: OrganizationId,
    by: By,
    has_factor: Option<bool>,
    after: Option<UserId>,
    limit: u32,
) -> Result<Vec<(Membership, User)>, Problem> {
    let (graph, realm) = (realm.organization_roles().clone(), realm.id());
    app.db()
        .read("list members", move |tx| {
            let graph = graph.clone();
            Box::pin(async move {
                let authority = by.authority(tx, realm, organization, &graph).await?;
                if has_factor.is_some() {
                    authority.manage()?;
                }
                Ok(memberships::list(tx, realm, organization, has_factor, after, limit).await?)
            })
        })
        .await
}

/// A part of the members who are chosen, with what is shown of each, and how many are in all. Every member may see them.
pub async fn choose(
    app: &App,
    realm: &Snapshot,
    organization: OrganizationId,
    by: By,
    (choice, slice): (Choice, Slice),
) -> Result<(Vec<Chosen>, u64), Problem> {
    let (graph, realm) = (realm.organization_roles().clone(), realm.id());
    app.db()
        .read("choose members", move |tx| {
            let (choice, graph) = (choice.clone(), graph.clone());
            Box::pin(async move {
                by.authority(tx, realm, organization, &graph).await?;
                Ok(memberships::choose(tx, realm, organization, &choice, slice).await?)
            })
        })
        .await
}

/// How a member is named.
#[derive(Clone, Debug)]
pub enum Whom {
    /// By the account.
    User(UserId),
    /// By its address.
    Email(EmailAddress),
}

/// One member. Who is none is answered as somebody who has no account.
pub async fn find(
    app: &App,
    realm: &Snapshot,
    organization: OrganizationId,
    by: By,
    whom: Whom,
) -> Result<Chosen, Problem> {
    let (graph, realm) = (realm.organization_roles().clone(), realm.id());
    app.db()
        .read("find a member", move |tx| {
            let (whom, graph) = (whom.clone(), graph.clone());
            Box::pin(async move {
                by.authority(tx, realm, organization, &graph).await?;
                let user = match whom {
                    Whom::User(id) => users::find(tx, realm, id).await?,
                    Whom::Email(email) => users::find_by_email(tx, realm, &email).await?,
                };
                let user = user.ok_or(Problem::NotFound)?;
                let member = memberships::find(tx, realm, organization, user.id).await?;
                let claims = personal_claims::find(tx, realm, user.id).await?;
                Ok(Chosen { member: member.ok_or(Problem::NotFound)?, user, claims })
            })
        })
        .await
}

/// What somebody is to be in an organization.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// A member with these roles. For the realm, a user who is no member becomes one.
    With(Vec<RoleName>),
    /// A member with these roles, which they were not before.
    New(Vec<RoleName>),
    /// The member they are, with other roles.
    Changed(Vec<RoleName>),
    /// The same with some roles more and some less.
    Edited {
        /// More.
        add: Vec<RoleName>,
        /// Less.
        remove: Vec<RoleName>,
    },
}

impl Wanted {
    /// The roles of somebody who has those, or who is no member.
    fn over(&self, before: Option<&Membership>) -> Result<Vec<RoleName>, Problem> {
        match (self, before) {
            (Self::New(_), Some(_)) => Err(Problem::AlreadyMember),
            (Self::Changed(_) | Self::Edited { .. }, None) => Err(Problem::NotFound),
            (Self::With(roles) | Self::New(roles) | Self::Changed(roles), _) => Ok(roles.clone()),
            (Self::Edited { add, remove }, Some(before)) => {
                let kept = before.roles.iter().filter(|role| !remove.contains(role) && !add.contains(role));
                Ok(kept.chain(add).cloned().collect())
            }
        }
    }
}

/// Gives a member other roles. For the realm, a user who is no member becomes one.
pub async fn set(
    app: &App,
    realm: &Snapshot,
    within: (OrganizationId, UserId),
    roles: Vec<RoleName>,
    acting: (Who, By),
    now: Timestamp,
) -> Result<(Membership, User), Problem> {
    put(app, realm, within, Wanted::With(roles), acting, now).await
}

/// Makes of somebody what they are to be.
pub async fn put(
    app: &App,
    realm: &Snapshot,
    (organization, user): (OrganizationId, UserId),
    wanted: Wanted,
    (who, by): (Who, By),
    now: Timestamp,
) -> Result<(Membership, User), Problem> {
    let record = |event| {
        let record = who.record(app, event, realm.id(), user, now);
        record.with("organization", organization.to_string())
    };
    let (changed, added) = (record(Event::MemberRolesChanged), record(Event::MemberAdded));
    let refused = record(Event::MemberChangeRefused);
    let message = OutboxId::new(now, app.entropy());
    let (graph, realm) = (realm.organization_roles().clone(), realm.id());
    let answer = app.db().write("change a member", move |tx| {
        let (who, wanted, graph) = (who.clone(), wanted.clone(), graph.clone());
        let (changed, added) = (changed.clone(), added.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            let authority = by.authority(tx, realm, organization, &graph).await?;
            let account = users::find(tx, realm, user).await?.ok_or(Problem::NotFound)?;
            who.reaches(&account)?;
            let before = memberships::find(tx, realm, organization, user).await?;
            let roles = wanted.over(before.as_ref())?;
            let Some(before) = before else {
                if by != By::Realm {
                    return Err(Problem::NotFound);
                }
                let member = Membership::begin(realm, organization, user, roles, now);
                memberships::create(tx, &member).await?;
                if let Some(email) = &account.email {
                    invitations::revoke_to(tx, realm, organization, email, now).await?;
                }
                audit::append(tx, &added.with("roles", names(&member.roles))).await?;
                return Ok((member, account));
            };
            authority.manage()?;
            authority.cover(&before.roles, &graph)?;
            authority.cover(&roles, &graph)?;
            if before.roles == roles {
                return Ok((before, account));
            }
            if by != By::Realm && owns(&roles) && !before.is_owner() {
                may_own_another(tx, realm, user).await?;
            }
            if before.is_owner() && !owns(&roles) {
                keep_an_owner(tx, realm, organization, user).await?;
            }
            if !Standing::of(&roles, &graph).may_manage() {
                invitations::revoke_from(tx, realm, organization, user, now).await?;
            }
            let after = memberships::set_roles(tx, realm, organization, user, &roles, now, message).await?;
            audit::append(tx, &with_roles(changed, &before.roles, &roles)).await?;
            Ok((after.ok_or(Problem::NotFound)?, account))
        })
    });
    note_refused(app, answer.await, refused).await
}

/// Removes a member, with what they invited and nobody accepted, and returns what they were. Oneself anybody may remove, but not the
/// last owner.
pub async fn remove(
    app: &App,
    realm: &Snapshot,
    (organization, user): (OrganizationId, UserId),
    (who, by): (Who, By),
    now: Timestamp,
) -> Result<Membership, Problem> {
    let record = |event| {
        let record = who.record(app, event, realm.id(), user, now);
        record.with("organization", organization.to_string())
    };
    let (removed, refused) = (record(Event::MemberRemoved), record(Event::MemberChangeRefused));
    let message = OutboxId::new(now, app.entropy());
    let (graph, realm) = (realm.organization_roles().clone(), realm.id());
    let answer = app.db().write("remove a member", move |tx| {
        let (who, removed, graph) = (who.clone(), removed.clone(), graph.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            // Leaving is no acting there: nobody is kept in by what they have not set up.
            let authority =
                if by.is(user) { None } else { Some(by.authority(tx, realm, organization, &graph).await?) };
            let before = memberships::find(tx, realm, organization, user).await?.ok_or(Problem::NotFound)?;
            let account = users::find(tx, realm, user).await?.ok_or(Problem::NotFound)?;
            who.reaches(&account)?;
            if let Some(authority) = authority {
                authority.manage()?;
                authority.cover(&before.roles, &graph)?;
            }
            if before.is_owner() {
                keep_an_owner(tx, realm, organization, user).await?;
            }
            memberships::remove(tx, realm, organization, user, now, message).await?;
            invitations::revoke_from(tx, realm, organization, user, now).await?;
            if let Some(email) = account.email {
                invitations::revoke_to(tx, realm, organization, &email, now).await?;
            }
            audit::append(tx, &removed.with("roles", names(&before.roles))).await?;
            Ok(before)
        })
    });
    note_refused(app, answer.await, refused).await
}
