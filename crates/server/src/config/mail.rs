//! How mail is sent.

use std::{
    fmt,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use gatepost_domain::{EmailAddress, Secret};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use url::{Host, Url};

use super::ConfigError;

/// How mail is sent, as the settings say.
#[derive(Clone, Debug, Default)]
pub enum MailSettings {
    /// It is not: nobody is sent a link or a notice.
    #[default]
    Off,
    /// Over SMTP.
    Smtp(SmtpSettings),
    /// It is kept in memory, to be looked at: for a trial and for tests.
    Kept,
}

/// A mail server, and whom mail is from. `Debug` shows no credentials.
#[derive(Clone)]
pub struct SmtpSettings {
    /// The server's name; its certificate must be for it.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How the connection is protected.
    pub protection: Protection,
    /// What to sign in with.
    pub credentials: Option<(String, Arc<Secret>)>,
    /// The address that mail is from.
    pub from: EmailAddress,
    /// The name that mail is from; the realm's where there is none.
    pub from_name: Option<String>,
    /// Certificates to trust beside the system's: a file in PEM.
    pub ca_file: Option<PathBuf>,
}

/// How a connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// TLS from the first byte (RFC 8314 section 3.3).
    Tls,
    /// TLS before anything is said that matters (RFC 3207); where the server offers none, nothing is sent.
    StartTls,
    /// None: the server is on this machine.
    None,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawMail {
    url: Option<String>,
    url_file: Option<PathBuf>,
    from: Option<String>,
    ca_file: Option<PathBuf>,
}

const FORM: &str = "write it as in smtps://user:password@mail.example.com (TLS), or smtp:// (STARTTLS)";

fn wrong(key: &str, reason: impl fmt::Display) -> ConfigError {
    // Never with the value: it may hold a password.
    ConfigError::Value(format!("mail.{key}: {reason}"))
}

impl RawMail {
    pub(super) fn finish(
        self,
        first_line: impl Fn(&Path) -> Result<String, ConfigError>,
    ) -> Result<MailSettings, ConfigError> {
        let url = match (self.url, self.url_file) {
            (Some(_), Some(_)) => {
                return Err(wrong("url", "mail.url and mail.url_file are both given; leave one out"));
            }
            (Some(url), None) => url,
            (None, Some(path)) => first_line(&path)?,
            (None, None) if self.from.is_some() || self.ca_file.is_some() => {
                return Err(wrong("url", "is missing, so that no mail would be sent; name the mail server"));
            }
            (None, None) => return Ok(MailSettings::Off),
        };
        let from = self.from.ok_or_else(|| {
            wrong(
                "from",
                "is missing; name the address that mail is from, as in Example <no-reply@example.com>",
            )
        })?;
        let (from_name, from) = sender(&from)?;
        let settings = SmtpSettings { from, from_name, ca_file: self.ca_file, ..server(&url)? };
        Ok(MailSettings::Smtp(settings))
    }
}

/// `Example <no-reply@example.com>`, or the address alone.
fn sender(text: &str) -> Result<(Option<String>, EmailAddress), ConfigError> {
    let (name, address) = match text.trim().strip_suffix('>').and_then(|text| text.split_once('<')) {
        Some((name, address)) => (Some(name.trim().trim_matches('"')), address),
        None => (None, text.trim()),
    };
    let name = name.filter(|name| !name.is_empty()).map(str::to_owned);
    if name.as_ref().is_some_and(|name| name.chars().any(char::is_control)) {
        return Err(wrong("from", "the name must be on one line"));
    }
    Ok((name, address.parse().map_err(|refused| wrong("from", refused))?))
}

/// What a URL says of the server. What it does not say of the sender is filled in by the caller.
fn server(text: &str) -> Result<SmtpSettings, ConfigError> {
    let url = Url::parse(text).map_err(|_| wrong("url", FORM))?;
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong("url", FORM))?;
    let here = match Host::parse(host).or_else(|_| Host::parse(host.trim_matches(['[', ']']))) {
        Ok(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Ok(Host::Ipv4(address)) => address.is_loopback(),
        Ok(Host::Ipv6(address)) => address.is_loopback(),
        Err(_) => false,
    } || host.trim_matches(['[', ']']).parse().is_ok_and(|address: IpAddr| address.is_loopback());
    let protection = match (url.scheme(), url.query()) {
        ("smtps", None) => Protection::Tls,
        ("smtp", None) if here => Protection::None,
        ("smtp", None | Some("tls=required")) => Protection::StartTls,
        _ => return Err(wrong("url", FORM)),
    };
    if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
        return Err(wrong("url", FORM));
    }
    let default = match protection {
        Protection::Tls => 465,
        Protection::StartTls => 587,
        Protection::None => 25,
    };
    let decode = |text: &str| percent_decode_str(text).decode_utf8().map(std::borrow::Cow::into_owned);
    let credentials = match (url.username(), url.password()) {
        ("", None) => None,
        (user, Some(password)) if !user.is_empty() => {
            let user = decode(user).map_err(|_| wrong("url", FORM))?;
            let password = decode(password).map_err(|_| wrong("url", FORM))?;
            Some((user, Arc::new(Secret::received(password))))
        }
        _ => return Err(wrong("url", "give a user and a password, or neither")),
    };
    Ok(SmtpSettings {
        host: host.trim_matches(['[', ']']).to_owned(),
        port: url.port().unwrap_or(default),
        protection,
        credentials,
        from: "nobody@localhost".parse().map_err(|refused| wrong("from", refused))?,
        from_name: None,
        ca_file: None,
    })
}

