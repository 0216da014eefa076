//! Webhooks and their messages, looked at.

use gatepost_domain::{
    EventId, RealmId, Timestamp, Webhook, WebhookId,
    webhook::{Delivery, DeliveryState, WebhookState},
};
use gatepost_store::webhooks as stored;

use crate::{App, http::Problem};

/// Which messages to look at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown {
    /// Those of which that has become.
    pub state: Option<DeliveryState>,
    /// Those older than this.
    pub before: Option<EventId>,
    /// So many at the most.
    pub limit: u32,
}

/// A message as it is looked at.
pub struct Message {
    /// What is kept of it.
    pub delivery: Delivery,
    /// When it is sent next, as far as this process knows. `None`: not any more, or not while its webhook is off.
    pub next_attempt_at: Option<Timestamp>,
}

impl Message {
    fn of(app: &App, webhook: &Webhook, delivery: Delivery) -> Self {
        let due = delivery.due_at.filter(|_| webhook.state == WebhookState::On);
        // One that took nothing of late is left alone, whatever is due.
        let left_alone = app.silent_webhooks().until(&webhook.id);
        Self { delivery, next_attempt_at: due.map(|due| left_alone.map_or(due, |until| due.max(until))) }
    }
}

/// The webhook of an id.
pub async fn find(app: &App, realm: RealmId, id: WebhookId) -> Result<Webhook, Problem> {
    let found =
        app.db().read("find a webhook", move |tx| Box::pin(async move { stored::find(tx, realm, id).await }));
    found.await?.ok_or(Problem::NotFound)
}

/// At most `limit` webhooks of a realm, in the order they were made, after the given one.
pub async fn list(
    app: &App,
    realm: RealmId,
    after: Option<WebhookId>,
    limit: u32,
) -> Result<Vec<Webhook>, Problem> {
    let found = app.db().read("list webhooks", move |tx| {
        Box::pin(async move { stored::list(tx, realm, after, limit).await })
    });
    Ok(found.await?)
}

/// Messages for a webhook, the newest first.
pub async fn deliveries(
    app: &App,
    (realm, id): (RealmId, WebhookId),
    shown: Shown,
) -> Result<Vec<Message>, Problem> {
    let found = app.db().read("list messages for a webhook", move |tx| {
        Box::pin(async move {
            let webhook = stored::find(tx, realm, id).await?.ok_or(Problem::NotFound)?;
            let Shown { state, before, limit } = shown;
            let found = stored::list_deliveries(tx, (realm, id), state, before, limit).await?;
            Ok::<_, Problem>((webhook, found))
        })
    });
    let (webhook, found) = found.await?;
    Ok(found.into_iter().map(|delivery| Message::of(app, &webhook, delivery)).collect())
}

/// One message for a webhook.
pub async fn delivery(
    app: &App,
    realm: RealmId,
    id: WebhookId,
    message: EventId,
) -> Result<Message, Problem> {
    let found = app.db().read("find a message for a webhook", move |tx| {
        Box::pin(async move {
            let webhook = stored::find(tx, realm, id).await?.ok_or(Problem::NotFound)?;
            let found = stored::find_delivery(tx, realm, id, message).await?.ok_or(Problem::NotFound)?;
            Ok::<_, Problem>((webhook, found))
        })
    });
    let (webhook, found) = found.await?;
    Ok(Message::of(app, &webhook, found))
}
