//! What a provider gave with a sign-in is kept, and used by the person.

use std::time::Duration;

use axum::http::Method;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use serde_json::{Value, json};

use super::{ADA, Canned, Provider, TRUSTED, ada, identities, realm, sign_in, trail, world};
use crate::{
    pages::browser::Browser,
    support::{Answer, TestApp, request, send},
};

const KEEPS: &str = "trust_email = true\nkeep_tokens = true";
const HOUR: Duration = Duration::from_hours(1);

/// What Acme gives, for an hour.
fn given() -> Value {
    json!({
        "access_token": "access-of-acme-0", "token_type": "bearer", "expires_in": 3600,
        "refresh_token": "refresh-of-acme-0", "scope": "openid calendar",
    })
}

/// Ada has signed in by Acme, which has given that: the path of what is kept.
async fn kept(app: &TestApp, provider: &Provider, given: Value) -> String {
    provider.gives(given);
    assert_eq!(sign_in(&Browser::new(app), provider, &ada(&json!({}))).await.status, 303);
    format!("/api/v1/me/identities/{}/token", identities(app, ADA).await[0]["id"].as_str().unwrap())
}

/// Asks as Ada, who signs in with her password.
async fn asked(app: &TestApp, path: &str) -> Answer {
    let person = app.sign_in(ADA).await;
    app.ask(&person, Method::POST, path, None).await
}

/// What stands in the database, in hexadecimal digits.
async fn sealed(app: &TestApp) -> Vec<String> {
    let postgres = std::env::var("GATEPOST_TEST_ON").as_deref() == Ok("postgres");
    let digits = if postgres { "encode(sealed, 'hex')" } else { "lower(hex(sealed))" };
    app.column(&format!("SELECT {digits} FROM identity_tokens")).await
}

#[tokio::test]
async fn what_a_provider_gave_is_kept_sealed_and_given_to_the_person_alone() {
    let (app, provider) = world("", KEEPS).await;
    let path = kept(&app, &provider, given()).await;
    let answer = asked(&app, &path).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, Some("no-store")));
    assert_eq!(
        answer.json(),
        json!({
            "access_token": "access-of-acme-0", "token_type": "Bearer", "scope": "openid calendar",
            "expires_at": "2027-01-15T09:00:00Z",
        })
    );
    assert_eq!(provider.read("token"), 1, "nothing was to be renewed");
    // Neither in the database nor in the trail stands anything that could be used.
    let stored = sealed(&app).await;
    assert_eq!(stored.len(), 1);
    for token in ["access-of-acme-0", "refresh-of-acme-0", "calendar"] {
        assert!(!stored[0].contains(&data_encoding::HEXLOWER.encode(token.as_bytes())), "{token}");
    }
    let admin = app.admin().await;
    let all = app.ask(&admin, Method::GET, "/api/v1/admin/audit?limit=100", None).await;
    assert!(!all.html().contains("of-acme"), "{}", all.html());

    // AZ-01: it is hers.
    let eve = app.person("eve@example.com").await;
    assert_eq!(app.ask(&eve, Method::POST, &path, None).await.brief(), "404 not_found");
    assert_eq!(app.ask(&admin, Method::POST, &path, None).await.brief(), "404 not_found");
    assert_eq!(app.send(request(Method::POST, &path, None, None)).await.brief(), "401 unauthenticated");
    app.apply("[[realm]]\nname = \"other\"").await;
    let elsewhere = format!("/r/other{path}");
    let person = app.sign_in(ADA).await;
    assert_eq!(app.ask(&person, Method::POST, &elsewhere, None).await.brief(), "401 invalid_token");
    assert_eq!(app.ask(&person, Method::GET, &path, None).await.status, 405);
}

