//! Who asks, with what, and in which organization.

use super::scopes::{ADMIN, is_admin};
use crate::{
    App, accounts,
    http::{Problem, SignedIn},
    organizations,
    profiles::fastapi::{Access, Refusal, bearer, open_access, parse_uuid, session_of},
    realm::Snapshot,
};
use axum::http::{HeaderMap, StatusCode, header::AUTHORIZATION};
use gatepost_domain::{Membership, OrganizationId, Session, Timestamp, User, UserId};

/// Somebody who is signed in.
pub struct Caller {
    /// They, and their session.
    pub who: SignedIn,
    /// Their token.
    pub access: Access,
    /// What they are in the organization that the request names.
    pub member: Option<Membership>,
}

impl Caller {
    /// Whoever the token in the header is of. `admin` says that it must have that scope, and its user the role still.
    pub async fn of(
        app: &App,
        realm: &Snapshot,
        headers: &HeaderMap,
        scope: Option<&'static str>,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let refused = || match scope {
            Some(scope) => Refusal::asking("Invalid credentials", format!("Bearer scope=\"{scope}\"")),
            None => Refusal::unauthorized("Invalid credentials"),
        };
        let token = bearer(headers)?.ok_or_else(refused)?;
        let access = open_access(app, realm, token, now).ok_or_else(refused)?;
        let id = parse_uuid(access.subject()).map(UserId::from_bytes).map_err(|_| refused())?;
        let live = session_of(app, realm, &access, now).await?.filter(|(_, user)| user.id == id);
        let (user, session) = match live {
            Some((session, user)) => (user, Some(session)),
            None => match accounts::find(app, realm.id(), id).await {
                Ok(user) => (user, None),
                Err(Problem::NotFound) => return Err(unknown()),
                Err(other) => return Err(other.into()),
            },
        };
        if let Some(scope) = scope
            && !(access.has_scope(scope) && (scope != ADMIN || is_admin(&user, realm.roles())))
        {
            return Err(Refusal::new(StatusCode::FORBIDDEN, format!("Missing scope: {scope}")));
        }
        if user.is_disabled() {
            return Err(Refusal::new(StatusCode::FORBIDDEN, "Inactive user"));
        }
        let session = session.ok_or_else(refused)?;
        let member = match in_organization(headers)? {
            Some(organization) => Some(acting(app, realm, organization, (&user, Some(&session)), now).await?),
            None => None,
        };
        Ok(Self { who: SignedIn::themselves(user, session), access, member })
    }

    /// The same, where somebody who shows no token is nobody.
    pub async fn if_shown(
        app: &App,
        realm: &Snapshot,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Option<Self>, Refusal> {
        let shows = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let scheme = shows.and_then(|text| text.split(' ').next()).unwrap_or_default();
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Ok(None);
        }
        Self::of(app, realm, headers, None, now).await.map(Some)
    }
}

fn unknown() -> Refusal {
    Refusal::new(StatusCode::UNAUTHORIZED, "User not found")
}

fn no_member() -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, "Not a member of this organization")
}

/// The organization that a request names. What names none is one that nobody belongs to.
pub fn in_organization(headers: &HeaderMap) -> Result<Option<OrganizationId>, Refusal> {
    let mut named = headers.get_all("x-organization-id").iter();
    let Some(first) = named.next() else { return Ok(None) };
    let text = first.to_str().ok().filter(|_| named.next().is_none()).ok_or_else(no_member)?;
    let id = text.parse().ok().or_else(|| parse_uuid(text).ok().map(OrganizationId::from_bytes));
    id.map(Some).ok_or_else(no_member)
}

/// What somebody is in an organization, if they belong to it and it lets them act: one that asks for a second factor lets nobody who has
/// shown none.
pub async fn acting(
    app: &App,
    realm: &Snapshot,
    organization: OrganizationId,
    (user, session): (&User, Option<&Session>),
    now: Timestamp,
) -> Result<Membership, Refusal> {
    let found = organizations::acting(app, realm, organization, (user.id, session), now).await?;
    found.ok_or_else(no_member)
}
