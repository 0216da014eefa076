use axum::http::{Method, StatusCode};
use serde_json::json;

use super::{ADA, COOKIE, Client, OURS, ada, attributes, bearer, set_cookies};
use crate::support::{PASSWORD, TestApp, request};

#[tokio::test]
async fn a_sign_in_gives_a_cookie_and_a_token_that_authenticate() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\nsession_idle_ttl = \"7d\"\n").await;
    ada(&app).await;
    let client = Client::new(&app);
    let answer = client.sign_in(ADA).await;
    assert_eq!(answer.json()["redirect"], false);
    assert_eq!(attributes(&answer, COOKIE).unwrap(), "Max-Age=604800; Path=/; HttpOnly; SameSite=Lax");
    let (token, signed) = (answer.text("token"), answer.header("set-auth-token").unwrap().to_owned());
    assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{token}");
    assert!(signed.starts_with(&format!("{token}.")), "{signed}");
    assert!(answer.header("access-control-expose-headers").unwrap().contains("set-auth-token"));
    let cookie = client.cookie(COOKIE).unwrap();
    assert!(cookie.starts_with(&format!("{token}.")) && cookie.ends_with("%3D"), "{cookie}");
    // Signed, percent-encoded as in the cookie, and alone.
    for held in [&token, &signed, &cookie] {
        assert_eq!(bearer(&app, held).await.as_deref(), Some(ADA), "{held}");
    }
    assert_eq!(client.email().await.as_deref(), Some(ADA));
    let back = json!({"email": ADA, "password": PASSWORD, "callbackURL": "/home"});
    let back = client.post("/sign-in/email", back).await;
    assert_eq!((&back.json()["redirect"], &back.json()["url"]), (&json!(true), &json!("/home")));
    assert_eq!(back.header("location"), Some("/home"));
}

/// SE-05: what is forged is refused, wherever it stands.
#[tokio::test]
async fn se_05_a_token_that_was_changed_is_of_nobody() {
    let app = TestApp::new().await;
    let client = Client::new(&app);
    let token = client.sign_up(ADA).await.text("token");
    let signed = client.cookie(COOKIE).unwrap();
    let flip = |text: &str, at: usize| {
        let mut text = text.to_owned();
        text.replace_range(at..=at, if &text[at..=at] == "0" { "1" } else { "0" });
        text
    };
    for at in [0, 30, 40, 71] {
        assert_eq!(bearer(&app, &flip(&token, at)).await, None, "letter {at}");
        assert_eq!(bearer(&app, &flip(&signed, at)).await, None, "letter {at}, signed");
    }
    for garbage in ["", "garbage", "gar.bage", &token[..71], &format!("{token}0"), "....", "%"] {
        assert_eq!(bearer(&app, garbage).await, None, "{garbage}");
    }
    // An access token of the native API is none of these, and the other way about.
    let native = app.sign_in(ADA).await;
    assert_eq!(bearer(&app, &native.access_token).await, None);
    assert_eq!(bearer(&app, &native.refresh_token).await, None);
    let me = app.send(request(Method::GET, "/api/v1/me", Some(&token), None)).await;
    assert_eq!(me.brief(), "401 invalid_token");
    let cookie = Client::new(&app);
    cookie.cookies.borrow_mut().insert(COOKIE.into(), flip(&signed, 40));
    assert_eq!(cookie.email().await, None);
}

