//! Lost updates: what is shown says of which state it is (`ETag`), and a change may say which state it is meant for
//! (`If-Match`, RFC 9110 sections 8.8.3 and 13.1.1).

use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    extract::FromRequestParts,
    http::{
        HeaderMap, HeaderValue,
        header::{ETAG, IF_MATCH},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use data_encoding::BASE64URL_NOPAD;
use gatepost_domain::{Client, Organization, Realm, Role, User, Webhook};
use serde::Serialize;
use utoipa::openapi::{
    ObjectBuilder, Required, Type,
    path::{Parameter, ParameterBuilder, ParameterIn},
};

use super::{Json, PathId, Problem};

/// Something of which two states can be told apart.
pub trait Tagged {
    /// The tag of the present state, in quotes: a strong one, without comma or quote inside.
    fn tag(&self) -> String;
}

impl Tagged for User {
    fn tag(&self) -> String {
        format!("\"{}\"", self.version)
    }
}

impl Tagged for Organization {
    fn tag(&self) -> String {
        format!("\"{}\"", self.version)
    }
}

impl Tagged for Webhook {
    fn tag(&self) -> String {
        format!("\"{}\"", self.version)
    }
}

/// Of a client that was removed and made again under the same id, the time tells.
impl Tagged for Client {
    fn tag(&self) -> String {
        format!("\"{}-{}\"", self.created_at.micros(), self.version)
    }
}

/// A role has no version, and one may be removed and made again: its content says which it is.
impl Tagged for Role {
    fn tag(&self) -> String {
        tag_of(self)
    }
}

/// The version of a realm grows with its roles, clients and keys, too. What is shown of it says which it is.
impl Tagged for Realm {
    fn tag(&self) -> String {
        tag_of(&(&self.name, self.is_default, &self.settings))
    }
}

fn tag_of(content: &impl Serialize) -> String {
    let content = serde_json::to_vec(content).unwrap_or_default();
    format!("\"{}\"", BASE64URL_NOPAD.encode(&digest(&SHA256, &content).as_ref()[..16]))
}

/// A document with the tag of what it shows.
#[derive(Debug)]
pub struct Shown<T> {
    tag: String,
    body: T,
}

impl<T> Shown<T> {
    /// `body` shows `of`.
    pub fn new(of: &impl Tagged, body: T) -> Self {
        Self { tag: of.tag(), body }
    }
}

impl<T: Serialize> IntoResponse for Shown<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.body).into_response();
        if let Ok(tag) = HeaderValue::try_from(self.tag) {
            response.headers_mut().insert(ETAG, tag);
        }
        response
    }
}

/// The states a change is meant for. Without the header, for any; `*`, for any that is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IfMatch(Option<Wanted>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    Any,
    OneOf(Vec<String>),
}

impl IfMatch {
    fn read(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut tags = Vec::new();
        for header in headers.get_all(IF_MATCH) {
            let text = header.to_str().map_err(|_| Problem::InvalidPrecondition)?;
            for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
                let opaque = part.strip_prefix("W/").unwrap_or(part);
                if part != "*" && (opaque.len() < 2 || !opaque.starts_with('"') || !opaque.ends_with('"')) {
                    return Err(Problem::InvalidPrecondition);
                }
                tags.push(part.to_owned());
            }
        }
        Ok(Self(match tags.as_slice() {
            [] if headers.contains_key(IF_MATCH) => return Err(Problem::InvalidPrecondition),
            [] => None,
            [one] if one == "*" => Some(Wanted::Any),
            tags if tags.iter().any(|tag| tag == "*") => return Err(Problem::InvalidPrecondition),
            _ => Some(Wanted::OneOf(tags)),
        }))
    }

    /// Refuses a change of another state than it is meant for. To be asked inside the transaction that writes, of what was
    /// read there.
    pub fn check(&self, present: Option<&impl Tagged>) -> Result<(), Problem> {
        let fits = match (&self.0, present) {
            (None, _) | (Some(Wanted::Any), Some(_)) => true,
            // A weak tag never fits: the comparison is the strong one (RFC 9110 section 8.8.3.2).
            (Some(Wanted::OneOf(tags)), Some(present)) => tags.contains(&present.tag()),
            (Some(_), None) => false,
        };
        if fits { Ok(()) } else { Err(Problem::ChangedMeanwhile) }
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::read(&parts.headers)
    }
}

/// The one identifier in a path, as [`PathId`], and the states of it that the change is meant for.
#[derive(Debug)]
pub struct PathIdIf<T>(pub T, pub IfMatch);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for PathIdIf<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let PathId(id) = PathId::from_request_parts(parts, state).await?;
        Ok(Self(id, IfMatch::read(&parts.headers)?))
    }
}

impl utoipa::IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let text = ObjectBuilder::new().schema_type(Type::String).build();
        let parameter = ParameterBuilder::new()
            .name("If-Match")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(
                "The `ETag` of what was read: if it is another by now, nothing changes and the answer is 412.",
            ))
            .schema(Some(text));
        vec![parameter.build()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatepost_domain::{RealmId, Timestamp, UserId};

    fn wanted(lines: &[&str]) -> Result<IfMatch, Problem> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(IF_MATCH, line.parse().unwrap());
        }
        IfMatch::read(&headers)
    }

    fn user(version: u64) -> User {
        User { version, ..User::new(UserId::MIN, RealmId::MIN, Timestamp::from_unix_seconds(0)) }
    }

    #[test]
    fn a_change_is_for_the_states_it_names() {
        let fits = |lines: &[&str], present: Option<&User>| wanted(lines).unwrap().check(present).is_ok();
        let user = user(3);
        for lines in [&[][..], &["*"], &["\"3\""], &["\"1\", \"3\""], &["\"1\"", "\"3\""]] {
            assert!(fits(lines, Some(&user)), "{lines:?}");
        }
        for lines in [&["\"2\""][..], &["W/\"3\""], &["\"33\""], &["\"\""]] {
            assert!(!fits(lines, Some(&user)), "{lines:?}");
        }
        assert!(fits(&[], None) && !fits(&["*"], None) && !fits(&["\"3\""], None));
    }

    #[test]
    fn what_names_no_state_is_refused() {
        for lines in [&["3"][..], &["\"3"], &["\""], &["*, \"3\""], &[""], &[","], &["\"3\"", "*"]] {
            assert!(matches!(wanted(lines), Err(Problem::InvalidPrecondition)), "{lines:?}");
        }
    }

    #[test]
    fn a_roles_tag_is_of_its_content() {
        let role = |permission: &str| Role {
            name: "editor".parse().unwrap(),
            permissions: vec![permission.parse().unwrap()],
            inherits: vec![],
        };
        assert_eq!(role("a:b").tag(), role("a:b").tag());
        assert_ne!(role("a:b").tag(), role("a:c").tag());
    }
}
