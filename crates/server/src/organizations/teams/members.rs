//! Who is in a team.

use gatepost_domain::{
    Membership, OrganizationId, RealmId, Team, TeamId, TeamMember, Timestamp, User, UserId, audit::Event,
};
use gatepost_store::{Tx, audit, memberships, team_members, users};

use super::{By, about, note_refused, on, within};
use crate::{App, accounts::Who, http::Problem, realm::Snapshot};

/// The most who are in one team.
const MOST: u64 = 1_000;

/// Whether another may be in the team.
pub(super) async fn has_room(tx: &mut Tx, team: &Team) -> Result<bool, Problem> {
    Ok(team_members::count(tx, team.realm, (team.organization, team.id)).await? < MOST)
}

/// What somebody is in the organization. Who is no member is answered as missing.
pub(super) async fn of_organization(
    tx: &mut Tx,
    realm: RealmId,
    (organization, user): (OrganizationId, UserId),
) -> Result<Membership, Problem> {
    memberships::find(tx, realm, organization, user).await?.ok_or(Problem::NotFound)
}

/// Those who are in a team with their accounts, as many as `limit`, after the given one. For every member of the organization.
pub async fn list(
    app: &App,
    realm: &Snapshot,
    (organization, team): (OrganizationId, TeamId),
    by: By,
    (after, limit): (Option<UserId>, u32),
) -> Result<Vec<(TeamMember, User)>, Problem> {
    on(realm)?;
    let (graph, realm) = (realm.organization_roles().clone(), realm.id());
    app.db()
        .read("list who is in a team", move |tx| {
            let graph = graph.clone();
            Box::pin(async move {
                by.authority(tx, realm, organization, &graph).await?;
                within(tx, realm, (organization, team)).await?;
                Ok(team_members::list(tx, realm, (organization, team), after, limit).await?)
            })
        })
        .await
}

/// That a user is in a team of the organization. `None`: they are not. That whoever asks may know is for the caller to know.
pub async fn find(
    app: &App,
    realm: &Snapshot,
    (organization, team): (OrganizationId, TeamId),
    user: UserId,
) -> Result<Option<TeamMember>, Problem> {
    let realm = realm.id();
    let found = app.db().read("find who is in a team", move |tx| {
        Box::pin(async move { team_members::find(tx, realm, (organization, team), user).await })
    });
    Ok(found.await?)
}

/// Puts somebody into a team who is not in it, and writes it down.
pub(super) async fn put(tx: &mut Tx, member: &TeamMember, (app, who): (&App, &Who)) -> Result<(), Problem> {
    team_members::add(tx, member).await?;
    let record = who.record(app, Event::TeamMemberAdded, member.realm, member.user, member.created_at);
    Ok(audit::append(tx, &about(record, (member.organization, member.team))).await?)
}

/// Puts a member of the organization into a team of it. Who is in it already stays in it.
pub async fn add(
    app: &App,
    realm: &Snapshot,
    (organization, team, user): (OrganizationId, TeamId, UserId),
    (who, by): (Who, By),
    now: Timestamp,
) -> Result<(TeamMember, User), Problem> {
    on(realm)?;
    let refused = who.record(app, Event::MemberChangeRefused, realm.id(), user, now);
    let refused = about(refused, (organization, team));
    let (graph, realm, worker) = (realm.organization_roles().clone(), realm.id(), app.clone());
    let answer = app.db().write("put somebody into a team", move |tx| {
        let (app, who, graph) = (worker.clone(), who.clone(), graph.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            by.authority(tx, realm, organization, &graph).await?.manage()?;
            let account = users::find(tx, realm, user).await?.ok_or(Problem::NotFound)?;
            who.reaches(&account)?;
            of_organization(tx, realm, (organization, user)).await?;
            let team = within(tx, realm, (organization, team)).await?;
            if let Some(found) = team_members::find(tx, realm, (organization, team.id), user).await? {
                return Ok((found, account));
            }
            if !has_room(tx, &team).await? {
                return Err(Problem::TooMany { what: "members of one team", most: MOST });
            }
            let member = team.with(user, now);
            put(tx, &member, (&app, &who)).await?;
            Ok((member, account))
        })
    });
    note_refused(app, answer.await, refused).await
}

/// Takes somebody out of a team. They stay in the organization. Who is not in it is answered as missing.
pub async fn remove(
    app: &App,
    realm: &Snapshot,
    (organization, team, user): (OrganizationId, TeamId, UserId),
    (who, by): (Who, By),
    now: Timestamp,
) -> Result<(), Problem> {
    on(realm)?;
    let record = |event| about(who.record(app, event, realm.id(), user, now), (organization, team));
    let (done, refused) = (record(Event::TeamMemberRemoved), record(Event::MemberChangeRefused));
    let (graph, realm) = (realm.organization_roles().clone(), realm.id());
    let answer = app.db().write("take somebody out of a team", move |tx| {
        let (who, record, graph) = (who.clone(), done.clone(), graph.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            by.authority(tx, realm, organization, &graph).await?.manage()?;
            let account = users::find(tx, realm, user).await?.ok_or(Problem::NotFound)?;
            who.reaches(&account)?;
            within(tx, realm, (organization, team)).await?;
            if !team_members::remove(tx, realm, (organization, team), user).await? {
                return Err(Problem::NotFound);
            }
            audit::append(tx, &record).await?;
            Ok(())
        })
    });
    note_refused(app, answer.await, refused).await
}
