//! `gatepost client list|show|create|update|rotate-secret|delete|token`

mod given;
mod token;

use std::time::Duration;

use clap::{Args, Subcommand};
use gatepost_domain::{
    Client, ClientId, ClientSettings, GrantType, RealmName, Secret, SettingRefused, Timestamp, lifetime,
};
use gatepost_store::clients as stored;
use serde::Serialize;
use serde_json::Value;

use given::{GivenSettings, example};

use super::{
    Output, Refusal, Settings, confirm,
    output::{note, table},
    store::{self, refusal, refusal_of},
};
use crate::{
    App,
    accounts::Who,
    api::ClientView,
    clients::{self, Made},
    differences::{self, Difference},
    http::Problem,
    realm::Snapshot,
};

/// OAuth clients of a realm.
#[derive(Args)]
pub(super) struct ClientCommand {
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
    /// List the clients by id, without their secrets
    List {
        /// How many at the most
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Show a client, without its secret
    Show {
        /// The `client_id`
        id: ClientId,
    },
    /// Make a client. Its secret is made and shown once
    Create {
        /// The `client_id`: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'
        id: ClientId,
        #[command(flatten)]
        given: Box<GivenSettings>,
    },
    /// Change the settings that are named, and no others
    Update {
        /// The `client_id`
        id: ClientId,
        #[command(flatten)]
        given: Box<GivenSettings>,
    },
    /// Give a client another secret, shown once
    RotateSecret {
        /// The `client_id`
        id: ClientId,
        /// How long the secret before stays good; 0s for one that leaked, 30d at most
        #[arg(long, default_value = "24h", value_parser = lifetime::parse)]
        overlap: Duration,
    },
    /// Remove a client with its grants and API keys
    Delete {
        /// The `client_id`
        id: ClientId,
        /// Yes, with its grants and API keys
        #[arg(long)]
        yes: bool,
    },
    /// Initial access tokens: with one, an application registers itself
    Token {
        #[command(subcommand)]
        what: token::What,
    },
}

/// A client, and the secret that was made for it.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    client: ClientView,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// What of it is other than it was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differences: Vec<Difference>,
}

/// A client whose secret was replaced.
#[derive(Serialize)]
struct Rotated {
    #[serde(flatten)]
    shown: Shown,
    /// Until when the one before is good; `null`: it is not.
    previous_secret_until: Option<String>,
}

