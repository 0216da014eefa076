//! `/webhooks`: who is told of what happens, in the form and with the signatures of this contract.

use axum::{extract::State, http::StatusCode};
use gatepost_domain::{
    DisplayName, EventId, WebUri, Webhook, WebhookId, WebhookState,
    webhook::{Answer, DeliveryState, Form, zalt},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Refusal,
    envelope::Said,
    sent::{Body, Id, In},
};
use crate::{
    App,
    accounts::{Who, field},
    http::{
        Admin, Now, Problem, Query, Where,
        page::{self, Limit},
    },
    realm::InRealm,
    webhooks::{self, Message, Shown, Wanted},
};

/// A realm has no more.
const MOST: u32 = 100;

fn view(webhook: &Webhook) -> Value {
    json!({
        "id": webhook.id,
        "url": webhook.url.as_str(),
        "description": webhook.name.as_ref().map(DisplayName::as_str),
        "events": zalt::names(&webhook.events),
        "status": if webhook.state == WebhookState::On { "active" } else { "disabled" },
        "created_at": webhook.created_at,
        "updated_at": webhook.updated_at,
        "createdAt": webhook.created_at,
        "updatedAt": webhook.updated_at,
    })
}

fn delivery(Message { delivery: message, next_attempt_at }: &Message) -> Value {
    let status = match message.state() {
        DeliveryState::Waiting => "pending",
        DeliveryState::Delivered => "delivered",
        DeliveryState::Dead => "failed",
    };
    let answered = message.last.and_then(|(_, answer)| match answer {
        Answer::Status(status) => Some(status),
        _ => None,
    });
    json!({
        "id": message.id,
        "event_type": zalt::name(message.event),
        "status": status,
        "attempts": message.attempts,
        "response_status": answered,
        "created_at": message.created_at,
        "last_attempt_at": message.last.map(|(at, _)| at),
        "next_attempt_at": next_attempt_at,
        "eventType": zalt::name(message.event),
        "responseStatus": answered,
        "createdAt": message.created_at,
        "lastAttemptAt": message.last.map(|(at, _)| at),
        "nextAttemptAt": next_attempt_at,
    })
}

fn not_found() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "WEBHOOK_NOT_FOUND", "The realm has no such webhook.")
}

/// The webhook that a path names; one in another form is none of this door.
async fn named(app: &App, realm: &InRealm, id: Option<WebhookId>) -> Result<Webhook, Refusal> {
    match webhooks::find(app, realm.id(), id.ok_or_else(not_found)?).await {
        Ok(found) if found.form == Form::Zalt => Ok(found),
        Ok(_) | Err(Problem::NotFound) => Err(not_found()),
        Err(other) => Err(other.into()),
    }
}

/// A webhook to be made.
#[derive(Deserialize)]
pub struct New {
    url: String,
    events: Vec<String>,
    description: Option<String>,
}

/// Makes one. Its secret is shown this once.
pub async fn create(
    In(Admin(admin)): In<Admin>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<New>,
) -> Result<Said, Refusal> {
    let name = body.description.filter(|text| !text.trim().is_empty());
    let wanted = Wanted {
        url: body.url.parse::<WebUri>().map_err(|refused| field("url", refused))?,
        name: name
            .map(|text| text.parse::<DisplayName>().map_err(|refused| field("description", refused)))
            .transpose()?,
        events: zalt::choose(&body.events).map_err(|refused| field("events", refused))?,
        form: Form::Zalt,
        secret: None,
    };
    let made = webhooks::create(&app, realm.id(), wanted, Who::administrator(&admin, origin), now).await?;
    let secret = made.secret.as_ref().map(|secret| secret.as_str());
    Ok(Said::created(json!({
        "message": "The webhook. Its secret is shown this once.",
        "webhook": view(&made.webhook),
        "secret": secret,
    })))
}

/// Those in this contract's form, in the order they were made.
pub async fn list(
    In(Admin(_)): In<Admin>,
    In(realm): In<InRealm>,
    State(app): State<App>,
) -> Result<Said, Refusal> {
    let found = webhooks::list(&app, realm.id(), None, MOST).await?;
    let all: Vec<Value> = found.iter().filter(|webhook| webhook.form == Form::Zalt).map(view).collect();
    Ok(Said::ok(json!({"total": all.len(), "webhooks": all})))
}

/// One of them.
pub async fn show(
    In(Admin(_)): In<Admin>,
    In(realm): In<InRealm>,
    Id(id): Id<WebhookId>,
    State(app): State<App>,
) -> Result<Said, Refusal> {
    Ok(Said::ok(json!({"webhook": view(&named(&app, &realm, id).await?)})))
}

/// Removes one, with what waits for it.
pub async fn delete(
    In(Admin(admin)): In<Admin>,
    In(realm): In<InRealm>,
    Id(id): Id<WebhookId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Said, Refusal> {
    let found = named(&app, &realm, id).await?;
    webhooks::delete(&app, realm.id(), found.id, Who::administrator(&admin, origin), now).await?;
    Ok(Said::ok(json!({"message": "The webhook is removed.", "id": found.id})))
}

/// Has one sent a message that only says that it arrives.
pub async fn test(
    In(Admin(admin)): In<Admin>,
    In(realm): In<InRealm>,
    Id(id): Id<WebhookId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Said, Refusal> {
    let found = named(&app, &realm, id).await?;
    let who = Who::administrator(&admin, origin);
    let message = webhooks::test(&app, realm.id(), found.id, who, now).await?;
    Ok(Said::ok(json!({"message": "A message is on its way.", "success": true, "delivery_id": message})))
}

/// Which to list.
#[derive(Deserialize)]
pub struct Listing {
    #[serde(default)]
    limit: Limit,
    cursor: Option<EventId>,
}

/// What became of its messages, the newest first.
pub async fn deliveries(
    In(Admin(_)): In<Admin>,
    In(realm): In<InRealm>,
    Id(id): Id<WebhookId>,
    State(app): State<App>,
    In(Query(asked)): In<Query<Listing>>,
) -> Result<Said, Refusal> {
    let (webhook, limit) = (named(&app, &realm, id).await?, asked.limit);
    let shown = Shown { state: None, before: asked.cursor, limit: limit.and_one() };
    let found = webhooks::deliveries(&app, (realm.id(), webhook.id), shown).await?;
    let (found, next_cursor) = page::cut(found, limit, |last| last.delivery.id.to_string());
    let all: Vec<Value> = found.iter().map(delivery).collect();
    Ok(Said::ok(json!({"deliveries": all, "next_cursor": next_cursor})))
}

/// Gives one another secret. There is room for one signature, so the secret before signs no more.
pub async fn rotate_secret(
    In(Admin(admin)): In<Admin>,
    In(realm): In<InRealm>,
    Id(id): Id<WebhookId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Said, Refusal> {
    let found = named(&app, &realm, id).await?;
    let who = Who::administrator(&admin, origin);
    let made = webhooks::rotate_secret(&app, realm.id(), found.id, None, who, now).await?;
    let secret = made.secret.as_ref().map(|secret| secret.as_str());
    Ok(Said::ok(json!({
        "message": "Another secret. It is shown this once.",
        "webhook": view(&made.webhook),
        "secret": secret,
    })))
}
