//! The second step at the page, by a code that its button sends.

use std::time::Duration;

use axum::http::Method;
use serde_json::json;

use super::{ADA, NUMBER, PAUSE, Sender, world, wrong};
use crate::{
    mfa,
    pages::browser::Browser,
    passkeys::pages::{options, send as send_passkey},
    support::{Answer, PASSWORD, SoftPasskey, TestApp, given},
};

/// What nobody is shown.
const WHOLE: &str = "15112345678";

/// The first step: where the second is.
async fn first(browser: &Browser<'_>) -> String {
    browser.sign_in(ADA).await.location().to_owned()
}

/// Has a code sent; the page that asks for it.
async fn sent(browser: &Browser<'_>, page: &Answer) -> Answer {
    let answer = browser.fill(page, &[("act", "send")]).await;
    assert_eq!(answer.status, 303, "{}", answer.html());
    let asked = browser.get(answer.location()).await;
    assert!(asked.html().contains("name=\"sms_code\""), "{}", asked.html());
    asked
}

/// Nobody sends any more.
pub async fn turn_off(app: &TestApp) {
    let admin = app.admin().await;
    let off = json!({"settings": {"sms_url": null}});
    assert_eq!(app.ask(&admin, Method::PATCH, "/api/v1/admin/realm", Some(off)).await.status, 200);
}

fn asks_for_a_recovery_code(page: &Answer) -> bool {
    page.html().contains("name=\"recovery_code\"") && !page.html().contains("sms-send")
}

#[tokio::test]
async fn somebody_with_a_number_has_a_code_sent_by_a_button_and_signs_in_with_it() {
    let (app, sender, ..) = world().await;
    app.advance(PAUSE);
    let browser = Browser::new(&app);
    let step = first(&browser).await;
    for path in ["", "&method=sms", "&method=totp", "&act=send", "&act=again"] {
        let page = browser.get(&format!("{step}{path}")).await.html();
        assert!(
            page.contains("Send a code to <bdi dir=\"ltr\">•••78<wbr></bdi>") && !page.contains("sms_code"),
            "{page}"
        );
        assert!(page.contains("id=\"mfa-other\"") && !page.contains("authenticator app"), "{page}");
    }
    assert!(sender.messages().is_empty(), "a page that is opened sends nothing");
    let answer = browser.fill(&browser.get(&step).await, &[("act", "send")]).await;
    assert_eq!(answer.location(), format!("{step}&method=sms"));
    let message = sender.messages().remove(0);
    assert_eq!((&message["to"], &message["locale"]), (&json!(NUMBER), &json!("en")));
    let code = message["code"].as_str().unwrap().to_owned();
    let asked = browser.get(answer.location()).await;
    let html = asked.html();
    assert!(
        html.contains("We sent a code to <bdi dir=\"ltr\">•••78<wbr></bdi>")
            && html.contains("autocomplete=\"one-time-code\""),
        "{html}"
    );
    assert!(!html.contains(WHOLE) && !html.contains(&code), "{html}");
    for (typed, said) in [("", "Type the 6 digits."), (&wrong(&code), "Type the one in the newest message.")]
    {
        let refused = browser.fill(&asked, &[("sms_code", typed)]).await;
        assert_eq!(refused.status, 422);
        assert!(refused.html().contains(said) && refused.html().contains("<title>Error:"), "{typed}");
        assert!(refused.html().contains("aria-describedby=\"sms_code-error sms_code-hint\""));
    }
    let (left, right) = code.split_at(3);
    let answer = browser.fill(&asked, &[("sms_code", &format!(" {left} {right}"))]).await;
    assert_eq!(answer.location(), "/account/profile");
    assert_eq!(browser.get("/account/profile").await.status, 200);
    assert!(sender.messages().is_empty());
    let over = browser.fill(&asked, &[("sms_code", &code)]).await;
    assert_eq!(over.status, 403, "once");
}

