//! `gatepost`: the server and its commands.

use std::process::ExitCode;

fn main() -> ExitCode {
    gatepost_server::cli::main()
}
