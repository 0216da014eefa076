//! LG-03, LG-04, RL-04, RL-05: every way to try a password counts the same.

use std::time::Duration;

use axum::http::Method;
use futures_util::future::join_all;
use serde_json::json;

use super::{FILE, LIMITED, WRONG, events, from, guess, login_with, sign_in};
use crate::support::{PASSWORD, TestApp, person, request, send};

/// LG-03: one account from many addresses.
#[tokio::test]
async fn lg_03_one_account_is_guessed_at_five_times_from_however_many_addresses() {
    let app = TestApp::with(FILE).await;
    for number in 0..5 {
        let name = if number % 2 == 0 { "ada" } else { "ADA@example.com" };
        assert_eq!(guess(&app, &format!("192.0.2.{number}"), name).await, WRONG, "{number}");
    }
    for (peer, name) in [("192.0.2.9", "ada"), ("2001:db8::9", "ada@example.com")] {
        assert_eq!(guess(&app, peer, name).await, LIMITED, "{name}");
    }
    // The right password is not looked at either, or a guess would be known to be right.
    assert_eq!(sign_in(&app, "192.0.2.9", "ada").await.brief(), LIMITED);
    assert_eq!(sign_in(&app, "192.0.2.9", "bob@example.com").await.status, 200);
    // Three minutes later there is one more, and whoever knows the password has it.
    app.advance(Duration::from_secs(179));
    assert_eq!(guess(&app, "192.0.2.9", "ada").await, LIMITED);
    app.advance(Duration::from_secs(1));
    assert_eq!(sign_in(&app, "192.0.2.9", "ada").await.status, 200);
    assert_eq!(sign_in(&app, "192.0.2.9", "ada").await.status, 200, "what is right costs nothing");
    assert_eq!(guess(&app, "192.0.2.9", "ada").await, WRONG);
    assert_eq!(guess(&app, "192.0.2.9", "ada").await, LIMITED);
}

/// LG-03: many accounts from one address, and all of an IPv6 network is one.
#[tokio::test]
async fn lg_03_one_address_guesses_twenty_times_at_however_many_accounts() {
    let app = TestApp::with(FILE).await;
    for number in 0..20 {
        let peer = format!("2001:db8:1:2::{number:x}");
        assert_eq!(guess(&app, &peer, &format!("user{number}@example.com")).await, WRONG, "{number}");
    }
    assert_eq!(guess(&app, "2001:db8:1:2:ffff::1", "another@example.com").await, LIMITED);
    assert_eq!(guess(&app, "2001:db8:1:3::1", "another@example.com").await, WRONG);
    let refused = sign_in(&app, "2001:db8:1:2::1", "ada").await;
    assert_eq!(refused.brief(), LIMITED);
    assert_eq!(refused.header("retry-after"), Some("45"));
}

/// Signing in to an account of one's own gives nothing back of what was wrong.
#[tokio::test]
async fn lg_03_an_own_account_in_between_wins_no_guesses() {
    let app = TestApp::with(FILE).await;
    let mut wrong = 0;
    for number in 0..60 {
        assert!(matches!(sign_in(&app, "192.0.2.1", "bob@example.com").await.status.as_u16(), 200 | 429));
        if guess(&app, "192.0.2.1", &format!("user{number}@example.com")).await == WRONG {
            wrong += 1;
        }
    }
    assert_eq!(wrong, 20);
}

/// LG-03: the figure. A day of guessing at one account as fast as it goes.
#[tokio::test]
async fn lg_03_a_slow_spray_has_some_sixty_guesses_the_first_day_and_thirty_each_day_after() {
    let app = TestApp::with(FILE).await;
    let mut days = [0; 2];
    for minute in 0..2 * 24 * 20 {
        if guess(&app, &format!("192.0.{}.{}", minute / 250, minute % 250), "ada").await == WRONG {
            days[minute / (24 * 20)] += 1;
        }
        app.advance(Duration::from_mins(3));
    }
    assert_eq!(days, [59, 30]);
}

