//! Which account somebody comes to.

use axum::http::Method;
use serde_json::json;

use super::{
    ADA, Provider, TRUSTED, ada, grace, identities, marked, realm, sign_in, trail, users, who, world,
};
use crate::{
    pages::browser::{Browser, signed_in},
    support::{Authenticator, PASSWORD, TestApp},
};

#[tokio::test]
async fn a_trusted_provider_signs_the_owner_of_an_address_in_without_a_second_account() {
    let (app, provider) = world("", TRUSTED).await;
    let browser = Browser::new(&app);
    let answer = sign_in(&browser, &provider, &ada(&json!({}))).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/account/profile"));
    assert_eq!(who(&browser).await.as_deref(), Some(ADA));
    assert_eq!(users(&app).await.len(), 1);
    let connected = identities(&app, ADA).await;
    assert_eq!(connected.len(), 1);
    assert_eq!(
        (&connected[0]["provider"], &connected[0]["provider_name"], &connected[0]["subject"]),
        (&json!("acme"), &json!("Acme"), &json!("ada-1"))
    );
    // What we prove to the provider who we are with, and that it was we who asked.
    let (authorization, form) = provider.redeemed();
    assert_eq!(authorization.as_deref(), Some("Basic b3VyczphK3NlY3JldCtvZitvdXJz"));
    assert_eq!(form["redirect_uri"], "http://127.0.0.1:8400/sign-in/with/acme/callback");
    // From then on the subject is who it is, whatever address it has.
    let browser = Browser::new(&app);
    let moved = ada(&json!({ "email": "moved@example.com", "email_verified": false }));
    assert_eq!(sign_in(&browser, &provider, &moved).await.status, 303);
    assert_eq!(who(&browser).await.as_deref(), Some(ADA), "and the account keeps its own");
    assert_eq!(app.login(ADA).await.status, 200, "the password is still good");
    let signed_in = trail(&app, "signed-in").await;
    let by = |event: &serde_json::Value| event["detail"]["identity"] == connected[0]["id"];
    assert_eq!(signed_in.iter().filter(|event| by(event)).count(), 2, "{signed_in:?}");
    assert_eq!(trail(&app, "identity-connected").await[0]["detail"]["provider"], "acme");
}

#[tokio::test]
async fn so_01_an_address_that_is_not_proven_connects_nobody() {
    let (app, provider) = world("", TRUSTED).await;
    for claims in [
        json!({ "email_verified": false }),
        json!({ "email_verified": null }),
        json!({ "email_verified": "true" }),
        json!({ "email_verified": 1 }),
        json!({ "email_verified": [true] }),
    ] {
        let browser = Browser::new(&app);
        let answer = sign_in(&browser, &provider, &ada(&claims)).await;
        assert_eq!(answer.status, 403, "{claims}");
        assert!(answer.problem().contains("You have an account with this e-mail"), "{claims}");
        assert_eq!(who(&browser).await, None);
    }
    assert!(identities(&app, ADA).await.is_empty());
    // Nor does a provider that the realm does not trust, whatever it says.
    app.apply(&realm(&provider, "", "")).await;
    let browser = Browser::new(&app);
    assert_eq!(sign_in(&browser, &provider, &ada(&json!({}))).await.status, 403);
    assert_eq!((who(&browser).await, identities(&app, ADA).await.len()), (None, 0));
    assert_eq!(users(&app).await.len(), 1);
    let refused = trail(&app, "sign-in-refused").await;
    assert_eq!(refused[0]["detail"]["reason"], "address_taken");
}

#[tokio::test]
async fn somebody_new_is_given_an_account_with_the_address_as_far_as_it_is_proven() {
    let (app, provider) = world("", TRUSTED).await;
    let browser = Browser::new(&app);
    assert_eq!(sign_in(&browser, &provider, &grace()).await.status, 303);
    assert_eq!(who(&browser).await.as_deref(), Some("grace@example.com"));
    let all = users(&app).await;
    let made = all.iter().find(|user| user["email"] == "grace@example.com").unwrap();
    assert_eq!((&made["email_verified"], &made["name"]), (&json!(true), &json!("Grace Hopper")));
    assert_eq!(app.login("grace@example.com").await.brief(), "401 invalid_credentials", "no password");
    assert!(app.mail_to("grace@example.com").await.is_empty());
    // Claimed, and no more: a link proves it.
    let eve = json!({ "sub": "eve-1", "email": "eve@example.com" });
    let browser = Browser::new(&app);
    assert_eq!(sign_in(&browser, &provider, &eve).await.status, 303);
    let all = users(&app).await;
    let made = all.iter().find(|user| user["email"] == "eve@example.com").unwrap();
    assert_eq!(made["email_verified"], false);
    assert!(app.link("eve@example.com").await.starts_with("/verify-email?token="));
    // Once more is the same account.
    assert_eq!(sign_in(&Browser::new(&app), &provider, &eve).await.status, 303);
    assert_eq!(users(&app).await.len(), 3);
}