#[tokio::test]
async fn a_token_that_is_over_is_renewed_and_the_refresh_token_in_its_place_is_kept() {
    let (app, provider) = world("", KEEPS).await;
    let path = kept(&app, &provider, given()).await;
    app.advance(Duration::from_secs(3600 - 4));
    let answer = asked(&app, &path).await;
    assert_eq!(answer.text("access_token"), "access-of-acme-1", "{answer:?}");
    // What the answer leaves out is as it was (RFC 6749 section 6).
    assert_eq!(answer.text("scope"), "openid calendar");
    let (authorization, form) = provider.redeemed();
    assert_eq!(authorization.as_deref(), Some("Basic b3VyczphK3NlY3JldCtvZitvdXJz"));
    assert_eq!(json!(form), json!({ "grant_type": "refresh_token", "refresh_token": "refresh-of-acme-0" }));
    assert_eq!(asked(&app, &path).await.text("access_token"), "access-of-acme-1");
    assert_eq!(provider.read("token"), 2, "it is good for a while");
    app.advance(HOUR);
    provider.renews(json!({ "scope": "calendar", "expires_in": "60" }));
    let answer = asked(&app, &path).await;
    assert_eq!(
        (answer.text("access_token"), answer.text("scope")),
        ("access-of-acme-2".into(), "calendar".into())
    );
    assert_eq!(provider.redeemed().1["refresh_token"], "refresh-of-acme-1");
    app.advance(Duration::from_mins(2));
    assert_eq!(asked(&app, &path).await.text("access_token"), "access-of-acme-3");
}

#[tokio::test]
async fn a_token_is_renewed_once_however_many_ask_for_it() {
    let (app, provider) = world("", KEEPS).await;
    let path = kept(&app, &provider, given()).await;
    app.advance(HOUR);
    let person = app.sign_in(ADA).await;
    let asking = (0..8).map(|_| app.ask(&person, Method::POST, &path, None));
    for answer in futures_util::future::join_all(asking).await {
        assert_eq!(answer.text("access_token"), "access-of-acme-1");
    }
    assert_eq!(provider.read("token"), 2, "one sign-in, and one renewal");
    // Of two processes one may come too late, and loses nothing that is good.
    app.advance(HOUR);
    let (person, (_, other)) = (app.sign_in(ADA).await, app.replica().await);
    let ask = || request(Method::POST, &path, Some(&person.access_token), None);
    let (here, there) = tokio::join!(app.send(ask()), send(&other, ask()));
    let given = [&here, &there].map(Answer::brief);
    assert!(given.contains(&"200".to_owned()), "{given:?}");
    for router in [&app.router, &other] {
        assert_eq!(send(router, ask()).await.text("access_token"), "access-of-acme-2");
    }
}

/// What came with the newer sign-in stays: a renewal that was begun before it leaves at most the refresh token that is good.
#[tokio::test]
async fn a_renewal_that_ends_after_a_newer_sign_in_takes_nothing_of_it_away() {
    let anew = |refresh_token: Option<&str>| {
        let mut anew =
            json!({ "access_token": "of the sign-in", "expires_in": 7200, "scope": "openid mail" });
        if let Some(token) = refresh_token {
            anew["refresh_token"] = json!(token);
        }
        anew
    };
    for (refresh_token, good) in
        [(Some("refresh-of-the-sign-in"), "refresh-of-the-sign-in"), (None, "refresh-of-acme-1")]
    {
        let (app, provider) = world("", KEEPS).await;
        let path = kept(&app, &provider, given()).await;
        app.advance(HOUR);
        let person = app.sign_in(ADA).await;
        let mut renewal = provider.holds("token");
        let signs_in_meanwhile = async {
            renewal.asked().await;
            assert_eq!(kept(&app, &provider, anew(refresh_token)).await, path);
            assert_eq!(asked(&app, &path).await.text("access_token"), "of the sign-in");
            renewal.goes();
        };
        let (answer, ()) = tokio::join!(app.ask(&person, Method::POST, &path, None), signs_in_meanwhile);
        for answer in [answer, asked(&app, &path).await] {
            assert_eq!(
                (answer.text("access_token"), answer.text("scope")),
                ("of the sign-in".into(), "openid mail".into()),
                "{refresh_token:?}: {answer:?}"
            );
        }
        app.advance(HOUR * 2);
        asked(&app, &path).await;
        assert_eq!(provider.redeemed().1["refresh_token"], good);
    }
    // What is disconnected meanwhile is not there again.
    let (app, provider) = world("", KEEPS).await;
    let path = kept(&app, &provider, given()).await;
    app.advance(HOUR);
    let person = app.sign_in(ADA).await;
    let mut renewal = provider.holds("token");
    let disconnects_meanwhile = async {
        renewal.asked().await;
        let person = app.sign_in(ADA).await;
        let gone = app.ask(&person, Method::DELETE, path.strip_suffix("/token").unwrap(), None).await;
        assert_eq!(gone.status, 204, "{gone:?}");
        renewal.goes();
    };
    let (answer, ()) = tokio::join!(app.ask(&person, Method::POST, &path, None), disconnects_meanwhile);
    assert_eq!((answer.brief(), sealed(&app).await.len()), ("404 not_found".into(), 0));
}

