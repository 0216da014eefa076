//! `oidcc-rp-initiated-logout-certification-test-plan`

use crate::{
    pages::browser::Browser,
    support::{Answer, TestApp},
};

use super::super::relying_party::{self as rp, ISSUER, REALM, ada, asking, returned};

const BYE: &str = "https://app.test/bye";

struct Module<'a> {
    browser: Browser<'a>,
    hint: String,
}

impl<'a> Module<'a> {
    async fn of(app: &'a TestApp) -> Self {
        let browser = ada(app).await;
        let hint = rp::redeem(app, &rp::code(&browser, &asking()).await).await.text("id_token");
        Self { browser, hint }
    }

    async fn logout(&self, pairs: &[(&str, &str)]) -> Answer {
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.browser.get(&format!("/oidc/logout?{query}")).await
    }

    /// What `prompt=none` says afterwards.
    async fn is_signed_in(&self) -> bool {
        let answer = self.browser.get(&asking().with("prompt", "none").path()).await;
        returned(&answer).contains_key("code")
    }

    /// An error or a question, and no redirect; the person is still signed in.
    async fn refuses(&self, pairs: &[(&str, &str)]) {
        let answer = self.logout(pairs).await;
        assert_eq!(answer.header("location"), None);
        assert!(answer.html().contains("error-code") || answer.html().contains("logout-confirm"));
        assert!(self.is_signed_in().await);
    }

    /// The person is asked, says yes, and sees a page.
    async fn asks(&self, pairs: &[(&str, &str)]) {
        let page = self.logout(pairs).await;
        assert!(page.html().contains("logout-confirm"), "{}", page.html());
        let done = rp::follow(&self.browser, self.browser.fill(&page, &[]).await).await;
        assert_eq!((done.status.as_u16(), done.header("location")), (200, None));
        assert!(!self.is_signed_in().await);
    }
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_discovery_endpoint_verification() {
    let app = TestApp::new().await;
    let metadata = app.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["end_session_endpoint"], format!("{ISSUER}/oidc/logout"));
}

#[tokio::test]
async fn oidcc_rp_initiated_logout() {
    let app = TestApp::with(REALM).await;
    let module = Module::of(&app).await;
    let answer = module
        .logout(&[("id_token_hint", &module.hint), ("post_logout_redirect_uri", BYE), ("state", "s1")])
        .await;
    assert_eq!(answer.location(), "https://app.test/bye?state=s1");
    assert!(!module.is_signed_in().await);
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_bad_post_logout_redirect_uri() {
    let app = TestApp::with(REALM).await;
    let module = Module::of(&app).await;
    module
        .refuses(&[("id_token_hint", &module.hint), ("post_logout_redirect_uri", "https://app.test/byex")])
        .await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri() {
    let app = TestApp::with(REALM).await;
    let module = Module::of(&app).await;
    let added = format!("{BYE}?foo=bar");
    module.refuses(&[("id_token_hint", &module.hint), ("post_logout_redirect_uri", &added)]).await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_modified_id_token_hint() {
    let app = TestApp::with(REALM).await;
    let module = Module::of(&app).await;
    let payload = module.hint.split('.').nth(1).unwrap();
    let unsigned = format!("eyJhbGciOiJub25lIn0.{payload}.");
    module.refuses(&[("id_token_hint", &unsigned), ("post_logout_redirect_uri", BYE), ("state", "1")]).await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_bad_id_token_hint() {
    let (app, other) = (TestApp::with(REALM).await, TestApp::with(REALM).await);
    let module = Module::of(&app).await;
    let foreign = Module::of(&other).await.hint;
    module.refuses(&[("id_token_hint", &foreign), ("post_logout_redirect_uri", BYE), ("state", "1")]).await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_no_id_token_hint() {
    let app = TestApp::with(REALM).await;
    Module::of(&app).await.refuses(&[("post_logout_redirect_uri", BYE), ("state", "1")]).await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_no_params() {
    let app = TestApp::with(REALM).await;
    Module::of(&app).await.asks(&[]).await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_no_post_logout_redirect_uri() {
    let app = TestApp::with(REALM).await;
    let module = Module::of(&app).await;
    let answer = module.logout(&[("id_token_hint", &module.hint), ("state", "1")]).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (200, None));
    assert!(!module.is_signed_in().await);
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_only_state() {
    let app = TestApp::with(REALM).await;
    Module::of(&app).await.asks(&[("state", "1")]).await;
}

#[tokio::test]
async fn oidcc_rp_initiated_logout_no_state() {
    let app = TestApp::with(REALM).await;
    let module = Module::of(&app).await;
    let answer = module.logout(&[("id_token_hint", &module.hint), ("post_logout_redirect_uri", BYE)]).await;
    assert_eq!(answer.location(), BYE);
    assert!(!module.is_signed_in().await);
}
