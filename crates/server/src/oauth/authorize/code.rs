//! The code that a client gets.

use gatepost_domain::{AuthorizationCode, CodeDetails, CodeId, GrantId, authorization::CODE_TTL};
use gatepost_store::authorization_codes;

use super::{Step, request::AuthorizationRequest};
use crate::{browser::BrowserSession, http::Problem};

/// Gives a code for what was asked for and agreed on. `None`: the session has ended.
pub(super) async fn give(
    step: &Step<'_>,
    request: &AuthorizationRequest,
    signed_in: &BrowserSession,
) -> Result<Option<String>, Problem> {
    let (app, now) = (step.app, step.now);
    let id = CodeId::new(now, app.entropy());
    let code = AuthorizationCode {
        id,
        realm: step.realm.id(),
        session: signed_in.session.id,
        user: signed_in.user.id,
        client: request.client.clone(),
        grant: GrantId::new(now, app.entropy()),
        details: CodeDetails {
            redirect_uri: request.return_to.uri.clone(),
            scopes: request.scopes.clone(),
            audience: request.audience.clone(),
            code_challenge: request.code_challenge.clone(),
            nonce: request.nonce.clone(),
            grant: request.details.clone(),
        },
        created_at: now,
        expires_at: now.plus(CODE_TTL),
        redeemed_at: None,
    };
    let given = app.db().write_one("give an authorization code", move |tx| {
        let code = code.clone();
        Box::pin(async move { authorization_codes::create(tx, &code).await })
    });
    Ok(given.await?.then(|| app.code_mac().encode(id)))
}
