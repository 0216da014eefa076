//! The pages of passkeys, with what their script would send.

use serde_json::Value;

use super::{ADA, listed};
use crate::{
    pages::browser::{Browser, signed_in},
    support::{Answer, SoftPasskey, TestApp, given, made},
};

/// The options that a page hands to its script.
pub fn options(page: &Answer) -> Value {
    let text = page.between("data-options=\"", "\"").unwrap_or_else(|| panic!("no options: {}", page.html()));
    serde_json::from_str(&text.replace("&#34;", "\"").replace("&#39;", "'").replace("&#38;", "&")).unwrap()
}

/// Sends the form of the script.
pub async fn send(browser: &Browser<'_>, page: &Answer, credential: &Value) -> Answer {
    let form = page.between("data-passkey", "</form>").unwrap();
    let action = form.split_once("action=\"").unwrap().1.split('"').next().unwrap().to_owned();
    let (csrf, flow, credential) =
        (page.hidden("csrf").unwrap(), page.hidden("flow"), credential.to_string());
    let mut all = vec![("csrf", csrf.as_str()), ("passkey", credential.as_str())];
    all.extend(flow.as_deref().map(|flow| ("flow", flow)));
    browser.post(&action, &all).await
}

/// Signs in at the page with a passkey.
pub async fn sign_in_with(browser: &Browser<'_>, key: &SoftPasskey) {
    let page = browser.get("/sign-in").await;
    let answer = send(browser, &page, &given(key, &options(&page))).await;
    assert_eq!(answer.location(), "/account/profile");
}

