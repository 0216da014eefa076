//! F-21: what is told to webhooks outlives the server that was to send it.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{
    CHEAP_HASHES, Http, Invocation, PASSWORD, Postgres, Protocol, Tokens, eventually, gatepost, login,
    register,
};

/// Users that are made before the server is killed.
const USERS: usize = 40;

fn serve(folder: &tempfile::TempDir) -> Invocation {
    let call = gatepost("serve --listen 127.0.0.1:0 --public-url http://127.0.0.1:8400");
    call.data(folder.path()).envs(CHEAP_HASHES).env("GATEPOST_OUTGOING__PRIVATE_ADDRESSES", "true")
}

async fn killed_after_its_commits(folder: &tempfile::TempDir, start: impl Fn() -> Invocation) {
    let file = folder.path().join("realms.toml");
    let realm = format!(
        "[[realm]]\nname = \"default\"\nrate_limits = \"off\"\n[[realm.user]]\nemail = \"admin@example.com\"\npassword = \"{PASSWORD}\"\nroles = [\"realm-admin\"]\n"
    );
    std::fs::write(&file, realm).unwrap();
    let mut server = start().arg("--apply").arg(file.to_str().unwrap()).serve();
    // Nobody listens there yet.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let mut http = server.http();
    let admin = Tokens::of(&login(&mut http, "admin@example.com").await.unwrap());
    let hook = json!({"url": format!("http://{address}/hook"), "events": ["user.created"]});
    let made = http.post_as("/api/v1/admin/webhooks", &admin.access, hook).await.unwrap();
    assert_eq!(made.status, 201, "{}", made.text());
    let mut committed = BTreeSet::new();
    for number in 0..USERS {
        let mut http = Http::new(server.address(), Protocol::Http1);
        let made = register(&mut http, &format!("user-{number}@example.com")).await.unwrap();
        assert_eq!(made.status, 201, "{}", made.text());
        committed
            .insert(made.json()["user"]["id"].as_str().or(made.json()["id"].as_str()).unwrap().to_owned());
    }
    server.kill();

    let got = Arc::new(Mutex::new(Vec::<Value>::new()));
    let keep = Arc::clone(&got);
    let receiver = Router::new().fallback(move |body: Bytes| {
        keep.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
        async {}
    });
    let listener = TcpListener::bind(address).await.unwrap();
    tokio::spawn(async move { axum::serve(listener, receiver).await });
    let server = start().serve();
    // At the latest when the lease of the dead is over.
    eventually("every message to arrive", async || {
        let got = got.lock().unwrap();
        let told: BTreeSet<String> =
            got.iter().map(|body| body["data"]["user"]["id"].as_str().unwrap().to_owned()).collect();
        (told == committed).then_some(())
    })
    .await;
    println!("FAULT F-21 committed={USERS} delivered={} lost=0", got.lock().unwrap().len());
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn wh_04_kill_minus_nine_after_the_commit_loses_no_message_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    killed_after_its_commits(&folder, || serve(&folder)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wh_04_kill_minus_nine_after_the_commit_loses_no_message_on_postgres() {
    let Some(postgres) = Postgres::database().await else { return };
    let folder = tempfile::tempdir().unwrap();
    killed_after_its_commits(&folder, || serve(&folder).arg("--database-url").arg(postgres.url())).await;
}
