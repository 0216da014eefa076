//! Webhooks are made, changed and removed.

use std::time::Duration;

use gatepost_domain::{
    DisplayName, EventId, RealmId, Timestamp, WebUri, Webhook, WebhookId, WebhookState,
    audit::{Event, Record},
    webhook::{Events, Form, LONGEST_OVERLAP, MOST, Message},
};
use gatepost_jose::webhook::Secret;
use gatepost_store::{audit, webhooks as stored};
use zeroize::Zeroizing;

use super::secret;
use crate::{
    App,
    accounts::{Who, field},
    http::Problem,
};

/// How long the secret before signs on unless it is said how long.
const OVERLAP: Duration = Duration::from_hours(24);

/// So many messages are sent once more at a time.
const REPLAYED: u32 = 1_000;

/// What a webhook is to be.
#[derive(Debug)]
pub struct Wanted {
    /// Where messages are sent.
    pub url: WebUri,
    /// What it is for.
    pub name: Option<DisplayName>,
    /// Of what it is told.
    pub events: Events,
    /// How it is told.
    pub form: Form,
    /// What messages are signed with; a fresh one unless given.
    pub secret: Option<Secret>,
}

/// A webhook, and its secret where it has a new one.
pub struct Made {
    /// As it is now.
    pub webhook: Webhook,
    /// Its new secret, to be shown this once.
    pub secret: Option<Zeroizing<String>>,
}

/// What of a webhook is to be different. `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Where messages are sent.
    pub url: Option<WebUri>,
    /// What it is for.
    pub name: Option<Option<DisplayName>>,
    /// Of what it is told.
    pub events: Option<Events>,
    /// Whether it is told at all.
    pub enabled: Option<bool>,
}

impl Change {
    /// The webhook with the changes, and the names of what is other than it was.
    fn of(&self, before: &Webhook, now: Timestamp) -> (Webhook, Vec<&'static str>) {
        let state = match self.enabled {
            Some(true) => WebhookState::On,
            Some(false) if before.state == WebhookState::On => WebhookState::Off,
            Some(false) | None => before.state,
        };
        let after = Webhook {
            url: self.url.clone().unwrap_or_else(|| before.url.clone()),
            name: self.name.clone().unwrap_or_else(|| before.name.clone()),
            events: self.events.clone().unwrap_or_else(|| before.events.clone()),
            state,
            updated_at: now,
            ..before.clone()
        };
        let differ = [
            ("url", after.url != before.url),
            ("name", after.name != before.name),
            ("events", after.events != before.events),
            ("state", after.state != before.state),
        ];
        let names = differ.iter().filter(|(_, differs)| *differs).map(|(name, _)| *name).collect();
        (after, names)
    }
}

/// Makes a webhook.
pub async fn create(
    app: &App,
    realm: RealmId,
    wanted: Wanted,
    who: Who,
    now: Timestamp,
) -> Result<Made, Problem> {
    check(app, &wanted.url)?;
    tells(wanted.form, &wanted.events)?;
    let id = WebhookId::new(now, app.entropy());
    let secret = wanted.secret.unwrap_or_else(|| secret::fresh(app));
    let webhook = Webhook {
        id,
        realm,
        name: wanted.name,
        url: wanted.url,
        events: wanted.events,
        form: wanted.form,
        state: WebhookState::On,
        sealed_secret: secret::seal(app, realm, id, &secret),
        previous_secret: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    let record = record(app, &who, Event::WebhookCreated, (realm, id), now);
    let record = record.with("host", host(&webhook)).with("events", webhook.events.names().join(" "));
    let made = webhook.clone();
    app.db()
        .write("make a webhook", move |tx| {
            let (webhook, record, who) = (made.clone(), record.clone(), who.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                if stored::count(tx, realm).await? >= MOST {
                    return Err(Problem::TooMany { what: "webhooks", most: MOST });
                }
                stored::create(tx, &webhook).await?;
                audit::append(tx, &record).await?;
                Ok(())
            })
        })
        .await?;
    Ok(Made { webhook, secret: Some(secret.reveal()) })
}

