//! One question, and what follows from the answer.

use std::fmt;

use gatepost_domain::{
    audit::{Actor, Event, Record},
    interceptor::{Decision, Interceptor, Unanswered},
};
use gatepost_store::audit;
use tokio::runtime::Handle;

use super::{About, Before};
use crate::{
    App,
    http::Problem,
    limits::{self, Rule},
    outgoing::Unfetched,
    request_secrets::{self, Signs, Unsigned},
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
    /// It could not be signed.
    Unsigned(Unsigned),
}

impl Why {
    /// For the audit trail and metrics.
    fn name(&self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::TooSlow => "too_slow",
            Self::Unreached(_) => "unreached",
            Self::NoAnswer(_) => "no_answer",
            Self::Unsigned(Unsigned::NoSecret) => "no_secret",
            Self::Unsigned(Unsigned::Store(_)) => "store",
        }
    }

    /// Whether it happens all the same. That nobody was asked is of our own making, and whoever makes many ask at once could bring it about.
    fn is_let_through(&self, unanswered: Unanswered) -> bool {
        unanswered == Unanswered::Allow && !matches!(self, Self::Busy)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("too many are asked about at once"),
            Self::TooSlow => f.write_str("it took too long"),
            Self::Unreached(why) => why.fmt(f),
            Self::NoAnswer(status) => write!(f, "no answer that allows or denies, with status {status}"),
            Self::Unsigned(why) => why.fmt(f),
        }
    }
}

/// Asks, and refuses what is denied. Nothing is held meanwhile but a place among those who ask.
///
/// Of an account only so many are asked about at once: each is counted before, and what is allowed is given back.
pub(super) async fn ask(before: Before<'_>, interceptor: &Interceptor, about: &About) -> Result<(), Problem> {
    let Before { app, realm, origin, now, .. } = before;
    let event = interceptor.event;
    let counted = match about.counted() {
        None => None,
        // By where they are, too: whoever knows a password and is denied where they are does not keep the owner out elsewhere.
        Some(whose) => {
            let key = (Rule::Interceptor, (whose, origin.neighbourhood()));
            Some(limits::attempt_of(app, realm, key, Some(whose), origin, now)?)
        }
    };
    let record = |event, answer| {
        let record = origin.record(app, realm.id(), event, Actor::Anonymous, now);
        Record { user: about.user(), client: about.client().cloned(), ..record }
            .with("interceptor", interceptor.event.name())
            .with("answer", answer)
    };
    let abandoned = Abandoned::new(app, record(Event::InterceptorRefused, "abandoned"));
    // The time is that of the interceptor: whoever waits for a place does not take away from it.
    let place = tokio::time::timeout(interceptor.timeout, app.interceptors().take((realm.id(), event))).await;
    let said = match place.ok().flatten() {
        None => Err(Why::Busy),
        Some(_place) => tokio::time::timeout(interceptor.timeout, answer(before, interceptor, about))
            .await
            .unwrap_or(Err(Why::TooSlow)),
    };
    abandoned.answered();
    let result = match &said {
        Ok(Decision::Allow) => "allow",
        Ok(Decision::Deny { .. }) => "deny",
        Err(why) => why.name(),
    };
    metrics::counter!("gatepost_interceptor_answers_total", "event" => event.name(), "result" => result)
        .increment(1);
    let refused = match said {
        Ok(Decision::Allow) => None,
        Ok(Decision::Deny { message }) => Some(Problem::InterceptorDenied { message }),
        Err(why) => {
            tracing::warn!(%why, realm.name = realm.name(), interceptor = event.name(), "an interceptor did not answer");
            if why.is_let_through(interceptor.unanswered) {
                note(app, record(Event::InterceptorUnanswered, result)).await?;
                None
            } else {
                Some(Problem::InterceptorUnanswered)
            }
        }
    };
    let Some(problem) = refused else {
        if let Some(counted) = counted {
            counted.give_back();
        }
        return Ok(());
    };
    note(app, record(Event::InterceptorRefused, result)).await?;
    Err(problem)
}

/// Writes down that somebody did not wait for the answer, unless there is one.
struct Abandoned(Option<(App, Record)>);

impl Abandoned {
    fn new(app: &App, record: Record) -> Self {
        Self(Some((app.clone(), record)))
    }

    fn answered(mut self) {
        self.0 = None;
    }
}

impl Drop for Abandoned {
    fn drop(&mut self) {
        let Some((app, record)) = self.0.take() else { return };
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            if let Err(error) = note(&app, record).await {
                tracing::warn!(%error, "an interceptor was asked for nobody, and that could not be recorded");
            }
        });
    }
}

async fn answer(before: Before<'_>, interceptor: &Interceptor, about: &About) -> Result<Decision, Why> {
    let Before { app, realm, origin, now, .. } = before;
    let id = realm.id();
    let body = about.document(interceptor.event, id, origin, now);
    let signed = request_secrets::sign(app, (id, Signs::Interceptors), &body).await;
    let headers = signed.map_err(Why::Unsigned)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_there_was_no_room_to_ask_about_is_never_let_through() {
        for (why, allowed) in [(Why::Busy, false), (Why::TooSlow, true), (Why::NoAnswer(500), true)] {
            assert_eq!(why.is_let_through(Unanswered::Allow), allowed, "{why}");
            assert!(!why.is_let_through(Unanswered::Deny), "{why}");
        }
    }
}
