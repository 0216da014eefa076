//! Organizations: made, changed, deleted; their members and invitations; and the tokens that speak of one.

mod acting;
mod authority;
mod exchange;
mod invitations;
mod invited;
mod members;
mod read;
mod resend;
mod switch;
pub mod teams;

use gatepost_domain::{
    DisplayName, LogoUrl, Membership, Metadata, Mfa, Notes, NotesChange, Organization, OrganizationId,
    OutboxId, RealmId, RoleName, Slug, Timestamp, UserId,
    audit::{Event, Record},
    mfa::OrganizationMfa,
};
use gatepost_store::{
    Tx, audit, memberships, organization_notes, organizations, organizations::OrganizationChanges, realms,
};

use crate::{
    App,
    accounts::{Who, noted},
    http::Problem,
    realm::Snapshot,
};

use authority::note_refused;

pub use acting::{acting, acting_as};
pub use authority::{By, managing};
pub use exchange::{ExchangeRefused, exchange};
pub use invitations::{
    Wanted as WantedInvitation, invite, invite_again, leads_to, list as list_invitations, revoke,
};
pub use invited::{Presented, accept, decline, find_inviter, list_invitations_to, look_at_invitation};
pub use members::{
    Wanted, Whom, choose as choose_members, find as find_member, list as list_members, put as put_member,
    remove as remove_member, set as set_member,
};
pub use read::{free_slug, logo_url, metadata, mfa, name, roles, slug};
pub use resend::{find as find_invitation, resend};
pub use switch::{activate, activate_team, switch};

/// The most organizations one user owns.
const MOST: u64 = 100;

/// An organization to be made.
#[derive(Clone, Debug)]
pub struct NewOrganization {
    /// The name shown to people.
    pub name: DisplayName,
    /// The name in addresses.
    pub slug: Slug,
    /// Where its picture is.
    pub logo_url: Option<LogoUrl>,
    /// What its owners keep with it.
    pub metadata: Option<Metadata>,
    /// What an application keeps with it.
    pub notes: Notes,
}

impl NewOrganization {
    /// One of which no more is known than what it is called.
    pub fn called(name: DisplayName, slug: Slug) -> Self {
        Self { name, slug, logo_url: None, metadata: None, notes: Notes::default() }
    }
}

/// Makes an organization. It belongs to `owner`; without one, to nobody until somebody is made an owner of it. Where the realm has teams,
/// one with an owner begins with a team of its name, in which they are.
pub async fn create(
    app: &App,
    realm: &Snapshot,
    name: DisplayName,
    slug: Slug,
    owner: Option<UserId>,
    who: Who,
    now: Timestamp,
) -> Result<Organization, Problem> {
    create_with(app, realm, NewOrganization::called(name, slug), owner, who, now).await
}

/// The same, with all that is kept with it.
pub async fn create_with(
    app: &App,
    realm: &Snapshot,
    new: NewOrganization,
    owner: Option<UserId>,
    who: Who,
    now: Timestamp,
) -> Result<Organization, Problem> {
    let NewOrganization { name, slug, logo_url, metadata, notes } = new;
    notes.check().map_err(noted)?;
    let (first, realm) = (teams::first(app, realm, owner, now), realm.id());
    let id = OrganizationId::new(now, app.entropy());
    let made = Organization { logo_url, metadata, ..Organization::begin(id, realm, slug, name, now) };
    let member = owner.map(|owner| Membership::begin(realm, id, owner, vec![RoleName::owner()], now));
    let mut record = who.record_of_realm(app, Event::OrganizationCreated, realm, now);
    record.user = owner;
    let record = record.with("organization", id.to_string());
    let (stored, worker) = (made.clone(), app.clone());
    app.db()
        .write("make an organization", move |tx| {
            let (app, organization, member) = (worker.clone(), stored.clone(), member.clone());
            let (who, record, notes) = (who.clone(), record.clone(), notes.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                organizations::create(tx, &organization).await?;
                if !notes.is_empty() {
                    organization_notes::set(tx, realm, organization.id, &notes).await?;
                }
                if let Some(member) = &member {
                    may_own_another(tx, realm, member.user).await?;
                    memberships::create(tx, member).await?;
                }
                audit::append(tx, &record).await?;
                if let (Some(first), Some(owner)) = (first, owner) {
                    teams::begin(tx, first, (&organization, owner), (&app, &who), now).await?;
                }
                Ok::<_, Problem>(())
            })
        })
        .await?;
    Ok(made)
}

