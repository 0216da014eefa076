//! WH-02, WH-03: addresses that lead inward, and receivers that want to be a burden.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use axum::http::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{
    HOOKS, World, make,
    receiver::{Receiver, Strange},
};
use crate::support::TestApp;

const INWARD: [(&str, &str); 1] = [("GATEPOST_OUTGOING__PRIVATE_ADDRESSES", "false")];

#[tokio::test]
async fn wh_02_no_webhook_is_made_that_leads_inward() {
    let app = TestApp::with_settings("", &INWARD).await;
    let admin = app.admin().await;
    for url in [
        "https://127.0.0.1/hook",
        "https://127.1/hook",
        "https://2130706433/hook",
        "https://0x7f000001/hook",
        "https://0177.0.0.1/hook",
        "https://0.0.0.0/hook",
        "https://[::1]/hook",
        "https://[::ffff:127.0.0.1]/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/hook",
        "https://172.16.0.1/hook",
        "https://192.168.0.1/hook",
        "https://100.64.0.1/hook",
        "https://[fc00::1]/hook",
        "https://[fe80::1]/hook",
        "http://app.test/hook",
        "http://localhost:8000/hook",
        "https://localhost/hook",
        "https://LOCALHOST.:8443/hook",
        "https://hooks.localhost/hook",
        "https://user:pass@app.test/hook",
        "https://app.test:22/hook",
        "https://app.test/hook#fragment",
        "https://bücher.test/hook",
        "ftp://app.test/hook",
        "file:///etc/passwd",
        "",
    ] {
        let body = json!({"url": url, "events": ["*"]});
        let answer = app.ask(&admin, Method::POST, HOOKS, Some(body)).await;
        assert_eq!(answer.brief(), "422 invalid_field", "{url}");
        assert!(answer.text("detail").contains("url"), "{url}: {answer:?}");
    }
    let hook = make(&app, &admin, "https://app.test/hook", &["*"]).await;
    let change = Some(json!({"url": "https://10.0.0.1/hook"}));
    let answer = app.ask(&admin, Method::PATCH, &format!("{HOOKS}/{}", hook.id), change).await;
    assert_eq!(answer.brief(), "422 invalid_field");
}

/// As it may stand there since private addresses were allowed.
#[tokio::test]
async fn wh_02_a_webhook_that_leads_inward_is_not_connected_to_when_that_is_forbidden_later() {
    let app = TestApp::with_settings("", &INWARD).await;
    let (admin, inside) = (app.admin().await, Strange::silent().await);
    for name in ["localhost", "localhost.", "hooks.localhost", "127.0.0.1"] {
        let hook = make(&app, &admin, "https://app.test/hook", &["*"]).await;
        let (path, port) = (format!("{HOOKS}/{}", hook.id), inside.address.port());
        let inward = format!("https://{name}:{port}/hook");
        app.execute(&format!("UPDATE webhooks SET url = '{inward}' WHERE url = 'https://app.test/hook'"))
            .await;
        assert_eq!(app.ask(&admin, Method::POST, &format!("{path}/test"), None).await.status, 202);
        app.app.send_webhooks().await.unwrap();
        let listed = app.ask(&admin, Method::GET, &format!("{path}/deliveries"), None).await.json();
        assert_eq!(listed["deliveries"][0]["last_answer"], "address_refused", "{name}: {listed}");
    }
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn wh_02_no_redirect_is_followed() {
    let world = World::told_of(&["user.created"]).await;
    let inside = Receiver::new().await;
    let location = inside.url("/latest/meta-data");
    for status in ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let head = format!("HTTP/1.1 {status}\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
        let redirecting = Strange::new(move |mut stream| {
            let head = head.clone();
            async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(head.as_bytes()).await;
            }
        })
        .await;
        let hook = make(&world.app, &world.admin, &redirecting.url(), &["user.created"]).await;
        let path = format!("{HOOKS}/{}", hook.id);
        world.ask(Method::POST, &format!("{path}/test"), None).await;
        world.send().await;
        let listed = world.ask(Method::GET, &format!("{path}/deliveries"), None).await.json();
        let (answer, state) = (&listed["deliveries"][0]["last_answer"], &listed["deliveries"][0]["state"]);
        assert_eq!((answer, state), (&json!(&status[..3]), &json!("waiting")), "{listed}");
        assert_eq!(redirecting.connections(), 1);
    }
    assert!(inside.take().is_empty());
}

