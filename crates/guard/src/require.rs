//! The extractor for "who is calling, and may they".

use std::marker::PhantomData;
use std::ops::Deref;

use axum_core::extract::FromRequestParts;
use http::HeaderMap;
use http::request::Parts;

use crate::organization::names_another;
use crate::{CurrentUser, HasGuard, Main, Refusal, Rule, User};

/// The caller, who satisfies the rule `R`: `async fn create(user: Require<(Notes, WriteNotes)>)`.
///
/// Dereferences to [`User`]. There is no `Option<Require<R>>`: "maybe an admin" is `Option<CurrentUser>` and an `if`.
pub struct Require<R, I = Main>(CurrentUser<I>, PhantomData<fn() -> R>);

impl<R, I> Require<R, I> {
    /// The user alone, to pass on or to keep.
    pub fn into_user(self) -> User {
        self.0.into_user()
    }
}

impl<R, I> Clone for Require<R, I> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<R, I> Deref for Require<R, I> {
    type Target = User;

    fn deref(&self) -> &User {
        &self.0
    }
}

impl<R, I> std::fmt::Debug for Require<R, I> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(out)
    }
}

impl<S, R, I> FromRequestParts<S> for Require<R, I>
where
    S: HasGuard<I> + Send + Sync,
    R: Rule,
    I: 'static,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let guard = HasGuard::<I>::guard(state);
        let mut user = guard.identify(parts).await?;
        if R::ASKS_FOR_ORGANIZATION && names_another(&user, &parts.headers) {
            user = Box::pin(guard.as_member(user, &parts.headers, &mut parts.extensions)).await?;
        }
        hold::<R>(&user, &parts.headers).map_err(|refusal| guard.challenged(refusal, &parts.headers))?;
        guard.note_held::<R>(&parts.headers, &mut parts.extensions);
        Ok(Self(CurrentUser::new(user), PhantomData))
    }
}

/// Applies a rule and tells the log, not the caller, what it asked.
pub(crate) fn hold<R: Rule>(user: &User, headers: &HeaderMap) -> Result<(), Refusal> {
    R::check_request(user, headers).inspect_err(|refusal| {
        let code = refusal.code();
        let rule = crate::rule::words::<R>();
        tracing::debug!(user.id = %user.id, rule, code, "refused user {}: {code}; the route asks for {rule}", user.id);
    })
}