/// Whoever asks for it while a provider is slow waits, but not everybody does.
#[tokio::test]
async fn a_crowd_does_not_wait_for_one_renewal() {
    let (app, provider) = world("", KEEPS).await;
    let path = kept(&app, &provider, given()).await;
    app.advance(HOUR);
    let person = app.sign_in(ADA).await;
    let renewal = provider.holds("token");
    let mut crowd: FuturesUnordered<_> =
        (0..33).map(|_| app.ask(&person, Method::POST, &path, None)).collect();
    let told = crowd.next().await.unwrap();
    assert_eq!((told.brief(), told.header("retry-after")), ("503 provider_busy".into(), Some("5")));
    renewal.goes();
    while let Some(answer) = crowd.next().await {
        assert_eq!(answer.text("access_token"), "access-of-acme-1", "{answer:?}");
    }
    assert_eq!(provider.read("token"), 2, "one sign-in, and one renewal");
}

/// LG-03: also what is renewed well is asked of the provider.
#[tokio::test]
async fn tokens_of_a_provider_are_renewed_so_often_for_one_person_and_no_more() {
    let (app, provider) = world("", KEEPS).await;
    let path = kept(&app, &provider, given()).await;
    provider.renews(json!({ "expires_in": 4 }));
    app.advance(HOUR);
    let person = app.sign_in(ADA).await;
    for n in 1..=60 {
        let answer = app.ask(&person, Method::POST, &path, None).await;
        assert_eq!(answer.text("access_token"), format!("access-of-acme-{n}"), "{answer:?}");
    }
    let refused = app.ask(&person, Method::POST, &path, None).await;
    assert_eq!(refused.brief(), "429 too_many_attempts");
    assert!(refused.header("ratelimit").unwrap().starts_with("\"provider-account\";"), "{refused:?}");
    assert_eq!(provider.read("token"), 61, "nobody was asked");
    let told = &trail(&app, "attempt-refused").await[0];
    assert_eq!((&told["detail"]["limit"], told["user"].is_string()), (&json!("provider-account"), true));
    app.advance(Duration::from_secs(15));
    assert_eq!(asked(&app, &path).await.status, 200);
    // What is good costs nothing.
    provider.renews(json!({}));
    app.advance(Duration::from_secs(15));
    for _ in 0..100 {
        assert_eq!(
            app.ask(&person, Method::POST, &path, None).await.text("access_token"),
            "access-of-acme-62"
        );
    }
}

