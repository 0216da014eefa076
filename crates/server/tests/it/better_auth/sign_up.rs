use axum::http::Method;
use serde_json::json;

use super::{ADA, COOKIE, Client, attributes, bearer};
use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn an_account_is_made_and_signed_in() {
    let app = TestApp::new().await;
    let client = Client::new(&app);
    let body = json!({"name": "Ada", "email": "Ada@Example.com", "password": PASSWORD, "image": "https://x.test/a.png"});
    let made = client.post("/sign-up/email", body).await;
    assert_eq!(made.status, 200, "{made:?}");
    let user = &made.json()["user"];
    assert_eq!(user["email"], ADA, "in small letters");
    assert_eq!((&user["name"], &user["emailVerified"]), (&json!("Ada"), &json!(false)));
    assert_eq!((&user["image"], &user["twoFactorEnabled"]), (&json!("https://x.test/a.png"), &json!(false)));
    assert_eq!(user["createdAt"], "2027-01-15T08:00:00.000Z");
    assert_eq!(client.email().await.as_deref(), Some(ADA));
    assert_eq!(bearer(&app, &made.text("token")).await.as_deref(), Some(ADA));
    // One account, whichever door it came through.
    assert_eq!(app.login(ADA).await.status, 200);
}

/// LG-01: an address that has an account is told as the native API tells it, and where that is silent so is this.
#[tokio::test]
async fn lg_01_an_address_that_has_an_account_is_told_only_where_registration_tells_it() {
    let app = TestApp::new().await;
    app.register(ADA).await;
    let body = json!({"name": "Eve", "email": "ADA@example.com", "password": PASSWORD});
    let client = Client::new(&app);
    let told = client.post("/sign-up/email", body.clone()).await;
    assert_eq!(told.brief(), "422 USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL");

    app.apply("[[realm]]\nname = \"default\"\nrequire_verified_email = true\n").await;
    let taken = client.post("/sign-up/email", body).await;
    let fresh = json!({"name": "Eve", "email": "eve@example.com", "password": PASSWORD});
    let free = client.post("/sign-up/email", fresh).await;
    for answer in [&taken, &free] {
        assert_eq!((answer.status.as_u16(), &answer.json()["token"]), (200, &json!(null)), "{answer:?}");
        assert_eq!(attributes(answer, COOKIE), None);
        assert!(answer.header("set-auth-token").is_none());
    }
    let keys = |answer: &crate::support::Answer| {
        answer.json()["user"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(keys(&taken), keys(&free));
    assert_ne!(taken.json()["user"]["id"], json!(null));
    let refused = client.post("/sign-in/email", json!({"email": ADA, "password": PASSWORD})).await;
    assert_eq!(refused.brief(), "403 EMAIL_NOT_VERIFIED");
}

#[tokio::test]
async fn what_is_wrong_with_a_sign_up_is_said_in_the_words_of_the_contract() {
    let app = TestApp::new().await;
    let client = Client::new(&app);
    let brief = async |body| client.post("/sign-up/email", body).await.brief();
    let with = |password: &str| json!({"name": "Ada", "email": ADA, "password": password});
    assert_eq!(brief(with("short")).await, "400 PASSWORD_TOO_SHORT");
    assert_eq!(brief(with(&"x y".repeat(43))).await, "400 PASSWORD_TOO_LONG");
    assert_eq!(brief(with("correct horse battery staple")).await, "400 PASSWORD_COMPROMISED");
    assert_eq!(brief(with("ada@example.com")).await, "400 PASSWORD_COMPROMISED", "of their own address");
    let wrong =
        client.post("/sign-up/email", json!({"email": "nope", "password": "", "rememberMe": "x"})).await;
    assert_eq!(
        wrong.text("message"),
        "[body.name] Invalid input: expected string, received undefined; [body.email] Invalid email address; \
         [body.password] Too small: expected string to have >=1 characters; \
         [body.rememberMe] Invalid input: expected boolean, received string"
    );
    assert_eq!(wrong.brief(), "400 VALIDATION_ERROR");
    app.apply("[[realm]]\nname = \"default\"\nregistration = \"closed\"\n").await;
    assert_eq!(brief(with(PASSWORD)).await, "400 EMAIL_PASSWORD_SIGN_UP_DISABLED");
}

/// As many accounts as through the native door.
#[tokio::test]
async fn lg_03_sign_ups_are_counted_together_with_those_of_every_door() {
    let app = TestApp::new().await;
    for n in 0..30 {
        let answer = app.register(&format!("a{n}@example.com")).await;
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    let client = Client::new(&app);
    let body = json!({"name": "Ada", "email": ADA, "password": PASSWORD});
    let limited = client.post("/sign-up/email", body).await;
    assert_eq!(limited.status, 429);
    assert!(limited.header("x-retry-after").is_some() && limited.json()["message"].is_string());
    assert!(limited.json()["code"].is_null());
}

#[tokio::test]
async fn a_user_name_is_free_or_taken() {
    let app = TestApp::new().await;
    let client = Client::new(&app);
    let body = json!({"name": "Ada", "email": ADA, "password": PASSWORD, "username": "Ada_L"});
    let made = client.post("/sign-up/email", body.clone()).await;
    let user = &made.json()["user"];
    assert_eq!((&user["username"], &user["displayUsername"]), (&json!("ada_l"), &json!("Ada_L")));
    let ask = async |name: &str| client.post("/is-username-available", json!({"username": name})).await;
    assert_eq!(ask("ADA_L").await.json(), json!({"available": false}));
    assert_eq!(ask("grace").await.json(), json!({"available": true}));
    assert_eq!(ask("a@b").await.brief(), "422 INVALID_USERNAME");
    let other = json!({"name": "G", "email": "g@example.com", "password": PASSWORD, "username": "ada_l"});
    assert_eq!(client.post("/sign-up/email", other).await.brief(), "400 USERNAME_IS_ALREADY_TAKEN");
    app.apply("[[realm]]\nname = \"default\"\nregistration = \"closed\"\n").await;
    assert_eq!(ask("grace").await.brief(), "400 EMAIL_PASSWORD_SIGN_UP_DISABLED");
}

#[tokio::test]
async fn what_is_no_endpoint_is_answered_with_nothing() {
    let app = TestApp::with("[[realm]]\nname = \"acme\"\n").await;
    for prefix in ["", "/r/acme"] {
        let client = Client::under(&app, prefix);
        assert_eq!(
            client.get("/ok").await.json(),
            json!({"ok": true}),
            "in every realm, whatever its profile"
        );
        for (method, path) in [
            (Method::GET, "/nope"),
            (Method::GET, ""),
            (Method::GET, "/ok/"),
            (Method::PUT, "/ok"),
            (Method::POST, "/ok"),
            (Method::GET, "/sign-up/email"),
            (Method::GET, "/delete-user/callback/"),
        ] {
            let answer = client.ask(method.clone(), path, None, &[]).await;
            assert_eq!(answer.status, 404, "{method} {path}: {answer:?}");
            assert!(answer.body.is_empty() && answer.header("content-type").is_none(), "{method} {path}");
        }
    }
}
