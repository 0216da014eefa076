//! Two servers on one store: one file for two processes of a machine, or replicas on PostgreSQL.

use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{
    CHEAP_HASHES, Http, Invocation, Postgres, Protocol, Tokens, eventually, gatepost, login, register,
    sign_up,
};

fn serve(folder: &tempfile::TempDir) -> Invocation {
    let call = gatepost("serve --listen 127.0.0.1:0 --public-url http://127.0.0.1:8400");
    call.data(folder.path()).envs(CHEAP_HASHES)
}

/// Two servers that start at the same moment on nothing, and then share everything.
async fn share_everything(start: impl Fn() -> Invocation) {
    // Who makes the database and the keys is decided by who is quicker; the other takes them.
    let (first, second) = (start().start(), start().start());
    let (mut first, mut second) = (first.ready(), second.ready());
    let mut working = JoinSet::new();
    for number in 0..16 {
        let address = [first.address(), second.address()][number % 2];
        working.spawn(async move {
            let mut http = Http::new(address, Protocol::Http1);
            let mut statuses = Vec::new();
            for step in 0..10 {
                let email = format!("user-{number}-{step}@shared.test");
                statuses.push(register(&mut http, &email).await.unwrap().status);
                statuses.push(login(&mut http, &email).await.unwrap().status);
            }
            statuses
        });
    }
    for statuses in working.join_all().await {
        assert_eq!(statuses, [201, 200].repeat(10), "nobody is turned away because of the other");
    }
    let (mut here, mut there) = (first.http(), second.http());
    let ada = sign_up(&mut here, "ada@shared.test").await;
    // One key set: what one signs the other accepts.
    assert_eq!(there.get_as("/api/v1/me", &ada.access).await.unwrap().status, 200);
    let refreshed = there.post("/api/v1/refresh", json!({ "refresh_token": ada.refresh })).await.unwrap();
    let ada = Tokens::of(&refreshed);
    // What ends on one has ended on the other, at once.
    assert_eq!(here.post_as("/api/v1/logout", &ada.access, json!({})).await.unwrap().status, 204);
    assert_eq!(there.get_as("/api/v1/me", &ada.access).await.unwrap().brief(), "401 invalid_token");
    let again = there.post("/api/v1/refresh", json!({ "refresh_token": ada.refresh })).await.unwrap();
    assert_eq!(again.brief(), "401 invalid_refresh_token");
    // Killing one is nothing to the other.
    first.kill();
    eventually("the other server to go on", async || {
        let answer = login(&mut there, "ada@shared.test").await.unwrap();
        (answer.status == 200).then_some(())
    })
    .await;
    second.assert_sound();
    second.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_share_one_sqlite_file() {
    let folder = tempfile::tempdir().unwrap();
    share_everything(|| serve(&folder)).await;
}

/// One that was forgotten looks like one that is meant: the second says that it is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_a_file_says_that_it_is_not_alone() {
    let folder = tempfile::tempdir().unwrap();
    let first = serve(&folder).serve();
    assert!(!first.stderr.text().contains("another process serves"), "{}", first.stderr.text());
    let second = serve(&folder).serve();
    let said = second.stderr.text();
    assert!(said.contains("another process serves"), "{said}");
    assert!(said.contains("gatepost.db already; they share it, which is safe on one machine"), "{said}");
    first.stop();
    second.stop();
    let third = serve(&folder).serve();
    assert!(!third.stderr.text().contains("another process serves"), "{}", third.stderr.text());
    third.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_share_one_postgres_database() {
    let Some(postgres) = Postgres::database().await else { return };
    let folder = tempfile::tempdir().unwrap();
    share_everything(|| serve(&folder).arg("--database-url").arg(postgres.url())).await;
}
