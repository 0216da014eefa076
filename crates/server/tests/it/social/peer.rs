//! A second Gatepost as the provider.

use serde_json::Value;

use super::{parameters, users, who};
use crate::{
    pages::browser::Browser,
    support::{PASSWORD, TestApp},
};

/// Another installation, reached at an address of its own.
async fn other() -> (TestApp, String) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let app = TestApp::at(
        &address,
        &format!(
            r#"
[[realm]]
name = "default"
[[realm.client]]
id = "first-gatepost"
secret = "what the first knows of the second"
name = "The first"
redirect_uris = ["http://127.0.0.1:8400/sign-in/with/other/callback"]
scopes = ["openid", "email", "profile"]
[[realm.user]]
email = "grace@example.com"
name = "Grace Hopper"
password = "{PASSWORD}"
email_verified = true
"#
        ),
    )
    .await;
    let router = app.router.clone();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (app, address)
}

/// Signs in and agrees at the provider: where it sends one back to.
async fn at_the_provider(browser: &Browser<'_>, url: &str) -> String {
    let path = url::Url::parse(url).unwrap();
    let mut next = format!("{}?{}", path.path(), path.query().unwrap());
    for _ in 0..8 {
        let answer = browser.get(&next).await;
        let page = if answer.status == 303 || answer.status == 302 {
            next = answer.location().to_owned();
            if next.starts_with("http://127.0.0.1:8400/") {
                return next.replace("http://127.0.0.1:8400", "");
            }
            continue;
        } else {
            answer
        };
        let html = page.html();
        let done = if html.contains("id=\"login-submit\"") {
            browser.fill(&page, &[("username", "grace@example.com"), ("password", PASSWORD)]).await
        } else {
            browser.fill(&page, &[("decision", "approve")]).await
        };
        done.location().clone_into(&mut next);
        if next.starts_with("http://127.0.0.1:8400/") {
            return next.replace("http://127.0.0.1:8400", "");
        }
    }
    panic!("at the provider without end: {next}");
}

#[tokio::test]
async fn a_second_gatepost_is_the_provider() {
    let (second, address) = other().await;
    let first = TestApp::with(&format!(
        r#"
[[realm]]
name = "default"
[[realm.provider]]
id = "other"
name = "The second"
issuer = "{address}"
client_id = "first-gatepost"
client_secret = "what the first knows of the second"
trust_email = true
"#
    ))
    .await;
    let browser = Browser::new(&first);
    let url = super::choose(&browser, "/sign-in", "with-other").await;
    assert!(url.starts_with(&format!("{address}/oauth/authorize?")), "{url}");
    let there = Browser::new(&second);
    let back = at_the_provider(&there, &url).await;
    // It names itself (RFC 9207).
    let came = parameters(&format!("http://127.0.0.1:8400{back}"));
    assert_eq!(came["iss"], address);
    let answer = browser.get(&back).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/account/profile"), "{}", answer.html());
    assert_eq!(who(&browser).await.as_deref(), Some("grace@example.com"));
    let all: Vec<Value> = users(&first).await;
    assert_eq!((all.len(), &all[0]["email_verified"]), (1, &Value::Bool(true)));
    assert_eq!(all[0]["name"], "Grace Hopper");
    // And once more, which asks nothing any more there.
    let again = Browser::new(&first);
    let url = super::choose(&again, "/sign-in", "with-other").await;
    let back = at_the_provider(&there, &url).await;
    assert_eq!(again.get(&back).await.location(), "/account/profile");
    assert_eq!(users(&first).await.len(), 1);
    // Whoever must prove anew who they are does so there, and it says when.
    second.advance(std::time::Duration::from_mins(11));
    first.advance(std::time::Duration::from_mins(11));
    let anew = again.get("/account/totp").await;
    let url = super::choose(&again, anew.location(), "with-other").await;
    let back = at_the_provider(&there, &url).await;
    assert_eq!(again.get(&back).await.location(), "/account/totp");
    assert_eq!(again.get("/account/totp").await.status, 200);
}
