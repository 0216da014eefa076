//! What a provider gave with a sign-in, for the application.

use std::time::Duration;

use axum::http::Method;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use serde_json::{Value, json};

use super::{
    ADA, Client,
    social::{hers, realm, world},
};
use crate::{
    social::{Canned, Provider},
    support::{PASSWORD, TestApp},
};

const KEEPS: &str = "keep_tokens = true";
const ALL: [&str; 3] = ["/get-access-token", "/refresh-token", "/account-info"];
const HOUR: Duration = Duration::from_hours(1);

fn given() -> Value {
    json!({
        "access_token": "access-of-acme-0", "token_type": "Bearer", "expires_in": 3600,
        "refresh_token": "refresh-of-acme-0", "scope": "openid,email calendar",
    })
}

impl Client<'_> {
    /// Signs Ada in by Acme, which gives that: the id of the account elsewhere.
    async fn by_acme(&self, provider: &Provider, given: Value) -> String {
        provider.gives(given);
        let url = self.go("/sign-in/social", json!({})).await;
        self.back(provider, &url, &hers()).await;
        let listed = self.get("/list-accounts").await.json();
        let elsewhere = listed.as_array().unwrap().iter().find(|one| one["providerId"] == "acme");
        elsewhere.unwrap_or_else(|| panic!("{listed}"))["id"].as_str().unwrap().to_owned()
    }

    /// Asks one of the three.
    async fn use_account(&self, path: &str, members: Value) -> crate::support::Answer {
        if path != "/account-info" {
            return self.post(path, members).await;
        }
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in members.as_object().unwrap() {
            query.append_pair(name, value.as_str().unwrap_or("true"));
        }
        self.get(&format!("{path}?{}", query.finish())).await
    }
}

/// The payload of a token.
fn payload(token: &Value) -> Value {
    let part = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&data_encoding::BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
}

