//! `gatepost doctor`

use clap::Args;
use gatepost_domain::{Realm, RealmSettings};
use gatepost_store::realms;
use serde::Serialize;

use super::{
    Listening, Output, Refusal, Settings, dev,
    provider::{self, SecretState},
    store,
};
use crate::{
    App, Clock, Config, Reached, config::logging, http::problem::chain, interceptors, serve::Listener, sms,
};

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
    check: String,
    ok: bool,
    detail: String,
}

impl Doctor {
    pub(super) async fn run(self, settings: Settings) -> Result<(), Refusal> {
        let mut findings = Vec::new();
        let mut note = |check: &str, result: Result<String, String>| {
            let ok = result.is_ok();
            let check = check.to_owned();
            findings.push(Finding { check, ok, detail: result.unwrap_or_else(|wrong| wrong) });
        };
        match settings.load(self.listening) {
            Err(error) => note("settings", Err(chain(&error))),
            Ok(config) => {
                logging::start(&config, logging::COMMAND)?;
                note("settings", Ok("read".to_owned()));
                note("public URL", public_url(&config));
                if let Err(wrong) = dev::shows_a_demo(&config) {
                    note("accounts", Err(wrong.to_string()));
                }
                match open(&config).await {
                    Err(wrong) => note("store and master key", Err(wrong)),
                    Ok(app) => {
                        note("store and master key", Ok("opened; the key is the right one".to_owned()));
                        note("realms and signing keys", keys(&app).await);
                        note("mail", mail(&app).await);
                        match senders(&app).await {
                            Err(wrong) => note("outgoing requests", Err(wrong)),
                            Ok(found) => found.into_iter().for_each(|(check, result)| note(&check, result)),
                        }
                        match providers(&app).await {
                            Err(wrong) => note("providers", Err(wrong)),
                            Ok(found) => found.into_iter().for_each(|(check, result)| note(&check, result)),
                        }
                    }
                }
                note("listening", listening(&config).await);
            }
        }
        Output::new(self.json).show(&findings, || {
            let width = findings.iter().map(|finding| finding.check.chars().count()).max().unwrap_or(0);
            let line = |finding: &Finding| {
                let Finding { check, ok, detail } = finding;
                format!("{:<5} {check:<width$}  {detail}", if *ok { "ok" } else { "WRONG" })
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

/// Every realm, by name.
async fn realms(app: &App) -> Result<Vec<Realm>, String> {
    let all =
        app.db().read("list realms", |tx| Box::pin(async move { realms::list(tx, None, 10_000).await }));
    let mut all = all.await.map_err(|error| chain(&error))?;
    all.sort_by(|one, other| one.name.as_str().cmp(other.name.as_str()));
    Ok(all)
}

async fn keys(app: &App) -> Result<String, String> {
    let all = realms(app).await?;
    for realm in &all {
        app.realms()
            .with_id(app, realm.id)
            .await
            .map_err(|error| format!("realm {}: {}", realm.name, chain(&error)))?;
    }
    Ok(format!("{} of {} can sign", all.len(), all.len()))
}

/// What a setting of a realm comes to where no mail is sent.
struct NeedsMail {
    setting: &'static str,
    is_on: fn(&RealmSettings) -> bool,
    without: &'static str,
}

const NEED_MAIL: [NeedsMail; 2] = [
    NeedsMail {
        setting: "require_verified_email",
        is_on: |settings| settings.require_verified_email,
        without: "whoever registers stays outside, for nobody is sent the link that proves an address",
    },
    NeedsMail {
        setting: "email_sign_in",
        is_on: |settings| settings.email_sign_in,
        without: "nobody is sent a link or code to sign in with",
    },
];
/// Realms that are named of many.
const NAMED: usize = 5;

/// Whether mail gets out, where the settings say that it should; and what a realm promises that does not come true because it does not.
async fn mail(app: &App) -> Result<String, String> {
    if app.mailer().is_on() {
        return app.mailer().check().await;
    }
    let all = realms(app).await?;
    let broken = NEED_MAIL.iter().filter_map(|need| {
        let names: Vec<&str> = all
            .iter()
            .filter(|realm| (need.is_on)(&realm.settings))
            .map(|realm| realm.name.as_str())
            .collect();
        let more = names.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let first = names.get(..NAMED).unwrap_or(&names).join(", ");
        (!names.is_empty()).then(|| format!("{} of {first}{more}: {}", need.setting, need.without))
    });
    let broken: Vec<String> = broken.collect();
    if broken.is_empty() {
        return Ok("no mail server is configured: whoever loses a password asks an administrator".to_owned());
    }
    Err(format!(
        "no mail server is configured, and there are settings that need one ({}); name a mail server with mail.url and mail.from, \
         or turn them off",
        broken.join("; ")
    ))
}

/// Whether the server may ask whom realms name to send text messages and to decide, as far as their addresses tell: a line for each realm
/// that names any.
async fn senders(app: &App) -> Result<Vec<(String, Result<String, String>)>, String> {
    let mut found = Vec::new();
    for Realm { name, settings, .. } in realms(app).await? {
        if let Some(url) = &settings.sms_url {
            let result = sms::check(app, &settings).map(|()| url.to_string());
            found.push((format!("sms_url of {name}"), result.map_err(|refused| refused.to_string())));
        }
        if !settings.interceptors.is_empty() {
            let result = interceptors::check(app, &settings);
            let result = result.map(|()| format!("{} may be asked", settings.interceptors.len()));
            found.push((format!("interceptors of {name}"), result.map_err(|refused| refused.to_string())));
        }
    }
    Ok(found)
}

/// The providers that people sign in by, a line each; wrong is one in use whose secret cannot be read.
async fn providers(app: &App) -> Result<Vec<(String, Result<String, String>)>, String> {
    let mut found = Vec::new();
    for realm in realms(app).await? {
        let Some(snapshot) = app.realms().with_id(app, realm.id).await.map_err(|error| chain(&error))? else {
            continue;
        };
        for one in provider::all(app, &snapshot).await.map_err(|error| chain(&error))? {
            let line = one.line();
            let result = if one.enabled && one.secret == SecretState::Unreadable {
                Err(format!("{line}; apply the file that declares it again"))
            } else {
                Ok(line)
            };
            found.push((format!("provider {} in {}", one.id, realm.name), result));
        }
    }
    Ok(found)
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
