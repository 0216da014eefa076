//! F-03: the disk of the store is full while the server runs.

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
};

use serde_json::json;

use crate::support::{
    CHEAP_HASHES, DEADLINE, Mounts, Tokens, eventually, gatepost, login, register, sign_up,
};

/// What is left to be filled by the server, in bytes: some dozens of accounts.
const ROOM: u64 = 512 * 1024;

/// Fills what is left of the file system `file` is on.
fn fill(file: &Path) {
    let mut filler = File::create(file).unwrap();
    for size in [64 * 1024, 4096, 512, 1] {
        while filler.write_all(&vec![b'x'; size]).is_ok() {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_turns_writes_away_with_storage_full_and_room_is_noticed_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    let Some(mounts) = Mounts::small(&data, 8 * 1024) else { return };
    let mut server =
        gatepost("serve --listen 127.0.0.1:0").data(&data).envs(CHEAP_HASHES).within(mounts).serve();
    let mut http = server.http();
    let ada = sign_up(&mut http, "ada@full.test").await;

    let filler = Mounts::inside(server.pid(), &data).join("filler");
    fill(&filler);
    // A little room, so that the disk becomes full in the midst of things.
    let file = File::options().write(true).open(&filler).unwrap();
    file.set_len(file.metadata().unwrap().len() - ROOM).unwrap();
    drop(file);
    let mut kept = Vec::new();
    let turned_away = eventually("the disk to be full", async || {
        let email = format!("user-{}@full.test", kept.len());
        let answer = register(&mut http, &email).await.unwrap();
        if answer.status == 201 {
            kept.push(email);
            return None;
        }
        Some(answer)
    });
    let turned_away = turned_away.await;
    assert!(!kept.is_empty(), "there was room for some");
    assert_eq!(turned_away.brief(), "503 storage_full");
    assert_eq!(turned_away.header("retry-after"), "1");
    assert_eq!(turned_away.header("content-type"), "application/problem+json");
    let denied = format!("user-{}@full.test", kept.len());
    // What was too little for an account is enough for some refreshes, until no page is left for them either.
    let last_bytes = Mounts::inside(server.pid(), &data).join("last-bytes");
    fill(&last_bytes);
    let mut ada = ada;
    let turned_away = eventually("the disk to be full for refreshes too", async || {
        let answer = http.post("/api/v1/refresh", json!({ "refresh_token": ada.refresh })).await.unwrap();
        if answer.status == 200 {
            ada = Tokens::of(&answer);
            return None;
        }
        Some(answer)
    });
    assert_eq!(turned_away.await.brief(), "503 storage_full");

    // Reading and verifying go on.
    assert_eq!(http.get_as("/api/v1/me", &ada.access).await.unwrap().status, 200);
    assert_eq!(http.get("/.well-known/jwks.json").await.unwrap().status, 200);
    assert_eq!(http.get("/health/ready").await.unwrap().status, 200);
    // Every kind of write says the same.
    let refresh = json!({ "refresh_token": ada.refresh });
    assert_eq!(login(&mut http, "ada@full.test").await.unwrap().brief(), "503 storage_full");
    assert_eq!(
        http.post_as("/api/v1/logout", &ada.access, json!({})).await.unwrap().brief(),
        "503 storage_full"
    );

    fs::remove_file(&filler).unwrap();
    fs::remove_file(&last_bytes).unwrap();
    let again = eventually("the room to be noticed", async || {
        let answer = http.post("/api/v1/refresh", refresh.clone()).await.unwrap();
        if answer.status != 200 {
            eprintln!("DEBUG {}", answer.brief());
        }
        (answer.status == 200).then_some(answer)
    });
    let ada = Tokens::of(&again.await);
    assert_eq!(
        http.get_as("/api/v1/me", &ada.access).await.unwrap().status,
        200,
        "the sign-out was not done"
    );
    // Whole users, or none.
    for email in &kept {
        assert_eq!(login(&mut http, email).await.unwrap().status, 200, "{email} was acknowledged");
    }
    assert_eq!(login(&mut http, &denied).await.unwrap().status, 401, "{denied} was turned away");
    assert_eq!(
        http.post_within(
            DEADLINE,
            "/api/v1/register",
            json!({ "email": denied, "password": crate::support::PASSWORD })
        )
        .await
        .status,
        201
    );
    server.assert_sound();
    println!(
        "FAULT F-03 store=sqlite kept={} code=storage_full half_made=0 recovered_without_restart=yes",
        kept.len()
    );
    server.stop();
}
