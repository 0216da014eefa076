//! What comes back from a provider: for the browser that went there, from that provider, once.

use std::time::Duration;

use axum::http::Method;
use serde_json::json;

use super::{ADA, Provider, TRUSTED, ada, choose, grace, parameters, realm, sign_in, who, world};
use crate::{
    pages::browser::{Browser, signed_in},
    support::{Log, PASSWORD, TestApp},
};

#[tokio::test]
async fn one_goes_there_and_comes_back_to_what_one_wanted() {
    let (app, provider) = world("", TRUSTED).await;
    let browser = Browser::new(&app);
    let wanted = browser.get("/account/sessions").await;
    let url = choose(&browser, wanted.location(), "with-acme").await;
    let asked = parameters(&url);
    assert_eq!(
        (asked["scope"].as_str(), asked["client_id"].as_str(), asked["response_type"].as_str()),
        ("openid email profile", "ours", "code")
    );
    assert!(
        asked["nonce"].len() >= 43 && asked["code_challenge"].len() == 43 && !asked.contains_key("prompt")
    );
    let back = provider.sends_back(&url, &ada(&json!({})), app.clock.now().unix_seconds());
    assert_eq!(browser.get(&back).await.location(), "/account/sessions");
    // Nothing of ours can be read or made up by whoever sees the address.
    let state = data_encoding::BASE64URL_NOPAD.decode(asked["state"].as_bytes()).unwrap();
    for secret in ["acme", &asked["nonce"], "verifier"] {
        assert!(!state.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret}");
    }
}

#[tokio::test]
async fn so_03_what_comes_back_is_for_the_browser_that_went_there_and_once() {
    let (app, provider) = world("", TRUSTED).await;
    let now = app.clock.now().unix_seconds();
    let browser = Browser::new(&app);
    let url = choose(&browser, "/sign-in", "with-acme").await;
    let back = provider.sends_back(&url, &ada(&json!({})), now);
    let state = parameters(&url)["state"].clone();
    // Another browser, whether it has been here or not: nobody is signed in as whoever sent the link (CVE-2025-68481).
    let fresh = Browser::new(&app);
    assert_eq!(fresh.get(&back).await.status, 400);
    let known = Browser::new(&app);
    known.get("/sign-in").await;
    assert_eq!(known.get(&back).await.status, 400);
    assert_eq!((who(&fresh).await, who(&known).await), (None, None));
    assert_eq!(provider.read("token"), 0, "the code was not even tried");
    // No state, one that is made up, one of something else.
    for other in ["", "x", &state[..state.len() - 4], "%00"] {
        let forged = back.replace(&state, other);
        assert_eq!(browser.get(&forged).await.status, 400, "{other}");
    }
    assert_eq!(browser.get("/sign-in/with/acme/callback?code=x").await.status, 400);
    assert_eq!(browser.get(&format!("{back}&state=x")).await.status, 400, "two of them");
    assert_eq!(provider.read("token"), 0);
    // Once: neither again nor at the same time.
    let (one, two) = tokio::join!(browser.get(&back), browser.get(&back));
    let mut both = [one.status.as_u16(), two.status.as_u16()];
    both.sort_unstable();
    assert_eq!((both, provider.read("token")), ([303, 400], 1));
    assert_eq!(browser.get(&back).await.status, 400);
    // Too late.
    let browser = Browser::new(&app);
    let url = choose(&browser, "/sign-in", "with-acme").await;
    let back = provider.sends_back(&url, &ada(&json!({})), now);
    app.advance(Duration::from_mins(30));
    assert_eq!(browser.get(&back).await.status, 400);
}

