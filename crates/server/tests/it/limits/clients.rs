//! Clients: wrong secrets are counted by client and address, at every endpoint where one proves itself; and `grant_type=password`.

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use data_encoding::BASE64;

use super::{FILE, LIMITED, from, guess};
use crate::support::{Answer, PASSWORD, TestApp};

fn file() -> String {
    let file =
        FILE.replacen("rate_limits = \"default\"", "rate_limits = \"default\"\npassword_grant = true", 1);
    format!(
        "{file}[[realm.client]]\nid = \"house\"\nsecret = \"a-secret-of-the-house-app-0123456789\"\nskip_consent = true\n\
         grants = [\"password\", \"client_credentials\"]\nscopes = [\"openid\", \"notes:read\"]\n"
    )
}

async fn ask(app: &TestApp, peer: &str, path: &str, secret: &str, form: &str) -> Answer {
    let basic = BASE64.encode(format!("house:{secret}").as_bytes());
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::HOST, "127.0.0.1:8400")
        .header(header::AUTHORIZATION, format!("Basic {basic}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()))
        .unwrap();
    app.send(from(peer, request)).await
}

const SECRET: &str = "a-secret-of-the-house-app-0123456789";
const OWN: &str = "grant_type=client_credentials";

#[tokio::test]
async fn lg_03_the_secret_of_a_client_is_guessed_at_twenty_times_from_an_address() {
    let app = TestApp::with(&file()).await;
    let doors = [
        ("/oauth/token", OWN),
        ("/oauth/introspect", "token=x"),
        ("/oauth/revoke", "token=x"),
        ("/oauth/par", "x=1"),
    ];
    for number in 0..20 {
        let (path, form) = doors[number % doors.len()];
        assert_eq!(ask(&app, "192.0.2.1", path, "a guess", form).await.status, 401, "{path}");
    }
    for (path, form) in doors {
        let answer = ask(&app, "192.0.2.1", path, SECRET, form).await;
        assert_eq!(answer.status, 429, "{path}");
        assert_eq!(answer.text("error"), "temporarily_unavailable");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(
            (answer.header("retry-after"), answer.header("cache-control")),
            (Some("45"), Some("no-store"))
        );
        assert_eq!(answer.header("ratelimit-policy"), Some("\"client\";q=20;w=900"));
    }
    // The client itself, at another address, is not kept out.
    for _ in 0..100 {
        assert_eq!(ask(&app, "192.0.2.2", "/oauth/token", SECRET, OWN).await.status, 200);
    }
}

#[tokio::test]
async fn lg_03_a_password_through_a_client_counts_with_all_the_others() {
    let app = TestApp::with(&file()).await;
    let login = |password: &str| format!("grant_type=password&username=ada&password={password}");
    for number in 0..5 {
        let peer = format!("192.0.2.{number}");
        let answer = match number % 2 {
            0 => ask(&app, &peer, "/oauth/token", SECRET, &login("a+guess+at+it+all")).await.status.as_u16(),
            _ => {
                if guess(&app, &peer, "ada").await.starts_with("401") {
                    400
                } else {
                    0
                }
            }
        };
        assert_eq!(answer, 400, "{number}");
    }
    let right = login(&PASSWORD.replace(' ', "+"));
    let answer = ask(&app, "192.0.2.9", "/oauth/token", SECRET, &right).await;
    assert_eq!((answer.status.as_u16(), answer.text("error").as_str()), (429, "temporarily_unavailable"));
    assert_eq!(answer.header("ratelimit"), Some("\"sign-in-account\";r=0;t=180"));
    assert_eq!(guess(&app, "192.0.2.9", "ada").await, LIMITED);
    app.advance(std::time::Duration::from_mins(3));
    assert_eq!(ask(&app, "192.0.2.9", "/oauth/token", SECRET, &right).await.status, 200);
}
