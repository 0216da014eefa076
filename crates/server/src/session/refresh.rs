//! The refresh token's one use.

use gatepost_domain::{EventId, OutboxId, Timestamp, TokenFormat, refresh::RefreshToken};
use gatepost_store::grants::{self, Ends, Exchanged, OnReuse, Presented};

use super::{FIRST_PARTY, touch};
use crate::{
    App,
    api::TokenAnswer,
    http::Problem,
    realm::Snapshot,
    signing::{self, Limit, Subject},
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
        mfa_grace: settings.mfa_grace,
        rotates: true,
        on_reuse: OnReuse {
            event: EventId::new(now, app.entropy()),
            message: OutboxId::new(now, app.entropy()),
            // A token of our own sign-in that was used twice means that somebody else holds it: the whole sign-in
            // ends, with the access tokens it gave out.
            ends: Ends::Session,
        },
    };
    let answer = |exchanged: &Exchanged| answer(app, realm, exchanged, now);
    match grants::exchange(app.db(), presented, answer).await? {
        Ok((exchanged, answer)) => {
            touch(app, realm, &exchanged.session, now).await;
            answer
        }
        Err(refused) => {
            tracing::debug!(grant.id = %token.grant, reason = ?refused, "refresh token refused");
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
    let Exchanged { grant, session, user, member, .. } = exchanged;
    let (access_token, expires_in) = signing::issue(
        realm,
        Subject {
            user,
            session: Some(session),
            client: grant.client.as_str(),
            pseudonym: None,
            bound_to: None,
            grant: None,
            scopes: &grant.scopes,
            member: member.as_ref(),
            limit: Limit::OWN,
            exchanged: None,
            audience: realm.audience_of(grant),
            format: TokenFormat::Standard,
        },
        app.entropy(),
        now,
    )?;
    let refresh_token = RefreshToken::of(grant).encode(app.refresh_mac());
    Ok(TokenAnswer { access_token, token_type: "Bearer", expires_in, refresh_token })
}
