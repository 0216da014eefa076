//! The active organization of a request: what the token says, held against what the request says.

use std::ops::Deref;

use axum_core::extract::FromRequestParts;
use http::HeaderMap;
use http::request::Parts;

use crate::{CurrentUser, HasGuard, Main, Refusal, User};

/// An organization, as tokens name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Organization {
    /// The identifier (`org_id`): the one field to store beside what belongs to the organization.
    pub id: String,
}

/// The caller, who acts for an organization: `async fn notes(member: CurrentMember)` and `member.organization.id`.
///
/// The active organization is the one that the token was issued for (`org_id`). A request may name it in `X-Organization-ID`, as
/// clients of several organizations do; where the two differ nobody knows for whom the request is, so it is 403
/// `organization_required`, like a token without an organization. Dereferences to [`User`].
#[derive(Debug)]
pub struct CurrentMember<I = Main> {
    /// The organization that the request is for.
    pub organization: Organization,
    user: CurrentUser<I>,
}

impl<I> CurrentMember<I> {
    /// The user alone, to pass on or to keep.
    pub fn into_user(self) -> User {
        self.user.into_user()
    }
}

impl<I> Clone for CurrentMember<I> {
    fn clone(&self) -> Self {
        Self { organization: self.organization.clone(), user: self.user.clone() }
    }
}

impl<I> Deref for CurrentMember<I> {
    type Target = User;

    fn deref(&self) -> &User {
        &self.user
    }
}

impl<S, I> FromRequestParts<S> for CurrentMember<I>
where
    S: HasGuard<I> + Send + Sync,
    I: 'static,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let user = <CurrentUser<I> as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        let organization = Organization { id: active(&user, &parts.headers)?.to_owned() };
        Ok(Self { organization, user })
    }
}

const HEADER: &str = "x-organization-id";

/// The organization that the request is for.
pub(crate) fn active<'a>(user: &'a User, headers: &HeaderMap) -> Result<&'a str, Refusal> {
    let active = user.organization_id().ok_or(Refusal::OrganizationRequired)?;
    let mut named = headers.get_all(HEADER).iter();
    match (named.next(), named.next()) {
        (None, _) => Ok(active),
        // As bytes: what is not text is no organization's name.
        (Some(named), None) if named.as_bytes() == active.as_bytes() => Ok(active),
        _ => {
            tracing::debug!(user.id = %user.id, "the request of user {} names another organization than its token", user.id);
            Err(Refusal::OrganizationRequired)
        }
    }
}

/// What `organization!` asks of the token alone.
#[doc(hidden)]
pub fn check_organization(user: &User, asked: Option<&str>) -> Result<(), Refusal> {
    fits(user.organization_id(), asked)
}

/// What `organization!` asks of a request.
#[doc(hidden)]
pub fn check_organization_of_request(
    user: &User,
    headers: &HeaderMap,
    asked: Option<&str>,
) -> Result<(), Refusal> {
    fits(Some(active(user, headers)?), asked)
}

fn fits(active: Option<&str>, asked: Option<&str>) -> Result<(), Refusal> {
    match (active, asked) {
        (None, _) => Err(Refusal::OrganizationRequired),
        (Some(active), Some(asked)) if active != asked => Err(Refusal::OrganizationRequired),
        (Some(_), _) => Ok(()),
    }
}