/// The person is told that it is lost and no more; whoever operates the server reads why, and finds the line by the id on the page.
#[tokio::test]
async fn why_a_sign_in_by_a_provider_is_lost_is_in_the_log() {
    let (app, provider) = world("", TRUSTED).await;
    let log = Log::begin();
    let reason = async |browser: &Browser<'_>, path: &str| -> String {
        log.take();
        let page = browser.get(path).await;
        assert!(page.status == 400 && page.html().contains(">flow_lost<"), "{path}: {}", page.html());
        let said = log.take();
        let line = said.lines().find(|line| line.contains("a sign-in by a provider was lost"));
        let line = line.unwrap_or_else(|| panic!("{path}: {said}"));
        let id = page.header("x-request-id").unwrap();
        assert!(line.contains(id) && line.contains("provider.id=acme"), "{line}");
        assert!(!line.contains("state=") && !line.contains(ADA), "{line}");
        line.split_once("reason=\"").unwrap().1.split('"').next().unwrap().to_owned()
    };
    let begin = async |browser: &Browser<'_>| {
        let url = choose(browser, "/sign-in", "with-acme").await;
        provider.sends_back(&url, &ada(&json!({})), app.clock.now().unix_seconds())
    };
    let browser = Browser::new(&app);
    let back = begin(&browser).await;
    assert_eq!(reason(&Browser::new(&app), &back).await, "no_cookie");
    let known = Browser::new(&app);
    known.get("/sign-in").await;
    assert_eq!(reason(&known, &back).await, "other_browser");
    assert_eq!(reason(&browser, "/sign-in/with/acme/callback?code=x").await, "other_browser");
    assert_eq!(reason(&browser, &format!("{back}&code=x")).await, "malformed");
    assert_eq!(browser.get(&back).await.status, 303);
    assert_eq!(reason(&browser, &back).await, "used_before");
    let late = begin(&known).await;
    app.advance(Duration::from_mins(30));
    assert_eq!(reason(&known, &late).await, "too_late");
    let on_the_way = begin(&known).await;
    app.apply(&realm(&provider, "", "trust_email = true\nenabled = false")).await;
    assert_eq!(reason(&known, &on_the_way).await, "out_of_use");
    let elsewhere = Provider::new().await;
    app.apply(&realm(&elsewhere, "", TRUSTED)).await;
    assert_eq!(reason(&known, &on_the_way).await, "other_provider");
}

#[tokio::test]
async fn so_03_a_code_of_another_sign_in_is_of_no_use() {
    let (app, provider) = world("", TRUSTED).await;
    let now = app.clock.now().unix_seconds();
    let (victim, attacker) = (Browser::new(&app), Browser::new(&app));
    let theirs = choose(&victim, "/sign-in", "with-acme").await;
    let stolen = provider.sends_back(&theirs, &ada(&json!({})), now);
    let own = choose(&attacker, "/sign-in", "with-acme").await;
    let injected =
        stolen.replace(&url_encoded(&parameters(&theirs)["state"]), &url_encoded(&parameters(&own)["state"]));
    assert_ne!(injected, stolen);
    let answer = attacker.get(&injected).await;
    assert!(answer.status == 403 && answer.problem().contains("sign you in"), "{}", answer.html());
    assert_eq!((provider.read("token"), who(&attacker).await), (1, None), "the proof key is another");
}

fn url_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[tokio::test]
async fn so_03_one_provider_does_not_answer_for_another() {
    let (first, second) = (Provider::new().await, Provider::new().await);
    let other = format!(
        "[[realm.provider]]\nid = \"other\"\nissuer = \"{}\"\nclient_id = \"ours\"\ntrust_email = true\n",
        second.address
    );
    let app = TestApp::with(&format!("{}{other}", realm(&first, "", TRUSTED))).await;
    let now = app.clock.now().unix_seconds();
    // What was begun at one and comes back at the other's address.
    let browser = Browser::new(&app);
    let url = choose(&browser, "/sign-in", "with-acme").await;
    let back = first.sends_back(&url, &ada(&json!({})), now);
    assert_eq!(browser.get(&back.replace("/acme/", "/other/")).await.status, 400);
    assert_eq!(second.read("token"), 0);
    // What another issuer answers (RFC 9207), and what nobody says that it answers.
    for iss in [Some(second.address.as_str()), Some(""), None] {
        let browser = Browser::new(&app);
        let url = choose(&browser, "/sign-in", "with-acme").await;
        let back = first.sends_back(&url, &ada(&json!({})), now);
        let (rest, _) = back.split_once("&iss=").unwrap();
        let back = iss.map_or_else(|| rest.to_owned(), |iss| format!("{rest}&iss={}", url_encoded(iss)));
        let answer = browser.get(&back).await;
        assert!(answer.status == 403 && who(&browser).await.is_none(), "{iss:?}: {}", answer.html());
    }
    assert_eq!(first.read("token"), 0);
    // The settings name another issuer than when it was begun.
    let browser = Browser::new(&app);
    let url = choose(&browser, "/sign-in", "with-acme").await;
    let back = first.sends_back(&url, &ada(&json!({})), now);
    app.apply(&realm(&second, "", TRUSTED)).await;
    assert_eq!(browser.get(&back).await.status, 400);
}

#[tokio::test]
async fn whoever_stops_at_the_provider_is_told_so_and_goes_on() {
    let (app, provider) = world("", TRUSTED).await;
    let browser = Browser::new(&app);
    let wanted = browser.get("/account/sessions").await;
    let url = choose(&browser, wanted.location(), "with-acme").await;
    let (state, iss) = (url_encoded(&parameters(&url)["state"]), url_encoded(&provider.address));
    let answer = browser
        .get(&format!("/sign-in/with/acme/callback?error=access_denied%0a%3Cb%3E&state={state}&iss={iss}"))
        .await;
    assert_eq!(answer.status, 403);
    assert!(
        answer.problem().contains("<bdi>Acme</bdi> didn’t sign you in.") && !answer.html().contains("<b>&")
    );
    assert!(!answer.html().contains("access_denied"));
    // The way on leads where it did.
    let page = browser.fill(&answer, &[("username", ADA), ("password", PASSWORD)]).await;
    assert_eq!(page.location(), "/account/sessions");
}