#[tokio::test]
async fn a_person_adds_a_passkey_signs_in_with_it_names_and_removes_it() {
    let app = TestApp::new().await;
    let browser = signed_in(&app, ADA).await;
    let security = browser.get("/account/security").await;
    assert!(
        security.html().contains("id=\"passkey-add\" href=\"/account/passkeys/new\""),
        "{}",
        security.html()
    );
    let page = browser.get("/account/passkeys/new").await;
    assert_eq!(page.status, 200);
    assert!(
        page.html().contains("passkeys.js") && page.html().contains("data-no-passkey"),
        "{}",
        page.html()
    );
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self';") && !policy.contains("connect-src"), "{policy}");
    let mut key = SoftPasskey::es256();
    let refused = send(&browser, &page, &Value::Null).await;
    assert_eq!(refused.status, 403);
    assert!(refused.html().contains("No passkey was made."), "{}", refused.html());
    let codes = send(&browser, &refused, &made(&mut key, &options(&refused))).await;
    assert!(codes.html().contains("id=\"codes\""), "{}", codes.html());
    assert_eq!(browser.get("/account/recovery-codes/saved?saved=1").await.location(), "/account/security");
    let security = browser.get("/account/security").await.html();
    assert!(security.contains("The passkey is added.") && security.contains("10 of 10 left"), "{security}");
    assert!(
        security.contains("<bdi>Passkey</bdi>") && security.contains("aria-label=\"Manage Passkey\""),
        "{security}"
    );

    let other = Browser::new(&app);
    let page = other.get("/sign-in").await;
    assert!(
        page.html().contains("autocomplete=\"username webauthn\"") && page.html().contains("data-autofill")
    );
    sign_in_with(&other, &key).await;
    let security = other.get("/account/security").await;
    let path = format!(
        "/account/passkeys/{}",
        security.between("href=\"/account/passkeys/psk_", "\"").map(|id| format!("psk_{id}")).unwrap()
    );
    let page = other.get(&path).await;
    assert!(page.html().contains("Last used") || page.html().contains("last used"), "{}", page.html());
    for bad in ["", "a\u{202e}b"] {
        assert_eq!(other.fill(&page, &[("name", bad)]).await.status, 422);
    }
    assert_eq!(other.fill(&page, &[("name", "<b>The blue key</b>")]).await.location(), "/account/security");
    let security = other.get("/account/security").await.html();
    assert!(
        security.contains("&#60;b&#62;The blue key") && security.contains("The passkey has its new name."),
        "{security}"
    );
    let page = other.get(&path).await;
    assert_eq!(other.fill(&page, &[("act", "remove")]).await.location(), "/account/security");
    assert!(other.get("/account/security").await.html().contains("The passkey is removed."));
    assert_eq!(other.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_passkey_that_is_not_good_comes_back_to_the_page_with_one_answer() {
    let app = TestApp::new().await;
    let (_, key, _) = app.person_with_passkey(ADA).await;
    let browser = Browser::new(&app);
    let page = browser.get("/sign-in").await;
    for credential in [given(&SoftPasskey::es256(), &options(&page)), Value::Null] {
        let answer = send(&browser, &page, &credential).await;
        assert_eq!(answer.status, 403);
        assert!(answer.html().contains("That passkey doesn’t work here."), "{}", answer.html());
    }
    // A page that was open for long, and one of another site.
    app.advance(std::time::Duration::from_mins(15));
    let answer = send(&browser, &page, &given(&key, &options(&page))).await;
    assert!(answer.html().contains("This page was open for a long time."), "{}", answer.html());
    let credential = given(&key, &options(&answer)).to_string();
    let forged = browser.post("/sign-in/passkey", &[("csrf", "x"), ("passkey", &credential)]).await;
    assert_eq!(forged.status, 403);
    assert!(browser.cookie("__Host-gatepost-default").is_none());
    sign_in_with(&browser, &key).await;
    assert_eq!(browser.get("/sign-in/passkey").await.location(), "/sign-in");
}

#[tokio::test]
async fn the_second_step_asks_for_the_passkey_and_has_other_ways() {
    let app = TestApp::new().await;
    let (_, key, codes) = app.person_with_passkey(ADA).await;
    let browser = Browser::new(&app);
    let step = browser.sign_in(ADA).await.location().to_owned();
    let page = browser.get(&step).await;
    let html = page.html();
    assert!(
        html.contains("Use your passkey")
            && html.contains("Use a recovery code")
            && !html.contains("authenticator app"),
        "{html}"
    );
    let refused = send(&browser, &page, &given(&SoftPasskey::es256(), &options(&page))).await;
    assert_eq!(refused.status, 422);
    assert!(refused.html().contains("That passkey doesn’t work here."), "{}", refused.html());
    let answer = send(&browser, &refused, &given(&key, &options(&refused))).await;
    assert_eq!(answer.location(), "/account/profile");

    let other = Browser::new(&app);
    let step = other.sign_in(ADA).await.location().to_owned();
    let page = other.get(&format!("{step}&method=recovery_code")).await;
    assert!(
        page.html().contains("id=\"mfa-passkey\"") && !page.html().contains("authenticator app"),
        "{}",
        page.html()
    );
    assert_eq!(other.fill(&page, &[("recovery_code", &codes[0])]).await.location(), "/account/profile");
}

/// Whoever must prove anew who they are does so with the passkey, in the session they have.
#[tokio::test]
async fn a_passkey_proves_anew_who_somebody_is() {
    let app = TestApp::new().await;
    let (ada, key, _) = app.person_with_passkey(ADA).await;
    let browser = Browser::new(&app);
    sign_in_with(&browser, &key).await;
    let before = browser.cookie("__Host-gatepost-default").unwrap();
    app.advance(std::time::Duration::from_mins(11));
    let again = browser.get("/account/passkeys/new").await.location().to_owned();
    let page = browser.get(&again).await;
    let answer = send(&browser, &page, &given(&key, &options(&page))).await;
    assert_eq!(answer.location(), "/account/passkeys/new");
    assert_ne!(
        browser.cookie("__Host-gatepost-default").unwrap(),
        before,
        "the cookie from before is refused"
    );
    let page = browser.get("/account/passkeys/new").await;
    let mut second = SoftPasskey::ed_dsa();
    assert_eq!(
        send(&browser, &page, &made(&mut second, &options(&page))).await.location(),
        "/account/security"
    );
    let fresh = app.sign_in_with(&key).await;
    assert_eq!((listed(&app, &fresh).await.len(), fresh.id), (2, ada.id));
}

#[tokio::test]
async fn the_pages_speak_every_language() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\ndisplay_name = \"<i>Tideline</i>\"\n").await;
    let (_, key, _) = app.person_with_passkey(ADA).await;
    let browser = Browser::new(&app);
    for (language, title) in
        [("en", "Use your passkey"), ("de", "Passkey verwenden"), ("ar", "استخدم مفتاح المرور")]
    {
        let step = Browser::new(&app);
        let to = step.sign_in(ADA).await.location().to_owned();
        let page = step.get(&format!("{to}&language={language}")).await.html();
        assert!(page.contains(title) && !page.contains("<i>Tideline"), "{page}");
    }
    sign_in_with(&browser, &key).await;
    for path in ["/sign-in?other=1", "/account/security", "/account/passkeys/new"] {
        for language in ["en", "de", "ar"] {
            let join = if path.contains('?') { '&' } else { '?' };
            let page = browser.get(&format!("{path}{join}language={language}")).await;
            assert_eq!(page.status, 200, "{path}");
            assert!(
                page.html().contains(&format!("lang=\"{language}\"")) && !page.html().contains("<i>Tideline")
            );
        }
    }
}
