//= error[E0277]: the state `AppState` has no Gatepost guard
//= error[E0277]: the state `AppState` has no Gatepost guard
//= this router's state is `AppState`, and a guarded handler needs a `Guard` in it
//= = note: add a field `guard: Guard` to `AppState` and derive `axum::extract::FromRef` on it, or call `.with_state(guard)`

use gatepost_guard::CurrentUser;

#[derive(Clone)]
struct AppState;

gatepost_guard::check_state!(AppState);

#[axum::debug_handler(state = AppState)]
async fn me(user: CurrentUser) -> String {
    user.id.clone()
}

fn main() {}
