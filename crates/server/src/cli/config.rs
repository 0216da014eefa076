//! `gatepost config check`

use clap::{Args, Subcommand};

use super::{Listening, Output, Refusal, Settings, output::print, serve};
use crate::{
    App, Config,
    config::{MailSettings, logging},
    http::TrustedProxies,
};

/// The server's settings.
#[derive(Args)]
pub(super) struct ConfigCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Check the settings and print those in effect, secrets hidden
    Check {
        #[command(flatten)]
        listening: Listening,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

impl ConfigCommand {
    pub(super) fn run(self, settings: &Settings) -> Result<(), Refusal> {
        let What::Check { listening, json } = self.what;
        let config = settings.load(listening)?;
        logging::filter(&config, logging::SERVER)?;
        serve::can_be_reached(&config)?;
        App::check_master_key(&config)?;
        if let Some(tls) = &config.tls {
            tls.check()?;
        }
        let text = effective(&config);
        if !json {
            return print(&text);
        }
        let settings: toml::Table = toml::from_str(&text)?;
        Output::new(json).show(&settings, String::new)
    }
}

/// The settings in effect, in the form of the settings file.
fn effective(config: &Config) -> String {
    let quoted = |text: &dyn std::fmt::Display| toml::Value::String(text.to_string()).to_string();
    let mut lines = vec!["[server]".to_owned(), format!("listen = {}", quoted(&config.listen))];
    if let Some(url) = &config.public_url {
        // As the issuer has it, which guards compare.
        lines.push(format!("public_url = {}", quoted(&url.as_str().trim_end_matches('/'))));
    }
    if let Some(address) = config.metrics_listen {
        lines.push(format!("metrics_listen = {}", quoted(&address)));
    }
    if let Some(tls) = &config.tls {
        lines.push(format!("tls_cert = {}", quoted(&tls.certificate.display())));
        lines.push(format!("tls_key = {}", quoted(&tls.key.display())));
    }
    let TrustedProxies { networks, header } = &config.trusted_proxies;
    if !networks.is_empty() {
        let networks = networks.iter().map(|network| quoted(network)).collect::<Vec<_>>().join(", ");
        lines.push(format!("trusted_proxies = [{networks}]"));
        lines.push(format!("client_address_header = {}", quoted(&header.name())));
    }
    lines.push(format!("shutdown_grace = \"{}s\"", config.shutdown_grace.as_secs()));
    lines.extend([
        String::new(),
        "[store]".to_owned(),
        format!("data_dir = {}", quoted(&config.data_dir.display())),
    ]);
    if let Some(url) = &config.database_url {
        lines.push(format!("database_url = {}", quoted(&without_password(url))));
    }
    if config.master_key.is_some() || config.master_key_file.is_some() {
        lines.extend([String::new(), "[master_key]".to_owned()]);
    }
    if let Some(file) = &config.master_key_file {
        lines.push(format!("file = {}", quoted(&file.display())));
    }
    if config.master_key.is_some() {
        lines.push("key = \"(hidden)\"".to_owned());
    }
    let format = format!("{:?}", config.log_format).to_lowercase();
    lines.extend([
        String::new(),
        "[log]".to_owned(),
        format!("level = {}", quoted(&config.log_level.as_deref().unwrap_or(logging::SERVER))),
        format!("format = {}", quoted(&format)),
        String::new(),
        "[passwords]".to_owned(),
        format!("threads = {}", config.passwords.threads),
        format!("wait_budget = \"{}s\"", config.passwords.wait_budget.as_secs()),
        format!("memory_kib = {}", config.passwords.cost.memory_kib),
        format!("passes = {}", config.passwords.cost.passes),
        format!("lanes = {}", config.passwords.cost.lanes),
    ]);
    if let Some(breaches) = &config.breaches {
        lines.extend([
            format!("breaches_url = {}", quoted(&breaches.url.as_str())),
            format!("breaches_timeout = \"{}s\"", breaches.timeout.as_secs()),
            format!("breaches_unanswered = \"{}\"", breaches.unanswered.name()),
        ]);
    }
    lines.extend([
        String::new(),
        "[outgoing]".to_owned(),
        format!("private_addresses = {}", config.private_addresses),
    ]);
    if let MailSettings::Smtp(smtp) = &config.mail {
        lines.extend([
            String::new(),
            "[mail]".to_owned(),
            format!("url = {}", quoted(&smtp.shown())),
            format!("from = {}", quoted(&smtp.sender())),
        ]);
        if let Some(file) = &smtp.ca_file {
            lines.push(format!("ca_file = {}", quoted(&file.display())));
        }
    }
    lines.join("\n")
}

/// A database URL as it may be shown.
fn without_password(text: &str) -> String {
    match url::Url::parse(text) {
        Ok(mut url) => {
            if url.password().is_some() {
                let _ = url.set_password(Some("hidden"));
            }
            url.set_query(None);
            url.to_string()
        }
        Err(_) => "(hidden)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_a_settings_file_without_secrets() {
        let environment = [
            ("GATEPOST_STORE__DATABASE_URL", "postgres://me:hunter2@db/auth?password=hunter2"),
            ("GATEPOST_MASTER_KEY__KEY", "aHVudGVyMg=="),
            ("GATEPOST_SERVER__TRUSTED_PROXIES", "10.0.0.0/8,::1"),
            ("GATEPOST_MAIL__URL", "smtps://me:hunter2@mail.example.com"),
            ("GATEPOST_MAIL__FROM", "Example <no-reply@example.com>"),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let text = effective(&Config::load(crate::Given::default(), environment).unwrap());
        assert!(!text.contains("hunter2") && !text.contains("aHVudGVyMg"), "{text}");
        assert!(text.contains("trusted_proxies = [\"10.0.0.0/8\", \"::1/128\"]\nclient_address_header = \"x-forwarded-for\"\n"), "{text}");
        assert!(text.contains("postgres://me:hidden@db/auth"), "{text}");
        assert!(text.contains("url = \"smtps://hidden@mail.example.com:465\""), "{text}");
        toml::from_str::<toml::Table>(&text).unwrap();
    }
}
