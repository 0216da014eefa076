//! Why a guard could not be set up, or keys could not be fetched.

use std::time::Duration;

use gatepost_jose::KeyRefused;

/// Why a guard could not start. Each message names the thing and says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The builder was given no issuer.
    #[error("the guard has no issuer: call `.issuer(\"https://auth.example.com\")`")]
    IssuerMissing,
    /// The builder was given no audience.
    #[error("the guard has no audience: call `.audience(\"notes-api\")` with the name of this API")]
    AudienceMissing,
    /// The same issuer twice.
    #[error("the issuer {issuer} is there twice: remove one")]
    IssuerTwice {
        /// The issuer as configured.
        issuer: String,
    },
    /// A URL that cannot be an issuer's or a key set's.
    #[error("{url} cannot be used: {reason}")]
    Url {
        /// The URL as configured or as discovered.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No connection, or it broke.
    #[error("{url} cannot be reached: {cause}; is the issuer running, and is the URL right?")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// The operating system's or the TLS library's reason.
        cause: String,
    },
    /// The answers took too long, together.
    #[error("{url} did not answer within {} ms; see `time_limit`", limit.as_millis())]
    TooSlow {
        /// What was asked for.
        url: String,
        /// The limit.
        limit: Duration,
    },
    /// The answer was not 200. Redirects to another host end here too.
    #[error("{url} answered {status} instead of 200; is the URL right?")]
    Status {
        /// What was asked for.
        url: String,
        /// The status.
        status: u16,
    },
    /// The answer was too long.
    #[error("{url} sent more than {limit} bytes; see `size_limit`")]
    TooLarge {
        /// What was asked for.
        url: String,
        /// The limit.
        limit: usize,
    },
    /// The answer is not a discovery document (OpenID Connect Discovery section 3).
    #[error(
        "{url} is not a discovery document: it needs `issuer` and `jwks_uri`; is the URL that of an issuer?"
    )]
    NotDiscovery {
        /// What was asked for.
        url: String,
    },
    /// Discovery's issuer differs from the configured one (OpenID Connect Discovery section 4.3).
    #[error(
        "{configured} calls itself {found:?}: configure exactly that, or correct the issuer's public URL"
    )]
    IssuerDiffers {
        /// The issuer as configured.
        configured: String,
        /// The issuer as the document says.
        found: String,
    },
    /// The key set was refused.
    #[error("the key set {url} is refused: {reason}")]
    Keys {
        /// Where the set is published.
        url: String,
        /// Why.
        reason: KeyRefused,
    },
    /// A key set without one usable key.
    #[error("the key set {url} has no usable key ({skipped} were skipped)")]
    NoKeys {
        /// Where the set is published.
        url: String,
        /// Keys of unknown kind, or meant for something else.
        skipped: usize,
    },
    /// An answer to an exchange that is neither a token nor a refusal (RFC 8693 section 2.2).
    #[error("{url} answered an exchange with something that is neither a token nor a refusal")]
    NotExchange {
        /// What was asked.
        url: String,
    },
    /// API keys are accepted, and cannot be exchanged for tokens.
    #[error("API keys cannot be accepted: {issuer} {reason}")]
    ApiKeys {
        /// The issuer whose keys they would be.
        issuer: String,
        /// What it lacks.
        reason: &'static str,
    },
    /// Tokens that are bound to a key cannot be accepted as configured.
    #[error("tokens bound to a key cannot be accepted: {reason}")]
    Dpop {
        /// What is wrong.
        reason: String,
    },
    /// The HTTP client could not be made.
    #[error("no HTTP client: {cause}")]
    Client {
        /// The TLS library's reason.
        cause: String,
    },
}
