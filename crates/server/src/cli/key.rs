//! `gatepost key list|rotate|withdraw|secret`

use clap::{Args, Subcommand};
use gatepost_domain::{
    OutboxId, RealmName, Timestamp,
    audit::{Actor, Event, Record},
    signing_key::{self, Rotation, StoredKey},
};
use gatepost_store::{audit, signing_keys};

use super::{
    Output, Refusal, Settings,
    output::{print, table},
    store,
};
use crate::{App, realm::Snapshot, signing};

/// Signing keys of a realm.
#[derive(Args)]
pub(super) struct KeyCommand {
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
    /// List the keys: which signs, which are published
    List,
    /// Make the next key. It is published at once and signs a day later, when every verifier knows it
    Rotate {
        /// Sign with it at once, or with the next key that waits: verifiers that cached the keys may have to fetch them again
        #[arg(long)]
        now: bool,
    },
    /// Show the secret that applications of a realm with the profile runbook or module04 verify tokens with. That it was shown is in the
    /// audit trail
    Secret {
        /// Print nothing but the secret that signs now, as in JWT_SECRET_KEY=$(gatepost key secret --value)
        #[arg(long, conflicts_with = "json")]
        value: bool,
    },
    /// Stop trusting a key, for one that leaked: it is published no longer, and every token it signed is refused. APIs
    /// that keep the keys refuse them when they fetch again, after some minutes
    Withdraw {
        /// As listed
        kid: String,
    },
}

impl KeyCommand {
    pub(super) async fn run(self, settings: Settings) -> Result<(), Refusal> {
        let app = store::open(&settings).await?;
        let realm = store::realm(&app, self.realm.as_ref()).await?;
        let output = Output::new(self.json);
        match self.what {
            What::List => {}
            What::Rotate { now } => rotate(&app, &realm, now).await?,
            What::Withdraw { kid } => withdraw(&app, &realm, &kid).await?,
            What::Secret { value } => return secret(&app, &realm, value, output).await,
        }
        let keys = signing::list(&app, &realm).await?;
        output.show(&keys, || {
            let rows: Vec<Vec<String>> = keys
                .iter()
                .map(|key| {
                    let signs_from = match key.state {
                        "withdrawn" => "-".to_owned(),
                        _ => key.signs_from.to_string(),
                    };
                    vec![key.kid.clone(), key.alg.clone(), key.state.to_owned(), signs_from]
                })
                .collect();
            table(&["KEY ID", "ALG", "STATE", "SIGNS FROM"], &rows)
        })
    }
}

/// Of several each has its line: applications that are told of the next one before it signs verify with both.
async fn secret(app: &App, realm: &Snapshot, value: bool, output: Output) -> Result<(), Refusal> {
    let secrets = signing::reveal(app, realm).await?;
    if secrets.is_empty() {
        let realm = realm.name();
        return Err(Refusal::new(format!(
            "realm {realm} shares no secret with applications: its profile signs with keys that are published; `gatepost key list` shows them"
        )));
    }
    if value {
        let signing = secrets.iter().find(|key| key.state == "signing");
        let signing =
            signing.ok_or_else(|| Refusal::new("no secret signs now; `gatepost key list` shows all keys"))?;
        return print(&signing.secret);
    }
    output.show(&secrets, || {
        let row = |key: &signing::Revealed| {
            vec![key.secret.clone(), key.state.to_owned(), key.signs_from.to_string(), key.kid.clone()]
        };
        let rows: Vec<Vec<String>> = secrets.iter().map(row).collect();
        table(&["SECRET", "STATE", "SIGNS FROM", "KEY ID"], &rows)
    })
}

async fn stored(app: &App, realm: &Snapshot) -> Result<Vec<StoredKey>, Refusal> {
    let id = realm.id();
    Ok(app
        .db()
        .read("list signing keys", move |tx| Box::pin(async move { signing_keys::list(tx, id).await }))
        .await?)
}

