//! Access tokens: the signature is checked as an API would, and then everything that may have happened since.

use gatepost_domain::{
    Client, Membership, Permission, RoleName, Scopes, Timestamp, User,
    client::{ROLES, exchange::common, permissions_of},
};
use gatepost_jose::Claims;

use super::{Introspected, concerns, inactive, username};
use crate::{
    App, api_keys, clients,
    holder::{self, Holder, Named},
    http::Problem,
    realm::Snapshot,
    signing::{Audience, present_scopes},
};

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
    let scope = claims.scopes().filter(|scope| scopes.contains(scope)).collect::<Vec<_>>().join(" ");
    Ok(Some(Introspected {
        issuer: claims.issuer().to_owned(),
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
        actor: claims.get("act"),
    }))
}

/// Who stands behind a token that is still good, and what they are now.
struct Behind {
    user: Option<User>,
    roles: Vec<String>,
    permissions: Vec<Permission>,
    /// What is left of the scopes.
    scopes: Scopes,
}

impl Behind {
    fn program(user: Option<User>, permissions: Vec<Permission>, scopes: Scopes) -> Self {
        Self { user, roles: Vec::new(), permissions, scopes }
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

/// Session, grant, account and membership, as they are now, and the client that exchanged the token, if it was.
async fn of_user(
    app: &App,
    realm: &Snapshot,
    claims: &Claims,
    now: Timestamp,
) -> Result<Option<Behind>, Problem> {
    let Some(named) = Named::of(claims) else { return Ok(None) };
    if !clients::stands(app, realm, claims, now).await? {
        return Ok(None);
    }
    let (within, in_organization) = (realm.of_members(), named.organization.is_some());
    let found = app.db().read("find who a token was given to", move |tx| {
        let named = named.clone();
        Box::pin(async move { holder::find(tx, within, &named, now).await })
    });
    let Some(Holder { user, member, .. }) = found.await? else { return Ok(None) };
    let asked: Scopes = claims.scope().unwrap_or_default().parse().unwrap_or_default();
    let scopes = still_held(app, realm, claims, (&user, member.as_ref()), &asked).await?;
    let graph = if in_organization { realm.organization_roles() } else { realm.roles() };
    let given = member.map_or_else(|| user.roles.clone(), |member| member.roles);
    let rights = graph.rights(&given);
    let reached = rights.roles.iter().map(|role| role.as_str());
    // What a scope stood for that is gone went with it.
    let of_roles = asked.contains(ROLES) == scopes.contains(ROLES);
    let roles = given.iter().map(RoleName::as_str).chain(reached).filter(|_| of_roles);
    let roles = roles.map(str::to_owned).collect();
    let (named, left) = (permissions_of(&asked), permissions_of(&scopes).collect::<Vec<_>>());
    let permissions = if named.count() == left.len() {
        rights.permissions.clone()
    } else {
        common(&rights.permissions, &left.iter().collect::<Vec<_>>())
    };
    let permissions = permissions.into_iter().cloned().collect();
    Ok(Some(Behind { user: Some(user), roles, permissions, scopes }))
}

/// Of a token's scopes those that its client may still ask for, and the one behind an exchange too, and that are the user's to give.
async fn still_held(
    app: &App,
    realm: &Snapshot,
    claims: &Claims,
    (user, member): (&User, Option<&Membership>),
    asked: &Scopes,
) -> Result<Scopes, Problem> {
    let mut left = present_scopes(realm, user, member, asked);
    let from = claims.get("exchanged_from");
    for id in [claims.client_id(), from.as_ref().and_then(|from| from.as_str())].into_iter().flatten() {
        // Our own sign-in is no client's.
        let Ok(id) = id.parse() else { continue };
        if let Some(client) = clients::current(app, realm, id).await? {
            left = client.settings.still_has(&left);
        }
    }
    Ok(left)
}
