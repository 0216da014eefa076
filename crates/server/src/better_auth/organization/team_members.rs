//! Who is in a team: listed, put in, taken out.

use gatepost_domain::{OrganizationId, TeamId, UserId};
use serde_json::json;

use super::super::asked::{Answer, Asked};
use super::super::{caller::Caller, refusal::Refusal};
use super::{
    by, named,
    refusal::{
        MAY_NOT_ADD_TO_TEAM, MAY_NOT_REMOVE_FROM_TEAM, NO_ACTIVE_TEAM, NO_MEMBERSHIP, NO_TEAM, NONE_ACTIVE,
        NOT_A_MEMBER, NOT_IN_TEAM, Said, TEAM_FULL, told,
    },
    teams::on,
    view::TeamMemberView,
};
use crate::{
    http::Problem,
    organizations::{self, Whom, teams},
};

/// As many as are listed, which are all that may be in a team.
const MOST: u32 = 1_000;

/// Those who are in a team that the caller is in, too.
pub(in super::super) async fn list(mut asked: Asked) -> Answer {
    on(&asked)?;
    let mut fields = asked.query();
    let id = fields.optional_text("teamId").filter(|id| !id.is_empty());
    fields.done()?;
    let caller = asked.signed_in().await?;
    let id = match id {
        Some(id) => id.parse().map_err(|_| NO_TEAM)?,
        None => caller.session().team.ok_or(NO_ACTIVE_TEAM)?,
    };
    let (app, realm, by) = (&asked.app, &asked.realm, by(&asked, &caller));
    let team =
        teams::find(app, realm, id, (None, by)).await.map_err(|problem| told(problem, NO_TEAM, NO_TEAM))?;
    let within = (team.organization, team.id);
    teams::find_member(app, realm, within, caller.user().id).await?.ok_or(NOT_IN_TEAM)?;
    let found = teams::list_members(app, realm, within, by, (None, MOST)).await;
    let found = found.map_err(|problem| told(problem, NO_TEAM, NO_TEAM))?;
    let listed: Vec<TeamMemberView> = found.iter().map(|(member, _)| member.into()).collect();
    Ok(asked.json(&listed))
}

/// Puts a member of the organization into a team.
pub(in super::super) async fn add(mut asked: Asked) -> Answer {
    let (caller, organization, sent) = read(&mut asked).await?;
    let (app, realm) = (&asked.app, &asked.realm);
    let (which, acting) = ((organization, sent.0, sent.1), (caller.who(&asked), by(&asked, &caller)));
    let (member, _) = match teams::add(app, realm, which, acting, asked.now).await {
        Ok(added) => added,
        Err(Problem::TooMany { .. }) => return Err(TEAM_FULL.into()),
        Err(problem) => return Err(refused(&asked, &caller, which, (problem, MAY_NOT_ADD_TO_TEAM)).await?),
    };
    Ok(asked.json(&TeamMemberView::from(&member)))
}

/// Takes somebody out of a team.
pub(in super::super) async fn remove(mut asked: Asked) -> Answer {
    let (caller, organization, sent) = read(&mut asked).await?;
    let (app, realm) = (&asked.app, &asked.realm);
    let (which, acting) = ((organization, sent.0, sent.1), (caller.who(&asked), by(&asked, &caller)));
    if let Err(problem) = teams::remove_member(app, realm, which, acting, asked.now).await {
        return Err(refused(&asked, &caller, which, (problem, MAY_NOT_REMOVE_FROM_TEAM)).await?);
    }
    Ok(asked.json(&json!({"message": "Team member removed successfully."})))
}

/// Who asks, in which organization, of which team and whom.
async fn read(asked: &mut Asked) -> Result<(Caller, OrganizationId, (TeamId, UserId)), Refusal> {
    on(asked)?;
    let mut fields = asked.body();
    let (team, user) = (fields.text("teamId"), fields.text("userId"));
    let id = fields.optional_text("organizationId");
    fields.done()?;
    let caller = asked.signed_in().await?;
    let id = named(&caller, id, (NONE_ACTIVE, NO_MEMBERSHIP))?;
    let belongs = organizations::acting_as(&asked.app, &asked.realm, id, by(asked, &caller)).await;
    belongs.map_err(|problem| told(problem, NO_MEMBERSHIP, NO_MEMBERSHIP))?;
    // What is no id is of nobody, and of nothing.
    Ok((caller, id, (team.parse().unwrap_or(TeamId::MIN), user.parse().unwrap_or(UserId::MIN))))
}

/// What is missing where something is: the member of the organization, the team, or that they are in it.
async fn refused(
    asked: &Asked,
    caller: &Caller,
    (organization, team, user): (OrganizationId, TeamId, UserId),
    (problem, forbidden): (Problem, Said),
) -> Result<Refusal, Refusal> {
    if !matches!(problem, Problem::NotFound) {
        return Ok(told(problem, NO_TEAM, forbidden));
    }
    let (app, realm, by) = (&asked.app, &asked.realm, by(asked, caller));
    let member = organizations::find_member(app, realm, organization, by, Whom::User(user)).await;
    member.map_err(|problem| told(problem, NOT_A_MEMBER, forbidden))?;
    let team = teams::find(app, realm, team, (Some(organization), by)).await;
    team.map_err(|problem| told(problem, NO_TEAM, forbidden))?;
    Ok(NOT_IN_TEAM.into())
}
