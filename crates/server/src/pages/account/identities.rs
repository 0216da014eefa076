//! Accounts elsewhere on `/account/security`: which are connected, and which could be.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use gatepost_domain::{EmailAddress, IdentityId};

use super::{Form, Frame, or_prove_anew, see};
use crate::{
    App,
    browser::BrowserSession,
    http::{Problem, Where},
    pages::{
        html::{Html, address, moment, say},
        notice::Notice,
        social::{ACCOUNT, Button, buttons, icon},
    },
    social,
};

/// What the page shows of them.
pub(super) struct Connected {
    pub(super) rows: Vec<Row>,
    pub(super) offers: Vec<Offer>,
}

/// One that is connected.
pub(super) struct Row {
    pub(super) id: IdentityId,
    pub(super) name: String,
    pub(super) address: Option<Html>,
    pub(super) since: String,
    pub(super) at: String,
    pub(super) label: String,
    pub(super) icon: &'static str,
}

/// A provider of which none is.
pub(super) struct Offer {
    pub(super) button: Button,
    pub(super) why: String,
}

impl Connected {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.offers.is_empty()
    }

    pub(super) async fn of(app: &App, frame: &Frame, signed_in: &BrowserSession) -> Result<Self, Problem> {
        let (w, user, realm) = (frame.words(), &signed_in.user, &frame.realm);
        let found = social::list(app, user.realm, user.id).await?;
        let offers = buttons(frame, None, Some(signed_in.session.id));
        let offers =
            offers.into_iter().filter(|one| !found.iter().any(|had| had.provider.as_str() == one.id));
        let offers = offers
            .map(|button| Offer { why: say(w.connect_why).put("provider", &button.name).plain(), button });
        let rows = found.iter().map(|one| {
            let name = realm.provider_name(&one.provider);
            Row {
                id: one.id,
                name: name.to_owned(),
                address: one.email.as_ref().map(EmailAddress::as_str).map(address),
                since: say(w.connected_since).put("time", moment(w, one.created_at)).plain(),
                at: one.created_at.to_string(),
                label: say(w.disconnect_one).put("provider", name).plain(),
                icon: icon(realm.provider(&one.provider).and_then(|provider| provider.settings.preset)),
            }
        });
        Ok(Self { rows: rows.collect(), offers: offers.collect() })
    }
}

/// Disconnects one.
pub(super) async fn submit(
    State(app): State<App>,
    signed_in: BrowserSession,
    origin: Where,
    frame: Frame,
    form: Form,
) -> Result<Response, Problem> {
    let (realm, now) = (Arc::clone(&frame.realm), frame.now);
    let problem = |text| super::security::page(&app, &frame, &signed_in, Some(text));
    if frame.browser.check_csrf(&app, &realm, form.get("csrf")).is_err() {
        return problem(frame.words().stale).await;
    }
    let Ok(id) = form.text("disconnect").parse::<IdentityId>() else {
        return Ok(see(&frame.browser, ACCOUNT));
    };
    let gone = social::disconnect(&app, &realm, &signed_in.caller(), id, origin, now).await;
    match or_prove_anew(&frame, ACCOUNT, gone) {
        Err(elsewhere) => Ok(elsewhere),
        // Disconnected before, in another window, is disconnected.
        Ok(Ok(()) | Err(Problem::NotFound)) => {
            frame.tell(Notice::Disconnected);
            Ok(see(&frame.browser, ACCOUNT))
        }
        Ok(Err(Problem::LastWayIn)) => problem(frame.words().last_way_in).await,
        Ok(Err(other)) => Err(other),
    }
}
