//! `/account/sms`: a number is set up, changed and removed at the pages.

use std::time::Duration;

use super::{ADA, NUMBER, OTHER, PAUSE, Sender, pages::turn_off, world, wrong};
use crate::{
    pages::browser::{Browser, signed_in},
    support::{Answer, TestApp},
};

const HERE: &str = "/account/sms";

/// Has a code sent to a number; the page that asks for it.
async fn begun(browser: &Browser<'_>, number: &str) -> Answer {
    let answer = browser.submit("/account/sms?number", &[("act", "send"), ("phone", number)]).await;
    assert_eq!(answer.status, 303, "{}", answer.html());
    assert_eq!(answer.location(), HERE);
    let asked = browser.get(HERE).await;
    assert!(asked.html().contains("name=\"sms_code\""), "{}", asked.html());
    asked
}

/// Signed in with both steps.
async fn with_both<'a>(app: &'a TestApp, sender: &Sender) -> Browser<'a> {
    app.advance(PAUSE);
    let browser = Browser::new(app);
    let step = browser.sign_in(ADA).await.location().to_owned();
    let answer = browser.submit(&step, &[("act", "send")]).await;
    let code = sender.code();
    assert_eq!(
        browser.submit(answer.location(), &[("sms_code", &code)]).await.location(),
        "/account/profile"
    );
    browser
}

#[tokio::test]
async fn a_person_sets_a_number_up_and_is_shown_their_recovery_codes_once() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let browser = signed_in(&app, ADA).await;
    let security = browser.get("/account/security").await.html();
    let (passkeys, apps, sms) = (
        security.find("id=\"passkey-add\"").unwrap(),
        security.find("id=\"totp-begin\"").unwrap(),
        security.find("id=\"sms-begin\"").unwrap(),
    );
    assert!(passkeys < apps && apps < sms, "it is the last choice");
    assert!(security.contains("Less safe than a passkey or an app"), "{security}");
    let page = browser.get(HERE).await;
    assert!(page.html().contains("A passkey or an app is safer.") && page.html().contains("type=\"tel\""));
    for (number, said) in [
        (" ", "Type your phone number."),
        ("0151 1234567", "Begin with + and the country code."),
        ("\"><i>", "Begin with + and the country code."),
    ] {
        let refused = browser.fill(&page, &[("act", "send"), ("phone", number)]).await;
        assert_eq!(refused.status, 422, "{number}");
        assert!(refused.html().contains(said) && !refused.html().contains("<i>"), "{}", refused.html());
        assert!(refused.html().contains("aria-describedby=\"phone-error phone-hint\""));
    }
    assert!(sender.messages().is_empty(), "nothing was sent");

    let asked = begun(&browser, " +49 (151) 1234-5678").await;
    let message = sender.messages().remove(0);
    assert_eq!(message["to"], NUMBER);
    let code = message["code"].as_str().unwrap();
    let html = asked.html();
    let whole = format!("We sent a code to <bdi dir=\"ltr\">+<wbr>{}", &NUMBER[1..]);
    assert!(html.contains(&whole), "whoever typed it sees whether it is right: {html}");
    assert_eq!(app.login(ADA).await.status, 200, "it does not count yet");
    for (typed, said) in [("", "Type the 6 digits."), (&wrong(code), "Type the one in the newest message.")] {
        let refused = browser.fill(&asked, &[("sms_code", typed)]).await;
        assert_eq!(refused.status, 422);
        assert!(refused.html().contains(said) && refused.html().contains("name=\"sms_code\""), "{typed}");
    }
    let shown = browser.fill(&asked, &[("sms_code", code)]).await;
    let list = shown.between("id=\"codes\"", "</ul>").unwrap_or_else(|| panic!("{}", shown.html()));
    assert_eq!((shown.status.as_u16(), list.matches("<li>").count()), (200, 10));
    assert_eq!(browser.get("/account/recovery-codes/saved?saved=1").await.location(), "/account/security");
    let security = browser.get("/account/security").await.html();
    for said in [
        "Codes by text message are on.",
        "<bdi dir=\"ltr\">•••78<wbr></bdi> · on since",
        "10 of 10 left",
        "sms-manage",
    ] {
        assert!(security.contains(said), "{said}: {security}");
    }
    assert!(!security.contains(&NUMBER[3..]) && !security.contains("sms-begin"), "{security}");
    let manage = browser.get(HERE).await.html();
    assert!(
        manage.contains("A code is sent to <bdi dir=\"ltr\">•••78<wbr></bdi>")
            && !manage.contains(&NUMBER[3..]),
        "{manage}"
    );
    assert_eq!(app.login(ADA).await.brief(), "403 mfa_required");
}

