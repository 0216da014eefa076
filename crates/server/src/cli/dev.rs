//! `gatepost dev`

use std::path::PathBuf;

use clap::Args;

use super::{Listening, Refusal, Settings, serve::serve};
use crate::{App, Clock, config::logging, declare};

/// Try Gatepost: a server with a demo realm, user and client.
#[derive(Args)]
pub(super) struct Dev {
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    listening: Listening,
}

/// What the demo realm holds. The passwords are printed; nobody should run this for others.
const DEMO: &str = include_str!("dev.toml");

impl Dev {
    pub(super) async fn run(self) -> Result<(), Refusal> {
        let mut config = self.settings.load(self.listening)?;
        if !config.listen.ip().is_loopback() {
            return Err(Refusal::new(
                "gatepost dev listens on loopback only: its users and passwords are public; use gatepost serve",
            ));
        }
        logging::start(&config)?;
        // Kept until the server ends, then removed with everything in it.
        let temporary;
        if !self.settings.names_a_place() {
            temporary = tempfile::tempdir()?;
            config.data_dir = temporary.path().to_owned();
        }
        let shown = if self.settings.names_a_place() {
            format!("kept in {}", config.data_dir.display())
        } else {
            "in a temporary folder, gone when you stop it; --data-dir keeps it".to_owned()
        };
        serve(&config, Clock::system(), async |app| {
            let declared = declare::parse(&PathBuf::from("demo realm"), DEMO)?;
            declare::apply(app, &declared, declare::Mode::Change).await?;
            Ok(welcome(app, &shown))
        })
        .await
    }
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

Try:

  curl -s {url}/api/v1/login -H 'content-type: application/json' \
    -d '{{"email":"grace@example.com","password":"nanoseconds are this long"}}'

  curl -s {url}/api/v1/me -H 'authorization: Bearer <access_token>'

Guard an API with the issuer {url} and the audience notes-api.
"#
    )
}
