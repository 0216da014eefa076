//! Where a request came from.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{header::USER_AGENT, request::Parts},
};
use gatepost_domain::{
    EventId, RealmId, SessionOrigin, Timestamp,
    audit::{Actor, Event, Record},
};

use super::observe::RequestId;
use crate::{App, pages::Language};

/// The peer's address, what it calls itself, and the request's id: what a session and an audit record keep.
///
/// Forwarding headers are not believed: nobody configured a proxy to trust.
#[derive(Clone, Debug, Default)]
pub struct Where {
    address: Option<IpAddr>,
    user_agent: Option<String>,
    request_id: Option<String>,
    language: Option<Language>,
}

impl Where {
    /// For the session that begins here.
    pub fn session_origin(&self) -> SessionOrigin {
        SessionOrigin::new(self.address, self.user_agent.as_deref())
    }

    /// In which language whoever asks is written to (RFC 5646).
    pub fn language(&self) -> &'static str {
        self.language.unwrap_or(Language::ALL[0]).tag
    }

    /// The same, as somebody who reads another.
    #[must_use]
    pub fn reading(mut self, language: Language) -> Self {
        self.language = Some(language);
        self
    }

    /// The request's id, as in the log.
    pub fn request_id(&self) -> Option<String> {
        self.request_id.clone()
    }

    /// Those who are counted together: an address, or all of a network where one has many to choose from (IPv6 /64).
    pub fn neighbourhood(&self) -> String {
        match self.address.map(|address| address.to_canonical()) {
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}")
            }
            Some(IpAddr::V4(address)) => address.to_string(),
            None => String::new(),
        }
    }

    /// An audit record of something done by this request.
    pub fn record(&self, app: &App, realm: RealmId, event: Event, actor: Actor, now: Timestamp) -> Record {
        let mut record = Record::new(EventId::new(now, app.entropy()), realm, now, event, actor);
        record.address = self.address;
        record.request_id.clone_from(&self.request_id);
        record
    }
}

impl<S: Sync> FromRequestParts<S> for Where {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self {
            address: parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip()),
            user_agent: parts
                .headers
                .get(USER_AGENT)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned),
            request_id: parts.extensions.get::<RequestId>().map(ToString::to_string),
            language: Language::of(&parts.headers),
        })
    }
}
