//! What a person lets clients do: what they agreed to, and the grants that came of it.

use gatepost_domain::{ClientId, Grant, OutboxId, RealmId, Scopes, Timestamp, UserId, audit::Event};
use gatepost_store::{authorization_codes, clients, consents, device_codes, grants};

use crate::{App, accounts::Who, http::Problem};

/// A client that may use an account.
#[derive(Clone, Debug)]
pub struct Application {
    /// Its id.
    pub client: ClientId,
    /// What it calls itself.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// Since when.
    pub since: Timestamp,
}

/// The clients that may use the account, the newest first. The server's own sign-in is none.
pub async fn list(
    app: &App,
    (realm, user): (RealmId, UserId),
    now: Timestamp,
) -> Result<Vec<Application>, Problem> {
    let found = app.db().read("list the applications of a user", move |tx| {
        Box::pin(async move {
            let consents = consents::list(tx, realm, user).await?;
            let grants = grants::list_live(tx, realm, user, now).await?;
            let agreed =
                consents.into_iter().map(|consent| (consent.client, consent.scopes, consent.created_at));
            let granted = grants.into_iter().map(|grant| (grant.client, grant.scopes, grant.created_at));
            let mut found: Vec<Application> = Vec::new();
            for (client, scopes, since) in agreed.chain(granted) {
                if let Some(known) = found.iter_mut().find(|known| known.client == client) {
                    known.scopes = known.scopes.iter().chain(&scopes).cloned().collect();
                    known.since = known.since.min(since);
                } else if let Some(settings) = clients::find(tx, realm, &client).await? {
                    let name = settings.settings.name.as_ref().map_or(client.as_str(), |name| name.as_str());
                    found.push(Application { name: name.to_owned(), client, scopes, since });
                }
            }
            found.sort_by_key(|application| std::cmp::Reverse(application.since));
            Ok::<_, gatepost_store::Error>(found)
        })
    });
    Ok(found.await?)
}

/// Takes everything back from a client: what was agreed to, and its grants in every session. False: there was nothing.
pub async fn remove(
    app: &App,
    (realm, user): (RealmId, UserId),
    client: ClientId,
    who: Who,
    now: Timestamp,
) -> Result<bool, Problem> {
    let record = who.record(app, Event::ConsentWithdrawn, realm, user, now).client(client.clone());
    let worker = app.clone();
    app.db()
        .write("take back what a client may do", move |tx| {
            let (app, who, record, client) = (worker.clone(), who.clone(), record.clone(), client.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                let mut had = consents::withdraw(tx, realm, user, &client).await?;
                had |= authorization_codes::withdraw(tx, realm, user, &client).await? > 0;
                had |= device_codes::withdraw(tx, realm, user, &client).await? > 0;
                let held = grants::list_live(tx, realm, user, now).await?;
                for Grant { id, .. } in held.into_iter().filter(|grant| grant.client == client) {
                    let message = OutboxId::new(now, app.entropy());
                    had |= grants::revoke(tx, realm, id, now, message).await?.is_some();
                }
                if had {
                    gatepost_store::audit::append(tx, &record).await?;
                }
                Ok(had)
            })
        })
        .await
}
