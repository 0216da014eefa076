//! `/tenants/{tenant}/invitations` and `/invitations`

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};

use super::{ADA, brief, get, login, post, someone, with};
use crate::support::{Answer, PASSWORD, Person, TestApp};

const BOB: &str = "bob@example.com";
const EVE: &str = "eve@example.com";

/// Ada owns an organization, Cleo is a member of it, and Eve owns another.
async fn world() -> TestApp {
    let user = |email: &str| {
        format!("[[realm.user]]\nemail = \"{email}\"\nemail_verified = true\npassword = \"{PASSWORD}\"\n")
    };
    let users: String = [ADA, BOB, EVE, "cleo@example.com"].map(user).concat();
    TestApp::with(&format!(
        r#"
[[realm]]
name = "default"
profile = "zalt"
organization_roles = ["editor"]
[[realm.role]]
name = "editor"
permissions = ["notes:write"]
{users}
[[realm.organization]]
slug = "analytical"
name = "Analytical Engines"
members = [{{ user = "{ADA}", roles = ["owner"] }}, {{ user = "cleo@example.com", roles = ["editor"] }}]
[[realm.organization]]
slug = "other"
name = "Other"
members = [{{ user = "{EVE}", roles = ["owner"] }}]
[[realm]]
name = "acme"
profile = "zalt"
"#
    ))
    .await
}

async fn sign_in(app: &TestApp, email: &str) -> Person {
    someone(&login(app, email).await)
}

async fn tenant(app: &TestApp, who: &Person) -> String {
    let listed = get(app, who, "/v1/auth/organizations").await.json();
    listed["organizations"][0]["id"].as_str().unwrap_or_else(|| panic!("{listed}")).to_owned()
}

async fn invite(app: &TestApp, who: &Person, tenant: &str, body: Value) -> Answer {
    post(app, who, &format!("/tenants/{tenant}/invitations"), body).await
}

fn text(answer: &Answer, pointer: &str) -> String {
    let json = answer.json();
    json.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer}: {json}")).to_owned()
}

#[tokio::test]
async fn a_member_who_manages_invites_looks_and_takes_back() {
    let app = world().await;
    let ada = sign_in(&app, ADA).await;
    let id = tenant(&app, &ada).await;
    let base = format!("/tenants/{id}/invitations");
    for path in [format!("{base}/"), "/invitations/".to_owned()] {
        let invited = invite(&app, &ada, &id, json!({"email": BOB, "role": "editor"})).await;
        assert_eq!(invited.status, 201, "{invited:?}");
        let json = invited.json();
        let one = &json["invitation"];
        assert_eq!(
            (&one["email"], &one["role"], &one["roles"], &one["status"]),
            (&json!(BOB), &json!("editor"), &json!(["editor"]), &json!("pending"))
        );
        assert_eq!((&one["tenant_id"], &one["tenantName"]), (&json!(id), &json!("Analytical Engines")));
        assert_eq!((&one["invited_by"], &json["data"]["invitation"]), (&json!(ada.id), one));
        let token = text(&invited, "/token");
        let listed = get(&app, &ada, &base).await;
        assert_eq!(listed.json()["invitations"], json!([one]));
        assert!(!String::from_utf8_lossy(&listed.body).contains(&token[33..]), "kept as a digest");
        let again = invite(&app, &ada, &id, json!({"email": BOB, "roles": ["editor"]})).await;
        assert_eq!(brief(&again), "409 CONFLICT");

        let path = format!("{path}{}", text(&invited, "/invitation/id"));
        assert_eq!(get(&app, &ada, &path).await.json()["invitation"], *one);
        assert_eq!(app.ask(&ada, Method::DELETE, &path, None).await.status, 200);
        assert_eq!(get(&app, &ada, &path).await.json()["invitation"]["status"], json!("revoked"));
        for path in [path.clone(), format!("{path}/resend")] {
            let method = if path.ends_with("resend") { Method::POST } else { Method::DELETE };
            let over = app.ask(&ada, method, &path, None).await;
            assert_eq!(brief(&over), "400 INVITATION_REVOKED", "{path}");
        }
        assert_eq!(get(&app, &ada, &base).await.json()["invitations"], json!([]));
        let bob = sign_in(&app, BOB).await;
        let refused = post(&app, &bob, "/invitations/accept", json!({"token": token})).await;
        assert_eq!(brief(&refused), "400 INVITATION_NOT_FOUND");
    }
    for body in [
        json!({"email": "nobody", "role": "editor"}),
        json!({"email": BOB, "role": "levitator"}),
        json!({"email": BOB, "role": "editor", "roles": ["editor"]}),
        json!({"role": "editor"}),
    ] {
        assert_eq!(invite(&app, &ada, &id, body.clone()).await.status, 400, "{body}");
    }
    let member = invite(&app, &ada, &id, json!({"email": "cleo@example.com"})).await;
    assert_eq!(brief(&member), "409 CONFLICT");
    assert_eq!(brief(&app.get(&base).await), "401 UNAUTHORIZED");
}

