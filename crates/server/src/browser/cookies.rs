//! Cookies: read so that there is no doubt which one counts, and written with one set of attributes.

use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderMap, HeaderValue, header::COOKIE};

/// Which browser it is, in every realm of the host. A realm's name has no `_`, so this is no realm's cookie.
pub(super) const BROWSER: &str = "__Host-gatepost_browser";
/// Which language a person chose, in every realm of the host.
pub(crate) const LANGUAGE: &str = "__Host-gatepost_language";

/// What the page before wants the next one to say.
pub(crate) const NOTICE: &str = "__Host-gatepost_notice";

/// The cookie of a realm's sessions.
pub(super) fn of_session(realm: &str) -> String {
    format!("__Host-gatepost-{realm}")
}

/// The cookie by which a realm knows a device on which somebody has signed in.
pub(crate) fn of_device(realm: &str) -> String {
    format!("__Host-gatepost_device-{realm}")
}

/// The cookie by which a device is one on which somebody is not asked for a second factor.
pub(crate) fn of_trust(realm: &str) -> String {
    format!("__Host-gatepost_trust-{realm}")
}

/// The one cookie of this name. Of two neither counts: a browser holds one at most, for the name begins with `__Host-`
/// (RFC 6265bis section 4.1.3.2), so somebody put the other there.
pub(crate) fn one<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
    let pairs = pairs.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut named = pairs.filter(|(known, _)| *known == name).map(|(_, value)| value);
    let found = named.next()?;
    named.next().is_none().then_some(found)
}

/// How long a browser keeps a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Until it is closed.
    UntilClosed,
    /// So many seconds.
    Seconds(u64),
    /// Not any more.
    No,
}

/// What sets a cookie. No script reads it, no other site's form sends it, it goes to this host alone and never over a connection that
/// others read.
pub(crate) fn header(name: &str, value: &str, keep: Keep) -> Option<HeaderValue> {
    let age = match keep {
        Keep::UntilClosed => String::new(),
        Keep::Seconds(seconds) => format!("; Max-Age={seconds}"),
        Keep::No => "; Max-Age=0".to_owned(),
    };
    let text = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{age}");
    // Names and values are ours, in letters and digits.
    let mut header = HeaderValue::try_from(text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// The cookies that the answer to a request will set. The layer of the pages writes them into it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Jar(Arc<Mutex<Vec<(String, HeaderValue)>>>);

impl Jar {
    /// Sets a cookie; the last of a name counts.
    pub(crate) fn set(&self, name: &str, value: &str, keep: Keep) {
        let Some(header) = header(name, value, keep) else { return };
        let mut set = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        set.retain(|(known, _)| known != name);
        set.push((name.to_owned(), header));
    }

    /// What is to be set, once.
    pub(super) fn take(&self) -> Vec<HeaderValue> {
        let mut set = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *set).into_iter().map(|(_, header)| header).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookies: &[&'static str]) -> HeaderMap {
        cookies.iter().map(|text| (COOKIE, HeaderValue::from_static(text))).collect()
    }

    #[test]
    fn one_cookie_counts_and_of_two_neither() {
        assert_eq!(one(&headers(&["a=1; __Host-x=y; b=2"]), "__Host-x"), Some("y"));
        assert_eq!(
            one(&headers(&["a=1", "__Host-x=y"]), "__Host-x"),
            Some("y"),
            "HTTP/2 sends several headers"
        );
        for twice in
            [["__Host-x=y; __Host-x=z", ""], ["__Host-x=y", "__Host-x=y"], ["__Host-x=;__Host-x=y", ""]]
        {
            assert_eq!(one(&headers(&twice), "__Host-x"), None, "{twice:?}");
        }
        for other in ["", "__host-x=y", "x=y", "__Host-x", "a=__Host-x=y"] {
            assert_eq!(one(&headers(&[other]), "__Host-x"), None, "{other}");
        }
    }

    #[test]
    fn se_01_every_cookie_is_for_this_host_alone_and_out_of_reach_of_scripts_and_sites() {
        let jar = Jar::default();
        jar.set("__Host-x", "old", Keep::UntilClosed);
        jar.set("__Host-x", "y", Keep::Seconds(60));
        jar.set("__Host-y", "", Keep::No);
        let set = jar.take();
        assert_eq!(set[0], "__Host-x=y; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=60");
        assert_eq!(set[1], "__Host-y=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
        assert_eq!((set.len(), jar.take().len()), (2, 0));
        assert!(set.iter().all(HeaderValue::is_sensitive));
    }
}
