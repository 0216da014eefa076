//! A request, read once: its members, and what is set with the answer. What the contract asks of every request is asked here.

use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Request},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode, Uri,
        header::{
            ACCEPT, ACCESS_CONTROL_EXPOSE_HEADERS, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, LOCATION,
            SET_COOKIE,
        },
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use gatepost_domain::{EachOnce, Session, Timestamp, UserId, session_token::SessionToken};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    caller::expiry,
    cookies::{self, Name, SET_AUTH_TOKEN},
    deletion, device,
    fields::Fields,
    magic_link,
    origins::{Sender, check_targets},
    refusal::Refusal,
};
use crate::{
    App,
    http::{
        Json, Where,
        body::{self, Unread},
    },
    realm::InRealm,
};

/// How every handler answers.
pub(super) type Answer = Result<Response, Refusal>;

/// What forms without a script may be sent to.
const FORMS: [&str; 5] =
    ["/sign-in/email", "/sign-up/email", magic_link::VERIFY, deletion::CALLBACK, device::CODE];

/// A request.
pub(super) struct Asked {
    pub(super) app: App,
    pub(super) realm: InRealm,
    pub(super) origin: Where,
    pub(super) now: Timestamp,
    /// Whether the session is to be looked at and no more.
    pub(super) leaves_session_alone: bool,
    headers: HeaderMap,
    uri: Uri,
    body: Option<Value>,
    /// The session that the request names, and the token that names it, once it was looked for.
    named: Option<(SessionToken, String)>,
    cookies: Vec<HeaderValue>,
    auth_token: Option<HeaderValue>,
    /// Who has to show a second factor.
    pub(super) half: Option<UserId>,
    /// The session that has begun.
    pub(super) begun: Option<Session>,
}

impl FromRequest<App> for Asked {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let (mut parts, body) = request.into_parts();
        let realm = InRealm::from_request_parts(&mut parts, app).await?;
        let Ok(origin) = Where::from_request_parts(&mut parts, app).await;
        let Parts { method, headers, uri, .. } = parts;
        let body = match method {
            Method::POST => Box::pin(read(&headers, body, uri.path())).await?,
            _ => None,
        };
        Sender(&headers).check(&realm, &method)?;
        if method == Method::POST {
            check_targets(&realm, body.as_ref().unwrap_or(&Value::Null))?;
        }
        check_targets(&realm, &query(&uri))?;
        Ok(Self {
            app: app.clone(),
            realm,
            origin,
            now: app.clock().now(),
            leaves_session_alone: false,
            headers,
            uri,
            body,
            named: None,
            cookies: Vec::new(),
            auth_token: None,
            half: None,
            begun: None,
        })
    }
}

/// The body; `None` where there is none.
async fn read(headers: &HeaderMap, body: Body, path: &str) -> Result<Option<Value>, Refusal> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.map(|text| text.split(';').next().unwrap_or("").trim().to_ascii_lowercase());
    let bad = |message| Refusal::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message);
    let bytes = body::read(body).await.map_err(|unread| match unread {
        Unread::TooLarge => {
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", unread.sentence())
        }
        Unread::Late | Unread::Broken => bad(unread.sentence()),
    })?;
    if bytes.is_empty() {
        return Ok(None);
    }
    match essence.as_deref() {
        Some("application/json") => {
            // Of two members of one name, which would count?
            let read =
                serde_json::from_slice::<EachOnce>(&bytes).and_then(|_| serde_json::from_slice(&bytes));
            read.map(Some).map_err(|_| bad("The body is not JSON, or has a member twice."))
        }
        Some("application/x-www-form-urlencoded") if FORMS.contains(&path) => Ok(Some(members(&bytes))),
        _ => {
            let message = "Send the body as JSON with Content-Type: application/json.";
            Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message))
        }
    }
}

/// The fields of a form or a query; the last of a name counts, as in the contract.
fn members(text: &[u8]) -> Value {
    let pairs = url::form_urlencoded::parse(text);
    Value::Object(
        pairs.map(|(name, value)| (name.into_owned(), value.into_owned().into())).collect::<Map<_, _>>(),
    )
}

fn query(uri: &Uri) -> Value {
    members(uri.query().unwrap_or_default().as_bytes())
}

impl Asked {
    /// The members of the body, once.
    pub(super) fn body(&mut self) -> Fields {
        Fields::of_body(self.body.take())
    }

    pub(super) fn query(&self) -> Fields {
        Fields::of_query(query(&self.uri))
    }

    /// Everything that the query says under a name.
    pub(super) fn all_of_query(&self, name: &str) -> Vec<String> {
        let pairs = url::form_urlencoded::parse(self.uri.query().unwrap_or_default().as_bytes());
        pairs.filter(|(known, _)| known == name).map(|(_, value)| value.into_owned()).collect()
    }

    /// What stands last in the path.
    pub(super) fn last_of_path(&self) -> String {
        self.uri.path().rsplit('/').next().unwrap_or_default().to_owned()
    }

    /// The address that was asked for, under the base.
    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Whether a person opens this in a browser, and not a script.
    pub(super) fn is_opened(&self) -> bool {
        let accepts = self.headers.get(ACCEPT).and_then(|value| value.to_str().ok());
        accepts.is_some_and(|kinds| kinds.contains("text/html"))
    }

