//! `gatepost doctor`

use clap::Args;
use gatepost_store::realms;
use serde::Serialize;

use super::{Listening, Output, Refusal, Settings, dev, store};
use crate::{App, Clock, Config, Reached, config::logging, http::problem::chain, serve::Listener};

/// Check that this installation can serve, and say what to mend. Makes none where there is none.
#[derive(Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    listening: Listening,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Finding {
    check: &'static str,
    ok: bool,
    detail: String,
}

impl Doctor {
    pub(super) async fn run(self, settings: Settings) -> Result<(), Refusal> {
        let mut findings = Vec::new();
        let mut note = |check: &'static str, result: Result<String, String>| {
            let ok = result.is_ok();
            findings.push(Finding { check, ok, detail: result.unwrap_or_else(|wrong| wrong) });
            ok
        };
        match settings.load(self.listening) {
            Err(error) => drop(note("settings", Err(chain(&error)))),
            Ok(config) => {
                logging::start(&config, logging::COMMAND)?;
                note("settings", Ok("read".to_owned()));
                note("public URL", public_url(&config));
                if let Err(wrong) = dev::shows_a_demo(&config) {
                    note("accounts", Err(wrong.to_string()));
                }
                match open(&config).await {
                    Err(wrong) => drop(note("store and master key", Err(wrong))),
                    Ok(app) => {
                        note("store and master key", Ok("opened; the key is the right one".to_owned()));
                        note("realms and signing keys", keys(&app).await);
                        note("mail", mail(&app).await);
                    }
                }
                note("listening", listening(&config).await);
            }
        }
        Output::new(self.json).show(&findings, || {
            let line = |finding: &Finding| {
                format!(
                    "{:<5} {:<24} {}",
                    if finding.ok { "ok" } else { "WRONG" },
                    finding.check,
                    finding.detail
                )
            };
            findings.iter().map(line).collect::<Vec<_>>().join("\n")
        })?;
        match findings.iter().filter(|finding| !finding.ok).count() {
            0 => Ok(()),
            1 => Err(Refusal::new("one check failed")),
            wrong => Err(Refusal::new(format!("{wrong} checks failed"))),
        }
    }
}

async fn open(config: &Config) -> Result<App, String> {
    store::must_exist(config).map_err(|refusal| refusal.to_string())?;
    let here = format!("http://{}", config.listen);
    let opened = App::open(config, Clock::system(), Reached::AsServed(&here)).await;
    opened.map_err(|error| chain(&error))
}

fn public_url(config: &Config) -> Result<String, String> {
    match &config.public_url {
        Some(url) if url.scheme() == "http" && !config.listen.ip().is_loopback() => Err(format!(
            "{url} is not https: tokens would travel in clear; put TLS in front or use --tls-cert"
        )),
        Some(url) => Ok(url.as_str().trim_end_matches('/').to_owned()),
        None if config.listen.ip().is_loopback() => {
            Ok(format!("http://{}, good on this machine only", config.listen))
        }
        None => Err(format!("listening on {} needs --public-url", config.listen)),
    }
}

async fn keys(app: &App) -> Result<String, String> {
    let all = app
        .db()
        .read("list realms", |tx| Box::pin(async move { realms::list(tx, None, 10_000).await }))
        .await
        .map_err(|error| chain(&error))?;
    for realm in &all {
        app.realms()
            .with_id(app, realm.id)
            .await
            .map_err(|error| format!("realm {}: {}", realm.name, chain(&error)))?;
    }
    Ok(format!("{} of {} can sign", all.len(), all.len()))
}

/// Whether mail gets out, where the settings say that it should; and whether anybody is locked out because it does not.
async fn mail(app: &App) -> Result<String, String> {
    if app.mailer().is_on() {
        return app.mailer().check().await;
    }
    let all =
        app.db().read("list realms", |tx| Box::pin(async move { realms::list(tx, None, 10_000).await }));
    let all = all.await.map_err(|error| chain(&error))?;
    let needs = all.iter().find(|realm| realm.settings.require_verified_email);
    match needs {
        Some(realm) => Err(format!(
            "no mail server is configured, and in realm {} one signs in only with an address that was proven: whoever registers \
             stays outside; name a mail server with mail.url and mail.from",
            realm.name
        )),
        None => Ok("no mail server is configured: whoever loses a password asks an administrator".to_owned()),
    }
}

/// A server that is running has the port, and that is no fault.
async fn listening(config: &Config) -> Result<String, String> {
    match Listener::bind(config.listen, config.tls.as_ref()).await {
        Ok(_) => Ok(format!("{} is free", config.listen)),
        Err(crate::serve::ListenError::InUse(address)) => {
            Ok(format!("{address} is in use, by a running server most likely"))
        }
        Err(error) => Err(chain(&error)),
    }
}