#[tokio::test]
async fn so_06_no_other_site_sends_anybody_to_a_provider() {
    let (app, _) = world("", TRUSTED).await;
    let browser = Browser::new(&app);
    let link = browser.get("/sign-in").await.link("with-acme");
    for path in ["/sign-in/with/acme", "/sign-in/with/acme?go=x"] {
        assert_eq!(browser.get(path).await.location(), "/sign-in", "one chooses it there");
    }
    assert_eq!(Browser::new(&app).get(&link).await.location(), "/sign-in", "another browser's link");
    app.advance(Duration::from_hours(1));
    assert_eq!(browser.get(&link).await.location(), "/sign-in", "an old one");
    assert_eq!(browser.get("/sign-in/with/nobody").await.status, 404);
    assert_eq!(browser.get("/sign-in/with/Acme").await.status, 404);
}

#[tokio::test]
async fn so_07_a_provider_that_is_turned_off_signs_nobody_in_who_is_on_the_way() {
    let (app, provider) = world("", TRUSTED).await;
    let browser = Browser::new(&app);
    let link = browser.get("/sign-in").await.link("with-acme");
    let url = choose(&browser, "/sign-in", "with-acme").await;
    let back = provider.sends_back(&url, &ada(&json!({})), app.clock.now().unix_seconds());
    app.apply(&realm(&provider, "", "trust_email = true\nenabled = false")).await;
    assert!(!browser.get("/sign-in").await.html().contains("with-acme"));
    assert_eq!(browser.get(&link).await.status, 404);
    assert_eq!(browser.get(&back).await.status, 400);
    assert_eq!((who(&browser).await, provider.read("token")), (None, 0));
}

#[tokio::test]
async fn whoever_must_prove_anew_who_they_are_does_so_at_the_provider() {
    let (app, provider) = world("", TRUSTED).await;
    let browser = Browser::new(&app);
    assert_eq!(sign_in(&browser, &provider, &grace()).await.status, 303);
    app.advance(Duration::from_mins(11));
    let anew = browser.get("/account/totp").await;
    let url = choose(&browser, anew.location(), "with-acme").await;
    let asked = parameters(&url);
    assert_eq!((asked["prompt"].as_str(), asked["max_age"].as_str()), ("login", "0"));
    let now = app.clock.now().unix_seconds();
    // It has to say that they did, and when.
    for (auth_time, expected) in [(json!(null), 403), (json!(now - 600), 403), (json!(now - 5), 303)] {
        let url = choose(&browser, anew.location(), "with-acme").await;
        let mut claims = grace();
        claims["auth_time"] = auth_time.clone();
        let answer = browser.get(&provider.sends_back(&url, &claims, now)).await;
        assert_eq!(answer.status, expected, "{auth_time}: {}", answer.html());
    }
    assert_eq!(browser.get("/account/totp").await.status, 200);
}

#[tokio::test]
async fn the_answers_of_a_provider_that_sign_nobody_in_are_counted() {
    let (app, provider) = world("", TRUSTED).await;
    let browser = Browser::new(&app);
    for _ in 0..20 {
        let url = choose(&browser, "/sign-in", "with-acme").await;
        let state = url_encoded(&parameters(&url)["state"]);
        let iss = url_encoded(&provider.address);
        let path = format!("/sign-in/with/acme/callback?code=guess&state={state}&iss={iss}");
        assert_eq!(browser.get(&path).await.status, 403);
    }
    let answer = sign_in(&browser, &provider, &ada(&json!({}))).await;
    assert_eq!((answer.status.as_u16(), provider.read("token")), (429, 20));
    app.advance(Duration::from_mins(1));
    assert_eq!(sign_in(&browser, &provider, &ada(&json!({}))).await.status, 303);
}

#[tokio::test]
async fn a_cross_site_form_changes_nothing_of_a_browser() {
    let (app, _) = world("", TRUSTED).await;
    let browser = signed_in(&app, "eve@example.com").await;
    let before = browser.cookies.lock().unwrap().clone();
    let request = axum::http::Request::builder()
        .method(Method::POST)
        .uri("/sign-in/with/acme/callback")
        .header("host", "127.0.0.1:8400")
        .header("sec-fetch-site", "cross-site")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(axum::body::Body::from("state=a&code=b&other=c"))
        .unwrap();
    let answer = browser.send(request).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "?state=a&code=b"));
    assert_eq!(*browser.cookies.lock().unwrap(), before, "no cookie is set where none was sent");
}
