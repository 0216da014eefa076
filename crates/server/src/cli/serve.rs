//! `gatepost serve`

use std::path::PathBuf;

use clap::Args;
use gatepost_store::Location;
use tokio::signal::unix::{SignalKind, signal};

use super::{Listening, Refusal, Settings, dev, output::print};
use crate::{
    App, Clock, Config, Reached,
    app::location,
    config::logging,
    declare, jobs,
    router::front,
    serve::{
        self, Listener, metrics,
        others::{self, Serving},
    },
};

/// Run the server.
#[derive(Args)]
pub(super) struct Serve {
    #[command(flatten)]
    listening: Listening,
    /// Bring the installation to the state of this file first, as `gatepost apply` does; secrets that are made are printed after the ready line
    #[arg(long, value_name = "FILE")]
    apply: Option<PathBuf>,
}

impl Serve {
    pub(super) async fn run(self, settings: Settings) -> Result<(), Refusal> {
        let config = settings.load(self.listening)?;
        logging::start(&config, logging::SERVER)?;
        // Before the installation is opened: a mistake in the file must not make a database.
        let declared = self.apply.as_deref().map(declare::read).transpose()?;
        serve(&config, Clock::system(), async |app| {
            let Some(declared) = &declared else { return Ok(String::new()) };
            let changes = declare::apply(app, declared, declare::Mode::Change).await?;
            for line in changes.log_lines() {
                tracing::info!("{line}");
            }
            Ok(changes.secret_lines().join("\n"))
        })
        .await
    }
}

/// Binds, opens, prepares, says that it is ready, and serves until told to stop. `prepare` returns what is printed
/// after the ready line.
pub(super) async fn serve(
    config: &Config,
    clock: Clock,
    prepare: impl AsyncFnOnce(&App) -> Result<String, Refusal>,
) -> Result<(), Refusal> {
    can_be_reached(config)?;
    dev::shows_a_demo(config)?;
    // Before anything is written: a port in use must not leave a half-made installation behind.
    let listener = Listener::bind(config.listen, config.tls.as_ref()).await?;
    let metrics = match config.metrics_listen {
        Some(address) => Some(metrics::bind(address).await?),
        None => None,
    };
    let here = format!("{}://{}", listener.scheme(), listener.address());
    let stop = Stop::listen()?;
    let app = App::open(config, clock, Reached::At(&here)).await?;
    let _serving = notice_others(config);
    let more = prepare(&app).await?;
    // The first request should find the default realm loaded.
    app.realms().for_host(&app, "").await.map_err(|problem| Refusal::new(problem.reason()))?;
    if let Some(listener) = metrics {
        tracing::info!("metrics on http://{}/metrics", listener.address());
        metrics::serve(listener)?;
    }
    print(&format!("gatepost ready on {here}"))?;
    if !more.is_empty() {
        print(&more)?;
    }

    if !app.mailer().is_on() {
        tracing::info!(
            "no mail server is configured: nobody is sent a link to prove an address or to choose a new password, an invitation or a \
             notice; name one with mail.url and mail.from"
        );
    }
    let jobs = tokio::spawn(jobs::run(app.clone()));
    let front = front(app.clone());
    let finished =
        serve::run(listener, move |peer| front.of(peer), stop.first(), config.shutdown_grace).await;
    if !finished {
        tracing::warn!("some requests did not finish within {} s", config.shutdown_grace.as_secs());
    }
    // Between two batches or within one: it is undone, or goes on the next time.
    jobs.abort();
    // Whatever was acknowledged is durable already; this lets the last answers out.
    app.close().await;
    Ok(())
}

/// Several processes of one machine may share a file, and one that was forgotten looks just like that.
fn notice_others(config: &Config) -> Option<Serving> {
    let Ok(Location::Sqlite(file)) = location(config) else { return None };
    match others::notice(&file) {
        Ok((serving, false)) => Some(serving),
        Ok((serving, true)) => {
            tracing::warn!(
                "another process serves {} already; they share it, which is safe on one machine: if there should be one only, \
                 stop the other",
                file.display()
            );
            Some(serving)
        }
        Err(error) => {
            tracing::warn!(%error, "cannot tell whether another process serves {}", file.display());
            None
        }
    }
}

/// Whether it is said under which URL.
pub(super) fn can_be_reached(config: &Config) -> Result<(), Refusal> {
    if config.public_url.is_none() && !config.listen.ip().is_loopback() {
        return Err(Refusal::new(format!(
            "listening on {} needs --public-url: the URL people reach the server under, as in https://auth.example.com",
            config.listen
        )));
    }
    Ok(())
}

/// SIGTERM and SIGINT. A second one ends the process at once.
struct Stop {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Stop {
    fn listen() -> Result<Self, Refusal> {
        let listen =
            |kind| signal(kind).map_err(|error| Refusal::new(format!("cannot listen for signals: {error}")));
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    async fn first(mut self) {
        self.next().await;
        tracing::info!("stopping: no new connections, requests under way are finished");
        // The same receivers: a second signal right behind the first is not missed.
        tokio::spawn(async move {
            self.next().await;
            std::process::exit(1);
        });
    }
}
