//! `gatepost webhook list|show|create|update|delete|rotate-secret|test|deliveries|replay`

use std::{slice, time::Duration};

use clap::{Args, Subcommand};
use gatepost_domain::{
    DisplayName, EventId, RealmName, Timestamp, WebUri, WebhookId, lifetime,
    webhook::{DeliveryState, Events, Form},
};

use super::{
    Output, Refusal, Settings, confirm,
    output::table,
    store::{self, refusal},
};
use crate::{
    App,
    accounts::Who,
    api::{DeliveryView, WebhookAndSecret, WebhookView},
    http::Problem,
    realm::Snapshot,
    webhooks::{self, Change, Made, Shown, Wanted},
};

/// Webhooks of a realm.
#[derive(Args)]
pub(super) struct WebhookCommand {
    /// The realm; the default realm unless given
    #[arg(long, value_name = "NAME", global = true)]
    realm: Option<RealmName>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// List the webhooks in the order they were made, without their secrets
    List {
        /// How many at the most
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Show a webhook, without its secret
    Show {
        /// As listed
        id: WebhookId,
    },
    /// Make a webhook. Its secret is shown once
    Create {
        /// Where messages are sent
        url: WebUri,
        /// An event it is told of, as in user.created; give several, or none for everything
        #[arg(long = "event", value_name = "EVENT")]
        events: Vec<String>,
        /// What it is for
        #[arg(long)]
        name: Option<DisplayName>,
        /// How it is told: standard; or zalt or scalekit, for a receiver that was written for one of these
        #[arg(long, default_value = "standard")]
        form: Form,
    },
    /// Change a webhook; what is not given stays
    #[command(group = clap::ArgGroup::new("change").required(true).multiple(true))]
    Update {
        /// As listed
        id: WebhookId,
        /// Where messages are sent
        #[arg(long, group = "change")]
        url: Option<WebUri>,
        /// The events it is told of from now on, in place of those before; '*' for everything
        #[arg(long = "event", value_name = "EVENT", group = "change")]
        events: Vec<String>,
        /// What it is for
        #[arg(long, group = "change")]
        name: Option<DisplayName>,
        /// Whether it is told at all
        #[arg(long, value_name = "TRUE|FALSE", group = "change")]
        enabled: Option<bool>,
    },
    /// Delete a webhook, with what waits for it
    Delete {
        /// As listed
        id: WebhookId,
        /// Delete it
        #[arg(long)]
        yes: bool,
    },
    /// Give a webhook another secret, shown once
    RotateSecret {
        /// As listed
        id: WebhookId,
        /// How long messages are signed with the secret before, too: 24h unless given, 30d at most; a webhook of the form zalt takes 0s alone
        #[arg(long, value_parser = lifetime::parse)]
        overlap: Option<Duration>,
    },
    /// Have a webhook sent a message that only says that it arrives; a running server sends it
    Test {
        /// As listed
        id: WebhookId,
    },
    /// List what was sent to a webhook within 30 days, and what waits for it, the newest first
    Deliveries {
        /// As listed
        id: WebhookId,
        /// Only those that are waiting, delivered or dead
        #[arg(long, value_name = "STATE")]
        state: Option<DeliveryState>,
        /// How many at the most
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Have one message sent once more, or all that did not arrive; a running server sends them
    #[command(
        group = clap::ArgGroup::new("which").required(true),
        override_usage = "gatepost webhook replay [OPTIONS] <ID> <MESSAGE|--dead-since <MOMENT>>"
    )]
    Replay {
        /// As listed
        id: WebhookId,
        /// The message, as listed among the deliveries
        #[arg(group = "which")]
        message: Option<EventId>,
        /// Every message that did not arrive, of those from this moment on, as in 2026-11-22T09:30:00Z
        #[arg(long, value_name = "MOMENT", group = "which")]
        dead_since: Option<Timestamp>,
    },
}

impl WebhookCommand {
    pub(super) async fn run(self, settings: Settings) -> Result<(), Refusal> {
        let app = store::open(&settings).await?;
        let realm = store::realm(&app, self.realm.as_ref()).await?;
        let given = self.realm.map(|name| format!(" --realm {name}")).unwrap_or_default() + &settings.flags();
        self.what.run(&app, &realm, &given, Output::new(self.json)).await
    }
}

