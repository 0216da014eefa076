//! An account that a provider would open is asked about like any other, and so is each sign-in by it.

use serde_json::json;

use super::{ADA, TRUSTED, ada, grace, sign_in, users, who, world};
use crate::{interceptors::Judge, pages::browser::Browser};

#[tokio::test]
async fn somebody_new_is_given_no_account_where_the_interceptor_refuses() {
    let (app, provider) = world("", TRUSTED).await;
    let (browser, judge) = (Browser::new(&app), Judge::new().await);
    app.admin().await;
    judge.sit(&app, "pre_signup").await;
    judge.denies("Only by invitation.");
    let page = sign_in(&browser, &provider, &grace()).await;
    assert_eq!(page.status, 403, "{}", page.html());
    assert!(page.html().contains("Only by invitation."), "{}", page.html());
    assert_eq!(who(&browser).await, None);
    let asked = judge.asked();
    assert_eq!((asked.len(), &asked[0]["data"]["signup"]["name"]), (1, &json!("Grace Hopper")));
    // Whoever has an account is signed in to it, and nobody is asked.
    assert_eq!(sign_in(&browser, &provider, &ada(&json!({}))).await.status, 303);
    assert_eq!((who(&browser).await.as_deref(), judge.take().len()), (Some(ADA), 0));
    judge.allows();
    let other = Browser::new(&app);
    assert_eq!(sign_in(&other, &provider, &grace()).await.status, 303);
    assert_eq!((who(&other).await.as_deref(), judge.take().len()), (Some("grace@example.com"), 1));
    assert_eq!(users(&app).await.len(), 2);
}

/// Where an address that somebody has is told of by mail alone, the answer does not tell it either.
#[tokio::test]
async fn an_address_that_somebody_has_is_asked_about_like_any_other() {
    let (app, provider) = world("require_verified_email = true", "").await;
    let judge = Judge::new().await;
    judge.sit(&app, "pre_signup").await;
    judge.denies("Only by invitation.");
    let taken = json!({"sub": "eve-1", "email": ADA, "email_verified": false, "name": "Eve"});
    let mut pages = Vec::new();
    for claims in [grace(), taken] {
        let page = sign_in(&Browser::new(&app), &provider, &claims).await;
        pages.push((page.status.as_u16(), page.html().contains("Only by invitation.")));
    }
    assert_eq!((pages, judge.take().len()), (vec![(403, true), (403, true)], 2));
}

#[tokio::test]
async fn a_sign_in_by_a_provider_is_asked_about() {
    let (app, provider) = world("", TRUSTED).await;
    let (browser, judge) = (Browser::new(&app), Judge::new().await);
    judge.sit(&app, "pre_session_creation").await;
    judge.denies("Not from there.");
    let page = sign_in(&browser, &provider, &ada(&json!({}))).await;
    assert_eq!((page.status.as_u16(), who(&browser).await), (403, None));
    assert!(page.html().contains("Not from there."), "{}", page.html());
    assert_eq!(judge.take().len(), 1);
}
