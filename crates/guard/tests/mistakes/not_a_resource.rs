//= error[E0277]: `Note` is not a Gatepost resource of the state `Guard`
//= nothing says how a `Note` is loaded and who may have it
//= = note: write `impl Resource<Guard> for Note` with `type Key`, `load` and `allows`

use gatepost_guard::{Guard, Guarded};

struct Note;

#[axum::debug_handler(state = Guard)]
async fn read(_: Guarded<Note>) {}

fn main() {}
