//! Which pages may ask, and where people may be sent: the origin of the realm itself and those that it names (`allowed_origins`).

use axum::http::{
    HeaderMap, HeaderName, Method, StatusCode,
    header::{COOKIE, ORIGIN, REFERER},
};
use serde_json::Value;
use url::Url;

use super::refusal::Refusal;
use crate::realm::Snapshot;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// The members that say where somebody is sent, with the code for one that is not trusted.
const TARGETS: [(&str, &str); 4] = [
    ("callbackURL", "INVALID_CALLBACK_URL"),
    ("redirectTo", "INVALID_REDIRECT_URL"),
    ("errorCallbackURL", "INVALID_ERROR_CALLBACK_URL"),
    ("newUserCallbackURL", "INVALID_NEW_USER_CALLBACK_URL"),
];

/// What a request says of the page that sent it.
pub(super) struct Sender<'h>(pub(super) &'h HeaderMap);

impl Sender<'_> {
    fn text(&self, name: HeaderName) -> &str {
        // What is no text is the origin of nobody.
        let value = self.0.get(name).map(|value| value.to_str().unwrap_or("?"));
        value.unwrap_or_default().trim()
    }

    /// Where cookies were sent that a browser adds by itself, the page must be one that is trusted.
    pub(super) fn check(&self, realm: &Snapshot, method: &Method) -> Result<(), Refusal> {
        if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) || !self.0.contains_key(COOKIE) {
            return Ok(());
        }
        self.check_page(realm)
    }

    /// Before somebody is signed in: a page that nobody trusts must not sign a person in to an account of its own. What no browser
    /// sent says nothing of a page.
    pub(super) fn check_first(&self, realm: &Snapshot) -> Result<(), Refusal> {
        let fetched = [SEC_FETCH_SITE, SEC_FETCH_MODE, SEC_FETCH_DEST];
        if fetched.into_iter().any(|name| !self.text(name).is_empty()) {
            if self.text(SEC_FETCH_SITE) == "cross-site" && self.text(SEC_FETCH_MODE) == "navigate" {
                let message = "Another site sent this form.";
                let code = "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED";
                return Err(Refusal::new(StatusCode::FORBIDDEN, code, message));
            }
            return self.check_page(realm);
        }
        if self.0.contains_key(COOKIE) || self.0.contains_key(ORIGIN) || self.0.contains_key(REFERER) {
            return self.check_page(realm);
        }
        Ok(())
    }

    /// Before a GET that does something: what no page of another site has a browser open. What no browser sent says nothing of a page, and
    /// neither does somebody who types the address.
    pub(super) fn check_opened(&self, realm: &Snapshot) -> Result<(), Refusal> {
        let site = self.text(SEC_FETCH_SITE);
        let says_nothing = site.is_empty() && !self.0.contains_key(ORIGIN) && !self.0.contains_key(REFERER);
        if !self.0.contains_key(COOKIE) || says_nothing || matches!(site, "same-origin" | "none") {
            return Ok(());
        }
        self.check_page(realm)
    }

    fn check_page(&self, realm: &Snapshot) -> Result<(), Refusal> {
        let origin = self.text(ORIGIN);
        // A page of the realm's own that says not even to it where it is.
        if origin == "null" && self.text(SEC_FETCH_SITE) == "same-origin" {
            return Ok(());
        }
        let page = if origin.is_empty() { self.text(REFERER) } else { origin };
        if page.is_empty() || page == "null" {
            let message = "Send the header Origin: the page that asks.";
            return Err(Refusal::new(StatusCode::FORBIDDEN, "MISSING_OR_NULL_ORIGIN", message));
        }
        if is_trusted(realm, page) {
            return Ok(());
        }
        let message = "The page that asks is of an origin that the realm does not name (allowed_origins).";
        Err(Refusal::new(StatusCode::FORBIDDEN, "INVALID_ORIGIN", message))
    }
}

/// Refuses to send somebody to where nobody should be sent, whatever member of a body or a query says so.
pub(super) fn check_targets(realm: &Snapshot, sent: &Value) -> Result<(), Refusal> {
    for (member, code) in TARGETS {
        match sent.get(member) {
            None | Some(Value::Null) => {}
            Some(Value::String(target)) if target.is_empty() || may_be_sent_to(realm, target) => {}
            Some(Value::String(_)) => {
                let message = format!(
                    "{member} is neither a path nor of an origin that the realm names (allowed_origins)."
                );
                return Err(Refusal::new(StatusCode::FORBIDDEN, code, &message));
            }
            Some(_) => {
                let message = format!("Invalid {member}: expected a string");
                return Err(Refusal::without_code(StatusCode::BAD_REQUEST, &message));
            }
        }
    }
    Ok(())
}

