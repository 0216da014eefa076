//! Links lead to the configured URL, whatever a request says (LG-09).

use axum::{
    body::Body,
    http::{Request, Uri},
};
use serde_json::json;

use super::verified;
use crate::support::TestApp;

#[tokio::test]
async fn lg_09_no_header_and_no_request_line_moves_a_link() {
    let app = TestApp::with(
        "[[realm]]\nname = \"default\"\nrate_limits = \"off\"\n[[realm]]\nname = \"other\"\nrate_limits = \"off\"\n[[realm]]\nname = \"hosted\"\nrate_limits = \"off\"\nhosts = [\"auth.hosted.test\"]\n",
    )
    .await;
    verified(&app, "ada@example.com").await;
    let before = app.mail_to("ada@example.com").await.len();
    let poison: [&[(&str, &str)]; 8] = [
        &[("host", "evil.example")],
        &[("host", "127.0.0.1:8400"), ("x-forwarded-host", "evil.example")],
        &[("host", "127.0.0.1:8400"), ("forwarded", "host=evil.example;proto=https")],
        &[("host", "127.0.0.1:8400"), ("x-forwarded-proto", "https"), ("x-forwarded-port", "443")],
        &[
            ("host", "127.0.0.1:8400"),
            ("x-original-url", "https://evil.example/"),
            ("x-rewrite-url", "/evil"),
        ],
        &[("host", "127.0.0.1:8400"), ("x-forwarded-prefix", "//evil.example")],
        &[
            ("host", "127.0.0.1:8400"),
            ("origin", "https://evil.example"),
            ("referer", "https://evil.example/"),
        ],
        &[("host", "evil.example:8400"), ("x-host", "evil.example")],
    ];
    for headers in poison {
        for target in ["/api/v1/recover", "http://evil.example/api/v1/recover"] {
            app.advance(std::time::Duration::from_secs(31));
            let mut request =
                Request::post(target.parse::<Uri>().unwrap()).header("content-type", "application/json");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let body = json!({"email": "ada@example.com"}).to_string();
            assert_eq!(app.send(request.body(Body::from(body)).unwrap()).await.status, 202, "{headers:?}");
            app.app.send_mail().await.unwrap();
        }
    }
    let letters = app.mail_to("ada@example.com").await;
    assert_eq!(letters.len(), before + 16);
    for letter in &letters {
        assert!(letter.link().unwrap().starts_with("http://127.0.0.1:8400/"), "{}", letter.text);
        assert!(!letter.text.contains("evil") && !letter.html.contains("evil"));
    }
    // Each realm's links are its own.
    for (realm, host, url) in [
        ("/r/other", "evil.example", "http://127.0.0.1:8400/r/other/verify-email?token="),
        ("", "auth.hosted.test", "http://auth.hosted.test/verify-email?token="),
    ] {
        let body = json!({"email": "bob@example.com", "password": crate::support::PASSWORD}).to_string();
        let request = Request::post(format!("{realm}/api/v1/register"))
            .header("host", host)
            .header("x-forwarded-host", "evil.example")
            .header("content-type", "application/json")
            .body(Body::from(body))
            .unwrap();
        assert_eq!(app.send(request).await.status, 201);
        let letter = app.mail_to("bob@example.com").await.pop().unwrap();
        assert!(letter.link().unwrap().starts_with(url), "{}", letter.text);
    }
}
