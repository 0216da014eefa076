//! Which organization a session is in.

use gatepost_domain::{
    ClientId, OrganizationId, Session, TeamId, Timestamp, TokenFormat,
    audit::{Event, Record},
};
use gatepost_store::{audit, grants, sessions, team_members, users};

use super::By;

use crate::{
    App,
    accounts::Who,
    http::{Problem, SignedIn},
    realm::Snapshot,
    session::FIRST_PARTY,
    signing::{self, Limit, Subject},
};

/// Makes an organization, or none, the active one of the caller's session, and returns an access token that says so, with
/// the seconds it lives. Refreshing keeps it for as long as the user belongs there, and the session is what the organization asks for.
pub async fn switch(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    organization: Option<OrganizationId>,
    who: Who,
    now: Timestamp,
) -> Result<(String, u64), Problem> {
    let (id, user, session) = (realm.id(), caller.user.id, caller.session.id);
    let record = switched(app, caller, organization, &who, now);
    let by = By::member(caller, realm, now);
    let client: ClientId = FIRST_PARTY.parse().map_err(Problem::internal)?;
    let (grant, user, member) = app
        .db()
        .write("switch the organization", move |tx| {
            let (who, record, client) = (who.clone(), record.clone(), client.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                let user = users::find(tx, id, user).await?.ok_or(Problem::NotFound)?;
                let member = match organization {
                    Some(organization) => Some(by.acting(tx, id, organization).await?),
                    None => None,
                };
                let grant = grants::activate(tx, id, session, &client, organization).await?;
                let grant = grant.ok_or(Problem::InvalidToken { expired: false, check: "session_ended" })?;
                audit::append(tx, &record).await?;
                Ok::<_, Problem>((grant, user, member))
            })
        })
        .await?;
    let subject = Subject {
        user: &user,
        session: Some(&caller.session),
        client: grant.client.as_str(),
        pseudonym: None,
        bound_to: None,
        grant: None,
        scopes: &grant.scopes,
        member: member.as_ref(),
        limit: Limit::OWN,
        exchanged: None,
        external: None,
        audience: realm.audience_of(&grant),
        format: TokenFormat::Standard,
    };
    signing::issue(realm, subject, app.entropy(), now)
}

/// The same for an application that keeps the session itself, which holds no grant in it: the session remembers the organization.
pub async fn activate(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    organization: Option<OrganizationId>,
    who: Who,
    now: Timestamp,
) -> Result<Session, Problem> {
    let (id, session) = (realm.id(), caller.session.id);
    let (by, record) = (By::member(caller, realm, now), switched(app, caller, organization, &who, now));
    app.db()
        .write("make an organization active in a session", move |tx| {
            let (who, record) = (who.clone(), record.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                if let Some(organization) = organization {
                    by.acting(tx, id, organization).await?;
                }
                if !sessions::activate(tx, id, session, organization).await? {
                    return Err(Problem::InvalidToken { expired: false, check: "session_ended" });
                }
                audit::append(tx, &record).await?;
                Ok(())
            })
        })
        .await?;
    Ok(Session { organization, ..caller.session.clone() })
}

/// Makes a team with its organization the active one of the caller's session; or no team, which leaves the organization. A team that is not
/// of that organization is answered as missing, and so is one that the caller is not in.
pub async fn activate_team(
    app: &App,
    realm: &Snapshot,
    caller: &SignedIn,
    team: Option<(OrganizationId, TeamId)>,
    who: Who,
    now: Timestamp,
) -> Result<Session, Problem> {
    let (id, session, user) = (realm.id(), caller.session.id, caller.user.id);
    let by = By::member(caller, realm, now);
    app.db()
        .write("make a team active in a session", move |tx| {
            let who = who.clone();
            Box::pin(async move {
                who.still_may(tx, now).await?;
                if let Some((organization, team)) = team {
                    by.acting(tx, id, organization).await?;
                    let found = team_members::find(tx, id, (organization, team), user).await?;
                    found.ok_or(Problem::NotFound)?;
                }
                if !sessions::activate_team(tx, id, session, team).await? {
                    return Err(Problem::InvalidToken { expired: false, check: "session_ended" });
                }
                Ok(())
            })
        })
        .await?;
    let (organization, team) = team.unzip();
    let organization = organization.or(caller.session.organization);
    Ok(Session { organization, team, ..caller.session.clone() })
}

fn switched(
    app: &App,
    caller: &SignedIn,
    organization: Option<OrganizationId>,
    who: &Who,
    now: Timestamp,
) -> Record {
    let (realm, user) = (caller.user.realm, caller.user.id);
    let record = who.record(app, Event::OrganizationSwitched, realm, user, now).session(caller.session.id);
    match organization {
        Some(organization) => record.with("organization", organization.to_string()),
        None => record,
    }
}
