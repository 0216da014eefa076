//! `gatepost apply`

use std::path::PathBuf;

use clap::Args;

use super::{Listening, Output, Refusal, Settings, output::note, store};
use crate::declare;

/// Bring the installation to the state of a file.
#[derive(Args)]
pub(super) struct Apply {
    /// The declarative file, TOML
    file: PathBuf,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Apply {
    pub(super) async fn run(self, mut settings: Settings) -> Result<(), Refusal> {
        // Read before the installation is opened: a mistake in the file must not make a database.
        let declared = declare::read(&self.file)?;
        // Looking at what would become of an installation that is not there must not make it.
        let instead;
        let config = settings.load(Listening::default())?;
        if config.database_url.is_none() && !config.data_dir.join("gatepost.db").exists() {
            // Whoever meant a server that runs, and is in another folder, sees it here.
            let folder = std::path::absolute(&config.data_dir).unwrap_or_else(|_| config.data_dir.clone());
            let new =
                if self.dry_run { "this is what a new one would be" } else { "a new one is made there" };
            note(&format!(
                "there is no installation in {}, so {new}; --data-dir names another",
                folder.display()
            ));
            if self.dry_run {
                instead = tempfile::tempdir()?;
                settings.data_dir = Some(instead.path().to_owned());
            }
        }
        let app = store::open_or_make(&settings).await?;
        let mode = if self.dry_run { declare::Mode::Look } else { declare::Mode::Change };
        let changes = declare::apply(&app, &declared, mode).await?;
        Output::new(self.json).show(&changes, || {
            let nothing = changes.is_empty().then(|| "nothing to change".to_owned());
            nothing.into_iter().chain(changes.lines()).collect::<Vec<_>>().join("\n")
        })
    }
}
