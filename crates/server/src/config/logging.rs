//! Log lines on standard error.

use std::io::IsTerminal as _;

use tracing_subscriber::{
    Layer as _, Registry,
    filter::{LevelFilter, Targets},
    fmt,
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use super::{Config, ConfigError, LogFormat};

/// What a server logs unless its settings say otherwise.
pub const SERVER: &str = "info";
/// What a command does: its result is on standard output, and only what goes wrong beside it.
pub const COMMAND: &str = "warn";

/// What `config` says to log, or else `usual`.
pub fn filter(config: &Config, usual: &str) -> Result<Targets, ConfigError> {
    let level = config.log_level.as_deref().unwrap_or(usual);
    let wrong = || {
        let remedy = "write error, warn, info or debug, or targets as in gatepost_server=debug";
        ConfigError::Value(format!("log level {level:?}: {remedy}"))
    };
    // A lone word that is no level would be taken for the name of a target, and everything else be silent.
    let is_known = |part: &str| part.contains('=') || part.parse::<LevelFilter>().is_ok();
    let parts: Vec<&str> = level.split(',').map(str::trim).collect();
    if !parts.iter().all(|part| is_known(part)) {
        return Err(wrong());
    }
    parts.join(",").parse().map_err(|_| wrong())
}

/// Starts logging as `config` says, or else the `usual`. A second call changes nothing.
pub fn start(config: &Config, usual: &str) -> Result<(), ConfigError> {
    let filter = filter(config, usual)?;
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match config.log_format {
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).with_target(false).boxed(),
    };
    let started = Registry::default().with(lines).with(filter).try_init();
    // Only a second start in the same process fails: an embedding application has its own subscriber.
    drop(started);
    Ok(())
}