/// Changes a webhook. What waits for it is sent as it says from then on.
pub async fn update(
    app: &App,
    realm: RealmId,
    id: WebhookId,
    change: Change,
    who: Who,
    now: Timestamp,
) -> Result<Webhook, Problem> {
    if let Some(url) = &change.url {
        check(app, url)?;
    }
    let record = record(app, &who, Event::WebhookUpdated, (realm, id), now);
    let updated = app.db().write("change a webhook", move |tx| {
        let (change, record, who) = (change.clone(), record.clone(), who.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            let before = stored::find(tx, realm, id).await?.ok_or(Problem::NotFound)?;
            who.means(Some(&before))?;
            if let Some(events) = &change.events {
                tells(before.form, events)?;
            }
            let (after, changed) = change.of(&before, now);
            if changed.is_empty() {
                return Ok(before);
            }
            let after = stored::update(tx, &after).await?.ok_or(Problem::NotFound)?;
            let record = record.with("changed", changed.join(" ")).with("host", host(&after));
            let record =
                record.with("events", after.events.names().join(" ")).with("state", after.state.name());
            audit::append(tx, &record).await?;
            Ok::<_, Problem>(after)
        })
    });
    let updated = updated.await?;
    // Somebody repaired it, or wants to know: what waits is not to wait for another pause.
    app.silent_webhooks().forget(&id);
    app.db().message_queued().notify_one();
    Ok(updated)
}

/// Gives a webhook another secret. For as long as `overlap` says, messages are signed with the one before too: for a day unless given, and not
/// at all where the form of the messages has room for one signature.
pub async fn rotate_secret(
    app: &App,
    realm: RealmId,
    id: WebhookId,
    overlap: Option<Duration>,
    who: Who,
    now: Timestamp,
) -> Result<Made, Problem> {
    if overlap.is_some_and(|overlap| overlap > LONGEST_OVERLAP) {
        let reason = "the secret before signs for 30 days at most".into();
        return Err(Problem::InvalidField { field: "overlap", reason });
    }
    let secret = secret::fresh(app);
    let sealed = secret::seal(app, realm, id, &secret);
    let record = record(app, &who, Event::WebhookUpdated, (realm, id), now).with("secret", "replaced");
    let rotated = app.db().write("rotate the secret of a webhook", move |tx| {
        let (sealed, record, who) = (sealed.clone(), record.clone(), who.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            let before = stored::find(tx, realm, id).await?.ok_or(Problem::NotFound)?;
            who.means(Some(&before))?;
            // Whoever reads Zalt's headers looks at one signature.
            let overlap = match (before.form, overlap) {
                (Form::Zalt, Some(overlap)) if !overlap.is_zero() => {
                    let reason = "a message in the form zalt has one signature, so the secret before signs no more; give 0s, or leave it out";
                    return Err(Problem::InvalidField { field: "overlap", reason: reason.into() });
                }
                (Form::Zalt, _) => Duration::ZERO,
                (Form::Standard | Form::Scalekit, overlap) => overlap.unwrap_or(OVERLAP),
            };
            let previous_secret =
                (!overlap.is_zero()).then(|| (before.sealed_secret.clone(), now.plus(overlap)));
            let after = Webhook { sealed_secret: sealed, previous_secret, updated_at: now, ..before };
            let after = stored::update(tx, &after).await?.ok_or(Problem::NotFound)?;
            audit::append(tx, &record).await?;
            Ok::<_, Problem>(after)
        })
    });
    let webhook = rotated.await?;
    app.silent_webhooks().forget(&id);
    Ok(Made { webhook, secret: Some(secret.reveal()) })
}

/// Removes a webhook, with what waits for it and what is known of what was sent.
pub async fn delete(
    app: &App,
    realm: RealmId,
    id: WebhookId,
    who: Who,
    now: Timestamp,
) -> Result<(), Problem> {
    let record = record(app, &who, Event::WebhookDeleted, (realm, id), now);
    let deleted = app.db().write("delete a webhook", move |tx| {
        let (record, who) = (record.clone(), who.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            let before = stored::find(tx, realm, id).await?.ok_or(Problem::NotFound)?;
            who.means(Some(&before))?;
            stored::delete(tx, realm, id).await?;
            audit::append(tx, &record.with("host", host(&before))).await?;
            Ok::<_, Problem>(())
        })
    });
    deleted.await
}

