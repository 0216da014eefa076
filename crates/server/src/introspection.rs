//! Whether a token is good at this moment, asked of the store and not of the token (RFC 7662).

mod access_token;

use gatepost_domain::{
    Client, Permission, Timestamp, User,
    api_key::PREFIX as KEY_PREFIX,
    refresh::{Judgement, PREFIX as REFRESH_PREFIX, RefreshToken, judge},
};
use gatepost_store::grants;
use serde_json::Value;

use crate::{
    App, api_keys, clients,
    http::Problem,
    realm::Snapshot,
    signing::{Audience, present_scopes},
};

/// What is known of a good token. Names are those of its claims.
#[derive(Debug)]
pub struct Introspected {
    /// `Bearer` or `DPoP` for an access token; what else it is, for what is not.
    pub token_type: &'static str,
    /// `iss`
    pub issuer: String,
    /// `sub`
    pub subject: String,
    /// `client_id`
    pub client: String,
    /// `scope`
    pub scope: String,
    /// `iat`, in Unix seconds.
    pub issued_at: i64,
    /// `exp`, in Unix seconds.
    pub expires_at: Option<i64>,
    /// `aud`
    pub audience: Audience,
    /// `jti`
    pub id: Option<String>,
    /// `username`: what the user signs in with.
    pub username: Option<String>,
    /// `roles`
    pub roles: Vec<String>,
    /// `permissions`
    pub permissions: Vec<String>,
    /// `org_id`
    pub organization: Option<String>,
    /// `cnf`: the thumbprint of the key that whoever uses the token must prove to possess.
    pub bound_to: Option<String>,
    /// `act`: who acts for the subject.
    pub actor: Option<Value>,
}

/// What a token is at this moment. `None`: it is not good, not of this realm, or for none of its APIs; the log says why, and
/// the caller does not learn it (RFC 7662 section 2.2).
pub async fn introspect(
    app: &App,
    realm: &Snapshot,
    token: &str,
    now: Timestamp,
) -> Result<Option<Introspected>, Problem> {
    if token.starts_with(REFRESH_PREFIX) {
        refresh_token(app, realm, token, now).await
    } else if token.starts_with(KEY_PREFIX) {
        api_key(app, realm, token, now).await
    } else {
        access_token::introspect(app, realm, token, now).await
    }
}

/// Nothing is written: who asks has not used the token.
async fn refresh_token(
    app: &App,
    realm: &Snapshot,
    text: &str,
    now: Timestamp,
) -> Result<Option<Introspected>, Problem> {
    let Some(token) = RefreshToken::decode(text, app.refresh_mac()) else {
        return Ok(inactive("it is forged"));
    };
    let (id, grace) = (realm.id(), realm.settings().refresh_grace);
    let found = app
        .db()
        .read("find a grant", move |tx| Box::pin(async move { grants::find(tx, id, token.grant).await }))
        .await?;
    let Some((grant, session, user)) = found else { return Ok(inactive("unknown")) };
    match judge(token, &grant, now, grace) {
        Judgement::Rotate | Judgement::Replay { .. } => {}
        Judgement::Reuse | Judgement::Expired | Judgement::Revoked | Judgement::Ahead => {
            return Ok(inactive("used, expired or revoked"));
        }
    }
    if user.is_disabled() || !session.is_live(now) || user.has_withdrawn(session.created_at) {
        return Ok(inactive("its session has ended"));
    }
    let client = clients::find(app, id, grant.client.clone()).await?;
    let audience = realm.audience_of(&grant);
    if !concerns(realm, client.as_ref(), &audience) {
        return Ok(inactive("for another audience"));
    }
    let scopes = client
        .as_ref()
        .map_or_else(|| grant.scopes.clone(), |client| client.settings.still_has(&grant.scopes));
    // What a member may do is asked at the refresh.
    let scopes =
        if grant.organization.is_none() { present_scopes(realm, &user, None, &scopes) } else { scopes };
    let pseudonym = client.and_then(|client| app.pairwise_key().subject(&client, user.id));
    Ok(Some(Introspected {
        issuer: realm.issuer().to_owned(),
        token_type: "refresh_token",
        username: username(&user).filter(|_| pseudonym.is_none()),
        subject: pseudonym.unwrap_or_else(|| user.id.to_string()),
        client: grant.client.to_string(),
        scope: scopes.to_string(),
        issued_at: grant.rotated_at.unwrap_or(grant.created_at).unix_seconds(),
        expires_at: Some(grant.idle_expires_at.min(grant.expires_at).unix_seconds()),
        audience,
        id: None,
        roles: Vec::new(),
        permissions: Vec::new(),
        organization: grant.organization.map(|organization| organization.to_string()),
        bound_to: grant.details.dpop_jkt,
        actor: None,
    }))
}

async fn api_key(
    app: &App,
    realm: &Snapshot,
    text: &str,
    now: Timestamp,
) -> Result<Option<Introspected>, Problem> {
    let Ok(resolved) = api_keys::resolve(app, realm, text, now).await? else { return Ok(None) };
    let key = &resolved.key;
    api_keys::note_use(app, key, now).await;
    Ok(Some(Introspected {
        issuer: realm.issuer().to_owned(),
        token_type: "api_key",
        subject: resolved.subject,
        client: key.id.to_string(),
        scope: resolved.scopes.to_string(),
        issued_at: key.created_at.unix_seconds(),
        expires_at: key.expires_at.map(Timestamp::unix_seconds),
        audience: realm.audience(),
        id: None,
        username: resolved.user.as_ref().and_then(username),
        roles: Vec::new(),
        permissions: resolved.permissions.iter().map(Permission::to_string).collect(),
        organization: resolved.organization.map(|organization| organization.to_string()),
        bound_to: None,
        actor: None,
    }))
}

fn inactive(why: &str) -> Option<Introspected> {
    tracing::debug!(reason = why, "a token is not active");
    None
}

/// Whether a token is for one of the realm's APIs, or of those its client has of its own.
fn concerns(realm: &Snapshot, client: Option<&Client>, audience: &Audience) -> bool {
    let (ours, theirs) = (realm.audience(), client.map(|client| realm.audience_for(client)));
    audience.iter().any(|name| ours.names(name) || theirs.as_ref().is_some_and(|theirs| theirs.names(name)))
}

fn username(user: &User) -> Option<String> {
    let email = user.email.as_ref().map(|email| email.as_str().to_owned());
    user.username.as_ref().map(|name| name.as_str().to_owned()).or(email)
}