#[tokio::test]
async fn the_trail_tells_who_was_given_a_token_of_a_provider_and_when_it_was_renewed() {
    let (app, provider) = world("", KEEPS).await;
    let path = kept(&app, &provider, given()).await;
    let id = path.split('/').nth_back(1).unwrap();
    let detail = json!({ "provider": "acme", "identity": id });
    assert!(trail(&app, "provider-token-given").await.is_empty(), "kept, and given to nobody yet");
    let person = app.sign_in(ADA).await;
    for _ in 0..10 {
        assert_eq!(app.ask(&person, Method::POST, &path, None).await.status, 200);
    }
    let told = trail(&app, "provider-token-given").await;
    assert_eq!(told.len(), 1, "once a minute: {told:?}");
    let me = app.ask(&person, Method::GET, "/api/v1/me", None).await.text("id");
    assert_eq!(
        (&told[0]["detail"], &told[0]["user"], &told[0]["actor"]),
        (&detail, &json!(me), &json!(format!("user:{me}")))
    );
    assert!(told[0]["session"].is_string(), "{told:?}");
    // Each session for itself: it may be in other hands.
    asked(&app, &path).await;
    let told = trail(&app, "provider-token-given").await;
    assert_eq!(told.len(), 2);
    assert_ne!(told[0]["session"], told[1]["session"]);
    app.advance(Duration::from_mins(1));
    assert_eq!(app.ask(&person, Method::POST, &path, None).await.status, 200);
    assert_eq!(trail(&app, "provider-token-given").await.len(), 3);
    // What is renewed is told each time, and what could not be is neither renewed nor given.
    assert!(trail(&app, "provider-token-renewed").await.is_empty());
    app.advance(HOUR);
    asked(&app, &path).await;
    provider.renews(json!({ "expires_in": 4 }));
    app.advance(HOUR);
    let person = app.sign_in(ADA).await;
    for _ in 0..2 {
        assert_eq!(app.ask(&person, Method::POST, &path, None).await.status, 200);
    }
    provider.renews(json!({ "access_token": 7 }));
    assert_eq!(asked(&app, &path).await.brief(), "503 provider_unanswered");
    provider.renews_nothing();
    assert_eq!(asked(&app, &path).await.brief(), "409 provider_token_over");
    let told = trail(&app, "provider-token-renewed").await;
    assert_eq!((told.len(), &told[0]["detail"], &told[0]["user"]), (3, &detail, &json!(me)));
    assert_eq!(trail(&app, "provider-token-given").await.len(), 5);
}

/// RFC 6749 section 5.1: what is good for no time at all is over, and what says nothing of its life has no end.
#[tokio::test]
async fn a_token_that_is_over_when_it_comes_is_renewed() {
    for expires_in in [json!(0), json!(-1), json!("0"), json!("-3600"), json!(0.0)] {
        let (app, provider) = world("", KEEPS).await;
        let mut over = given();
        over["expires_in"] = expires_in.clone();
        let path = kept(&app, &provider, over).await;
        let answer = asked(&app, &path).await;
        assert_eq!(answer.text("access_token"), "access-of-acme-1", "{expires_in}: {answer:?}");
        // Nobody is given one that is over already, and the refresh token that came with it is kept.
        app.advance(HOUR);
        provider.renews(json!({ "expires_in": expires_in }));
        assert_eq!(asked(&app, &path).await.brief(), "503 provider_unanswered", "{expires_in}");
        provider.renews(json!({}));
        assert_eq!(asked(&app, &path).await.text("access_token"), "access-of-acme-3", "{expires_in}");
    }
    let (app, provider) = world("", KEEPS).await;
    let path = kept(&app, &provider, json!({ "access_token": "x", "expires_in": 0 })).await;
    assert_eq!(asked(&app, &path).await.brief(), "409 provider_token_over", "and nothing renews it");
    for no_number in [json!("soon"), json!("NaN"), json!("inf"), json!(true), json!([0]), Value::Null] {
        let (app, provider) = world("", KEEPS).await;
        let path = kept(&app, &provider, json!({ "access_token": "x", "expires_in": no_number })).await;
        app.advance(Duration::from_hours(24 * 365));
        let answer = asked(&app, &path).await;
        assert_eq!((answer.text("access_token"), &answer.json()["expires_at"]), ("x".into(), &Value::Null));
    }
}

