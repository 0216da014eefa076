//! The cookies of the contract: their names, what is in them, and the headers that say the same to whoever keeps no cookies.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header::COOKIE};
use gatepost_domain::{RealmId, SessionId, application_token::ApplicationMac, session_token::SessionToken};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::realm::Snapshot;

/// The signed token of the session, for whoever sends it as `Authorization: Bearer`.
pub(super) const SET_AUTH_TOKEN: HeaderName = HeaderName::from_static("set-auth-token");
/// A token for the application's APIs.
pub(super) const SET_AUTH_JWT: HeaderName = HeaderName::from_static("set-auth-jwt");

/// What stands as it is in the value of a cookie.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_');

/// A cookie of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// The session.
    SessionToken,
    /// What the contract keeps of a session in a cookie, and we do not: taken away wherever it is.
    SessionData,
    /// That the session ends with the browser.
    DontRemember,
    /// One of the sessions that the browser keeps.
    Multi(SessionId),
    /// The session of an administrator who acts in the place of a user meanwhile.
    AdminSession,
    /// A sign-in that waits for its second factor.
    TwoFactor,
    /// Who asked for what was mailed. Of ours: in the contract it is good for whoever has it.
    Mailed,
    /// What a passkey is asked to sign.
    Passkey,
}

impl Name {
    fn text(self, realm: &Snapshot) -> String {
        let prefix = if is_secure(realm) { "__Secure-" } else { "" };
        let name = match self {
            Self::Multi(session) => return format!("{}{session}", multi(realm)),
            Self::SessionToken => "session_token",
            Self::SessionData => "session_data",
            Self::DontRemember => "dont_remember",
            Self::AdminSession => "admin_session",
            Self::TwoFactor => "two_factor",
            Self::Mailed => "mailed",
            Self::Passkey => "better-auth-passkey",
        };
        format!("{prefix}better-auth.{name}")
    }

    /// What sets it for so many seconds, `None` until the browser is closed, and with nothing in it takes it away.
    pub(super) fn header(self, realm: &Snapshot, value: &str, seconds: Option<u64>) -> Option<HeaderValue> {
        let value = utf8_percent_encode(value, VALUE);
        let age = seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
        let secure = if is_secure(realm) { "; Secure" } else { "" };
        let text = format!(
            "{}={value}{age}; Path={}; HttpOnly{secure}; SameSite=Lax",
            self.text(realm),
            path(realm)
        );
        let mut header = HeaderValue::try_from(text).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    /// Everything that was sent under the name. Realms of one host share names, and a page of a neighbouring host can add to them.
    pub(super) fn all(self, realm: &Snapshot, headers: &HeaderMap) -> Vec<String> {
        let name = self.text(realm);
        pairs(headers).filter(|(known, _)| *known == name).map(|(_, value)| decoded(value)).collect()
    }
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let headers = headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
    headers.flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='))
}

fn decoded(value: &str) -> String {
    percent_decode_str(value).decode_utf8_lossy().into_owned()
}

/// What the name of the cookie of each session starts with that the browser keeps.
fn multi(realm: &Snapshot) -> String {
    format!("{}_multi-", Name::SessionToken.text(realm))
}

/// The sessions that the browser keeps, each once, as many as are looked at.
pub(super) fn several(mac: &ApplicationMac, realm: &Snapshot, headers: &HeaderMap) -> Vec<SessionToken> {
    const MOST: usize = 16;
    let prefix = multi(realm);
    let mut found: Vec<SessionToken> = Vec::new();
    for (name, value) in pairs(headers) {
        let Some(id) = name.strip_prefix(&prefix) else { continue };
        let value = decoded(value);
        let token = mac.unsigned(&value).and_then(|text| mac.decode(realm.id(), text));
        let token = token.filter(|token| token.session.to_string() == id);
        found.extend(
            token.filter(|token| found.len() < MOST && !found.iter().any(|one| one.session == token.session)),
        );
    }
    found
}

fn is_secure(realm: &Snapshot) -> bool {
    realm.public_url().starts_with("https://")
}

/// A realm under a prefix has its cookies there: another of the same host must not take their place.
fn path(realm: &Snapshot) -> &str {
    let after = realm.public_url().split_once("://").map_or("", |(_, rest)| rest);
    after.find('/').map_or("/", |slash| &after[slash..])
}

/// The session that cookies name, if it is one and no doubt about it, and the token that names it.
pub(super) fn session(
    mac: &ApplicationMac,
    realm: &Snapshot,
    headers: &HeaderMap,
) -> Option<(SessionToken, String)> {
    let sent = Name::SessionToken.all(realm, headers);
    let mut named = sent.iter().filter_map(|text| read(mac, realm.id(), mac.unsigned(text)?));
    let found = named.next()?;
    named.all(|(other, _)| other == found.0).then_some(found)
}

/// The session that a bearer token names: the token alone, or signed, as it is or percent-encoded.
pub(super) fn bearer(mac: &ApplicationMac, realm: RealmId, text: &str) -> Option<(SessionToken, String)> {
    if !text.contains('.') {
        return read(mac, realm, text);
    }
    let text = percent_decode_str(text).decode_utf8().ok()?;
    read(mac, realm, mac.unsigned(&text)?)
}

fn read(mac: &ApplicationMac, realm: RealmId, text: &str) -> Option<(SessionToken, String)> {
    mac.decode(realm, text).map(|token| (token, text.to_owned()))
}
