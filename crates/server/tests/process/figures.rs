//! What a start costs. Printed, not asserted: figures of this machine, this build and what else was running.

use crate::support::{CHEAP_HASHES, eventually, gatepost};

#[tokio::test(flavor = "multi_thread")]
async fn cold_starts_and_idle_memory_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    let start = || gatepost("serve --listen 127.0.0.1:0").data(folder.path()).serve();
    let server = start();
    let first = server.start_up;
    assert_eq!(server.get("/.well-known/jwks.json").await.status, 200);
    server.stop();
    let mut warm = Vec::new();
    for _ in 0..9 {
        let server = start();
        warm.push(server.start_up);
        server.stop();
    }
    warm.sort_unstable();
    let server = gatepost("serve --listen 127.0.0.1:0").data(folder.path()).envs(CHEAP_HASHES).serve();
    assert_eq!(server.get("/health/ready").await.status, 200);
    // Two readings alike: what the start needed has been given back.
    let mut before = 0;
    let idle = eventually("the memory to settle", async || {
        let now = server.resident_kib();
        std::mem::replace(&mut before, now).eq(&now).then_some(now)
    })
    .await;
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    println!(
        "FIGURE build={build} first_start_ms={} warm_start_ms_median={} warm_start_ms_max={} idle_rss_mib={:.1}",
        first.as_millis(),
        warm[warm.len() / 2].as_millis(),
        warm[warm.len() - 1].as_millis(),
        f64::from(u32::try_from(idle).unwrap()) / 1024.0
    );
    server.stop();
}
