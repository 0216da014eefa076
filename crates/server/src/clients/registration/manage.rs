//! A client reads, changes and removes what it registered (RFC 7592).

use std::{collections::BTreeSet, sync::Arc};

use gatepost_domain::{
    Client, ClientAuthMethod, ClientId, ClientOrigin, Secret, SettingRefused, Timestamp,
    audit::{Actor, Event},
    client::{RegisteredBy, registration},
};
use gatepost_store::{audit, clients, consents};
use serde_json::{Map, Value};

use super::{Registered, RegistrationRefused, check, policy};
use crate::{
    App,
    clients::{
        Secrets,
        bounds::{self, Bounds, taken},
        find, fitted, new_secret, note_refused, told,
    },
    http::{Problem, origin::Where},
    outgoing::Reader,
    realm::Snapshot,
};

/// Members of an answer that no request may have (RFC 7592 section 2.2).
const NOT_SENT: [&str; 4] = [
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
];

/// The client of an id that registered itself, if this is its registration access token. Whether there is such a client makes no
/// difference to the answer. The realm may have closed registration since: what is registered stays the client's own.
pub async fn authenticated(
    app: &App,
    realm: &Snapshot,
    id: &str,
    token: &str,
    origin: &Where,
    now: Timestamp,
) -> Result<(Client, RegisteredBy), RegistrationRefused> {
    let found = match id.parse::<ClientId>() {
        Ok(id) => find(app, realm.id(), id).await?,
        Err(_) => None,
    };
    let digest = Secret::received(token).digest();
    match found.as_ref().map(|client| client.origin) {
        Some(ClientOrigin::Registered { by, token }) if token.ct_eq(&digest) => {
            found.map(|client| (client, by)).ok_or(RegistrationRefused::Token)
        }
        _ => {
            if let Some(client) = found {
                note_refused(app, realm.id(), client.id, origin, now);
            }
            Err(RegistrationRefused::Token)
        }
    }
}

/// Gives a client what it says of itself now, in place of all that it said before (RFC 7592 section 2.2). What it may say is judged anew.
pub async fn update(
    app: &App,
    realm: &Snapshot,
    (before, by): (Client, RegisteredBy),
    (metadata, token): (&Map<String, Value>, Secret),
    origin: &Where,
    now: Timestamp,
) -> Result<Registered, RegistrationRefused> {
    let refused = |member: &'static str, reason: &'static str| SettingRefused {
        member: member.into(),
        reason: reason.into(),
    };
    if metadata.get("client_id").and_then(Value::as_str) != Some(before.id.as_str()) {
        return Err(refused("client_id", "write the client's own").into());
    }
    if let Some(name) = NOT_SENT.into_iter().find(|name| metadata.contains_key(*name)) {
        return Err(refused(name, "this is told and not sent; leave it out").into());
    }
    if let Some(sent) = metadata.get("client_secret").filter(|sent| !sent.is_null()) {
        let sent = sent.as_str().map(|text| Secret::received(text).digest());
        if !sent.is_some_and(|sent| before.knows(&sent, now)) {
            return Err(refused("client_secret", "write the client's own, or leave it out").into());
        }
    }
    let mut settings = registration::settings(metadata, &before.settings, policy(realm, by))?;
    // One without a secret that names no method would be public still.
    if settings.token_endpoint_auth_method.is_none() && before.secret.is_none() {
        settings.token_endpoint_auth_method = Some(ClientAuthMethod::ClientSecretBasic);
    }
    bounds::count_change(app, realm, &before.id, origin, now).await?;
    check(app, &Reader::client(realm.id(), &before.id), &settings).await?;
    let fresh = new_secret(app);
    let secrets = Secrets::of(app, realm.id(), &before.id, &fresh);
    let (after, is_new) = fitted(Client { settings, updated_at: now, ..before.clone() }, &secrets);
    if after.settings == before.settings && after.secret == before.secret {
        return Ok(Registered { client: before, secret: None, token });
    }
    let actor = Actor::Client(before.id.clone());
    let record = origin.record(app, realm.id(), Event::ClientUpdated, actor, now);
    let record = told(record, Some(&before), Some(&after));
    let renamed = after.settings.name != before.settings.name;
    let moved = !hosts(&after).is_subset(&hosts(&before));
    let (version, after, id, bounds) = (before.version, Arc::new(after), realm.id(), Bounds::of(realm));
    let updated = app.db().write("change a client that registered itself", move |tx| {
        let (after, record, bounds) = (Arc::clone(&after), record.clone(), bounds.clone());
        Box::pin(async move {
            let found = clients::find(tx, id, &after.id).await?;
            if found.is_none_or(|found| found.version != version) {
                return Err(Problem::Changed.into());
            }
            if renamed && bounds.impersonates(tx, &after).await? {
                return Err(taken().into());
            }
            let after = clients::upsert(tx, &after).await?;
            // People were told where they would be sent back to.
            if moved {
                consents::withdraw_all_of(tx, id, &after.id).await?;
            }
            audit::append(tx, &record).await?;
            Ok::<_, RegistrationRefused>(after)
        })
    });
    let client = updated.await?;
    app.realms().forget(id);
    Ok(Registered { client, secret: is_new.then_some(fresh), token })
}

/// Where people are sent back to, as the page of consent says it.
fn hosts(client: &Client) -> BTreeSet<String> {
    let uris = client.settings.redirect_uris.iter();
    uris.map(|uri| url::Url::parse(uri.as_str()).ok().and_then(|url| url.host_str().map(str::to_owned)))
        .map(Option::unwrap_or_default)
        .collect()
}

/// Removes a client. Its grants end with it.
pub async fn delete(
    app: &App,
    realm: &Snapshot,
    client: Client,
    origin: &Where,
    now: Timestamp,
) -> Result<(), RegistrationRefused> {
    let id = realm.id();
    let record = origin.record(app, id, Event::ClientDeleted, Actor::Client(client.id.clone()), now);
    let record = told(record, Some(&client), None);
    let deleted = app.db().write("delete a client that registered itself", move |tx| {
        let (client, record) = (client.id.clone(), record.clone());
        Box::pin(async move {
            if clients::delete(tx, id, &client).await? {
                audit::append(tx, &record).await?;
            }
            Ok::<_, gatepost_store::Error>(())
        })
    });
    deleted.await?;
    app.realms().forget(id);
    Ok(())
}
