//! `gatepost realm list|show|create|interceptor-secret|sms-secret|delete`

use std::time::Duration;

use clap::{Args, Subcommand};
use gatepost_domain::{
    Profile, Realm, RealmId, RealmName, RealmSettings,
    audit::{Actor, Event, Record},
    lifetime, publishable_key,
};
use gatepost_store::{audit, realms};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    Output, Refusal, Settings, confirm,
    output::table,
    provider::{self, ProviderView},
    store,
};
use crate::{
    App,
    accounts::Who,
    differences,
    realm::{Snapshot, issuer_of},
    request_secrets::{self, Signs},
};

/// Realms: isolated tenants with users, clients, keys and settings of their own.
#[derive(Args)]
pub(super) struct RealmCommand {
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// List every realm
    List,
    /// Show a realm, its settings and the providers that people sign in by
    Show {
        /// The realm's name
        name: RealmName,
    },
    /// Make a realm with default settings; `gatepost apply` makes one from a file
    Create {
        /// 3 to 64 of a-z, 0-9 and -
        name: RealmName,
    },
    /// Make or replace the secret that requests to the realm's interceptors are signed with, shown once
    InterceptorSecret {
        /// The realm's name
        name: RealmName,
        /// How long requests are signed with the secret before, too; 30d at most
        #[arg(long, default_value = "24h", value_parser = lifetime::parse)]
        overlap: Duration,
    },
    /// Make or replace the secret that requests to the sender of the realm's text messages are signed with, shown once
    SmsSecret {
        /// The realm's name
        name: RealmName,
        /// How long requests are signed with the secret before, too; 30d at most
        #[arg(long, default_value = "24h", value_parser = lifetime::parse)]
        overlap: Duration,
    },
    /// Remove a realm with everything in it: users, clients, keys, organizations. Its audit trail stays in the store
    Delete {
        /// The realm's name
        name: RealmName,
        /// Yes, everything in it; nothing brings it back but a backup
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Serialize)]
struct RealmView {
    name: String,
    id: String,
    default: bool,
    issuer: String,
    /// Whom tokens are for: the issuer where the settings name nobody.
    audience: Vec<String>,
    /// What names the realm in the open, where its profile has that.
    #[serde(skip_serializing_if = "Option::is_none")]
    publishable_key: Option<String>,
    settings: RealmSettings,
}

/// One realm, with what takes another look to know.
#[derive(Serialize)]
struct Detailed {
    #[serde(flatten)]
    realm: RealmView,
    providers: Vec<ProviderView>,
}

impl RealmCommand {
    pub(super) async fn run(self, settings: Settings) -> Result<(), Refusal> {
        let app = store::open(&settings).await?;
        let output = Output::new(self.json);
        let view = |realm: &Realm| RealmView {
            name: realm.name.to_string(),
            id: realm.id.to_string(),
            default: realm.is_default,
            issuer: issuer_of(realm, app.public_url()),
            audience: audience(realm, &app),
            publishable_key: (realm.settings.profile == Profile::Zalt).then(|| publishable_key::of(realm.id)),
            settings: realm.settings.clone(),
        };
        match self.what {
            What::List => {
                let all = app
                    .db()
                    .read("list realms", |tx| Box::pin(async move { realms::list(tx, None, 10_000).await }))
                    .await?;
                let views: Vec<RealmView> = all.iter().map(view).collect();
                output.show(&views, || {
                    let rows: Vec<Vec<String>> = views
                        .iter()
                        .map(|realm| {
                            let default = if realm.default { "yes" } else { "" };
                            vec![realm.name.clone(), default.to_owned(), realm.issuer.clone()]
                        })
                        .collect();
                    table(&["NAME", "DEFAULT", "ISSUER"], &rows)
                })
            }
            What::Show { name } => {
                let snapshot = store::realm(&app, Some(&name)).await?;
                let id = snapshot.id();
                let found = app
                    .db()
                    .read("find a realm", move |tx| Box::pin(async move { realms::find(tx, id).await }))
                    .await?
                    .ok_or_else(|| Refusal::new(format!("there is no realm {name}")))?;
                let shown =
                    Detailed { realm: view(&found), providers: provider::all(&app, &snapshot).await? };
                output.show(&shown, || {
                    let view = &shown.realm;
                    let settings = Shown::of(&view.settings);
                    let mut rows = vec![
                        vec!["name".to_owned(), view.name.clone()],
                        vec!["id".to_owned(), view.id.clone()],
                        vec!["issuer".to_owned(), settings.marked("issuer", view.issuer.clone())],
                        vec!["audience".to_owned(), settings.marked("audience", view.audience.join(", "))],
                        vec!["default".to_owned(), if view.default { "yes" } else { "no" }.to_owned()],
                    ];
                    let key = view.publishable_key.iter();
                    rows.extend(key.map(|key| vec!["publishable key".to_owned(), key.clone()]));
                    // Issuer and audience stand above.
                    let names =
                        settings.is.keys().filter(|name| !["issuer", "audience"].contains(&name.as_str()));
                    rows.extend(names.map(|name| {
                        vec![name.clone(), settings.marked(name, said(name, &settings.is[name]))]
                    }));
                    let providers = shown.providers.iter();
                    rows.extend(
                        providers.map(|provider| vec![format!("provider {}", provider.id), provider.line()]),
                    );
                    table(&["SETTING", "VALUE"], &rows)
                })
            }
            What::InterceptorSecret { name, overlap } => {
                replace_secret(&app, output, (&name, Signs::Interceptors), overlap).await
            }
            What::SmsSecret { name, overlap } => {
                replace_secret(&app, output, (&name, Signs::Sms), overlap).await
            }
            What::Delete { name, yes } => {
                let snapshot = store::realm(&app, Some(&name)).await?;
                delete(&app, &snapshot, yes).await?;
                let gone = serde_json::json!({"name": name.to_string(), "id": snapshot.id().to_string()});
                output.show(&gone, || format!("deleted realm {name} and everything in it"))
            }
            What::Create { name } => {
                let now = app.clock().now();
                let id = RealmId::new(now, app.entropy());
                let realm = Realm::begin(id, name, RealmSettings::default(), now);
                let record =
                    Record::new(app.event_id(now), realm.id, now, Event::RealmCreated, Actor::Operator);
                let made = realm.clone();
                app.db()
                    .write("make a realm", move |tx| {
                        let (realm, record) = (made.clone(), record.clone());
                        Box::pin(async move {
                            realms::create(tx, &realm).await?;
                            audit::append(tx, &record).await
                        })
                    })
                    .await
                    .map_err(|error| match error {
                        gatepost_store::Error::Conflict(_) => {
                            Refusal::new(format!("there is a realm {} already", realm.name))
                        }
                        other => other.into(),
                    })?;
                let view = view(&realm);
                output.show(&view, || format!("made realm {} with issuer {}", view.name, view.issuer))
            }
        }
    }
}

