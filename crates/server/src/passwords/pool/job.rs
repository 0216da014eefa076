//! One password to hash or to check, and who waits for it.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::passwords::stored::{HashUnusable, Stored};

pub(super) struct Job {
    pub(super) password: Zeroizing<Vec<u8>>,
    pub(super) work: Work,
    pub(super) since: Instant,
}

pub(super) enum Work {
    Hash(Reply<Result<String, HashUnusable>>),
    Verify(Box<Stored>, Reply<Result<bool, HashUnusable>>),
}

/// Who waits for a result. Given once, by whichever thread is the first.
pub(super) struct Reply<T>(Mutex<Option<oneshot::Sender<T>>>);

impl<T> Reply<T> {
    pub(super) fn new() -> (Self, oneshot::Receiver<T>) {
        let (reply, answer) = oneshot::channel();
        (Self(Mutex::new(Some(reply))), answer)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<oneshot::Sender<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn give(&self, result: T) {
        if let Some(reply) = self.lock().take() {
            // A caller who went away is not waiting.
            let _ = reply.send(result);
        }
    }

    fn is_settled(&self) -> bool {
        self.lock().as_ref().is_none_or(oneshot::Sender::is_closed)
    }
}

impl Job {
    /// Whether it was done, or nobody waits for it any more.
    pub(super) fn is_settled(&self) -> bool {
        match &self.work {
            Work::Hash(reply) => reply.is_settled(),
            Work::Verify(_, reply) => reply.is_settled(),
        }
    }
}