#[tokio::test]
async fn what_a_provider_gave_is_used_by_the_application() {
    let (app, provider) = world(KEEPS).await;
    let client = Client::new(&app);
    let account = client.by_acme(&provider, given()).await;
    let answer = client.post("/get-access-token", json!({"accountId": account})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut told = answer.json();
    let id_token = told.as_object_mut().unwrap().remove("idToken").unwrap();
    assert_eq!(payload(&id_token)["sub"], "ada-1");
    assert_eq!(
        told,
        json!({
            "accessToken": "access-of-acme-0", "accessTokenExpiresAt": "2027-01-15T09:00:00.000Z",
            "scopes": ["openid", "email", "calendar"],
        })
    );
    // As before 1.7: by the provider, and by what the account is called there.
    let me = client.get("/get-session").await.json()["user"]["id"].clone();
    for by in [
        json!({"providerId": "acme"}),
        json!({"providerId": "acme", "accountId": "ada-1"}),
        json!({"providerId": "acme", "accountId": account, "userId": me}),
    ] {
        let answer = client.post("/get-access-token", by.clone()).await;
        assert_eq!(answer.json()["accessToken"], "access-of-acme-0", "{by}: {answer:?}");
    }
    // It is renewed before it is over.
    app.advance(Duration::from_secs(3600 - 4));
    let renewed = client.post("/get-access-token", json!({"accountId": account})).await.json();
    assert_eq!(renewed["accessToken"], "access-of-acme-1", "{renewed}");
    assert_eq!(renewed["idToken"], id_token, "none was given anew");
    app.advance(HOUR);
    provider.renews_nothing();
    let over = client.post("/get-access-token", json!({"accountId": account})).await;
    assert_eq!(over.brief(), "400 FAILED_TO_GET_ACCESS_TOKEN");
}

#[tokio::test]
async fn another_token_is_asked_of_the_provider() {
    let (app, provider) = world(KEEPS).await;
    let client = Client::new(&app);
    let account = client.by_acme(&provider, given()).await;
    let refresh = async || client.post("/refresh-token", json!({"accountId": account})).await;
    let answer = refresh().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut told = answer.json();
    let first = told.as_object_mut().unwrap().remove("idToken").unwrap();
    assert_eq!(
        told,
        json!({
            "accessToken": "access-of-acme-1", "accessTokenExpiresAt": "2027-01-15T09:00:00.000Z",
            "scope": "openid,email,calendar", "providerId": "acme", "accountId": account,
        }),
        "the refresh token stays here"
    );
    // An ID token that comes with it counts if it is good, and of the same person (OpenID Connect Core section 12.2).
    let now = app.clock.now().unix_seconds();
    let claims = |sub: &str, iss: &str, aud: &str| json!({"iss": iss, "aud": aud, "sub": sub, "iat": now, "exp": now + 300, "anew": true});
    let ours = provider.address.as_str();
    for (claims, counts) in [
        (claims("eve-1", ours, "ours"), false),
        (claims("ada-1", "https://evil.test", "ours"), false),
        (claims("ada-1", ours, "theirs"), false),
        (claims("ada-1", ours, "ours"), true),
    ] {
        provider.renews(json!({"id_token": provider.signed(&claims)}));
        let told = refresh().await.json();
        assert_eq!((told["idToken"] == first, payload(&told["idToken"])["anew"] == true), (!counts, counts));
        assert!(told["accessToken"].as_str().unwrap().starts_with("access-of-acme-"));
    }
    provider.renews_nothing();
    assert_eq!(refresh().await.brief(), "400 FAILED_TO_REFRESH_ACCESS_TOKEN");
    let kept = client.post("/get-access-token", json!({"accountId": account})).await;
    assert_eq!(kept.json()["accessToken"], "access-of-acme-5", "what is good still is there");
    // LG-03: also those that succeed count, for the provider is asked each time.
    let mut refused = Vec::new();
    for _ in 0..20 {
        refused.push(refresh().await.status.as_u16());
    }
    assert_eq!(refused.last(), Some(&429), "{refused:?}");
    // Without a refresh token there is nothing to ask with.
    let (app, provider) = world(KEEPS).await;
    let client = Client::new(&app);
    let account = client.by_acme(&provider, json!({"access_token": "x"})).await;
    let none = client.post("/refresh-token", json!({"accountId": account})).await;
    assert_eq!(none.brief(), "400 REFRESH_TOKEN_NOT_FOUND");
}

#[tokio::test]
async fn a_provider_says_who_somebody_is() {
    let (app, provider) = world(KEEPS).await;
    let client = Client::new(&app);
    let account = client.by_acme(&provider, given()).await;
    let ask = async || client.get(&format!("/account-info?accountId={account}")).await;
    let profile = json!({
        "sub": "ada-1", "name": "Ada King", "email": "king@example.com", "email_verified": true,
        "picture": "https://acme.test/ada.png", "locale": "en",
    });
    provider.put("userinfo", Canned::json(&profile));
    let answer = ask().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        answer.json(),
        json!({
            "user": {
                "id": "ada-1", "name": "Ada King", "email": "king@example.com", "emailVerified": true,
                "image": "https://acme.test/ada.png",
            },
            "data": profile,
            "account": {"id": account, "providerId": "acme", "accountId": "ada-1"},
        })
    );
    assert_eq!(provider.presented().as_deref(), Some("Bearer access-of-acme-0"));
    // SO-01: what only looks verified is not.
    provider.put(
        "userinfo",
        Canned::json(&json!({"sub": "ada-1", "email": "x@example.com", "email_verified": "true", "picture": "javascript:x"})),
    );
    let user = ask().await.json()["user"].clone();
    assert_eq!(user, json!({"id": "ada-1", "name": "", "email": "x@example.com", "emailVerified": false}));
    // Somebody else, or nothing of use.
    for canned in [
        Canned::json(&json!({"sub": "eve-1"})),
        Canned::json(&json!({"email": ADA})),
        Canned::html(),
        Canned { status: 401, ..Canned::json(&json!({})) },
        Canned::redirect("http://127.0.0.1:1/"),
    ] {
        provider.put("userinfo", canned);
        assert_eq!(ask().await.brief(), "401 FAILED_TO_GET_USER_INFO");
    }
    provider.put("userinfo", Canned::json(&profile));
    app.advance(HOUR);
    assert_eq!(ask().await.status, 200);
    assert_eq!(provider.presented().as_deref(), Some("Bearer access-of-acme-1"), "renewed first");
    app.advance(HOUR);
    provider.renews_nothing();
    assert_eq!(ask().await.brief(), "400 FAILED_TO_GET_ACCESS_TOKEN");
}

