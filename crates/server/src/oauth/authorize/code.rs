//! The code that a client gets.

use std::sync::Arc;

use gatepost_domain::{
    AuthorizationCode, CodeDetails, CodeId, GrantId, OrganizationId,
    authorization::{CODE_TTL, pushed::digest_of},
};
use gatepost_store::{
    authorization_codes,
    memberships::{self, Bearing},
    pushed_requests,
};

use super::{
    Step,
    request::{AskedOrganization, AuthorizationRequest},
};
use crate::{browser::BrowserSession, http::Problem};

/// Why there is no code. Nothing was written.
#[derive(Debug)]
pub(super) enum NotGiven {
    /// The session has ended.
    SignedOut,
    /// A code was given for the request that was sent ahead.
    Answered,
    /// The person does not belong to the organization that is asked for.
    NoMember,
    /// The organization that is asked for wants more of them than they have shown.
    FactorMissing,
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
    let organization = match organization(step, request, signed_in).await? {
        Ok(organization) => organization,
        Err(why) => return Ok(Err(why)),
    };
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
            organization,
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

/// The organization that the tokens are to speak of, if one is asked for and the person may act in it now. It is asked again when the
/// code is redeemed.
async fn organization(
    step: &Step<'_>,
    request: &AuthorizationRequest,
    signed_in: &BrowserSession,
) -> Result<Result<Option<OrganizationId>, NotGiven>, Problem> {
    let organization = match request.organization {
        None => return Ok(Ok(None)),
        Some(AskedOrganization::Nowhere) => return Ok(Err(NotGiven::NoMember)),
        Some(AskedOrganization::Known(organization)) => organization,
    };
    let (realm, user, now) = (step.realm.id(), signed_in.user.id, step.now);
    let bearing = Bearing::of(Some(&signed_in.session), step.realm.settings().mfa_grace);
    let found = step.app.db().read("find what a user is in an organization", move |tx| {
        Box::pin(async move { memberships::find_acting(tx, realm, organization, user, bearing, now).await })
    });
    Ok(match found.await? {
        None => Err(NotGiven::NoMember),
        Some(acting) if acting.missing.is_passed() => Ok(Some(organization)),
        Some(_) => Err(NotGiven::FactorMissing),
    })
}