async fn rotate(app: &App, realm: &Snapshot, immediately: bool) -> Result<(), Refusal> {
    let now = app.clock().now();
    let alg = realm.settings().signing_alg;
    let of_alg: Vec<_> = stored(app, realm).await?.into_iter().filter(|key| key.alg == alg).collect();
    let policy = signing::policy(realm.settings(), alg);
    let rotated = match signing_key::rotate_now(&of_alg, &policy, immediately, now) {
        Rotation::Waits => {
            return Err(Refusal::new(
                "the next key is made already and waits for its time; `gatepost key list` shows when, --now does not wait",
            ));
        }
        Rotation::Advance(kid) => advance(app, realm, kid, now).await?,
        Rotation::Make(planned) => {
            let key = tokio::task::spawn_blocking(move || signing::make(alg)).await??;
            let keeper = (app.master_key(), app.entropy());
            keep(app, realm, signing::seal(&key, alg, planned, realm.id(), keeper, now), now).await?
        }
    };
    app.realms().forget(realm.id());
    if rotated {
        Ok(())
    } else {
        Err(Refusal::new(
            "another process rotated the keys in the same moment; `gatepost key list` shows what there is now",
        ))
    }
}

fn record(app: &App, realm: &Snapshot, event: Event, kid: &str, now: Timestamp) -> Record {
    Record::new(app.event_id(now), realm.id(), now, event, Actor::Operator).with("kid", kid)
}

/// False: another process made one for this place.
async fn keep(app: &App, realm: &Snapshot, sealed: StoredKey, now: Timestamp) -> Result<bool, Refusal> {
    let record = record(app, realm, Event::SigningKeyCreated, &sealed.kid, now);
    let kept = app.db().write("rotate the signing key", move |tx| {
        let (sealed, record) = (sealed.clone(), record.clone());
        Box::pin(async move {
            let made = signing_keys::insert_if_planned(tx, &sealed).await?;
            if made {
                audit::append(tx, &record).await?;
            }
            Ok::<_, gatepost_store::Error>(made)
        })
    });
    Ok(kept.await?)
}

/// False: it waits no longer.
async fn advance(app: &App, realm: &Snapshot, kid: String, now: Timestamp) -> Result<bool, Refusal> {
    let (id, record) = (realm.id(), record(app, realm, Event::SigningKeyAdvanced, &kid, now));
    let advanced = app.db().write("let the next signing key sign", move |tx| {
        let (kid, record) = (kid.clone(), record.clone());
        Box::pin(async move {
            let advanced = signing_keys::advance(tx, id, &kid, now).await?;
            if advanced {
                audit::append(tx, &record).await?;
            }
            Ok::<_, gatepost_store::Error>(advanced)
        })
    });
    Ok(advanced.await?)
}

/// The next request makes a key in its place if it was the one that signs.
async fn withdraw(app: &App, realm: &Snapshot, kid: &str) -> Result<(), Refusal> {
    let (now, id, asked) = (app.clock().now(), realm.id(), kid.to_owned());
    let message = OutboxId::new(now, app.entropy());
    let record = record(app, realm, Event::SigningKeyWithdrawn, kid, now);
    let withdrawn = app
        .db()
        .write("withdraw a signing key", move |tx| {
            let (kid, record) = (asked.clone(), record.clone());
            Box::pin(async move {
                let withdrawn = signing_keys::withdraw(tx, id, &kid, now, message).await?;
                if withdrawn {
                    audit::append(tx, &record).await?;
                }
                Ok::<_, gatepost_store::Error>(withdrawn)
            })
        })
        .await?;
    app.realms().forget(id);
    if withdrawn {
        Ok(())
    } else {
        let realm = realm.name();
        Err(Refusal::new(format!(
            "realm {realm} has no key {kid} that is trusted; `gatepost key list` shows all"
        )))
    }
}
