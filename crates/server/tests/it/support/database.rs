//! A database of its own for every test.

use std::env;

/// Where a test keeps its rows.
pub struct Database {
    url: Option<String>,
}

impl Database {
    pub async fn new() -> Self {
        if env::var("GATEPOST_TEST_ON").as_deref() != Ok("postgres") {
            return Self { url: None };
        }
        let server = env::var("GATEPOST_TEST_POSTGRES")
            .expect("GATEPOST_TEST_ON=postgres needs GATEPOST_TEST_POSTGRES");
        let mut suffix = [0; 8];
        gatepost_server::testing::random(&mut suffix);
        let name = format!("it_{:016x}", u64::from_le_bytes(suffix));
        let (client, connection) = tokio_postgres::connect(&server, tokio_postgres::NoTls).await.unwrap();
        let driver = tokio::spawn(connection);
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        drop(client);
        driver.await.unwrap().unwrap();
        let (base, query) =
            server.split_once('?').map_or((&*server, None), |(base, query)| (base, Some(query)));
        let (before, _) = base.rsplit_once('/').expect("a database in the URL");
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        Self { url: Some(format!("{before}/{name}{query}")) }
    }

    /// Brings about what no request of this release does.
    pub async fn execute(&self, data_dir: &std::path::Path, sql: &str) {
        let Some(url) = &self.url else {
            rusqlite::Connection::open(data_dir.join("gatepost.db")).unwrap().execute_batch(sql).unwrap();
            return;
        };
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
        let driver = tokio::spawn(connection);
        client.batch_execute(sql).await.unwrap();
        drop(client);
        driver.await.unwrap().unwrap();
    }

    /// One column of text, as it stands in the database.
    pub async fn column(&self, data_dir: &std::path::Path, sql: &str) -> Vec<String> {
        let Some(url) = &self.url else {
            let connection = rusqlite::Connection::open(data_dir.join("gatepost.db")).unwrap();
            let mut statement = connection.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| row.get(0)).unwrap();
            return rows.map(Result::unwrap).collect();
        };
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
        let driver = tokio::spawn(connection);
        let rows = client.query(sql, &[]).await.unwrap();
        drop(client);
        driver.await.unwrap().unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    pub fn url(&self) -> Option<String> {
        self.url.clone()
    }
}
