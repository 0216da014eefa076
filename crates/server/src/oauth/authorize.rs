//! The authorization endpoint (RFC 6749 section 3.1): what a client asks of a person, and the code it gets.
//!
//! A request is judged afresh at every step; what was asked for travels in the flow of the sign-in and is never sent again.

mod answer;
mod asked;
mod code;
mod consent;
mod decide;
mod pushed;
mod request;
mod signed;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{Method, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use gatepost_domain::{Client, Consent, SessionId, Timestamp};
use gatepost_store::consents;

pub(super) use asked::{Hint, id_token};
use code::NotGiven;
pub(super) use decide::is_too_old;
use decide::{Next, Progress};
pub(super) use pushed::check;
use request::{AuthorizationRequest, Refusal};
pub(super) use request::{audience, scopes, signs_for};
pub(super) use signed::signed;

use super::{form::Form, subject};
use crate::{
    App,
    browser::{Browser, BrowserSession, Flow, Target},
    clients,
    http::{
        Now, Problem, Where,
        body::{self, Unread},
    },
    mfa,
    pages::{self, Frame},
    realm::{InRealm, Snapshot},
};

/// What people open on the way from a client and back.
pub(super) fn pages() -> Router<App> {
    Router::new()
        .route("/oauth/authorize", get(authorize).post(authorize))
        .route("/consent", get(consent::show).post(consent::submit))
}

/// What every step works with.
struct Step<'a> {
    app: &'a App,
    realm: &'a Snapshot,
    browser: &'a Browser,
    session: Option<&'a BrowserSession>,
    now: Timestamp,
}

async fn authorize(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    (origin, frame): (Where, Frame),
    browser: Browser,
    session: Option<BrowserSession>,
    request: Request,
) -> Result<Response, Problem> {
    let shown = |code: &str, what: &str| pages::error(&frame, StatusCode::BAD_REQUEST, code, what);
    let form = match parameters(request).await {
        Ok(form) => form,
        Err(what) => return Ok(shown("invalid_request", what)),
    };
    let step = Step { app: &app, realm: &realm, browser: &browser, session: session.as_ref(), now };
    if let Some(sealed) = form.get("flow") {
        let Some((flow, request, client)) = step.reopened(sealed).await? else {
            return Ok(pages::flow_lost(&frame));
        };
        return step.go_on(&request, &client, Some(flow), &frame).await;
    }
    let Some(client) = form.get("client_id") else {
        return Ok(shown("invalid_request", "`client_id` is missing."));
    };
    let client = match client.parse() {
        Ok(id) => clients::known(&app, &realm, id, &origin, now).await?,
        Err(_) => None,
    };
    let Some(client) = client else {
        return Ok(shown("invalid_client", "`client_id` names no client of this realm."));
    };
    match step.asked(&client, &form).await? {
        Ok(request) => step.go_on(&request, &client, None, &frame).await,
        Err(refusal) => Ok(refused(&frame, &realm, refusal)),
    }
}

fn refused(frame: &Frame, realm: &Snapshot, refusal: Refusal) -> Response {
    match refusal {
        Refusal::Shown(code, what) => pages::error(frame, StatusCode::BAD_REQUEST, code, what),
        Refusal::Told(back, code, what) => back.with_error(frame, realm, code, what),
    }
}

/// The parameters, from the address and, of a form that was posted, from the body as well (OpenID Connect Core section 3.1.2.1).
pub(super) async fn parameters(request: Request) -> Result<Form, &'static str> {
    let mut encoded = request.uri().query().unwrap_or_default().as_bytes().to_vec();
    if request.method() == Method::POST {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let essence = kind.split(';').next().unwrap_or("").trim();
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err("Send the parameters as application/x-www-form-urlencoded.");
        }
        let body = body::read(request.into_body()).await.map_err(Unread::sentence)?;
        if !encoded.is_empty() && !body.is_empty() {
            encoded.push(b'&');
        }
        encoded.extend_from_slice(&body);
    }
    Form::parse(&encoded).map_err(|refused| refused.description())
}

