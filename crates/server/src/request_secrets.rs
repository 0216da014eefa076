//! What requests are signed with that somebody waits for: those to the interceptors of a realm, and to the sender of its text messages.
//! Each has a secret of its own, kept under the master key: whoever may answer for one is not to be taken for Gatepost by the other.

use std::{fmt, time::Duration};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use gatepost_domain::{
    EventId, RealmId, SealBroken, Timestamp, audit::Event, interceptor::InterceptorSecret,
    webhook::LONGEST_OVERLAP,
};
use gatepost_jose::webhook::Secret;
use gatepost_store::{Error, Tx, audit, interceptor_secrets, sms_secrets};
use zeroize::Zeroizing;

use crate::{App, accounts::Who, http::Problem, webhooks::fresh_secret};

/// Whose requests are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signs {
    /// Those to interceptors.
    Interceptors,
    /// Those to the sender of text messages.
    Sms,
}

impl Signs {
    /// What the secret is sealed for.
    const fn purpose(self) -> &'static str {
        match self {
            Self::Interceptors => "interceptor-secret",
            Self::Sms => "sms-secret",
        }
    }

    const fn replaced(self) -> Event {
        match self {
            Self::Interceptors => Event::InterceptorSecretReplaced,
            Self::Sms => Event::SmsSecretReplaced,
        }
    }

    /// The headers of the id, the time and the signature.
    fn headers(self) -> [HeaderName; 3] {
        let names = match self {
            Self::Interceptors => ["interceptor-id", "interceptor-timestamp", "interceptor-signature"],
            Self::Sms => ["webhook-id", "webhook-timestamp", "webhook-signature"],
        };
        names.map(HeaderName::from_static)
    }

    async fn find(self, tx: &mut Tx, realm: RealmId) -> Result<Option<InterceptorSecret>, Error> {
        match self {
            Self::Interceptors => interceptor_secrets::find(tx, realm).await,
            Self::Sms => sms_secrets::find(tx, realm).await,
        }
    }

    async fn set(
        self,
        tx: &mut Tx,
        realm: RealmId,
        secret: &InterceptorSecret,
        now: Timestamp,
    ) -> Result<(), Error> {
        match self {
            Self::Interceptors => interceptor_secrets::set(tx, realm, secret, now).await,
            Self::Sms => sms_secrets::set(tx, realm, secret, now).await,
        }
    }
}

/// A secret that was just made, to be shown this once.
pub struct Made(Zeroizing<String>);

impl Made {
    /// Its text.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

fn sealed(app: &App, (realm, signs): (RealmId, Signs), secret: &Secret) -> Vec<u8> {
    app.master_key().seal(signs.purpose(), realm.as_bytes(), secret.as_bytes(), app.entropy())
}

fn open(app: &App, (realm, signs): (RealmId, Signs), sealed: &[u8]) -> Result<Secret, SealBroken> {
    let opened = app.master_key().open(signs.purpose(), realm.as_bytes(), sealed)?;
    Secret::from_bytes(&opened).map_err(|_| SealBroken::Damaged)
}

/// Whether the realm has one.
pub async fn has_secret(tx: &mut Tx, realm: RealmId, signs: Signs) -> Result<bool, Error> {
    Ok(signs.find(tx, realm).await?.is_some())
}

/// Makes the first secret of a realm, in the transaction of the caller, who writes down where requests go. `None`: it has one.
pub async fn make_secret(
    tx: &mut Tx,
    app: &App,
    (realm, signs): (RealmId, Signs),
    now: Timestamp,
) -> Result<Option<Made>, Error> {
    if has_secret(tx, realm, signs).await? {
        return Ok(None);
    }
    let secret = fresh_secret(app);
    let kept = InterceptorSecret { sealed: sealed(app, (realm, signs), &secret), previous: None };
    signs.set(tx, realm, &kept, now).await?;
    Ok(Some(Made(secret.reveal())))
}

/// Gives a realm another secret, or its first. For as long as `overlap` says, requests are signed with the one before too.
pub async fn replace_secret(
    app: &App,
    (realm, signs): (RealmId, Signs),
    overlap: Duration,
    who: Who,
    now: Timestamp,
) -> Result<Made, Problem> {
    if overlap > LONGEST_OVERLAP {
        let reason = "the secret before signs for 30 days at most".into();
        return Err(Problem::InvalidField { field: "overlap", reason });
    }
    let secret = fresh_secret(app);
    let sealed = sealed(app, (realm, signs), &secret);
    let record = who.record_of_realm(app, signs.replaced(), realm, now);
    let replaced = app.db().write("replace what requests are signed with", move |tx| {
        let (sealed, record, who) = (sealed.clone(), record.clone(), who.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            let before = signs.find(tx, realm).await?.filter(|_| !overlap.is_zero());
            let previous = before.map(|before| (before.sealed, now.plus(overlap)));
            signs.set(tx, realm, &InterceptorSecret { sealed, previous }, now).await?;
            audit::append(tx, &record).await?;
            Ok::<_, Problem>(())
        })
    });
    replaced.await?;
    Ok(Made(secret.reveal()))
}

/// Why a request could not be signed.
#[derive(Debug)]
pub(crate) enum Unsigned {
    /// The realm has no secret, or it cannot be read.
    NoSecret,
    /// The database.
    Store(Error),
}

impl fmt::Display for Unsigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSecret => f.write_str("there is no secret to sign with, or it cannot be read"),
            Self::Store(error) => error.fmt(f),
        }
    }
}

/// The headers of a request with this body, as of now (Standard Webhooks).
pub(crate) async fn sign(
    app: &App,
    (realm, signs): (RealmId, Signs),
    body: &str,
) -> Result<HeaderMap, Unsigned> {
    let found = app.db().read("find what requests are signed with", move |tx| {
        Box::pin(async move { signs.find(tx, realm).await })
    });
    let kept = found.await.map_err(Unsigned::Store)?.ok_or(Unsigned::NoSecret)?;
    // The clock of whoever verifies it is compared with this: it may have waited for its place.
    let at = app.clock().now();
    let (message, seconds) = (EventId::new(at, app.entropy()).to_string(), at.unix_seconds());
    let mut signatures = Vec::new();
    for sealed in kept.signing(at) {
        let secret = open(app, (realm, signs), sealed).map_err(|_| Unsigned::NoSecret)?;
        signatures.push(secret.sign(&message, seconds, body.as_bytes()));
    }
    let values = [message, seconds.to_string(), signatures.join(" ")];
    let mut headers = HeaderMap::new();
    for (name, value) in signs.headers().into_iter().zip(values) {
        // Letters, digits and signs that a header may have, all of them.
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    Ok(headers)
}
