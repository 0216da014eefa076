//! Clients are told behind the scenes that a user was signed out (OpenID Connect Back-Channel Logout 1.0), however that came about.
//!
//! A sign-out leaves a message in its own transaction; here that becomes one message for each client that wants to know, and each is
//! sent until the client takes it. The person waits for none of it.

use std::{collections::BTreeMap, time::Duration};

use gatepost_domain::{
    ClientId, OutboxId, RealmId, SessionId, Timestamp, UserId,
    outbox::{Logout, Message, Queued, Revocation},
};
use gatepost_store::{Error, Tx, authorization_codes, clients, device_codes, outbox, sessions};

use super::claim;
use crate::{
    App, clients as known_clients, http::Problem, oauth::subject, realm::InRealm, signing::issue_logout_token,
};

/// Messages taken together.
const BATCH: u32 = 100;
/// How long they are this process's own: longer than all of them take to be refused.
const LEASE: Duration = Duration::from_mins(5);
/// How often a client is tried: for nine hours or so.
const ATTEMPTS: u32 = 14;

/// Tells every client that is due.
pub async fn tell_clients(app: &App) -> Result<(), Error> {
    loop {
        let found_out = find_out(app).await?;
        let told = tell(app).await?;
        if !found_out && !told {
            return Ok(());
        }
    }
}

/// Whom sign-outs concern. False: there were none.
async fn find_out(app: &App) -> Result<bool, Error> {
    let now = app.clock().now();
    let claimed = claim(app, "revocation", BATCH, LEASE, now).await?;
    for queued in &claimed {
        let (worker, queued) = (app.clone(), queued.clone());
        app.db()
            .write("find out which clients are to be told", move |tx| {
                let (app, queued) = (worker.clone(), queued.clone());
                Box::pin(async move {
                    let found = concerned(tx, &queued, now).await?;
                    if let Some(user) = user_of(&queued) {
                        queue(tx, &app, (queued.realm, user), found, now).await?;
                    }
                    outbox::done(tx, &queued).await
                })
            })
            .await?;
    }
    Ok(!claimed.is_empty())
}

/// Those that want to know are told of it.
async fn queue(
    tx: &mut Tx,
    app: &App,
    (realm, user): (RealmId, UserId),
    signed_in_to: Vec<(SessionId, ClientId)>,
    now: Timestamp,
) -> Result<(), Error> {
    for (session, client) in signed_in_to {
        if wants_to_know(tx, realm, &client).await? {
            let message = Message::Logout(Logout { client, user, session });
            outbox::queue(tx, OutboxId::new(now, app.entropy()), realm, &message, now).await?;
        }
    }
    Ok(())
}

/// Ends the sessions of a user who is about to be deleted, and has their clients told. Afterwards nobody would know who they were, so
/// that those are told here too whose sessions ended a moment ago.
pub(crate) async fn before_deletion(
    tx: &mut Tx,
    app: &App,
    realm: RealmId,
    user: UserId,
    now: Timestamp,
) -> Result<(), Error> {
    sessions::end_all_of(tx, realm, user, None, now).await?;
    let signed_in_to = clients_of_ended(tx, realm, user, now.minus(LEASE)).await?;
    queue(tx, app, (realm, user), signed_in_to, now).await
}

async fn clients_of_ended(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    since: Timestamp,
) -> Result<Vec<(SessionId, ClientId)>, Error> {
    let mut all = authorization_codes::clients_of_ended(tx, realm, user, since).await?;
    all.extend(device_codes::clients_of_ended(tx, realm, user, since).await?);
    Ok(each_once(all))
}

fn each_once(mut all: Vec<(SessionId, ClientId)>) -> Vec<(SessionId, ClientId)> {
    all.sort();
    all.dedup();
    all
}

fn user_of(queued: &Queued) -> Option<UserId> {
    match &queued.message {
        Message::Revocation(Revocation::Sessions { user, .. } | Revocation::User { user, .. }) => Some(*user),
        _ => None,
    }
}

