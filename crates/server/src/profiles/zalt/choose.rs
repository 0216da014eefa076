//! Which realm a request is for. A prefix or a host says so; at the root the request says it itself, by `realm_id` in its body, by
//! `X-Realm-ID`, by a publishable key, or by `realm_id` in its address.

use std::{borrow::Cow, fmt, sync::Arc};

use axum::{
    body::{Body, Bytes},
    extract::{FromRequestParts as _, RawPathParams, Request},
    http::{HeaderMap, StatusCode, Uri, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use gatepost_domain::{Profile, RealmSettings, publishable_key};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::Value;

use super::Refusal;
use crate::{
    App,
    http::{
        Problem,
        body::{self, Unread},
    },
    realm::{InRealm, Snapshot, UnderPrefix, host},
};

const REALM_ID: &str = "x-realm-id";
const API_KEY: &str = "x-api-key";

/// Chooses the realm, and reads the body to do so. Whatever names one names the same: which of two would count is nobody's guess.
pub async fn realm(app: &App, request: Request) -> Request {
    let is_free = is_free(&request);
    let (mut parts, body) = request.into_parts();
    let mut bytes = Bytes::new();
    match choose(app, is_free, &mut parts, body, &mut bytes).await {
        Ok(chosen) => drop(parts.extensions.insert(InRealm(chosen))),
        Err(refusal) => drop(parts.extensions.insert(refusal)),
    }
    Request::from_parts(parts, Body::from(bytes))
}

/// The answer where none could be chosen, and there is such an endpoint.
pub fn refused(request: &mut Request) -> Option<Response> {
    request.extensions_mut().remove::<Refusal>().map(IntoResponse::into_response)
}

/// Whether a request may name its realm itself: neither its path nor its host does.
fn is_free(request: &Request) -> bool {
    let (extensions, host) = (request.extensions(), host(request));
    extensions.get::<UnderPrefix>().is_none()
        && extensions
            .get::<InRealm>()
            .is_some_and(|reached| reached.is_default() && !is_named(reached.settings(), host))
}

async fn choose(
    app: &App,
    is_free: bool,
    parts: &mut Parts,
    body: Body,
    bytes: &mut Bytes,
) -> Result<Arc<Snapshot>, Refusal> {
    let reached = parts.extensions.get::<InRealm>().cloned().ok_or(Problem::NotFound)?;
    *bytes = if parts.method.is_safe() {
        Bytes::new()
    } else {
        Box::pin(body::read(body)).await.map_err(unread)?
    };

    let mut chosen = if is_free { None } else { Some(Arc::clone(&reached.0)) };
    let by_name = [in_body(bytes)?, in_header(&parts.headers)?, in_query(&parts.uri)?];
    for name in by_name.into_iter().flatten() {
        // Boxed, as whatever is not in every request: the future of this is moved for each.
        agree(&mut chosen, Box::pin(named(app, &name)).await?)?;
    }
    if let Some(key) = publishable(&mut parts.headers)? {
        let found = match publishable_key::realm(&key) {
            Some(id) => Box::pin(app.realms().with_id(app, id)).await.map_err(Problem::from)?,
            None => None,
        };
        agree(&mut chosen, found)?;
    }
    let chosen = chosen.unwrap_or(reached.0);
    if chosen.settings().profile != Profile::Zalt {
        return Err(not_found());
    }
    Ok(chosen)
}

/// Goes on if the realm that a path names is the one that the request is for: whoever administers one does not reach another.
pub async fn named_in_path(request: Request, next: Next) -> Result<Response, Refusal> {
    let (mut parts, body) = request.into_parts();
    let params = RawPathParams::from_request_parts(&mut parts, &()).await.map_err(|_| not_found())?;
    let name = params.iter().next().map(|(_, name)| name.to_owned());
    let is_it = parts.extensions.get::<InRealm>().is_some_and(|realm| name.as_deref() == Some(realm.name()));
    if !is_it {
        return Err(not_found());
    }
    Ok(next.run(Request::from_parts(parts, body)).await)
}

fn not_found() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "REALM_NOT_FOUND", "There is no such realm here.")
}