#[tokio::test]
async fn a_code_is_sent_again_after_half_a_minute_and_only_the_newest_works() {
    let (app, sender, ..) = world().await;
    let browser = Browser::new(&app);
    let page = browser.get(&first(&browser).await).await;
    let early = browser.fill(&page, &[("act", "send")]).await;
    assert_eq!((early.status.as_u16(), early.header("retry-after")), (429, Some("30")));
    assert!(
        early.html().contains("A code was asked for a moment ago.")
            && early.html().contains("id=\"sms-send\"")
    );
    app.advance(PAUSE);
    let asked = sent(&browser, &early).await;
    let old = sender.code();
    let early = browser.fill(&asked, &[("act", "again")]).await;
    assert_eq!((early.status.as_u16(), early.header("retry-after")), (429, Some("30")));
    assert!(
        early.html().contains("A code was asked for a moment ago.")
            && early.html().contains("name=\"sms_code\"")
    );
    app.advance(PAUSE);
    let answer = browser.fill(&early, &[("act", "again")]).await;
    let asked = browser.get(answer.location()).await;
    assert!(asked.html().contains("Another code is on its way."), "{}", asked.html());
    let new = sender.code();
    if old != new {
        assert_eq!(browser.fill(&asked, &[("sms_code", &old)]).await.status, 422);
    }
    assert_eq!(browser.fill(&asked, &[("sms_code", &new)]).await.location(), "/account/profile");
}

#[tokio::test]
async fn whoever_has_too_many_codes_sent_is_told_to_wait_and_has_other_ways() {
    let (app, sender, _, codes) = world().await;
    let browser = Browser::new(&app);
    let step = first(&browser).await;
    for _ in 0..4 {
        app.advance(PAUSE);
        sent(&browser, &browser.get(&step).await).await;
    }
    app.advance(PAUSE);
    let often = browser.fill(&browser.get(&step).await, &[("act", "again")]).await;
    assert_eq!(often.status, 429);
    assert!(often.html().contains("Too many tries."), "{}", often.html());
    assert!(often.header("retry-after").unwrap().parse::<u64>().unwrap() > 60);
    assert!(often.header("ratelimit-policy").unwrap().starts_with("\"sms-account\""));
    assert_eq!(sender.messages().len(), 4);
    let other = browser.get(&format!("{step}&method=recovery_code")).await;
    assert_eq!(browser.fill(&other, &[("recovery_code", &codes[0])]).await.location(), "/account/profile");
}

#[tokio::test]
async fn a_code_that_is_too_old_is_told_and_a_new_one_can_be_had() {
    let (app, sender, ..) = world().await;
    app.advance(PAUSE);
    let browser = Browser::new(&app);
    let step = first(&browser).await;
    let none = browser.fill(&browser.get(&step).await, &[("sms_code", "123456")]).await;
    assert_eq!(none.status, 403, "none was sent");
    assert!(none.html().contains("That code has run out.") && none.html().contains("id=\"sms-send\""));
    let asked = sent(&browser, &none).await;
    let code = sender.code();
    app.advance(Duration::from_mins(5));
    // As an application of codes would send it, too.
    for field in ["sms_code", "code"] {
        let late = browser.fill(&asked, &[(field, &code)]).await;
        assert_eq!(late.status, 403);
        let html = late.html();
        assert!(html.contains("That code has run out.") && html.contains("id=\"sms-send\""), "{html}");
        assert!(!html.contains("name=\"sms_code\""), "there is none to type: {html}");
    }
    let asked = sent(&browser, &browser.get(&step).await).await;
    assert_eq!(browser.fill(&asked, &[("sms_code", &sender.code())]).await.location(), "/account/profile");
}

