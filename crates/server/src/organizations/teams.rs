//! Teams of an organization: made, listed, given another name, deleted. Those who manage members do so; every member sees them.

mod members;

use gatepost_domain::{
    DisplayName, Membership, Organization, OrganizationId, RealmId, Team, TeamId, Timestamp, UserId,
    audit::{Event, Record},
};
use gatepost_store::{Tx, audit, teams};

use super::authority::{By, note_refused};
use crate::{
    App,
    accounts::{Who, field},
    http::Problem,
    realm::Snapshot,
};

pub use members::{add, find as find_member, list as list_members, remove as remove_member};

/// The most teams of one organization.
const MOST: u64 = 1_000;

/// The most teams that one invitation leads into.
pub const MOST_OF_INVITATION: usize = 100;

/// Refuses to go on where the realm divides its organizations into none.
fn on(realm: &Snapshot) -> Result<(), Problem> {
    if realm.settings().teams { Ok(()) } else { Err(Problem::TeamsOff) }
}

/// The team of the organization. One of another is answered as missing.
pub(super) async fn within(
    tx: &mut Tx,
    realm: RealmId,
    (organization, id): (OrganizationId, TeamId),
) -> Result<Team, Problem> {
    let found = teams::find(tx, realm, id).await?;
    found.filter(|team| team.organization == organization).ok_or(Problem::NotFound)
}

/// The id of the first team of an organization that is made for an owner, where the realm has teams.
pub(super) fn first(app: &App, realm: &Snapshot, owner: Option<UserId>, now: Timestamp) -> Option<TeamId> {
    owner.filter(|_| realm.settings().teams).map(|_| TeamId::new(now, app.entropy()))
}

/// Makes the first team of an organization: it has its name, and its owner is in it.
pub(super) async fn begin(
    tx: &mut Tx,
    id: TeamId,
    (organization, owner): (&Organization, UserId),
    (app, who): (&App, &Who),
    now: Timestamp,
) -> Result<(), Problem> {
    let Organization { id: of, realm, name, .. } = organization;
    let team = Team::begin(id, *realm, *of, name.clone(), now);
    teams::create(tx, &team).await?;
    let record = who.record_of_realm(app, Event::TeamCreated, *realm, now);
    audit::append(tx, &about(record, (*of, id))).await?;
    members::put(tx, &team.with(owner, now), (app, who)).await?;
    Ok(())
}

/// A record of something about a team.
fn about(record: Record, (organization, team): (OrganizationId, TeamId)) -> Record {
    record.with("organization", organization.to_string()).with("team", team.to_string())
}

/// Reads the ids of teams out of a request.
pub fn read(ids: &[String]) -> Result<Vec<TeamId>, Problem> {
    ids.iter().map(|id| id.parse().map_err(|refused| field("teams", refused))).collect()
}

/// Into which teams an invitation is to lead, each once.
pub(super) fn invited_into(realm: &Snapshot, wanted: Vec<TeamId>) -> Result<Vec<TeamId>, Problem> {
    let mut each = Vec::with_capacity(wanted.len().min(MOST_OF_INVITATION));
    for team in wanted {
        if each.contains(&team) {
            continue;
        }
        if each.len() == MOST_OF_INVITATION {
            let reason = format!("name at most {MOST_OF_INVITATION} teams").into();
            return Err(Problem::InvalidField { field: "teams", reason });
        }
        each.push(team);
    }
    if !each.is_empty() {
        on(realm)?;
    }
    Ok(each)
}

/// Refuses to go on if one of the teams is not of the organization.
pub(super) async fn all_within(
    tx: &mut Tx,
    realm: RealmId,
    organization: OrganizationId,
    wanted: &[TeamId],
) -> Result<(), Problem> {
    for id in wanted {
        within(tx, realm, (organization, *id)).await.map_err(|problem| match problem {
            Problem::NotFound => Problem::InvalidField {
                field: "teams",
                reason: format!("the organization has no team {id}").into(),
            },
            other => other,
        })?;
    }
    Ok(())
}

/// Puts whoever joins the organization into the teams they were invited into. One that is full by then is left out.
pub(super) async fn enter(
    tx: &mut Tx,
    member: &Membership,
    invited_into: &[TeamId],
    whose: (&App, &Who),
    now: Timestamp,
) -> Result<(), Problem> {
    let (realm, organization) = (member.realm, member.organization);
    for id in invited_into {
        let team = within(tx, realm, (organization, *id)).await?;
        if members::has_room(tx, &team).await? {
            members::put(tx, &team.with(member.user, now), whose).await?;
        }
    }
    Ok(())
}

/// What is written of a change of a team, and of one that was refused.
fn records(
    app: &App,
    realm: &Snapshot,
    which: (OrganizationId, TeamId),
    who: &Who,
    (event, now): (Event, Timestamp),
) -> (Record, Record) {
    let record = |event| about(who.record_of_realm(app, event, realm.id(), now), which);
    (record(event), record(Event::OrganizationChangeRefused))
}

