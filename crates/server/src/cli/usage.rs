//! A command line that cannot be understood.

use std::process::ExitCode;

use clap::{
    CommandFactory as _, Error,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::{CommandLine, Refusal};
use crate::config::nearest;

/// Says on one line what is wrong and what is nearest to it; exit code 2. Help and version, which are no mistakes, are
/// printed whole.
pub(super) fn refuse(error: &Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
        }
        _ => {
            Refusal::new(line(error)).print();
            ExitCode::from(2)
        }
    }
}

fn line(error: &Error) -> String {
    let text = error.to_string();
    let (mistake, _) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mistake =
        mistake.trim_start_matches("error: ").split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    let hint = suggestion(error).map(|near| format!("; did you mean '{near}'?")).unwrap_or_default();
    format!("{mistake}{hint}{} {} --help", if hint.is_empty() { "; see" } else { " See" }, called())
}

/// The known word most like the wrong one, of those that clap finds similar.
fn suggestion(error: &Error) -> Option<String> {
    let kinds = [
        (ContextKind::InvalidArg, ContextKind::SuggestedArg),
        (ContextKind::InvalidSubcommand, ContextKind::SuggestedSubcommand),
        (ContextKind::InvalidValue, ContextKind::SuggestedValue),
    ];
    kinds.into_iter().find_map(|(wrong, suggested)| {
        let Some(ContextValue::String(wrong)) = error.get(wrong) else { return None };
        match error.get(suggested)? {
            ContextValue::String(near) => Some(near.clone()),
            ContextValue::Strings(near) => nearest(wrong, near.iter().map(String::as_str)).map(str::to_owned),
            _ => None,
        }
    })
}

/// `gatepost` and the subcommands that were understood.
fn called() -> String {
    let mut command = CommandLine::command();
    let mut called = command.get_name().to_owned();
    for word in std::env::args().skip(1) {
        if let Some(found) = command.find_subcommand(&word).cloned() {
            called = format!("{called} {word}");
            command = found;
        }
    }
    called
}