/// MF-02.
#[tokio::test]
async fn mf_02_codes_are_not_guessed_at_the_page() {
    let (app, sender, ..) = world().await;
    let browser = Browser::new(&app);
    for _ in 0..2 {
        app.advance(PAUSE);
        let asked = sent(&browser, &browser.get(&first(&browser).await).await).await;
        let code = sender.code();
        for n in 0..5 {
            let refused = browser.fill(&asked, &[("sms_code", &wrong(&code))]).await;
            assert_eq!(refused.status.as_u16(), if n < 4 { 422 } else { 403 }, "{n}");
        }
        let over = browser.fill(&asked, &[("sms_code", &code)]).await;
        assert_eq!(over.status, 403);
        assert!(over.html().contains("This sign-in is over."), "{}", over.html());
    }
    app.advance(PAUSE);
    let page = browser.get(&first(&browser).await).await;
    sender.messages();
    let often = browser.fill(&page, &[("act", "send")]).await;
    assert_eq!(often.status, 429, "ten in an hour, and none is sent that would be refused");
    assert_eq!(sender.messages().len(), 0);
    assert!(often.html().contains("Too many tries.") && often.html().contains("id=\"mfa-other\""));
    assert!(often.header("retry-after").unwrap().parse::<u64>().unwrap() > 60);
}

#[tokio::test]
async fn a_message_that_the_sender_does_not_take_is_told_and_can_be_tried_again() {
    let (app, sender, ..) = world().await;
    app.advance(PAUSE);
    let browser = Browser::new(&app);
    let step = first(&browser).await;
    sender.receiver.says(500);
    let failed = browser.fill(&browser.get(&step).await, &[("act", "send")]).await;
    assert_eq!((failed.status.as_u16(), failed.header("retry-after")), (503, Some("30")));
    let html = failed.html();
    assert!(html.contains("The message could not be sent.") && html.contains("id=\"sms-send\""), "{html}");
    let withdrawn = sender.code();
    assert_eq!(browser.fill(&failed, &[("sms_code", &withdrawn)]).await.status, 403, "it is withdrawn");
    sender.receiver.says(204);
    app.advance(PAUSE);
    let asked = sent(&browser, &failed).await;
    assert_eq!(browser.fill(&asked, &[("sms_code", &sender.code())]).await.location(), "/account/profile");
}

#[tokio::test]
async fn where_nobody_sends_any_more_only_the_other_ways_are_offered() {
    let (app, sender, ada, codes) = world().await;
    app.advance(PAUSE);
    let browser = Browser::new(&app);
    let step = first(&browser).await;
    let before = browser.get(&step).await;
    turn_off(&app).await;
    for path in ["", "&method=sms"] {
        let page = browser.get(&format!("{step}{path}")).await;
        assert!(asks_for_a_recovery_code(&page), "{}", page.html());
        assert!(!page.html().contains("id=\"other\"") && !page.html().contains("mfa-sms"), "{}", page.html());
    }
    let refused = browser.fill(&before, &[("act", "send")]).await;
    assert_eq!(refused.status, 403);
    assert!(refused.html().contains("No text messages are sent here any more."), "{}", refused.html());
    assert!(asks_for_a_recovery_code(&refused) && sender.messages().is_empty());
    assert_eq!(browser.fill(&refused, &[("recovery_code", &codes[0])]).await.location(), "/account/profile");

    // Somebody with an app is asked for that.
    let phone = mfa::begin(&app, &ada).await;
    assert_eq!(mfa::confirm(&app, &ada, &phone.code(&app)).await.status, 200);
    let other = Browser::new(&app);
    let page = other.get(&format!("{}&method=sms", first(&other).await)).await;
    assert!(page.html().contains("Enter your code") && !page.html().contains("mfa-sms"), "{}", page.html());
    let refused = other.fill(&page, &[("act", "send")]).await;
    assert!(refused.html().contains("No text messages are sent here any more."), "{}", refused.html());
    app.advance(PAUSE);
    assert_eq!(other.fill(&refused, &[("code", &phone.code(&app))]).await.location(), "/account/profile");
}

