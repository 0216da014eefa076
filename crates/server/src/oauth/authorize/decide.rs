//! What comes next for an authorization request: a pure decision.

use std::time::Duration;

use gatepost_domain::{Client, Consent, Session, Timestamp, mfa::is_multi_factor};

use super::request::AuthorizationRequest;
use crate::oauth::acr;

/// How far a person has got with a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    /// When the request came.
    pub(super) started_at: Timestamp,
    /// Whether the person has agreed to it.
    pub(super) consented: bool,
    /// Whether the person has said which account to use.
    pub(super) account_chosen: bool,
    /// Whether the person could prove more: a second factor, which was not asked for when they signed in.
    pub(super) can_step_up: bool,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The person signs in. `fresh`: though somebody is signed in.
    SignIn { fresh: bool },
    /// The person is asked whether the client may.
    Consent,
    /// The client gets its code.
    Code,
    /// The client gets none.
    Refuse(&'static str, &'static str),
}

/// Decides. `subject` is what the client calls the person who is signed in.
pub(super) fn next(
    request: &AuthorizationRequest,
    client: &Client,
    signed_in: Option<(&Session, &str)>,
    consent: Option<&Consent>,
    progress: Progress,
    now: Timestamp,
) -> Next {
    let silent = request.prompt.none;
    let sign_in = |fresh| {
        if silent {
            Next::Refuse("login_required", "The person has to sign in.")
        } else {
            Next::SignIn { fresh }
        }
    };
    let Some((session, subject)) = signed_in else { return sign_in(false) };
    if request.subject.as_deref().is_some_and(|wanted| wanted != subject) {
        return sign_in(true);
    }
    // Whoever has signed in since the request came has done what it asks.
    let has_just = session.authenticated_at >= progress.started_at;
    if (request.prompt.login && !has_just) || is_too_old(session, request.max_age, progress.started_at, now) {
        return sign_in(true);
    }
    if request.prompt.select_account && !progress.account_chosen && !has_just {
        return sign_in(false);
    }
    // What was only wished for is not refused: the tokens say which level it is (OpenID Connect Core section 5.5.1.1).
    if wants_second_factor(request, session) && progress.can_step_up {
        return sign_in(true);
    }
    if !reaches(&request.acr, &session.amr) {
        return Next::Refuse("unmet_authentication_requirements", "The person cannot sign in at that level.");
    }
    if needs_consent(request, client, consent, progress) {
        return if silent {
            Next::Refuse("consent_required", "The person has to agree first.")
        } else {
            Next::Consent
        };
    }
    Next::Code
}

fn reaches(levels: &[String], amr: &[String]) -> bool {
    levels.is_empty() || levels.iter().any(|wanted| acr::is_reached(wanted, amr))
}

/// Whether a second factor would bring the session to a level that the client demands or wishes for, or is missing to a proof that it
/// wants anew: whoever proves anew who they are does so with all they have. Whoever has shown one is not asked again for a level that
/// there is not.
pub(super) fn wants_second_factor(request: &AuthorizationRequest, session: &Session) -> bool {
    !is_multi_factor(&session.amr) && (wants_anew(request) || helps(request, &session.amr))
}

/// The same before anybody is signed in: whether it is known that one factor will not do for whoever has two.
pub(super) fn wants_every_factor(request: &AuthorizationRequest) -> bool {
    wants_anew(request) || helps(request, &[])
}

fn wants_anew(request: &AuthorizationRequest) -> bool {
    request.prompt.login || request.max_age.is_some()
}

fn helps(request: &AuthorizationRequest, amr: &[String]) -> bool {
    let with_it: Vec<String> = amr.iter().cloned().chain(["mfa".to_owned()]).collect();
    let helps = |levels: &Vec<String>| !reaches(levels, amr) && reaches(levels, &with_it);
    [&request.acr, &request.acr_wished].into_iter().any(helps)
}

/// Whether the person signed in longer ago than the client takes (`max_age`), and not since it asked.
pub(in crate::oauth) fn is_too_old(
    session: &Session,
    max_age: Option<u64>,
    asked_at: Timestamp,
    now: Timestamp,
) -> bool {
    let too_long_ago = |age| age == 0 || now.since(session.authenticated_at) > Duration::from_secs(age);
    session.authenticated_at < asked_at && max_age.is_some_and(too_long_ago)
}

fn needs_consent(
    request: &AuthorizationRequest,
    client: &Client,
    consent: Option<&Consent>,
    progress: Progress,
) -> bool {
    let agreed = consent.is_some_and(|consent| request.to_agree().is_subset_of(&consent.scopes));
    // What was agreed to a moment ago can have been taken back since.
    if progress.consented && agreed {
        return false;
    }
    // Another program on the device could be behind it, and nobody would notice (RFC 8252 section 8.6).
    let native =
        client.settings.redirect_uris.iter().any(|uri| uri.admits(&request.return_to.uri) && uri.is_native());
    if request.prompt.consent || (native && client.is_public()) {
        return true;
    }
    !agreed && !client.settings.skip_consent
}