/// Whether somebody may be sent there: to a path, or to a page of an origin that is trusted.
pub(super) fn may_be_sent_to(realm: &Snapshot, target: &str) -> bool {
    if target.starts_with('/') { is_path(target) } else { is_trusted(realm, target) }
}

/// A path that leads to no other host, whatever a browser makes of it and an application puts before it: each part is there as it is
/// read, and none goes back.
fn is_path(target: &str) -> bool {
    let is_safe = |letter: char| letter != '\\' && !letter.is_control();
    let path = target.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let goes_back = |part: &str| matches!(part.replace("%2e", ".").as_str(), "." | "..");
    target.starts_with('/')
        && target.trim() == target
        && target.chars().all(is_safe)
        && ["//", "%2f", "%5c"].iter().all(|hidden| !path.contains(hidden))
        && !path.split('/').any(goes_back)
}

fn is_trusted(realm: &Snapshot, page: &str) -> bool {
    origin_of(page).is_some_and(|asked| {
        origin_of(realm.public_url()).is_some_and(|own| own == asked) || is_allowed(realm, &asked)
    })
}

/// Whether a page is of one of the origins that the realm names, of which its own is none: on one host there may be pages of others.
pub(super) fn is_of_named_origin(realm: &Snapshot, page: &str) -> bool {
    origin_of(page).is_some_and(|asked| is_allowed(realm, &asked))
}

fn is_allowed(realm: &Snapshot, origin: &str) -> bool {
    realm.settings().allowed_origins.iter().any(|allowed| allowed.as_str() == origin)
}

fn origin_of(page: &str) -> Option<String> {
    if page.chars().any(|letter| letter.is_control() || letter == '\\') {
        return None;
    }
    // The parser forgives what a browser would not send: what it changed is not what was asked.
    let url = Url::parse(page).ok().filter(|url| url.username().is_empty() && url.password().is_none())?;
    // The origin of a `blob:` is that of what is in it.
    let url = Some(url).filter(|url| matches!(url.scheme(), "http" | "https"))?;
    Some(url.origin().ascii_serialization())
}

/// Where a target is, as a whole address: a path is one of the realm's host.
pub(super) fn whole(realm: &Snapshot, target: &str) -> Option<Url> {
    Url::parse(realm.public_url()).ok()?.join(target).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oa_16_a_path_leads_to_no_other_host() {
        let base = Url::parse("https://auth.example.com/r/acme").unwrap();
        for good in [
            "/",
            "/home",
            "/home/",
            "/a/b?next=%2Fx#y",
            "/a?b=//c",
            "/a?b=../c",
            "/a#../b",
            "/%20",
            "/...",
            "/..a",
            "/a.b",
            "/.well-known",
            "/%2ea",
            "/a/%2e%2e%2e",
        ] {
            assert!(is_path(good), "{good}");
            assert_eq!(base.join(good).unwrap().host_str(), Some("auth.example.com"), "{good}");
        }
        for bad in [
            "",
            "home",
            "//evil.test",
            "///evil.test",
            "/\\evil.test",
            "\\\\evil.test",
            "/a\\evil.test",
            "/a?b=\\c",
            "/%2fevil.test",
            "/%2Fevil.test",
            "/%5Cevil.test",
            "/%5cevil.test",
            "/a%2Fb",
            "/\t/evil.test",
            "/\n/evil.test",
            "/a//evil.test",
            "/a//",
            "/a/../..//evil.test",
            "/..//evil.test",
            "/.//evil.test",
            "/../evil.test",
            "/a/./b",
            "/a/..",
            "/a/.",
            "/a/.. ",
            " /a",
            "/..?x",
            "/..#x",
            "/%2e%2e//evil.test",
            "/%2e%2e/evil.test",
            "/%2E%2e/evil.test",
            "/.%2E/evil.test",
            "/%2e./evil.test",
            "/%2e/evil.test",
            "/a/%2E",
        ] {
            assert!(!is_path(bad), "{bad:?}");
        }
    }
}