/// LG-04: of two hundred at once, as many are looked at as there may be.
#[tokio::test]
async fn lg_04_of_two_hundred_wrong_passwords_at_once_five_are_looked_at() {
    let app = TestApp::with(FILE).await;
    for name in ["ada@example.com", "nobody@example.com"] {
        let peers = (0..200).map(|number| format!("192.0.2.{number}"));
        let answers = join_all(peers.map(|peer| {
            let app = &app;
            async move { guess(app, &peer, name).await }
        }));
        let answers = answers.await;
        let count = |brief| answers.iter().filter(|answer| *answer == brief).count();
        assert_eq!((count(WRONG), count(LIMITED)), (5, 195), "{name}: {answers:?}");
    }
}

/// LG-04: a second process counts by itself, so of two there are ten.
#[tokio::test]
async fn lg_04_two_processes_let_through_twice_the_limit_and_no_more() {
    let app = TestApp::with(FILE).await;
    let (_other, replica) = app.replica().await;
    let mut wrong = 0;
    for number in 0..20 {
        let peer = format!("192.0.2.{number}");
        let second = send(&replica, from(&peer, login_with("ada", "a guess at it all"))).await;
        wrong += usize::from(guess(&app, &peer, "ada").await == WRONG) + usize::from(second.brief() == WRONG);
    }
    assert_eq!(wrong, 10);
}

/// LG-01, LG-02: whether there is such an account makes no difference, to the answer or to when it comes.
#[tokio::test]
async fn lg_02_what_is_the_name_of_no_account_is_limited_like_one() {
    let app = TestApp::with(FILE).await;
    let mut transcripts = Vec::new();
    for name in ["ada", "bob@example.com", "nobody@example.com", "no address", "nobody"] {
        let mut transcript = Vec::new();
        for number in 0..8 {
            let answer =
                app.send(from(&format!("192.0.2.{number}"), login_with(name, "a guess at it all"))).await;
            let headers: Vec<_> = answer
                .headers
                .iter()
                .filter(|(name, _)| *name != "x-request-id")
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            transcript.push((answer.status, headers, answer.body));
        }
        transcripts.push(transcript);
        app.advance(Duration::from_hours(3));
    }
    assert_eq!(transcripts[0].iter().filter(|(status, ..)| *status == 429).count(), 3);
    for transcript in &transcripts[1..] {
        assert_eq!(transcript, &transcripts[0]);
    }
}

/// RL-05: however the path is spelled, the door is the same, or there is none.
#[tokio::test]
async fn rl_05_path_variants_are_one_door_or_none() {
    let app = TestApp::with(FILE).await;
    let variants = [
        "/api/v1/login",
        "//api/v1/login",
        "/api/v1/login/",
        "/api/v1//login",
        "/api/v1/%6cogin",
        "/api/v1/LOGIN",
        "/api/v1/./login",
        "/api/v1/login?x=1",
        "/api/v1/login;x",
        "/r/default/api/v1/login",
        "/r/default//api/v1/login",
    ];
    let mut wrong = 0;
    for round in 0..5 {
        for (number, path) in variants.into_iter().enumerate() {
            let body = json!({"email": "ada@example.com", "password": "a guess at it all"});
            let asked =
                from(&format!("192.0.{round}.{number}"), request(Method::POST, path, None, Some(body)));
            match app.send(asked).await.brief().as_str() {
                WRONG => wrong += 1,
                LIMITED | "404 not_found" => {}
                other => panic!("{path}: {other}"),
            }
        }
    }
    assert_eq!(wrong, 5);
}

/// RL-04: a problem document with the time to wait.
#[tokio::test]
async fn rl_04_the_answer_is_429_and_says_when_to_come_again() {
    let app = TestApp::with(FILE).await;
    for _ in 0..5 {
        assert_eq!(guess(&app, "192.0.2.1", "ada").await, WRONG);
    }
    app.advance(Duration::from_secs(10));
    let answer = sign_in(&app, "192.0.2.1", "ada").await;
    assert_eq!(answer.brief(), LIMITED);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(answer.header("retry-after"), Some("170"));
    assert_eq!(answer.header("ratelimit"), Some("\"sign-in-account\";r=0;t=170"));
    assert_eq!(
        answer.header("ratelimit-policy"),
        Some("\"sign-in-account\";q=5;w=900, \"sign-in-account-day\";q=30;w=86400")
    );
    assert_eq!(answer.header("set-cookie"), None);
    app.advance(Duration::from_secs(170));
    assert_eq!(sign_in(&app, "192.0.2.1", "ada").await.status, 200);
}

