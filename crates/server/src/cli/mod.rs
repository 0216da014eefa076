//! The command line. Exit codes: 0 done, 1 refused, 2 usage.

mod api_key;
mod apply;
mod audit;
mod client;
mod config;
mod dev;
mod doctor;
mod explain;
mod import;
mod key;
mod org;
mod output;
mod provider;
mod realm;
mod role;
mod serve;
mod session;
mod store;
mod token;
mod usage;
mod user;
mod webhook;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};
use url::Url;

use crate::config::{Config, ConfigError, Given, LogFormat};

pub(crate) use output::{Output, Refusal};

#[derive(Parser)]
#[command(
    name = "gatepost",
    version,
    about = "Authentication and authorization for APIs",
    propagate_version = true
)]
#[command(max_term_width = 100, disable_help_subcommand = true)]
struct CommandLine {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Try Gatepost: a server with a demo realm, user and client, in a temporary or named folder
    Dev(dev::Dev),
    /// Run the server
    Serve(serve::Serve),
    /// Bring realms, roles, clients and users to the state a file describes
    Apply(apply::Apply),
    /// Realms: isolated tenants with users, clients, keys and settings of their own
    Realm(realm::RealmCommand),
    /// Users of a realm
    User(user::UserCommand),
    /// Roles of a realm
    Role(role::RoleCommand),
    /// OAuth clients of a realm
    Client(client::ClientCommand),
    /// Sessions of users: where they are signed in
    Session(session::SessionCommand),
    /// Organizations of a realm, and their members
    Org(org::OrgCommand),
    /// The audit trail of a realm
    Audit(audit::AuditCommand),
    /// Signing keys of a realm
    Key(key::KeyCommand),
    /// API keys of users, organizations and clients
    ApiKey(api_key::ApiKeyCommand),
    /// Webhooks of a realm: who is told of what happens
    Webhook(webhook::WebhookCommand),
    /// Access tokens: make one, look into one, or learn why one is refused
    Token(token::TokenCommand),
    /// Check that this installation can serve, and say what to mend
    Doctor(doctor::Doctor),
    /// The server's settings
    Config(config::ConfigCommand),
}

/// Where the settings come from. Flags win over `GATEPOST_SECTION__KEY`, which wins over the file.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Settings, the same for every command")]
pub(crate) struct Settings {
    /// Settings file, TOML
    #[arg(long, value_name = "FILE", env = "GATEPOST_CONFIG", hide_env_values = true, global = true)]
    config: Option<PathBuf>,
    /// Folder of the embedded store and the master key [default: gatepost-data; for dev a temporary one] [env: GATEPOST_STORE__DATA_DIR]
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<PathBuf>,
    /// postgres://user:password@host/database instead of the embedded store [env: GATEPOST_STORE__DATABASE_URL]
    #[arg(long, value_name = "URL", global = true)]
    database_url: Option<String>,
    /// The URL people and applications reach the server under [default: the loopback address it listens on] [env: GATEPOST_SERVER__PUBLIC_URL]
    #[arg(long, value_name = "URL", global = true, value_parser = public_url)]
    public_url: Option<Url>,
    /// What to log to standard error: error, warn, info, debug, or targets as in gatepost_server=debug [default: for dev and serve what the settings say, or info; warn for commands] [env: GATEPOST_LOG__LEVEL, for dev and serve]
    #[arg(long, value_name = "LEVEL", global = true)]
    log_level: Option<String>,
    /// How to log: text for people, or json, one object a line [default: text] [env: GATEPOST_LOG__FORMAT]
    #[arg(long, value_name = "FORMAT", global = true, hide_possible_values = true)]
    log_format: Option<LogFormat>,
}

/// What only a serving command takes.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Listening")]
pub(crate) struct Listening {
    /// Address and port; port 0 takes a free one [default: 127.0.0.1:8400] [env: GATEPOST_SERVER__LISTEN]
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    listen: Option<SocketAddr>,
    /// Address and port of /metrics; off unless given [env: GATEPOST_SERVER__METRICS_LISTEN]
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    metrics_listen: Option<SocketAddr>,
    /// Serve TLS: the certificate chain, PEM [env: GATEPOST_SERVER__TLS_CERT]
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// Serve TLS: the private key, PEM [env: GATEPOST_SERVER__TLS_KEY]
    #[arg(long, value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// Networks of proxies that say where a request came from, with commas, as in 10.0.0.0/8,192.0.2.1; nobody is believed unless given [env: GATEPOST_SERVER__TRUSTED_PROXIES]
    #[arg(long, value_name = "NETWORKS")]
    trusted_proxies: Option<String>,
}

fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "write an address and a port, as in 127.0.0.1:8400")
}

fn public_url(text: &str) -> Result<Url, &'static str> {
    text.parse().map_err(|_| "write it as in https://auth.example.com")
}

impl Settings {
    /// Whether they say where to keep things.
    fn names_a_place(&self) -> bool {
        self.data_dir.is_some() || self.database_url.is_some() || self.config.is_some()
    }

    /// The flags by which another command finds the same installation, with a blank before each. A URL of a database is not repeated:
    /// it holds a password.
    pub(crate) fn flags(&self) -> String {
        let places = [("--config", &self.config), ("--data-dir", &self.data_dir)];
        let given =
            places.iter().filter_map(|(flag, path)| Some((flag, path.as_ref()?.display().to_string())));
        given
            .flat_map(|(flag, path)| [" ".to_owned(), (*flag).to_owned(), " ".to_owned(), quoted(&path)])
            .collect()
    }

    pub(crate) fn load(&self, listening: Listening) -> Result<Config, ConfigError> {
        let settings = self.clone();
        let given = Given {
            file: settings.config,
            listen: listening.listen,
            public_url: settings.public_url,
            metrics_listen: listening.metrics_listen,
            tls_cert: listening.tls_cert,
            tls_key: listening.tls_key,
            trusted_proxies: listening.trusted_proxies,
            data_dir: settings.data_dir,
            database_url: settings.database_url,
            log_level: settings.log_level,
            log_format: settings.log_format,
        };
        Config::load(given, std::env::vars())
    }
}

/// As a shell reads it as one word.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "/._-+:@%=,".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Whether somebody means it: what is deleted takes other things with it, and nothing but a backup brings them back.
fn confirm(yes: bool, what: &str) -> Result<(), Refusal> {
    if yes { Ok(()) } else { Err(Refusal::new(format!("this removes {what}; say so with --yes"))) }
}

/// Reads the command line and carries it out.
pub fn main() -> ExitCode {
    let CommandLine { settings, command } = match CommandLine::try_parse() {
        Ok(understood) => understood,
        Err(error) => return usage::refuse(&error),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Refusal::new(format!("cannot start: {error}")).print(),
    };
    let done = runtime.block_on(async {
        match command {
            Command::Dev(dev) => dev.run(settings).await,
            Command::Serve(serve) => serve.run(settings).await,
            Command::Apply(apply) => apply.run(settings).await,
            Command::Realm(realm) => realm.run(settings).await,
            Command::User(user) => user.run(settings).await,
            Command::Role(role) => role.run(settings).await,
            Command::Client(client) => client.run(settings).await,
            Command::Session(session) => session.run(settings).await,
            Command::Org(org) => org.run(settings).await,
            Command::Audit(audit) => audit.run(settings).await,
            Command::Key(key) => key.run(settings).await,
            Command::ApiKey(key) => key.run(settings).await,
            Command::Webhook(webhook) => webhook.run(settings).await,
            Command::Token(token) => token.run(settings).await,
            Command::Doctor(doctor) => doctor.run(settings).await,
            Command::Config(config) => config.run(&settings),
        }
    });
    // A read or a hash under way must not hold up the exit.
    runtime.shutdown_background();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(refusal) => refusal.print(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn a_command_that_is_told_is_one_to_copy() {
        let settings = super::Settings {
            config: Some("gatepost.toml".into()),
            data_dir: Some("/tmp/it's here".into()),
            ..super::Settings::default()
        };
        assert_eq!(settings.flags(), r" --config gatepost.toml --data-dir '/tmp/it'\''s here'");
        assert_eq!(super::Settings::default().flags(), "");
    }

    #[test]
    fn the_command_line_is_well_formed() {
        super::CommandLine::command().debug_assert();
    }
}