/// TN-04: a session of one realm is none in another, though their cookies have one name.
#[tokio::test]
async fn tn_04_a_token_of_another_realm_is_of_nobody() {
    let app = TestApp::with("[[realm]]\nname = \"acme\"\n").await;
    let here = Client::new(&app);
    let token = here.sign_up(ADA).await.text("token");
    let there = Client::under(&app, "/r/acme");
    let answer = there.sign_up("eve@example.com").await;
    assert!(attributes(&answer, COOKIE).unwrap().contains("Path=/r/acme;"), "{answer:?}");
    assert_eq!(bearer(&app, &answer.text("token")).await, None);
    // What a browser sends to the realm below: both.
    let both =
        format!("{COOKIE}={}; {COOKIE}={}", there.cookie(COOKIE).unwrap(), here.cookie(COOKIE).unwrap());
    let asked = async |prefix| {
        let client = Client::under(&app, prefix);
        let headers = [("cookie", both.as_str())];
        client.ask(Method::GET, "/get-session", None, &headers).await.json()["user"]["email"].clone()
    };
    assert_eq!((asked("").await, asked("/r/acme").await), (json!(ADA), json!("eve@example.com")));
    let headers = [("authorization", format!("Bearer {token}"))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(there.ask(Method::GET, "/token", None, &[]).await.status, StatusCode::OK);
    let fresh = Client::under(&app, "/r/acme");
    assert_eq!(fresh.ask(Method::GET, "/token", None, &headers).await.brief(), "401 UNAUTHORIZED");
}

/// SE-02: of two sessions of one realm neither counts: a neighbouring host put one there.
#[tokio::test]
async fn se_02_two_cookies_of_two_sessions_are_of_nobody() {
    let app = TestApp::new().await;
    let (ada, eve) = (ada(&app).await, Client::new(&app));
    eve.sign_up("eve@example.com").await;
    let (hers, theirs) = (ada.cookie(COOKIE).unwrap(), eve.cookie(COOKIE).unwrap());
    let asked = async |cookies: String| {
        let headers = [("cookie", cookies.as_str())];
        Client::new(&app).ask(Method::GET, "/get-session", None, &headers).await.json()
    };
    assert_eq!(asked(format!("{COOKIE}={hers}; {COOKIE}={theirs}")).await, json!(null));
    assert_eq!(asked(format!("{COOKIE}={hers}; {COOKIE}=garbage")).await["user"]["email"], ADA);
}

#[tokio::test]
async fn lg_01_a_refused_sign_in_says_one_thing_whatever_the_reason() {
    let app = TestApp::new().await;
    app.register(ADA).await;
    let client = Client::new(&app);
    let long = "x".repeat(5_000);
    let mut answers = Vec::new();
    for (email, password) in
        [("nobody@example.com", PASSWORD), (ADA, "not the password"), (ADA, ""), (ADA, long.as_str())]
    {
        let answer = client.post("/sign-in/email", json!({"email": email, "password": password})).await;
        assert_eq!(answer.brief(), "401 INVALID_EMAIL_OR_PASSWORD", "{email}");
        assert!(set_cookies(&answer).is_empty());
        answers.push(answer.body);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    let nonsense = client.post("/sign-in/email", json!({"email": "nope", "password": "x"})).await;
    assert_eq!(nonsense.brief(), "400 INVALID_EMAIL", "which no account can have");
}

/// LG-03: wrong passwords are counted whichever door they come through.
#[tokio::test]
async fn lg_03_wrong_passwords_are_counted_together_with_those_of_every_door() {
    let app = TestApp::new().await;
    app.register(ADA).await;
    for _ in 0..4 {
        app.post("/api/v1/login", json!({"email": ADA, "password": "wrong"})).await;
    }
    let client = Client::new(&app);
    let ask = async |password: &str| {
        client.post("/sign-in/email", json!({"email": ADA, "password": password})).await
    };
    assert_eq!(ask("wrong").await.status, 401);
    let limited = ask(PASSWORD).await;
    assert_eq!(limited.status, 429, "{limited:?}");
    assert_eq!(limited.header("x-retry-after"), limited.header("retry-after"));
}

/// LG-05: whoever has signed in on a device is not kept out by others, through this door too.
#[tokio::test]
async fn lg_05_a_device_that_signed_in_before_still_gets_in() {
    let app = TestApp::new().await;
    let hers = ada(&app).await;
    hers.post("/sign-out", json!({})).await;
    let stranger = Client::new(&app);
    for _ in 0..6 {
        stranger.post("/sign-in/email", json!({"email": ADA, "password": "wrong"})).await;
    }
    let ask = async |client: &Client<'_>| {
        client.post("/sign-in/email", json!({"email": ADA, "password": PASSWORD})).await.status
    };
    assert_eq!(ask(&stranger).await, 429);
    assert_eq!(ask(&hers).await, 200);
}

#[tokio::test]
async fn a_user_name_signs_in() {
    let app = TestApp::new().await;
    let body = json!({"email": ADA, "username": "ada", "password": PASSWORD});
    assert_eq!(app.post("/api/v1/register", body).await.status, 201);
    let client = Client::new(&app);
    let ask = async |password: &str| {
        client.post("/sign-in/username", json!({"username": "ADA", "password": password})).await
    };
    assert_eq!(ask("wrong").await.brief(), "401 INVALID_USERNAME_OR_PASSWORD");
    assert_eq!(ask(PASSWORD).await.json()["user"]["username"], "ada");
    assert_eq!(client.email().await.as_deref(), Some(ADA));
}

/// SE-06: the session of whoever does not want to be remembered ends with the browser, and after a day.
#[tokio::test]
async fn se_06_who_is_not_to_be_remembered_is_signed_in_for_a_day() {
    let app = TestApp::new().await;
    ada(&app).await;
    let client = Client::new(&app);
    let body = json!({"email": ADA, "password": PASSWORD, "rememberMe": false});
    let answer = client.post("/sign-in/email", body).await;
    for name in [COOKIE, "better-auth.dont_remember"] {
        assert_eq!(attributes(&answer, name).unwrap(), "Path=/; HttpOnly; SameSite=Lax", "{name}");
    }
    app.advance(std::time::Duration::from_hours(23));
    let used = client.get("/get-session").await;
    assert!(used.json()["user"].is_object() && attributes(&used, COOKIE).is_none(), "{used:?}");
    app.advance(std::time::Duration::from_hours(1));
    assert_eq!(client.email().await, None);
}

#[tokio::test]
async fn a_session_that_is_used_goes_on_and_so_does_its_cookie() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\nsession_idle_ttl = \"7d\"\n").await;
    let client = ada(&app).await;
    app.advance(std::time::Duration::from_hours(24 * 6));
    let seen = client.get("/get-session").await;
    assert!(attributes(&seen, COOKIE).unwrap().starts_with("Max-Age=604800;"), "{seen:?}");
    assert_eq!(seen.json()["session"]["expiresAt"], "2027-01-28T08:00:00.000Z");
    assert_eq!(seen.json()["session"]["updatedAt"], "2027-01-21T08:00:00.000Z");
    app.advance(std::time::Duration::from_hours(24 * 6));
    assert_eq!(client.email().await.as_deref(), Some(ADA));
    app.advance(std::time::Duration::from_hours(24 * 7));
    let over = client.get("/get-session").await;
    assert_eq!(over.json(), json!(null));
    assert!(attributes(&over, COOKIE).unwrap().starts_with("Max-Age=0;"), "{over:?}");
}

