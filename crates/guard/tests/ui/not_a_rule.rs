use gatepost_guard::{Guard, Require};

struct WriteNotes;

#[axum::debug_handler(state = Guard)]
async fn write(user: Require<WriteNotes>) -> String {
    user.id.clone()
}

#[axum::debug_handler(state = Guard)]
async fn nothing_asked(user: Require<()>) -> String {
    user.id.clone()
}

fn main() {}
