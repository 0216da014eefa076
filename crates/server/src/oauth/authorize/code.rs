//! The code that a client gets.

use std::sync::Arc;

use gatepost_domain::{
    AuthorizationCode, CodeDetails, CodeId, GrantId,
    authorization::{CODE_TTL, pushed::digest_of},
};
use gatepost_store::{authorization_codes, pushed_requests};

use super::{Step, request::AuthorizationRequest};
use crate::{browser::BrowserSession, http::Problem};

/// Why there is no code. Nothing was written.
#[derive(Debug)]
pub(super) enum NotGiven {
    /// The session has ended.
    SignedOut,
    /// A code was given for the request that was sent ahead.
    Answered,
}

/// What takes the write back.
enum Undone {
    Not(NotGiven),
    Failed(Problem),
}

impl From<gatepost_store::Error> for Undone {
    fn from(error: gatepost_store::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Gives a code for what was asked for and agreed on.
pub(super) async fn give(
    step: &Step<'_>,
    request: &AuthorizationRequest,
    signed_in: &BrowserSession,
) -> Result<Result<String, NotGiven>, Problem> {
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
    let code = Arc::new(code);
    let given = match &request.pushed {
        None => {
            let given = app.db().write_one("give an authorization code", move |tx| {
                let code = Arc::clone(&code);
                Box::pin(async move { authorization_codes::create(tx, &code).await })
            });
            if given.await? { Ok(()) } else { Err(NotGiven::SignedOut) }
        }
        // In one write with the code, so that of any number of windows one gets it.
        Some(uri) => {
            let Some(digest) = digest_of(uri) else { return Ok(Err(NotGiven::Answered)) };
            let given = app.db().write("give the code of a pushed request", move |tx| {
                let code = Arc::clone(&code);
                Box::pin(async move {
                    if !pushed_requests::use_up(tx, code.realm, &digest, &code.client, now).await? {
                        return Err(Undone::Not(NotGiven::Answered));
                    }
                    if !authorization_codes::create(tx, &code).await? {
                        return Err(Undone::Not(NotGiven::SignedOut));
                    }
                    Ok(())
                })
            });
            match given.await {
                Ok(()) => Ok(()),
                Err(Undone::Not(why)) => Err(why),
                Err(Undone::Failed(problem)) => return Err(problem),
            }
        }
    };
    Ok(given.map(|()| app.code_mac().encode(id)))
}