#[tokio::test]
async fn what_a_provider_renews_no_more_is_over_until_the_next_sign_in() {
    let (app, provider) = world("", KEEPS).await;
    let path = kept(&app, &provider, given()).await;
    app.advance(HOUR);
    // It could not be asked: whoever tries again later may have it.
    for canned in
        [Canned::html(), Canned { status: 500, ..Canned::html() }, Canned::redirect("http://127.0.0.1:1/")]
    {
        provider.put("token", canned);
        let answer = asked(&app, &path).await;
        assert_eq!(
            (answer.brief().as_str(), answer.header("retry-after")),
            ("503 provider_unanswered", Some("5"))
        );
    }
    provider.put("token", Canned { status: 401, ..Canned::json(&json!({ "error": "invalid_client" })) });
    assert_eq!(asked(&app, &path).await.brief(), "503 provider_unanswered");
    for nothing in [json!({ "token_type": "Bearer" }), json!({ "access_token": "x", "token_type": "mac" })] {
        provider.put("token", Canned::json(&nothing));
        assert_eq!(asked(&app, &path).await.brief(), "503 provider_unanswered", "{nothing}");
    }
    provider.forget("token");
    assert_eq!(asked(&app, &path).await.text("access_token"), "access-of-acme-1", "nothing is lost");
    // It says no.
    app.advance(HOUR);
    provider.renews_nothing();
    assert_eq!(asked(&app, &path).await.brief(), "409 provider_token_over");
    // LG-03: and is not asked for ever.
    let person = app.sign_in(ADA).await;
    let mut refused = Vec::new();
    for _ in 0..20 {
        refused.push(app.ask(&person, Method::POST, &path, None).await.brief());
    }
    assert_eq!(refused.last().map(String::as_str), Some("429 too_many_attempts"), "{refused:?}");
    // Without a refresh token nobody is asked.
    let (app, provider) = world("", KEEPS).await;
    let path = kept(&app, &provider, json!({ "access_token": "short", "expires_in": 5 })).await;
    assert_eq!(asked(&app, &path).await.text("access_token"), "short");
    app.advance(Duration::from_secs(1));
    assert_eq!(asked(&app, &path).await.brief(), "409 provider_token_over");
    assert_eq!(provider.read("token"), 1);
}

/// What came with it is not lost: the refresh token before is used up.
#[tokio::test]
async fn a_refresh_token_is_kept_also_where_the_access_token_is_of_no_use() {
    let (app, provider) = world("", KEEPS).await;
    let path = kept(&app, &provider, given()).await;
    app.advance(HOUR);
    for (n, access_token) in [json!("x".repeat(9000)), json!("a\r\nb"), json!(7)].into_iter().enumerate() {
        let answer =
            json!({ "access_token": access_token, "id_token": 5, "refresh_token": format!("next-{n}") });
        provider.put("token", Canned::json(&answer));
        assert_eq!(asked(&app, &path).await.brief(), "503 provider_unanswered", "{n}");
    }
    provider.forget("token");
    assert_eq!(asked(&app, &path).await.brief(), "409 provider_token_over", "Acme did not give that one");
    assert_eq!(provider.redeemed().1["refresh_token"], "next-2");
    // One that cannot be kept is in its place all the same: what is used up is not shown again.
    let answer = json!({ "access_token": "good", "expires_in": 3600.5, "refresh_token": "y".repeat(9000) });
    provider.put("token", Canned::json(&answer));
    assert_eq!(asked(&app, &path).await.text("access_token"), "good");
    assert!(asked(&app, &path).await.json()["expires_at"].is_string());
    let read = provider.read("token");
    app.advance(HOUR * 2);
    assert_eq!(asked(&app, &path).await.brief(), "409 provider_token_over");
    assert_eq!(provider.read("token"), read, "nobody was asked");
}

