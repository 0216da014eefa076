//! Letters to people: what is sent when, what it says, and how it gets there.
//!
//! Whatever causes a letter leaves a row in the outbox, in its own transaction (`queue`). The job (`jobs/mail.rs`) finds out what the
//! letter is about and writes it (`write`), in a realm's name and colour and in a person's language (`letter`, `words`), and the
//! mailer sends it. Nothing of an address, a link or a name is logged or counted.

mod colours;
mod kept;
mod letter;
mod mailer;
mod message;
mod queue;
#[cfg(test)]
mod tests;
mod text_message;
mod words;
mod write;

pub use kept::KeptMail;
pub use letter::Rendered;
pub use mailer::{Mailer, Unsent};
pub use queue::{ask_for_code, ask_for_link, notice, queue, queue_link};
pub use text_message::text_message;
pub use write::{seal_invitation, write};
