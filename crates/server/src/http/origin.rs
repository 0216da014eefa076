//! Where a request came from.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderValue, header::USER_AGENT, request::Parts},
};
use gatepost_domain::{
    EventId, RealmId, SessionOrigin, Timestamp,
    audit::{Actor, Event, Record},
};

use super::observe::RequestId;
use crate::App;

/// The peer's address, what it calls itself, and the request's id: what a session and an audit record keep.
///
/// Forwarding headers are not believed: nobody configured a proxy to trust.
#[derive(Clone, Debug, Default)]
pub struct Where {
    address: Option<IpAddr>,
    // As they came: most requests keep neither.
    user_agent: Option<HeaderValue>,
    request_id: Option<RequestId>,
}

impl Where {
    /// For the session that begins here.
    pub fn session_origin(&self) -> SessionOrigin {
        let user_agent = self.user_agent.as_ref().and_then(|value| value.to_str().ok());
        SessionOrigin::new(self.address, user_agent)
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
        record.request_id = self.request_id.map(|id| id.to_string());
        record
    }
}

impl<S: Sync> FromRequestParts<S> for Where {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self {
            address: parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip()),
            user_agent: parts.headers.get(USER_AGENT).cloned(),
            request_id: parts.extensions.get::<RequestId>().copied(),
        })
    }
}
