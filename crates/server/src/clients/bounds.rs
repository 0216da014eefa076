//! How many clients may come that nobody of the realm's made, and what they may not be called.

use std::time::Duration;

use gatepost_domain::{
    Client, ClientId, DisplayName, RealmId, SecretDigest, SettingRefused, Timestamp,
    audit::{Actor, Event},
    client::registration::resembles,
};
use gatepost_store::{Tx, attempts, audit, clients};

use crate::{
    App,
    http::{Problem, origin::Where},
    realm::Snapshot,
};

/// How often within [`WINDOW`] somebody at one address may make us look at a client that is new.
const OF_ONE: u32 = 100;
/// How often all together may, in a realm.
const OF_ALL: u32 = 1_000;
const WINDOW: Duration = Duration::from_hours(1);

/// Counts that a client is new here, before anything is fetched for it. Refused: there were too many of late.
pub(super) async fn count(
    app: &App,
    realm: &Snapshot,
    origin: &Where,
    now: Timestamp,
) -> Result<(), Problem> {
    let (id, until) = (realm.id(), now.plus(WINDOW));
    let of_one = SecretDigest::of(format!("new client\0{}", origin.neighbourhood()).as_bytes());
    let of_all = SecretDigest::of(b"new client");
    let counted = app.db().write("count a new client", move |tx| {
        Box::pin(async move {
            Ok::<_, gatepost_store::Error>(
                attempts::count(tx, id, &of_one, OF_ONE, until, now).await?
                    && attempts::count(tx, id, &of_all, OF_ALL, until, now).await?,
            )
        })
    });
    if counted.await? {
        return Ok(());
    }
    note_refused(app, realm, origin, "too many of late", now);
    Err(Problem::TooManyAttempts { retry_after: WINDOW })
}

/// How often within [`WINDOW`] a client may change what it registered.
const CHANGES: u32 = 60;

/// Counts that a client changes what it registered, before anything is fetched for it. Refused: it does so too often.
pub(super) async fn count_change(
    app: &App,
    realm: &Snapshot,
    client: &ClientId,
    origin: &Where,
    now: Timestamp,
) -> Result<(), Problem> {
    let (id, until) = (realm.id(), now.plus(WINDOW));
    let digest = SecretDigest::of(format!("changed client\0{client}").as_bytes());
    let counted = app.db().write("count a change of a client", move |tx| {
        Box::pin(async move { attempts::count(tx, id, &digest, CHANGES, until, now).await })
    });
    if counted.await? {
        return Ok(());
    }
    note_refused(app, realm, origin, "a client changes too often", now);
    Err(Problem::TooManyAttempts { retry_after: WINDOW })
}

/// What is asked inside the transaction that makes or renames a client.
#[derive(Clone)]
pub(super) struct Bounds {
    realm: RealmId,
    most: u32,
    /// What the realm and this server are called.
    names: Vec<String>,
}

impl Bounds {
    /// Those of a realm.
    pub(super) fn of(realm: &Snapshot) -> Self {
        let shown = realm.settings().display_name.as_ref().map(DisplayName::as_str);
        let names = shown.into_iter().chain([realm.name(), "Gatepost"]).map(str::to_owned).collect();
        Self { realm: realm.id(), most: realm.settings().client_registration_limit, names }
    }

    /// Whether there is room for one more client that nobody vouches for.
    pub(super) async fn leave_room(&self, tx: &mut Tx) -> Result<bool, gatepost_store::Error> {
        Ok(clients::count_unvouched(tx, self.realm).await? < u64::from(self.most))
    }

    /// Whether a client's name could be taken for that of the realm, of a client of the realm's own, or ours.
    pub(super) async fn impersonates(
        &self,
        tx: &mut Tx,
        client: &Client,
    ) -> Result<bool, gatepost_store::Error> {
        let Some(name) = &client.settings.name else { return Ok(false) };
        if self.names.iter().any(|other| resembles(name.as_str(), other)) {
            return Ok(true);
        }
        let names = clients::names_of_managed(tx, self.realm).await?;
        Ok(names.iter().any(|other| resembles(name.as_str(), other.as_str())))
    }
}

/// What is said of such a name.
pub(super) fn taken() -> SettingRefused {
    SettingRefused {
        member: "client_name".into(),
        reason: "this could be taken for the name of another; choose one of your own".into(),
    }
}

/// Kept in the audit trail, once a minute.
pub(super) fn note_refused(app: &App, realm: &Snapshot, origin: &Where, why: &str, now: Timestamp) {
    let event = Event::ClientRegistrationRefused;
    let record = origin.record(app, realm.id(), event, Actor::Anonymous, now).with("reason", why);
    if !app.refusals().admits(&record) {
        return;
    }
    let app = app.clone();
    tokio::spawn(async move {
        let noted = app.db().write("record a refused registration", move |tx| {
            let record = record.clone();
            Box::pin(async move { audit::append(tx, &record).await })
        });
        if let Err(error) = noted.await {
            tracing::warn!(%error, "a refused registration could not be recorded");
        }
    });
}