/// A provider that is slow to say who somebody is keeps neither a crowd waiting, nor whoever wants a token.
#[tokio::test]
async fn a_crowd_does_not_wait_for_what_a_provider_says_and_no_renewal_does() {
    let (app, provider) = world(KEEPS).await;
    let client = Client::new(&app);
    let account = client.by_acme(&provider, given()).await;
    provider.put("userinfo", Canned::json(&json!({"sub": "ada-1"})));
    let mut info = provider.holds("userinfo");
    let path = format!("/account-info?accountId={account}");
    let mut crowd: FuturesUnordered<_> = (0..33).map(|_| client.get(&path)).collect();
    let (tell, was_told) = tokio::sync::oneshot::channel();
    let crowd_asks = async {
        let told = crowd.next().await.unwrap();
        assert_eq!((told.brief(), told.header("retry-after")), ("503 PROVIDER_BUSY".into(), Some("5")));
        tell.send(()).unwrap();
        while let Some(answer) = crowd.next().await {
            assert_eq!(answer.status, 200, "{answer:?}");
        }
    };
    let renews_meanwhile = async {
        info.asked().await;
        was_told.await.unwrap();
        let renewed = client.post("/refresh-token", json!({"accountId": account})).await;
        assert_eq!(renewed.text("accessToken"), "access-of-acme-1");
        info.goes();
    };
    tokio::join!(crowd_asks, renews_meanwhile);
    assert_eq!(provider.read("userinfo"), 32);
}

/// LG-03: each time the provider is asked, also where it answers.
#[tokio::test]
async fn a_provider_is_asked_so_often_about_one_person_and_no_more() {
    let (app, provider) = world(KEEPS).await;
    let client = Client::new(&app);
    let account = client.by_acme(&provider, given()).await;
    let ask = async || client.get(&format!("/account-info?accountId={account}")).await;
    provider.put("userinfo", Canned::json(&json!({"sub": "ada-1"})));
    // What is renewed counts with it.
    for n in 1..=10 {
        let renewed = client.post("/refresh-token", json!({"accountId": account})).await;
        assert_eq!(renewed.text("accessToken"), format!("access-of-acme-{n}"));
    }
    for _ in 0..50 {
        assert_eq!(ask().await.status, 200);
    }
    let refused = ask().await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, Some("15")), "{refused:?}");
    assert_eq!(provider.read("userinfo"), 50);
    let kept = client.post("/get-access-token", json!({"accountId": account})).await;
    assert_eq!(kept.text("accessToken"), "access-of-acme-10", "nobody is asked for what is good");
    // Somebody else is somebody else.
    let other = Client::new(&app);
    provider.gives(given());
    let url = other.go("/sign-in/social", json!({})).await;
    let grace =
        json!({"sub": "grace-1", "email": "grace@example.com", "email_verified": true, "name": "Grace"});
    other.back(&provider, &url, &grace).await;
    provider.put("userinfo", Canned::json(&json!({"sub": "grace-1"})));
    assert_eq!(other.get("/account-info?providerId=acme").await.status, 200);
    app.advance(Duration::from_secs(15));
    provider.put("userinfo", Canned::json(&json!({"sub": "ada-1"})));
    assert_eq!(ask().await.status, 200);
}

/// What the application is handed is in the trail; what the provider is asked with on its behalf is not.
#[tokio::test]
async fn the_trail_tells_which_tokens_an_application_was_given() {
    let (app, provider) = world(KEEPS).await;
    let client = Client::new(&app);
    let account = client.by_acme(&provider, given()).await;
    provider.put("userinfo", Canned::json(&json!({"sub": "ada-1"})));
    let admin = app.admin().await;
    let told = async |event: &str| {
        let path = format!("/api/v1/admin/audit?event={event}");
        app.ask(&admin, Method::GET, &path, None).await.json()["events"].as_array().unwrap().len()
    };
    assert_eq!(client.get(&format!("/account-info?accountId={account}")).await.status, 200);
    assert_eq!(told("provider-token-given").await, 0);
    for (path, given, renewed) in [("/get-access-token", 1, 0), ("/refresh-token", 2, 1)] {
        assert_eq!(client.post(path, json!({"accountId": account})).await.status, 200);
        assert_eq!(
            (told("provider-token-given").await, told("provider-token-renewed").await),
            (given, renewed)
        );
        app.advance(Duration::from_mins(1));
    }
}

