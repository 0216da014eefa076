use gatepost_guard::{Guard, Guarded};

struct Note;

#[axum::debug_handler(state = Guard)]
async fn read(_: Guarded<Note>) {}

fn main() {}
