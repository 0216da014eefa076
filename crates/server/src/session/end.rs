//! Signing out.

use gatepost_domain::{
    OutboxId, SessionId, Timestamp, User,
    audit::{Actor, Event},
};
use gatepost_store::{audit, sessions, users};

use crate::{
    App,
    http::{Problem, origin::Where},
};

/// Which sessions of an account end.
#[derive(Clone, Copy, Debug)]
pub enum Ended {
    /// This one.
    One(SessionId),
    /// Every one but this.
    AllBut(SessionId),
    /// Every one.
    All,
}

/// Ends sessions of `user` at their own wish; their grants and refresh tokens end with them. Returns whether there were any.
pub async fn end(
    app: &App,
    user: &User,
    which: Ended,
    origin: Where,
    now: Timestamp,
) -> Result<bool, Problem> {
    let event = match which {
        Ended::One(_) => Event::SignedOut,
        Ended::AllBut(_) | Ended::All => Event::SignedOutEverywhere,
    };
    let mut record = origin.record(app, user.realm, event, Actor::User(user.id), now).user(user.id);
    if let Ended::One(session) = which {
        record = record.session(session);
    }
    let (realm, user, message) = (user.realm, user.id, OutboxId::new(now, app.entropy()));
    let ended = app
        .db()
        .write("sign out", move |tx| {
            let record = record.clone();
            Box::pin(async move {
                let ended = match which {
                    Ended::One(session) => sessions::revoke(tx, realm, user, session, now, message).await?,
                    Ended::AllBut(session) => {
                        !sessions::revoke_all(tx, realm, user, Some(session), now, message).await?.is_empty()
                    }
                    Ended::All => users::sign_out_everywhere(tx, realm, user, now, message).await?.is_some(),
                };
                if ended {
                    audit::append(tx, &record).await?;
                }
                Ok::<_, gatepost_store::Error>(ended)
            })
        })
        .await?;
    Ok(ended)
}
