use gatepost_guard::CurrentUser;

#[derive(Clone)]
struct AppState;

gatepost_guard::check_state!(AppState);

#[axum::debug_handler(state = AppState)]
async fn me(user: CurrentUser) -> String {
    user.id.clone()
}

fn main() {}
