//! Every endpoint of the contract, once: what is served, by what, and by which test that is seen. The routes are made of it, and the
//! table in the guide.

mod account;
mod organizations;
mod realm;

use std::fmt::Write as _;

use axum::{Router, routing::MethodRouter};

use crate::App;

/// One endpoint of the contract.
pub struct Endpoint {
    method: &'static str,
    path: &'static str,
    kind: Kind,
}

enum Kind {
    /// By this front door, and seen by this test, in the folder of its tests.
    Served { test: &'static str, route: fn() -> MethodRouter<App> },
    /// In every realm, whatever its profile; in this part of the guide.
    Everywhere(&'static str),
    /// Not at all, and why not: answered as what is not there.
    Never(&'static str),
}

const fn served(
    method: &'static str,
    path: &'static str,
    test: &'static str,
    route: fn() -> MethodRouter<App>,
) -> Endpoint {
    Endpoint { method, path, kind: Kind::Served { test, route } }
}

const fn everywhere(method: &'static str, path: &'static str, guide: &'static str) -> Endpoint {
    Endpoint { method, path, kind: Kind::Everywhere(guide) }
}

const fn never(method: &'static str, path: &'static str, why: &'static str) -> Endpoint {
    Endpoint { method, path, kind: Kind::Never(why) }
}

/// Endpoints that belong together, under the heading they have in the guide.
type Area = (&'static str, &'static [Endpoint]);

/// What is served, by area, and what is not.
fn areas() -> impl Iterator<Item = &'static Area> {
    [account::AREAS, organizations::AREAS, realm::AREAS].into_iter().flatten()
}

fn all() -> impl Iterator<Item = &'static Endpoint> {
    areas().flat_map(|(_, endpoints)| endpoints.iter())
}

/// The routes.
pub fn routes() -> Router<App> {
    all().fold(Router::new(), |router, endpoint| match endpoint.kind {
        Kind::Served { route, .. } => router.route(endpoint.path, route()),
        Kind::Everywhere(_) | Kind::Never(_) => router,
    })
}

/// Method, path and test of what this front door serves.
pub fn tested() -> Vec<(&'static str, &'static str, &'static str)> {
    let tested = |endpoint: &Endpoint| match endpoint.kind {
        Kind::Served { test, .. } => Some((endpoint.method, endpoint.path, test)),
        Kind::Everywhere(_) | Kind::Never(_) => None,
    };
    all().filter_map(tested).collect()
}

/// Method and path of what it does not.
pub fn untold() -> Vec<(&'static str, &'static str)> {
    let missing = all().filter(|endpoint| matches!(endpoint.kind, Kind::Never(_)));
    missing.map(|endpoint| (endpoint.method, endpoint.path)).collect()
}

/// The table of the guide.
pub fn table() -> String {
    let mut text = String::new();
    for (area, endpoints) in areas() {
        // A string takes whatever is written to it.
        let _ = writeln!(text, "\n### {area}\n\n| endpoint | |\n| --- | --- |");
        for Endpoint { method, path, kind } in *endpoints {
            let method = if *method == "*" { String::new() } else { format!("{method} ") };
            let _ = match kind {
                Kind::Served { test, .. } => writeln!(text, "| `{method}{path}` | works; test `{test}` |"),
                Kind::Everywhere(guide) => {
                    writeln!(text, "| `{method}{path}` | works, as in every realm: [{guide}]({guide}) |")
                }
                Kind::Never(why) => writeln!(text, "| `{method}{path}` | no: {why} |"),
            };
        }
    }
    text
}
