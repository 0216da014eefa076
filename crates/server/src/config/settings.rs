//! The server's own settings. What belongs to a realm is in the declarative file and in the database.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use gatepost_domain::Secret;
use serde::Deserialize;
use url::Url;

use super::{
    environment,
    file::{FileError, explain, parse},
    list::List,
    mail::{MailSettings, RawMail},
    passwords::RawPasswords,
};
use crate::{
    http::{AddressHeader, TrustedProxies},
    passwords::{BreachSettings, PoolSettings},
    serve::TlsFiles,
};

/// How log lines are written to standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Effective settings, in final types.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// The URL people and applications reach the server under. Required unless `listen` is a loopback address.
    pub public_url: Option<Url>,
    /// Where `/metrics` listens; nowhere unless set.
    pub metrics_listen: Option<SocketAddr>,
    /// Serve TLS with these files.
    pub tls: Option<TlsFiles>,
    /// How long requests under way may take to finish at shutdown.
    pub shutdown_grace: Duration,
    /// The folder of the embedded store and the master key.
    pub data_dir: PathBuf,
    /// `postgres://…`; the embedded store in `data_dir` unless set.
    pub database_url: Option<String>,
    /// A file of 32 bytes in base64; `master.key` in `data_dir` unless set.
    pub master_key_file: Option<PathBuf>,
    /// The key itself, for those who keep secrets in the environment.
    pub master_key: Option<Arc<Secret>>,
    /// What to log, as in `info` or `gatepost_server=debug`; unless set, what is usual for a server or a command.
    pub log_level: Option<String>,
    /// How to write it.
    pub log_format: LogFormat,
    /// Password hashing.
    pub passwords: PoolSettings,
    /// Who is asked whether a new password is known from elsewhere; nobody unless set.
    pub breaches: Option<BreachSettings>,
    /// Whether documents of clients may be fetched from this machine and from private networks.
    pub private_addresses: bool,
    /// Which proxies say where a request came from.
    pub trusted_proxies: TrustedProxies,
    /// How mail is sent.
    pub mail: MailSettings,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file.
    #[error(transparent)]
    File(#[from] FileError),
    /// An environment variable.
    #[error("environment variable {name}: {reason}")]
    Environment {
        /// The variable.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A value that parses but cannot be.
    #[error("{0}")]
    Value(String),
}

/// Settings as given in one place: every one optional.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    server: RawServer,
    store: RawStore,
    master_key: RawMasterKey,
    log: RawLog,
    passwords: RawPasswords,
    outgoing: RawOutgoing,
    mail: RawMail,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawServer {
    listen: Option<String>,
    public_url: Option<String>,
    metrics_listen: Option<String>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    shutdown_grace: Option<String>,
    trusted_proxies: Option<List>,
    client_address_header: Option<AddressHeader>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawStore {
    data_dir: Option<PathBuf>,
    database_url: Option<String>,
    database_url_file: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawMasterKey {
    file: Option<PathBuf>,
    key: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawLog {
    level: Option<String>,
    format: Option<LogFormat>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawOutgoing {
    private_addresses: Option<bool>,
}

/// What the command line says; it wins over environment and file.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The file to read.
    pub file: Option<PathBuf>,
    /// `--listen`
    pub listen: Option<SocketAddr>,
    /// `--public-url`
    pub public_url: Option<Url>,
    /// `--metrics-listen`
    pub metrics_listen: Option<SocketAddr>,
    /// `--tls-cert`
    pub tls_cert: Option<PathBuf>,
    /// `--tls-key`
    pub tls_key: Option<PathBuf>,
    /// `--trusted-proxies`, with commas
    pub trusted_proxies: Option<String>,
    /// `--data-dir`
    pub data_dir: Option<PathBuf>,
    /// `--database-url`
    pub database_url: Option<String>,
    /// `--log-level`
    pub log_level: Option<String>,
    /// `--log-format`
    pub log_format: Option<LogFormat>,
}

impl Config {
    /// Reads the file if one is named, then the environment, then what the command line says.
    ///
    /// `environment` is passed in so that a test has its own.
    pub fn load(
        given: Given,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut table = match &given.file {
            None => toml::Table::new(),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| FileError::new(path, None, format!("cannot be read: {error}")))?;
                // The typed reading is for its errors, which know the line.
                parse::<Raw>(path, &text)?;
                parse(path, &text)?
            }
        };
        for (name, value) in environment {
            environment::lay_over(&mut table, name, value)?;
        }
        let raw = Raw::deserialize(table).map_err(|error| ConfigError::Value(explain(error.message())))?;
        raw.finish(given)
    }
}

impl Raw {
    fn finish(self, given: Given) -> Result<Config, ConfigError> {
        let Self { server, store, master_key, log, mut passwords, outgoing, mail } = self;
        let listen = match given.listen {
            Some(address) => address,
            None => address("server.listen", server.listen.as_deref().unwrap_or("127.0.0.1:8400"))?,
        };
        let metrics_listen = match given.metrics_listen {
            Some(address) => Some(address),
            None => server.metrics_listen.map(|text| address("server.metrics_listen", &text)).transpose()?,
        };
        let public_url = match given.public_url {
            Some(url) => Some(url),
            None => server
                .public_url
                .map(|text| {
                    text.parse().map_err(|_| {
                        value("server.public_url", &text, &"write it as in https://auth.example.com")
                    })
                })
                .transpose()?,
        };
        let public_url = public_url.map(check_public_url).transpose()?;
        let tls = match (given.tls_cert.or(server.tls_cert), given.tls_key.or(server.tls_key)) {
            (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
            (None, None) => None,
            (Some(_), None) => return Err(ConfigError::Value("--tls-cert needs --tls-key".into())),
            (None, Some(_)) => return Err(ConfigError::Value("--tls-key needs --tls-cert".into())),
        };
        let networks = given.trusted_proxies.as_deref().map(List::of).or(server.trusted_proxies);
        let trusted_proxies = TrustedProxies {
            networks: networks.unwrap_or_default().networks("server.trusted_proxies")?,
            header: server.client_address_header.unwrap_or_default(),
        };
        if store.database_url.is_some() && store.database_url_file.is_some() {
            let both = "store.database_url and store.database_url_file are both given; leave one out";
            return Err(ConfigError::Value(both.into()));
        }
        let database_url = match (given.database_url.or(store.database_url), store.database_url_file) {
            (Some(url), _) => Some(url),
            (None, Some(path)) => Some(first_line(&path)?),
            (None, None) => None,
        };
        Ok(Config {
            listen,
            public_url,
            metrics_listen,
            tls,
            shutdown_grace: duration(
                "server.shutdown_grace",
                server.shutdown_grace,
                Duration::from_secs(20),
            )?,
            data_dir: given.data_dir.or(store.data_dir).unwrap_or_else(|| "gatepost-data".into()),
            database_url,
            master_key_file: master_key.file,
            master_key: master_key.key.map(|text| Secret::received(text).into()),
            log_level: given.log_level.or(log.level),
            log_format: given.log_format.or(log.format).unwrap_or_default(),
            breaches: passwords.breaches()?,
            passwords: passwords.finish()?,
            private_addresses: outgoing.private_addresses.unwrap_or_default(),
            trusted_proxies,
            mail: mail.finish(first_line)?,
        })
    }
}

fn value(key: &str, text: &str, error: &dyn std::fmt::Display) -> ConfigError {
    ConfigError::Value(format!("{key} = {text:?}: {error}"))
}

fn address(key: &str, text: &str) -> Result<SocketAddr, ConfigError> {
    text.parse().map_err(|_| {
        ConfigError::Value(format!("{key} = {text:?}: write an address and a port, as in 127.0.0.1:8400"))
    })
}

pub(super) fn duration(key: &str, text: Option<String>, default: Duration) -> Result<Duration, ConfigError> {
    let Some(text) = text else { return Ok(default) };
    gatepost_domain::lifetime::parse(&text).map_err(|error| value(key, &text, &error))
}

/// An issuer is compared as text, so the URL it begins with has one spelling.
fn check_public_url(url: Url) -> Result<Url, ConfigError> {
    let plain = matches!(url.scheme(), "http" | "https")
        && url.host().is_some()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        // Where the realms are.
        && !url.path().starts_with("/r/");
    if plain {
        Ok(url)
    } else if !url.username().is_empty() || url.password().is_some() {
        let wrong =
            "the public URL has a user name or a password in it; write it as in https://auth.example.com";
        Err(ConfigError::Value(wrong.to_owned()))
    } else {
        Err(ConfigError::Value(format!("public URL {url}: write it as in https://auth.example.com")))
    }
}

fn first_line(path: &Path) -> Result<String, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| FileError::new(path, None, format!("cannot be read: {error}")))?;
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

#[cfg(test)]
mod tests;
