//! `POST /login`

use serde_json::json;

use super::{ADA, brief, credentials, login, parts, register, someone, world};
use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn a_sign_in_answers_in_both_spellings() {
    let app = world().await;
    let id = someone(&register(&app, ADA).await).id;
    let answer = login(&app, ADA).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let json = answer.json();
    let tokens = &json["tokens"];
    for (snake, camel) in [
        ("access_token", "accessToken"),
        ("refresh_token", "refreshToken"),
        ("expires_in", "expiresIn"),
        ("token_type", "tokenType"),
    ] {
        assert!(!tokens[snake].is_null() && tokens[snake] == tokens[camel], "{snake}");
        assert_eq!((&json[snake], &json["data"][snake]), (&tokens[snake], &tokens[snake]), "by itself too");
    }
    let user = &json["user"];
    assert_eq!(
        (&user["id"], &user["mfa_enabled"], &user["mfaEnabled"]),
        (&json!(id), &json!(false), &json!(false))
    );
    assert_eq!(user["last_login"], json!(app.clock.now()));
    let (header, claims) = parts(tokens["access_token"].as_str().unwrap());
    assert!(header["kid"].is_string());
    assert_eq!(
        (&claims["sub"], &claims["email"], &claims["realm_id"]),
        (&json!(id), &json!(ADA), &json!("default"))
    );
    assert_eq!(claims["roles"], json!([]), "applications read it, whether there are any or not");
}

#[tokio::test]
async fn roles_are_in_the_token_and_permissions_beside_the_account() {
    let app = world().await;
    let file = format!(
        "[[realm]]\nname = \"default\"\nprofile = \"zalt\"\n[[realm.user]]\nemail = \"{ADA}\"\npassword = \"{PASSWORD}\"\nroles = [\"admin\"]\n[[realm.organization]]\nslug = \"analytical\"\nname = \"Analytical Engines\"\nmembers = [{{ user = \"{ADA}\", roles = [\"owner\"] }}]\n"
    );
    app.apply(&file).await;
    let answer = login(&app, ADA).await;
    let (_, claims) = parts(&someone(&answer).access_token);
    assert_eq!(claims["roles"], json!(["admin"]));
    let user = &answer.json()["user"];
    assert_eq!((&user["roles"], &user["permissions"]), (&json!(["admin"]), &json!(["settings:read"])));
    let tenant = &user["tenants"][0];
    assert_eq!((&tenant["tenant_name"], &tenant["role"]), (&json!("Analytical Engines"), &json!("owner")));
    assert!(tenant["tenant_id"].as_str().unwrap().starts_with("org_") && tenant["permissions"].is_array());
}

/// LG-01: an unknown account, a wrong password, a disabled account and too long a password get one answer.
#[tokio::test]
async fn lg_01_a_refused_sign_in_says_one_thing_whatever_the_reason() {
    let app = world().await;
    register(&app, ADA).await;
    let disabled = someone(&register(&app, "disabled@example.com").await);
    app.execute(&format!(
        "UPDATE users SET disabled_at = created_at WHERE email = '{}'",
        "disabled@example.com"
    ))
    .await;
    let mut answers = Vec::new();
    for (email, password) in [
        ("nobody@example.com", PASSWORD),
        (ADA, "not the password"),
        ("disabled@example.com", PASSWORD),
        (ADA, ""),
        (ADA, &*"x".repeat(5_000)),
    ] {
        let answer = app.post("/login", json!({"email": email, "password": password})).await;
        assert_eq!(brief(&answer), "401 INVALID_CREDENTIALS", "{email}: {answer:?}");
        let mut json = answer.json();
        json["error"]["request_id"] = json!(null);
        let headers: Vec<_> = answer
            .headers
            .iter()
            .filter(|(name, _)| *name != "x-request-id")
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        answers.push((json, headers));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    // A session that was there is over.
    assert_eq!(brief(&super::get(&app, &disabled, "/me").await), "401 INVALID_TOKEN");
}

/// LG-03: what was tried at one door counts at the other.
#[tokio::test]
async fn lg_03_passwords_are_counted_together_with_those_of_the_native_door() {
    let app = world().await;
    register(&app, ADA).await;
    let wrong = json!({"email": ADA, "password": "not the password"});
    for n in 0..5 {
        let path = if n % 2 == 0 { "/login" } else { "/api/v1/login" };
        assert_eq!(app.post(path, wrong.clone()).await.status, 401);
    }
    assert_eq!(app.login(ADA).await.brief(), "429 too_many_attempts");
    for path in ["/login", "/r/default/login"] {
        assert_eq!(brief(&app.post(path, credentials(ADA)).await), "429 RATE_LIMITED", "{path}");
    }
}

/// RL-05: other spellings of a path are no other door.
#[tokio::test]
async fn rl_05_there_is_one_spelling_of_a_path() {
    let app: TestApp = world().await;
    register(&app, ADA).await;
    for path in ["//login", "/login/", "/%6cogin", "/Login"] {
        assert_eq!(app.post(path, credentials(ADA)).await.status, 404, "{path}");
    }
}
