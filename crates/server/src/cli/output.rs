//! What commands print. Results go to standard output, everything else to standard error.

use std::{
    io::{IsTerminal as _, Write as _},
    process::ExitCode,
};

use serde::Serialize;

use crate::http::problem::chain;

/// A command that did not do what was asked: one line, exit code 1.
#[derive(Debug)]
pub(crate) struct Refusal {
    line: String,
}

impl Refusal {
    pub(crate) fn new(line: impl Into<String>) -> Self {
        Self { line: line.into() }
    }

    pub(crate) fn print(&self) -> ExitCode {
        let mut stderr = std::io::stderr().lock();
        let error = if stderr.is_terminal() { "\x1b[31merror:\x1b[0m" } else { "error:" };
        let _ = writeln!(stderr, "{error} {}", shown(&self.line.replace('\n', " ")));
        ExitCode::FAILURE
    }
}

/// What it quotes of files and arguments does not speak to the terminal.
fn shown(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    for letter in line.chars() {
        if letter.is_control() { shown.extend(letter.escape_default()) } else { shown.push(letter) }
    }
    shown
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.line)
    }
}

impl<E: std::error::Error + 'static> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::new(chain(&error))
    }
}

/// Where results go: lines for people, or one JSON document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// The JSON form where asked for, else what `lines` returns.
    pub(crate) fn show(self, value: &impl Serialize, lines: impl FnOnce() -> String) -> Result<(), Refusal> {
        let text = if self.json { serde_json::to_string_pretty(value)? } else { lines() };
        print(&text)
    }
}

/// Writes `text` and a line end to standard output. A reader that went away is not an error.
pub(crate) fn print(text: &str) -> Result<(), Refusal> {
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Refusal::new(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a note to standard error: what was asked is done, and something is to be said of it.
pub(crate) fn note(text: &str) {
    // One that nobody reads is no failure.
    let _ = writeln!(std::io::stderr().lock(), "note: {text}");
}

/// Columns as wide as their widest cell, two blanks apart.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = head.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let head: Vec<String> = head.iter().map(|&cell| cell.to_owned()).collect();
    let mut lines = Vec::with_capacity(rows.len() + 1);
    for row in std::iter::once(&head).chain(rows) {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        lines.push(cells.join("  ").trim_end().to_owned());
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn ij_04_what_is_quoted_does_not_speak_to_the_terminal() {
        assert_eq!(
            shown("a \u{1b}[31mred\u{1b}[0m\r\u{7} file \u{9b}"),
            "a \\u{1b}[31mred\\u{1b}[0m\\r\\u{7} file \\u{9b}"
        );
        assert_eq!(shown("größer – 大"), "größer – 大");
    }
}
