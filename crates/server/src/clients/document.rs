//! Clients that a document describes, at the address that is their id (OAuth Client ID Metadata Document): read when they come, kept
//! as any other client, and read again when that is old.

use std::{sync::Arc, time::Duration};

use gatepost_domain::{
    Client, ClientId, ClientOrigin, Timestamp, WebUri,
    audit::{Actor, Event},
    client::{RegisteredBy, document},
};
use gatepost_store::{audit, clients};

use super::{
    bounds::{self, Bounds},
    registration, told,
};
use crate::{
    App,
    http::{Problem, origin::Where},
    outgoing::{Reader, Unfetched},
    realm::Snapshot,
};

/// How long a document is believed that does not say for how long it stays as it is.
const USUAL: Duration = Duration::from_hours(1);
/// The least and the most that it may say.
const SHORTEST: Duration = Duration::from_mins(5);
const LONGEST: Duration = Duration::from_hours(24);
/// How long after it was last read a client is known whose document cannot be read.
const MISSED: Duration = Duration::from_hours(24);

/// The client of an id, as far as the realm has it. A document is not read for it.
pub async fn current(app: &App, realm: &Snapshot, id: ClientId) -> Result<Option<Arc<Client>>, Problem> {
    match id.document() {
        None => app.clients().find_now(app, realm, id).await,
        Some(uri) if reads(realm, &uri) => Ok(stored(app, realm, id).await?.map(Arc::new)),
        Some(_) => Ok(None),
    }
}

/// As it is in the store at this moment: when its document was read must not be remembered from before.
async fn stored(app: &App, realm: &Snapshot, id: ClientId) -> Result<Option<Client>, Problem> {
    let realm = realm.id();
    let found = app.db().read("find a client that a document describes", move |tx| {
        let id = id.clone();
        Box::pin(async move { clients::find(tx, realm, &id).await })
    });
    Ok(found.await?)
}

/// The same; if the id is an address, its document is read where that was not done of late.
pub async fn known(
    app: &App,
    realm: &Snapshot,
    id: ClientId,
    origin: &Where,
    now: Timestamp,
) -> Result<Option<Arc<Client>>, Problem> {
    let Some(uri) = id.document().filter(|uri| reads(realm, uri)) else {
        return current(app, realm, id).await;
    };
    // In a box: few clients have a document.
    Ok(Box::pin(described(app, realm, (id, uri), origin, now)).await?.map(Arc::new))
}

async fn described(
    app: &App,
    realm: &Snapshot,
    (id, uri): (ClientId, WebUri),
    origin: &Where,
    now: Timestamp,
) -> Result<Option<Client>, Problem> {
    let found = stored(app, realm, id.clone()).await?;
    if found.as_ref().is_some_and(|client| is_fresh(client, now)) {
        return Ok(found);
    }
    let document = app.outgoing().document(&uri);
    let reading = document.reading().await;
    // Whoever held it before may have read it.
    let found = stored(app, realm, id.clone()).await?;
    if found.as_ref().is_some_and(|client| is_fresh(client, now)) {
        return Ok(found);
    }
    let missed = |found: Option<Client>| {
        found.filter(|client| match client.origin {
            ClientOrigin::Document { read_at, .. } => now.since(read_at) < MISSED,
            ClientOrigin::Managed | ClientOrigin::Registered { .. } => false,
        })
    };
    if reading.has_just_failed(now) {
        return Ok(missed(found));
    }
    if found.is_none() {
        bounds::count(app, realm, origin, now).await?;
    }
    match read(app, realm, &id, &uri, now).await {
        Ok(client) => keep(app, realm, found, client, origin, now).await,
        Err(error) => {
            tracing::warn!(%error, client.id = %id, "the document of a client could not be read");
            // Where there was no place to read it, it may be asked for again at once.
            if !matches!(error, Unfetched::Busy) {
                reading.failed(now);
            }
            Ok(missed(found))
        }
    }
}

/// Whether documents are read in the realm, of this host.
fn reads(realm: &Snapshot, uri: &WebUri) -> bool {
    let settings = realm.settings();
    let hosts = &settings.client_id_metadata_hosts;
    settings.client_id_metadata_documents
        && (hosts.is_empty() || uri.host().is_some_and(|host| hosts.contains(&host)))
}

fn is_fresh(client: &Client, now: Timestamp) -> bool {
    match client.origin {
        ClientOrigin::Document { fresh_until, .. } => now < fresh_until,
        ClientOrigin::Managed | ClientOrigin::Registered { .. } => true,
    }
}

async fn read(
    app: &App,
    realm: &Snapshot,
    id: &ClientId,
    uri: &WebUri,
    now: Timestamp,
) -> Result<Client, Unfetched> {
    let reader = Reader::client(realm.id(), id);
    let fetched = app.outgoing().get(uri, &reader).await?;
    let content = |why: String| Unfetched::Content(why);
    let document = serde_json::from_slice(&fetched.body).map_err(|_| content("it is not JSON".to_owned()))?;
    let policy = registration::policy(realm, RegisteredBy::Anybody);
    let settings =
        document::settings(id, &document, policy).map_err(|refused| content(refused.to_string()))?;
    let checked = registration::check(app, &reader, &settings).await;
    checked.map_err(|refused| content(format!("{refused:?}")))?;
    let believed = fetched.max_age.unwrap_or(USUAL).clamp(SHORTEST, LONGEST);
    Ok(Client {
        id: id.clone(),
        realm: realm.id(),
        secret: None,
        previous_secret: None,
        sealed_secret: None,
        settings,
        origin: ClientOrigin::Document { read_at: now, fresh_until: now.plus(believed) },
        created_at: now,
        updated_at: now,
        version: 1,
    })
}

/// Keeps what was read; `None` where the realm has no room for it. A name that could be taken for another's is left out: people are shown the host in its place.
async fn keep(
    app: &App,
    realm: &Snapshot,
    before: Option<Client>,
    read: Client,
    origin: &Where,
    now: Timestamp,
) -> Result<Option<Client>, Problem> {
    let id = realm.id();
    let record = match &before {
        None => origin
            .record(app, id, Event::ClientRegistered, Actor::Anonymous, now)
            .with("by", read.origin.as_str()),
        Some(_) => origin.record(app, id, Event::ClientUpdated, Actor::System, now),
    };
    let bounds = Bounds::of(realm);
    let kept = app.db().write("keep a client that a document describes", move |tx| {
        let (before, mut read, record, bounds) =
            (before.clone(), read.clone(), record.clone(), bounds.clone());
        Box::pin(async move {
            if bounds.impersonates(tx, &read).await? {
                read.settings.name = None;
            }
            if let Some(before) = &before
                && before.settings == read.settings
                && let ClientOrigin::Document { read_at, fresh_until } = read.origin
            {
                clients::read_again(tx, id, &read.id, read_at, fresh_until).await?;
                return Ok(Some(Client { origin: read.origin, ..before.clone() }));
            }
            if before.is_none() && !bounds.leave_room(tx).await? {
                return Ok(None);
            }
            let kept = clients::upsert(tx, &read).await?;
            audit::append(tx, &told(record, before.as_ref(), Some(&kept))).await?;
            Ok::<_, Problem>(Some(kept))
        })
    });
    let kept = kept.await?;
    if kept.is_none() {
        bounds::note_refused(app, realm, origin, "as many as there may be", now);
    }
    Ok(kept)
}