    /// Asked before somebody is signed in who was not.
    pub(super) fn check_first(&self) -> Result<(), Refusal> {
        Sender(&self.headers).check_first(&self.realm)
    }

    /// Asked before something is done that is asked for with GET.
    pub(super) fn check_opened(&self) -> Result<(), Refusal> {
        Sender(&self.headers).check_opened(&self.realm)
    }

    /// The session that the request names: by a bearer token that is one of ours, or else by its cookie.
    pub(super) fn session_token(&mut self) -> Option<SessionToken> {
        let mac = self.app.application_mac();
        let mut named = self.headers.get_all(AUTHORIZATION).iter();
        let first = named.next().and_then(|value| value.to_str().ok()).filter(|_| named.next().is_none());
        let bearer = first.and_then(|text| text.split_once(' '));
        let bearer = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let by_bearer = bearer.and_then(|(_, text)| cookies::bearer(mac, self.realm.id(), text.trim()));
        self.named = by_bearer.or_else(|| cookies::session(mac, &self.realm, &self.headers));
        self.named.as_ref().map(|(token, _)| *token)
    }

    /// All that cookies of a name hold.
    pub(super) fn cookies(&self, name: Name) -> Vec<String> {
        name.all(&self.realm, &self.headers)
    }

    /// What a cookie holds that is there once.
    pub(super) fn cookie(&self, name: Name) -> Option<String> {
        let mut sent = self.cookies(name);
        if sent.len() == 1 { sent.pop() } else { None }
    }

    /// The sessions that the browser keeps, beside the one in use.
    pub(super) fn kept_beside(&self) -> Vec<SessionToken> {
        if !self.realm.settings().multi_session {
            return Vec::new();
        }
        cookies::several(self.app.application_mac(), &self.realm, &self.headers)
    }

    /// Whether anything was sent under a name.
    pub(super) fn has_cookie(&self, name: Name) -> bool {
        !name.all(&self.realm, &self.headers).is_empty()
    }

    /// Everything that cookies of a name hold which we signed.
    pub(super) fn signed_cookies(&self, name: Name) -> Vec<String> {
        let mac = self.app.application_mac();
        let sent = name.all(&self.realm, &self.headers);
        sent.iter().filter_map(|text| mac.unsigned(text)).map(str::to_owned).collect()
    }

    /// The token by which an application has this session.
    pub(super) fn token_of(&self, session: &Session) -> String {
        let token = SessionToken { session: session.id, generation: session.cookie };
        match &self.named {
            Some((named, text)) if *named == token => text.clone(),
            _ => self.app.application_mac().encode(self.realm.id(), token),
        }
    }

    /// Gives the application this session with the answer: as a cookie, and for whoever keeps none as a header.
    pub(super) fn keep(&mut self, session: &Session) {
        let is_older =
            |token: &SessionToken| token.session == session.id && token.generation != session.cookie;
        if self.kept_beside().iter().any(is_older) {
            self.set_beside(session);
        }
        self.forget_administrator();
        let signed = self.app.application_mac().signed(&self.token_of(session));
        self.auth_token = HeaderValue::try_from(&signed).ok().map(|mut header| {
            header.set_sensitive(true);
            header
        });
        if session.is_remembered(self.realm.settings()) {
            self.set(Name::SessionToken, &signed, Some(expiry(session).since(self.now).as_secs()));
            if self.has_cookie(Name::DontRemember) {
                self.set(Name::DontRemember, "", Some(0));
            }
        } else {
            self.set(Name::SessionToken, &signed, None);
            let told = self.app.application_mac().signed("true");
            self.set(Name::DontRemember, &told, None);
        }
    }

    /// Takes the session away with the answer.
    pub(super) fn take_session_away(&mut self) {
        self.auth_token = None;
        self.forget_administrator();
        for name in [Name::SessionToken, Name::SessionData, Name::DontRemember] {
            self.set(name, "", Some(0));
        }
    }

    /// Sets a cookie of the contract.
    pub(super) fn set(&mut self, name: Name, value: &str, seconds: Option<u64>) {
        let header = name.header(&self.realm, value, seconds);
        self.cookies.extend(header);
    }

    /// Sets a cookie of every door's.
    pub(super) fn set_ours(&mut self, header: Option<HeaderValue>) {
        self.cookies.extend(header);
    }

    /// A refusal, with everything that is set.
    pub(super) fn refuse(self, refusal: Refusal) -> Response {
        self.with_what_is_set(refusal.into_response())
    }

    /// A page, with everything that is set.
    pub(super) fn page(self, page: Response) -> Response {
        self.with_what_is_set(page)
    }

    /// The answer, with everything that is set.
    pub(super) fn json(self, value: &impl Serialize) -> Response {
        self.with_what_is_set(Json(value).into_response())
    }

    /// Sends the person on.
    pub(super) fn redirect(self, target: &str) -> Response {
        let mut response = StatusCode::FOUND.into_response();
        // A target that was looked at is text that a header takes, but for letters that are written otherwise there.
        if let Ok(target) = HeaderValue::try_from(target) {
            response.headers_mut().insert(LOCATION, target);
        }
        self.with_what_is_set(response)
    }

    fn with_what_is_set(self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for cookie in self.cookies {
            headers.append(SET_COOKIE, cookie);
        }
        if let Some(token) = self.auth_token {
            headers.insert(SET_AUTH_TOKEN, token);
            headers.append(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("set-auth-token"));
        }
        response
    }
}