fn audience(realm: &Realm, app: &App) -> Vec<String> {
    match realm.settings.audience.as_slice() {
        [] => vec![issuer_of(realm, app.public_url())],
        named => named.to_vec(),
    }
}

/// The settings of a realm as they are, and as its profile has them by itself.
struct Shown {
    is: Map<String, Value>,
    by_default: Map<String, Value>,
}

impl Shown {
    fn of(settings: &RealmSettings) -> Self {
        let members = |settings: &RealmSettings| match serde_json::to_value(settings) {
            Ok(Value::Object(members)) => members,
            _ => Map::new(),
        };
        let by_default = RealmSettings::for_profile(settings.profile);
        Self { is: members(settings), by_default: members(&by_default) }
    }

    /// What is said of a setting; what nobody chose is told from what somebody did. A profile is always chosen.
    fn marked(&self, name: &str, said: String) -> String {
        let is_default = name != "profile" && self.is.get(name) == self.by_default.get(name);
        if is_default { format!("{said} (default)") } else { said }
    }
}

/// A setting in a table. Of a picture, that it is there.
fn said(name: &str, value: &serde_json::Value) -> String {
    match (name, value.as_str()) {
        ("logo", Some(text)) => format!("a PNG of {} bytes as data: URL", text.len()),
        ("audit_retention", Some("0s")) => "for ever".to_owned(),
        ("key_rotation", Some("0s")) => "never".to_owned(),
        _ => differences::setting(name, value),
    }
}

async fn replace_secret(
    app: &App,
    output: Output,
    (name, signs): (&RealmName, Signs),
    overlap: Duration,
) -> Result<(), Refusal> {
    let realm = store::realm(app, Some(name)).await?;
    let (who, now) = (Who::operator(), app.clock().now());
    let made = request_secrets::replace_secret(app, (realm.id(), signs), overlap, who, now).await;
    let made = made.map_err(store::refusal)?;
    output.show(&serde_json::json!({ "secret": made.reveal() }), || {
        format!("{name}: new secret {} (shown this once)", made.reveal())
    })
}

async fn delete(app: &App, realm: &Snapshot, yes: bool) -> Result<(), Refusal> {
    let (id, name, now) = (realm.id(), realm.name().to_owned(), app.clock().now());
    confirm(yes, &format!("realm {name} with every user, client and key in it"))?;
    let record = Record::new(app.event_id(now), id, now, Event::RealmDeleted, Actor::Operator);
    let refused = app
        .db()
        .write("delete a realm", move |tx| {
            let record = record.clone();
            Box::pin(async move {
                // Without a default realm the server has nothing to answer with; it would be made again, empty.
                if realms::find_default(tx).await?.is_some_and(|default| default.id == id) {
                    return Ok(true);
                }
                realms::delete(tx, id).await?;
                audit::append(tx, &record).await?;
                Ok::<_, gatepost_store::Error>(false)
            })
        })
        .await?;
    app.realms().forget(id);
    if refused {
        return Err(Refusal::new(format!(
            "{name} is the default realm; make another the default in the declarative file first"
        )));
    }
    Ok(())
}
