//! Messages are sent to webhooks.
//!
//! Each webhook has a worker of its own while something is due for it, so that one that is slow or gone holds no other up. A lease sees
//! to it that of all processes one works for a webhook at a time: messages go out in the order in which things happened, and none
//! twice without need. What is sent is settled by the statement that expects it unsettled, so that a lease that was lost costs at the
//! most one more try.

use std::{collections::BTreeSet, time::Duration};

use gatepost_domain::{
    OutboxId, RealmId, Webhook, WebhookId, WebhookState,
    audit::{Actor, Event, Record},
    webhook::{Delivery, DeliveryState, PATIENCE as DAYS},
};
use gatepost_store::{Error, audit, meta, webhooks as stored};
use tokio::{task::JoinSet, time::MissedTickBehavior};

use super::LOOK;
use crate::{
    App,
    outgoing::PATIENCE,
    webhooks::{self, Sent},
};

/// Webhooks looked at together.
const PAGE: u32 = 500;
/// So many are worked for at once. Each waits for its receiver, and needs little else.
const WORKERS: usize = 512;
/// Messages on their way to one webhook at once, once it has taken one.
const WIDTH: usize = 8;
/// Messages looked at together: those of one subject go one after the other.
const WINDOW: u32 = 64;
/// How long a webhook is this process's own: longer than one message takes.
const LEASE: Duration = Duration::from_secs(PATIENCE.as_secs() + 5);

/// Sends every message that is due. One that is not taken waits for another call.
pub async fn send_messages(app: &App) -> Result<(), Error> {
    loop {
        let due = due(app, &BTreeSet::new()).await?;
        if due.is_empty() {
            return Ok(());
        }
        let mut working = JoinSet::new();
        for (realm, webhook) in due {
            let app = app.clone();
            working.spawn(async move { work(&app, realm, webhook).await });
        }
        let mut sent = false;
        while let Some(done) = working.join_next().await {
            if let Ok(done) = done {
                sent |= done?;
            }
        }
        // Somebody else works for those that are left.
        if !sent {
            return Ok(());
        }
    }
}

/// Sends messages as soon as there is one, until it is aborted.
pub(super) async fn messages(app: &App) {
    let mut working = JoinSet::new();
    // Those that are worked for, here or by somebody else.
    let (mut busy, mut elsewhere) = (BTreeSet::new(), BTreeSet::new());
    let mut again = tokio::time::interval(LOOK);
    again.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let due = match due(app, &(&busy | &elsewhere)).await {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(%error, "messages for webhooks could not be looked for; it is tried again");
                Vec::new()
            }
        };
        for (realm, webhook) in due {
            if busy.len() < WORKERS {
                busy.insert(webhook);
                let app = app.clone();
                working.spawn(async move { (webhook, work(&app, realm, webhook).await) });
            }
        }
        tokio::select! {
            // Whatever comes first.
            Some(done) = working.join_next() => {
                let Ok((webhook, result)) = done else {
                    // A worker that panicked takes nobody else with it, and its webhook is looked at again.
                    busy = BTreeSet::new();
                    continue;
                };
                busy.remove(&webhook);
                if let Err(error) = &result {
                    tracing::warn!(%error, webhook.id = %webhook, "messages could not be sent; it is tried again");
                }
                if !matches!(result, Ok(true)) {
                    elsewhere.insert(webhook);
                }
            }
            () = app.db().message_queued().notified() => {}
            _ = again.tick() => elsewhere.clear(),
        }
    }
}

/// For which webhooks a message is due, but those that are worked for or left alone.
async fn due(app: &App, busy: &BTreeSet<WebhookId>) -> Result<Vec<(RealmId, WebhookId)>, Error> {
    let now = app.clock().now();
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = app.db().read("look for messages for webhooks", move |tx| {
            Box::pin(async move { stored::waiting(tx, after, PAGE, now).await })
        });
        let page = page.await?;
        after = page.last().map(|(_, webhook)| *webhook);
        let is_last = page.len() < PAGE as usize;
        let idle =
            |webhook: &WebhookId| !busy.contains(webhook) && !app.silent_webhooks().is_silent(webhook, now);
        all.extend(page.into_iter().filter(|(_, webhook)| idle(webhook)));
        if is_last || all.len() >= WORKERS {
            return Ok(all);
        }
    }
}

/// Sends a webhook what is due, until nothing is, or it does not take it. False: somebody else does, or nothing was sent.
async fn work(app: &App, realm: RealmId, webhook: WebhookId) -> Result<bool, Error> {
    let lease = Lease::of(app, webhook);
    let (mut sent, mut width) = (false, 1);
    while lease.hold(app).await? {
        let Some((known, batch)) = next(app, realm, webhook, width).await? else { break };
        let took_it = send_together(app, &known, batch).await?;
        sent = true;
        app.silent_webhooks().note(&webhook, took_it, app.clock().now());
        if !took_it {
            break;
        }
        width = WIDTH;
    }
    lease.release(app).await?;
    Ok(sent)
}

