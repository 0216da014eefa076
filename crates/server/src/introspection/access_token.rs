//! Access tokens: the signature is checked as an API would, and then everything that may have happened since.

use gatepost_domain::{ClientId, GrantType, OrganizationId, RealmId, SessionId, Timestamp, User, UserId};
use gatepost_jose::Claims;
use gatepost_store::{Tx, memberships, sessions, users};

use super::{Introspected, concerns, inactive, username};
use crate::{App, api_keys, clients, http::Problem, realm::Snapshot, signing::Audience};

pub(super) async fn introspect(
    app: &App,
    realm: &Snapshot,
    token: &str,
    now: Timestamp,
) -> Result<Option<Introspected>, Problem> {
    let claims = match realm.verify_any(token, now) {
        Ok(claims) => claims,
        Err(refused) => return Ok(inactive(refused.code())),
    };
    // An API forgives a clock that is behind; here is the clock itself.
    if claims.expires_at() <= now.unix_seconds() {
        return Ok(inactive("expired"));
    }
    let audience = Audience::of(claims.audience().iter().map(ToString::to_string));
    if !concerns(realm, &audience) {
        return Ok(inactive("for another audience"));
    }
    let behind = if let Some(key) = claims.api_key() {
        of_key(app, realm, key, &claims, now).await?
    } else if claims.is_of_client() {
        of_client(app, realm, &claims).await?
    } else {
        of_user(app, realm, &claims, now).await?
    };
    let Some(Behind { user }) = behind else {
        return Ok(inactive("who it was given to is not good any more"));
    };
    let texts = |names: &[Box<str>]| names.iter().map(ToString::to_string).collect();
    Ok(Some(Introspected {
        token_type: "Bearer",
        subject: claims.subject().to_owned(),
        client: claims.client_id().unwrap_or_default().to_owned(),
        scope: claims.scope().unwrap_or_default().to_owned(),
        issued_at: claims.issued_at(),
        expires_at: Some(claims.expires_at()),
        audience,
        id: claims.token_id().map(str::to_owned),
        username: user.as_ref().and_then(username),
        roles: texts(claims.roles()),
        permissions: texts(claims.permissions()),
        organization: claims.organization().map(str::to_owned),
    }))
}

/// Who stands behind a token that is still good.
struct Behind {
    user: Option<User>,
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
    Ok(resolved.map(|resolved| Behind { user: resolved.user }))
}

async fn of_client(app: &App, realm: &Snapshot, claims: &Claims) -> Result<Option<Behind>, Problem> {
    let Ok(id) = claims.subject().parse() else { return Ok(None) };
    let client = clients::find(app, realm.id(), id).await?;
    let still = client
        .is_some_and(|client| !client.is_public() && client.settings.allows(GrantType::ClientCredentials));
    Ok(still.then_some(Behind { user: None }))
}

/// Session, grant, account and membership, as they are now.
async fn of_user(
    app: &App,
    realm: &Snapshot,
    claims: &Claims,
    now: Timestamp,
) -> Result<Option<Behind>, Problem> {
    let Ok(user) = claims.subject().parse::<UserId>() else { return Ok(None) };
    let session = claims.session_id().map(str::parse::<SessionId>).transpose();
    let organization = claims.organization().map(str::parse::<OrganizationId>).transpose();
    let client = claims.client_id().unwrap_or_default().parse::<ClientId>();
    let (Ok(session), Ok(organization), Ok(client)) = (session, organization, client) else {
        return Ok(None);
    };
    let (realm, issued_at) = (realm.id(), Timestamp::from_unix_seconds(claims.issued_at()));
    let found = app.db().read("find who a token was given to", move |tx| {
        let client = client.clone();
        Box::pin(async move {
            let found = match session {
                Some(session) => {
                    sessions::find_live_with(tx, realm, session, &client, now).await?.map(|found| found.1)
                }
                None => without_session(tx, realm, user, issued_at).await?,
            };
            let Some(found) = found.filter(|found| found.id == user) else { return Ok(None) };
            let belongs = match organization {
                Some(organization) => memberships::find(tx, realm, organization, user).await?.is_some(),
                None => true,
            };
            Ok::<_, gatepost_store::Error>(belongs.then_some(Behind { user: Some(found) }))
        })
    });
    Ok(found.await?)
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
