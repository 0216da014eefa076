//! `/oidc/logout`: a client asks to sign its user out (OpenID Connect RP-Initiated Logout 1.0).
//!
//! An ID token of the session that is signed in here proves that its client asks, and then the person is not asked again. Without one
//! anybody could: the person is asked first, and sent nowhere afterwards. Applications that were written for Scalekit often send none,
//! and count on being sent their people back: once these have said so, they are.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use gatepost_domain::{Client, ClientId, Timestamp};

use super::authorize::{Hint, id_token, parameters};
use crate::{
    App,
    accounts::Who,
    browser::BrowserSession,
    clients,
    http::{Problem, Where},
    pages::{self, Frame},
    realm::Snapshot,
    session::{self, Ended},
};

/// The endpoint; it needs [`pages::around`](crate::pages::around) around it.
pub(super) fn pages() -> Router<App> {
    Router::new().route("/oidc/logout", get(logout).post(logout))
}

async fn logout(
    State(app): State<App>,
    origin: Where,
    frame: Frame,
    signed_in: Option<BrowserSession>,
    request: Request,
) -> Result<Response, Problem> {
    let (realm, browser, now) = (Arc::clone(&frame.realm), frame.browser.clone(), frame.now);
    let shown = |what: &str| pages::error(&frame, StatusCode::BAD_REQUEST, "invalid_request", what);
    let form = match parameters(request).await {
        Ok(form) => form,
        Err(what) => return Ok(shown(what)),
    };
    let hint = match form.get("id_token_hint").map(|token| id_token(&realm, token)) {
        Some(None) => return Ok(shown("`id_token_hint` is not an ID token of this realm.")),
        Some(hint) => hint,
        None => None,
    };
    let after = form.get("post_logout_redirect_uri");
    let named = form.get("client_id").or_else(|| {
        let nobody = hint.is_none();
        after.filter(|_| nobody).and_then(|uri| realm.client_after(uri)).map(ClientId::as_str)
    });
    let client = match client_of(&app, &realm, hint.as_ref(), named).await? {
        Ok(client) => client,
        Err(what) => return Ok(shown(what)),
    };
    let back = match (after, &client) {
        (None, _) => None,
        (Some(uri), Some(client)) if is_registered(client, uri) => Some(uri),
        (Some(_), Some(_)) => {
            return Ok(shown("`post_logout_redirect_uri` is not registered for this client."));
        }
        // Whose address it would be, nobody knows.
        (Some(_), None) => {
            return Ok(shown("`post_logout_redirect_uri` is taken with an `id_token_hint` or `client_id`."));
        }
    };
    let is_scalekit = client.is_some_and(|client| client.settings.token_format.is_scalekit());
    let back = back.filter(|_| hint.is_some() || is_scalekit).map(|uri| with_state(uri, form.get("state")));
    let Some(signed_in) = signed_in else {
        return Ok(back.map_or_else(|| pages::signed_out(&frame), |uri| Redirect::to(&uri).into_response()));
    };
    if hint.is_none_or(|hint| hint.session() != Some(&signed_in.session.id.to_string())) {
        // Of a hint of another session nobody knows which of the two is meant: as if there were none.
        let back = back.filter(|_| is_scalekit);
        return Ok(pages::ask_to_sign_out(frame, &signed_in.user, back));
    }
    end(&app, &realm, &signed_in, origin, now).await?;
    browser.forget(&realm);
    Ok(back.map_or_else(|| pages::signed_out(&frame), |uri| Redirect::to(&uri).into_response()))
}

async fn end(
    app: &App,
    realm: &Snapshot,
    signed_in: &BrowserSession,
    origin: Where,
    now: Timestamp,
) -> Result<(), Problem> {
    let who = Who::themselves(&signed_in.caller(), origin);
    let which = Ended::One(signed_in.session.id);
    session::end(app, (realm.id(), signed_in.user.id), which, who, now).await.map(|_| ())
}

/// The client that asks: the one the ID token was made for, which must be the one that is named, if one is.
async fn client_of(
    app: &App,
    realm: &Snapshot,
    hint: Option<&Hint>,
    named: Option<&str>,
) -> Result<Result<Option<Client>, &'static str>, Problem> {
    let id = match (hint.map(Hint::audience), named) {
        (Some(audience), Some(named)) if !audience.contains(&named) => {
            return Ok(Err("`client_id` is not the client of `id_token_hint`."));
        }
        (_, Some(named)) => Some(named.to_owned()),
        (Some(audience), None) => audience.first().map(|id| (*id).to_owned()),
        (None, None) => None,
    };
    let Some(id) = id.and_then(|id| id.parse::<ClientId>().ok()) else { return Ok(Ok(None)) };
    Ok(Ok(clients::find(app, realm.id(), id).await?))
}

fn is_registered(client: &Client, uri: &str) -> bool {
    client.settings.post_logout_redirect_uris.iter().any(|registered| registered.as_str() == uri)
}

fn with_state(uri: &str, state: Option<&str>) -> String {
    let Some(state) = state else { return uri.to_owned() };
    let joint = if uri.contains('?') { '&' } else { '?' };
    let state: String = url::form_urlencoded::byte_serialize(state.as_bytes()).collect();
    format!("{uri}{joint}state={state}")
}