impl What {
    /// `given` are the flags that say which webhook it is, for commands to copy.
    async fn run(self, app: &App, realm: &Snapshot, given: &str, output: Output) -> Result<(), Refusal> {
        let (within, who, now) = (realm.id(), Who::operator(), app.clock().now());
        let lost = |id: WebhookId| move |problem| refusal_of(realm, id, problem);
        match self {
            Self::List { limit } => {
                let found = webhooks::list(app, within, None, limit).await.map_err(refusal)?;
                let views: Vec<_> = found.iter().map(WebhookView::from).collect();
                output.show(&views, || rows(&views))
            }
            Self::Show { id } => {
                let found = webhooks::find(app, within, id).await.map_err(lost(id))?;
                let view = WebhookView::from(&found);
                output.show(&view, || rows(slice::from_ref(&view)))
            }
            Self::Create { url, events, name, form } => {
                let events = if events.is_empty() { Events::All } else { chosen(&events)? };
                let wanted = Wanted { url, name, events, form, secret: None };
                let made = webhooks::create(app, within, wanted, who, now).await.map_err(refusal)?;
                show(output, &made, |id, secret| format!("made {id} with secret {secret} (shown this once)"))
            }
            Self::Update { id, url, events, name, enabled } => {
                let events = if events.is_empty() { None } else { Some(chosen(&events)?) };
                let change = Change { url, name: name.map(Some), events, enabled };
                let changed = webhooks::update(app, within, id, change, who, now).await.map_err(lost(id))?;
                let view = WebhookView::from(&changed);
                output.show(&view, || rows(slice::from_ref(&view)))
            }
            Self::Delete { id, yes } => {
                confirm(yes, "the webhook, what waits for it and what is known of what was sent")?;
                webhooks::delete(app, within, id, who, now).await.map_err(lost(id))?;
                output.show(&serde_json::json!({ "id": id }), || format!("deleted {id}"))
            }
            Self::RotateSecret { id, overlap } => {
                let made = webhooks::rotate_secret(app, within, id, overlap, who, now).await;
                let made = made.map_err(lost(id))?;
                let over = made.webhook.previous_secret.is_none();
                let over = if over { "; the one before signs no more" } else { "" };
                show(output, &made, |id, secret| format!("{id}: new secret {secret} (shown this once){over}"))
            }
            Self::Test { id } => {
                let message = webhooks::test(app, within, id, who, now).await;
                let message = message.map_err(|problem| match problem {
                    Problem::WebhookOff => Refusal::new(format!(
                        "webhook {id} is off; `gatepost webhook update {id} --enabled true{given}` turns it on"
                    )),
                    other => refusal_of(realm, id, other),
                })?;
                output.show(&serde_json::json!({ "id": message }), || {
                    format!(
                        "queued {message}; `gatepost webhook deliveries {id}{given}` shows what became of it"
                    )
                })
            }
            Self::Deliveries { id, state, limit } => {
                let shown = Shown { state, before: None, limit };
                let found = webhooks::deliveries(app, (within, id), shown).await.map_err(lost(id))?;
                let views: Vec<_> = found.iter().map(DeliveryView::from).collect();
                output.show(&views, || {
                    let rows: Vec<Vec<String>> = views.iter().map(DeliveryView::row).collect();
                    table(&["ID", "EVENT", "STATE", "ATTEMPTS", "ANSWER", "QUEUED"], &rows)
                })
            }
            Self::Replay { id, message: Some(message), .. } => {
                let replayed = webhooks::replay(app, within, (id, message), who, now).await;
                replayed.map_err(|problem| match problem {
                    Problem::NotFound => Refusal::new(format!(
                        "webhook {id} has no message {message}; `gatepost webhook deliveries {id}{given}` shows those of 30 days"
                    )),
                    other => refusal(other),
                })?;
                output.show(&serde_json::json!({ "replayed": 1 }), || format!("queued {message}"))
            }
            Self::Replay { id, message: None, dead_since } => {
                // clap asks for one of the two.
                let since = dead_since.unwrap_or(now);
                let replayed = webhooks::replay_dead(app, within, (id, since), who, now).await;
                let replayed = replayed.map_err(lost(id))?;
                output.show(&serde_json::json!({ "replayed": replayed }), || {
                    format!("queued {replayed} {}", if replayed == 1 { "message" } else { "messages" })
                })
            }
        }
    }
}

fn rows(webhooks: &[WebhookView]) -> String {
    let rows: Vec<Vec<String>> = webhooks.iter().map(WebhookView::row).collect();
    table(&["ID", "STATE", "FORM", "NAME", "URL", "EVENTS"], &rows)
}

fn chosen(names: &[String]) -> Result<Events, Refusal> {
    Ok(Events::choose(names.iter().map(String::as_str))?)
}

fn show(output: Output, made: &Made, line: impl FnOnce(WebhookId, &str) -> String) -> Result<(), Refusal> {
    let secret = made.secret.as_ref().map(|secret| secret.as_str()).unwrap_or_default();
    output.show(&WebhookAndSecret::from(made), || line(made.webhook.id, secret))
}

fn refusal_of(realm: &Snapshot, id: WebhookId, problem: Problem) -> Refusal {
    match problem {
        Problem::NotFound => Refusal::new(format!(
            "realm {} has no webhook {id}; `gatepost webhook list` shows all, --realm names another realm",
            realm.name()
        )),
        other => refusal(other),
    }
}
