//! A PostgreSQL database for one test, lent to it: made and migrated once, and emptied before the next test has it. To make one
//! for each test took longer than the test.
//!
//! The tests of the store and those of the server share this file.

use gatepost_domain::Timestamp;
use gatepost_store::{Db, Location, Options};
use tokio_postgres::{Client, NoTls};

/// Says of what stands in the schema whether it is as the migrations made it. The history is part of that.
const FINGERPRINT: &str = "
    SELECT md5(string_agg(part, ' ' ORDER BY part)) FROM (
        SELECT c.relname::text || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || a.attnotnull AS part
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT conrelid::regclass::text || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
        UNION ALL
        SELECT h::text FROM schema_history h
    ) parts";

/// Removes every row but the history's. The rules between tables do not count: all of them will be empty.
const EMPTY: &str = "
    SET session_replication_role = replica;
    DO $$ DECLARE name TEXT; BEGIN
        FOR name IN SELECT relname FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'schema_history'
                AND pg_relation_size(oid) > 0
        LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
    END $$";

/// Locks of this kind say which databases are lent.
const LENT: i32 = 0x6c65_6e74;

/// The database is this test's for as long as it holds this.
pub(crate) struct Lent {
    /// Where it is.
    pub(crate) url: String,
    /// Has the lock, which ends with the connection: with the test, however that ends.
    #[expect(dead_code, reason = "held, not used")]
    keeper: Client,
}

/// Lends a database of the server at `url`: migrated, and without a row.
pub(crate) async fn lend(url: &str) -> Lent {
    let keeper = connect(url).await;
    let mut place = 1;
    while !flag(&keeper, &format!("SELECT pg_try_advisory_lock({LENT}, {place})")).await {
        place += 1;
    }
    let name = format!("lent_{place}");
    let own = beside(url, &name);
    let is_there = format!("SELECT EXISTS (SELECT FROM pg_database WHERE datname = '{name}')");
    if !flag(&keeper, &is_there).await || !emptied(&keeper, &name, &own).await {
        make(&keeper, &name, &own).await;
    }
    Lent { url: own, keeper }
}

/// The URL of another database of the same server.
pub(crate) fn beside(url: &str, name: &str) -> String {
    let (base, query) =
        url.split_once('?').map_or((url, String::new()), |(base, rest)| (base, format!("?{rest}")));
    let (host, _) = base.rsplit_once('/').expect("the URL names a database");
    format!("{host}/{name}{query}")
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn flag(client: &Client, sql: &str) -> bool {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

async fn make(keeper: &Client, name: &str, url: &str) {
    keeper.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await.unwrap();
    keeper.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    let options = Options::new(Timestamp::from_unix_seconds(1_800_000_000));
    Db::open(&Location::Postgres(url.to_owned()), options).await.unwrap().close().await;
    let made: String = connect(url).await.query_one(FINGERPRINT, &[]).await.unwrap().get(0);
    keeper.batch_execute(&format!("COMMENT ON DATABASE {name} IS '{made}'")).await.unwrap();
}

/// Ends what the test before left running, and removes its rows. False: it left another schema.
async fn emptied(keeper: &Client, name: &str, url: &str) -> bool {
    let end =
        format!("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{name}'");
    while keeper.query_one(&end, &[]).await.unwrap().get::<_, i64>(0) > 0 {
        keeper.batch_execute("SELECT pg_sleep(0.002)").await.unwrap();
    }
    let own = connect(url).await;
    let Ok(found) = own.query_one(FINGERPRINT, &[]).await else { return false };
    let found: Option<String> = found.get(0);
    let made =
        format!("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '{name}'");
    let made: Option<String> = keeper.query_one(&made, &[]).await.unwrap().get(0);
    if found.is_none() || found != made {
        return false;
    }
    own.batch_execute(EMPTY).await.unwrap();
    true
}
