//! The server's own settings. What belongs to a realm is in the declarative file and in the database.

use std::{
    net::SocketAddr,
    num::NonZeroUsize,
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
};
use crate::{
    http::{AddressHeader, TrustedProxies},
    passwords::{Cost, PoolSettings},
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
struct RawPasswords {
    threads: Option<NonZeroUsize>,
    wait_budget: Option<String>,
    memory_kib: Option<u32>,
    passes: Option<u32>,
    lanes: Option<u32>,
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
        let Self { server, store, master_key, log, passwords, outgoing, mail } = self;
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
        let default = PoolSettings::default();
        let passwords = PoolSettings {
            threads: passwords.threads.unwrap_or(default.threads),
            wait_budget: duration("passwords.wait_budget", passwords.wait_budget, default.wait_budget)?,
            cost: Cost {
                memory_kib: within(
                    "passwords.memory_kib",
                    passwords.memory_kib,
                    default.cost.memory_kib,
                    8,
                    262_144,
                )?,
                passes: within("passwords.passes", passwords.passes, default.cost.passes, 1, 16)?,
                lanes: within("passwords.lanes", passwords.lanes, default.cost.lanes, 1, 16)?,
            },
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
            passwords,
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

fn duration(key: &str, text: Option<String>, default: Duration) -> Result<Duration, ConfigError> {
    let Some(text) = text else { return Ok(default) };
    gatepost_domain::lifetime::parse(&text).map_err(|error| value(key, &text, &error))
}

fn within(key: &str, given: Option<u32>, default: u32, least: u32, most: u32) -> Result<u32, ConfigError> {
    let number = given.unwrap_or(default);
    if (least..=most).contains(&number) {
        return Ok(number);
    }
    Err(ConfigError::Value(format!("{key} = {number}: choose a number from {least} to {most}")))
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
mod tests {
    use super::*;

    fn load(file: &str, environment: &[(&str, &str)], given: Given) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gatepost.toml");
        std::fs::write(&path, file).unwrap();
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(Given { file: Some(path.clone()), ..given }, environment)
            .map_err(|error| error.to_string().replace(&path.display().to_string(), "gatepost.toml"))
    }

    #[test]
    fn flags_win_over_environment_over_file() {
        let file = "[server]\nlisten = \"127.0.0.1:1\"\n[passwords]\npasses = 3\n[log]\nlevel = \"warn\"\n";
        let environment =
            [("GATEPOST_SERVER__LISTEN", "127.0.0.1:2"), ("GATEPOST_LOG__LEVEL", "debug"), ("HOME", "/")];
        let given = Given { listen: Some(([127, 0, 0, 1], 3).into()), ..Given::default() };
        let config = load(file, &environment, given).unwrap();
        assert_eq!(config.listen.port(), 3);
        assert_eq!(config.log_level.as_deref(), Some("debug"));
        assert_eq!(config.passwords.cost.passes, 3);
        assert!(!config.private_addresses);
        let config = load("", &[("GATEPOST_OUTGOING__PRIVATE_ADDRESSES", "true")], Given::default()).unwrap();
        assert!(config.private_addresses);
    }

    #[test]
    fn trusted_proxies_are_a_list_or_a_text_with_commas() {
        let file = "[server]\ntrusted_proxies = [\"10.0.0.0/8\", \"192.0.2.1\"]\nclient_address_header = \"forwarded\"\n";
        let shown = |environment: &[(&str, &str)], flag: Option<&str>| {
            let given = Given { trusted_proxies: flag.map(str::to_owned), ..Given::default() };
            let proxies = load(file, environment, given).unwrap().trusted_proxies;
            assert_eq!(proxies.header, AddressHeader::Forwarded);
            proxies.networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(shown(&[], None), "10.0.0.0/8 192.0.2.1/32");
        let environment = [("GATEPOST_SERVER__TRUSTED_PROXIES", "127.0.0.1, fd00::/8")];
        assert_eq!(shown(&environment, None), "127.0.0.1/32 fd00::/8");
        assert_eq!(shown(&environment, Some("172.16.0.0/12")), "172.16.0.0/12");
        assert_eq!(shown(&[("GATEPOST_SERVER__TRUSTED_PROXIES", "")], None), "", "none after all");
        let none = load("", &[], Given::default()).unwrap().trusted_proxies;
        assert_eq!(none, TrustedProxies::default());
    }

    #[test]
    fn mistakes_name_the_place_and_the_remedy() {
        let none = Given::default;
        for (file, environment, expected) in [
            (
                "[server]\nlissten = \"x\"\n",
                vec![],
                "gatepost.toml:2: unknown key `lissten`; did you mean `listen`?",
            ),
            ("[sever]\n", vec![], "gatepost.toml:1: unknown key `sever`; did you mean `server`?"),
            (
                "",
                vec![("GATEPOST_SERVER__LISTN", "x")],
                "environment variable GATEPOST_SERVER__LISTN: unknown key `listn`; did you mean `listen`?",
            ),
            (
                "",
                vec![("GATEPOST_STOR__DATA_DIR", "x")],
                "environment variable GATEPOST_STOR__DATA_DIR: unknown section `stor`; did you mean `store`?",
            ),
            (
                "",
                vec![("GATEPOST_SERVER_LISTEN", "x")],
                "environment variable GATEPOST_SERVER_LISTEN: this is no setting; did you mean GATEPOST_SERVER__LISTEN, with two underscores?",
            ),
            (
                "",
                vec![("GATEPOST_ISSUER", "x"), ("GATEPOST_DATABASE_URL", "x")],
                "environment variable GATEPOST_DATABASE_URL: this is no setting; did you mean GATEPOST_STORE__DATABASE_URL, with two underscores?",
            ),
            (
                "[server]\nlisten = \"8400\"\n",
                vec![],
                "server.listen = \"8400\": write an address and a port, as in 127.0.0.1:8400",
            ),
            (
                "[server]\ntrusted_proxies = [\"10.0.0.0/8\", \"proxy\"]\n",
                vec![],
                "server.trusted_proxies = \"proxy\": write a network as in 10.0.0.0/8, or an address",
            ),
            (
                "[server]\ntrusted_proxies = 10\n",
                vec![],
                "gatepost.toml:2: write a list of texts in brackets here",
            ),
            (
                "[server]\nclient_address_header = \"x-forwarded\"\n",
                vec![],
                "gatepost.toml:2: unknown value `x-forwarded`; did you mean `forwarded`?",
            ),
            ("[passwords]\npasses = 99\n", vec![], "passwords.passes = 99: choose a number from 1 to 16"),
            (
                "[server]\npublic_url = \"https://a.example/?x\"\n",
                vec![],
                "public URL https://a.example/?x: write it as in https://auth.example.com",
            ),
            ("[server]\ntls_cert = \"a.pem\"\n", vec![], "--tls-cert needs --tls-key"),
            (
                "",
                vec![("GATEPOST_MASTER_KEY", "abc")],
                "environment variable GATEPOST_MASTER_KEY: this is a section and no setting; write GATEPOST_MASTER_KEY__ and the name of one",
            ),
        ] {
            assert_eq!(load(file, &environment, none()).unwrap_err(), expected);
        }
    }
}