/// Has a webhook sent a message that only says that it arrives. The id of it.
pub async fn test(
    app: &App,
    realm: RealmId,
    id: WebhookId,
    who: Who,
    now: Timestamp,
) -> Result<EventId, Problem> {
    let record = record(app, &who, Event::WebhookTested, (realm, id), now);
    let message = Message::test(record.id, realm, now);
    let queued = app.db().write("test a webhook", move |tx| {
        let (record, who, message) = (record.clone(), who.clone(), message.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            let found = stored::find(tx, realm, id).await?.ok_or(Problem::NotFound)?;
            if found.state != WebhookState::On {
                return Err(Problem::WebhookOff);
            }
            stored::send(tx, id, &message, now).await?;
            audit::append(tx, &record).await?;
            Ok(message.id)
        })
    });
    let message = queued.await?;
    app.silent_webhooks().forget(&id);
    Ok(message)
}

/// Has a message sent once more that is not tried any more, whatever became of it. One that still waits stays as it is.
pub async fn replay(
    app: &App,
    realm: RealmId,
    (id, message): (WebhookId, EventId),
    who: Who,
    now: Timestamp,
) -> Result<(), Problem> {
    let record =
        record(app, &who, Event::WebhookReplayed, (realm, id), now).with("message", message.to_string());
    let replayed = app.db().write("replay a message", move |tx| {
        let (record, who) = (record.clone(), who.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            stored::find_delivery(tx, realm, id, message).await?.ok_or(Problem::NotFound)?;
            if stored::replay(tx, realm, id, message, now).await? {
                audit::append(tx, &record).await?;
            }
            Ok::<_, Problem>(())
        })
    });
    replayed.await?;
    app.silent_webhooks().forget(&id);
    Ok(())
}

/// Has every message sent once more that did not arrive and was queued since a moment. How many.
pub async fn replay_dead(
    app: &App,
    realm: RealmId,
    (id, since): (WebhookId, Timestamp),
    who: Who,
    now: Timestamp,
) -> Result<u64, Problem> {
    let record = record(app, &who, Event::WebhookReplayed, (realm, id), now).with("since", since.to_string());
    let mut replayed = 0;
    loop {
        let (record, who) = (record.clone(), who.clone());
        let first = replayed == 0;
        let some = app.db().write("replay messages", move |tx| {
            let (record, who) = (record.clone(), who.clone());
            Box::pin(async move {
                who.still_may(tx, now).await?;
                stored::find(tx, realm, id).await?.ok_or(Problem::NotFound)?;
                let some = stored::replay_dead(tx, (realm, id), since, REPLAYED, now).await?;
                if some > 0 && first {
                    audit::append(tx, &record).await?;
                }
                Ok::<_, Problem>(some)
            })
        });
        let some = some.await?;
        replayed += some;
        if some < u64::from(REPLAYED) {
            app.silent_webhooks().forget(&id);
            return Ok(replayed);
        }
    }
}

fn check(app: &App, url: &WebUri) -> Result<(), Problem> {
    app.outgoing()
        .takes_messages(url)
        .map_err(|refused| Problem::InvalidField { field: "url", reason: refused.to_string().into() })
}

fn tells(form: Form, events: &Events) -> Result<(), Problem> {
    form.check(events).map_err(|untold| field("events", untold))
}

fn record(app: &App, who: &Who, event: Event, (realm, id): (RealmId, WebhookId), now: Timestamp) -> Record {
    who.record_of_realm(app, event, realm, now).with("webhook", id.to_string())
}

/// The rest of an address may hold what only its owner should know.
fn host(webhook: &Webhook) -> String {
    webhook.url.host().unwrap_or_default()
}
