//! Signing out, and being signed out.

use gatepost_domain::{OutboxId, RealmId, SessionId, Timestamp, UserId, audit::Event};
use gatepost_store::{audit, sessions, users};

use crate::{App, accounts::Who, api_keys, http::Problem};

/// Which sessions of an account end.
#[derive(Clone, Copy, Debug)]
pub enum Ended {
    /// This one.
    One(SessionId),
    /// Every one but this.
    AllBut(SessionId),
    /// Every one.
    All {
        /// And every API key.
        with_keys: bool,
    },
}

/// Ends sessions of a user; their grants and refresh tokens end with them. Returns whether there were any.
pub async fn end(
    app: &App,
    (realm, user): (RealmId, UserId),
    which: Ended,
    who: Who,
    now: Timestamp,
) -> Result<bool, Problem> {
    let event = match which {
        Ended::One(_) if who.is(user) => Event::SignedOut,
        Ended::One(_) => Event::SessionRevoked,
        Ended::AllBut(_) | Ended::All { .. } => Event::SignedOutEverywhere,
    };
    let mut record = who.record(app, event, realm, user, now);
    record = match which {
        Ended::One(session) => record.session(session),
        Ended::AllBut(session) => record.with("kept", session.to_string()),
        Ended::All { .. } => record,
    };
    let (message, worker) = (OutboxId::new(now, app.entropy()), app.clone());
    let ended = app
        .db()
        .write("sign out", move |tx| {
            let (record, who, app) = (record.clone(), who.clone(), worker.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                if !who.is(user)
                    && let Some(whose) = users::find(tx, realm, user).await?
                {
                    who.reaches(&whose)?;
                }
                let ended = match which {
                    Ended::One(session) => sessions::revoke(tx, realm, user, session, now, message).await?,
                    Ended::AllBut(session) => {
                        !sessions::revoke_all(tx, realm, user, Some(session), now, message).await?.is_empty()
                    }
                    Ended::All { with_keys } => {
                        if with_keys {
                            let reason = Some(event.name());
                            api_keys::revoke_because(tx, &app, (realm, user), reason, &who, now).await?;
                        }
                        users::sign_out_everywhere(tx, realm, user, now, message).await?.is_some()
                    }
                };
                if ended {
                    audit::append(tx, &record).await?;
                }
                Ok::<_, Problem>(ended)
            })
        })
        .await?;
    app.sign_outs().notify_one();
    Ok(ended)
}
