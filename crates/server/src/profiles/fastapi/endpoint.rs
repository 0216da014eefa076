//! The endpoints of a profile, each once: what the guide lists is made of this, and the tests look for the tests it names.

use std::fmt::Write as _;

/// One method at one path of a contract.
#[derive(Debug)]
pub struct Endpoint {
    /// The method.
    pub method: &'static str,
    /// The path, as the contract writes it.
    pub path: &'static str,
    /// What it takes and answers, in a line.
    pub does: &'static str,
    /// The test that covers it.
    pub test: &'static str,
}

/// The table of the guide.
pub fn table(endpoints: &[Endpoint]) -> String {
    let mut table = "| request | takes and answers | test |\n| --- | --- | --- |\n".to_owned();
    for Endpoint { method, path, does, test } in endpoints {
        // Writing to a string does not fail.
        let _ = writeln!(table, "| `{method} {path}` | {does} | `{test}` |");
    }
    table
}
