//! Teams of an organization, where the realm has them; there are no such endpoints where it has none, as there.

use axum::http::StatusCode;
use gatepost_domain::{Invitation, OrganizationId, Session, Team, TeamId, UserId};
use serde_json::{Value, json};

use super::super::asked::{Answer, Asked};
use super::super::{caller::Caller, fields::Fields, refusal::Refusal};
use super::{
    by, named,
    refusal::{
        ACTIVE_TEAM, BAD_TEAM, LAST_TEAM, MAY_NOT_CHANGE, MAY_NOT_CHANGE_TEAM, MAY_NOT_DELETE_TEAMS,
        MAY_NOT_MAKE_TEAMS, NO_MEMBERS, NO_TEAM, NO_TEAM_TO_CHANGE, NO_TEAM_TO_DELETE, NO_TEAMS_TO_MAKE,
        NO_TEAMS_TO_SEE, NONE_ACTIVE, NOT_A_MEMBER, NOT_IN_TEAM_TO_BE_IN, TOO_MANY_TEAMS, told,
    },
    single::of_data,
    view::TeamView,
};
use crate::{
    http::Problem,
    organizations::{self, By, teams},
};

/// As many as are listed, which are all that an organization may have.
const MOST: u32 = 1_000;

/// Answers as what is no endpoint where the realm has no teams.
pub(super) fn on(asked: &Asked) -> Result<(), Refusal> {
    let is_on = asked.realm.settings().teams;
    if is_on { Ok(()) } else { Err(Refusal::without_body(StatusCode::NOT_FOUND)) }
}

/// The ids of teams that were sent. What is no id names none.
pub(super) fn read(sent: &[String]) -> Result<Vec<TeamId>, Refusal> {
    if sent.iter().any(|id| id.contains(',')) {
        return Err(BAD_TEAM.into());
    }
    sent.iter().map(|id| id.parse().map_err(|_| NO_TEAM.into())).collect()
}

fn shown(teams: &[Team]) -> Vec<TeamView> {
    teams.iter().map(TeamView::from).collect()
}

/// The teams of an organization, as they are shown.
pub(super) async fn listed(asked: &Asked, id: OrganizationId, by: By) -> Result<Vec<TeamView>, Problem> {
    Ok(shown(&teams::list(&asked.app, &asked.realm, id, by, (None, MOST)).await?))
}

/// The team that is active in the session, if its user is in it.
pub(in super::super) async fn active_of(
    asked: &Asked,
    caller: &Caller,
    organization: OrganizationId,
) -> Result<Option<TeamId>, Problem> {
    let Some(team) = caller.session().team.filter(|_| asked.realm.settings().teams) else { return Ok(None) };
    let (app, realm, user) = (&asked.app, &asked.realm, caller.user().id);
    Ok(teams::find_member(app, realm, (organization, team), user).await?.map(|member| member.team))
}

async fn activate(
    asked: &Asked,
    caller: &Caller,
    team: Option<(OrganizationId, TeamId)>,
) -> Result<Session, Problem> {
    let (app, realm, who) = (&asked.app, &asked.realm, caller.who(asked));
    organizations::activate_team(app, realm, &caller.known, team, who, asked.now).await
}

/// Makes the first team of an organization the active one.
pub(super) async fn activate_first(
    asked: &Asked,
    caller: &Caller,
    organization: OrganizationId,
) -> Result<(), Problem> {
    let page = (None, 1);
    let found = teams::list(&asked.app, &asked.realm, organization, by(asked, caller), page).await?;
    if let Some(first) = found.first() {
        activate(asked, caller, Some((organization, first.id))).await?;
    }
    Ok(())
}

