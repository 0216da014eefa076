//! The extractor for "who is calling", and what makes a second one on the same request cheap.

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::Extensions;
use http::request::Parts;

use crate::{HasGuard, Main, Refusal, User};

/// The caller, whose token was verified before the handler runs. No good token: 401.
///
/// Dereferences to [`User`]. `Option<CurrentUser>` is `None` for a request without a credential; a bad token is 401 there
/// too, because a client with an expired token must refresh, and not be shown a stranger's page.
///
/// Put it before `Path`, `Query` and the body, so that strangers learn nothing from their mistakes.
pub struct CurrentUser<I = Main> {
    user: User,
    tag: PhantomData<fn() -> I>,
}

impl<I> CurrentUser<I> {
    pub(crate) const fn new(user: User) -> Self {
        Self { user, tag: PhantomData }
    }

    /// The user alone, to pass on or to keep.
    pub fn into_user(self) -> User {
        self.user
    }
}

impl<I> Clone for CurrentUser<I> {
    fn clone(&self) -> Self {
        Self::new(self.user.clone())
    }
}

impl<I> Deref for CurrentUser<I> {
    type Target = User;

    fn deref(&self) -> &User {
        &self.user
    }
}

impl<I> std::fmt::Debug for CurrentUser<I> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.user.fmt(out)
    }
}

impl<S, I> FromRequestParts<S> for CurrentUser<I>
where
    S: HasGuard<I> + Send + Sync,
    I: 'static,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        HasGuard::<I>::guard(state).identify(parts).await.map(Self::new)
    }
}

impl<S, I> OptionalFromRequestParts<S> for CurrentUser<I>
where
    S: HasGuard<I> + Send + Sync,
    I: 'static,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Refusal> {
        match HasGuard::<I>::guard(state).identify(parts).await {
            Ok(user) => Ok(Some(Self::new(user))),
            Err(refusal) if refusal.reason() == Refusal::Missing => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }
}

/// Whom which guard found on this request.
///
/// Keyed by the guard, not by its tag: a router inside another may have a guard of the same type for another issuer, and must
/// not take the outer one's user for its own.
#[derive(Clone)]
pub(crate) struct Seen {
    guard: u64,
    user: User,
    before: Option<Arc<Seen>>,
}

impl Seen {
    pub(crate) fn find(extensions: &Extensions, guard: u64) -> Option<&User> {
        let mut seen = extensions.get::<Self>();
        while let Some(one) = seen {
            if one.guard == guard {
                return Some(&one.user);
            }
            seen = one.before.as_deref();
        }
        None
    }

    pub(crate) fn note(extensions: &mut Extensions, guard: u64, user: &User) {
        let before = extensions.insert(Self { guard, user: user.clone(), before: None });
        if let (Some(before), Some(seen)) = (before, extensions.get_mut::<Self>()) {
            seen.before = Some(Arc::new(before));
        }
    }
}