/// AD-01, TN-02: who does not manage does not, and of an organization of others nothing is told.
#[tokio::test]
async fn ad_01_invitations_are_for_those_who_manage_there() {
    let app = world().await;
    let (ada, eve) = (sign_in(&app, ADA).await, sign_in(&app, EVE).await);
    let cleo = sign_in(&app, "cleo@example.com").await;
    let (id, other) = (tenant(&app, &ada).await, tenant(&app, &eve).await);
    let invited = invite(&app, &ada, &id, json!({"email": BOB, "role": "editor"})).await;
    let one = text(&invited, "/invitation/id");
    let within = format!("/tenants/{id}/invitations");
    assert_eq!(brief(&invite(&app, &cleo, &id, json!({"email": "x@example.com"})).await), "403 FORBIDDEN");
    assert_eq!(brief(&get(&app, &cleo, &within).await), "403 FORBIDDEN");
    assert_eq!(brief(&invite(&app, &eve, &id, json!({"email": "x@example.com"})).await), "404 NOT_FOUND");
    for tenant in [&*id, "org_00000000000000000000000000", "x"] {
        assert_eq!(brief(&get(&app, &eve, &format!("/tenants/{tenant}/invitations")).await), "404 NOT_FOUND");
    }
    for path in [
        format!("{within}/{one}"),
        format!("/invitations/{one}"),
        // Her own organization, and the invitation of another.
        format!("/tenants/{other}/invitations/{one}"),
        "/invitations/inv_00000000000000000000000000".to_owned(),
        "/invitations/x".to_owned(),
    ] {
        for (method, path) in [
            (Method::GET, path.clone()),
            (Method::DELETE, path.clone()),
            (Method::POST, format!("{path}/resend")),
        ] {
            let refused = app.ask(&eve, method.clone(), &path, None).await;
            assert_eq!(brief(&refused), "400 INVITATION_NOT_FOUND", "{method} {path}");
        }
    }
    for (method, path) in [
        (Method::GET, format!("/invitations/{one}")),
        (Method::DELETE, format!("/invitations/{one}")),
        (Method::POST, format!("/invitations/{one}/resend")),
    ] {
        assert_eq!(brief(&app.ask(&cleo, method, &path, None).await), "403 FORBIDDEN", "{path}");
    }
    assert_eq!(get(&app, &ada, &within).await.json()["invitations"][0]["id"], json!(one));
    // A realm knows nothing of another's.
    let bearer = format!("Bearer {}", ada.access_token);
    let headers = [("authorization", &*bearer)];
    let elsewhere = with(&app, Method::GET, &format!("/r/acme/invitations/{one}"), &headers, None).await;
    assert_eq!(brief(&elsewhere), "401 INVALID_TOKEN");
}

#[tokio::test]
async fn an_invitation_is_mailed_again_with_another_secret() {
    let app = world().await;
    let (ada, bob) = (sign_in(&app, ADA).await, sign_in(&app, BOB).await);
    let id = tenant(&app, &ada).await;
    let invited = invite(&app, &ada, &id, json!({"email": BOB, "role": "editor"})).await;
    let one = text(&invited, "/invitation/id");
    let mut before = text(&invited, "/token");
    assert_eq!(app.token(BOB).await, before);
    for path in [format!("/invitations/{one}/resend"), format!("/tenants/{id}/invitations/{one}/resend")] {
        app.advance(Duration::from_mins(2));
        let again = post(&app, &ada, &path, json!({})).await;
        assert_eq!(again.status, 200, "{again:?}");
        let token = text(&again, "/token");
        assert_ne!(token, before);
        assert_eq!(app.token(BOB).await, token, "as it was mailed");
        assert_eq!(text(&again, "/invitation/id"), one);
        assert_ne!(text(&again, "/invitation/expires_at"), text(&invited, "/invitation/expires_at"));
        let refused = post(&app, &bob, "/invitations/accept", json!({"token": before})).await;
        assert_eq!(brief(&refused), "400 INVITATION_NOT_FOUND");
        before = token;
    }
    let listed = get(&app, &ada, &format!("/tenants/{id}/invitations")).await.json();
    assert_eq!(listed["invitations"].as_array().unwrap().len(), 1, "{listed}");
    let joined = post(&app, &bob, "/invitations/accept", json!({"token": before})).await;
    assert_eq!(joined.status, 200, "{joined:?}");
    let over = post(&app, &ada, &format!("/invitations/{one}/resend"), json!({})).await;
    assert_eq!(brief(&over), "400 INVITATION_ALREADY_USED");
    let other = invite(&app, &ada, &id, json!({"email": "new@example.com"})).await;
    app.advance(Duration::from_hours(24 * 7));
    let ada = sign_in(&app, ADA).await;
    let path = format!("/invitations/{}/resend", text(&other, "/invitation/id"));
    assert_eq!(brief(&post(&app, &ada, &path, json!({})).await), "400 INVITATION_EXPIRED");
}

