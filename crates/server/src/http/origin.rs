//! Where a request came from.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{
        HeaderValue,
        header::{COOKIE, USER_AGENT},
        request::Parts,
    },
};
use gatepost_domain::{
    RealmId, SessionOrigin, Timestamp,
    audit::{Actor, Event, Record},
};

use super::{client_address::Neighbourhood, observe::RequestId};
use crate::{
    App,
    browser::{device_cookie, one_cookie, trust_cookie},
    pages::Language,
    realm::InRealm,
};

/// The address a request came from, what the sender calls itself, and the request's id: what a session and an audit record keep. And
/// the device, as far as a cookie tells.
///
/// Behind proxies that the operator trusts it is the address that they vouch for.
#[derive(Clone, Debug, Default)]
pub struct Where {
    address: Option<IpAddr>,
    // As they came: most requests keep neither.
    user_agent: Option<HeaderValue>,
    request_id: Option<RequestId>,
    device: Option<String>,
    trust: Option<String>,
    on_trusted_device: bool,
    to_be_trusted: bool,
    language: Option<Language>,
    back: Option<String>,
}

impl Where {
    /// For the session that begins here.
    pub fn session_origin(&self) -> SessionOrigin {
        let user_agent = self.user_agent.as_ref().and_then(|value| value.to_str().ok());
        SessionOrigin::new(self.address, user_agent)
    }

    /// Those who are counted together with whoever sent the request.
    pub fn neighbourhood(&self) -> Neighbourhood {
        Neighbourhood::of(self.address)
    }

    /// The cookie by which a device is known, as it was sent.
    pub fn device(&self) -> Option<&str> {
        self.device.as_deref()
    }

    /// The cookie by which the device is trusted, as it was sent.
    pub fn trust_as_sent(&self) -> Option<&str> {
        self.trust.as_deref()
    }

    /// The same, where the sign-in may go by it.
    pub fn trusted(&self) -> Option<&str> {
        self.trust_as_sent().filter(|_| self.on_trusted_device)
    }

    /// The same, for a sign-in that may do without a second factor on a device that is trusted. Not for whoever has to prove anew who
    /// they are.
    #[must_use]
    pub fn on_trusted_device(mut self, may: bool) -> Self {
        self.on_trusted_device = may;
        self
    }

    /// The same, for somebody who does not want to be asked for a second factor here again.
    #[must_use]
    pub fn trusting(mut self, wanted: bool) -> Self {
        self.to_be_trusted = wanted;
        self
    }

    /// Whether they do not.
    pub fn is_to_be_trusted(&self) -> bool {
        self.to_be_trusted
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

    /// Where the application goes on with what is mailed, in place of a page of ours.
    pub fn back(&self) -> Option<&str> {
        self.back.as_deref()
    }

    /// The same, asked at an application that goes on there: an address that the realm trusts.
    #[must_use]
    pub fn going_on_at(mut self, back: Option<String>) -> Self {
        self.back = back;
        self
    }

    /// The request's id, as in the log.
    pub fn request_id(&self) -> Option<String> {
        self.request_id.map(|id| id.to_string())
    }

    /// An audit record of something done by this request.
    pub fn record(&self, app: &App, realm: RealmId, event: Event, actor: Actor, now: Timestamp) -> Record {
        let id = self.request_id.map_or_else(|| app.event_id(now), |request| app.event_id_in(request, now));
        let mut record = Record::new(id, realm, now, event, actor);
        record.address = self.address;
        record.request_id = self.request_id.map(|id| id.to_string());
        record
    }
}

impl FromRequestParts<App> for Where {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
        let realm = parts.extensions.get::<InRealm>().filter(|_| parts.headers.contains_key(COOKIE));
        let device = realm.and_then(|realm| one_cookie(&parts.headers, &device_cookie(realm.name())));
        let trust = realm.and_then(|realm| one_cookie(&parts.headers, &trust_cookie(realm.name())));
        Ok(Self {
            address: peer.map(|peer| app.trusted_proxies().client(peer, &parts.headers)),
            device: device.map(str::to_owned),
            trust: trust.map(str::to_owned),
            on_trusted_device: false,
            to_be_trusted: false,
            user_agent: parts.headers.get(USER_AGENT).cloned(),
            request_id: parts.extensions.get::<RequestId>().copied(),
            language: Language::of(&parts.headers),
            back: None,
        })
    }
}