#[tokio::test]
async fn a_number_is_set_up_and_removed_by_whoever_signed_in_a_moment_ago() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let browser = signed_in(&app, ADA).await;
    app.advance(Duration::from_mins(10));
    let csrf = browser.get("/account/security").await.hidden("csrf").unwrap();
    for fields in [
        vec![("act", "send"), ("phone", NUMBER)],
        vec![("act", "again")],
        vec![("act", "remove")],
        vec![("sms_code", "123456")],
    ] {
        let fields: Vec<_> = fields.into_iter().chain([("csrf", csrf.as_str())]).collect();
        let answer = browser.post(HERE, &fields).await;
        assert!(answer.location().starts_with("/sign-in?flow="), "{}", answer.location());
    }
    for path in [HERE, "/account/sms?number"] {
        assert!(browser.get(path).await.location().starts_with("/sign-in?flow="));
    }
    assert!(Browser::new(&app).get(HERE).await.location().starts_with("/sign-in?flow="), "signed out");
    assert!(sender.messages().is_empty());
}

#[tokio::test]
async fn a_number_is_changed_and_turned_off_on_its_page() {
    let (app, sender, _, _) = world().await;
    let browser = with_both(&app, &sender).await;
    app.advance(PAUSE);
    let asked = begun(&browser, OTHER).await;
    assert!(asked.html().contains(&format!("<bdi dir=\"ltr\">+<wbr>{}", &OTHER[1..])), "{}", asked.html());
    let code = sender.code();
    assert!(browser.get("/account/security").await.html().contains("•••78"), "the one before, until then");
    let number = browser.get("/account/sms?number").await.html();
    assert!(number.contains("name=\"phone\"") && !number.contains("•••"), "{number}");
    let answer = browser.fill(&asked, &[("sms_code", &code)]).await;
    assert_eq!(answer.location(), "/account/security", "the recovery codes stay");
    let security = browser.get("/account/security").await.html();
    assert!(security.contains("•••23") && security.contains("Codes by text message are on."), "{security}");
    assert!(!security.contains(&OTHER[3..]), "from then on nobody is shown it: {security}");
    let manage = browser.get(HERE).await;
    for part in ["id=\"sms-move\"", "id=\"sms-remove\"", "your recovery codes are gone"] {
        assert!(manage.html().contains(part), "{part}: {}", manage.html());
    }
    assert_eq!(browser.fill(&manage, &[("act", "remove")]).await.location(), "/account/security");
    let security = browser.get("/account/security").await.html();
    assert!(
        security.contains("Codes by text message are off.") && security.contains("sms-begin"),
        "{security}"
    );
    assert_eq!(app.login(ADA).await.status, 200);
    // Once more, in another window.
    let again = browser.submit("/account/sms?number", &[("act", "remove")]).await;
    assert_eq!(again.location(), "/account/security");
}