#[tokio::test]
async fn lg_14_whoever_squats_an_address_loses_the_account_to_the_first_who_proves_it() {
    let (app, provider) = world("", TRUSTED).await;
    // Eve makes an account with Grace's address, and everything that would let her back in.
    let squatting = signed_in(&app, "grace@example.com").await;
    let eve = app.sign_in("grace@example.com").await;
    let begun = app.ask(&eve, Method::POST, "/api/v1/me/mfa/totp", None).await;
    let phone = Authenticator::of(&begun.text("secret"));
    let code = json!({ "code": phone.code(&app) });
    let confirmed = app.ask(&eve, Method::POST, "/api/v1/me/mfa/totp/confirm", Some(code)).await;
    assert_eq!(confirmed.status, 200);
    let own = json!({ "sub": "eve-1", "email": "eve@elsewhere.test", "email_verified": true });
    let stale = app.link("grace@example.com").await;

    let browser = Browser::new(&app);
    assert_eq!(sign_in(&browser, &provider, &grace()).await.location(), "/account/profile");
    assert_eq!(who(&browser).await.as_deref(), Some("grace@example.com"));
    assert_eq!(users(&app).await.len(), 2, "the account that was there, and no other");
    // Nothing of hers opens it.
    assert_eq!(app.login("grace@example.com").await.brief(), "401 invalid_credentials");
    assert_eq!(who(&squatting).await, None);
    assert_eq!(app.ask(&eve, Method::GET, "/api/v1/me", None).await.brief(), "401 invalid_token");
    assert_eq!(app.refresh(&eve.refresh_token).await.brief(), "401 invalid_refresh_token");
    assert!(browser.get("/account/security").await.html().contains("id=\"totp-begin\""), "no second factor");
    let page = Browser::new(&app).get(&stale).await;
    assert_eq!(page.status, 400, "links that were mailed to her account");
    assert_ne!(sign_in(&Browser::new(&app), &provider, &own).await.status, 500);
    let taken = trail(&app, "account-taken-over").await;
    assert_eq!(taken.len(), 1, "{taken:?}");
    // Once: from then on the account is Grace's, and stays as she has it.
    assert_eq!(sign_in(&Browser::new(&app), &provider, &grace()).await.status, 303);
    assert_eq!(who(&browser).await.as_deref(), Some("grace@example.com"));
}

#[tokio::test]
async fn lg_14_what_was_connected_to_a_squatted_account_goes_too() {
    let (app, provider) = world("", TRUSTED).await;
    let squatting = signed_in(&app, "grace@example.com").await;
    let url = super::choose(&squatting, "/account/security", "connect-acme").await;
    let eve = json!({ "sub": "eve-1", "email": "eve@elsewhere.test", "email_verified": true });
    let back = provider.sends_back(&url, &eve, app.clock.now().unix_seconds());
    assert_eq!(squatting.get(&back).await.location(), "/account/security");
    let browser = Browser::new(&app);
    assert_eq!(sign_in(&browser, &provider, &grace()).await.status, 303);
    // Eve is somebody new.
    let again = Browser::new(&app);
    assert_eq!(sign_in(&again, &provider, &eve).await.status, 303);
    assert_eq!(users(&app).await.len(), 3);
    let page = browser.get("/account/security").await.html();
    assert_eq!(page.matches("name=\"disconnect\"").count(), 1, "{page}");
}

