//! `gatepost user import`

use std::{
    fs::File,
    io::{BufWriter, IsTerminal as _, Read, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Args;

use super::{Output, Refusal};
use crate::{
    App,
    import::{FirebaseHashes, Format, ImportError, Meter, Options, Report, import},
    realm::Snapshot,
};

/// Refused rows that are printed.
const SHOWN: usize = 20;
/// How often the bar is drawn.
const DRAWN_EVERY: Duration = Duration::from_millis(200);

#[derive(Args)]
pub(super) struct Import {
    /// The file; - reads standard input
    file: PathBuf,
    /// What wrote the file
    #[arg(long, value_enum, default_value = "ndjson")]
    format: Format,
    /// Find out what would be made and what is refused, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Stop at the first row that is refused; the rows before it stay
    #[arg(long)]
    strict: bool,
    /// Count every e-mail address as known to be its owner's, whatever the file says
    #[arg(long)]
    email_verified: bool,
    /// Write every row that made nobody to this file, an object a line
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// The password hash parameters of the Firebase project, as its console shows them
    #[arg(long, value_name = "FILE", required_if_eq("format", "firebase"))]
    firebase_hash_config: Option<PathBuf>,
}

impl Import {
    pub(super) async fn run(self, app: &App, realm: &Arc<Snapshot>, output: Output) -> Result<(), Refusal> {
        let firebase = self.firebase_hash_config.as_deref().map(firebase).transpose()?;
        let called = called(&self.file);
        let (source, size) = open(&self.file)?;
        let mut rows = match &self.report {
            Some(path) => {
                let file = File::create(path).map_err(|error| cannot("write", path, &error))?;
                Some(BufWriter::new(file))
            }
            None => None,
        };
        let options = Options {
            format: self.format,
            dry_run: self.dry_run,
            strict: self.strict,
            emails_are_verified: self.email_verified,
            firebase,
        };
        let meter = Arc::<Meter>::default();
        let bar = Bar::begin(&meter, size);
        let imported = import(app, realm, source, Arc::clone(&meter), options, |line| {
            let Some(file) = &mut rows else { return Ok(()) };
            serde_json::to_writer(&mut *file, line)?;
            file.write_all(b"\n")
        })
        .await;
        bar.end();
        if let Some(mut file) = rows {
            file.flush()?;
        }
        let made = meter.users();
        let report = imported.map_err(|error| {
            let kept = match (self.dry_run, made) {
                (true, _) | (false, 0) => String::new(),
                (false, 1) => "; 1 user was imported before it, and a second run leaves it alone".to_owned(),
                (false, made) => format!(
                    "; {} users were imported before it, and a second run leaves them alone",
                    grouped(made)
                ),
            };
            Refusal::new(match error {
                ImportError::File { line: 0, reason } => format!("{called}: {reason}{kept}"),
                ImportError::File { line, reason } => format!("{called}:{line}: {reason}{kept}"),
                other => format!("{other}{kept}"),
            })
        })?;
        // Most often what was to write it has failed, and nobody would notice.
        if meter.bytes() == 0 {
            return Err(Refusal::new(format!(
                "{called} is empty, so there is nobody to import; look at what was to fill it"
            )));
        }
        output.show(&report, || lines(&report, &called, self.report.as_deref()))?;
        if report.refused == 0 {
            return Ok(());
        }
        let remedy = match (self.strict, report.dry_run, report.refused) {
            (true, ..) => "--strict ends there; mend it and import the file again",
            (_, true, 1) => "mend it before the file is imported",
            (_, true, _) => "mend them before the file is imported",
            (_, _, 1) => "mend it and import the file again",
            _ => "mend them and import the file again",
        };
        let unharmed = if report.dry_run { "" } else { ": who is there is left alone" };
        let rows = if report.rows() == 1 { "row" } else { "rows" };
        Err(Refusal::new(format!(
            "{} of {} {rows} {} refused; {remedy}{unharmed}",
            grouped(report.refused),
            grouped(report.rows()),
            be(report.refused, report.dry_run)
        )))
    }
}

/// What people know a file as.
fn called(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() }
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Refusal {
    Refusal::new(format!("cannot {what} {}: {error}", path.display()))
}

fn firebase(path: &Path) -> Result<FirebaseHashes, Refusal> {
    let text = std::fs::read_to_string(path).map_err(|error| cannot("read", path, &error))?;
    FirebaseHashes::parse(&text).map_err(|why| Refusal::new(format!("{}: {why}", path.display())))
}

/// The file and its size, where it has one.
fn open(path: &Path) -> Result<(Box<dyn Read + Send>, Option<u64>), Refusal> {
    if path == Path::new("-") {
        return Ok((Box::new(std::io::stdin()), None));
    }
    let file = File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Refusal::new(format!(
            "there is no file {}; name another, or - for standard input",
            path.display()
        )),
        _ => cannot("read", path, &error),
    })?;
    let about = file.metadata().map_err(|error| cannot("read", path, &error))?;
    if about.is_dir() {
        return Err(Refusal::new(format!("{} is a folder; name a file", path.display())));
    }
    Ok((Box::new(file), about.is_file().then_some(about.len())))
}

