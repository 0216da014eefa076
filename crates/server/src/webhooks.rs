//! Webhooks: who is told of what happens in a realm. The API and the commands come through here.

mod change;
mod secret;
mod send;
mod show;

pub use change::{Change, Made, Wanted, create, delete, replay, replay_dead, rotate_secret, test, update};
pub(crate) use secret::fresh as fresh_secret;
pub use send::{Sent, send};
pub use show::{Message, Shown, deliveries, delivery, find, list};
