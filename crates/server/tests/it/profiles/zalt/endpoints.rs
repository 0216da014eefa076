//! The list of endpoints, from which the routes and the guide's table are made, is what is there.

use std::{fs, path::PathBuf};

use axum::http::Method;
use serde_json::json;

use super::{brief, world};
use crate::support::request;

/// The table cannot name a test that is not there.
#[test]
fn every_endpoint_names_a_test_that_is_there() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/profiles/zalt");
    for (method, path, test) in gatepost_server::testing::zalt_served() {
        let (module, name) = test.split_once("::").unwrap();
        let text = fs::read_to_string(folder.join(format!("{module}.rs"))).unwrap();
        assert!(text.contains(&format!("async fn {name}()")), "{method} {path}: {test}");
        let asked = path.split('{').next().unwrap();
        assert!(text.contains(asked), "{test} does not ask for {path}");
    }
}

/// Whether a path is one of a route, whose parameters stand for anything.
fn fits(route: &str, path: &str) -> bool {
    let (route, path): (Vec<_>, Vec<_>) = (route.split('/').collect(), path.split('/').collect());
    route.len() == path.len()
        && route.iter().zip(&path).all(|(known, part)| known == part || known.starts_with('{'))
}

/// And what it says is not there is not.
#[tokio::test]
async fn what_is_not_served_is_answered_as_what_is_not_there() {
    let app = world().await;
    let served = gatepost_server::testing::zalt_served();
    for (method, path) in gatepost_server::testing::zalt_missing() {
        // With another method it may be.
        let is_there = served.iter().any(|(_, known, _)| fits(known, path));
        let expected = if is_there { "405 METHOD_NOT_ALLOWED" } else { "404 NOT_FOUND" };
        let path = path.replace('*', "x");
        let path = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
        let path = path.collect::<Vec<_>>().join("/");
        let method: Method = if method == "*" { Method::GET } else { method.parse().unwrap() };
        let answer = app.send(request(method.clone(), &path, None, Some(json!({})))).await;
        assert_eq!(brief(&answer), expected, "{method} {path}");
    }
}
