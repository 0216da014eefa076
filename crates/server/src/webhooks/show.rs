//! Webhooks and their messages, looked at.

use gatepost_domain::{
    EventId, RealmId, Webhook, WebhookId,
    webhook::{Delivery, DeliveryState},
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
) -> Result<Vec<Delivery>, Problem> {
    app.db()
        .read("list messages for a webhook", move |tx| {
            Box::pin(async move {
                stored::find(tx, realm, id).await?.ok_or(Problem::NotFound)?;
                let Shown { state, before, limit } = shown;
                Ok(stored::list_deliveries(tx, (realm, id), state, before, limit).await?)
            })
        })
        .await
}

/// One message for a webhook.
pub async fn delivery(
    app: &App,
    realm: RealmId,
    id: WebhookId,
    message: EventId,
) -> Result<Delivery, Problem> {
    let found = app.db().read("find a message for a webhook", move |tx| {
        Box::pin(async move { stored::find_delivery(tx, realm, id, message).await })
    });
    found.await?.ok_or(Problem::NotFound)
}
