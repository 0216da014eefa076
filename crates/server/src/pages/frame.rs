//! What surrounds every page: the realm's name and colour, the language, the account menu; and the headers.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::FromRequestParts,
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_FRAME_OPTIONS},
        request::Parts,
    },
    response::{IntoResponse as _, Response},
};
use gatepost_domain::{DisplayName, EmailAddress, Timestamp, User, Username};

use super::{
    assets,
    html::{Html, Sentence, address, initials},
    words::{Language, Words},
};
use crate::{
    App,
    browser::{Browser, Flow, Keep, LANGUAGE, NOTICE, one_cookie},
    http::{Problem, observe::RequestId},
    realm::{InRealm, Snapshot},
};

/// The parameter with which a person chooses a language. `ui_locales` is what an application would like.
const CHOICE: &str = "language";

/// A sign-in under way that this browser cannot go on with: [`error::flow_lost`](super::error::flow_lost) tells.
pub(super) struct FlowLost;

/// A page about to be made: for whom, in which language, in which realm.
#[derive(Clone)]
pub struct Frame {
    app: App,
    /// The realm.
    pub realm: Arc<Snapshot>,
    /// The browser that asks.
    pub browser: Browser,
    language: Language,
    /// The person said so: no application's wish is stronger.
    chosen: bool,
    /// Path and query of this page, without the choice of a language.
    here: String,
    request: Option<String>,
    /// What the page before wants to be told here.
    pub(super) told: Option<String>,
    /// The moment of the request.
    pub now: Timestamp,
}

impl FromRequestParts<App> for Frame {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let browser = Browser::from_request_parts(parts, app).await?;
        let InRealm(realm) = InRealm::from_request_parts(parts, app).await?;
        let query = parts.uri.query().unwrap_or_default();
        let (mut asked, mut wished, mut kept) = (None, None, String::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some((CHOICE, tag)) => asked = Language::named(tag),
                Some(("ui_locales", tags)) => {
                    wished = Language::among(&tags.replace("%20", " ").replace('+', " "));
                    kept = format!("{kept}&{pair}");
                }
                _ => kept = format!("{kept}&{pair}"),
            }
        }
        if let Some(language) = asked {
            browser.jar().set(LANGUAGE, language.tag, Keep::Seconds(400 * 24 * 60 * 60));
        }
        let chosen = asked.or_else(|| one_cookie(&parts.headers, LANGUAGE).and_then(Language::named));
        let accepted = || {
            let header = parts.headers.get(ACCEPT_LANGUAGE)?;
            Language::accepted(header.to_str().ok()?)
        };
        let language = chosen.or(wished).or_else(accepted).unwrap_or(Language::ALL[0]);
        let here = browser.path(parts.uri.path());
        Ok(Self {
            app: app.clone(),
            realm,
            language,
            chosen: chosen.is_some(),
            here: if kept.is_empty() { here } else { format!("{here}?{}", &kept[1..]) },
            told: one_cookie(&parts.headers, NOTICE).map(str::to_owned),
            request: parts.extensions.get::<RequestId>().map(ToString::to_string),
            browser,
            now: app.clock().now(),
        })
    }
}

impl Frame {
    /// Speaks the language that the application of a flow would like, unless the person has chosen one; and whoever chooses one
    /// stays in the flow, which a form carries and its address does not.
    #[must_use]
    pub fn of(mut self, flow: Option<(&Flow, &str)>) -> Self {
        let Some((flow, sealed)) = flow else { return self };
        let wished = flow.ui_locales.as_deref().and_then(Language::among);
        if let Some(language) = wished.filter(|_| !self.chosen) {
            self.language = language;
        }
        let (_, query) = self.here.split_once('?').unwrap_or_default();
        if !query.split('&').any(|pair| pair.starts_with("flow=")) {
            let join = self.join();
            self.here = format!("{}{join}flow={sealed}", self.here);
        }
        self
    }

    /// What the person came from, if the page names it. An error: it is of another browser, or too old.
    pub(super) fn flow(&self, app: &App, sealed: Option<&str>) -> Result<Option<Flow>, FlowLost> {
        let open = |text| Flow::open(app, &self.realm, &self.browser, text, self.now).ok_or(FlowLost);
        sealed.map(open).transpose()
    }

    /// Where the page is shown as if it were another: its own address is good for once, and whoever chooses a language would come
    /// back to it.
    #[must_use]
    pub fn seen_at(mut self, path: &str) -> Self {
        self.here = self.browser.path(path);
        self
    }

    /// What stands before another parameter of this page.
    fn join(&self) -> char {
        if self.here.contains('?') { '&' } else { '?' }
    }

