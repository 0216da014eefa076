//! `gatepost`: the server and its commands.

use std::process::ExitCode;

/// A request makes and drops some forty small things; with this it takes a tenth less CPU than with the C library's
/// (docs/performance.md). Without huge pages, which would double the memory of an idle server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    gatepost_server::cli::main()
}