/// Makes the team active that an invitation led into, if it was one. The session is sent once more then, as there.
pub(super) async fn activate_only(
    asked: &mut Asked,
    caller: &Caller,
    invitation: &Invitation,
) -> Result<(), Problem> {
    let [only] = invitation.teams[..] else { return Ok(()) };
    match activate(asked, caller, Some((invitation.organization, only))).await {
        Ok(session) => asked.keep(&session),
        // It was full.
        Err(Problem::NotFound) => {}
        Err(other) => return Err(other),
    }
    Ok(())
}

/// Makes a team.
pub(in super::super) async fn create(mut asked: Asked) -> Answer {
    on(&asked)?;
    let mut fields = asked.body();
    let (name, id) = (fields.text("name"), fields.optional_text("organizationId"));
    fields.done()?;
    let caller = asked.signed_in().await?;
    let id = named(&caller, id, (NONE_ACTIVE, NO_TEAMS_TO_MAKE))?;
    let (name, acting) = (organizations::name(&name)?, (caller.who(&asked), by(&asked, &caller)));
    let made = teams::make(&asked.app, &asked.realm, id, name, acting, asked.now).await;
    let made = made.map_err(|problem| match problem {
        Problem::TooMany { .. } => TOO_MANY_TEAMS.into(),
        other => told(other, NO_TEAMS_TO_MAKE, MAY_NOT_MAKE_TEAMS),
    })?;
    Ok(asked.json(&TeamView::from(&made)))
}

/// Gives a team another name. What says of none leaves it as it is.
pub(in super::super) async fn update(mut asked: Asked) -> Answer {
    on(&asked)?;
    let mut fields = asked.body();
    let team = fields.text("teamId");
    let mut data = Fields::of("body.data", fields.take("data"));
    let (name, id) = (data.optional_filled("name"), data.optional_text("organizationId"));
    fields.join(data);
    fields.done()?;
    let caller = asked.signed_in().await?;
    let id = named(&caller, id, (NONE_ACTIVE, NO_TEAM_TO_CHANGE))?;
    let (app, realm, by) = (&asked.app, &asked.realm, by(&asked, &caller));
    let belongs = organizations::acting_as(app, realm, id, by).await;
    belongs.map_err(|problem| told(problem, NO_TEAM_TO_CHANGE, MAY_NOT_CHANGE_TEAM))?;
    let Ok(team) = team.parse() else { return Err(NO_TEAM.into()) };
    let name = name.as_deref().map(organizations::name).transpose().map_err(of_data)?;
    let renamed = teams::change(app, realm, (id, team), name, (caller.who(&asked), by), asked.now).await;
    let renamed = renamed.map_err(|problem| told(problem, NO_TEAM, MAY_NOT_CHANGE_TEAM))?;
    Ok(asked.json(&TeamView::from(&renamed)))
}

/// Deletes a team that is not the active one.
pub(in super::super) async fn remove(mut asked: Asked) -> Answer {
    on(&asked)?;
    let mut fields = asked.body();
    let (team, id) = (fields.text("teamId"), fields.optional_text("organizationId"));
    fields.done()?;
    let caller = asked.signed_in().await?;
    let id = named(&caller, id, (NONE_ACTIVE, NO_TEAM_TO_DELETE))?;
    let (app, realm, by) = (&asked.app, &asked.realm, by(&asked, &caller));
    let belongs = organizations::acting_as(app, realm, id, by).await;
    belongs.map_err(|problem| told(problem, NO_TEAM_TO_DELETE, MAY_NOT_DELETE_TEAMS))?;
    let Ok(team) = team.parse() else { return Err(NO_TEAM.into()) };
    let is_active =
        caller.session().organization == Some(id) && active_of(&asked, &caller, id).await? == Some(team);
    if is_active {
        return Err(ACTIVE_TEAM.into());
    }
    let removed = teams::remove(app, realm, (id, team), (caller.who(&asked), by), asked.now).await;
    removed.map_err(|problem| match problem {
        Problem::LastTeam => LAST_TEAM.into(),
        other => told(other, NO_TEAM, MAY_NOT_DELETE_TEAMS),
    })?;
    Ok(asked.json(&json!({"message": "Team removed successfully."})))
}