    pub(super) fn words(&self) -> &'static Words {
        self.language.words()
    }

    /// The language of the page.
    pub(super) fn language(&self) -> Language {
        self.language
    }

    pub(super) fn app(&self) -> &App {
        &self.app
    }

    /// Whether somebody who forgot a password can be sent a link.
    pub(super) fn sends_mail(&self) -> bool {
        self.app.mailer().is_on()
    }

    /// What the realm calls itself.
    pub(super) fn realm_name(&self) -> &str {
        self.realm.settings().display_name.as_ref().map_or(self.realm.name(), DisplayName::as_str)
    }

    /// A path of the realm.
    pub(super) fn path(&self, path: &str) -> String {
        self.browser.path(path)
    }

    /// A flow as it stands in the address.
    pub(super) fn seal(&self, flow: &Flow) -> String {
        flow.seal(&self.app, &self.realm, &self.browser)
    }

    /// Something that opens in this browser alone.
    pub(super) fn seal_for(&self, purpose: &'static str, value: &impl serde::Serialize) -> String {
        self.browser.seal(&self.app, &self.realm, purpose, value)
    }

    pub(super) fn request(&self) -> &str {
        self.request.as_deref().unwrap_or("-")
    }

    /// The parts of the frame that templates name.
    pub(super) fn view(&self, title: impl Into<String>) -> View {
        let join = self.join();
        let settings = self.realm.settings();
        View {
            w: self.words(),
            title: title.into(),
            wrong: false,
            lang: self.language.tag,
            dir: self.language.dir,
            language: self.language.name,
            languages: Language::ALL.map(|language| Choice {
                language,
                href: format!("{}{join}{CHOICE}={}", self.here, language.tag),
                current: language == self.language,
            }),
            realm: self.realm_name().to_owned(),
            initial: initials(self.realm_name()).chars().take(1).collect(),
            style: self.path(&assets::path("pages.css")),
            script: self.path(&assets::path("pages.js")),
            icon: self.path(&assets::path("icon.svg")),
            accent: settings.accent.map(|accent| self.path(&assets::accent_path(accent))),
            logo: settings.logo.as_ref().map(|logo| self.path(&assets::logo_path(logo))),
            base: self.path(""),
            csrf: self.browser.csrf_token(&self.app, &self.realm),
        }
    }

    /// A page that says something and asks nothing.
    pub(super) fn message(&self, status: StatusCode, heading: &Sentence, what: &Sentence) -> Response {
        let mut view = self.view(heading.plain());
        view.wrong = !status.is_success();
        self.answer(status, &MessagePage { v: view, heading: heading.html(), what: what.html() }, None)
    }

    /// The page. `leads_to` is the flow that its form ends in, if any.
    #[expect(clippy::unused_self, reason = "a page is always that of a frame")]
    pub(super) fn answer(
        &self,
        status: StatusCode,
        page: &impl Template,
        leads_to: Option<&Flow>,
    ) -> Response {
        let Ok(body) = page.render() else {
            return Problem::internal("a page could not be rendered").into_response();
        };
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        let each: [(HeaderName, HeaderValue); 4] = [
            (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
            (CONTENT_SECURITY_POLICY, policy(leads_to)),
        ];
        for (name, value) in each {
            headers.insert(name, value);
        }
        response
    }
}

/// Nothing inline, nothing from elsewhere, in nobody's frame.
///
/// Chromium holds every redirect that follows the sending of a form against `form-action`, also those of the application that it
/// ends at, which may lead anywhere. So a form within a sign-in to an application may end at any address such a redirect could:
/// `https`, loopback, or the application's own scheme. Every other form stays here.
fn policy(leads_to: Option<&Flow>) -> HeaderValue {
    const BASE: &str = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; base-uri 'none'; \
                        frame-ancestors 'none'; form-action 'self'";
    let flow = leads_to.filter(|flow| flow.returns_to.is_some());
    let Some(flow) = flow else { return HeaderValue::from_static(BASE) };
    let scheme = flow.returns_to.as_deref().and_then(|uri| uri.split_once(':')).map(|(scheme, _)| scheme);
    let fits = |scheme: &&str| {
        !scheme.eq_ignore_ascii_case("http")
            && !scheme.is_empty()
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    let own = scheme.filter(fits).map(|scheme| format!(" {scheme}:")).unwrap_or_default();
    // No browser takes an IPv6 address there, so that a program on one is reached by its scheme.
    let v6 = flow.returns_to.as_deref().is_some_and(|uri| uri.starts_with("http://["));
    let loopback = if v6 { "http:" } else { "http://localhost:* http://127.0.0.1:*" };
    let text = format!("{BASE} https: {loopback}{own}");
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(BASE))
}

#[derive(Template)]
#[template(path = "pages/message.html")]
struct MessagePage {
    v: View,
    heading: Html,
    what: Html,
}

/// What templates know of the frame.
pub struct View {
    pub w: &'static Words,
    pub title: String,
    /// The page tells of a mistake.
    pub wrong: bool,
    pub lang: &'static str,
    pub dir: &'static str,
    pub language: &'static str,
    pub languages: [Choice; 3],
    pub realm: String,
    pub initial: String,
    pub style: String,
    pub script: String,
    pub icon: String,
    pub accent: Option<String>,
    /// The realm's picture; its initial stands where there is none.
    pub logo: Option<String>,
    pub base: String,
    pub csrf: String,
}

/// One line of the menu of languages.
pub struct Choice {
    pub language: Language,
    pub href: String,
    pub current: bool,
}

/// An account as pages show it.
pub struct Person {
    pub name: Html,
    pub address: Option<Html>,
    pub initials: String,
}

impl Person {
    pub fn of(user: &User) -> Self {
        let email = user.email.as_ref().map(EmailAddress::as_str);
        let login = email.or(user.username.as_ref().map(Username::as_str)).unwrap_or_default();
        match user.name.as_ref().map(DisplayName::as_str) {
            Some(name) => Self {
                name: super::html::text(name),
                address: Some(address(login)),
                initials: initials(name),
            },
            None => Self { name: address(login), address: None, initials: initials(login) },
        }
    }
}