#[tokio::test]
async fn github_says_who_somebody_is_at_its_api() {
    let provider = Provider::new().await;
    let file = realm(&provider, KEEPS).replace("issuer", "preset = \"github\"\nissuer");
    let app = TestApp::with(&file).await;
    let profile = json!({"id": 7, "login": "ada", "name": "Ada", "avatar_url": "https://github.test/7.png"});
    provider.put("api/v3/user", Canned::json(&profile));
    let emails = json!([{"email": ADA, "primary": true, "verified": true}]);
    provider.put("api/v3/user/emails", Canned::json(&emails));
    let client = Client::new(&app);
    let account =
        client.by_acme(&provider, json!({"access_token": "gho", "scope": "read:user,user:email"})).await;
    let token = client.post("/get-access-token", json!({"accountId": account})).await.json();
    assert_eq!(token, json!({"accessToken": "gho", "scopes": ["read:user", "user:email"]}));
    let told = client.get(&format!("/account-info?accountId={account}")).await.json();
    assert_eq!((&told["data"], &told["account"]["accountId"]), (&profile, &json!("7")));
    assert_eq!(
        told["user"],
        json!({"id": "7", "name": "Ada", "email": ADA, "emailVerified": true, "image": "https://github.test/7.png"})
    );
    provider.put("api/v3/user", Canned::json(&json!({"id": 8, "name": "Eve"})));
    let other = client.get(&format!("/account-info?accountId={account}")).await;
    assert_eq!(other.brief(), "401 FAILED_TO_GET_USER_INFO");
}

/// AZ-01, TN-04: nobody but its owner uses an account elsewhere, and nobody in their place.
#[tokio::test]
async fn az_01_an_account_elsewhere_is_used_by_its_owner_alone() {
    let (app, provider) = world(KEEPS).await;
    app.apply(&format!(
        "[[realm]]\nname = \"default\"\n[[realm.user]]\nemail = \"root@example.com\"\npassword = \"{PASSWORD}\"\nroles = [\"realm-admin\"]\n[[realm]]\nname = \"other\""
    ))
    .await;
    let client = Client::new(&app);
    let account = client.by_acme(&provider, given()).await;
    let ada = client.get("/get-session").await.json()["user"]["id"].clone();
    let (eve, nobody, elsewhere) = (Client::new(&app), Client::new(&app), Client::under(&app, "/r/other"));
    eve.sign_up("eve@example.com").await;
    elsewhere.sign_up(ADA).await;
    let root = Client::new(&app);
    root.sign_in("root@example.com").await;
    let begun = root.post("/admin/impersonate-user", json!({"userId": ada})).await;
    assert_eq!(begun.status, 200, "{begun:?}");
    for path in ALL {
        for (who, expected) in [
            (&eve, "400 ACCOUNT_NOT_FOUND"),
            (&elsewhere, "400 ACCOUNT_NOT_FOUND"),
            (&nobody, "401"),
            (&root, "403 IMPERSONATION_RESTRICTED"),
        ] {
            for by in [json!({"accountId": account}), json!({"accountId": account, "userId": ada})] {
                assert_eq!(who.use_account(path, by.clone()).await.brief(), expected, "{path} {by}");
            }
        }
        let evil = [("origin", "https://evil.test")];
        if path != "/account-info" {
            let body = Some(json!({"accountId": account}));
            assert_eq!(client.ask(Method::POST, path, body, &evil).await.brief(), "403 INVALID_ORIGIN");
        }
        let out_of_use = if path == "/account-info" {
            "400 PROVIDER_NOT_CONFIGURED"
        } else {
            "400 PROVIDER_NOT_SUPPORTED"
        };
        for (by, expected) in [
            (json!({"accountId": "x"}), "400 ACCOUNT_NOT_FOUND"),
            (json!({"providerId": "nobody"}), "400 ACCOUNT_NOT_FOUND"),
            (json!({"providerId": "acme", "accountId": "eve-1"}), "400 ACCOUNT_NOT_FOUND"),
            // What it is called at a provider names it only with the provider.
            (json!({"accountId": "ada-1"}), "400 ACCOUNT_NOT_FOUND"),
            (
                json!({"accountId": account, "userId": "usr_00000000000000000000000000"}),
                "400 ACCOUNT_NOT_FOUND",
            ),
            (json!({"useAccountCookie": true}), "400 ACCOUNT_NOT_FOUND"),
            (json!({"accountId": ada}), out_of_use),
            (json!({"providerId": "credential"}), out_of_use),
            (json!({}), "400 VALIDATION_ERROR"),
        ] {
            assert_eq!(client.use_account(path, by.clone()).await.brief(), expected, "{path} {by}");
        }
    }
    assert_eq!(provider.read("token"), 1);
    // Out of use, and then kept no more.
    app.apply(&realm(&provider, &format!("{KEEPS}\nenabled = false"))).await;
    for (path, code) in
        ALL.into_iter().zip(["PROVIDER_NOT_SUPPORTED", "PROVIDER_NOT_SUPPORTED", "PROVIDER_NOT_CONFIGURED"])
    {
        let answer = client.use_account(path, json!({"accountId": account})).await;
        assert_eq!(answer.brief(), format!("400 {code}"), "{path}");
    }
    app.apply(&realm(&provider, "")).await;
    let codes = ["FAILED_TO_GET_ACCESS_TOKEN", "REFRESH_TOKEN_NOT_FOUND", "ACCESS_TOKEN_NOT_FOUND"];
    for (path, code) in ALL.into_iter().zip(codes) {
        let answer = client.use_account(path, json!({"accountId": account})).await;
        assert_eq!(answer.brief(), format!("400 {code}"), "{path}");
    }
}

