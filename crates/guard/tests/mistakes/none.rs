// Without a mistake: who is not told of any knows that the libraries are the right ones.

use gatepost_guard::{CurrentUser, Guard, Require};

gatepost_guard::permission!(pub WriteNotes = "notes:write");

#[axum::debug_handler(state = Guard)]
async fn write(_: CurrentUser, user: Require<WriteNotes>) -> String {
    user.id.clone()
}

fn main() {
    let _ = axum::Router::<Guard>::new().route("/", axum::routing::post(write));
}