/// The teams of an organization.
pub(in super::super) async fn list(mut asked: Asked) -> Answer {
    on(&asked)?;
    let mut fields = asked.query();
    let id = fields.optional_text("organizationId");
    fields.done()?;
    let caller = asked.signed_in().await?;
    let id = named(&caller, id, (NONE_ACTIVE, NO_TEAMS_TO_SEE))?;
    let found = listed(&asked, id, by(&asked, &caller)).await;
    Ok(asked.json(&found.map_err(|problem| told(problem, NO_TEAMS_TO_SEE, NO_TEAMS_TO_SEE))?))
}

/// Makes a team of the active organization the active one of the session, or none with `null`.
pub(in super::super) async fn set_active(mut asked: Asked) -> Answer {
    on(&asked)?;
    let mut fields = asked.body();
    let sent = fields.given_text("teamId");
    fields.done()?;
    let caller = asked.signed_in().await?;
    let (organization, active) = (caller.session().organization, caller.session().team);
    let wanted = match sent {
        Some(None) => None,
        Some(Some(id)) if !id.is_empty() => Some(id.parse().map_err(|_| NO_TEAM)),
        _ => active.map(Ok),
    };
    let Some(wanted) = wanted else {
        if active.is_some() {
            let session = activate(&asked, &caller, None).await?;
            asked.keep(&session);
        }
        return Ok(asked.json(&Value::Null));
    };
    let organization = organization.ok_or(NONE_ACTIVE)?;
    let (app, realm, by) = (&asked.app, &asked.realm, by(&asked, &caller));
    let found = teams::find(app, realm, wanted?, (Some(organization), by)).await;
    let team = found.map_err(|problem| told(problem, NO_TEAM, NO_TEAM))?;
    let session = activate(&asked, &caller, Some((organization, team.id))).await;
    let session = session.map_err(|problem| told(problem, NOT_IN_TEAM_TO_BE_IN, NOT_IN_TEAM_TO_BE_IN))?;
    asked.keep(&session);
    Ok(asked.json(&TeamView::from(&team)))
}

/// The teams that the caller is in; or, for those who manage members, another member of an organization.
pub(in super::super) async fn list_of_user(mut asked: Asked) -> Answer {
    on(&asked)?;
    let mut fields = asked.query();
    let (whom, id) = (fields.optional_text("userId"), fields.optional_text("organizationId"));
    fields.done()?;
    let caller = asked.signed_in().await?;
    let own = caller.user().id;
    let id = id.filter(|id| !id.is_empty());
    let whom = whom.filter(|whom| !whom.is_empty()).map(|whom| whom.parse::<UserId>());
    let (app, realm, by) = (&asked.app, &asked.realm, by(&asked, &caller));
    if whom.as_ref().is_none_or(|whom| *whom == Ok(own)) && id.is_none() {
        let found = teams::list_of(app, realm, (own, None), (None, MOST)).await?;
        return Ok(asked.json(&shown(&found)));
    }
    let id = named(&caller, id, (NONE_ACTIVE, NO_MEMBERS))?;
    let belongs = organizations::acting_as(app, realm, id, by).await;
    belongs.map_err(|problem| told(problem, NO_MEMBERS, NO_MEMBERS))?;
    let found = match whom {
        None => teams::list_of(app, realm, (own, Some(id)), (None, MOST)).await,
        Some(Ok(whom)) if whom == own => teams::list_of(app, realm, (own, Some(id)), (None, MOST)).await,
        // Nobody has an id that is none.
        Some(whom) => teams::list_of_member(app, realm, (id, whom.unwrap_or(UserId::MIN)), by, MOST).await,
    };
    let found = found.map_err(|problem| told(problem, NOT_A_MEMBER, MAY_NOT_CHANGE))?;
    Ok(asked.json(&shown(&found)))
}
