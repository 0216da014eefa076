//! `/oauth/authorize`: what is refused, and where the refusal is told.

use crate::{
    pages::browser::Browser,
    support::{Answer, TestApp},
};

use super::relying_party::{self as rp, CALLBACK, ISSUER, REALM, ada, asking, open, returned};

/// The code of an error page.
fn shown(answer: &Answer) -> String {
    assert!(answer.header("location").is_none(), "it is redirected: {:?}", answer.header("location"));
    assert_eq!(answer.status, 400);
    answer.between("id=\"error-code\">", "<").unwrap_or_else(|| panic!("no error page: {}", answer.html()))
}

fn told(answer: &Answer) -> String {
    let returned = returned(answer);
    assert_eq!((returned["iss"].as_str(), returned["state"].as_str()), (ISSUER, "s 1&2"));
    returned["error"].clone()
}

#[tokio::test]
async fn a_person_signs_in_agrees_and_the_client_gets_a_code() {
    let app = TestApp::with(REALM).await;
    let browser = Browser::new(&app);
    let page = open(&browser, &asking()).await;
    assert!(page.html().contains("Web app") && page.html().contains("login-submit"), "{}", page.html());
    let answer = browser.fill(&page, &[("username", "ada"), ("password", crate::support::PASSWORD)]).await;
    let page = rp::follow(&browser, answer).await;
    assert!(page.html().contains("app.test"), "the person sees where it leads");
    let answer = rp::approve(&browser, &page).await;
    let came_back = returned(&answer);
    assert!(answer.location().starts_with("https://app.test/cb?code=gp_ac_"));
    assert_eq!((came_back["state"].as_str(), came_back["iss"].as_str()), ("s 1&2", ISSUER));
    // The next time nobody is asked anything.
    assert!(returned(&browser.get(&asking().path()).await).contains_key("code"));
}

#[tokio::test]
async fn oa_01_an_address_that_is_not_the_clients_is_never_answered() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    for (uri, client) in [
        ("https://app.test/cb/", "web"),
        ("https://app.test/cb?x=1", "web"),
        ("https://app.test/other", "web"),
        ("https://evil.test/cb", "web"),
        ("HTTPS://app.test/cb", "web"),
        ("https://app.test/cb#", "web"),
        ("https://house.test/cb", "web"),
        ("http://127.0.0.1:9/cb/", "native"),
        ("http://localhost:9/cb", "native"),
    ] {
        for prompt in ["", "none"] {
            let asking = asking().with("redirect_uri", uri).with("client_id", client).with("prompt", prompt);
            assert_eq!(shown(&browser.get(&asking.path()).await), "invalid_request", "{uri}");
        }
    }
    for (path, code) in [
        (asking().without("redirect_uri"), "invalid_request"),
        (asking().without("client_id"), "invalid_request"),
        (asking().with("client_id", "nobody"), "invalid_client"),
        (asking().with("client_id", "a b"), "invalid_client"),
    ] {
        assert_eq!(shown(&browser.get(&path.path()).await), code);
    }
    assert_eq!(shown(&browser.get("/oauth/authorize").await), "invalid_request");
}

#[tokio::test]
async fn oa_03_a_redirect_uri_that_is_absent_or_repeated_is_refused() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let twice = format!("{}&redirect_uri={CALLBACK}", asking().path());
    assert_eq!(shown(&browser.get(&twice).await), "invalid_request");
    let code = rp::code(&browser, &asking()).await;
    let other = [("code_verifier", rp::VERIFIER), ("redirect_uri", "https://app.test/other?x=1")];
    assert_eq!(rp::error(&rp::redeem_with(&app, &code, &other).await), "400 invalid_grant");
}

#[tokio::test]
async fn oa_04_a_parameter_that_is_there_twice_is_refused() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    for name in ["client_id", "state", "scope", "code_challenge", "request_uri", "flow", "response_type"] {
        let twice = format!("{}&{name}=x&{name}=x", asking().without(name).path());
        assert_eq!(shown(&browser.get(&twice).await), "invalid_request", "{name}");
    }
    // Once in the address and once in the body is twice.
    let answer = browser.post("/oauth/authorize?state=1", &[("state", "1"), ("client_id", "web")]).await;
    assert_eq!(shown(&answer), "invalid_request");
}

