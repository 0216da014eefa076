//! `gatepost key list|rotate|withdraw`

use clap::{Args, Subcommand};
use gatepost_domain::{
    EventId, OutboxId, RealmName,
    audit::{Actor, Event, Record},
    signing_key,
};
use gatepost_store::{audit, signing_keys};

use super::{Output, Refusal, Settings, output::table, store};
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
        /// Sign with it at once: verifiers that cached the keys must fetch them again
        #[arg(long)]
        now: bool,
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

async fn stored(app: &App, realm: &Snapshot) -> Result<Vec<signing_key::StoredKey>, Refusal> {
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
    let policy = signing::policy(realm.settings());
    let Some(planned) = signing_key::rotate_now(&of_alg, &policy, immediately, now) else {
        return Err(Refusal::new(
            "the next key is made already and waits for its time; `gatepost key list` shows when, --now does not wait",
        ));
    };
    let key = tokio::task::spawn_blocking(move || signing::make(alg)).await??;
    let sealed = signing::seal(&key, alg, planned, realm.id(), (app.master_key(), app.entropy()), now);
    let record = Record::new(
        EventId::new(now, app.entropy()),
        realm.id(),
        now,
        Event::SigningKeyCreated,
        Actor::Operator,
    )
    .with("kid", key.kid());
    let made = app
        .db()
        .write("rotate the signing key", move |tx| {
            let (sealed, record) = (sealed.clone(), record.clone());
            Box::pin(async move {
                let made = signing_keys::insert_if_planned(tx, &sealed).await?;
                if made {
                    audit::append(tx, &record).await?;
                }
                Ok::<_, gatepost_store::Error>(made)
            })
        })
        .await?;
    if made {
        Ok(())
    } else {
        Err(Refusal::new(
            "another process made the next key in the same moment; it is listed by `gatepost key list`",
        ))
    }
}

/// The next request makes a key in its place if it was the one that signs.
async fn withdraw(app: &App, realm: &Snapshot, kid: &str) -> Result<(), Refusal> {
    let (now, id, asked) = (app.clock().now(), realm.id(), kid.to_owned());
    let message = OutboxId::new(now, app.entropy());
    let event = Event::SigningKeyWithdrawn;
    let record =
        Record::new(EventId::new(now, app.entropy()), id, now, event, Actor::Operator).with("kid", kid);
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
