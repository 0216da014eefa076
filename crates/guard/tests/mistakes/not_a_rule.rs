//= error[E0277]: `WriteNotes` is not a Gatepost rule
//= error[E0277]: `()` is not a Gatepost rule
//= expected a rule here
//= = note: make one with `permission!(pub WriteNotes = "notes:write")`, `any_role!`, `scope!`, or combine rules in a tuple (all) or `Any<(A, B)>`

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
