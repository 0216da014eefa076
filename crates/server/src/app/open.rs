//! Opening an installation: the folder, the store, the master key, the default realm.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use gatepost_domain::{MasterKey, Realm, RealmId, RealmSettings, Timestamp, audit};
use gatepost_jose::Memo;
use gatepost_store::{Db, Location, LocationRefused, meta, realms};

use super::{
    App, Shared,
    event_ids::EventIds,
    master_key::{self, MasterKeyError},
};
use crate::{
    Clock, Config, better_auth,
    clients::KnownClients,
    entropy::SystemEntropy,
    jobs::Silent,
    limits::Limits,
    mail::Mailer,
    outgoing::Outgoing,
    passwords::{Breaches, HashPool},
    places::Places,
    realm::RealmCache,
    social::KnownProviders,
    throttle::Throttle,
};

/// Where the master key's fingerprint stands in the store.
const FINGERPRINT: &str = "master-key-fingerprint";

/// How long the store may take before it counts as unavailable. With what else a request waits for, a caller is turned
/// away within two seconds.
const DEADLINE: Duration = Duration::from_millis(1_700);

/// Why an installation cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data folder.
    #[error(
        "the data folder {0} cannot be used: {1}; give it write permission or choose another with --data-dir"
    )]
    DataDir(PathBuf, #[source] io::Error),
    /// There is a file where the data folder should be.
    #[error("{0} is a file and not a folder; choose another with --data-dir")]
    NotAFolder(PathBuf),
    /// The database URL.
    #[error("the database URL is {0}")]
    Location(#[from] LocationRefused),
    /// The store.
    #[error("{cause}{remedy}", cause = .0, remedy = remedy(.0))]
    Store(#[from] gatepost_store::OpenError),
    /// Reading or writing at the start.
    #[error(transparent)]
    Statement(#[from] gatepost_store::Error),
    /// The master key.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// The file is not there, but it was when the database was made.
    #[error(
        "the master key {file} is missing, and this database was made with one: its signing keys cannot be unsealed \
         without it; put it back (fingerprint {expected}), or name it with [master_key] file"
    )]
    NoMasterKey {
        /// Where it should be.
        file: PathBuf,
        /// Of the key the database was made with. Not a secret.
        expected: String,
    },
    /// Another key than the store was made with.
    #[error(
        "the master key does not match this database: its signing keys cannot be unsealed with it; \
         put back the key it was made with (fingerprint {expected}, this one has {found})"
    )]
    WrongMasterKey {
        /// Of the key the database was made with. Not a secret.
        expected: String,
        /// Of the key given.
        found: String,
    },
}

/// Where an installation is reached, unless its settings say so.
#[derive(Clone, Copy, Debug)]
pub enum Reached<'u> {
    /// Here: a server listens.
    At(&'u str),
    /// Where its server was last, or else here: a command makes tokens of the issuer that the server is.
    AsServed(&'u str),
}

/// Where the store keeps the URL of the last server.
const SERVED_AT: &str = "served-at";

impl App {
    /// Opens the installation `config` describes, making what is missing: the folder, the database, the master key,
    /// the realm `default`.
    pub async fn open(config: &Config, clock: Clock, reached: Reached<'_>) -> Result<Self, OpenError> {
        let entropy = Arc::new(SystemEntropy::default());
        let given_key = given_key(config)?;
        if config.database_url.is_none() {
            make_folder(&config.data_dir)?;
        }
        let location = location(config)?;
        let options =
            gatepost_store::Options { deadline: DEADLINE, ..gatepost_store::Options::new(clock.now()) };
        let db = Db::open(&location, options).await?;
        let master_key = if let Some(key) = given_key {
            key
        } else {
            // With PostgreSQL not before it could be opened: what fails leaves nothing behind.
            make_folder(&config.data_dir)?;
            let (file, known) = (config.data_dir.join("master.key"), known_fingerprint(&db).await?);
            match known {
                Some(expected) if !file.exists() => return Err(OpenError::NoMasterKey { file, expected }),
                _ => master_key::read_or_make(&file, &*entropy)?,
            }
        };
        check_fingerprint(&db, &master_key).await?;
        let given = config.public_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned());
        let public_url = public_url(&db, given, reached).await?;
        let shared = Shared {
            db,
            refresh_mac: master_key.refresh_mac_key(),
            code_mac: master_key.code_mac_key(),
            device_mac: master_key.device_mac_key(),
            session_mac: master_key.session_mac_key(),
            application_mac: master_key.application_mac_key(),
            better_auth_tokens: Memo::new(better_auth::KNOWN_TOKENS),
            csrf_key: master_key.csrf_key(),
            pairwise_key: master_key.pairwise_key(),
            dpop_nonce_key: master_key.dpop_nonce_key(),
            link_mac: master_key.link_mac_key(),
            mailer: Mailer::new(&config.mail, &public_url),
            post: tokio::sync::Notify::new(),
            clients: KnownClients::new(),
            master_key,
            realms: RealmCache::new(),
            hasher: HashPool::new(config.passwords, Arc::clone(&entropy) as _),
            breaches: Breaches::new(config.breaches.clone()),
            clock,
            entropy,
            public_url,
            refusals: Throttle::new(),
            // Eight minutes at the most, and for a webhook, which is told for days, an hour.
            silent_clients: Silent::new(8),
            silent_webhooks: Silent::new(11),
            interceptors: Places::default(),
            senders: Places::default(),
            providers: KnownProviders::new(),
            limits: Arc::new(Limits::new()),
            trusted_proxies: config.trusted_proxies.clone(),
            sign_outs: tokio::sync::Notify::new(),
            outgoing: Outgoing::new(config.private_addresses),
            event_ids: EventIds::default(),
        };
        let app = Self { shared: Arc::new(shared) };
        app.make_default_realm().await?;
        Ok(app)
    }

    /// Whether the master key that the settings name can be read and is one.
    pub(crate) fn check_master_key(config: &Config) -> Result<(), OpenError> {
        Ok(given_key(config).map(drop)?)
    }

    /// The realm `default` always exists.
    async fn make_default_realm(&self) -> Result<(), gatepost_store::Error> {
        let found = self
            .db()
            .read("find the default realm", |tx| Box::pin(async move { realms::find_default(tx).await }))
            .await?;
        if found.is_some() {
            return Ok(());
        }
        let now = self.clock().now();
        let realm =
            new_realm(RealmId::new(now, self.entropy()), "default", true, RealmSettings::default(), now);
        let record = audit::Record::new(
            self.event_id(now),
            realm.id,
            now,
            audit::Event::RealmCreated,
            audit::Actor::System,
        );
        let made = self
            .db()
            .write("make the default realm", move |tx| {
                let (realm, record) = (realm.clone(), record.clone());
                Box::pin(async move {
                    realms::create(tx, &realm).await?;
                    gatepost_store::audit::append(tx, &record).await
                })
            })
            .await;
        match made {
            // Another process was quicker.
            Err(gatepost_store::Error::Conflict(_)) => Ok(()),
            other => other,
        }
    }
}

