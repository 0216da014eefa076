//! A database of its own for every test.

#[path = "../../../../store/tests/shared/lent_database.rs"]
mod lent_database;

use std::env;

use lent_database::{Lent, lend};

/// Where a test keeps its rows.
pub struct Database {
    lent: Option<Lent>,
}

impl Database {
    pub async fn new() -> Self {
        if env::var("GATEPOST_TEST_ON").as_deref() != Ok("postgres") {
            return Self { lent: None };
        }
        let server = env::var("GATEPOST_TEST_POSTGRES")
            .expect("GATEPOST_TEST_ON=postgres needs GATEPOST_TEST_POSTGRES");
        Self { lent: Some(lend(&server).await) }
    }

    /// Brings about what no request of this release does.
    pub async fn execute(&self, data_dir: &std::path::Path, sql: &str) {
        let Some(Lent { url, .. }) = &self.lent else {
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
        let Some(Lent { url, .. }) = &self.lent else {
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
        self.lent.as_ref().map(|lent| lent.url.clone())
    }
}