#[tokio::test]
async fn so_02_the_same_subject_at_another_provider_or_issuer_is_somebody_else() {
    let (first, second) = (Provider::new().await, Provider::new().await);
    let other = format!(
        "[[realm.provider]]\nid = \"other\"\nissuer = \"{}\"\nclient_id = \"ours\"\n",
        second.address
    );
    let app = TestApp::with(&format!("{}{other}", realm(&first, "", TRUSTED))).await;
    assert_eq!(sign_in(&Browser::new(&app), &first, &ada(&json!({}))).await.status, 303);
    let with = async |id: &str, provider: &Provider| {
        let browser = Browser::new(&app);
        let url = super::choose(&browser, "/sign-in", id).await;
        let back = provider.sends_back(&url, &ada(&json!({})), app.clock.now().unix_seconds());
        (browser.get(&back).await.status.as_u16(), who(&browser).await)
    };
    assert_eq!(with("with-other", &second).await, (403, None), "the same subject elsewhere");
    // The provider moves to another issuer: who was known there is not known here.
    app.apply(&realm(&second, "", "")).await;
    assert_eq!(with("with-acme", &second).await, (403, None));
    // And renamed it is another.
    app.apply(&realm(&first, "", "").replace("id = \"acme\"", "id = \"renamed\"")).await;
    assert_eq!(with("with-renamed", &first).await, (403, None));
    app.apply(&realm(&first, "", "")).await;
    assert_eq!(with("with-acme", &first).await, (303, Some(ADA.to_owned())));
}

#[tokio::test]
async fn so_05_the_address_is_what_the_provider_says_and_nothing_that_somebody_writes() {
    let (app, provider) = world("require_verified_email = true", "").await;
    let browser = Browser::new(&app);
    let url = super::choose(&browser, "/sign-in", "with-acme").await;
    let eve = json!({ "sub": "eve-1", "email": "eve@example.com", "email_verified": true });
    let back = provider.sends_back(&url, &eve, app.clock.now().unix_seconds());
    let answer = browser.get(&format!("{back}&email={ADA}&username={ADA}&name=Ada")).await;
    assert!(answer.location().starts_with("/verify-sent?sent="), "{}", answer.location());
    let page = browser.get(answer.location()).await;
    assert!(page.html().contains(&marked("eve@example.com")), "{}", page.html());
    // Sending again goes where the first went, whatever the form says.
    let again = browser.fill(&page, &[("email", ADA), ("username", ADA)]).await;
    assert_ne!(again.status, 500);
    assert!(app.mail_to(ADA).await.is_empty());
    assert!(app.link("eve@example.com").await.starts_with("/verify-email?token="));
    assert_eq!(who(&browser).await, None, "nobody is signed in before");
    let token = app.token("eve@example.com").await;
    assert_eq!(app.post("/api/v1/verify-email", json!({ "token": token })).await.status, 200);
    let browser = Browser::new(&app);
    assert_eq!(sign_in(&browser, &provider, &eve).await.status, 303);
    assert_eq!(who(&browser).await.as_deref(), Some("eve@example.com"));
}

#[tokio::test]
async fn lg_01_where_addresses_are_to_be_proven_one_that_has_an_account_is_answered_like_any_other() {
    let (app, provider) = world("require_verified_email = true", "").await;
    let seen = async |email: &str| {
        let browser = Browser::new(&app);
        let claims = json!({ "sub": email, "email": email, "email_verified": true });
        let answer = sign_in(&browser, &provider, &claims).await;
        let page = browser.get(answer.location()).await;
        (answer.status, page.html().replace(&marked(email), "").replace(email, "").len(), who(&browser).await)
    };
    let (taken, free) = (seen(ADA).await, seen("bob@example.com").await);
    assert_eq!((taken.0, taken.2.clone()), (free.0, free.2.clone()));
    assert!(taken.1.abs_diff(free.1) < 40, "{} {}", taken.1, free.1);
    assert_eq!(app.subjects(ADA).await.len(), 1, "the owner is told");
    assert!(identities(&app, ADA).await.is_empty());
}

#[tokio::test]
async fn so_07_who_may_be_given_an_account_and_be_connected_is_for_the_realm_to_say() {
    let (app, provider) = world("registration = \"closed\"", TRUSTED).await;
    let seen = async |claims: serde_json::Value| {
        let browser = Browser::new(&app);
        let answer = sign_in(&browser, &provider, &claims).await;
        let problem = if answer.status == 303 { String::new() } else { answer.problem() };
        (problem, who(&browser).await)
    };
    let (problem, nobody) = seen(grace()).await;
    assert!(problem.contains("connected with an account here") && nobody.is_none(), "{problem}");
    // Whoever may claim any address learns nothing of who has one.
    let (claimed, _) = seen(ada(&json!({ "email_verified": false }))).await;
    assert_eq!(claimed, problem);
    assert_eq!(users(&app).await.len(), 1);
    app.apply(&realm(&provider, "registration = \"open\"", "trust_email = true\ncreate_accounts = false"))
        .await;
    assert_eq!(seen(grace()).await, (problem, None));
    app.apply(&realm(&provider, "", "trust_email = true\nlink_accounts = false")).await;
    let (problem, nobody) = seen(ada(&json!({}))).await;
    assert!(problem.contains("You have an account") && nobody.is_none(), "{problem}");
    app.apply(&realm(&provider, "", "trust_email = true\nallowed_domains = [\"example.org\"]")).await;
    let (problem, nobody) = seen(ada(&json!({}))).await;
    assert!(problem.contains("doesn’t take that") && nobody.is_none(), "{problem}");
    assert!(identities(&app, ADA).await.is_empty());
    let org = json!({ "sub": "o", "email": "olga@example.org", "email_verified": true });
    assert_eq!(seen(org.clone()).await.0, "");
    // Limited later, also those who were connected before are refused.
    app.apply(&realm(&provider, "", "trust_email = true\nallowed_domains = [\"example.com\"]")).await;
    assert!(seen(org).await.0.contains("doesn’t take that"));
}