/// RL: nobody fills a mailbox by asking again and again.
#[tokio::test]
async fn rl_an_invitation_that_is_mailed_again_is_a_letter_that_is_counted() {
    let app = world().await;
    let ada = sign_in(&app, ADA).await;
    let id = tenant(&app, &ada).await;
    let invited = invite(&app, &ada, &id, json!({"email": BOB})).await;
    let path = format!("/invitations/{}/resend", text(&invited, "/invitation/id"));
    let mut answers = Vec::new();
    for _ in 0..8 {
        answers.push(brief(&post(&app, &ada, &path, json!({})).await));
    }
    assert!(answers.contains(&"429 RATE_LIMITED".to_owned()), "{answers:?}");
    // Whoever may not mail it has none counted.
    let (eve, before) = (sign_in(&app, EVE).await, app.subjects(BOB).await.len());
    assert_eq!(brief(&post(&app, &eve, &path, json!({})).await), "400 INVITATION_NOT_FOUND");
    assert_eq!(app.subjects(BOB).await.len(), before);
}

/// LG-15: an invitation is for one proven address, once; to anybody else it is as one that is not there.
#[tokio::test]
async fn whoever_was_invited_looks_and_accepts() {
    let app = world().await;
    let (ada, bob, eve) = (sign_in(&app, ADA).await, sign_in(&app, BOB).await, sign_in(&app, EVE).await);
    let id = tenant(&app, &ada).await;
    let invited = invite(&app, &ada, &id, json!({"email": "Bob@Example.com", "role": "editor"})).await;
    let token = text(&invited, "/token");
    let look = format!("/invitations/validate?token={token}");
    assert_eq!(brief(&app.get(&look).await), "401 UNAUTHORIZED");
    assert_eq!(brief(&get(&app, &eve, &look).await), "400 INVITATION_NOT_FOUND");
    assert_eq!(brief(&get(&app, &bob, "/invitations/validate").await), "400 INVALID_REQUEST");
    let seen = get(&app, &bob, &look).await.json();
    assert_eq!(
        (&seen["valid"], &seen["invitation"]["tenant_name"], &seen["invitation"]["status"]),
        (&json!(true), &json!("Analytical Engines"), &json!("pending"))
    );

    let path = "/invitations/accept";
    assert_eq!(brief(&app.post(path, json!({"token": token})).await), "401 UNAUTHORIZED");
    let refused = post(&app, &eve, path, json!({"token": token})).await;
    assert_eq!(brief(&refused), "400 INVITATION_NOT_FOUND");
    for nonsense in ["", "gp_inv_x", &token[..70]] {
        let answer = post(&app, &bob, path, json!({"token": nonsense})).await;
        assert_eq!(brief(&answer), "400 INVITATION_NOT_FOUND", "{nonsense}");
    }
    // Nobody accepts for another, and no account is made by it.
    let for_another = json!({"token": token, "user_id": bob.id});
    assert_eq!(brief(&post(&app, &eve, path, for_another.clone()).await), "403 FORBIDDEN");
    let new = json!({"token": token, "new_user": {"email": BOB, "password": PASSWORD}});
    assert_eq!(brief(&post(&app, &bob, path, new).await), "400 INVALID_REQUEST");
    let joined = post(&app, &bob, path, for_another).await;
    assert_eq!(joined.status, 200, "{joined:?}");
    let membership = &joined.json()["membership"];
    assert_eq!(
        (&membership["tenant_id"], &membership["user_id"], &membership["role"], &membership["roles"]),
        (&json!(id), &json!(bob.id), &json!("editor"), &json!(["editor"]))
    );
    assert_eq!(
        brief(&post(&app, &bob, path, json!({"token": token})).await),
        "400 INVITATION_NOT_FOUND",
        "once"
    );
    assert_eq!(brief(&get(&app, &bob, &look).await), "400 INVITATION_NOT_FOUND");
    assert_eq!(tenant(&app, &bob).await, id);
}
