//! `gatepost dev`

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Listening, Refusal, Settings, serve::serve};
use crate::{App, Clock, Config, MailSettings, config::logging, declare};

/// Try Gatepost: a server with a demo realm, user and client.
#[derive(Args)]
pub(super) struct Dev {
    #[command(flatten)]
    listening: Listening,
}

/// What the demo realm holds. The passwords are printed; nobody should run this for others.
const DEMO: &str = include_str!("dev.toml");

impl Dev {
    pub(super) async fn run(self, settings: Settings) -> Result<(), Refusal> {
        let mut config = settings.load(self.listening)?;
        if !config.listen.ip().is_loopback() {
            return Err(Refusal::new(
                "gatepost dev listens on loopback only: its users and passwords are public; use gatepost serve",
            ));
        }
        // Whoever tries it has clients on the same machine.
        config.private_addresses = true;
        // Nobody is sent anything by a trial.
        config.mail = MailSettings::Kept;
        logging::start(&config, logging::SERVER)?;
        if config.database_url.is_some() {
            return Err(Refusal::new(
                "gatepost dev keeps its demo in a folder; use gatepost serve with a database",
            ));
        }
        // Kept until the server ends, then removed with everything in it.
        let temporary;
        if settings.names_a_place() {
            own_folder(&config.data_dir)?;
        } else {
            temporary = tempfile::tempdir()?;
            config.data_dir = temporary.path().to_owned();
        }
        let shown = if settings.names_a_place() {
            format!("kept in {}", config.data_dir.display())
        } else {
            format!("in {}, gone when you stop it; --data-dir keeps it", config.data_dir.display())
        };
        serve(&config, Clock::system(), async |app| {
            let declared = declare::parse(&PathBuf::from("demo realm"), DEMO)?;
            declare::apply(app, &declared, declare::Mode::Change).await?;
            Ok(welcome(app, &shown))
        })
        .await
    }
}

/// The file by which a demo's folder is known.
const MARKER: &str = "made-by-gatepost-dev";

/// Whether others could reach a demo, whose passwords are public.
pub(super) fn shows_a_demo(config: &Config) -> Result<(), Refusal> {
    let reachable = !config.listen.ip().is_loopback() || config.public_url.is_some();
    if reachable && config.data_dir.join(MARKER).exists() {
        return Err(Refusal::new(format!(
            "{} was made by gatepost dev: its accounts have public passwords, and others could reach it; name another \
             folder with --data-dir",
            config.data_dir.display()
        )));
    }
    Ok(())
}

/// The demo's accounts have public passwords: they are put into no installation but the demo's own.
fn own_folder(folder: &Path) -> Result<(), Refusal> {
    let marker = folder.join(MARKER);
    if folder.join("gatepost.db").exists() && !marker.exists() {
        return Err(Refusal::new(format!(
            "{} holds an installation that gatepost dev did not make, and its demo accounts would open it; \
             name another folder, or use gatepost serve",
            folder.display()
        )));
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(marker, "The accounts in here have public passwords. Do not serve it to anybody.\n")?;
    Ok(())
}

/// What to try, in the order one would.
fn welcome(app: &App, place: &str) -> String {
    let url = app.public_url();
    format!(
        r#"
Everything is {place}.

  administrator  ada@example.com    password: the engine weaves algebra
  user           grace@example.com  password: nanoseconds are this long
  API docs       {url}/docs
  mail           {url}/dev/mail     kept here, sent to nobody

Try:

  curl -s {url}/api/v1/login -H 'content-type: application/json' \
    -d '{{"email":"grace@example.com","password":"nanoseconds are this long"}}'

  curl -s {url}/api/v1/me -H 'authorization: Bearer <access_token>'

Guard an API with the issuer {url} and the audience notes-api.
"#
    )
}