/// 1 GB of answer, and a gzip bomb: nothing after the status is read.
#[tokio::test]
async fn wh_03_an_answer_without_end_is_left_where_it_is() {
    let world = World::told_of(&["user.created"]).await;
    let zeros = vec![0_u8; 64 * 1024].leak();
    for head in [
        "HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 1073741824\r\n\r\n\u{1f}",
        "HTTP/1.1 200 OK\r\n\r\n",
    ] {
        let (endless, sent) = Strange::endless(head, zeros).await;
        let hook = make(&world.app, &world.admin, &endless.url(), &["user.created"]).await;
        let path = format!("{HOOKS}/{}", hook.id);
        world.ask(Method::POST, &format!("{path}/test"), None).await;
        let began = Instant::now();
        world.send().await;
        assert!(began.elapsed() < Duration::from_secs(10));
        let listed = world.ask(Method::GET, &format!("{path}/deliveries"), None).await.json();
        assert_eq!(listed["deliveries"][0]["state"], "delivered", "{listed}");
        let sent = sent.load(Ordering::Relaxed);
        assert!(sent < 32 * 1024 * 1024, "{sent} bytes were taken in");
    }
}

/// What is no answer, or one without an end before the status is known.
#[tokio::test]
async fn wh_03_what_is_no_answer_is_a_failure() {
    let world = World::told_of(&["user.created"]).await;
    let resets = Strange::new(|mut stream| async move {
        let _ = stream.read(&mut [0; 16]).await;
        // With what was not read still there, closing resets the connection.
        drop(stream);
    })
    .await;
    let (heads, _) = Strange::endless("HTTP/1.1 200 OK\r\n", b"x-more: and more and more and more\r\n").await;
    let (garbage, _) = Strange::endless("SSH-2.0-OpenSSH_9.2\r\n", b"\0\0\0\0\0\0\0\0").await;
    for strange in [&resets, &heads, &garbage] {
        let hook = make(&world.app, &world.admin, &strange.url(), &["user.created"]).await;
        let path = format!("{HOOKS}/{}", hook.id);
        world.ask(Method::POST, &format!("{path}/test"), None).await;
        world.send().await;
        let listed = world.ask(Method::GET, &format!("{path}/deliveries"), None).await.json();
        assert_eq!(listed["deliveries"][0]["last_answer"], "broken", "{listed}");
    }
}

/// A hundred receivers that take what they are sent and never answer: the hundred and first is told at once, and signing in takes as
/// long as ever.
#[tokio::test(flavor = "multi_thread")]
async fn wh_03_a_hundred_that_never_answer_slow_nobody_down() {
    let world = World::told_of(&["user.created"]).await;
    let silent = Strange::silent().await;
    let of = |number: u32| {
        let password = crate::support::PASSWORD;
        let user =
            format!("email = \"admin@example.com\"\npassword = \"{password}\"\nroles = [\"realm-admin\"]\n");
        format!("[[realm]]\nname = \"realm-{number}\"\n[[realm.user]]\n{user}")
    };
    let realms = format!("[[realm]]\nname = \"default\"\nrate_limits = \"off\"\n{}{}", of(0), of(1));
    world.app.apply(&realms).await;
    for number in 0..2 {
        let prefix = format!("/r/realm-{number}");
        let body = json!({"email": "admin@example.com", "password": crate::support::PASSWORD});
        let boss = crate::support::person(&world.app.post(&format!("{prefix}/api/v1/login"), body).await);
        for _ in 0..50 {
            let body = json!({"url": silent.url(), "events": ["user.created"]});
            let made = world.app.ask(&boss, Method::POST, &format!("{prefix}{HOOKS}"), Some(body)).await;
            assert_eq!(made.status, 201, "{made:?}");
        }
        let body = json!({"email": "ada@example.com", "password": crate::support::PASSWORD});
        assert_eq!(world.app.post(&format!("{prefix}/api/v1/register"), body).await.status, 201);
    }
    let p99 = async || {
        let mut took = Vec::new();
        for _ in 0..100 {
            let began = Instant::now();
            world.app.sign_in("ada@example.com").await;
            took.push(began.elapsed());
        }
        took.sort_unstable();
        took[98]
    };
    world.app.person("ada@example.com").await;
    let before = p99().await;
    let app = world.app.app.clone();
    let sending = tokio::spawn(async move { app.send_webhooks().await });
    let told = tokio::time::timeout(Duration::from_secs(10), world.receiver.arrived.notified()).await;
    assert!(told.is_ok(), "the one that answers is told");
    while silent.connections() < 100 {
        tokio::task::yield_now().await;
    }
    let during = p99().await;
    assert!(!sending.is_finished(), "the hundred are waited for all the while");
    sending.abort();
    assert!(during < before * 20 + Duration::from_millis(200), "{during:?}, and {before:?} without them");
    println!(
        "WH-03 dead={} login_p99_us={} without_us={}",
        silent.connections(),
        during.as_micros(),
        before.as_micros()
    );
}