#[tokio::test]
async fn a_refresh_token_that_is_given_once_stays_and_what_says_no_end_has_none() {
    let (app, provider) = world("", KEEPS).await;
    let path = kept(&app, &provider, given()).await;
    // As Google: at the first consent, and at no later sign-in.
    let mut later = given();
    later["access_token"] = json!("another");
    later.as_object_mut().unwrap().remove("refresh_token");
    provider.gives(later);
    assert_eq!(sign_in(&Browser::new(&app), &provider, &ada(&json!({}))).await.status, 303);
    assert_eq!(asked(&app, &path).await.text("access_token"), "another");
    app.advance(HOUR);
    assert_eq!(asked(&app, &path).await.brief(), "409 provider_token_over", "it was asked with the first");
    assert_eq!(provider.redeemed().1["refresh_token"], "refresh-of-acme-0");
    // As GitHub: no end, and no refresh token.
    let (app, provider) = world("", KEEPS).await;
    let path = kept(&app, &provider, json!({ "access_token": "for ever", "token_type": "bearer" })).await;
    app.advance(Duration::from_hours(24 * 365));
    let answer = asked(&app, &path).await;
    assert_eq!(answer.json()["expires_at"], Value::Null, "{answer:?}");
    assert_eq!(answer.text("scope"), "openid email profile", "what was asked for");
}

#[tokio::test]
async fn nothing_is_kept_unless_the_setting_says_so_and_nothing_once_it_does_no_longer() {
    let (app, provider) = world("", TRUSTED).await;
    let path = kept(&app, &provider, given()).await;
    assert_eq!((asked(&app, &path).await.brief(), sealed(&app).await.len()), ("404 not_found".into(), 0));
    let said = app.apply(&realm(&provider, "", KEEPS)).await;
    assert!(said.iter().any(|line| line.contains("keep_tokens")), "{said:?}");
    kept(&app, &provider, given()).await;
    assert_eq!((asked(&app, &path).await.status.as_u16(), sealed(&app).await.len()), (200, 1));
    // Out of use, nobody is given anything, and it is there when it is in use again.
    app.apply(&realm(&provider, "", &format!("{KEEPS}\nenabled = false"))).await;
    assert_eq!((asked(&app, &path).await.brief(), sealed(&app).await.len()), ("404 not_found".into(), 1));
    app.apply(&realm(&provider, "", TRUSTED)).await;
    assert_eq!(sealed(&app).await.len(), 0, "it is gone at once");
    app.apply(&realm(&provider, "", KEEPS)).await;
    assert_eq!(asked(&app, &path).await.brief(), "404 not_found");
    // A sign-in that began before may write once more: that is not served, and goes with the next.
    kept(&app, &provider, given()).await;
    app.execute("CREATE TABLE late AS SELECT * FROM identity_tokens").await;
    app.apply(&realm(&provider, "", TRUSTED)).await;
    app.execute("INSERT INTO identity_tokens SELECT * FROM late; DROP TABLE late").await;
    assert_eq!((asked(&app, &path).await.brief(), sealed(&app).await.len()), ("404 not_found".into(), 1));
    kept(&app, &provider, given()).await;
    assert_eq!(sealed(&app).await.len(), 0);
}

#[tokio::test]
async fn what_was_kept_is_gone_with_the_account_elsewhere_and_with_its_issuer() {
    let (app, provider) = world("", KEEPS).await;
    let path = kept(&app, &provider, given()).await;
    // What one issuer gave is shown to no other, nor what was given to another client.
    for (from, to) in
        [("client_id = \"ours\"", "client_id = \"new\""), (&*provider.address, "http://127.0.0.1:1")]
    {
        app.apply(&realm(&provider, "", KEEPS).replace(from, to)).await;
        assert_eq!(asked(&app, &path).await.brief(), "404 not_found", "{to}");
    }
    app.apply(&realm(&provider, "", KEEPS)).await;
    assert_eq!(asked(&app, &path).await.status, 200);
    let person = app.sign_in(ADA).await;
    let gone = app.ask(&person, Method::DELETE, path.strip_suffix("/token").unwrap(), None).await;
    assert_eq!((gone.status.as_u16(), sealed(&app).await.len()), (204, 0));
    assert_eq!(asked(&app, &path).await.brief(), "404 not_found");
    assert_eq!(trail(&app, "identity-disconnected").await.len(), 1);
}