/// Takes what names a realm beside what named one before.
fn agree(chosen: &mut Option<Arc<Snapshot>>, found: Option<Arc<Snapshot>>) -> Result<(), Refusal> {
    let found = found.ok_or_else(not_found)?;
    match chosen {
        Some(before) if before.id() != found.id() => Err(not_found()),
        _ => {
            *chosen = Some(found);
            Ok(())
        }
    }
}

/// Whether the realm was reached by a host of its own.
fn is_named(settings: &RealmSettings, host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let bare = host.rsplit_once(':').map_or(host.as_str(), |(name, _port)| name);
    let bare = bare.strip_suffix('.').unwrap_or(bare);
    settings.hosts.iter().any(|known| *known == host || known == bare)
}

async fn named(app: &App, name: &str) -> Result<Option<Arc<Snapshot>>, Refusal> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let edge = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
    let is_id = (3..=64).contains(&name.len())
        && name.chars().all(fits)
        && edge(name.chars().next())
        && edge(name.chars().last());
    if !is_id {
        let message = "A realm id has 3 to 64 letters, digits and hyphens.";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "INVALID_REALM", message));
    }
    Ok(app.realms().named(app, name).await?)
}

fn unread(unread: Unread) -> Refusal {
    match unread {
        Unread::TooLarge => Problem::BodyTooLarge.into(),
        Unread::Late | Unread::Broken => Refusal::invalid(unread.sentence()),
    }
}

/// Whoever reads the body says what is wrong with it; here it names no realm then.
fn in_body(bytes: &[u8]) -> Result<Option<String>, Refusal> {
    match serde_json::from_slice::<Names>(bytes).map(|names| names.0) {
        Ok(names) if names.len() > 1 => Err(Refusal::invalid("Send one `realm_id`.")),
        Ok(mut names) => match names.pop() {
            Some(Value::String(name)) => Ok(Some(name)),
            Some(Value::Null) | None => Ok(None),
            Some(_) => Err(Refusal::invalid("`realm_id` has the wrong type: expected a string")),
        },
        Err(_) => Ok(None),
    }
}

/// Every `realm_id` of an object: of two, other readers take the first or the last.
struct Names(Vec<Value>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(NamesVisitor)
    }
}

struct NamesVisitor;

impl<'de> Visitor<'de> for NamesVisitor {
    type Value = Names;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
        let mut names = Vec::new();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if key == "realm_id" {
                names.push(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Names(names))
    }
}

fn in_header(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    one(headers, REALM_ID)
}

fn in_query(uri: &Uri) -> Result<Option<String>, Refusal> {
    let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let mut sent = pairs.filter(|(name, _)| name == "realm_id").map(|(_, value)| value.into_owned());
    match (sent.next(), sent.next()) {
        (found, None) => Ok(found),
        (_, Some(_)) => Err(Refusal::invalid("Send one `realm_id`.")),
    }
}

/// The publishable key, which is no credential, and is out of the way of those from here on.
fn publishable(headers: &mut HeaderMap) -> Result<Option<String>, Refusal> {
    let mut sent = headers.get_all(API_KEY).iter().filter_map(|value| value.to_str().ok());
    if !sent.any(publishable_key::is_meant) {
        return Ok(None);
    }
    let key = one(headers, API_KEY)?;
    headers.remove(API_KEY);
    Ok(key)
}

fn one(headers: &HeaderMap, name: &str) -> Result<Option<String>, Refusal> {
    let mut sent = headers.get_all(name).iter();
    match (sent.next(), sent.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            // What is no text names nothing.
            Ok(Some(value.to_str().unwrap_or("-").to_owned()))
        }
        (Some(_), Some(_)) => Err(Refusal::invalid(format!("Send one {name}."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_realm_is_named_by_its_hosts_with_and_without_a_port() {
        let settings = RealmSettings {
            hosts: vec!["auth.acme.test".to_owned(), "localhost:8400".to_owned()],
            ..RealmSettings::default()
        };
        for host in ["auth.acme.test", "AUTH.acme.test:8443", "auth.acme.test.", "localhost:8400"] {
            assert!(is_named(&settings, host), "{host}");
        }
        for host in ["", "acme.test", "localhost", "localhost:8401"] {
            assert!(!is_named(&settings, host), "{host}");
        }
    }
}
