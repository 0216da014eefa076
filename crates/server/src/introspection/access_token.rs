//! Access tokens: the signature is checked as an API would, and then everything that may have happened since.

use gatepost_domain::{
    Client, ClientId, GrantId, OrganizationId, Permission, RealmId, RoleName, Scopes, SessionId, Timestamp,
    User, UserId, client::permissions_of,
};
use gatepost_jose::Claims;
use gatepost_store::{Tx, memberships, sessions, users};

use super::{Introspected, concerns, inactive, username};
use crate::{App, api_keys, clients, grants, http::Problem, realm::Snapshot, signing::Audience};

pub(super) async fn introspect(
    app: &App,
    realm: &Snapshot,
    token: &str,
    now: Timestamp,
) -> Result<Option<Introspected>, Problem> {
    let (claims, bound_to) = match realm.verify_bound(token, now) {
        Ok(claims) => claims,
        Err(refused) => return Ok(inactive(refused.code())),
    };
    // An API forgives a clock that is behind; here is the clock itself.
    if claims.expires_at() <= now.unix_seconds() {
        return Ok(inactive("expired"));
    }
    let audience = Audience::of(claims.audience().iter().map(ToString::to_string));
    if !concerns(realm, None, &audience) {
        let client = match claims.client_id().map(str::parse) {
            Some(Ok(id)) => clients::find(app, realm.id(), id).await?,
            _ => None,
        };
        if !concerns(realm, client.as_ref(), &audience) {
            return Ok(inactive("for another audience"));
        }
    }
    let behind = if let Some(key) = claims.api_key() {
        of_key(app, realm, key, &claims, now).await?
    } else if claims.is_of_client() {
        of_client(app, realm, &claims).await?
    } else {
        of_user(app, realm, &claims, now).await?
    };
    let Some(Behind { user, roles, permissions, scopes }) = behind else {
        return Ok(inactive("who it was given to is not good any more"));
    };
    // What was taken away since is not in it any more, whatever the token says.
    let still = |permission: &str| {
        let wanted = permission.parse::<Permission>();
        wanted.is_ok_and(|wanted| permissions.iter().any(|had| had.covers(&wanted)))
    };
    let kept = |names: &[Box<str>], has: &dyn Fn(&str) -> bool| {
        names.iter().filter(|name| has(name)).map(ToString::to_string).collect::<Vec<_>>()
    };
    let scope = match scopes {
        None => claims.scope().unwrap_or_default().to_owned(),
        Some(scopes) => claims.scopes().filter(|scope| scopes.contains(scope)).collect::<Vec<_>>().join(" "),
    };
    Ok(Some(Introspected {
        token_type: if bound_to.is_some() { "DPoP" } else { "Bearer" },
        subject: claims.subject().to_owned(),
        client: claims.client_id().unwrap_or_default().to_owned(),
        scope,
        issued_at: claims.issued_at(),
        expires_at: Some(claims.expires_at()),
        audience,
        id: claims.token_id().map(str::to_owned),
        // Of a pairwise client's token, who it is would be told by it.
        username: user.as_ref().filter(|user| is_called(&claims, user)).and_then(username),
        roles: kept(claims.roles(), &|name| roles.iter().any(|role| role == name)),
        permissions: kept(claims.permissions(), &still),
        organization: claims.organization().map(str::to_owned),
        bound_to,
    }))
}

/// Who stands behind a token that is still good, and what they are now.
struct Behind {
    user: Option<User>,
    roles: Vec<String>,
    permissions: Vec<Permission>,
    /// What the scopes are cut to; `None`: they are not.
    scopes: Option<Scopes>,
}

impl Behind {
    fn program(user: Option<User>, permissions: Vec<Permission>, scopes: Scopes) -> Self {
        Self { user, roles: Vec::new(), permissions, scopes: Some(scopes) }
    }
}

