//! A request's realm: the prefix `/r/{realm}`, else the host, else the default realm.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, Request},
    http::{
        Uri, Version,
        header::HOST,
        request::Parts,
        uri::{Authority, PathAndQuery},
    },
};

use super::Snapshot;
use crate::{App, http::Problem};

/// The realm a request is for. Present on every request that reached a route.
#[derive(Clone)]
pub struct InRealm(pub Arc<Snapshot>);

impl std::ops::Deref for InRealm {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for InRealm {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or(Problem::NotFound)
    }
}

/// The request named its realm by the prefix, so what it is answered with must too.
#[derive(Clone, Copy)]
pub struct UnderPrefix;

/// How a request names its realm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named<'a> {
    Prefix { name: &'a str, rest: &'a str },
    Host(&'a str),
}

/// Splits `/r/acme/rest`. The whole segment counts; the path is not decoded, so `%61cme` names nothing.
fn prefix(path: &str) -> Option<Named<'_>> {
    let after = path.strip_prefix("/r/")?;
    let (name, rest) = match after.find('/') {
        Some(slash) => after.split_at(slash),
        None => (after, "/"),
    };
    Some(Named::Prefix { name, rest })
}

/// The host a request names, with its port if it has one.
pub fn host(request: &Request) -> &str {
    let authority = request.uri().authority().map(Authority::as_str);
    authority.or_else(|| request.headers().get(HOST).and_then(|host| host.to_str().ok())).unwrap_or("")
}

/// Whether a request leaves no doubt about its host (RFC 9112 section 3.2): two are doubtful, and what could be no host
/// is. None at all is an error of HTTP/1.1, but what an application passes on inside its own process needs none.
pub fn names_a_host(request: &Request, from_network: bool) -> bool {
    let mut named = request.headers().get_all(HOST).iter();
    let Some(host) = named.next() else {
        let needed = from_network && request.version() == Version::HTTP_11;
        return !needed || request.uri().authority().is_some();
    };
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_:[]~%".contains(byte);
    named.next().is_none() && host.as_bytes().iter().all(fits)
}

fn named(request: &Request) -> Named<'_> {
    prefix(request.uri().path()).unwrap_or_else(|| Named::Host(host(request)))
}

/// Finds the realm a request is for, strips the prefix, and leaves the realm with the request.
pub async fn enter(app: &App, request: &mut Request) -> Result<(), Problem> {
    let snapshot = match named(request) {
        Named::Prefix { name, .. } => app.realms().named(app, name).await?,
        Named::Host(host) => app.realms().for_host(app, host).await?,
    };
    leave(request, snapshot.ok_or(Problem::NotFound)?)
}

/// The same for a realm that is in memory and need not be looked at again yet; false if it is not. Nearly every request,
/// and it waits for nothing.
pub fn enter_at_hand(app: &App, request: &mut Request) -> Result<bool, Problem> {
    let snapshot = match named(request) {
        Named::Prefix { name, .. } => app.realms().named_at_hand(app, name),
        Named::Host(host) => app.realms().host_at_hand(app, host),
    };
    match snapshot {
        Some(snapshot) => leave(request, snapshot).map(|()| true),
        None => Ok(false),
    }
}

fn leave(request: &mut Request, snapshot: Arc<Snapshot>) -> Result<(), Problem> {
    if let Named::Prefix { rest, .. } = named(request) {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        let path = PathAndQuery::try_from(format!("{rest}{query}")).map_err(|_| Problem::NotFound)?;
        let mut parts = request.uri().clone().into_parts();
        parts.path_and_query = Some(path);
        *request.uri_mut() = Uri::from_parts(parts).map_err(|_| Problem::NotFound)?;
        request.extensions_mut().insert(UnderPrefix);
    }
    request.extensions_mut().insert(InRealm(snapshot));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_whole_segment() {
        assert_eq!(prefix("/r/acme/api/v1/me"), Some(Named::Prefix { name: "acme", rest: "/api/v1/me" }));
        assert_eq!(prefix("/r/acme"), Some(Named::Prefix { name: "acme", rest: "/" }));
        assert_eq!(prefix("/r/acme/r/other/x"), Some(Named::Prefix { name: "acme", rest: "/r/other/x" }));
        assert_eq!(prefix("/r/"), Some(Named::Prefix { name: "", rest: "/" }));
        assert_eq!(prefix("/realm"), None);
        assert_eq!(prefix("/R/acme"), None);
    }
}
