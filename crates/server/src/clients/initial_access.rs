//! Initial access tokens: whoever manages the realm hands them out, and with one an application registers itself.

use std::time::Duration;

use gatepost_domain::{
    DisplayName, InitialAccessToken, InitialAccessTokenId, RealmId, Secret, Timestamp,
    audit::Event,
    client::initial_access::{self, LONGEST, MOST_USES},
};
use gatepost_store::{audit, initial_access_tokens as stored};

use crate::{App, accounts::Who, http::Problem};

/// What a token is to be.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What it is for.
    pub name: Option<DisplayName>,
    /// How many clients may be registered with it.
    pub uses: u32,
    /// How long it is good.
    pub lifetime: Duration,
}

/// Makes a token. The secret is to be shown this once.
pub async fn create(
    app: &App,
    realm: RealmId,
    wanted: Wanted,
    who: Who,
    now: Timestamp,
) -> Result<(InitialAccessToken, Secret), Problem> {
    let refused = |field, reason: &'static str| Problem::InvalidField { field, reason: reason.into() };
    if !(1..=MOST_USES).contains(&wanted.uses) {
        return Err(refused("uses", "1 to 1000"));
    }
    if wanted.lifetime.is_zero() || wanted.lifetime > LONGEST {
        return Err(refused("expires_in", "more than nothing, and 365 days at most"));
    }
    let id = InitialAccessTokenId::new(now, app.entropy());
    let secret = initial_access::generate(id, app.entropy());
    let token = InitialAccessToken {
        id,
        realm,
        name: wanted.name,
        digest: secret.digest(),
        uses: wanted.uses,
        used: 0,
        created_at: now,
        expires_at: now.plus(wanted.lifetime),
    };
    let record = who
        .record_of_realm(app, Event::InitialAccessTokenCreated, realm, now)
        .with("initial_access_token", id.to_string())
        .with("uses", token.uses.to_string())
        .with("expires_at", token.expires_at.to_string());
    let made = token.clone();
    let kept = app.db().write("make an initial access token", move |tx| {
        let (token, record, who) = (made.clone(), record.clone(), who.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            stored::create(tx, &token).await?;
            audit::append(tx, &record).await?;
            Ok::<_, Problem>(())
        })
    });
    kept.await?;
    Ok((token, secret))
}

/// Takes a token back. Clients that were registered with it stay.
pub async fn revoke(
    app: &App,
    realm: RealmId,
    id: InitialAccessTokenId,
    who: Who,
    now: Timestamp,
) -> Result<(), Problem> {
    let record = who
        .record_of_realm(app, Event::InitialAccessTokenRevoked, realm, now)
        .with("initial_access_token", id.to_string());
    let revoked = app.db().write("take an initial access token back", move |tx| {
        let (record, who) = (record.clone(), who.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            if !stored::delete(tx, realm, id).await? {
                return Err(Problem::NotFound);
            }
            audit::append(tx, &record).await?;
            Ok(())
        })
    });
    revoked.await
}