/// The clients that were signed in to, with the session that ended.
async fn concerned(
    tx: &mut Tx,
    queued: &Queued,
    now: Timestamp,
) -> Result<Vec<(SessionId, ClientId)>, Error> {
    let realm = queued.realm;
    match &queued.message {
        Message::Revocation(Revocation::Sessions { sessions, .. }) => {
            let mut all = Vec::new();
            for session in sessions {
                let mut clients = authorization_codes::clients(tx, realm, *session).await?;
                clients.extend(device_codes::clients(tx, realm, *session).await?);
                all.extend(clients.into_iter().map(|client| (*session, client)));
            }
            Ok(each_once(all))
        }
        Message::Revocation(Revocation::User { user, not_before }) => {
            clients_of_ended(tx, realm, *user, (*not_before).min(now)).await
        }
        _ => Ok(Vec::new()),
    }
}

async fn wants_to_know(tx: &mut Tx, realm: RealmId, client: &ClientId) -> Result<bool, Error> {
    let client = clients::find(tx, realm, client).await?;
    Ok(client.is_some_and(|client| client.settings.backchannel_logout_uri.is_some()))
}

/// Sends what is due. False: nothing was.
async fn tell(app: &App) -> Result<bool, Error> {
    let now = app.clock().now();
    let claimed = claim(app, "logout", BATCH, LEASE, now).await?;
    let any = !claimed.is_empty();
    // All clients at once, and to each one after the other: a slow one delays no other, however much it is to be told.
    let mut of_clients = BTreeMap::<(RealmId, ClientId), Vec<Queued>>::new();
    for queued in claimed {
        if let Message::Logout(Logout { client, .. }) = &queued.message {
            of_clients.entry((queued.realm, client.clone())).or_default().push(queued);
        }
    }
    let telling: Vec<_> = of_clients
        .into_iter()
        .map(|(client, messages)| {
            let app = app.clone();
            tokio::spawn(async move { tell_client(&app, &client, messages, now).await })
        })
        .collect();
    for told in telling {
        if let Ok(told) = told.await {
            told?;
        }
    }
    Ok(any)
}

/// Sends a client its messages, until one fails. The rest is put off with it, and so is what comes for the client soon after.
async fn tell_client(
    app: &App,
    client: &(RealmId, ClientId),
    messages: Vec<Queued>,
    now: Timestamp,
) -> Result<(), Error> {
    for queued in messages {
        let sent = if app.silent_clients().is_silent(client, now) {
            Err("it did not take the one before".to_owned())
        } else {
            let sent = send(app, &queued, now).await;
            app.silent_clients().note(client, sent.is_ok(), now);
            sent
        };
        if let Err(reason) = &sent {
            tracing::warn!(
                reason, client.id = %client.1, attempt = queued.attempts, "a client could not be told of a sign-out"
            );
        }
        let over = sent.is_ok() || queued.attempts >= ATTEMPTS;
        app.db()
            .write_one("keep whether a client was told", move |tx| {
                let queued = queued.clone();
                Box::pin(async move {
                    if over {
                        outbox::done(tx, &queued).await
                    } else {
                        outbox::failed(tx, &queued, now).await
                    }
                })
            })
            .await?;
    }
    Ok(())
}

/// Sends one logout token. What cannot ever be sent counts as sent.
async fn send(app: &App, queued: &Queued, now: Timestamp) -> Result<(), String> {
    let Message::Logout(Logout { client, user, session }) = &queued.message else { return Ok(()) };
    let failed = |problem: Problem| problem.reason();
    let realm = app.realms().with_id(app, queued.realm).await.map_err(|error| error.to_string())?;
    let Some(realm) = realm else { return Ok(()) };
    let client = known_clients::find(app, queued.realm, client.clone()).await.map_err(failed)?;
    let Some(client) = client else { return Ok(()) };
    let Some(uri) = &client.settings.backchannel_logout_uri else { return Ok(()) };
    let realm =
        app.realms().with_id_token_key(app, &InRealm(realm)).await.map_err(|error| error.to_string())?;
    let alg = client.settings.id_token_signed_response_alg;
    let key = realm.keys().signer_with(alg).ok_or("the realm has no key for the client's algorithm")?;
    let subject = subject::of(app, &client, *user);
    let names = (client.id.as_str(), subject.as_str(), &*session.to_string());
    let token = issue_logout_token(&realm, key, names, app.entropy(), now).map_err(failed)?;
    let sent = app.outgoing().post(uri, format!("logout_token={token}")).await;
    sent.map_err(|error| error.to_string())
}
