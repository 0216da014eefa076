//! Clients are made, changed and removed. The API and the commands come through here.

use std::{sync::Arc, time::Duration};

use gatepost_domain::{
    Client, ClientAuthMethod, ClientId, ClientOrigin, ClientSettings, RealmId, Secret, SecretDigest,
    SettingRefused, Timestamp,
    audit::{Event, Record},
    client::{LONGEST_OVERLAP, PreviousSecret, check_id},
};
use gatepost_store::{Tx, audit, clients, organizations};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::keys;
use crate::{
    App,
    accounts::Who,
    differences::{self, Difference},
    http::Problem,
};

/// What client secrets begin with, so that a scanner finds one that leaked.
const PREFIX: &str = "gp_cs_";

/// A client that was made or changed.
#[derive(Debug)]
pub struct Made {
    /// As it is now.
    pub client: Client,
    /// Its new secret, if it was given one. To be shown this once.
    pub secret: Option<Secret>,
    /// What is other than it was. Nothing of a client that is new.
    pub differences: Vec<Difference>,
}

/// A fresh client secret.
pub fn new_secret(app: &App) -> Secret {
    Secret::generate(PREFIX, app.entropy())
}

/// What secrets of clients are sealed for.
const PURPOSE: &str = "client-secret";

fn context(realm: RealmId, id: &ClientId) -> Vec<u8> {
    [realm.as_bytes().as_slice(), id.as_str().as_bytes()].concat()
}

/// The secret under the master key. For a client whose method needs the secret itself; of all others only the digest is kept.
pub fn sealed(app: &App, realm: RealmId, id: &ClientId, secret: &Secret) -> Vec<u8> {
    app.master_key().seal(PURPOSE, &context(realm, id), secret.reveal().as_bytes(), app.entropy())
}

/// The secret itself, if it is kept.
pub(super) fn unsealed(app: &App, client: &Client) -> Result<Option<Zeroizing<Vec<u8>>>, Problem> {
    let context = context(client.realm, &client.id);
    let opened =
        client.sealed_secret.as_deref().map(|sealed| app.master_key().open(PURPOSE, &context, sealed));
    opened.transpose().map_err(Problem::internal)
}

/// A fresh secret in each of the forms that may be kept.
#[derive(Clone)]
pub struct Secrets {
    digest: SecretDigest,
    sealed: Vec<u8>,
}

impl Secrets {
    /// Of a secret that a client is to have.
    pub fn of(app: &App, realm: RealmId, id: &ClientId, secret: &Secret) -> Self {
        Self { digest: secret.digest(), sealed: sealed(app, realm, id, secret) }
    }

    /// The client with this as its secret, and with no other: not the one before either.
    #[must_use]
    pub fn given_to(&self, client: Client) -> Client {
        let jwt = client.settings.token_endpoint_auth_method == Some(ClientAuthMethod::ClientSecretJwt);
        Client {
            secret: Some(self.digest),
            previous_secret: None,
            sealed_secret: jwt.then(|| self.sealed.clone()),
            ..client
        }
    }
}

/// The client with the secret it needs under its settings: the one it has, as far as that will do, or the fresh one. True: it is
/// the fresh one.
pub fn fitted(client: Client, fresh: &Secrets) -> (Client, bool) {
    let jwt = client.settings.token_endpoint_auth_method == Some(ClientAuthMethod::ClientSecretJwt);
    let named = client.settings.token_endpoint_auth_method.is_some();
    if !client.settings.needs_secret() {
        return (Client { secret: None, previous_secret: None, sealed_secret: None, ..client }, false);
    }
    let lacks = client.secret.is_none() && named || jwt && client.sealed_secret.is_none();
    if lacks {
        return (fresh.given_to(client), true);
    }
    let sealed_secret = if jwt { client.sealed_secret } else { None };
    (Client { sealed_secret, ..client }, false)
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
    check_usable(&settings)?;
    let secret = settings.needs_secret().then(|| new_secret(app));
    let client = Client {
        id,
        realm,
        secret: None,
        previous_secret: None,
        sealed_secret: None,
        settings,
        origin: ClientOrigin::Managed,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    let client = match &secret {
        Some(secret) => Secrets::of(app, realm, &client.id, secret).given_to(client),
        None => client,
    };
    let record = told(who.record_of_realm(app, Event::ClientCreated, realm, now), None, Some(&client));
    let made = app.db().write("make a client", move |tx| {
        let (client, record, who) = (client.clone(), record.clone(), who.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            if clients::find(tx, realm, &client.id).await?.is_some() {
                return Err(Problem::ClientExists);
            }
            check_organization(tx, realm, &client.settings).await?;
            let client = clients::upsert(tx, &client).await?;
            audit::append(tx, &record).await?;
            Ok(client)
        })
    });
    let client = made.await?;
    app.realms().forget(realm);
    Ok(Made { client, secret, differences: Vec::new() })
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
    let (secrets, changes) = (Secrets::of(app, realm, &id, &fresh), Arc::new(changes));
    let record = who.record_of_realm(app, Event::ClientUpdated, realm, now);
    let updated = app.db().write("change a client", move |tx| {
        let (id, changes, secrets) = (id.clone(), Arc::clone(&changes), secrets.clone());
        let (record, who) = (record.clone(), who.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            let before = clients::find(tx, realm, &id).await?.ok_or(Problem::NotFound)?;
            who.means(Some(&before))?;
            if matches!(before.origin, ClientOrigin::Document { .. }) {
                let reason = "this client is described at its address, and is what that says".into();
                return Err(Problem::InvalidField { field: "id", reason });
            }
            let settings = before.settings.with(&changes)?;
            let (after, is_new) = fitted(Client { settings, updated_at: now, ..before.clone() }, &secrets);
            after.settings.check(after.is_public())?;
            check_usable(&after.settings)?;
            if after.settings.organization != before.settings.organization {
                check_organization(tx, realm, &after.settings).await?;
            }
            if after.settings == before.settings && after.secret == before.secret {
                return Ok((before, false, Vec::new()));
            }
            let after = clients::upsert(tx, &after).await?;
            audit::append(tx, &told(record, Some(&before), Some(&after))).await?;
            let differences = differences(&before, &after);
            Ok::<_, Problem>((after, is_new, differences))
        })
    });
    let (client, is_new, differences) = updated.await?;
    app.realms().forget(realm);
    Ok(Made { client, secret: is_new.then_some(fresh), differences })
}