/// Makes a team, which nobody is in yet.
pub async fn make(
    app: &App,
    realm: &Snapshot,
    organization: OrganizationId,
    name: DisplayName,
    (who, by): (Who, By),
    now: Timestamp,
) -> Result<Team, Problem> {
    on(realm)?;
    let made = Team::begin(TeamId::new(now, app.entropy()), realm.id(), organization, name, now);
    let record = |event| {
        let record = who.record_of_realm(app, event, realm.id(), now);
        record.with("organization", organization.to_string())
    };
    let done = record(Event::TeamCreated).with("team", made.id.to_string());
    let refused = record(Event::OrganizationChangeRefused);
    let (stored, graph) = (made.clone(), realm.organization_roles().clone());
    let answer = app.db().write("make a team", move |tx| {
        let (who, team, record, graph) = (who.clone(), stored.clone(), done.clone(), graph.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            by.authority(tx, team.realm, organization, &graph).await?.manage()?;
            if teams::count(tx, team.realm, organization).await? >= MOST {
                return Err(Problem::TooMany { what: "teams of one organization", most: MOST });
            }
            teams::create(tx, &team).await?;
            audit::append(tx, &record).await?;
            Ok(())
        })
    });
    note_refused(app, answer.await, refused).await?;
    Ok(made)
}

/// The teams of an organization, as many as `limit`, in the order they were made, after the given one. For every member.
pub async fn list(
    app: &App,
    realm: &Snapshot,
    organization: OrganizationId,
    by: By,
    (after, limit): (Option<TeamId>, u32),
) -> Result<Vec<Team>, Problem> {
    on(realm)?;
    let (graph, realm) = (realm.organization_roles().clone(), realm.id());
    app.db()
        .read("list teams", move |tx| {
            let graph = graph.clone();
            Box::pin(async move {
                by.authority(tx, realm, organization, &graph).await?;
                Ok(teams::list(tx, realm, organization, after, limit).await?)
            })
        })
        .await
}

/// The teams that a user is in, as many as `limit`, in the order they were made, after the given one: of one organization, or of all
/// they belong to. Which those are is no secret to the user, also where they may not act.
pub async fn list_of(
    app: &App,
    realm: &Snapshot,
    (user, organization): (UserId, Option<OrganizationId>),
    (after, limit): (Option<TeamId>, u32),
) -> Result<Vec<Team>, Problem> {
    on(realm)?;
    let realm = realm.id();
    let found = app.db().read("list teams of a user", move |tx| {
        Box::pin(async move { teams::list_of(tx, realm, user, organization, after, limit).await })
    });
    Ok(found.await?)
}

/// The same of a member, for those who manage members. Who is none is answered as missing.
pub async fn list_of_member(
    app: &App,
    realm: &Snapshot,
    (organization, user): (OrganizationId, UserId),
    by: By,
    limit: u32,
) -> Result<Vec<Team>, Problem> {
    on(realm)?;
    let (graph, realm) = (realm.organization_roles().clone(), realm.id());
    app.db()
        .read("list teams of a member", move |tx| {
            let graph = graph.clone();
            Box::pin(async move {
                by.authority(tx, realm, organization, &graph).await?.manage()?;
                members::of_organization(tx, realm, (organization, user)).await?;
                Ok(teams::list_of(tx, realm, user, Some(organization), None, limit).await?)
            })
        })
        .await
}

/// A team. For every member of its organization; to others, and where it is of another organization, it is not there.
pub async fn find(
    app: &App,
    realm: &Snapshot,
    id: TeamId,
    (organization, by): (Option<OrganizationId>, By),
) -> Result<Team, Problem> {
    on(realm)?;
    let (graph, realm) = (realm.organization_roles().clone(), realm.id());
    app.db()
        .read("find a team", move |tx| {
            let graph = graph.clone();
            Box::pin(async move {
                let team = teams::find(tx, realm, id).await?.ok_or(Problem::NotFound)?;
                if organization.is_some_and(|of| of != team.organization) {
                    return Err(Problem::NotFound);
                }
                by.authority(tx, realm, team.organization, &graph).await?;
                Ok(team)
            })
        })
        .await
}

/// Gives a team another name, or leaves it as it is where none is given.
pub async fn change(
    app: &App,
    realm: &Snapshot,
    (organization, id): (OrganizationId, TeamId),
    name: Option<DisplayName>,
    (who, by): (Who, By),
    now: Timestamp,
) -> Result<Team, Problem> {
    on(realm)?;
    let (done, refused) = records(app, realm, (organization, id), &who, (Event::TeamUpdated, now));
    let (graph, realm) = (realm.organization_roles().clone(), realm.id());
    let answer = app.db().write("change a team", move |tx| {
        let (who, name, record, graph) = (who.clone(), name.clone(), done.clone(), graph.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            by.authority(tx, realm, organization, &graph).await?.manage()?;
            let Some(name) = name else { return within(tx, realm, (organization, id)).await };
            let renamed = teams::rename(tx, realm, (organization, id), &name, now).await?;
            let renamed = renamed.ok_or(Problem::NotFound)?;
            audit::append(tx, &record).await?;
            Ok(renamed)
        })
    });
    note_refused(app, answer.await, refused).await
}

/// Deletes a team. Its members stay in the organization; the last team of an organization stays, too.
pub async fn remove(
    app: &App,
    realm: &Snapshot,
    (organization, id): (OrganizationId, TeamId),
    (who, by): (Who, By),
    now: Timestamp,
) -> Result<(), Problem> {
    on(realm)?;
    let (done, refused) = records(app, realm, (organization, id), &who, (Event::TeamDeleted, now));
    let (graph, realm) = (realm.organization_roles().clone(), realm.id());
    let answer = app.db().write("delete a team", move |tx| {
        let (who, record, graph) = (who.clone(), done.clone(), graph.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            by.authority(tx, realm, organization, &graph).await?.manage()?;
            within(tx, realm, (organization, id)).await?;
            if teams::count(tx, realm, organization).await? <= 1 {
                return Err(Problem::LastTeam);
            }
            teams::delete(tx, realm, (organization, id)).await?;
            audit::append(tx, &record).await?;
            Ok(())
        })
    });
    note_refused(app, answer.await, refused).await
}
