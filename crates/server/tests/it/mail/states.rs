//! LG-11: every way through recovery that is not the one. What became of a link, times what can be done with it.

use std::time::Duration;

use axum::http::Method;
use serde_json::json;

use super::{NEW_PASSWORD, ask_to_recover, old_password, recover, verified};
use crate::{
    pages::browser::Browser,
    support::{PASSWORD, Person, TestApp},
};

/// What became of a link since it was mailed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Good,
    Used,
    Replaced,
    Expired,
    OfChangedPassword,
    OfChangedAddress,
    OfDisabled,
    OfDeleted,
    /// Of another account: good, and of no use for this one.
    OfAnother,
    /// Nobody asked.
    Forged,
    /// One that confirms an address.
    OfAnotherKind,
}

const STATES: [State; 11] = [
    State::Good,
    State::Used,
    State::Replaced,
    State::Expired,
    State::OfChangedPassword,
    State::OfChangedAddress,
    State::OfDisabled,
    State::OfDeleted,
    State::OfAnother,
    State::Forged,
    State::OfAnotherKind,
];

/// What can be done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    /// The one way: with the form of the page, or the call.
    Form,
    Call,
    /// Opening it, as mail scanners do.
    Look,
    Head,
    /// A form without the field that a page has.
    FormOfElsewhere,
    /// Fields that the form does not have.
    FormThatSaysMore,
    /// The password as the page of the account sends it.
    AccountPage,
    /// Through the doors of other links.
    AsConfirmation,
    AsUndoing,
    AsInvitation,
    /// As if it were a token.
    AsBearer,
    AsRefreshToken,
    /// Another way: signing in with it in place of the password.
    AsPassword,
}

const ACTIONS: [Action; 13] = [
    Action::Form,
    Action::Call,
    Action::Look,
    Action::Head,
    Action::FormOfElsewhere,
    Action::FormThatSaysMore,
    Action::AccountPage,
    Action::AsConfirmation,
    Action::AsUndoing,
    Action::AsInvitation,
    Action::AsBearer,
    Action::AsRefreshToken,
    Action::AsPassword,
];

struct World {
    app: TestApp,
    count: u32,
}

impl World {
    /// A person with a link in this state.
    async fn person(&mut self, state: State) -> (String, String) {
        self.count += 1;
        let (app, email) = (&self.app, format!("ada{}@example.com", self.count));
        let ada = verified(app, &email).await;
        let admin_does = async |method: Method, body: Option<serde_json::Value>| {
            let path = format!("/api/v1/admin/users/{}", ada.id);
            // The clock goes on, and a token does not last.
            let admin = app.sign_in("admin@example.com").await;
            assert!(app.ask(&admin, method, &path, body).await.status.is_success());
        };
        ask_to_recover(app, &email).await;
        let mut token = app.token(&email).await;
        match state {
            State::Good => {}
            State::Used => {
                assert_eq!(recover(app, &token).await.status, 204);
                let body = json!({"password": PASSWORD});
                admin_does(Method::PATCH, Some(body)).await;
            }
            State::Replaced => {
                app.advance(Duration::from_secs(31));
                ask_to_recover(app, &email).await;
                assert_ne!(app.token(&email).await, token);
            }
            State::Expired => app.advance(Duration::from_mins(30)),
            State::OfChangedPassword => admin_does(Method::PATCH, Some(json!({"password": PASSWORD}))).await,
            State::OfChangedAddress => {
                let other = format!("new{}@example.com", self.count);
                admin_does(Method::PATCH, Some(json!({"email": other}))).await;
                return (other, token);
            }
            State::OfDisabled => admin_does(Method::PATCH, Some(json!({"disabled": true}))).await,
            State::OfDeleted => admin_does(Method::DELETE, None).await,
            State::OfAnother => {
                let other = format!("bob{}@example.com", self.count);
                verified(app, &other).await;
                return (other, token);
            }
            State::Forged => {
                let last = token.pop().unwrap();
                token.push(if last == 'A' { 'B' } else { 'A' });
            }
            State::OfAnotherKind => {
                let other = format!("cleo{}@example.com", self.count);
                assert_eq!(app.register(&other).await.status, 201);
                return (other.clone(), app.token(&other).await);
            }
        }
        (email, token)
    }

