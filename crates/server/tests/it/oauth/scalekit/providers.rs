//! `provider` and `connection_id`: to the provider at once.

use super::{REALM, asking, rp};
use crate::{
    pages::browser::Browser,
    social::{Provider, parameters},
    support::TestApp,
};

async fn world() -> (TestApp, Provider) {
    let provider = Provider::new().await;
    let of_provider = format!(
        "[[realm.provider]]\nid = \"google\"\nname = \"Google\"\nissuer = \"{}\"\nclient_id = \"ours\"\n\
         client_secret = \"a secret of ours\"\ntrust_email = true\n",
        provider.address
    );
    let app = TestApp::with(&format!("{REALM}{of_provider}")).await;
    (app, provider)
}

#[tokio::test]
async fn whoever_is_to_sign_in_by_a_provider_is_sent_there_and_comes_back_with_a_code() {
    let (app, provider) = world().await;
    for name in ["provider", "connection_id"] {
        let browser = Browser::new(&app);
        let answer = rp::open(&browser, &asking().with(name, "google")).await;
        let url = answer.location().to_owned();
        assert!(url.starts_with(&provider.address), "{name}: {url}");
        assert_eq!(parameters(&url)["client_id"], "ours");
        let claims =
            serde_json::json!({ "sub": "ada-1", "email": "ada@example.com", "email_verified": true });
        let back = provider.sends_back(&url, &claims, app.clock.now().unix_seconds());
        let answer = rp::follow(&browser, browser.get(&back).await).await;
        assert!(rp::returned(&answer).contains_key("code"), "{name}");
    }
}

#[tokio::test]
async fn whoever_is_signed_in_or_names_no_provider_is_not() {
    let (app, _) = world().await;
    let page = rp::open(&Browser::new(&app), &asking().with("provider", "gitlab")).await;
    assert!(page.html().contains("login-submit"));
    let browser = rp::ada(&app).await;
    let answer = rp::open(&browser, &asking().with("provider", "google")).await;
    assert!(rp::returned(&answer).contains_key("code"));
}

/// SO-06: only an application that was registered so sends anybody to a provider.
#[tokio::test]
async fn so_06_other_clients_send_nobody_there() {
    let (app, _) = world().await;
    let page = rp::open(&Browser::new(&app), &rp::asking().with("provider", "google")).await;
    assert!(page.html().contains("login-submit"), "{}", page.html());
}