/// Where the settings say that the store is.
pub(crate) fn location(config: &Config) -> Result<Location, LocationRefused> {
    match &config.database_url {
        Some(url) => url.parse(),
        None => Ok(Location::Sqlite(config.data_dir.join("gatepost.db"))),
    }
}

/// The master key that the settings name, if they name one.
fn given_key(config: &Config) -> Result<Option<MasterKey>, MasterKeyError> {
    match (&config.master_key, &config.master_key_file) {
        (Some(key), _) => master_key::parse(key.reveal(), "in the settings").map(Some),
        (None, Some(path)) => master_key::read(path).map(Some),
        (None, None) => Ok(None),
    }
}

/// A realm as it begins.
pub(crate) fn new_realm(
    id: RealmId,
    name: &str,
    is_default: bool,
    settings: RealmSettings,
    now: Timestamp,
) -> Realm {
    #[expect(clippy::expect_used, reason = "called with a literal, or with the text of a parsed name")]
    let name = name.parse().expect("a realm name");
    Realm { is_default, ..Realm::begin(id, name, settings, now) }
}

fn make_folder(path: &Path) -> Result<(), OpenError> {
    if path.is_file() {
        return Err(OpenError::NotAFolder(path.to_owned()));
    }
    let failed = |error| OpenError::DataDir(path.to_owned(), error);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)
}

/// What an operator can do about a store that does not open, where it does not say so itself.
fn remedy(refused: &gatepost_store::OpenError) -> &'static str {
    match refused {
        gatepost_store::OpenError::Refused { .. } => "; start the database server, or correct --database-url",
        gatepost_store::OpenError::Folder { .. } => ", or choose another with --data-dir",
        _ => "",
    }
}

async fn known_fingerprint(db: &Db) -> Result<Option<String>, gatepost_store::Error> {
    db.read("find the master key's fingerprint", |tx| {
        Box::pin(async move { meta::find(tx, FINGERPRINT).await })
    })
    .await
}

async fn check_fingerprint(db: &Db, key: &MasterKey) -> Result<(), OpenError> {
    let found = key.fingerprint();
    let offered = found.clone();
    let expected = db
        .write("remember the master key's fingerprint", move |tx| {
            let offered = offered.clone();
            Box::pin(async move { meta::put_if_absent(tx, FINGERPRINT, &offered).await })
        })
        .await?;
    if expected == found { Ok(()) } else { Err(OpenError::WrongMasterKey { expected, found }) }
}

/// The URL in effect. That of a server is kept for commands.
async fn public_url(
    db: &Db,
    given: Option<String>,
    reached: Reached<'_>,
) -> Result<String, gatepost_store::Error> {
    let kept = db.read("find the URL", |tx| Box::pin(async move { meta::find(tx, SERVED_AT).await })).await?;
    match reached {
        Reached::AsServed(otherwise) => {
            Ok(given.or(kept).unwrap_or_else(|| otherwise.trim_end_matches('/').to_owned()))
        }
        Reached::At(here) => {
            let url = given.unwrap_or_else(|| here.trim_end_matches('/').to_owned());
            if kept.as_ref() != Some(&url) {
                let keep = url.clone();
                db.write("keep the URL", move |tx| {
                    let url = keep.clone();
                    Box::pin(async move { meta::put(tx, SERVED_AT, &url).await })
                })
                .await?;
            }
            Ok(url)
        }
    }
}