#[tokio::test]
async fn what_is_refused_is_told_on_the_form() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let browser = signed_in(&app, ADA).await;
    let asked = begun(&browser, NUMBER).await;
    let first = sender.code();
    // Too soon, for the same number and for another.
    for fields in [vec![("act", "again")], vec![("act", "send"), ("phone", OTHER)]] {
        let early = browser.fill(&asked, &fields).await;
        assert_eq!((early.status.as_u16(), early.header("retry-after")), (429, Some("30")));
        let html = early.html();
        assert!(html.contains("A code was asked for a moment ago."), "{html}");
        // What was typed stays in its field.
        assert_eq!(html.contains("name=\"sms_code\""), fields.len() == 1);
        assert_eq!(html.contains(&format!("value=\"{OTHER}\"")), fields.len() == 2, "{html}");
    }
    app.advance(PAUSE);
    assert_eq!(browser.fill(&asked, &[("act", "again")]).await.location(), HERE);
    let asked = browser.get(HERE).await;
    assert!(asked.html().contains("Another code is on its way."), "{}", asked.html());
    let second = sender.code();
    // Tried too often.
    for n in 0..4 {
        let typed = if n == 0 && first != second { first.clone() } else { wrong(&second) };
        assert_eq!(browser.fill(&asked, &[("sms_code", &typed)]).await.status, 422, "{n}");
    }
    let fifth = browser.fill(&asked, &[("sms_code", &wrong(&second))]).await;
    assert_eq!(fifth.status, 403, "no other is looked at");
    assert!(fifth.html().contains("That code was tried too often."), "{}", fifth.html());
    let spent = browser.fill(&asked, &[("sms_code", &second)]).await;
    assert_eq!(spent.status, 403);
    assert!(spent.html().contains("That code was tried too often.") && spent.html().contains("sms-again"));
    // Too old: there is nothing to send again either.
    app.advance(PAUSE);
    assert_eq!(browser.fill(&spent, &[("act", "again")]).await.location(), HERE);
    let third = sender.code();
    app.advance(Duration::from_mins(5));
    for fields in [vec![("sms_code", third.as_str())], vec![("act", "again")]] {
        let late = browser.fill(&spent, &fields).await;
        assert_eq!(late.status, 403, "{}", late.html());
        assert!(late.html().contains("That code has run out.") && late.html().contains("name=\"phone\""));
    }
    // Not sent.
    sender.receiver.says(500);
    let failed = browser.submit(HERE, &[("act", "send"), ("phone", NUMBER)]).await;
    assert_eq!((failed.status.as_u16(), failed.header("retry-after")), (503, Some("30")));
    assert!(failed.html().contains("The message could not be sent.") && failed.html().contains(NUMBER));
    assert_eq!(sender.messages().len(), 1);
    assert_eq!(app.login(ADA).await.status, 200, "nothing of all that counts");
}

#[tokio::test]
async fn wrong_codes_are_counted_over_several_codes() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let browser = signed_in(&app, ADA).await;
    let mut asked = begun(&browser, NUMBER).await;
    let mut code = sender.code();
    for n in 0..10 {
        if n == 5 {
            app.advance(PAUSE);
            browser.fill(&asked, &[("act", "again")]).await;
            (asked, code) = (browser.get(HERE).await, sender.code());
        }
        let status = browser.fill(&asked, &[("sms_code", &wrong(&code))]).await.status;
        assert_eq!(status, if n % 5 == 4 { 403 } else { 422 }, "{n}");
    }
    app.advance(PAUSE);
    let often = browser.fill(&asked, &[("act", "again")]).await;
    assert_eq!(often.status, 429, "ten in an hour, and none is sent that would be refused");
    assert_eq!(sender.messages().len(), 0);
    assert!(
        often.html().contains("Too many tries.") && often.header("retry-after").is_some(),
        "{}",
        often.html()
    );
}

