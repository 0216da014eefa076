//! Browsers: who is signed in in one, what was begun there, and whether a form was sent from a page of ours.
//!
//! Routes that people open have [`remember`] around them. It sets the cookies and the headers that every page has.

mod cookies;
mod csrf;
mod flow;
mod session;

use axum::{
    extract::{FromRequestParts, Request},
    http::{
        HeaderName, HeaderValue,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, SET_COOKIE, X_FRAME_OPTIONS},
        request::Parts,
    },
    middleware::Next,
    response::Response,
};
use data_encoding::BASE64URL_NOPAD;
use gatepost_domain::{SecretDigest, browser::BrowserId, session_token::SessionToken};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    App,
    http::Problem,
    realm::{InRealm, Snapshot, UnderPrefix},
};

pub(crate) use cookies::{
    Jar, Keep, LANGUAGE, NOTICE, header as set_cookie, of_device as device_cookie, of_trust as trust_cookie,
    one as one_cookie,
};
use csrf::Sender;
pub use flow::{Flow, Target};
pub use session::BrowserSession;

/// Nothing that is sealed for a browser is longer: an authorization request in it is bounded too.
const LONGEST: usize = 16 * 1024;

/// What runs no script, loads nothing, sends no form and is in nobody's frame. A page says what it needs beyond this.
const CLOSED: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// The layer around every route that people open in a browser: keeps answers out of caches (SE-11) and frames (OA-14), and
/// sets the cookies that handlers asked for.
pub async fn remember(mut request: Request, next: Next) -> Response {
    let jar = Jar::default();
    request.extensions_mut().insert(jar.clone());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for cookie in jar.take() {
        headers.append(SET_COOKIE, cookie);
    }
    let each: [(HeaderName, HeaderValue); 3] = [
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (CONTENT_SECURITY_POLICY, CLOSED),
        (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    ];
    for (name, value) in each {
        headers.entry(name).or_insert(value);
    }
    response
}

/// The browser a request comes from. One that has no cookie yet is given one with the answer.
#[derive(Clone, Debug)]
pub struct Browser {
    id: BrowserId,
    /// Whether it sent no cookie that says which it is.
    is_new: bool,
    /// What its session cookie says, if it is one of ours. Whether the session is live is [`BrowserSession`]'s to find out.
    token: Option<SessionToken>,
    /// `/r/acme` where the request named its realm so.
    base: String,
    sender: Sender,
    jar: Jar,
}

impl FromRequestParts<App> for Browser {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        // Asked for twice in one request it is the same, also if it was made just now.
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let realm = parts.extensions.get::<InRealm>().ok_or(Problem::NotFound)?;
        let jar = parts.extensions.get::<Jar>().cloned();
        let jar =
            jar.ok_or_else(|| Problem::internal("the route is without the layer `browser::remember`"))?;
        let id = one_cookie(&parts.headers, cookies::BROWSER).and_then(BrowserId::decode);
        let is_new = id.is_none();
        let id = id.unwrap_or_else(|| {
            let id = BrowserId::generate(app.entropy());
            jar.set(cookies::BROWSER, &id.encode(), Keep::UntilClosed);
            id
        });
        let token = one_cookie(&parts.headers, &cookies::of_session(realm.name()));
        let token = token.and_then(|text| app.session_mac().decode(text));
        let prefixed = parts.extensions.get::<UnderPrefix>().is_some();
        let base = if prefixed { format!("/r/{}", realm.name()) } else { String::new() };
        let browser = Self { id, is_new, token, base, sender: Sender::of(parts, app), jar };
        parts.extensions.insert(browser.clone());
        Ok(browser)
    }
}

impl Browser {
    /// A path of the realm as this browser must ask for it: under `/r/acme` everything begins with `/r/acme`.
    pub fn path(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Whether it sent no cookie that says which it is: nothing that was begun before opens in it.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// Seals something for this browser in this realm: nobody else can read or change it, and it opens nowhere else.
    pub fn seal(&self, app: &App, realm: &Snapshot, purpose: &'static str, value: &impl Serialize) -> String {
        // What is sealed is made of strings and numbers, which always serialise.
        let plain = serde_json::to_vec(value).unwrap_or_default();
        let sealed = app.master_key().seal(purpose, &self.context(realm), &plain, app.entropy());
        BASE64URL_NOPAD.encode(&sealed)
    }

    /// Reads what [`seal`](Self::seal) wrote. `None`: it is of another browser or realm, or none.
    pub fn open<T: DeserializeOwned>(
        &self,
        app: &App,
        realm: &Snapshot,
        purpose: &'static str,
        text: &str,
    ) -> Option<T> {
        if text.len() > LONGEST {
            return None;
        }
        let sealed = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let plain = app.master_key().open(purpose, &self.context(realm), &sealed).ok()?;
        serde_json::from_slice(&plain).ok()
    }

    /// What tells this browser from others to whoever cannot know its cookie: what is mailed for it is bound to this.
    pub(crate) fn digest(&self) -> SecretDigest {
        SecretDigest::of(&[b"browser ".as_slice(), self.id.as_bytes()].concat())
    }

    fn context(&self, realm: &Snapshot) -> Vec<u8> {
        [*realm.id().as_bytes(), *self.id.as_bytes()].concat()
    }

    /// The cookies that the answer will set.
    pub(crate) fn jar(&self) -> &Jar {
        &self.jar
    }
}
