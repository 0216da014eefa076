//! What ends the trust in devices (decision 27, MF-05).

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use super::{
    ADA, begin, set_up,
    trusted::{DAY, STEP, TRUST, anew},
    with_app,
};
use crate::{
    pages::browser::Browser,
    support::{Authenticator, PASSWORD, Person, SoftPasskey, TestApp, person},
};

/// Ada, as she signs in at the time.
struct Ada<'a> {
    app: &'a TestApp,
    phone: Authenticator,
    password: String,
}

impl<'a> Ada<'a> {
    /// A browser that is trusted, and is so for a password alone.
    async fn trusted(&self, why: &str) -> Browser<'a> {
        let browser = Browser::new(self.app);
        self.app.advance(STEP);
        let step = browser.submit("/sign-in", &[("username", ADA), ("password", &self.password)]).await;
        let code = self.phone.code(self.app);
        let done = browser.submit(step.location(), &[("code", &code), ("trust", "1")]).await;
        assert_eq!(done.location(), "/account/profile", "{why}");
        self.app.advance(STEP);
        assert_eq!(self.with_password(&browser).await, "/account/profile", "{why}: it is trusted");
        browser
    }

    async fn with_password(&self, browser: &Browser<'_>) -> String {
        anew(browser, ADA, &self.password).await
    }

    /// Signed in with both factors a moment ago.
    async fn both(&self) -> Person {
        self.app.advance(STEP);
        let login = json!({"email": ADA, "password": self.password});
        let half = self.app.post("/api/v1/login", login).await.text("mfa_token");
        person(&super::second(self.app, &half, &self.phone.code(self.app)).await)
    }

    /// Signed in with what is left, a new app is set up.
    async fn set_up_anew(&mut self) {
        let login = json!({"email": ADA, "password": self.password});
        (self.phone, _) = set_up(self.app, &person(&self.app.post("/api/v1/login", login).await)).await;
    }

    async fn ask(&self, who: &Person, method: Method, path: &str, body: Option<Value>) {
        let answer = self.app.ask(who, method, path, body).await;
        assert!(answer.status.is_success(), "{path} {answer:?}");
    }
}

#[derive(Clone, Copy, Debug)]
enum Ending {
    Password,
    PasswordByAdministrator,
    Recovery,
    OutEverywhere,
    OutElsewhere,
    OutByAdministrator,
    Asked,
    AppMoved,
    AppRemoved,
    PasskeyRemoved,
    NewCodes,
    Reset,
    Disabled,
}

const ENDINGS: [Ending; 13] = [
    Ending::Password,
    Ending::PasswordByAdministrator,
    Ending::Recovery,
    Ending::OutEverywhere,
    Ending::OutElsewhere,
    Ending::OutByAdministrator,
    Ending::Asked,
    Ending::AppMoved,
    Ending::AppRemoved,
    Ending::PasskeyRemoved,
    Ending::NewCodes,
    Ending::Reset,
    Ending::Disabled,
];

#[tokio::test]
async fn mf_05_what_ends_sessions_or_factors_ends_the_trust() {
    let app = TestApp::with(TRUST).await;
    app.admin().await;
    app.apply(TRUST).await;
    assert_eq!(app.register(ADA).await.status, 201);
    let token = app.token(ADA).await;
    assert_eq!(app.post("/api/v1/verify-email", json!({"token": token})).await.status, 200);
    let who = app.sign_in(ADA).await;
    let (phone, _) = set_up(&app, &who).await;
    let account = format!("/api/v1/admin/users/{}", who.id);
    let mut ada = Ada { app: &app, phone, password: PASSWORD.to_owned() };
    for ending in ENDINGS {
        app.advance(DAY / 2);
        let browser = ada.trusted(&format!("{ending:?}")).await;
        let admin = app.sign_in("admin@example.com").await;
        let fresh = |n: &str| format!("looms remember every thread {n}");
        match ending {
            Ending::Password => {
                let new = fresh("1");
                let body = json!({"current_password": ada.password, "new_password": new});
                ada.ask(&ada.both().await, Method::POST, "/api/v1/me/password", Some(body)).await;
                ada.password = new;
            }
            Ending::PasswordByAdministrator => {
                let new = fresh("2");
                ada.ask(&admin, Method::PATCH, &account, Some(json!({"password": new}))).await;
                ada.password = new;
            }
            Ending::Recovery => {
                let new = fresh("3");
                assert_eq!(app.post("/api/v1/recover", json!({"email": ADA})).await.status, 202);
                let body = json!({"token": app.token(ADA).await, "new_password": new});
                assert_eq!(app.post("/api/v1/recover/confirm", body).await.status, 204);
                ada.password = new;
            }
            Ending::OutEverywhere => {
                let body = json!({"everywhere": true});
                ada.ask(&ada.both().await, Method::POST, "/api/v1/logout", Some(body)).await;
            }
            Ending::OutElsewhere => {
                ada.ask(&ada.both().await, Method::DELETE, "/api/v1/me/sessions", None).await;
            }
            Ending::OutByAdministrator => {
                ada.ask(&admin, Method::DELETE, &format!("{account}/sessions"), None).await;
            }
            Ending::Asked => {
                ada.ask(&ada.both().await, Method::DELETE, "/api/v1/me/mfa/trusted-devices", None).await;
            }
            Ending::AppMoved => {
                let who = ada.both().await;
                let new = begin(&app, &who).await;
                assert_eq!(super::confirm(&app, &who, &new.code(&app)).await.status, 200);
                ada.phone = new;
            }
            Ending::AppRemoved => {
                ada.ask(&ada.both().await, Method::DELETE, "/api/v1/me/mfa/totp", None).await;
                ada.set_up_anew().await;
            }
            Ending::PasskeyRemoved => {
                let who = ada.both().await;
                let added = app.add_passkey(&who, &mut SoftPasskey::es256()).await;
                app.advance(Duration::from_secs(1));
                assert_eq!(
                    ada.with_password(&browser).await,
                    "/account/profile",
                    "what is added ends nothing"
                );
                let path = format!("/api/v1/me/passkeys/{}", added.json()["passkey"]["id"].as_str().unwrap());
                ada.ask(&who, Method::DELETE, &path, None).await;
            }
            Ending::NewCodes => {
                ada.ask(&ada.both().await, Method::POST, "/api/v1/me/mfa/recovery-codes", None).await;
            }
            Ending::Reset => {
                ada.ask(&admin, Method::DELETE, &format!("{account}/mfa"), None).await;
                ada.set_up_anew().await;
            }
            Ending::Disabled => {
                for disabled in [true, false] {
                    ada.ask(&admin, Method::PATCH, &account, Some(json!({"disabled": disabled}))).await;
                }
            }
        }
        app.advance(Duration::from_secs(1));
        assert_eq!(ada.with_password(&browser).await, "/sign-in/mfa", "{ending:?}: it is not any more");
    }
}

/// That is what people do at the end of a day.
#[tokio::test]
async fn signing_out_of_one_session_ends_no_trust() {
    let app = TestApp::with(TRUST).await;
    let (_, phone, _) = with_app(&app, ADA).await;
    let ada = Ada { app: &app, phone, password: PASSWORD.to_owned() };
    let browser = ada.trusted("before").await;
    assert_eq!(browser.submit("/sign-out", &[]).await.status, 303);
    assert_eq!(ada.with_password(&browser).await, "/account/profile");
}
