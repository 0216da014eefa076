//! The refresh token's one use.

use gatepost_domain::{OutboxId, Timestamp, TokenFormat, refresh::RefreshToken};
use gatepost_store::grants::{self, Ends, Exchanged, OnReuse, Presented, RefreshRefused};

use super::{FIRST_PARTY, touch};
use crate::{
    App,
    api::TokenAnswer,
    http::Problem,
    realm::Snapshot,
    signing::{self, Limit, Subject},
};

/// What a refresh token was exchanged for.
pub struct Refreshed {
    /// The next pair.
    pub tokens: TokenAnswer,
    /// Whether the refresh token was exchanged before, and this is the pair it was exchanged for, with a fresh access token.
    pub repeated: bool,
}

/// Exchanges a refresh token for the next pair of tokens.
///
/// One statement decides: of any number of simultaneous uses one advances the grant. The others, and a client that
/// lost the answer, get the same successor within the realm's grace; later use of an old token revokes the grant.
pub async fn refresh(app: &App, realm: &Snapshot, text: &str, now: Timestamp) -> Result<Refreshed, Problem> {
    // A token of our own sign-in that was used twice means that somebody else holds it: the whole sign-in ends, with the access tokens
    // it gave out.
    let answer = |exchanged: &Exchanged| {
        Ok(Refreshed { tokens: answer(app, realm, exchanged, now)?, repeated: exchanged.replayed })
    };
    refresh_with(app, realm, text, Ends::Session, answer, now)
        .await?
        .map_err(|_| Problem::InvalidRefreshToken)
}

/// The same, for whoever answers in another form: `answer` makes it while the exchange is written. `ends` is what a token ends that is
/// used again too late.
pub async fn refresh_with<T>(
    app: &App,
    realm: &Snapshot,
    text: &str,
    ends: Ends,
    answer: impl FnMut(&Exchanged) -> Result<T, Problem>,
    now: Timestamp,
) -> Result<Result<T, RefreshRefused>, Problem> {
    // A forged or garbled token never reaches the database.
    let Some(token) = RefreshToken::decode(text, app.refresh_mac()) else {
        return Ok(Err(RefreshRefused::Unknown));
    };
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
        on_reuse: OnReuse { event: app.event_id(now), message: OutboxId::new(now, app.entropy()), ends },
    };
    match grants::exchange(app.db(), presented, answer).await? {
        Ok((exchanged, answer)) => {
            touch(app, realm, &exchanged.session, now).await;
            answer.map(Ok)
        }
        Err(refused) => {
            tracing::debug!(grant.id = %token.grant, reason = ?refused, "refresh token refused");
            Ok(Err(refused))
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
            limit: Limit::of_sign_in(&grant.scopes),
            exchanged: None,
            external: None,
            audience: realm.audience_of(grant),
            format: TokenFormat::Standard,
        },
        app.entropy(),
        now,
    )?;
    let refresh_token = RefreshToken::of(grant).encode(app.refresh_mac());
    Ok(TokenAnswer { access_token, token_type: "Bearer", expires_in, refresh_token })
}
