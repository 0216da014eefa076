//! The refresh token's one use.

use gatepost_domain::{EventId, OutboxId, Timestamp, refresh::RefreshToken};
use gatepost_store::{
    grants::{self, Exchanged, OnReuse, Presented, RefreshRefused},
    sessions,
};

use super::FIRST_PARTY;
use crate::{
    App,
    api::TokenAnswer,
    http::Problem,
    realm::Snapshot,
    signing::{self, Audience, Subject},
};

/// Exchanges a refresh token for the next pair of tokens.
///
/// One statement decides: of any number of simultaneous uses one advances the grant. The others, and a client that
/// lost the answer, get the same successor within the realm's grace; later use of an old token revokes the grant.
pub async fn refresh(
    app: &App,
    realm: &Snapshot,
    text: &str,
    now: Timestamp,
) -> Result<TokenAnswer, Problem> {
    // A forged or garbled token never reaches the database.
    let token = RefreshToken::decode(text, app.refresh_mac()).ok_or(Problem::InvalidRefreshToken)?;
    let settings = realm.settings();
    let presented = Presented {
        realm: realm.id(),
        token,
        client: FIRST_PARTY.parse().map_err(Problem::internal)?,
        now,
        idle: settings.refresh_token_ttl,
        grace: settings.refresh_grace,
        on_reuse: OnReuse {
            event: EventId::new(now, app.entropy()),
            message: OutboxId::new(now, app.entropy()),
            everywhere: false,
        },
    };
    let answer = |exchanged: &Exchanged| answer(app, realm, exchanged, now);
    match grants::exchange(app.db(), presented, answer).await? {
        Ok((_, answer)) => answer,
        Err(refused) => {
            tracing::debug!(grant.id = %token.grant, reason = ?refused, "refresh token refused");
            if refused == RefreshRefused::Reused {
                end_session_of(app, realm, token, now).await?;
            }
            Err(Problem::InvalidRefreshToken)
        }
    }
}

/// The next pair of tokens. A replay gets the refresh token it was given before.
fn answer(
    app: &App,
    realm: &Snapshot,
    exchanged: &Exchanged,
    now: Timestamp,
) -> Result<TokenAnswer, Problem> {
    let Exchanged { grant, session, user, .. } = exchanged;
    let audience = match grant.audience.as_slice() {
        [] => realm.own_audience(),
        named => Audience::of(named.iter().cloned()),
    };
    let (access_token, expires_in) = signing::issue(
        realm,
        Subject {
            user,
            session: Some(session),
            client: grant.client.as_str(),
            scopes: &grant.scopes,
            audience,
        },
        app.entropy(),
        now,
    )?;
    let refresh_token = RefreshToken::of(grant).encode(app.refresh_mac());
    Ok(TokenAnswer { access_token, token_type: "Bearer", expires_in, refresh_token })
}

/// A token of our own sign-in that was used twice means that somebody else holds it: the whole sign-in ends, with the
/// access tokens it gave out. (The grant ended when the reuse was noticed.)
async fn end_session_of(
    app: &App,
    realm: &Snapshot,
    token: RefreshToken,
    now: Timestamp,
) -> Result<(), Problem> {
    let (realm, message) = (realm.id(), OutboxId::new(now, app.entropy()));
    app.db()
        .write("end a session after reuse", move |tx| {
            Box::pin(async move {
                if let Some((grant, session, user)) = grants::find(tx, realm, token.grant).await?
                    && grant.client.as_str() == FIRST_PARTY
                {
                    sessions::revoke(tx, realm, user.id, session.id, now, message).await?;
                }
                Ok::<_, Problem>(())
            })
        })
        .await
}