/// Refuses to go on if the user owns as many organizations as one may.
async fn may_own_another(tx: &mut Tx, realm: RealmId, user: UserId) -> Result<(), Problem> {
    if memberships::owned_by(tx, realm, user).await?.len() as u64 >= MOST {
        return Err(Problem::TooMany { what: "organizations of one owner", most: MOST });
    }
    Ok(())
}

/// The organization of an id.
pub async fn find(app: &App, realm: RealmId, id: OrganizationId) -> Result<Organization, Problem> {
    let found = app.db().read("find an organization", move |tx| {
        Box::pin(async move { organizations::find(tx, realm, id).await })
    });
    found.await?.ok_or(Problem::NotFound)
}

/// The organizations of the realm, as many as `limit`, after the given one; with `search`, those whose slug contains it.
pub async fn list(
    app: &App,
    realm: RealmId,
    search: Option<String>,
    after: Option<OrganizationId>,
    limit: u32,
) -> Result<Vec<Organization>, Problem> {
    let found = app.db().read("list organizations", move |tx| {
        let search = search.clone();
        Box::pin(async move { organizations::list(tx, realm, search.as_deref(), after, limit).await })
    });
    Ok(found.await?)
}

/// The organization, and what the user is in it, also where they may not act in it. One the user does not belong to is answered as
/// missing.
pub async fn find_of(
    app: &App,
    realm: RealmId,
    id: OrganizationId,
    user: UserId,
) -> Result<(Organization, Membership), Problem> {
    app.db()
        .read("find an organization of a user", move |tx| {
            Box::pin(async move {
                let member = memberships::find(tx, realm, id, user).await?.ok_or(Problem::NotFound)?;
                let organization = organizations::find(tx, realm, id).await?.ok_or(Problem::NotFound)?;
                Ok((organization, member))
            })
        })
        .await
}

/// The same of a slug.
pub async fn find_by_slug_of(
    app: &App,
    realm: RealmId,
    slug: Slug,
    user: UserId,
) -> Result<(Organization, Membership), Problem> {
    app.db()
        .read("find an organization of a user by its slug", move |tx| {
            let slug = slug.clone();
            Box::pin(async move {
                let found = organizations::find_by_slug(tx, realm, &slug).await?.ok_or(Problem::NotFound)?;
                let member = memberships::find(tx, realm, found.id, user).await?.ok_or(Problem::NotFound)?;
                Ok((found, member))
            })
        })
        .await
}

/// Whether an organization of the realm could have the slug. Whoever is signed in finds out by making one, too.
pub async fn is_slug_free(app: &App, realm: RealmId, slug: Slug) -> Result<bool, Problem> {
    let found = app.db().read("look whether a slug is free", move |tx| {
        let slug = slug.clone();
        Box::pin(async move { organizations::find_by_slug(tx, realm, &slug).await })
    });
    Ok(found.await?.is_none())
}

/// The organizations a user belongs to, as many as `limit`, after the given one.
pub async fn list_of(
    app: &App,
    realm: RealmId,
    user: UserId,
    after: Option<OrganizationId>,
    limit: u32,
) -> Result<Vec<(Organization, Membership)>, Problem> {
    let found = app.db().read("list organizations of a user", move |tx| {
        Box::pin(async move { organizations::list_of(tx, realm, user, after, limit).await })
    });
    Ok(found.await?)
}

/// The record of a change, with what it says of second factors, where that is another.
pub(crate) fn told(record: Record, before: &Organization, changes: &OrganizationChanges) -> Record {
    match changes.mfa {
        Some(mfa) if mfa != before.mfa() => {
            record.with("before", before.mfa().name()).with("after", mfa.name())
        }
        _ => record,
    }
}

/// What applications keep with each of these organizations.
pub async fn notes_of(app: &App, realm: RealmId, ids: Vec<OrganizationId>) -> Result<Vec<Notes>, Problem> {
    let found = app.db().read("find what is kept with organizations", move |tx| {
        let ids = ids.clone();
        Box::pin(async move {
            let mut all = Vec::with_capacity(ids.len());
            for id in ids {
                all.push(organization_notes::find(tx, realm, id).await?);
            }
            Ok::<_, gatepost_store::Error>(all)
        })
    });
    Ok(found.await?)
}

/// The organization that is called so elsewhere.
pub async fn find_by_external_id(
    app: &App,
    realm: RealmId,
    external_id: String,
) -> Result<OrganizationId, Problem> {
    // Which no text of a database holds.
    if external_id.contains('\0') {
        return Err(Problem::NotFound);
    }
    let found = app.db().read("find an organization by an external id", move |tx| {
        let external_id = external_id.clone();
        Box::pin(async move { organization_notes::find_by_external_id(tx, realm, &external_id).await })
    });
    found.await?.ok_or(Problem::NotFound)
}

