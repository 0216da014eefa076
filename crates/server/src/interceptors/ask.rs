//! One question, and what follows from the answer.

use std::fmt;

use axum::http::{HeaderMap, HeaderValue};
use gatepost_domain::{
    EventId,
    audit::{Actor, Event, Record},
    interceptor::{Decision, Interceptor, Unanswered},
};
use gatepost_store::{audit, interceptor_secrets};

use super::{About, Before, secret};
use crate::{
    App,
    http::Problem,
    limits::{self, Rule},
    outgoing::Unfetched,
};

/// Why there is no answer.
#[derive(Debug)]
enum Why {
    /// Too many are asked about already.
    Busy,
    /// It took too long.
    TooSlow,
    /// It could not be reached, or what came was cut off.
    Unreached(Unfetched),
    /// What came is no answer; the status that came with it.
    NoAnswer(u16),
    /// The realm has no secret, or it cannot be read.
    NoSecret,
    /// The database.
    Store(gatepost_store::Error),
}

impl Why {
    /// For the audit trail and metrics.
    fn name(&self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::TooSlow => "too_slow",
            Self::Unreached(_) => "unreached",
            Self::NoAnswer(_) => "no_answer",
            Self::NoSecret => "no_secret",
            Self::Store(_) => "store",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("too many are asked about at once"),
            Self::TooSlow => f.write_str("it took too long"),
            Self::Unreached(why) => why.fmt(f),
            Self::NoAnswer(status) => write!(f, "no answer that allows or denies, with status {status}"),
            Self::NoSecret => f.write_str("there is no secret to sign with, or it cannot be read"),
            Self::Store(error) => error.fmt(f),
        }
    }
}

/// Asks, and refuses what is denied. Nothing is held meanwhile but a place among those who ask.
pub(super) async fn ask(before: Before<'_>, interceptor: &Interceptor, about: &About) -> Result<(), Problem> {
    let Before { app, realm, origin, now, .. } = before;
    let counted = about.counted().map(|whose| (Rule::Interceptor, whose));
    if let Some(counted) = counted {
        limits::check(app, realm, counted, origin, now)?;
    }
    let event = interceptor.event;
    let said = tokio::time::timeout(interceptor.timeout, answer(before, interceptor, about))
        .await
        .unwrap_or(Err(Why::TooSlow));
    let result = match &said {
        Ok(Decision::Allow) => "allow",
        Ok(Decision::Deny { .. }) => "deny",
        Err(why) => why.name(),
    };
    metrics::counter!("gatepost_interceptor_answers_total", "event" => event.name(), "result" => result)
        .increment(1);
    let record = |event| {
        let record = origin.record(app, realm.id(), event, Actor::Anonymous, now);
        Record { user: about.user(), client: about.client().cloned(), ..record }
            .with("interceptor", interceptor.event.name())
            .with("answer", result)
    };
    let refused = match said {
        Ok(Decision::Allow) => None,
        Ok(Decision::Deny { message }) => Some(Problem::InterceptorDenied { message }),
        Err(why) => {
            tracing::warn!(%why, realm.name = realm.name(), interceptor = event.name(), "an interceptor did not answer");
            match interceptor.unanswered {
                Unanswered::Deny => Some(Problem::InterceptorUnanswered),
                Unanswered::Allow => {
                    note(app, record(Event::InterceptorUnanswered)).await?;
                    None
                }
            }
        }
    };
    let Some(problem) = refused else { return Ok(()) };
    if let Some(counted) = counted {
        limits::note(app, realm, counted, now);
    }
    note(app, record(Event::InterceptorRefused)).await?;
    Err(problem)
}

async fn answer(before: Before<'_>, interceptor: &Interceptor, about: &About) -> Result<Decision, Why> {
    let Before { app, realm, origin, now, .. } = before;
    let _place = app.interceptors().take(realm.id()).await.ok_or(Why::Busy)?;
    let id = realm.id();
    let found = app.db().read("find the secret of interceptors", move |tx| {
        Box::pin(async move { interceptor_secrets::find(tx, id).await })
    });
    let kept = found.await.map_err(Why::Store)?.ok_or(Why::NoSecret)?;
    let body = about.document(interceptor.event, id, origin, now);
    // The clock of whoever verifies it is compared with this: it may have waited for its place.
    let at = app.clock().now();
    let (message, seconds) = (EventId::new(at, app.entropy()).to_string(), at.unix_seconds());
    let mut signatures = Vec::new();
    for sealed in kept.signing(at) {
        let secret = secret::open(app, id, sealed).map_err(|_| Why::NoSecret)?;
        signatures.push(secret.sign(&message, seconds, body.as_bytes()));
    }
    let named = [
        ("interceptor-id", message),
        ("interceptor-timestamp", seconds.to_string()),
        ("interceptor-signature", signatures.join(" ")),
    ];
    let mut headers = HeaderMap::new();
    for (name, value) in named {
        // Letters, digits and signs that a header may have, all of them.
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    let (status, body) =
        app.outgoing().consult(&interceptor.url, headers, body).await.map_err(Why::Unreached)?;
    Decision::read(status, &body).ok_or(Why::NoAnswer(status))
}

/// Once a minute like it: whoever is refused can try again as fast as they like.
async fn note(app: &App, record: Record) -> Result<(), Problem> {
    if !app.refusals().admits(&record) {
        return Ok(());
    }
    let noted = app.db().write("record what an interceptor said", move |tx| {
        let record = record.clone();
        Box::pin(async move { audit::append(tx, &record).await })
    });
    Ok(noted.await?)
}
