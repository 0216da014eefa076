//! Generated files are what the code says. `scripts/generate` writes them.

use std::{env, fs, path::PathBuf};

use crate::support::TestApp;

fn check(file: &str, fresh: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(file);
    if env::var_os("GATEPOST_GENERATE").is_some() {
        fs::write(&path, fresh).unwrap();
        return;
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == fresh,
        "docs/reference/{file} is out of date; run scripts/generate and read the difference"
    );
}

/// A table in a page that people wrote.
fn check_table(page: &str, fresh: &str) {
    const BEGIN: &str = "<!-- The table is made of the list in the code: scripts/generate -->\n";
    const END: &str = "<!-- end of the table -->\n";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide").join(page);
    let committed = fs::read_to_string(&path).unwrap();
    let (before, rest) = committed.split_once(BEGIN).expect("where the table begins");
    let (_, after) = rest.split_once(END).expect("where it ends");
    let fresh = format!("{before}{BEGIN}{fresh}\n{END}{after}");
    if env::var_os("GATEPOST_GENERATE").is_some() {
        fs::write(&path, fresh).unwrap();
        return;
    }
    assert!(committed == fresh, "docs/guide/{page} is out of date; run scripts/generate");
}

#[test]
fn the_endpoints_of_scalekit_are_up_to_date() {
    check_table("coming-from-scalekit.md", &gatepost_server::testing::scalekit_endpoints());
}

#[test]
fn the_endpoints_of_zalt_are_up_to_date() {
    check_table("coming-from-zalt.md", &gatepost_server::testing::zalt_endpoints());
}

#[tokio::test]
async fn the_openapi_document_is_up_to_date() {
    let answer = TestApp::new().await.get("/openapi.json").await;
    check("openapi.json", &format!("{}\n", String::from_utf8(answer.body).unwrap()));
}

#[test]
fn the_problem_codes_are_up_to_date() {
    check("problems.md", &gatepost_server::testing::problem_codes());
}

#[test]
fn the_audit_events_are_up_to_date() {
    check("audit-events.md", &gatepost_server::testing::audit_events());
}

#[test]
fn the_webhook_events_are_up_to_date() {
    check("webhook-events.md", &gatepost_server::testing::webhook_events());
}

#[tokio::test]
async fn the_docs_page_shows_every_operation_and_loads_nothing_from_elsewhere() {
    let app = TestApp::new().await;
    let page = app.get("/docs").await;
    let html = String::from_utf8(page.body.clone()).unwrap();
    let api = app.get("/openapi.json").await.json();
    for item in api["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(html.contains(&format!("<article id=\"{id}\">")), "{id}");
        }
    }
    assert!(!html.contains("<script") && !html.contains("style=") && !html.contains("//cdn"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert_eq!(app.get("/docs/style.css").await.header("content-type"), Some("text/css; charset=utf-8"));
}

#[tokio::test]
async fn who_looks_for_the_page_is_shown_the_way() {
    let app = TestApp::with("[[realm]]\nname = \"acme\"\n").await;
    for prefix in ["", "/r/acme"] {
        let slash = app.get(&format!("{prefix}/docs/")).await;
        assert_eq!((slash.status.as_u16(), slash.header("location")), (308, Some("../docs")));
        let root = app.get(&format!("{prefix}/")).await;
        assert_eq!(root.brief(), "404 not_found");
        assert!(root.text("detail").contains("/docs"), "{root:?}");
    }
}