impl SmtpSettings {
    /// The URL as it may be shown.
    pub fn shown(&self) -> String {
        let scheme = if self.protection == Protection::Tls { "smtps" } else { "smtp" };
        let user = self.credentials.as_ref().map(|_| "hidden@").unwrap_or_default();
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{scheme}://{user}{host}:{}", self.port)
    }

    /// Whom mail is from, as the settings say it.
    pub fn sender(&self) -> String {
        match &self.from_name {
            Some(name) => format!("{name} <{}>", self.from.as_str()),
            None => self.from.as_str().to_owned(),
        }
    }
}

impl fmt::Debug for SmtpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SmtpSettings").field(&self.shown()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str, from: &str) -> Result<SmtpSettings, String> {
        let raw = RawMail { url: Some(url.into()), from: Some(from.into()), ..RawMail::default() };
        match raw.finish(|_| Ok(String::new())) {
            Ok(MailSettings::Smtp(settings)) => Ok(settings),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn a_server_beyond_this_machine_is_reached_over_tls_or_not_at_all() {
        for (url, host, port, protection) in [
            ("smtps://mail.example.com", "mail.example.com", 465, Protection::Tls),
            ("smtps://localhost:8465", "localhost", 8465, Protection::Tls),
            ("smtp://mail.example.com", "mail.example.com", 587, Protection::StartTls),
            ("smtp://mail.example.com:2525", "mail.example.com", 2525, Protection::StartTls),
            ("smtp://localhost", "localhost", 25, Protection::None),
            ("smtp://127.0.0.1:2525/", "127.0.0.1", 2525, Protection::None),
            ("smtp://[::1]:2525", "::1", 2525, Protection::None),
            ("smtp://localhost:2525?tls=required", "localhost", 2525, Protection::StartTls),
            ("smtp://localhost.example.com", "localhost.example.com", 587, Protection::StartTls),
        ] {
            let read = read(url, "a@example.com").unwrap();
            assert_eq!((read.host.as_str(), read.port, read.protection), (host, port, protection), "{url}");
        }
    }

    #[test]
    fn credentials_are_read_and_never_shown() {
        let read =
            read("smtps://me%40here:p%40ss%2fword@mail.example.com", "Example <a@example.com>").unwrap();
        let (user, password) = read.credentials.clone().unwrap();
        assert_eq!((user.as_str(), password.reveal()), ("me@here", "p@ss/word"));
        assert_eq!((read.from_name.as_deref(), read.from.as_str()), (Some("Example"), "a@example.com"));
        assert_eq!(format!("{read:?}"), "SmtpSettings(\"smtps://hidden@mail.example.com:465\")");
        assert_eq!(read.sender(), "Example <a@example.com>");
    }

    #[test]
    fn mistakes_name_the_remedy_and_no_value() {
        for (url, from, expected) in [
            ("mail.example.com", "a@example.com", "mail.url: write it as in smtps://"),
            ("https://x:hunter2@mail.example.com", "a@example.com", "mail.url: write it as in smtps://"),
            (
                "smtp://x:hunter2@mail.example.com?tls=off",
                "a@example.com",
                "mail.url: write it as in smtps://",
            ),
            ("smtps://hunter2@mail.example.com", "a@example.com", "mail.url: give a user and a password"),
            ("smtps://:hunter2@mail.example.com", "a@example.com", "mail.url: give a user and a password"),
            ("smtps://mail.example.com/hunter2", "a@example.com", "mail.url: write it as in smtps://"),
            ("smtps://mail.example.com", "nobody", "mail.from: not an e-mail address"),
            (
                "smtps://mail.example.com",
                "A\nBcc: b@example.com <a@example.com>",
                "mail.from: the name must be on",
            ),
        ] {
            let refused = read(url, from).unwrap_err();
            assert!(refused.starts_with(expected) && !refused.contains("hunter2"), "{refused}");
        }
        let lone = RawMail { from: Some("a@example.com".into()), ..RawMail::default() };
        assert!(lone.finish(|_| Ok(String::new())).unwrap_err().to_string().contains("mail.url: is missing"));
        assert!(matches!(RawMail::default().finish(|_| Ok(String::new())), Ok(MailSettings::Off)));
    }
}
