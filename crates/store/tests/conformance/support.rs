//! A fresh database a case, and short ways to fill it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gatepost_domain::{
    Entropy, Grant, GrantId, Membership, Organization, OrganizationId, OutboxId, Realm, RealmId,
    RealmSettings, Session, SessionId, SessionOrigin, Timestamp, User, UserId,
};
use gatepost_store::{
    Db, Error, Location, Options, grants, memberships, organizations, realms, sessions, users,
};

use crate::lent_database::{Lent, lend};

/// The moment at which every case begins.
pub(crate) const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

/// `NOW` and some seconds.
pub(crate) fn later(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

/// Expands to one module a database, with every case in it.
macro_rules! on_every_backend {
    ($($case:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() {
                let store = crate::support::Store::sqlite().await;
                super::$case(store.clone()).await;
                store.remove().await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() {
                if let Some(store) = crate::support::Store::postgres(stringify!($case)).await {
                    super::$case(store.clone()).await;
                    store.remove().await;
                }
            })+
        }
    };
}

/// A write or a read without the ceremony: `write!(store, [a, b] tx => users::create(tx, &a).await)`.
macro_rules! write {
    ($store:expr, [$($name:ident),*] $tx:ident => $body:expr) => {{
        $(let $name = $name.clone();)*
        $store.db.write("a case", move |$tx| {
            $(let $name = $name.clone();)*
            Box::pin(async move { $body })
        }).await
    }};
}
macro_rules! write_one {
    ($store:expr, [$($name:ident),*] $tx:ident => $body:expr) => {{
        $(let $name = $name.clone();)*
        $store.db.write_one("a case", move |$tx| {
            $(let $name = $name.clone();)*
            Box::pin(async move { $body })
        }).await
    }};
}
macro_rules! read {
    ($store:expr, [$($name:ident),*] $tx:ident => $body:expr) => {{
        $(let $name = $name.clone();)*
        $store.db.read("a case", move |$tx| {
            $(let $name = $name.clone();)*
            Box::pin(async move { $body })
        }).await
    }};
}

/// Every call gives other bytes.
#[derive(Default)]
pub(crate) struct Dice(AtomicU64);

impl Entropy for Dice {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            // splitmix64
            let mut z = self
                .0
                .fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed)
                .wrapping_add(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_be_bytes()[..chunk.len()]);
        }
    }
}

/// A fresh database with one realm in it.
#[derive(Clone)]
pub(crate) struct Store {
    pub(crate) db: Db,
    pub(crate) location: Location,
    pub(crate) dice: Arc<Dice>,
    pub(crate) realm: RealmId,
    #[expect(dead_code, reason = "held, not used")]
    pub(crate) home: Arc<Home>,
}