#[tokio::test]
async fn an_account_that_is_disabled_is_not_signed_in_to() {
    let (app, provider) = world("", TRUSTED).await;
    assert_eq!(sign_in(&Browser::new(&app), &provider, &ada(&json!({}))).await.status, 303);
    let admin = app.admin().await;
    let id = users(&app).await[0]["id"].as_str().unwrap().to_owned();
    let body = json!({ "disabled": true });
    let path = format!("/api/v1/admin/users/{id}");
    assert_eq!(app.ask(&admin, Method::PATCH, &path, Some(body)).await.status, 200);
    let browser = Browser::new(&app);
    let answer = sign_in(&browser, &provider, &ada(&json!({}))).await;
    assert!(answer.status == 403 && answer.problem().contains("sign you in"), "{}", answer.html());
    assert_eq!(who(&browser).await, None);
    // Nor is it connected to, by whoever else has the address.
    let answer = sign_in(&Browser::new(&app), &provider, &ada(&json!({ "sub": "ada-2" }))).await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn so_08_no_user_name_is_made_of_what_a_provider_says() {
    let (app, provider) = world("", TRUSTED).await;
    app.apply(&format!(
        "[[realm]]\nname = \"default\"\n[[realm.user]]\nusername = \"grace\"\npassword = \"{PASSWORD}\"\n"
    ))
    .await;
    let mut claims = grace();
    claims["preferred_username"] = json!("grace");
    claims["nickname"] = json!("grace");
    let browser = Browser::new(&app);
    assert_eq!(sign_in(&browser, &provider, &claims).await.status, 303);
    let all = users(&app).await;
    let made = all.iter().find(|user| user["email"] == "grace@example.com").unwrap();
    assert_eq!((&made["username"], all.len()), (&json!(null), 3), "neither merged nor refused");
}

#[tokio::test]
async fn somebody_whose_address_is_not_said_is_told_so() {
    let (app, provider) = world("", TRUSTED).await;
    let browser = Browser::new(&app);
    provider.put("userinfo", super::Canned::json(&json!({ "sub": "x" })));
    let answer = sign_in(&browser, &provider, &json!({ "sub": "x" })).await;
    assert!(answer.status == 403 && answer.problem().contains("tell us your e-mail"), "{}", answer.html());
    assert_eq!(provider.read("userinfo"), 1, "it was asked for");
    let said = json!({ "sub": "x", "email": "grace@example.com", "email_verified": true });
    provider.put("userinfo", super::Canned::json(&said));
    assert_eq!(sign_in(&browser, &provider, &json!({ "sub": "x" })).await.status, 303);
    assert_eq!(who(&browser).await.as_deref(), Some("grace@example.com"));
    // Of somebody else it is not taken.
    provider
        .put("userinfo", super::Canned::json(&json!({ "sub": "y", "email": ADA, "email_verified": true })));
    assert_eq!(sign_in(&Browser::new(&app), &provider, &json!({ "sub": "z" })).await.status, 403);
}

/// Where a provider says whatever somebody claims, the owner of the address is told as often as by any other door; the answers are as ever.
#[tokio::test]
async fn rl_a_mailbox_is_not_filled_by_sign_ins_by_a_provider() {
    let (app, provider) = world("require_verified_email = true", "").await;
    for number in 0..8 {
        let browser = Browser::new(&app);
        let claims = json!({ "sub": format!("eve-{number}"), "email": ADA, "email_verified": true });
        let answer = sign_in(&browser, &provider, &claims).await;
        assert!(answer.location().starts_with("/verify-sent?sent="), "{}", answer.location());
    }
    assert_eq!(app.subjects(ADA).await.len(), 5);
}
