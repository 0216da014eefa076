//! The plugin for organizations.

mod active;
mod invitations;
mod members;
mod nobody;
mod organizations;
mod teams;

use serde_json::{Value, json};

use super::Client;
use crate::support::{Answer, PASSWORD, TestApp};

/// A realm whose organizations give two roles, and five people who have proven their addresses.
async fn world() -> TestApp {
    let realm = "[[realm]]\nname = \"default\"\norganization_roles = [\"admin\"]\n\
        [[realm.role]]\nname = \"admin\"\npermissions = [\"organization:manage\"]\ninherits = [\"editor\"]\n\
        [[realm.role]]\nname = \"editor\"\npermissions = [\"notes:*\"]\n\
        [[realm.role]]\nname = \"auditor\"\npermissions = [\"audit:read\"]\n";
    let people = ["ada", "bob", "cleo", "dora", "eve"].map(|name| {
        format!(
            "[[realm.user]]\nemail = \"{name}@example.com\"\nname = \"{name}\"\nemail_verified = true\npassword = \"{PASSWORD}\"\n"
        )
    });
    TestApp::with(&format!("{realm}{}", people.concat())).await
}

/// A browser of somebody of [`world`].
async fn signed_in<'a>(app: &'a TestApp, name: &str) -> Client<'a> {
    let client = Client::new(app);
    client.sign_in(&format!("{name}@example.com")).await;
    client
}

/// Makes an organization and returns its id.
async fn found(owner: &Client<'_>, slug: &str) -> String {
    let made = owner.post("/organization/create", json!({"name": slug, "slug": slug})).await;
    assert_eq!(made.status, 200, "{made:?}");
    made.text("id")
}

async fn invite(by: &Client<'_>, organization: &str, name: &str, role: &str) -> Answer {
    let email = format!("{name}@example.com");
    let body = json!({"email": email, "role": role, "organizationId": organization});
    by.post("/organization/invite-member", body).await
}

async fn accept(client: &Client<'_>, invitation: &str) -> Answer {
    client.post("/organization/accept-invitation", json!({"invitationId": invitation})).await
}

/// Invites somebody of [`world`], who accepts.
async fn join<'a>(by: &Client<'a>, organization: &str, name: &str, role: &str) -> Client<'a> {
    let invited = invite(by, organization, name, role).await;
    assert_eq!(invited.status, 200, "{invited:?}");
    let client = signed_in(by.app, name).await;
    let joined = accept(&client, &invited.text("id")).await;
    assert_eq!(joined.status, 200, "{joined:?}");
    client
}

/// The organization that is active in the session.
async fn active(client: &Client<'_>) -> Value {
    client.get("/get-session").await.json()["session"]["activeOrganizationId"].clone()
}

async fn set_active(client: &Client<'_>, organization: Value) -> Answer {
    client.post("/organization/set-active", json!({"organizationId": organization})).await
}

async fn own_id(client: &Client<'_>) -> String {
    client.get("/get-session").await.json()["user"]["id"].as_str().unwrap().to_owned()
}

/// What a membership is called.
async fn member_id(client: &Client<'_>, organization: &str) -> String {
    format!("{organization}.{}", own_id(client).await)
}
