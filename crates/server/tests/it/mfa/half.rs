//! MF-04: what says that a password was right opens the second step and nothing else, from the route table.

use std::{collections::BTreeSet, fs, path::Path};

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use serde_json::json;

use super::{ADA, half, second, with_app};
use crate::{
    closed_by_default::{PUBLIC, filled},
    pages::browser::Browser,
    support::{TestApp, request},
};

#[tokio::test]
async fn mf_04_half_a_sign_in_is_no_credential_at_any_route_of_the_api() {
    let app = TestApp::new().await;
    let (ada, phone, _) = with_app(&app, ADA).await;
    app.advance(std::time::Duration::from_secs(30));
    let token = half(&app, ADA).await;
    let api = app.get("/openapi.json").await.json();
    let mut asked = 0;
    for (path, item) in api["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let route = format!("{method} {path}");
            if PUBLIC.contains(&route.as_str()) {
                continue;
            }
            let path = filled(path, &ada.id);
            let ask = |token: &str| app.send(request(method.clone(), &path, Some(token), Some(json!({}))));
            let (answer, garbage) = (ask(&token).await, ask("garbage").await);
            assert_eq!((answer.status, &answer.body), (garbage.status, &garbage.body), "{route}");
            assert!([400, 401, 403].contains(&answer.status.as_u16()), "{route}: {answer:?}");
            asked += 1;
        }
    }
    assert!(asked > 60, "only {asked} routes");
    // Nor does it pass for another token where one is sent in a body.
    assert_eq!(app.refresh(&token).await.brief(), "401 invalid_refresh_token");
    let set_up = app.post("/api/v1/login/mfa/totp", json!({"mfa_token": token})).await;
    assert_eq!(set_up.brief(), "401 invalid_mfa_token", "nor adds a factor to those there are");
    let made = app.post("/api/v1/login/mfa/passkey/new", json!({"mfa_token": token})).await;
    assert_eq!(made.brief(), "401 invalid_mfa_token", "nor a passkey");
    for (grant, name) in [
        ("authorization_code", "code"),
        ("refresh_token", "refresh_token"),
        ("urn:ietf:params:oauth:grant-type:device_code", "device_code"),
        ("urn:ietf:params:oauth:grant-type:token-exchange", "subject_token"),
    ] {
        let form = format!("grant_type={grant}&{name}={token}&client_id=web");
        let asking = Request::post("/oauth/token")
            .header(header::HOST, "127.0.0.1:8400")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form));
        let answer = app.send(asking.unwrap()).await;
        assert!(answer.json().get("access_token").is_none() && answer.status != 200, "{grant}: {answer:?}");
    }
    assert_eq!(second(&app, &token, &phone.code(&app)).await.status, 200, "and it was good all the time");
}

/// Every page that is routed anywhere in the source.
fn pages() -> BTreeSet<String> {
    let mut waiting: Vec<_> =
        ["src/pages", "src/oauth"].map(|folder| Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).into();
    let mut found = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = fs::read_to_string(path).unwrap();
        for rest in text.split(".route(").skip(1) {
            if let Some(route) = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next()) {
                found.insert(route.to_owned());
            }
        }
    }
    found
}

#[tokio::test]
async fn mf_04_half_a_sign_in_opens_no_page_but_the_second_step() {
    let app = TestApp::new().await;
    let (_, phone, _) = with_app(&app, ADA).await;
    app.advance(std::time::Duration::from_secs(30));
    let browser = Browser::new(&app);
    let first = browser.sign_in(ADA).await;
    let step = first.location().to_owned();
    assert!(step.starts_with("/sign-in/mfa?flow="), "{step}");
    assert_eq!(browser.cookie("__Host-gatepost-default"), None, "nobody is signed in");
    let flow = step.split_once("flow=").unwrap().1.to_owned();
    let asked = browser.get(&step).await;
    assert!(asked.html().contains("autocomplete=\"one-time-code\"") && asked.html().contains("ada@<wbr>"));
    let csrf = asked.hidden("csrf").unwrap();

    let pages = pages();
    assert!(
        pages.len() > 15 && pages.contains("/account/totp") && pages.contains("/oauth/authorize"),
        "{pages:?}"
    );
    for page in pages.iter().filter(|page| *page != "/sign-in/mfa") {
        for answer in [
            browser.get(&format!("{page}?flow={flow}")).await,
            browser
                .post(
                    page,
                    &[
                        ("flow", &flow),
                        ("csrf", &csrf),
                        ("act", "begin"),
                        ("decision", "approve"),
                        ("choose", "1"),
                    ],
                )
                .await,
        ] {
            assert!(!answer.html().contains("ada@"), "{page} shows whose password it was");
            assert!(!answer.html().contains("account/sessions\""), "{page} shows an account");
            if page.starts_with("/account") && !page.ends_with("/saved")
                || ["/consent", "/device"].contains(&page.as_str())
            {
                let to = answer.header("location").unwrap_or("-");
                let refused = answer.status.is_client_error();
                assert!(
                    refused || to.starts_with("/sign-in?flow=") || to == "/account/profile",
                    "{page}: {} {to}",
                    answer.status
                );
            }
        }
        assert_eq!(browser.cookie("__Host-gatepost-default"), None, "{page}");
    }
    // In another browser it is worth nothing.
    let other = Browser::new(&app);
    other.get("/sign-in").await;
    assert_eq!(other.get(&step).await.status, 400);
    let answer =
        browser.post("/sign-in/mfa", &[("flow", &flow), ("csrf", &csrf), ("code", &phone.code(&app))]).await;
    assert_eq!(answer.location(), "/account/profile");
    assert!(browser.cookie("__Host-gatepost-default").is_some());
}
