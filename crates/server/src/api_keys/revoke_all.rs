//! Every key of a user at once, and those they made for organizations: somebody else may have made some of them, or know them.

use gatepost_domain::{
    OutboxId, RealmId, Timestamp, UserId,
    api_key::KeyOwner,
    audit::Event,
    outbox::{Message, Revocation},
};
use gatepost_store::{Tx, api_keys, audit, outbox, users};

use crate::{App, accounts::Who, http::Problem};

/// Ends every live key of a user, and every one they made for an organization, for good, and tells verifiers. Returns how many
/// there were.
pub async fn revoke_all(
    app: &App,
    realm: RealmId,
    user: UserId,
    who: Who,
    now: Timestamp,
) -> Result<usize, Problem> {
    let worker = app.clone();
    app.db()
        .write("revoke the API keys of a user", move |tx| {
            let (app, who) = (worker.clone(), who.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                users::find(tx, realm, user).await?.ok_or(Problem::NotFound)?;
                Ok(revoke_because(tx, &app, (realm, user), None, &who, now).await?)
            })
        })
        .await
}

/// The same in the transaction of what makes it necessary; `reason` is the event's name for it.
pub(crate) async fn revoke_because(
    tx: &mut Tx,
    app: &App,
    (realm, user): (RealmId, UserId),
    reason: Option<&str>,
    who: &Who,
    now: Timestamp,
) -> Result<usize, gatepost_store::Error> {
    let mut ended = api_keys::revoke_all(tx, realm, &KeyOwner::User(user), now).await?;
    ended.extend(api_keys::revoke_made_by(tx, realm, user, now).await?);
    for key in &ended {
        let told = Message::Revocation(Revocation::ApiKey { key: *key });
        outbox::queue(tx, OutboxId::new(now, app.entropy()), realm, &told, now).await?;
        let record = who.record(app, Event::ApiKeyRevoked, realm, user, now).with("key", key.to_string());
        let record = match reason {
            Some(reason) => record.with("reason", reason),
            None => record,
        };
        audit::append(tx, &record).await?;
    }
    Ok(ended.len())
}
