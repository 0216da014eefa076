//! Clients are made, changed and removed. The API and the commands come through here.

use std::sync::Arc;

use gatepost_domain::{
    Client, ClientAuthMethod, ClientId, ClientSettings, RealmId, Secret, Timestamp,
    audit::{Event, Record},
    client::check_id,
};
use gatepost_store::{audit, clients};
use serde_json::{Map, Value, json};

use crate::{App, accounts::Who, http::Problem};

/// What client secrets begin with, so that a scanner finds one that leaked.
const PREFIX: &str = "gp_cs_";

/// A client that was made or changed.
#[derive(Debug)]
pub struct Made {
    /// As it is now.
    pub client: Client,
    /// Its new secret, if it was given one. To be shown this once.
    pub secret: Option<Secret>,
}

/// A fresh client secret.
pub fn new_secret(app: &App) -> Secret {
    Secret::generate(PREFIX, app.entropy())
}

/// Makes a client. It is given a secret unless it proves itself otherwise, or not at all.
pub async fn create(
    app: &App,
    realm: RealmId,
    id: ClientId,
    settings: ClientSettings,
    who: Who,
    now: Timestamp,
) -> Result<Made, Problem> {
    check_id(&id)?;
    settings.check(settings.token_endpoint_auth_method == Some(ClientAuthMethod::Public))?;
    let secret = settings.needs_secret().then(|| new_secret(app));
    let client = Client {
        id,
        realm,
        secret: secret.as_ref().map(Secret::digest),
        settings,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    let record = told(who.record_of_realm(app, Event::ClientCreated, realm, now), None, Some(&client));
    let made = app.db().write("make a client", move |tx| {
        let (client, record, who) = (client.clone(), record.clone(), who.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            if clients::find(tx, realm, &client.id).await?.is_some() {
                return Err(Problem::ClientExists);
            }
            let client = clients::upsert(tx, &client).await?;
            audit::append(tx, &record).await?;
            Ok(client)
        })
    });
    Ok(Made { client: made.await?, secret })
}

/// Gives a client other settings: those that are named, by [`ClientSettings::with`]. One that from now on proves itself with a
/// secret is given one; one that does so no longer loses it.
pub async fn update(
    app: &App,
    realm: RealmId,
    id: ClientId,
    changes: Map<String, Value>,
    who: Who,
    now: Timestamp,
) -> Result<Made, Problem> {
    let fresh = new_secret(app);
    let (digest, changes) = (fresh.digest(), Arc::new(changes));
    let record = who.record_of_realm(app, Event::ClientUpdated, realm, now);
    let updated = app.db().write("change a client", move |tx| {
        let (id, changes, record, who) = (id.clone(), Arc::clone(&changes), record.clone(), who.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            let before = clients::find(tx, realm, &id).await?.ok_or(Problem::NotFound)?;
            who.means(Some(&before))?;
            let settings = before.settings.with(&changes)?;
            let secret = match (settings.token_endpoint_auth_method, before.secret) {
                (Some(method), _) if !method.needs_secret() => None,
                (Some(_), None) => Some(digest),
                (_, kept) => kept,
            };
            let after = Client { secret, settings, updated_at: now, ..before.clone() };
            after.settings.check(after.is_public())?;
            if after.settings == before.settings && after.secret == before.secret {
                return Ok((before, false));
            }
            let after = clients::upsert(tx, &after).await?;
            audit::append(tx, &told(record, Some(&before), Some(&after))).await?;
            let is_new = before.secret.is_none() && after.secret.is_some();
            Ok::<_, Problem>((after, is_new))
        })
    });
    let (client, is_new) = updated.await?;
    Ok(Made { client, secret: is_new.then_some(fresh) })
}

/// Removes a client. Its grants and API keys end with it.
pub async fn delete(
    app: &App,
    realm: RealmId,
    id: ClientId,
    who: Who,
    now: Timestamp,
) -> Result<(), Problem> {
    let record = who.record_of_realm(app, Event::ClientDeleted, realm, now);
    let deleted = app.db().write("delete a client", move |tx| {
        let (id, record, who) = (id.clone(), record.clone(), who.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            let before = clients::find(tx, realm, &id).await?.ok_or(Problem::NotFound)?;
            who.means(Some(&before))?;
            clients::delete(tx, realm, &id).await?;
            audit::append(tx, &told(record, Some(&before), None)).await?;
            Ok(())
        })
    });
    deleted.await
}

/// The record with what a client was and what it is, as far as they differ. Keys and addresses of people are named, not
/// repeated.
pub fn told(record: Record, before: Option<&Client>, after: Option<&Client>) -> Record {
    let Some(one) = after.or(before) else { return record };
    let nothing = ClientSettings::default();
    let settings =
        |client: Option<&Client>| client.map_or_else(|| nothing.clone(), |client| client.settings.clone());
    let (was, is) = (settings(before), settings(after));
    let names = was.differing(&is);
    let shown = |settings: &ClientSettings| {
        let members = serde_json::to_value(settings).unwrap_or_default();
        let member = |name: &String| match name.as_str() {
            "jwks" | "contacts" => json!("not shown"),
            _ => members[name].clone(),
        };
        names.iter().map(|name| (name.clone(), member(name))).collect::<Map<_, _>>()
    };
    let mut record = record.client(one.id.clone());
    if before.is_some() && !names.is_empty() {
        record = record.with("before", Value::Object(shown(&was)).to_string());
    }
    if after.is_some() && !names.is_empty() {
        record = record.with("after", Value::Object(shown(&is)).to_string());
    }
    let secrets = (before.and_then(|client| client.secret), after.and_then(|client| client.secret));
    match secrets {
        (None, Some(_)) => record.with("secret", "given"),
        (Some(_), None) if after.is_some() => record.with("secret", "taken"),
        (Some(old), Some(new)) if old != new => record.with("secret", "replaced"),
        _ => record,
    }
}
