//! Interceptors: somebody else is asked before an account is made, a session begins, an invitation is sent or a program gets a token, and says
//! whether it may.
//!
//! Whoever is asked learns of nothing that would not have happened: the transaction is run to its end and taken back, and then they are
//! asked, while nothing is held; if they allow it, it is run again, and may still come to another end by then.

mod about;
mod ask;

use std::sync::Arc;

use gatepost_domain::{RealmSettings, SettingRefused, Timestamp, interceptor::Trigger};
use gatepost_store::{BoxFuture, Tx};

pub use about::About;

use crate::{
    App,
    http::{Problem, Where},
    realm::Snapshot,
};

/// Whether the interceptors are where requests can be sent to, as far as their addresses tell.
pub fn check(app: &App, settings: &RealmSettings) -> Result<(), SettingRefused> {
    for interceptor in &settings.interceptors {
        app.outgoing().takes_messages(&interceptor.url).map_err(|refused| {
            SettingRefused::new("interceptors", format!("{}: {refused}", interceptor.event.name()))
        })?;
    }
    Ok(())
}

/// Something that waits for the realm's interceptor, if it has one for it.
#[derive(Clone, Copy)]
pub struct Before<'a> {
    /// The installation.
    pub app: &'a App,
    /// In which realm.
    pub realm: &'a Snapshot,
    /// From where.
    pub origin: &'a Where,
    /// When.
    pub now: Timestamp,
    /// Before what it is.
    pub trigger: Trigger,
}

impl<'a> Before<'a> {
    /// Refuses what the interceptor does not allow: something that takes no look into the database first.
    pub async fn allowed(self, about: impl FnOnce() -> About) -> Result<(), Problem> {
        match self.realm.settings().interceptor(self.trigger) {
            None => Ok(()),
            Some(interceptor) => ask::ask(self, interceptor, &about()).await,
        }
    }

    /// For a write: where what is `wanted` would come of it, the interceptor is asked what it is `about`.
    pub fn ask<T, A: FnOnce(T) -> Option<About>>(self, wanted: fn(&T) -> bool, about: A) -> Asking<'a, T, A> {
        Asking { before: self, wanted, about }
    }
}

/// A write that waits.
pub struct Asking<'a, T, A> {
    before: Before<'a>,
    wanted: fn(&T) -> bool,
    about: A,
}

/// Why a transaction that is only tried is taken back.
enum Undone<T> {
    /// It comes to what is asked about.
    Wanted(T),
    /// It fails whatever anybody says.
    Failed(Problem),
}

impl<T> From<gatepost_store::Error> for Undone<T> {
    fn from(error: gatepost_store::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl<T: Send + 'static, A: FnOnce(T) -> Option<About>> Asking<'_, T, A> {
    /// Writes as the store does, what is wanted only if it is allowed. Where nobody is asked it is the store's write and nothing else.
    pub async fn write<F>(self, name: &'static str, closure: F) -> Result<T, Problem>
    where
        F: for<'t> Fn(&'t mut Tx) -> BoxFuture<'t, Result<T, Problem>> + Send + Sync + 'static,
    {
        let Self { before, wanted, about } = self;
        let db = before.app.db();
        let Some(interceptor) = before.realm.settings().interceptor(before.trigger) else {
            return db.write(name, closure).await;
        };
        let closure = Arc::new(closure);
        let trying = Arc::clone(&closure);
        let tried = db.write(name, move |tx| {
            let write = Arc::clone(&trying);
            Box::pin(async move {
                match write(tx).await {
                    // An error takes everything back.
                    Ok(found) if wanted(&found) => Err(Undone::Wanted(found)),
                    Ok(other) => Ok(other),
                    Err(problem) => Err(Undone::Failed(problem)),
                }
            })
        });
        let found = match tried.await {
            Ok(other) => return Ok(other),
            Err(Undone::Failed(problem)) => return Err(problem),
            Err(Undone::Wanted(found)) => found,
        };
        if let Some(about) = about(found) {
            ask::ask(before, interceptor, &about).await?;
        }
        db.write(name, move |tx| closure(tx)).await
    }
}