#[tokio::test]
async fn se_01_over_https_every_cookie_is_secure_by_its_name() {
    let app = TestApp::at("https://auth.example.com", "").await;
    let client = Client::new(&app);
    let body = json!({"name": "Ada", "email": ADA, "password": PASSWORD});
    let headers = [("origin", "https://auth.example.com")];
    let answer = client.ask(Method::POST, "/sign-up/email", Some(body), &headers).await;
    let set = attributes(&answer, "__Secure-better-auth.session_token").unwrap();
    assert!(set.ends_with("Path=/; HttpOnly; Secure; SameSite=Lax"), "{set}");
    assert_eq!(attributes(&answer, COOKIE), None);
    assert_eq!(client.email().await.as_deref(), Some(ADA));
}

/// A hash as Better Auth made it: whoever was imported signs in, and the hash is replaced.
#[tokio::test]
async fn a_user_who_came_from_better_auth_signs_in_with_the_password_of_there() {
    let file = include_str!("../../vectors/exports/better-auth.csv");
    let hash = file.lines().nth(1).unwrap().rsplit(',').next().unwrap();
    let app = TestApp::with(&format!(
        "[[realm]]\nname = \"default\"\n[[realm.user]]\nemail = \"{ADA}\"\npassword_hash = \"{hash}\"\n"
    ))
    .await;
    let client = Client::new(&app);
    let ask = async |password: &str| {
        client.post("/sign-in/email", json!({"email": ADA, "password": password})).await.status
    };
    assert_eq!(ask("wrong").await, 401);
    assert_eq!(ask("the engine weaves").await, 200);
    assert_eq!(ask("the engine weaves").await, 200, "and again, by the new hash");
    let headers = [("origin", OURS)];
    let session = client.ask(Method::GET, "/get-session", None, &headers).await;
    assert_eq!(session.json()["user"]["email"], ADA);
}
