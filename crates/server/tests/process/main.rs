//! The `gatepost` program as an operator meets it: started as a process, spoken to over sockets, killed.
//!
//! Everything is in temporary folders and on ports the system chooses. Tests that need PostgreSQL take a server from
//! `GATEPOST_TEST_POSTGRES` and make a database each; tests that need a private mount ask for one with unshare(1).
//! What is not available is said on standard error with `SKIPPED`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "figures and skipped tests are said aloud")]

mod commands;
mod database_outage;
mod figures;
mod full_disk;
mod hostile_clients;
mod kill;
mod logs;
mod metrics;
mod protocols;
mod refusals;
mod shared_store;
mod shutdown;
mod store_refusals;
mod support;
mod webhooks;