async fn of_key(
    app: &App,
    realm: &Snapshot,
    key: &str,
    claims: &Claims,
    now: Timestamp,
) -> Result<Option<Behind>, Problem> {
    let Ok(id) = key.parse() else { return Ok(None) };
    let resolved = api_keys::resolve_id(app, realm, id, now).await?;
    let resolved = resolved.filter(|resolved| resolved.subject == claims.subject());
    Ok(resolved.map(|resolved| Behind::program(resolved.user, resolved.permissions, resolved.scopes)))
}

async fn of_client(app: &App, realm: &Snapshot, claims: &Claims) -> Result<Option<Behind>, Problem> {
    let Ok(id) = claims.subject().parse() else { return Ok(None) };
    let client = clients::find(app, realm.id(), id).await?;
    let client = client.filter(Client::acts_on_its_own);
    Ok(client.map(|client| {
        let asked = claims.scope().unwrap_or_default().parse().unwrap_or_default();
        let scopes = client.settings.granted(Some(&asked));
        Behind::program(None, permissions_of(&scopes).collect(), scopes)
    }))
}

/// Whether the token calls the user by their id.
fn is_called(claims: &Claims, user: &User) -> bool {
    claims.get("grant_id").is_none() || claims.subject() == user.id.to_string()
}

/// Session, grant, account and membership, as they are now.
async fn of_user(
    app: &App,
    realm: &Snapshot,
    claims: &Claims,
    now: Timestamp,
) -> Result<Option<Behind>, Problem> {
    let grant = match claims.get("grant_id") {
        Some(id) => match id.as_str().and_then(|id| id.parse::<GrantId>().ok()) {
            Some(id) => Some(id),
            None => return Ok(None),
        },
        None => None,
    };
    let user = claims.subject().parse::<UserId>().ok();
    let session = claims.session_id().map(str::parse::<SessionId>).transpose();
    let organization = claims.organization().map(str::parse::<OrganizationId>).transpose();
    let client = claims.client_id().unwrap_or_default().parse::<ClientId>();
    let (Ok(session), Ok(organization), Ok(client)) = (session, organization, client) else {
        return Ok(None);
    };
    let (snapshot, realm, issued_at) = (realm, realm.id(), Timestamp::from_unix_seconds(claims.issued_at()));
    let found = app.db().read("find who a token was given to", move |tx| {
        let client = client.clone();
        Box::pin(async move {
            let found = match (grant, session, user) {
                // What a client calls the user may say nothing of who it is: the grant knows.
                (Some(grant), ..) => {
                    let held = grants::held(tx, realm, grant, now).await?;
                    held.filter(|(grant, ..)| grant.client == client).map(|(.., user)| user)
                }
                (None, Some(session), Some(_)) => {
                    sessions::find_live_with(tx, realm, session, &client, now).await?.map(|found| found.1)
                }
                (None, None, Some(user)) => without_session(tx, realm, user, issued_at).await?,
                (None, _, None) => None,
            };
            let is_they = |found: &User| user.is_none_or(|user| user == found.id);
            let Some(found) = found.filter(is_they) else { return Ok(None) };
            let roles = match organization {
                Some(organization) => {
                    memberships::find(tx, realm, organization, found.id).await?.map(|member| member.roles)
                }
                None => Some(found.roles.clone()),
            };
            Ok::<_, gatepost_store::Error>(roles.map(|roles| (found, roles)))
        })
    });
    let graph = if organization.is_some() { snapshot.organization_roles() } else { snapshot.roles() };
    Ok(found.await?.map(|(user, given)| {
        let rights = graph.rights(&given);
        let reached = rights.roles.iter().map(|role| role.as_str());
        let roles = given.iter().map(RoleName::as_str).chain(reached).map(str::to_owned).collect();
        let permissions = rights.permissions.iter().map(|permission| (*permission).clone()).collect();
        Behind { user: Some(user), roles, permissions, scopes: None }
    }))
}

/// Of a token that an operator minted.
async fn without_session(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    issued_at: Timestamp,
) -> Result<Option<User>, gatepost_store::Error> {
    let found = users::find(tx, realm, user).await?;
    Ok(found.filter(|user| !user.is_disabled() && !user.has_withdrawn(issued_at)))
}
