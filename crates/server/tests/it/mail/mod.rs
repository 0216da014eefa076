//! What is mailed, and what links do.

mod change;
mod factors;
mod invitations;
mod notices;
mod pages;
mod poisoning;
mod recovery;
mod sameness;
pub mod sign_in;
mod sign_in_pages;
mod states;
mod verification;

use serde_json::json;

use crate::support::{Answer, PASSWORD, TestApp};

const NEW_PASSWORD: &str = "looms remember every thread";

const VERIFIED: &str = "[[realm]]\nname = \"default\"\nrequire_verified_email = true\n";

/// An account with a proven address.
async fn verified(app: &TestApp, email: &str) -> crate::support::Person {
    assert_eq!(app.register(email).await.status, 201);
    let token = app.token(email).await;
    assert_eq!(confirm(app, &token).await.status, 200);
    app.sign_in(email).await
}

async fn confirm(app: &TestApp, token: &str) -> Answer {
    app.post("/api/v1/verify-email", json!({"token": token})).await
}

async fn ask_to_recover(app: &TestApp, email: &str) -> Answer {
    app.post("/api/v1/recover", json!({"email": email})).await
}

async fn recover(app: &TestApp, token: &str) -> Answer {
    app.post("/api/v1/recover/confirm", json!({"token": token, "new_password": NEW_PASSWORD})).await
}

async fn undo(app: &TestApp, token: &str) -> Answer {
    app.post("/api/v1/undo-email", json!({"token": token})).await
}

async fn login_with(app: &TestApp, email: &str, password: &str) -> String {
    app.post("/api/v1/login", json!({"email": email, "password": password})).await.brief()
}

async fn old_password(app: &TestApp, email: &str) -> String {
    login_with(app, email, PASSWORD).await
}