/// MF-04, MF-05: what is given at a sign-in that a second factor is missing of waits for it, too.
#[tokio::test]
async fn mf_05_whoever_lacks_the_second_factor_uses_nothing() {
    let (app, provider) = world(KEEPS).await;
    let (phone, _) = crate::mfa::set_up(&app, &app.sign_in(ADA).await).await;
    app.advance(Duration::from_mins(1));
    provider.gives(given());
    let client = Client::new(&app);
    let url = client.go("/sign-in/social", json!({})).await;
    client.back(&provider, &url, &hers()).await;
    for path in ALL {
        let half = client.use_account(path, json!({"providerId": "acme"})).await;
        assert_eq!(half.brief(), "401", "{path}");
    }
    let done = client.post("/two-factor/verify-totp", json!({"code": phone.code(&app)})).await;
    assert_eq!(done.status, 200, "{done:?}");
    let held = client.post("/get-access-token", json!({"providerId": "acme"})).await;
    assert_eq!(held.text("accessToken"), "access-of-acme-0");
}

/// What is given when an account is connected is kept as well, also when it was connected before.
#[tokio::test]
async fn what_is_given_when_an_account_is_connected_is_kept() {
    let (app, provider) = world(KEEPS).await;
    let client = Client::new(&app);
    client.sign_in(ADA).await;
    for token in ["first", "second"] {
        provider.gives(json!({"access_token": token}));
        let url = client.go("/link-social", json!({"callbackURL": "/settings"})).await;
        client.back(&provider, &url, &json!({"sub": "x-1", "email": "x@example.com"})).await;
        let given = client.post("/get-access-token", json!({"providerId": "acme"})).await;
        assert_eq!(given.text("accessToken"), token);
    }
    // And by nobody whose it is not.
    let eve = Client::new(&app);
    eve.sign_up("eve@example.com").await;
    provider.gives(json!({"access_token": "third"}));
    let url = eve.go("/link-social", json!({"callbackURL": "/settings"})).await;
    eve.back(&provider, &url, &json!({"sub": "x-1", "email": "x@example.com"})).await;
    let given = client.post("/get-access-token", json!({"providerId": "acme"})).await;
    assert_eq!(given.text("accessToken"), "second");
}
