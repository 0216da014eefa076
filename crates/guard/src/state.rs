//! How an extractor finds the guard: in the type of the router's state, so that a missing one does not compile.

use axum_core::extract::FromRef;

use crate::{Guard, Main};

/// States that hold a [`Guard`]. Implemented for every state from which axum's `FromRef` yields one, `Guard` itself included.
#[diagnostic::on_unimplemented(
    message = "the state `{Self}` has no Gatepost guard",
    label = "this router's state is `{Self}`, and a guarded handler needs a `Guard` in it",
    note = "add a field `guard: Guard` to `{Self}` and derive `axum::extract::FromRef` on it, or call `.with_state(guard)`"
)]
pub trait HasGuard<I = Main> {
    /// The guard, cloned (a counter).
    fn guard(&self) -> Guard<I>;
}

// Without this the compiler reports axum's `FromRef`, and hides what to do.
#[diagnostic::do_not_recommend]
impl<S, I> HasGuard<I> for S
where
    Guard<I>: FromRef<S>,
{
    fn guard(&self) -> Guard<I> {
        Guard::from_ref(self)
    }
}

/// Checks at compile time that a state holds a guard: `check_state!(AppState);`, or `check_state!(AppState, Staff);` for a tagged one.
///
/// axum hides why a handler does not fit behind its `Handler` bound; this line says it anywhere.
#[macro_export]
macro_rules! check_state {
    ($state:ty) => {
        $crate::check_state!($state, $crate::Main);
    };
    ($state:ty, $tag:ty) => {
        const _: fn() = || {
            fn state_has_a_guard<S: $crate::HasGuard<I>, I>() {}
            state_has_a_guard::<$state, $tag>();
        };
    };
}