pub(crate) enum Home {
    Folder(#[expect(dead_code, reason = "kept until the case is over, then removed")] tempfile::TempDir),
    /// Lent for as long as somebody has the store.
    Server(#[expect(dead_code, reason = "kept until the case is over, then given back")] Lent),
}

fn options() -> Options {
    // A machine that builds something else meanwhile is no outage.
    Options { connections: 8, deadline: Duration::from_secs(20), ..Options::new(NOW) }
}

impl Store {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Sqlite(folder.path().join("auth.db"));
        Self::begin(location, Home::Folder(folder)).await
    }

    /// `None` where there is no server to ask.
    pub(crate) async fn postgres(case: &str) -> Option<Self> {
        let lent = lend(&server(case)?).await;
        Some(Self::begin(Location::Postgres(lent.url.clone()), Home::Server(lent)).await)
    }

    async fn begin(location: Location, home: Home) -> Self {
        let db = Db::open(&location, options()).await.unwrap();
        let dice = Arc::new(Dice::default());
        let (id, name) = (RealmId::new(NOW, &dice), "default".parse().unwrap());
        let realm = Realm::begin(id, name, RealmSettings::default(), NOW);
        let id = realm.id;
        let store = Self { db, location, dice, realm: id, home: Arc::new(home) };
        write!(store, [realm] tx => realms::create(tx, &realm).await).unwrap();
        store
    }

    /// Another process on the same database.
    pub(crate) async fn another(&self) -> Self {
        Self { db: Db::open(&self.location, options()).await.unwrap(), ..self.clone() }
    }

    pub(crate) async fn remove(self) {
        self.db.close().await;
    }

    pub(crate) fn message(&self) -> OutboxId {
        OutboxId::new(NOW, &self.dice)
    }

    /// A user who is not stored.
    pub(crate) fn stranger(&self, name: &str) -> User {
        User {
            email: Some(format!("{name}@example.com").parse().unwrap()),
            username: Some(name.parse().unwrap()),
            ..User::new(UserId::new(NOW, &self.dice), self.realm, NOW)
        }
    }

    pub(crate) async fn user(&self, name: &str) -> User {
        let user = self.stranger(name);
        write!(self, [user] tx => users::create(tx, &user).await).unwrap();
        user
    }

    pub(crate) async fn find_user(&self, user: &User) -> Option<User> {
        let (realm, id) = (self.realm, user.id);
        read!(self, [] tx => users::find(tx, realm, id).await).unwrap()
    }

    /// A session that is not stored.
    pub(crate) fn session_of(&self, user: &User, now: Timestamp) -> Session {
        let origin = SessionOrigin::new(Some([127, 0, 0, 1].into()), Some("curl/8"));
        let id = SessionId::new(now, &self.dice);
        Session::begin(
            id,
            self.realm,
            user.id,
            vec!["pwd".into(), "otp".into()],
            origin,
            &RealmSettings::default(),
            now,
        )
    }

    pub(crate) async fn session(&self, user: &User) -> Session {
        let session = self.session_of(user, NOW);
        assert!(write!(self, [session] tx => sessions::create(tx, &session, None).await).unwrap());
        session
    }

    pub(crate) async fn find_live(&self, session: &Session, now: Timestamp) -> Option<(Session, User)> {
        let (realm, id) = (self.realm, session.id);
        let found = read!(self, [] tx => sessions::find_live(tx, realm, id, now).await).unwrap();
        // With more of the user it is found in the same cases.
        let known = read!(self, [] tx => sessions::find_live_known(tx, realm, id, now).await).unwrap();
        assert_eq!(known.map(|(session, user, _)| (session, user)), found);
        let numbered = read!(self, [] tx => sessions::find_live_numbered(tx, realm, id, now).await).unwrap();
        assert_eq!(numbered.map(|(session, user, _)| (session, user)), found);
        found
    }

    /// A grant that is not stored.
    pub(crate) fn grant_in(&self, session: &Session) -> Grant {
        let scopes = "openid notes:read".parse().unwrap();
        let id = GrantId::new(NOW, &self.dice);
        Grant::begin(
            id,
            session,
            "web".parse().unwrap(),
            scopes,
            vec![],
            &RealmSettings::default(),
            session.created_at,
        )
    }

    pub(crate) async fn grant(&self, session: &Session) -> Grant {
        let grant = self.grant_in(session);
        assert!(write!(self, [grant] tx => grants::create(tx, &grant).await).unwrap());
        grant
    }

    pub(crate) async fn find_grant(&self, grant: &Grant) -> Option<Grant> {
        let (realm, id) = (self.realm, grant.id);
        read!(self, [] tx => grants::find(tx, realm, id).await).unwrap().map(|(grant, _, _)| grant)
    }

    /// A user with a session and a grant.
    pub(crate) async fn signed_in(&self, name: &str) -> (User, Session, Grant) {
        let user = self.user(name).await;
        let session = self.session(&user).await;
        let grant = self.grant(&session).await;
        (user, session, grant)
    }

    pub(crate) async fn organization(&self, slug: &str) -> Organization {
        let id = OrganizationId::new(NOW, &self.dice);
        let (address, name) = (slug.parse().unwrap(), slug.parse().unwrap());
        let organization = Organization::begin(id, self.realm, address, name, NOW);
        write!(self, [organization] tx => organizations::create(tx, &organization).await).unwrap();
        organization
    }

    /// Makes the user a member with these roles, which have spaces between.
    pub(crate) async fn join(&self, organization: &Organization, user: &User, roles: &str) -> Membership {
        let roles = roles.split_whitespace().map(|role| role.parse().unwrap()).collect();
        let member = Membership::begin(self.realm, organization.id, user.id, roles, NOW);
        write!(self, [member] tx => memberships::create(tx, &member).await).unwrap();
        member
    }

    pub(crate) async fn find_member(&self, organization: &Organization, user: &User) -> Option<Membership> {
        let (realm, organization, user) = (self.realm, organization.id, user.id);
        read!(self, [] tx => memberships::find(tx, realm, organization, user).await).unwrap()
    }

    pub(crate) async fn version(&self) -> u64 {
        let realm = self.realm;
        read!(self, [] tx => realms::version(tx, realm).await).unwrap().unwrap()
    }

    pub(crate) async fn waiting_messages(&self) -> u64 {
        read!(self, [] tx => gatepost_store::outbox::count(tx).await).unwrap()
    }
}

/// The server to test on, or `None` with a line that says so.
pub(crate) fn server(case: &str) -> Option<String> {
    let url = std::env::var("GATEPOST_TEST_POSTGRES").ok().filter(|url| !url.is_empty());
    if url.is_none() {
        eprintln!(
            "SKIPPED: {case} on PostgreSQL (set GATEPOST_TEST_POSTGRES, or use scripts/postgres run -- …)"
        );
    }
    url
}

/// One statement outside the store.
pub(crate) async fn run_on_server(url: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    let driving = tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
    drop(client);
    driving.await.unwrap().unwrap();
}

/// Runs as many tasks as there are numbers, at once, and collects what they return.
pub(crate) async fn at_once<T, F>(count: usize, task: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(tokio::sync::Barrier::new(count));
    let tasks: Vec<_> = (0..count)
        .map(|n| {
            let (barrier, work) = (Arc::clone(&barrier), task(n));
            tokio::spawn(async move {
                barrier.wait().await;
                work.await
            })
        })
        .collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

/// The error of an operation that must fail.
pub(crate) fn error_of<T>(result: Result<T, Error>) -> Error {
    result.err().expect("it must fail")
}
