//! The way out: SMTP, or into memory, or nowhere.

use std::{fs, path::Path, sync::OnceLock, time::Duration};

use gatepost_domain::{EmailAddress, OutboxId, Timestamp};
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor,
    transport::smtp::{
        Error as SmtpError, PoolConfig,
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
        extension::ClientId,
    },
};

use super::{
    KeptMail, Rendered,
    kept::Kept,
    message::{self, Sender},
};
use crate::{
    config::{MailSettings, Protection, SmtpSettings},
    http::problem::chain,
};

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// How long the server may take for one step of a conversation.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How long all of it may take: one that answers now and then would never end.
const WHOLE: Duration = Duration::from_mins(1);
/// The same where somebody waits for it.
const CHECK: Duration = Duration::from_secs(10);
/// Connections at a time, and how long one is kept for the next letter.
const CONNECTIONS: u32 = 4;
const IDLE: Duration = Duration::from_secs(30);

/// Why a letter was not sent. No variant holds an address or what the server said: servers repeat the address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsent {
    /// Nobody named a mail server.
    #[error("no mail server is configured")]
    Off,
    /// The server refuses this letter, or it cannot be written down: trying again changes nothing.
    #[error("{0}")]
    Refused(String),
    /// It may work later.
    #[error("{0}")]
    Later(String),
}

/// Sends letters.
pub struct Mailer(Way);

enum Way {
    Off,
    Smtp {
        settings: Box<SmtpSettings>,
        /// The name by which we greet the server.
        greeting: String,
        /// Made at the first use: reading the system's certificates takes time and memory.
        transport: OnceLock<Result<Transport, String>>,
    },
    Kept(Kept),
}

impl Mailer {
    /// A mailer; `public_url` says who we are.
    pub fn new(settings: &MailSettings, public_url: &str) -> Self {
        Self(match settings {
            MailSettings::Off => Way::Off,
            MailSettings::Kept => Way::Kept(Kept::default()),
            MailSettings::Smtp(settings) => Way::Smtp {
                settings: Box::new(settings.clone()),
                greeting: host_of(public_url).to_owned(),
                transport: OnceLock::new(),
            },
        })
    }

    /// Whether letters go anywhere.
    pub fn is_on(&self) -> bool {
        !matches!(self.0, Way::Off)
    }

    /// The letters that were kept, the oldest first. `None`: none is.
    pub fn kept(&self) -> Option<Vec<KeptMail>> {
        match &self.0 {
            Way::Kept(kept) => Some(kept.all()),
            Way::Off | Way::Smtp { .. } => None,
        }
    }

    /// Sends a letter in a realm's name. The same `id` is the same letter, if it arrives twice.
    pub async fn send(
        &self,
        id: OutboxId,
        (to, realm): (&EmailAddress, &str),
        letter: &Rendered,
        now: Timestamp,
    ) -> Result<(), Unsent> {
        match &self.0 {
            Way::Off => Err(Unsent::Off),
            Way::Kept(kept) => {
                kept.keep(to.as_str(), realm, letter, now);
                Ok(())
            }
            Way::Smtp { settings, greeting, transport } => {
                let transport = made(settings, greeting, transport).map_err(Unsent::Later)?;
                let name = settings.from_name.as_deref().unwrap_or(realm);
                let sender = Sender { name, address: &settings.from };
                let message = message::compose(id, &sender, to, letter, now).map_err(Unsent::Refused)?;
                match tokio::time::timeout(WHOLE, transport.send(message)).await {
                    Ok(sent) => sent.map(drop).map_err(|error| unsent(&error)),
                    Err(_) => Err(Unsent::Later("it took longer than a minute".to_owned())),
                }
            }
        }
    }