#[tokio::test]
async fn somebody_with_an_app_is_asked_for_that_and_may_have_a_code_sent_instead() {
    let (app, sender, ada, _) = world().await;
    let phone = mfa::begin(&app, &ada).await;
    assert_eq!(mfa::confirm(&app, &ada, &phone.code(&app)).await.status, 200);
    app.advance(PAUSE);
    let browser = Browser::new(&app);
    let step = first(&browser).await;
    let page = browser.get(&step).await;
    assert!(
        page.html().contains("Enter your code") && page.html().contains("Text me a code"),
        "{}",
        page.html()
    );
    assert!(page.html().contains("&#38;method=sms\" id=\"mfa-sms\""), "{}", page.html());
    let recovery = browser.get(&format!("{step}&method=recovery_code")).await.html();
    assert!(
        recovery.contains("id=\"mfa-sms\"") && recovery.contains("Use the authenticator app"),
        "{recovery}"
    );
    let chosen = browser.get(&format!("{step}&method=sms")).await;
    for id in ["sms-send", "mfa-code", "mfa-other"] {
        assert!(chosen.html().contains(&format!("id=\"{id}\"")), "{id}: {}", chosen.html());
    }
    let asked = sent(&browser, &chosen).await;
    let code = sender.code();
    let of_app = browser.fill(&asked, &[("code", &code)]).await;
    assert_eq!(of_app.status, 422, "it is none of the app");
    assert!(of_app.html().contains("Type the newest one from your app."), "{}", of_app.html());
    assert_eq!(browser.fill(&asked, &[("sms_code", &code)]).await.location(), "/account/profile");
}

#[tokio::test]
async fn somebody_with_a_passkey_is_asked_for_that_and_may_have_a_code_sent_instead() {
    let (app, sender, ada, _) = world().await;
    let mut key = SoftPasskey::es256();
    app.add_passkey(&ada, &mut key).await;
    app.advance(PAUSE);
    let browser = Browser::new(&app);
    let step = first(&browser).await;
    let page = browser.get(&step).await;
    assert!(
        page.html().contains("Use your passkey") && page.html().contains("id=\"mfa-sms\""),
        "{}",
        page.html()
    );
    let asked = sent(&browser, &browser.get(&format!("{step}&method=sms")).await).await;
    assert!(asked.html().contains("id=\"mfa-passkey\""), "{}", asked.html());
    assert_eq!(browser.fill(&asked, &[("sms_code", &sender.code())]).await.location(), "/account/profile");
    let other = Browser::new(&app);
    let page = other.get(&first(&other).await).await;
    let answer = send_passkey(&other, &page, &given(&key, &options(&page))).await;
    assert_eq!(answer.location(), "/account/profile");
}

/// A form of another site or browser, and one of nobody: nothing is sent, and nothing is told of the number.
#[tokio::test]
async fn oa_13_a_code_is_sent_from_a_page_of_ours_alone() {
    let (app, sender, ..) = world().await;
    app.advance(PAUSE);
    let browser = Browser::new(&app);
    let step = first(&browser).await;
    let flow = step.split_once("flow=").unwrap().1;
    let forged = browser.post("/sign-in/mfa", &[("flow", flow), ("act", "send"), ("csrf", "x")]).await;
    assert_eq!(forged.status, 403);
    assert!(
        forged.html().contains("This page was open for a long time.") && forged.html().contains("sms-send")
    );
    let stranger = Browser::new(&app);
    let csrf = stranger.get("/sign-in").await.hidden("csrf").unwrap();
    let lost = stranger.post("/sign-in/mfa", &[("flow", flow), ("act", "send"), ("csrf", &csrf)]).await;
    assert_eq!(lost.status, 400);
    assert!(!lost.html().contains("•••"), "{}", lost.html());
    assert!(sender.messages().is_empty());
    let asked = sent(&browser, &forged).await;
    let code = sender.code();
    let forged = browser.post("/sign-in/mfa", &[("flow", flow), ("sms_code", &code), ("csrf", "x")]).await;
    assert_eq!(forged.status, 403);
    assert_eq!(browser.fill(&asked, &[("sms_code", &code)]).await.location(), "/account/profile");
    // For a sign-in that is over nothing is sent.
    app.advance(PAUSE);
    let over = browser.fill(&asked, &[("act", "again")]).await;
    assert!(over.html().contains("This sign-in is over."), "{}", over.html());
    assert!(sender.messages().is_empty());
}