    /// Does it; what comes of it is seen from outside.
    async fn does(&self, action: Action, email: &str, token: &str) {
        let app = &self.app;
        let browser = Browser::new(app);
        let page = format!("/recover/confirm?token={token}");
        let csrf = browser.get("/recover").await.hidden("csrf").unwrap();
        let fields = [("csrf", csrf.as_str()), ("token", token), ("new_password", NEW_PASSWORD)];
        match action {
            Action::Form => drop(browser.post("/recover/confirm", &fields).await),
            Action::Call => drop(recover(app, token).await),
            Action::Look => {
                for path in [
                    &page,
                    &page.replace("/recover/confirm", "/verify-email"),
                    &page.replace("/recover/confirm", "/undo-email"),
                ] {
                    browser.get(path).await;
                }
            }
            Action::Head => {
                let request = browser.request(Method::HEAD, &page).body(axum::body::Body::empty()).unwrap();
                browser.send(request).await;
            }
            Action::FormOfElsewhere => {
                for csrf in ["", "forged"] {
                    let fields = [("csrf", csrf), ("token", token), ("new_password", NEW_PASSWORD)];
                    browser.post("/recover/confirm", &fields).await;
                }
            }
            Action::FormThatSaysMore => {
                for (name, value) in
                    [("token", token), ("user", email), ("step", "verified"), ("email", email)]
                {
                    let fields = [
                        ("csrf", csrf.as_str()),
                        (name, value),
                        ("new_password", NEW_PASSWORD),
                        ("username", email),
                    ];
                    // The token under its own name is the one way, and is tried elsewhere.
                    if name != "token" {
                        browser.post("/recover/confirm", &fields).await;
                    }
                }
            }
            Action::AccountPage => {
                let fields = [
                    ("csrf", csrf.as_str()),
                    ("token", token),
                    ("current_password", token),
                    ("new_password", NEW_PASSWORD),
                ];
                browser.post("/account/password", &fields).await;
            }
            Action::AsConfirmation => {
                app.post("/api/v1/verify-email", json!({"token": token})).await;
                browser.post("/verify-email", &fields[..2]).await;
            }
            Action::AsUndoing => {
                app.post("/api/v1/undo-email", json!({"token": token})).await;
                browser.post("/undo-email", &fields[..2]).await;
            }
            Action::AsInvitation => drop(browser.post("/invitation", &fields[..2]).await),
            Action::AsBearer => {
                let person = Person {
                    id: String::new(),
                    access_token: token.to_owned(),
                    refresh_token: String::new(),
                };
                let body = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
                app.ask(&person, Method::POST, "/api/v1/me/password", Some(body)).await;
            }
            Action::AsRefreshToken => drop(app.refresh(token).await),
            Action::AsPassword => {
                let body = json!({"email": email, "password": token});
                assert_eq!(app.post("/api/v1/login", body).await.status, 401);
            }
        }
    }
}

#[tokio::test]
async fn lg_11_only_the_one_way_sets_a_password() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\nrate_limits = \"off\"\n").await;
    app.admin().await;
    let mut world = World { app, count: 0 };
    let mut set = 0;
    for state in STATES {
        for action in ACTIONS {
            let (email, token) = world.person(state).await;
            world.does(action, &email, &token).await;
            let after = old_password(&world.app, &email).await;
            let new = super::login_with(&world.app, &email, NEW_PASSWORD).await;
            let the_way = state == State::Good && matches!(action, Action::Form | Action::Call);
            let gone = matches!(state, State::OfDisabled | State::OfDeleted);
            let expected = match (the_way, gone) {
                (true, _) => ("401 invalid_credentials", "200"),
                (false, true) => ("401 invalid_credentials", "401 invalid_credentials"),
                (false, false) => ("200", "401 invalid_credentials"),
            };
            assert_eq!((after.as_str(), new.as_str()), expected, "{action:?} with a link that is {state:?}");
            set += u32::from(the_way);
            // Whatever was tried with a good link, it is still good for what it is for.
            if state == State::Good && !the_way {
                assert_eq!(recover(&world.app, &token).await.status, 204, "after {action:?}");
            }
        }
    }
    assert_eq!(set, 2);
}