#[tokio::test]
async fn oa_05_a_request_without_a_good_challenge_is_refused() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    for bad in [
        asking().without("code_challenge").without("code_challenge_method"),
        asking().without("code_challenge"),
        asking().without("code_challenge_method"),
        asking().with("code_challenge_method", "plain"),
        asking().with("code_challenge", "short"),
        asking().with("code_challenge", &format!("{}=", rp::challenge())),
    ] {
        assert_eq!(told(&browser.get(&bad.path()).await), "invalid_request", "{}", bad.query());
    }
    let public = asking().with("client_id", "native").with("redirect_uri", "http://127.0.0.1:4000/cb");
    let public = public.without("code_challenge").without("code_challenge_method");
    assert_eq!(told(&browser.get(&public.path()).await), "invalid_request");
}

#[tokio::test]
async fn oa_10_only_the_code_is_given_and_only_in_two_ways() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    for other in ["token", "id_token", "code token", "id_token code", "none", "CODE", "code code"] {
        let answer = browser.get(&asking().with("response_type", other).path()).await;
        assert_eq!(told(&answer), "unsupported_response_type", "{other}");
    }
    for other in ["fragment", "web_message", "jwt", "form_post.jwt", "Query"] {
        let answer = browser.get(&asking().with("response_mode", other).path()).await;
        assert_eq!(told(&answer), "invalid_request", "{other}");
    }
    assert_eq!(told(&browser.get(&asking().without("response_type").path()).await), "invalid_request");
}

#[tokio::test]
async fn oa_11_every_answer_says_who_answers() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    assert_eq!(told(&browser.get(&asking().with("prompt", "none").path()).await), "consent_required");
    let metadata = app.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
}

#[tokio::test]
async fn oa_17_without_asking_the_client_gets_what_is_known_or_why_not() {
    let app = TestApp::with(REALM).await;
    let silent = asking().with("prompt", "none");
    let nobody = Browser::new(&app);
    assert_eq!(told(&nobody.get(&silent.path()).await), "login_required");
    let browser = ada(&app).await;
    assert_eq!(told(&browser.get(&silent.path()).await), "consent_required");
    let code = rp::code(&browser, &asking()).await;
    assert!(returned(&browser.get(&silent.path()).await).contains_key("code"));
    app.advance(std::time::Duration::from_secs(1));
    let old = silent.clone().with("max_age", "0");
    assert_eq!(told(&browser.get(&old.path()).await), "login_required");
    app.advance(std::time::Duration::from_secs(99));
    assert_eq!(told(&browser.get(&silent.clone().with("max_age", "99").path()).await), "login_required");
    assert!(returned(&browser.get(&silent.clone().with("max_age", "101").path()).await).contains_key("code"));
    for bad in ["-1", "1.5", "x", "99999999999999999999"] {
        let answer = browser.get(&silent.clone().with("max_age", bad).path()).await;
        assert_eq!(told(&answer), "invalid_request", "{bad}");
    }
    for bad in ["none login", "None", "login create"] {
        assert_eq!(
            told(&browser.get(&asking().with("prompt", bad).path()).await),
            "invalid_request",
            "{bad}"
        );
    }
    assert_eq!(code.len(), 70);
    // An ID token of somebody else.
    assert_eq!(app.register("eve@example.com").await.status, 201);
    let eve = Browser::new(&app);
    eve.sign_in("eve@example.com").await;
    let eves = rp::redeem(&app, &rp::code(&eve, &asking()).await).await.text("id_token");
    let hinted = silent.clone().with("id_token_hint", &eves);
    assert_eq!(told(&browser.get(&hinted.path()).await), "login_required");
    assert!(returned(&eve.get(&hinted.path()).await).contains_key("code"));
    let forged = silent.with("id_token_hint", &eves.replace('.', "x"));
    assert_eq!(told(&browser.get(&forged.path()).await), "invalid_request");
}

#[tokio::test]
async fn oa_18_a_flow_that_was_begun_in_another_browser_leads_nowhere() {
    let app = TestApp::with(REALM).await;
    let attacker = Browser::new(&app);
    let begun = attacker.get(&asking().path()).await;
    let flow = begun.location().split_once("flow=").unwrap().1.to_owned();
    let victim = ada(&app).await;
    for path in [format!("/oauth/authorize?flow={flow}"), format!("/consent?flow={flow}")] {
        let answer = victim.get(&path).await;
        assert_eq!(shown(&answer), "flow_lost");
    }
    app.advance(std::time::Duration::from_secs(3_601));
    assert_eq!(shown(&attacker.get(&format!("/oauth/authorize?flow={flow}")).await), "flow_lost");
}