/// The webhook as it is now, and the messages that are to be sent next: at most `width`, and one for each subject.
async fn next(
    app: &App,
    realm: RealmId,
    webhook: WebhookId,
    width: usize,
) -> Result<Option<(Webhook, Vec<Delivery>)>, Error> {
    let now = app.clock().now();
    let found = app.db().read("take messages for a webhook", move |tx| {
        Box::pin(async move {
            let found = stored::find(tx, realm, webhook).await?;
            let Some(found) = found.filter(|found| found.state == WebhookState::On) else { return Ok(None) };
            Ok::<_, Error>(Some((found, stored::due(tx, realm, webhook, WINDOW, now).await?)))
        })
    });
    let Some((found, due)) = found.await? else { return Ok(None) };
    let (mut batch, mut subjects) = (Vec::<Delivery>::new(), BTreeSet::new());
    for message in due {
        if batch.len() < width && subjects.insert(message.subject) {
            batch.push(message);
        }
    }
    Ok(if batch.is_empty() { None } else { Some((found, batch)) })
}

/// Sends messages at once, and keeps what came of each. Whether the webhook is in a state to take more.
async fn send_together(app: &App, webhook: &Webhook, batch: Vec<Delivery>) -> Result<bool, Error> {
    let now = app.clock().now();
    // At once. They end with whoever waits for them.
    let mut sending = JoinSet::new();
    for message in batch {
        let (app, webhook) = (app.clone(), webhook.clone());
        sending.spawn(async move { webhooks::send(&app, &webhook, &message, now).await });
    }
    let sent = sending.join_all().await;
    for one in &sent {
        tell(webhook, one);
    }
    let tried: Vec<Delivery> = sent.iter().map(|one| one.tried.clone()).collect();
    app.db()
        .write("keep what came of messages", move |tx| {
            let tried = tried.clone();
            Box::pin(async move {
                for one in &tried {
                    stored::settle(tx, one).await?;
                }
                Ok::<_, Error>(())
            })
        })
        .await?;
    if sent.iter().any(|one| one.answer.is_last_word()) {
        turn_off(app, webhook, WebhookState::Gone).await?;
    } else if sent.iter().any(|one| one.tried.tells_of_failing(app.clock().now())) {
        turn_off_if_nothing_arrives(app, webhook).await?;
    }
    Ok(!sent.iter().any(|one| one.answer.is_of_all()))
}

fn tell(webhook: &Webhook, Sent { tried, answer }: &Sent) {
    let result = answer.class();
    metrics::counter!("gatepost_webhook_messages_total", "event" => tried.event.name(), "result" => result)
        .increment(1);
    if answer.is_success() {
        return;
    }
    let attempt = tried.attempts;
    if tried.state() == DeliveryState::Dead {
        metrics::counter!("gatepost_webhook_dead_total").increment(1);
        tracing::error!(%answer, webhook.id = %webhook.id, message.id = %tried.id, attempt, "a message did not arrive at a webhook; it is given up");
    } else {
        tracing::warn!(%answer, webhook.id = %webhook.id, message.id = %tried.id, attempt, "a message did not arrive at a webhook; it is tried again");
    }
}

async fn turn_off_if_nothing_arrives(app: &App, webhook: &Webhook) -> Result<(), Error> {
    let (realm, id, since) = (webhook.realm, webhook.id, app.clock().now().minus(DAYS));
    let arrives = app.db().read("look whether messages arrive", move |tx| {
        Box::pin(async move { stored::any_delivered_since(tx, realm, id, since).await })
    });
    if arrives.await? { Ok(()) } else { turn_off(app, webhook, WebhookState::Failing).await }
}

async fn turn_off(app: &App, webhook: &Webhook, state: WebhookState) -> Result<(), Error> {
    let (realm, id, now) = (webhook.realm, webhook.id, app.clock().now());
    let event = app.event_id(now);
    let record = Record::new(event, realm, now, Event::WebhookDisabled, Actor::System)
        .with("webhook", id.to_string())
        .with("reason", state.name());
    let turned_off = app.db().write("turn a webhook off", move |tx| {
        let record = record.clone();
        Box::pin(async move {
            let turned_off = stored::turn_off(tx, realm, id, state, now).await?;
            if turned_off {
                audit::append(tx, &record).await?;
            }
            Ok::<_, Error>(turned_off)
        })
    });
    if turned_off.await? {
        tracing::error!(webhook.id = %id, reason = state.name(), "a webhook was turned off; what waits for it is kept");
    }
    Ok(())
}

/// That a webhook is this process's own.
struct Lease {
    name: String,
    holder: String,
}

impl Lease {
    fn of(app: &App, webhook: WebhookId) -> Self {
        let holder = OutboxId::new(app.clock().now(), app.entropy()).to_string();
        Self { name: format!("webhook {webhook}"), holder }
    }

    async fn hold(&self, app: &App) -> Result<bool, Error> {
        let (name, holder, now) = (self.name.clone(), self.holder.clone(), app.clock().now());
        app.db()
            .write_one("take a webhook", move |tx| {
                let (name, holder) = (name.clone(), holder.clone());
                Box::pin(async move { meta::hold_lease(tx, &name, &holder, LEASE, now).await })
            })
            .await
    }

    async fn release(&self, app: &App) -> Result<(), Error> {
        let (name, holder) = (self.name.clone(), self.holder.clone());
        app.db()
            .write_one("give a webhook back", move |tx| {
                let (name, holder) = (name.clone(), holder.clone());
                Box::pin(async move { meta::release_lease(tx, &name, &holder).await })
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use gatepost_domain::Timestamp;

    use super::*;

    #[test]
    fn a_lease_outlasts_what_is_sent_under_it() {
        assert!(LEASE > PATIENCE);
        assert!(
            Timestamp::from_micros(0).plus(LEASE) < Timestamp::from_micros(60_000_000),
            "and no restart waits long"
        );
    }
}