/// Sealed for one connected account, it opens for no other, whoever can write the database.
#[tokio::test]
async fn what_is_kept_of_one_is_of_no_use_to_another() {
    let (app, provider) = world("", KEEPS).await;
    let path = kept(&app, &provider, given()).await;
    let hers = sealed(&app).await;
    app.execute("CREATE TABLE hers AS SELECT sealed FROM identity_tokens").await;
    assert_eq!(sign_in(&Browser::new(&app), &provider, &super::grace()).await.status, 303);
    app.execute("UPDATE identity_tokens SET sealed = (SELECT sealed FROM hers); DROP TABLE hers").await;
    let all = sealed(&app).await;
    assert!(all.len() == 2 && all.iter().all(|one| *one == hers[0]), "both rows hold what is hers");
    assert_eq!(asked(&app, &path).await.status, 200);
    let browser = Browser::new(&app);
    browser.submit("/recover", &[("username", "grace@example.com")]).await;
    let token = app.token("grace@example.com").await;
    let body = json!({ "token": token, "new_password": crate::support::PASSWORD });
    assert_eq!(app.post("/api/v1/recover/confirm", body).await.status, 204);
    let grace = app.sign_in("grace@example.com").await;
    let id = identities(&app, "grace@example.com").await[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/me/identities/{id}/token");
    assert_eq!(app.ask(&grace, Method::POST, &path, None).await.brief(), "404 not_found");
}

#[tokio::test]
async fn nothing_is_kept_of_somebody_who_is_refused() {
    let (app, provider) = world("", &format!("{KEEPS}\ncreate_accounts = false")).await;
    provider.gives(given());
    assert_eq!(sign_in(&Browser::new(&app), &provider, &super::grace()).await.status, 403);
    assert!(sealed(&app).await.is_empty());
    kept(&app, &provider, given()).await;
    let before = sealed(&app).await;
    let admin = app.admin().await;
    let id = super::users(&app).await[0]["id"].as_str().unwrap().to_owned();
    let disable = format!("/api/v1/admin/users/{id}");
    let disabled = app.ask(&admin, Method::PATCH, &disable, Some(json!({ "disabled": true }))).await;
    assert_eq!(disabled.status, 200, "{disabled:?}");
    assert_eq!(sign_in(&Browser::new(&app), &provider, &ada(&json!({}))).await.status, 403);
    assert_eq!(sealed(&app).await, before);
}

#[tokio::test]
async fn what_is_no_token_fails_no_sign_in_and_is_not_kept() {
    let long = "x".repeat(8 * 1024 + 1);
    for odd in [
        json!({ "access_token": long }),
        json!({ "access_token": "line\nbreak" }),
        json!({ "access_token": "x", "token_type": "mac" }),
    ] {
        let (app, provider) = world("", KEEPS).await;
        let path = kept(&app, &provider, odd.clone()).await;
        assert_eq!(
            (asked(&app, &path).await.brief(), sealed(&app).await.len()),
            ("404 not_found".into(), 0),
            "{odd}"
        );
    }
    let (app, provider) = world("", KEEPS).await;
    let odd =
        json!({ "access_token": "x", "expires_in": [], "scope": ["a"], "refresh_token": 7, "token_type": 1 });
    let path = kept(&app, &provider, odd).await;
    let answer = asked(&app, &path).await;
    assert_eq!((answer.text("access_token"), &answer.json()["expires_at"]), ("x".into(), &Value::Null));
}

#[tokio::test]
async fn google_is_asked_for_a_refresh_token_where_it_is_kept() {
    for (keeps, expected) in [("", None), ("keep_tokens = true", Some("offline"))] {
        let provider = Provider::new().await;
        let file = realm(&provider, "", keeps).replace("name = \"Acme\"", "preset = \"google\"");
        let app = TestApp::with(&file).await;
        let url = super::choose(&Browser::new(&app), "/sign-in", "with-acme").await;
        assert_eq!(super::parameters(&url).get("access_type").map(String::as_str), expected);
    }
}