#[tokio::test]
async fn the_message_is_in_the_language_of_the_page() {
    let (app, sender, ..) = world().await;
    let browser = Browser::new(&app);
    let step = first(&browser).await;
    for (language, said) in [
        ("de", "Code an <bdi dir=\"ltr\">•••78<wbr></bdi> schicken"),
        ("ar", "إرسال رمز إلى <bdi dir=\"ltr\">•••78<wbr></bdi>"),
    ] {
        app.advance(Duration::from_mins(6));
        let step = if language == "de" { step.clone() } else { first(&browser).await };
        let page = browser.get(&format!("{step}&language={language}")).await;
        assert!(page.html().contains(said), "{}", page.html());
        let asked = sent(&browser, &page).await;
        assert!(asked.html().contains(&format!("lang=\"{language}\"")));
        assert_eq!(sender.messages()[0]["locale"], json!(language));
    }
}

/// MF-05: the box counts with the code, and the device is trusted for the next sign-in.
#[tokio::test]
async fn a_device_is_trusted_by_a_code_that_was_sent() {
    let app = TestApp::new().await;
    let sender = Sender::with(&app, "trusted_device_ttl = \"30d\"\n").await;
    let ada = app.person(ADA).await;
    sender.set_up(&app, &ada).await;
    app.advance(PAUSE);
    let browser = Browser::new(&app);
    let page = browser.get(&first(&browser).await).await;
    assert!(!page.html().contains("id=\"trust\""), "nothing is shown yet");
    let asked = sent(&browser, &page).await;
    let code = sender.code();
    let refused = browser.fill(&asked, &[("sms_code", &wrong(&code)), ("trust", "1")]).await;
    assert!(refused.html().contains("name=\"trust\" value=\"1\" checked"), "{}", refused.html());
    assert_eq!(
        browser.fill(&refused, &[("sms_code", &code), ("trust", "1")]).await.location(),
        "/account/profile"
    );
    browser.submit("/sign-out", &[]).await;
    assert_eq!(browser.sign_in(ADA).await.location(), "/account/profile");
}

/// MF-07: where a second step is required and there is none, it is a passkey or an app, which nobody can have redirected.
#[tokio::test]
async fn mf_07_whoever_must_set_a_factor_up_is_offered_no_number_before() {
    let app = TestApp::new().await;
    let sender = Sender::with(&app, "mfa = \"required\"\n").await;
    app.register(ADA).await;
    let browser = Browser::new(&app);
    let step = first(&browser).await;
    for method in ["sms", "totp", "passkey"] {
        let page = browser.get(&format!("{step}&method={method}")).await;
        assert_eq!(page.status, 200);
        let html = page.html();
        assert!(html.contains("Set up") && !html.contains("mfa-sms") && !html.contains("sms-send"), "{html}");
        assert_eq!(browser.fill(&page, &[("act", "send")]).await.status, 403);
    }
    assert!(sender.messages().is_empty());
}

/// Whoever proves anew who they are does so with a code that is sent, and comes back.
#[tokio::test]
async fn a_code_that_was_sent_proves_anew_who_somebody_is() {
    let (app, sender, ..) = world().await;
    app.advance(PAUSE);
    let browser = Browser::new(&app);
    let asked = sent(&browser, &browser.get(&first(&browser).await).await).await;
    browser.fill(&asked, &[("sms_code", &sender.code())]).await;
    assert_eq!(browser.get("/account/sms").await.status, 200);
    app.advance(Duration::from_mins(11));
    let again = browser.get(browser.get("/account/sms").await.location()).await;
    assert!(again.html().contains("Confirm that it’s you"), "{}", again.html());
    let step = browser.fill(&again, &[("username", ADA), ("password", PASSWORD)]).await;
    let page = browser.get(step.location()).await;
    assert!(page.html().contains("id=\"sms-send\""), "{}", page.html());
    let asked = sent(&browser, &page).await;
    assert_eq!(browser.fill(&asked, &[("sms_code", &sender.code())]).await.location(), "/account/sms");
    assert_eq!(browser.get("/account/sms").await.status, 200);
}
