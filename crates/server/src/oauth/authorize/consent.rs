//! Whether a client may.

use std::sync::Arc;

use axum::{
    extract::{Query, State},
    response::Response,
};
use gatepost_domain::{
    ClientOrigin, Scope,
    audit::{Actor, Event},
};
use gatepost_store::{audit, consents};
use serde::Deserialize;

use super::Step;
use crate::{
    App,
    browser::BrowserSession,
    clients,
    http::{Problem, Where},
    pages::{self, Form, Frame},
};

#[derive(Deserialize)]
pub(super) struct Shown {
    #[serde(default)]
    flow: String,
}

pub(super) async fn show(
    State(app): State<App>,
    frame: Frame,
    session: Option<BrowserSession>,
    Query(shown): Query<Shown>,
) -> Result<Response, Problem> {
    let (realm, browser, now) = (Arc::clone(&frame.realm), frame.browser.clone(), frame.now);
    let step = Step { app: &app, realm: &realm, browser: &browser, session: session.as_ref(), now };
    page(&step, frame, &shown.flow, false).await
}

async fn page(step: &Step<'_>, frame: Frame, sealed: &str, stale: bool) -> Result<Response, Problem> {
    let Some((flow, request, client)) = step.reopened(sealed).await? else {
        return Ok(pages::flow_lost(&frame));
    };
    let Some(signed_in) = step.session else { return Ok(step.see("/sign-in", &flow)) };
    let agreed = step.consent(&client).await?;
    let is_new =
        |scope: &Scope| agreed.as_ref().is_some_and(|consent| !consent.scopes.contains(scope.as_str()));
    let scopes: Vec<(Scope, bool)> =
        request.to_agree().iter().map(|scope| (scope.clone(), is_new(scope))).collect();
    let back = url::Url::parse(&request.return_to.uri).ok();
    let host = back.as_ref().and_then(url::Url::host_str);
    let consent = pages::Consent {
        client: clients::shown_name(&client),
        host,
        unchecked: match client.origin {
            _ if client.origin.is_vouched_for() => None,
            ClientOrigin::Document { .. } => client.id.host().map(pages::Unchecked::Described),
            ClientOrigin::Managed | ClientOrigin::Registered { .. } => Some(pages::Unchecked::Registered),
        },
        user: &signed_in.user,
        scopes: &scopes,
        flow: (&flow, sealed),
        stale,
    };
    Ok(pages::consent(frame, &consent))
}

pub(super) async fn submit(
    State(app): State<App>,
    origin: Where,
    frame: Frame,
    session: Option<BrowserSession>,
    form: Form,
) -> Result<Response, Problem> {
    let (realm, browser, now) = (Arc::clone(&frame.realm), frame.browser.clone(), frame.now);
    let step = Step { app: &app, realm: &realm, browser: &browser, session: session.as_ref(), now };
    if browser.check_csrf(&app, &realm, form.get("csrf")).is_err() {
        return page(&step, frame, form.get("flow").unwrap_or_default(), true).await;
    }
    let Some((mut flow, request, client)) = step.reopened(form.get("flow").unwrap_or_default()).await? else {
        return Ok(pages::flow_lost(&frame));
    };
    let Some(signed_in) = step.session else { return Ok(step.see("/sign-in", &flow)) };
    let user = signed_in.user.id;
    let record = |event| {
        let scopes = request.to_agree().to_string();
        let record = origin.record(&app, realm.id(), event, Actor::User(user), now);
        record.user(user).session(signed_in.session.id).client(client.id.clone()).with("scopes", scopes)
    };
    match form.get("decision").unwrap_or_default() {
        "approve" => {
            let (id, client, scopes) = (realm.id(), client.id.clone(), request.to_agree());
            let record = record(Event::ConsentGiven);
            let given = app.db().write("keep what a user agreed to", move |tx| {
                let (client, scopes, record) = (client.clone(), scopes.clone(), record.clone());
                Box::pin(async move {
                    consents::give(tx, id, user, &client, &scopes, now).await?;
                    audit::append(tx, &record).await
                })
            });
            given.await?;
            flow.consented = Some(signed_in.session.id);
            Ok(step.see("/oauth/authorize", &flow))
        }
        "deny" => {
            let record = record(Event::ConsentRefused);
            let kept = app.db().write("keep what a user did not agree to", move |tx| {
                let record = record.clone();
                Box::pin(async move { audit::append(tx, &record).await })
            });
            kept.await?;
            Ok(request.return_to.with_error(&frame, &realm, "access_denied", "The person did not agree."))
        }
        _ => page(&step, frame, form.get("flow").unwrap_or_default(), false).await,
    }
}