/// Gives a client another secret. The one before stays good for as long as `overlap` says, to be replaced wherever it is used; not
/// where the secret itself must be known, which is one.
pub async fn rotate_secret(
    app: &App,
    realm: RealmId,
    id: ClientId,
    overlap: Duration,
    who: Who,
    now: Timestamp,
) -> Result<Made, Problem> {
    if overlap > LONGEST_OVERLAP {
        let reason = "the secret before is good for 30 days at most".into();
        return Err(Problem::InvalidField { field: "overlap", reason });
    }
    let fresh = new_secret(app);
    let secrets = Secrets::of(app, realm, &id, &fresh);
    let record = who.record_of_realm(app, Event::ClientUpdated, realm, now);
    let rotated = app.db().write("rotate a client's secret", move |tx| {
        let (id, secrets, record, who) = (id.clone(), secrets.clone(), record.clone(), who.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            let before = clients::find(tx, realm, &id).await?.ok_or(Problem::NotFound)?;
            who.means(Some(&before))?;
            let Some(digest) = before.secret else { return Err(Problem::NoSecret) };
            let mut after = secrets.given_to(Client { updated_at: now, ..before.clone() });
            if !overlap.is_zero() {
                after.previous_secret = Some(PreviousSecret { digest, until: now.plus(overlap) });
            }
            let after = clients::upsert(tx, &after).await?;
            audit::append(tx, &told(record, Some(&before), Some(&after))).await?;
            let differences = differences(&before, &after);
            Ok((after, differences))
        })
    });
    let (client, differences) = rotated.await?;
    app.realms().forget(realm);
    Ok(Made { client, secret: Some(fresh), differences })
}

/// Whether the keys given by value can verify anything: told at once, and not at the first sign-in.
pub fn check_usable(settings: &ClientSettings) -> Result<(), Problem> {
    let Some(keys) = &settings.jwks else { return Ok(()) };
    let refused = |reason: String| Problem::InvalidField { field: "jwks", reason: reason.into() };
    let usable = keys::usable(keys.as_json().clone(), settings.token_endpoint_auth_signing_alg);
    match usable {
        Err(error) => Err(refused(error.to_string())),
        Ok(usable) if usable.is_empty() => Err(refused(
            "no key of it can verify a signature; write RSA keys of 2048 bits or more, P-256 or Ed25519"
                .into(),
        )),
        Ok(_) => Ok(()),
    }
}

/// The most clients of one organization.
const MOST_OF_ORGANIZATION: u64 = 100;

/// The organization of a client is there, and has room for it.
async fn check_organization(tx: &mut Tx, realm: RealmId, settings: &ClientSettings) -> Result<(), Problem> {
    if let Some(refused) = other_organization(tx, realm, settings).await? {
        return Err(refused.into());
    }
    let Some(organization) = settings.organization else { return Ok(()) };
    let there = clients::list_of_organization(tx, realm, organization).await?.len() as u64;
    if there >= MOST_OF_ORGANIZATION {
        return Err(Problem::TooMany { what: "clients of one organization", most: MOST_OF_ORGANIZATION });
    }
    Ok(())
}

/// What is wrong where the organization of a client is none of the realm.
pub async fn other_organization(
    tx: &mut Tx,
    realm: RealmId,
    settings: &ClientSettings,
) -> Result<Option<SettingRefused>, gatepost_store::Error> {
    let Some(organization) = settings.organization else { return Ok(None) };
    let reason = "the realm has no such organization; write its id, as listed";
    let found = organizations::find(tx, realm, organization).await?;
    Ok(found.is_none().then(|| SettingRefused::new("organization", reason)))
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
            Ok::<_, Problem>(())
        })
    });
    deleted.await?;
    app.realms().forget(realm);
    Ok(())
}

/// The longest value of a setting that is kept in the audit trail, in bytes.
const LONGEST_TOLD: usize = 2_048;

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
            // What is long is cut: a trail that is kept for years is not for a client to fill.
            _ if members[name].to_string().len() > LONGEST_TOLD => json!("too long to show"),
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
    let secret = |client: Option<&Client>| client.and_then(|client| client.secret);
    match became(secret(before), secret(after)) {
        // With the client that is deleted goes its secret; that needs no word.
        Some(word) if after.is_some() => record.with("secret", word),
        _ => record,
    }
}

/// What became of a secret, if it is not what it was.
fn became(before: Option<SecretDigest>, after: Option<SecretDigest>) -> Option<&'static str> {
    match (before, after) {
        (None, Some(_)) => Some("given"),
        (Some(_), None) => Some("taken"),
        (Some(old), Some(new)) if old != new => Some("replaced"),
        _ => None,
    }
}

/// What of a client is other than it was, for whoever changed it.
pub fn differences(before: &Client, after: &Client) -> Vec<Difference> {
    let mut all = differences::between(&before.settings, &after.settings);
    all.extend(became(before.secret, after.secret).map(|word| Difference::said("secret", word)));
    all.extend(Difference::of("origin", &before.origin.as_str(), &after.origin.as_str()));
    all
}