#[tokio::test]
async fn where_nobody_sends_a_number_is_only_taken_away() {
    let app = TestApp::new().await;
    let browser = signed_in(&app, ADA).await;
    assert!(!browser.get("/account/security").await.html().contains("Text message"));
    for path in [HERE, "/account/sms?number"] {
        assert_eq!(browser.get(path).await.location(), "/account/security");
    }
    let csrf = browser.get("/account/security").await.hidden("csrf").unwrap();
    for fields in
        [[("act", "send"), ("phone", NUMBER)], [("act", "again"), ("x", "")], [("sms_code", "1"), ("x", "")]]
    {
        let fields: Vec<_> = fields.into_iter().chain([("csrf", csrf.as_str())]).collect();
        assert_eq!(browser.post(HERE, &fields).await.location(), "/account/security");
    }

    let (app, sender, _, _) = world().await;
    let browser = with_both(&app, &sender).await;
    turn_off(&app).await;
    let security = browser.get("/account/security").await.html();
    assert!(
        security.contains("<bdi dir=\"ltr\">•••78<wbr></bdi> · no messages are sent here any more"),
        "{security}"
    );
    for path in [HERE, "/account/sms?number"] {
        let html = browser.get(path).await.html();
        assert!(
            html.contains("sms-remove") && !html.contains("sms-move") && !html.contains("name=\"phone\""),
            "{html}"
        );
    }
    let refused = browser.submit(HERE, &[("act", "send"), ("phone", OTHER)]).await;
    assert_eq!(refused.location(), "/account/security");
    assert_eq!(browser.submit(HERE, &[("act", "remove")]).await.location(), "/account/security");
    assert!(!browser.get("/account/security").await.html().contains("Text message"));
    assert_eq!(app.login(ADA).await.status, 200);
    assert!(sender.messages().is_empty());
}

#[tokio::test]
async fn the_last_second_step_stays_where_one_is_required_and_none_is_new_where_none_is_wanted() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let ada = app.person(ADA).await;
    sender.set_up(&app, &ada).await;
    let admin = app.admin().await;
    let set = async |mfa: &str| {
        let settings = serde_json::json!({"settings": {"mfa": mfa}});
        let answer = app.ask(&admin, axum::http::Method::PATCH, "/api/v1/admin/realm", Some(settings)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    };
    set("required").await;
    let browser = with_both(&app, &sender).await;
    let page = browser.get(HERE).await;
    assert!(page.html().contains("so it stays on") && !page.html().contains("sms-remove"), "{}", page.html());
    assert_eq!(browser.fill(&page, &[("act", "remove")]).await.location(), HERE);
    assert_eq!(app.login(ADA).await.brief(), "403 mfa_required");
    set("off").await;
    let eve = signed_in(&app, "eve@example.com").await;
    assert!(!eve.get("/account/security").await.html().contains("Text message"));
    assert_eq!(eve.get(HERE).await.location(), "/account/security");
}

/// OA-13.
#[tokio::test]
async fn oa_13_a_number_is_changed_by_a_form_of_ours_alone() {
    let (app, sender, _, _) = world().await;
    let browser = with_both(&app, &sender).await;
    app.advance(PAUSE);
    let theirs = signed_in(&app, "eve@example.com").await.get(HERE).await.hidden("csrf").unwrap();
    for csrf in ["", "x", &theirs] {
        for fields in [
            vec![("act", "send"), ("phone", OTHER)],
            vec![("act", "again")],
            vec![("act", "remove")],
            vec![("sms_code", "123456")],
        ] {
            let fields: Vec<_> = fields.into_iter().chain([("csrf", csrf)]).collect();
            let answer = browser.post(HERE, &fields).await;
            assert_eq!(answer.status, 403, "{fields:?}");
            assert!(answer.html().contains("This page was open for a long time."), "{}", answer.html());
        }
    }
    assert!(sender.messages().is_empty());
    assert_eq!(app.login(ADA).await.brief(), "403 mfa_required", "and it is still there");
}

#[tokio::test]
async fn the_pages_of_a_number_speak_every_language() {
    let (app, sender, _, _) = world().await;
    let browser = with_both(&app, &sender).await;
    for (language, words) in [
        ("en", ["Text message", "Change the number", "Phone number"]),
        ("de", ["SMS", "Nummer ändern", "Telefonnummer"]),
        ("ar", ["رسالة نصية", "تغيير الرقم", "رقم الهاتف"]),
    ] {
        for (path, word) in ["/account/security", HERE, "/account/sms?number"].into_iter().zip(words) {
            let join = if path.contains('?') { '&' } else { '?' };
            let page = browser.get(&format!("{path}{join}language={language}")).await;
            assert_eq!(page.status, 200, "{path}");
            let html = page.html();
            assert!(html.contains(&format!("lang=\"{language}\"")) && html.contains(word), "{path}: {html}");
        }
    }
}