    /// Whether the mail server can be reached and lets us in. Sends nothing.
    pub async fn check(&self) -> Result<String, String> {
        match &self.0 {
            Way::Off => Err(Unsent::Off.to_string()),
            Way::Kept(_) => Ok("kept in memory".to_owned()),
            Way::Smtp { settings, greeting, transport } => {
                let transport = made(settings, greeting, transport)?;
                let shown = settings.shown();
                let connected = tokio::time::timeout(CHECK, transport.test_connection()).await;
                let Ok(connected) = connected else {
                    return Err(format!("{shown} did not come to an end within {} s", CHECK.as_secs()));
                };
                match connected {
                    Ok(true) => Ok(format!("{shown} takes mail from us")),
                    Ok(false) => Err(format!("{shown} took the connection, and then no command")),
                    Err(error) => Err(format!("{shown}: {}", reason(&error))),
                }
            }
        }
    }
}

fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    authority
        .rsplit_once(':')
        .filter(|(_, port)| port.parse::<u16>().is_ok())
        .map_or(authority, |(host, _)| host)
}

fn made<'t>(
    settings: &SmtpSettings,
    greeting: &str,
    transport: &'t OnceLock<Result<Transport, String>>,
) -> Result<&'t Transport, String> {
    transport.get_or_init(|| make(settings, greeting)).as_ref().map_err(Clone::clone)
}

fn make(settings: &SmtpSettings, greeting: &str) -> Result<Transport, String> {
    let parameters = || {
        let mut builder = TlsParameters::builder(settings.host.clone());
        for certificate in settings.ca_file.as_deref().map(certificates).transpose()?.unwrap_or_default() {
            builder = builder.add_root_certificate(certificate);
        }
        builder.build_rustls().map_err(|error| format!("TLS cannot be set up: {}", chain(&error)))
    };
    let tls = match settings.protection {
        Protection::Tls => Tls::Wrapper(parameters()?),
        Protection::StartTls => Tls::Required(parameters()?),
        Protection::None => Tls::None,
    };
    let greeting = match greeting.parse() {
        Ok(std::net::IpAddr::V4(address)) => ClientId::Ipv4(address),
        Ok(std::net::IpAddr::V6(address)) => ClientId::Ipv6(address),
        Err(_) => ClientId::Domain(greeting.to_owned()),
    };
    let mut builder = Transport::builder_dangerous(settings.host.clone())
        .port(settings.port)
        .tls(tls)
        .hello_name(greeting)
        .timeout(Some(TIMEOUT))
        .pool_config(PoolConfig::new().max_size(CONNECTIONS).idle_timeout(IDLE));
    if let Some((user, password)) = &settings.credentials {
        builder = builder.credentials(Credentials::new(user.clone(), password.reveal().to_owned()));
    }
    Ok(builder.build())
}

fn certificates(path: &Path) -> Result<Vec<Certificate>, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("mail.ca_file {}: {error}", path.display());
    let pem = fs::read(path).map_err(|error| wrong(&error))?;
    let certificate = Certificate::from_pem(&pem).map_err(|error| wrong(&chain(&error)))?;
    Ok(vec![certificate])
}

/// What a failure means for the letter.
fn unsent(error: &SmtpError) -> Unsent {
    // 5yz is for good (RFC 5321 section 4.2.1), but a server that does not let us in (530 to 538) refuses us and not the letter.
    let about_us = error.status().is_some_and(|code| (530..=538).contains(&u16::from(code)));
    if (error.is_permanent() && !about_us) || error.is_client() {
        Unsent::Refused(reason(error))
    } else {
        Unsent::Later(reason(error))
    }
}

/// What went wrong, without a word of the server's: it may repeat an address.
fn reason(error: &SmtpError) -> String {
    match error.status() {
        Some(code) => format!("the mail server answers {code}"),
        None if error.is_response() => "the mail server answers what is no SMTP".to_owned(),
        None if error.is_client() => "the mail server cannot take this letter".to_owned(),
        None => chain(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_greet_by_the_name_people_know() {
        for (url, host) in [
            ("https://auth.example.com", "auth.example.com"),
            ("http://127.0.0.1:8400", "127.0.0.1"),
            ("https://a.test/x", "a.test"),
            ("http://[::1]:8400", "[::1]"),
        ] {
            assert_eq!(host_of(url), host);
        }
    }
}