#[tokio::test]
async fn a_limit_that_was_reached_is_in_the_audit_trail_once_a_minute() {
    let app = TestApp::with(FILE).await;
    for name in ["ada", "nobody"] {
        for _ in 0..8 {
            guess(&app, "192.0.2.1", name).await;
        }
    }
    let events = events(&app, "attempt-refused", 2).await;
    assert_eq!(events.len(), 2, "{events:?}");
    for event in &events {
        assert_eq!(event["actor"], "anonymous");
        assert_eq!(
            (&event["detail"]["limit"], &event["address"]),
            (&json!("sign-in-account"), &json!("192.0.2.1"))
        );
    }
    assert_eq!(events.iter().filter(|event| event["user"].is_null()).count(), 1, "{events:?}");
}

#[tokio::test]
async fn registrations_are_limited_by_address_and_forms_with_mistakes_are_not_counted() {
    let app = TestApp::with(FILE).await;
    let register = async |peer: &str, email: &str, password: &str| {
        let body = json!({"email": email, "password": password});
        app.send(from(peer, request(Method::POST, "/api/v1/register", None, Some(body)))).await
    };
    for _ in 0..40 {
        assert_eq!(register("192.0.2.1", "eve@example.com", "short").await.brief(), "422 weak_password");
    }
    for number in 0..30 {
        let email = format!("user{number}@example.com");
        assert_eq!(register("192.0.2.1", &email, PASSWORD).await.status, 201, "{number}");
    }
    // Nor can it be asked from here whether there is an account.
    let refused = register("192.0.2.1", "ada@example.com", PASSWORD).await;
    assert_eq!((refused.brief().as_str(), refused.header("retry-after")), (LIMITED, Some("120")));
    assert_eq!(register("192.0.2.2", "ada@example.com", PASSWORD).await.brief(), "409 email_taken");
}

/// LG-03: whoever found an open session guesses at its password no faster.
#[tokio::test]
async fn lg_03_the_current_password_is_guessed_at_five_times_in_a_session() {
    let app = TestApp::with(FILE).await;
    let ada = person(&sign_in(&app, "192.0.2.1", "ada").await);
    let change = async |who, current: &str, new: &str| {
        let body = json!({"current_password": current, "new_password": new});
        app.ask(who, Method::POST, "/api/v1/me/password", Some(body)).await
    };
    for _ in 0..5 {
        assert_eq!(
            change(&ada, "a guess at it all", "a new one of hers").await.brief(),
            "403 wrong_password"
        );
    }
    let refused = change(&ada, PASSWORD, "a new one of hers").await;
    assert_eq!(refused.brief(), LIMITED);
    assert_eq!(refused.header("ratelimit"), Some("\"reauthentication\";r=0;t=180"));
    // That keeps nobody out: she signs in anew, and changes it there.
    let again = person(&sign_in(&app, "192.0.2.1", "ada").await);
    assert_eq!(change(&again, PASSWORD, "a new one of hers").await.status, 204);
}

#[tokio::test]
async fn a_realm_without_limits_counts_nothing_and_a_fresh_one_has_them() {
    let app =
        TestApp::with("[[realm]]\nname = \"default\"\nrate_limits = \"off\"\n[[realm]]\nname = \"acme\"\n")
            .await;
    for (path, limited) in [("/api/v1/login", false), ("/r/acme/api/v1/login", true)] {
        for _ in 0..30 {
            app.post(path, json!({"email": "ada@example.com", "password": PASSWORD})).await;
        }
        let answer = app.post(path, json!({"email": "ada@example.com", "password": PASSWORD})).await;
        assert_eq!(answer.brief() == LIMITED, limited, "{path}");
    }
}
