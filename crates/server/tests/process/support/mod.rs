//! Starting the program, waiting for what it says, and talking to it.

mod account;
mod http;
mod invocation;
mod mounts;
mod output;
mod postgres;
mod server;
mod tls;

use std::time::{Duration, Instant};

pub(crate) use account::{PASSWORD, Tokens, login, register, sign_up};
pub(crate) use http::{Answer, Http, Protocol};
pub(crate) use invocation::{Invocation, gatepost, install};
pub(crate) use mounts::Mounts;
pub(crate) use output::Output;
pub(crate) use postgres::Postgres;
pub(crate) use server::Server;
pub(crate) use tls::Certificate;

/// How long anything may take before a test gives up. Long: the machine may be busy with other things.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// Settings that make password hashes cost next to nothing. And a test may say from where it asks: [`Http`] says so.
pub(crate) const CHEAP_HASHES: [(&str, &str); 3] = [
    ("GATEPOST_PASSWORDS__MEMORY_KIB", "8"),
    ("GATEPOST_PASSWORDS__PASSES", "1"),
    ("GATEPOST_SERVER__TRUSTED_PROXIES", "127.0.0.1"),
];

/// Asks until there is an answer, and fails the test when there is none in time.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(began.elapsed() < DEADLINE, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
