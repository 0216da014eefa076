//! Settings: flags before environment before file before defaults, parsed into final types at the start.

mod environment;
mod file;
mod list;
pub mod logging;
mod mail;
mod passwords;
mod settings;

pub use file::FileError;
pub(crate) use file::{explain, explain_at, line_of, nearest};
pub use mail::{MailSettings, Protection, SmtpSettings};
pub use settings::{Config, ConfigError, Given, LogFormat};