/// What people read: the first of the refused, and the counts with where the others are.
fn lines(report: &Report, called: &str, written: Option<&Path>) -> String {
    let refused = report.lines.iter().take(SHOWN);
    let mut lines: Vec<String> =
        refused.map(|line| format!("{called}:{}: {}", line.line, line.reason)).collect();
    let hidden = report.refused.saturating_sub(lines.len() as u64);
    let named = match (report.refused, hidden, written) {
        (0, ..) => String::new(),
        (_, _, Some(path)) => format!(" (all in {})", path.display()),
        (_, 0, None) => " (named above)".to_owned(),
        (_, _, None) => {
            format!(" ({} named above; --report FILE writes down all)", grouped(report.refused - hidden))
        }
    };
    let (would, stay) =
        if report.dry_run { (" would be", "would stay unchanged") } else { ("", "unchanged") };
    let bare = match report.without_password {
        0 => String::new(),
        bare => format!(", {} of them without a password", grouped(bare)),
    };
    lines.push(format!(
        "{}{would} imported into realm {}{bare}, {} {stay}, {}{would} refused{named}",
        counted(report.made),
        report.realm,
        grouped(report.existing),
        grouped(report.refused)
    ));
    if report.dry_run {
        lines.push("nothing was written: this is a dry run".to_owned());
    }
    lines.join("\n")
}

/// The verb of so many.
fn be(many: u64, would: bool) -> &'static str {
    match (would, many) {
        (true, _) => "would be",
        (false, 1) => "was",
        (false, _) => "were",
    }
}

fn counted(users: u64) -> String {
    if users == 1 { "1 user".to_owned() } else { format!("{} users", grouped(users)) }
}

/// `1,234,567`
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// How far it is, drawn over and over on one line of a terminal.
struct Bar(Option<tokio::task::JoinHandle<()>>);

impl Bar {
    fn begin(meter: &Arc<Meter>, size: Option<u64>) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let meter = Arc::clone(meter);
        Self(Some(tokio::spawn(async move {
            let begun = Instant::now();
            let mut every = tokio::time::interval(DRAWN_EVERY);
            loop {
                every.tick().await;
                let drawn = drawn(meter.users(), meter.bytes(), size, begun.elapsed());
                // A terminal that went away is not written to; the import goes on.
                let _ = write!(std::io::stderr(), "\r{drawn}\x1b[K");
            }
        })))
    }

    /// Leaves the line empty.
    fn end(self) {
        if let Some(drawing) = self.0 {
            drawing.abort();
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

fn drawn(users: u64, bytes: u64, size: Option<u64>, since: Duration) -> String {
    const WIDTH: u64 = 30;
    let rate = users.saturating_mul(1_000) / u64::try_from(since.as_millis()).unwrap_or(u64::MAX).max(1);
    let counts = format!("{}, {} a second", counted(users), grouped(rate));
    let Some(size) = size.filter(|size| *size > 0) else { return counts };
    let share = |of: u64| bytes.min(size).saturating_mul(of) / size;
    let full = usize::try_from(share(WIDTH)).unwrap_or_default();
    let rest = usize::try_from(WIDTH).unwrap_or_default() - full;
    format!("[{}{}] {:>3} %  {counts}", "#".repeat(full), "-".repeat(rest), share(100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_says_how_far_it_is() {
        let second = Duration::from_secs(1);
        assert_eq!(
            drawn(1_234_567, 50, Some(100), second * 10),
            "[###############---------------]  50 %  1,234,567 users, 123,456 a second"
        );
        assert_eq!(
            drawn(0, 0, Some(100), Duration::ZERO),
            "[------------------------------]   0 %  0 users, 0 a second"
        );
        assert_eq!(drawn(1, 999, None, second), "1 user, 1 a second");
        assert!(drawn(5, 101, Some(100), second).contains("100 %"));
        assert!(!drawn(5, 0, Some(0), second).contains('%'));
    }
}
