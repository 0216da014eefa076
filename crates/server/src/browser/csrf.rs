//! Whether a form was sent from a page of ours (OA-13, SE-10): by what the browser says of its sender, and by a field that only
//! such a page has.
//!
//! The cookies are `SameSite=Lax` besides, so that another site's form brings none.

use axum::http::{
    HeaderName,
    header::{HOST, ORIGIN},
    request::Parts,
};

use super::Browser;
use crate::{App, realm::Snapshot};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What a browser says of who sends a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    /// A page of ours, or the person alone.
    Ourselves,
    /// Another site, or another origin of this one.
    Other,
    /// It does not say.
    Unsaid,
}

impl Sender {
    /// `Sec-Fetch-Site` where the browser knows it; `Origin` where it does not. With `Referrer-Policy: no-referrer` a form of
    /// our own has the origin `null`, which says nothing.
    pub(super) fn of(parts: &Parts, app: &App) -> Self {
        let text = |name: HeaderName| {
            let mut named = parts.headers.get_all(name).iter();
            let first = named.next().map(|value| value.to_str().unwrap_or("?"));
            if named.next().is_some() { Some("?") } else { first }
        };
        match (text(SEC_FETCH_SITE), text(ORIGIN)) {
            (Some("same-origin" | "none"), _) => Self::Ourselves,
            (Some(_), _) => Self::Other,
            (None, None | Some("null")) => Self::Unsaid,
            (None, Some(origin)) => {
                let host =
                    parts.uri.authority().map(axum::http::uri::Authority::as_str).or_else(|| text(HOST));
                let ours = [host, Some(without_scheme(app.public_url()))];
                let theirs = without_scheme(origin);
                if ours.contains(&Some(theirs)) { Self::Ourselves } else { Self::Other }
            }
        }
    }
}

fn without_scheme(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

/// A form that no page of ours sent from this browser, or one that was open while somebody signed in or out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forged {
    /// The browser says that another site sent it.
    #[error("another site sent the form")]
    OtherSite,
    /// The field is missing or not that of this browser and whoever is signed in there now.
    #[error("the form is of another browser or session")]
    Field,
}

impl Browser {
    /// What a form on a page must carry in the field `csrf`.
    pub fn csrf_token(&self, app: &App, realm: &Snapshot) -> String {
        app.csrf_key().token(realm.id(), self.id, self.token)
    }

    /// Whether a form was sent from a page of ours, in this browser, for whoever is signed in in it. `field` is what it carries
    /// in `csrf`.
    pub fn check_csrf(&self, app: &App, realm: &Snapshot, field: Option<&str>) -> Result<(), Forged> {
        if self.sender == Sender::Other {
            return Err(Forged::OtherSite);
        }
        let right = field.is_some_and(|text| app.csrf_key().check(text, realm.id(), self.id, self.token));
        if right { Ok(()) } else { Err(Forged::Field) }
    }
}