impl Step<'_> {
    /// The flow of a request that has just come.
    fn begin(&self, request: &AuthorizationRequest, client: &Client) -> Result<Flow, Problem> {
        let written = serde_json::to_string(request).map_err(Problem::internal)?;
        let mut flow = Flow::to(Target::Authorize(written), self.now);
        flow.client_name = Some(clients::shown_name(client).to_owned());
        flow.login_hint.clone_from(&request.login_hint);
        flow.ui_locales.clone_from(&request.ui_locales);
        flow.returns_to = Some(request.return_to.uri.clone());
        flow.every_factor = decide::wants_every_factor(request);
        Ok(flow)
    }

    /// The request of a flow, and its client as it is now. `None`: the flow cannot be opened here, or the client is gone or was
    /// registered with other redirect URIs since.
    async fn reopened(
        &self,
        sealed: &str,
    ) -> Result<Option<(Flow, AuthorizationRequest, Arc<Client>)>, Problem> {
        let flow = Flow::open(self.app, self.realm, self.browser, sealed, self.now);
        let Some(flow) = flow else { return Ok(None) };
        let Target::Authorize(written) = &flow.target else { return Ok(None) };
        let Ok(request) = serde_json::from_str::<AuthorizationRequest>(written) else { return Ok(None) };
        let client = clients::current(self.app, self.realm, request.client.clone()).await?;
        let admits = |client: &Arc<Client>| {
            client.settings.redirect_uris.iter().any(|uri| uri.admits(&request.return_to.uri))
        };
        Ok(client.filter(admits).map(|client| (flow, request, client)))
    }

    async fn consent(&self, client: &Client) -> Result<Option<Consent>, Problem> {
        let Some(signed_in) = self.session else { return Ok(None) };
        let (realm, user, client) = (self.realm.id(), signed_in.user.id, client.id.clone());
        let found = self.app.db().read("find what a user agreed to", move |tx| {
            let client = client.clone();
            Box::pin(async move { consents::find(tx, realm, user, &client).await })
        });
        Ok(found.await?)
    }

    /// Whether the person could prove more than they have: by a factor of theirs, or by one that they are offered at the sign-in, once.
    async fn can_step_up(
        &self,
        request: &AuthorizationRequest,
        flow: Option<&Flow>,
    ) -> Result<bool, Problem> {
        let wanting = self.session.filter(|found| decide::wants_second_factor(request, &found.session));
        let Some(found) = wanting else { return Ok(false) };
        if mfa::has_factor(self.app, &found.user).await? {
            return Ok(true);
        }
        let began = flow.map_or(self.now, |flow| flow.started_at);
        let can_be_offered = !request.prompt.none && found.session.authenticated_at < began;
        Ok(can_be_offered && mfa::is_offered(self.app, self.realm, &found.user, self.now).await?)
    }

    /// What comes next for a request: of a flow, or of none yet where it has just come.
    async fn go_on(
        &self,
        request: &AuthorizationRequest,
        client: &Client,
        flow: Option<Flow>,
        frame: &Frame,
    ) -> Result<Response, Problem> {
        // Of a client that need not ask, nobody asks what was agreed to, unless it was in this flow.
        let agreed_here = flow.as_ref().is_some_and(|flow| flow.consented.is_some());
        let reads = agreed_here || !client.settings.skip_consent;
        let consent = if reads { self.consent(client).await? } else { None };
        let subject = self.session.map(|found| subject::of(self.app, client, found.user.id));
        let signed_in = self.session.zip(subject.as_deref());
        let signed_in = signed_in.map(|(found, subject)| (&found.session, subject));
        let current = |session: Option<SessionId>| {
            session.is_some_and(|session| self.session.is_some_and(|found| found.session.id == session))
        };
        let can_step_up = self.can_step_up(request, flow.as_ref()).await?;
        let progress = match &flow {
            Some(flow) => Progress {
                started_at: flow.started_at,
                consented: current(flow.consented),
                account_chosen: current(flow.account_chosen),
                can_step_up,
            },
            None => Progress { started_at: self.now, consented: false, account_chosen: false, can_step_up },
        };
        let to = |page: &str, fresh: Option<bool>| {
            // Once: who comes back from there without having signed in chooses another way.
            let provider = request.provider.as_ref().filter(|_| page == "/sign-in" && flow.is_none());
            let mut flow = flow.map_or_else(|| self.begin(request, client), Ok)?;
            flow.fresh = fresh.unwrap_or(flow.fresh);
            let sealed = flow.seal(self.app, self.realm, self.browser);
            let there = provider.and_then(|id| pages::to_provider(frame, id, &sealed));
            let here = || self.browser.path(&format!("{page}?flow={sealed}"));
            Ok(Redirect::to(&there.unwrap_or_else(here)).into_response())
        };
        match decide::next(request, client, signed_in, consent.as_ref(), progress, self.now) {
            Next::SignIn { fresh } => to("/sign-in", Some(fresh)),
            Next::Consent => to("/consent", None),
            Next::Refuse(error, what) => Ok(request.return_to.with_error(frame, self.realm, error, what)),
            Next::Code => match self.session {
                Some(session) => match code::give(self, request, session).await? {
                    Ok(code) => Ok(request.return_to.with_code(frame, self.realm, &code)),
                    // Signed out meanwhile, in another window.
                    Err(NotGiven::SignedOut) => to("/sign-in", None),
                    Err(NotGiven::Answered) => Ok(refused(frame, self.realm, pushed::NOT_GOOD)),
                    Err(NotGiven::NoMember) => Ok(request.return_to.with_error(
                        frame,
                        self.realm,
                        "access_denied",
                        "The person does not belong to the organization.",
                    )),
                    Err(NotGiven::FactorMissing) => Ok(request.return_to.with_error(
                        frame,
                        self.realm,
                        "unmet_authentication_requirements",
                        "The organization asks for a second factor, which the person has not shown.",
                    )),
                },
                None => to("/sign-in", None),
            },
        }
    }
    fn see(&self, page: &str, flow: &Flow) -> Response {
        let sealed = flow.seal(self.app, self.realm, self.browser);
        Redirect::to(&self.browser.path(&format!("{page}?flow={sealed}"))).into_response()
    }
}