/// How many members have a role, of one organization or of all.
pub async fn count_with_role(
    app: &App,
    realm: RealmId,
    organization: Option<OrganizationId>,
    role: RoleName,
) -> Result<u64, Problem> {
    let found = app.db().read("count the members with a role", move |tx| {
        let role = role.clone();
        Box::pin(async move { memberships::count_with_role(tx, realm, organization, &role).await })
    });
    Ok(found.await?)
}

/// Gives an organization another name, slug or logo, other metadata, or lets it say something else of second factors; what is `None` stays. A member must
/// be an owner.
pub async fn change(
    app: &App,
    realm: &Snapshot,
    id: OrganizationId,
    changes: OrganizationChanges,
    acting: (Who, By),
    now: Timestamp,
) -> Result<Organization, Problem> {
    change_with(app, realm, id, (changes, NotesChange::default()), acting, now).await
}

/// The same, with what an application keeps with it.
pub async fn change_with(
    app: &App,
    realm: &Snapshot,
    id: OrganizationId,
    (changes, notes): (OrganizationChanges, NotesChange),
    (who, by): (Who, By),
    now: Timestamp,
) -> Result<Organization, Problem> {
    let record = |event| {
        let record = who.record_of_realm(app, event, realm.id(), now);
        record.with("organization", id.to_string())
    };
    let (done, refused) = (record(Event::OrganizationUpdated), record(Event::OrganizationChangeRefused));
    let (graph, realm) = (realm.organization_roles().clone(), realm.id());
    let answer = app.db().write("change an organization", move |tx| {
        let (changes, notes, graph) = (changes.clone(), notes.clone(), graph.clone());
        let (who, record) = (who.clone(), done.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            by.authority(tx, realm, id, &graph).await?.own()?;
            let before = organizations::find(tx, realm, id).await?;
            who.means(before.as_ref())?;
            let before = before.ok_or(Problem::NotFound)?;
            if changes.mfa.is_some_and(|mfa| mfa != before.mfa()) {
                by.may_set_mfa(tx, realm).await?;
            }
            let changed = organizations::update(tx, realm, id, &changes, now).await?;
            if !notes.is_empty() {
                let kept = organization_notes::find(tx, realm, id).await?;
                organization_notes::set(tx, realm, id, &notes.over(kept).map_err(noted)?).await?;
            }
            if changes.mfa == Some(OrganizationMfa::Required) {
                somebody_can(tx, realm).await?;
            }
            audit::append(tx, &told(record, &before, &changes)).await?;
            changed.ok_or(Problem::NotFound)
        })
    });
    note_refused(app, answer.await, refused).await
}

/// Nobody is asked for what nobody can set up.
async fn somebody_can(tx: &mut Tx, realm: RealmId) -> Result<(), Problem> {
    match realms::find(tx, realm).await? {
        Some(found) if found.settings.mfa == Mfa::Off => Err(Problem::InvalidField {
            field: "mfa",
            reason: format!(
                "the realm {} has second factors off, so that nobody could set one up; have its setting `mfa` made \"optional\" first",
                found.name
            )
            .into(),
        }),
        _ => Ok(()),
    }
}

/// Deletes an organization with its members, invitations and keys, and returns what it was. A member must be an owner.
pub async fn delete(
    app: &App,
    realm: &Snapshot,
    id: OrganizationId,
    (who, by): (Who, By),
    now: Timestamp,
) -> Result<Organization, Problem> {
    let record = |event| {
        let record = who.record_of_realm(app, event, realm.id(), now);
        record.with("organization", id.to_string())
    };
    let (done, refused) = (record(Event::OrganizationDeleted), record(Event::OrganizationChangeRefused));
    let (graph, realm, message) =
        (realm.organization_roles().clone(), realm.id(), OutboxId::new(now, app.entropy()));
    let answer = app.db().write("delete an organization", move |tx| {
        let (who, record, graph) = (who.clone(), done.clone(), graph.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            by.authority(tx, realm, id, &graph).await?.own()?;
            let before = organizations::find(tx, realm, id).await?;
            who.means(before.as_ref())?;
            organizations::delete(tx, realm, id, now, message).await?;
            audit::append(tx, &record).await?;
            before.ok_or(Problem::NotFound)
        })
    });
    let deleted = note_refused(app, answer.await, refused).await?;
    // Its clients are gone, too.
    app.realms().forget(realm);
    Ok(deleted)
}
