//! A token becomes one that speaks of another organization.

use std::time::Duration;

use gatepost_domain::{OrganizationId, Scopes, Timestamp, TokenFormat, client::exchange::passed_on};
use gatepost_jose::Claims;
use gatepost_store::memberships::{self, Bearing};

use crate::{
    App, clients,
    holder::{self, Holder, Named},
    http::Problem,
    realm::Snapshot,
    signing::{self, Audience, Limit, Subject},
};

/// How long the token lives. A member who is removed is one for no longer than this at an API without the revocation feed.
const LIFETIME: Duration = Duration::from_mins(1);

/// What a token was exchanged for.
#[derive(Debug)]
pub struct Exchanged {
    /// The access token.
    pub access_token: String,
    /// How many seconds it lives.
    pub expires_in: u64,
    /// The scopes of the token it was exchanged for, but those that open the account.
    pub scopes: Scopes,
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeRefused {
    /// The token is not good here, or of no session: the log says why.
    Token,
    /// The user does not belong to the organization, or the token is not for this audience.
    Target,
    /// The organization asks for a second factor, and the session has shown none.
    SecondFactor,
}

/// Exchanges a good access token for a short one that says what its user may do in an organization. It lives no longer than
/// the first, so that no chain of exchanges keeps a stolen token alive, and is for the same APIs, or those of them that are
/// asked for, but not for our own.
///
/// Session, account and membership are read now.
pub async fn exchange(
    app: &App,
    realm: &Snapshot,
    text: &str,
    organization: &str,
    targets: &[&str],
    now: Timestamp,
) -> Result<Result<Exchanged, ExchangeRefused>, Problem> {
    let refused = |why: &str| {
        tracing::debug!(reason = why, "access token refused for exchange");
        Ok(Err(ExchangeRefused::Token))
    };
    let claims = match realm.verify_any(text, now) {
        Ok(claims) => claims,
        Err(why) => return refused(why.code()),
    };
    let Some((named, client, scopes)) = parts(&claims) else { return refused("it is of no session") };
    let Ok(left @ 1..) = u64::try_from(claims.expires_at() - now.unix_seconds()) else {
        return refused("expired");
    };
    // What is no id names nothing.
    let organization = organization.parse::<OrganizationId>().ok();
    let within = realm.of_members();
    let (id, grace) = within;
    let found = app
        .db()
        .read("find whose token it is", move |tx| {
            let named = named.clone();
            Box::pin(async move {
                let Some(holder) = holder::find(tx, within, &named, now).await? else { return Ok(None) };
                let member = match organization {
                    Some(organization) => {
                        let bearing = Bearing::of(holder.session.as_ref(), grace);
                        memberships::find_acting(tx, id, organization, holder.user.id, bearing, now).await?
                    }
                    None => None,
                };
                Ok::<_, gatepost_store::Error>(Some((holder, member)))
            })
        })
        .await?;
    let Some((Holder { user, session, grant, .. }, member)) = found else {
        return refused("its session or its grant has ended");
    };
    if user.id.to_string() != claims.subject() {
        return refused("its session is of somebody else");
    }
    let (Some(acting), Some(audience)) = (member, audience_of(&claims, realm).among(targets)) else {
        return Ok(Err(ExchangeRefused::Target));
    };
    let Some(member) = acting.allowed() else { return Ok(Err(ExchangeRefused::SecondFactor)) };
    let (limit, scopes) = match &grant {
        None => (Limit::OWN, scopes),
        Some(grant) => match clients::current(app, realm, grant.client.clone()).await? {
            Some(client) => {
                let scopes = client.settings.still_has(&scopes);
                (Limit::Entrusted(client.settings.entrusted(&grant.scopes, &scopes)), scopes)
            }
            None => return refused("its client is there no longer"),
        },
    };
    let lifetime = LIFETIME.min(Duration::from_secs(left));
    let subject = Subject {
        user: &user,
        session: session.as_ref(),
        client: &client,
        pseudonym: None,
        bound_to: None,
        // It ends with what the application holds.
        grant: grant.as_ref().map(|grant| grant.id),
        scopes: &scopes,
        member: Some(&member),
        limit,
        exchanged: None,
        external: None,
        audience,
        format: TokenFormat::Standard,
    };
    let access_token = signing::issue_for(realm, subject, lifetime, app.entropy(), now)?;
    Ok(Ok(Exchanged { access_token, expires_in: lifetime.as_secs(), scopes }))
}

/// Who stands behind it, wherever they are active; client and scopes. A token of an API key has no session, and what was exchanged is
/// not exchanged again.
fn parts(claims: &Claims) -> Option<(Named, String, Scopes)> {
    if claims.api_key().is_some() || claims.get("exchanged_from").is_some() {
        return None;
    }
    let named = Named { organization: None, ..Named::of(claims)? };
    named.session?;
    let scopes = claims.scope().unwrap_or_default().parse().ok()?;
    Some((named, claims.client_id()?.to_owned(), passed_on(&scopes)))
}

/// The audience of the token without the realm itself, unless there is no other.
fn audience_of(claims: &Claims, realm: &Snapshot) -> Audience {
    let named = || claims.audience().iter().map(ToString::to_string);
    let mut others = named().filter(|name| name != realm.issuer()).peekable();
    if others.peek().is_some() { Audience::of(others) } else { Audience::of(named()) }
}