impl ClientCommand {
    pub(super) async fn run(self, settings: Settings) -> Result<(), Refusal> {
        let app = store::open(&settings).await?;
        let realm = store::realm(&app, self.realm.as_ref()).await?;
        let (output, now) = (Output::new(self.json), app.clock().now());
        let missing = |id: &ClientId| no_such_client(&realm, id);
        match self.what {
            What::List { limit } => list(&app, &realm, limit, output).await,
            What::Show { id } => {
                let client = find(&app, &realm, &id).await?;
                output.show(&ClientView::from(&client), || lines(&client, now))
            }
            What::Create { id, given } => {
                let given = ClientSettings::default().with(&given.members()?).map_err(wrong)?;
                let made = clients::create(&app, realm.id(), id.clone(), given, Who::operator(), now).await;
                let made = made.map_err(|problem| match problem {
                    Problem::ClientExists => Refusal::new(format!(
                        "realm {} has a client {id} already; choose another id, or change it with `gatepost client update {id}`",
                        realm.name()
                    )),
                    other => of_client(&id, other),
                })?;
                show_made(output, &made)
            }
            What::Update { id, given } => {
                let given = given.members()?;
                if given.is_empty() {
                    return Err(Refusal::new("name what to change, as in --set require_pkce=false"));
                }
                let updated =
                    clients::update(&app, realm.id(), id.clone(), given, Who::operator(), now).await;
                let updated = updated.map_err(|problem| match problem {
                    Problem::NotFound => missing(&id),
                    other => of_client(&id, other),
                })?;
                show_updated(output, &updated)
            }
            What::RotateSecret { id, overlap } => {
                let rotated =
                    clients::rotate_secret(&app, realm.id(), id.clone(), overlap, Who::operator(), now).await;
                let rotated = rotated.map_err(|problem| match problem {
                    Problem::NotFound => missing(&id),
                    Problem::NoSecret => Refusal::new(format!(
                        "client {id} has no secret: it proves itself with a key, or not at all; \
                         --set token_endpoint_auth_method=client_secret_basic of `gatepost client update` gives it one"
                    )),
                    other => of_client(&id, other),
                });
                show_rotated(output, &rotated?, now)
            }
            What::Token { what } => what.run(&app, &realm, output, now).await,
            What::Delete { id, yes } => {
                let client = find(&app, &realm, &id).await?;
                confirm(yes, &format!("client {id} with its grants and API keys"))?;
                let deleted = clients::delete(&app, realm.id(), id.clone(), Who::operator(), now).await;
                deleted.map_err(|problem| match problem {
                    Problem::NotFound => missing(&id),
                    other => refusal(other),
                })?;
                output.show(&ClientView::from(&client), || format!("deleted client {id}"))
            }
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn wrong(refused: SettingRefused) -> Refusal {
    let example = example(&refused).map(|example| format!(", as in {example}")).unwrap_or_default();
    Refusal::new(format!("{refused}{example}"))
}

/// The refusal, with the client it is about.
fn of_client(id: &ClientId, problem: Problem) -> Refusal {
    refusal_of(format!("client {id}"))(problem)
}

/// Says so where nobody can get a token with the client. That is not forbidden: the rest may follow.
fn note_unusable(client: &Client) {
    if let Some(why) = unusable(client) {
        note(&why);
    }
}

fn unusable(client: &Client) -> Option<String> {
    let (id, settings) = (&client.id, &client.settings);
    if settings.grants.is_empty() {
        return Some(format!(
            "client {id} can get no token yet: it has no grant; give it one, as in `gatepost client update {id} --grant client_credentials`"
        ));
    }
    let waits = settings.allows(GrantType::AuthorizationCode) && settings.redirect_uris.is_empty();
    let others = settings
        .grants
        .iter()
        .any(|grant| !matches!(grant, GrantType::AuthorizationCode | GrantType::RefreshToken));
    (waits && !others).then(|| {
        format!(
            "nobody can sign in to client {id} yet: it has no redirect URI; give it one, as in \
             `gatepost client update {id} --redirect-uri https://app.example.com/callback`"
        )
    })
}

fn no_such_client(realm: &Snapshot, id: &ClientId) -> Refusal {
    Refusal::new(format!("realm {} has no client {id}; `gatepost client list` shows all", realm.name()))
}

async fn find(app: &App, realm: &Snapshot, id: &ClientId) -> Result<Client, Refusal> {
    let found = clients::find(app, realm.id(), id.clone()).await.map_err(refusal)?;
    found.ok_or_else(|| no_such_client(realm, id))
}

async fn list(app: &App, realm: &Snapshot, limit: u32, output: Output) -> Result<(), Refusal> {
    let id = realm.id();
    let found = app
        .db()
        .read("list clients", move |tx| Box::pin(async move { stored::list(tx, id, None, limit).await }))
        .await?;
    let views: Vec<ClientView> = found.iter().map(ClientView::from).collect();
    output.show(&views, || {
        let rows: Vec<Vec<String>> = views.iter().map(ClientView::row).collect();
        table(&["ID", "NAME", "KIND", "SCOPES"], &rows)
    })
}

impl From<&Made> for Shown {
    fn from(made: &Made) -> Self {
        Self {
            client: ClientView::from(&made.client),
            secret: made.secret.as_ref().map(|secret| secret.reveal().to_owned()),
            differences: made.differences.clone(),
        }
    }
}

impl Made {
    /// The secret that was made, as it is shown.
    fn with_secret(&self) -> String {
        let secret = self.secret.as_ref().map(Secret::reveal);
        secret.map(|secret| format!(" with secret {secret} (shown this once)")).unwrap_or_default()
    }
}

fn show_made(output: Output, made: &Made) -> Result<(), Refusal> {
    output.show(&Shown::from(made), || format!("made client {}{}", made.client.id, made.with_secret()))?;
    note_unusable(&made.client);
    Ok(())
}

fn show_updated(output: Output, made: &Made) -> Result<(), Refusal> {
    output.show(&Shown::from(made), || {
        let id = &made.client.id;
        if made.differences.is_empty() {
            return format!("nothing to change: client {id} is so already");
        }
        format!("changed client {id}{}{}", differences::listed(&made.differences), made.with_secret())
    })?;
    note_unusable(&made.client);
    Ok(())
}

/// Also how long the secret before is good: until when it can be replaced wherever it is used.
fn show_rotated(output: Output, made: &Made, now: Timestamp) -> Result<(), Refusal> {
    let secret = made.secret.as_ref().map(|secret| secret.reveal().to_owned());
    let until = previous_until(&made.client, now);
    let shown = Rotated {
        shown: Shown { differences: Vec::new(), ..made.into() },
        previous_secret_until: until.map(|until| until.to_string()),
    };
    output.show(&shown, || {
        let secret = secret.unwrap_or_default();
        let line = format!("client {} has another secret: {secret} (shown this once)", made.client.id);
        match until {
            Some(until) => format!("{line}\nthe one before is good until {until}"),
            None => format!("{line}\nthe one before is refused from now on"),
        }
    })
}

/// Until when the secret before is good, if it is.
fn previous_until(client: &Client, now: Timestamp) -> Option<Timestamp> {
    client.previous_secret.as_ref().map(|previous| previous.until).filter(|until| *until > now)
}

/// What differs from the default, a setting a line.
fn lines(client: &Client, now: Timestamp) -> String {
    let members = serde_json::to_value(&client.settings).unwrap_or_default();
    let kind = if client.is_public() { "public" } else { "confidential" };
    let mut rows = vec![
        ("id".to_owned(), client.id.to_string()),
        ("kind".to_owned(), kind.to_owned()),
        ("origin".to_owned(), client.origin.as_str().to_owned()),
        ("created".to_owned(), client.created_at.to_string()),
        ("updated".to_owned(), client.updated_at.to_string()),
    ];
    let until = previous_until(client, now);
    rows.extend(until.map(|until| ("previous_secret_until".to_owned(), until.to_string())));
    for name in client.settings.differing(&ClientSettings::default()) {
        let value = match &members[&name] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        rows.push((name, value));
    }
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default() + 2;
    rows.iter().map(|(name, value)| format!("{name:<width$}{value}")).collect::<Vec<_>>().join("\n")
}
