//! The commands, while a server runs on the same store.

mod access;
mod api_keys;
mod apply;
mod audit;
mod clients;
mod dev;
mod explain;
mod forger;
mod import;
mod keys;
mod organizations;
mod settings;
mod users;
mod webhooks;

use std::path::Path;

use crate::support::{CHEAP_HASHES, Invocation, Server, gatepost};

/// A server whose issuer is the one that commands assume: the default address, whatever port it listens on.
fn serve(folder: &Path) -> Server {
    gatepost("serve --listen 127.0.0.1:0 --public-url http://127.0.0.1:8400")
        .data(folder)
        .envs(CHEAP_HASHES)
        .serve()
}

/// A command on the store in `folder`.
fn command(folder: &Path, args: &str) -> Invocation {
    gatepost(args).data(folder).envs(CHEAP_HASHES)
}

/// What a command refuses with.
fn refusal(folder: &Path, args: &str) -> String {
    command(folder, args).run().refusal(&[])
}
