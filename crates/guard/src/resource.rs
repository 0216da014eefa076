//! What a route loads before it runs, and who may have it.

use std::future::Future;
use std::ops::Deref;

use axum::extract::Path;
use axum_core::extract::FromRequestParts;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::{CurrentUser, HasGuard, Main, Refusal, User};

/// Something that is loaded by a key in the path and belongs to somebody; handlers take it as [`Guarded<Self>`](Guarded).
///
/// `S` is the router's state, in which `load` finds the database.
///
/// ```
/// use axum::extract::FromRef;
/// use axum::{Router, routing::get};
/// use gatepost_guard::{Guard, Guarded, Resource, User};
/// # #[derive(Clone)] struct Db;
/// # impl Db { async fn note(&self, id: u64) -> Option<Note> { (id == 1).then(|| Note { owner: "usr_ada".into(), text: "engine".into() }) } }
///
/// #[derive(Clone, FromRef)]
/// struct AppState { guard: Guard, db: Db }
///
/// struct Note { owner: String, text: String }
///
/// impl Resource<AppState> for Note {
///     type Key = u64;                                            // from the path
///
///     async fn load(id: u64, state: &AppState) -> Option<Self> { state.db.note(id).await }
///
///     fn allows(&self, user: &User) -> bool { self.owner == user.id || user.has_role("admin") }
/// }
///
/// async fn read(note: Guarded<Note>) -> String { note.text.clone() }
/// # let _: Router<AppState> =
/// Router::new().route("/notes/{id}", get(read))
/// # ;
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a Gatepost resource of the state `{S}`",
    label = "nothing says how a `{Self}` is loaded and who may have it",
    note = "write `impl Resource<{S}> for {Self}` with `type Key`, `load` and `allows`"
)]
pub trait Resource<S>: Sized + Send {
    /// What names it in the path: a number or string, a tuple of them, or a struct with the names of the parameters.
    type Key: DeserializeOwned + Send;

    /// Whether those who may not have it are answered as if it did not exist.
    const HIDDEN: bool = false;

    /// Finds it. `None`: there is none of that key.
    ///
    /// Only called for signed-in callers. Where loading can fail, keep the failure in the resource
    /// (`impl Resource<AppState> for Result<Note, DbError>`) and let the handler answer it: `None` would deny that it exists.
    fn load(key: Self::Key, state: &S) -> impl Future<Output = Option<Self>> + Send;

    /// Whether this user may have it. Nothing else lets anybody in: no role does unless it is asked for here.
    ///
    /// A rule about organizations needs [`CurrentMember`](crate::CurrentMember) in front of the resource: the token alone does
    /// not say which organization the request is for.
    fn allows(&self, user: &User) -> bool;
}

/// A resource that the path names and the caller may have: `async fn read(note: Guarded<Note>)`.
///
/// Dereferences to the resource; `note.1` is the caller. In this order: 401 without a good token, before the path is looked at or
/// anything is loaded; 404 `not_found` if there is none, or the path holds no key; 403 `not_yours` if
/// [`allows`](Resource::allows) says no, or the same 404 if the resource is [`HIDDEN`](Resource::HIDDEN).
pub struct Guarded<R, I = Main>(R, pub CurrentUser<I>);

impl<R, I> Guarded<R, I> {
    /// The resource alone, to pass on or to keep.
    pub fn into_resource(self) -> R {
        self.0
    }
}

impl<R, I> Deref for Guarded<R, I> {
    type Target = R;

    fn deref(&self) -> &R {
        &self.0
    }
}

impl<R: std::fmt::Debug, I> std::fmt::Debug for Guarded<R, I> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("Guarded").field(&self.0).field(&self.1).finish()
    }
}

impl<S, R, I> FromRequestParts<S> for Guarded<R, I>
where
    S: HasGuard<I> + Send + Sync,
    R: Resource<S>,
    I: 'static,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let user = <CurrentUser<I> as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        let key = key::<S, R>(parts, state).await?;
        let resource = R::load(key, state).await.ok_or(Refusal::NotFound)?;
        if resource.allows(&user) {
            HasGuard::<I>::guard(state).note_given(&parts.headers, &mut parts.extensions);
            return Ok(Self(resource, user));
        }
        let refusal = if R::HIDDEN { Refusal::NotFound } else { Refusal::NotYours };
        let (code, what) = (refusal.code(), std::any::type_name::<R>());
        tracing::debug!(user.id = %user.id, what, code, "refused user {}: {code}; the {what} is not theirs", user.id);
        Err(refusal)
    }
}

async fn key<S: Send + Sync, R: Resource<S>>(parts: &mut Parts, state: &S) -> Result<R::Key, Refusal> {
    match <Path<R::Key> as FromRequestParts<S>>::from_request_parts(parts, state).await {
        Ok(Path(key)) => Ok(key),
        Err(rejection) => {
            let (what, key, reason) =
                (std::any::type_name::<R>(), std::any::type_name::<R::Key>(), rejection.body_text());
            if rejection.status().is_server_error() {
                tracing::error!(
                    what,
                    key,
                    reason,
                    "the route of a {what} can never yield its key: {reason}; write one path parameter for each part of {key}"
                );
                return Err(Refusal::Misrouted);
            }
            tracing::debug!(what, key, reason, "no {what} has the key in this path: {reason}");
            Err(Refusal::NotFound)
        }
    }
}