#[tokio::test]
async fn oa_22_unknown_scopes_and_targets_are_refused_and_never_silently_wider() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let many = (0..10_000).map(|n| format!("s{n}")).collect::<Vec<_>>().join(" ");
    for bad in ["openid unknown", "account", "openid notes:delete", "openid\u{a0}email", "\"", "notes:*"] {
        let answer = browser.get(&asking().with("scope", bad).path()).await;
        assert_eq!(told(&answer), "invalid_scope", "{bad}");
    }
    let answer = browser.post("/oauth/authorize", &pairs(&asking().with("scope", &many))).await;
    assert_eq!(told(&answer), "invalid_scope");
    for bad in ["other-api", ISSUER, "notes-api "] {
        let answer = browser.get(&asking().with("resource", bad).path()).await;
        assert_eq!(told(&answer), "invalid_target", "{bad}");
    }
}

fn pairs(asking: &rp::Asking) -> Vec<(&str, &str)> {
    asking.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[tokio::test]
async fn what_is_not_supported_is_said() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    for (name, value, code) in [
        ("request", "eyJhbGciOiJub25lIn0.e30.", "request_not_supported"),
        ("request_uri", "https://app.test/request", "request_uri_not_supported"),
        ("claims", "[]", "invalid_request"),
        (
            "claims",
            r#"{"id_token":{"acr":{"essential":true,"value":"9"}}}"#,
            "unmet_authentication_requirements",
        ),
    ] {
        let answer = browser.get(&asking().with(name, value).path()).await;
        assert_eq!(told(&answer), code, "{name} {value}");
    }
}

/// PG-01, PG-02: what a client sends is text wherever it is shown.
#[tokio::test]
async fn pg_02_a_form_that_is_posted_to_a_client_holds_what_was_sent_as_text() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    rp::code(&browser, &asking()).await;
    let hostile = "\"><script>alert(1)</script>'";
    let asking = asking().with("response_mode", "form_post").with("state", hostile);
    let answer = browser.get(&asking.path()).await;
    assert_eq!(answer.status, 200);
    assert!(!answer.html().contains("<script>alert") && !answer.html().contains("\"><script"));
    assert_eq!(answer.between("method=\"post\" action=\"", "\"").unwrap(), CALLBACK);
    assert_eq!(answer.hidden("iss").unwrap(), ISSUER);
    assert!(answer.hidden("code").unwrap().starts_with("gp_ac_"));
    assert!(answer.hidden("state").unwrap().contains("script"));
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
}

#[tokio::test]
async fn se_11_no_answer_on_the_way_is_kept_or_told_to_the_next_site() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let page = open(&browser, &asking()).await;
    let answer = rp::approve(&browser, &page).await;
    for answer in [page, answer] {
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
    }
}

/// OA-09: a code is in one address, the client's, and a token in none.
#[tokio::test]
async fn oa_09_a_code_is_told_to_its_client_alone_and_no_address_has_a_token() {
    let app = TestApp::with(REALM).await;
    let browser = ada(&app).await;
    let fragment = browser.get(&asking().with("response_mode", "fragment").path()).await;
    assert_eq!(told(&fragment), "invalid_request");
    let page = open(&browser, &asking()).await;
    assert!(!page.html().contains("gp_ac_"), "{}", page.html());
    let answer = rp::approve(&browser, &page).await;
    let location = answer.location();
    assert!(location.starts_with("https://app.test/cb?") && !location.contains('#'), "{location}");
    for token in ["eyJ", "gp_rt_", "gp_st_", "access_token", "id_token"] {
        assert!(!location.contains(token), "{location}");
    }
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    let tokens = rp::redeem(&app, &returned(&answer)["code"]).await;
    // Nor is one read from an address.
    for (path, token) in [("/oauth/userinfo", "access_token"), ("/api/v1/me", "access_token")] {
        let answer = app.get(&format!("{path}?access_token={}", tokens.text(token))).await;
        assert_eq!(answer.status, 401, "{path}");
    }
}
