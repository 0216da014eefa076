//! Notes that only their owner can read: an axum application guarded by Gatepost.

mod api;
mod board;
mod notes;
mod problem;

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use gatepost_guard::Guard;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::notes::Notes;

/// Notes that only their owner can read.
#[derive(Parser)]
#[command(version)]
struct Settings {
    /// Who issues the access tokens: its URL, exactly as its discovery document says.
    #[arg(long, env = "NOTES_ISSUER", default_value = "http://127.0.0.1:8400")]
    issuer: String,
    /// The name of this API, which its tokens carry in `aud`.
    #[arg(long, env = "NOTES_AUDIENCE", default_value = "notes-api")]
    audience: String,
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, env = "NOTES_LISTEN", default_value = "127.0.0.1:8000")]
    listen: SocketAddr,
    /// The SQLite file, created when missing.
    #[arg(long, env = "NOTES_DATABASE", default_value = "notes.db")]
    database: PathBuf,
    /// Where clients reach the application. Tokens that are bound to a key are taken then, too.
    #[arg(long, env = "NOTES_PUBLIC_URL")]
    public_url: Option<String>,
}

/// How long requests may go on after SIGTERM.
const LAST_REQUESTS: Duration = Duration::from_secs(4);

#[tokio::main]
async fn main() -> ExitCode {
    let settings = Settings::parse();
    let level = tracing_subscriber::EnvFilter::builder()
        .with_default_directive(tracing::Level::INFO.into())
        .from_env_lossy();
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(colours).with_env_filter(level).init();
    match run(settings).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            let _ = writeln!(std::io::stderr(), "axum-notes: {reason}");
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: Settings) -> Result<(), String> {
    let Settings { issuer, audience, listen, database, public_url } = settings;
    let listener = TcpListener::bind(listen).await.map_err(|error| {
        format!("cannot listen on {listen}: {error}; choose another address with --listen")
    })?;
    let notes = Notes::open(&database)
        .map_err(|error| format!("the database {} cannot be opened: {error}", database.display()))?;
    let mut guard = Guard::builder().issuer(issuer).audience(audience).api_keys();
    if let Some(public_url) = public_url {
        guard = guard.dpop(public_url);
    }
    let guard = guard.discover().await.map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;

    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut stopping = stopped.clone();
    let server = axum::serve(listener, api::app(guard, notes)).with_graceful_shutdown(async move {
        let _ = stopping.wait_for(|stop| *stop).await;
    });
    let mut out = std::io::stdout();
    writeln!(out, "notes ready on http://{address}")
        .and_then(|()| out.flush())
        .map_err(|error| error.to_string())?;

    let asked_to_stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stop.send_replace(true);
        tokio::time::sleep(LAST_REQUESTS).await;
    };
    tokio::select! {
        served = server => served.map_err(|error| format!("the server stopped: {error}")),
        () = asked_to_stop => Ok(()),
    }
}
