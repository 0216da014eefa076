//! What people do on the page where a device is connected, and what nobody may do there.

use super::*;

#[tokio::test]
async fn oa_20_the_page_asks_afresh_also_with_the_code_in_its_address() {
    let app = TestApp::with(REALM).await;
    let device = begin(&app).await;
    let complete = device.text("verification_uri_complete").replace("http://127.0.0.1:8400", "");
    // Signing in comes back to it.
    let stranger = Browser::new(&app);
    let sign_in = stranger.get(&complete).await;
    assert!(sign_in.location().starts_with("/sign-in?flow="), "{}", sign_in.location());
    let page = stranger.get(sign_in.location()).await;
    let fields = [("username", "ada@example.com"), ("password", "the engine weaves algebra")];
    assert_eq!(stranger.fill(&page, &fields).await.location(), complete);
    // The address alone asks for the code, filled in; only then the question itself.
    let form = stranger.get(&complete).await;
    assert!(form.html().contains("id=\"device-submit\"") && !form.html().contains("device-approve"));
    assert!(form.html().contains(&format!("value=\"{}\"", device.text("user_code"))), "{}", form.html());
    approve(&stranger, &device).await;
    assert_eq!(poll(&app, &device).await.status, 200);
    // Agreed to before, and the client of the house: asked all the same.
    let again = begin(&app).await;
    assert!(typed(&stranger, &again.text("user_code")).await.html().contains("device-approve"));
    let credentials = "client_id=box&client_secret=a-secret-of-the-box-app-0123456789";
    let house = begin_at(&app, "/oauth/device", credentials).await;
    assert!(typed(&stranger, &house.text("user_code")).await.html().contains("device-approve"));
    // What is no code is not repeated.
    assert!(!stranger.get("/device?user_code=%22%3E%3Cb%3E").await.html().contains("&#62;"));
}

#[tokio::test]
async fn oa_20_nothing_is_approved_without_the_question_and_by_no_other_session() {
    let app = TestApp::with(REALM).await;
    let device = begin(&app).await;
    let code = device.text("user_code");
    let (hers, eves) = (ada(&app).await, Browser::new(&app));
    assert_eq!(eves.sign_in("eve@example.com").await.status, 303);
    let confirm = async |browser: &Browser<'_>| {
        let csrf = browser.get("/device").await.hidden("csrf").unwrap();
        let fields = [("csrf", csrf.as_str()), ("user_code", &code), ("decision", "approve")];
        browser.post("/device/confirm", &fields).await
    };
    assert_eq!(confirm(&hers).await.status, 422, "she was not asked");
    let page = typed(&hers, &code).await;
    assert_eq!(confirm(&eves).await.status, 422, "another session");
    // Whoever is asked last decides.
    let evil = typed(&eves, &code).await;
    assert_eq!(decide(&hers, &page, "approve").await.status, 422);
    let page = typed(&hers, &code).await;
    assert_eq!(decide(&eves, &evil, "deny").await.status, 422);
    assert_eq!(error(&poll(&app, &device).await), "400 authorization_pending");
    // A page that another account was shown connects nothing: it is asked afresh.
    assert_eq!(hers.submit("/sign-out", &[]).await.status, 303);
    assert_eq!(hers.sign_in("eve@example.com").await.status, 303);
    let answer = decide(&hers, &page, "approve").await;
    assert!(answer.status == 403 && answer.html().contains("device-submit"), "{}", answer.html());
    waits(&app);
    assert_eq!(error(&poll(&app, &device).await), "400 authorization_pending");
    approve(&hers, &device).await;
    let tokens = poll(&app, &device).await;
    assert_eq!(userinfo(&app, &tokens.text("access_token")).await.json()["email"], "eve@example.com");
}

#[tokio::test]
async fn oa_13_no_other_site_connects_a_device() {
    let app = TestApp::with(REALM).await;
    let device = begin(&app).await;
    let (browser, code) = (ada(&app).await, device.text("user_code"));
    let page = typed(&browser, &code).await;
    let csrf = page.hidden("csrf").unwrap();
    for path in ["/device", "/device/confirm"] {
        for field in ["", "x", &csrf[1..]] {
            let fields = [("csrf", field), ("user_code", &code), ("decision", "approve")];
            assert_eq!(browser.post(path, &fields).await.status, 403, "{path} {field}");
        }
        let form = format!("csrf={csrf}&user_code={code}&decision=approve");
        let request = browser
            .request(Method::POST, path)
            .header("sec-fetch-site", "cross-site")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        assert_eq!(browser.send(request.body(Body::from(form)).unwrap()).await.status, 403, "{path}");
        // And nobody is asked who is not signed in.
        assert_eq!(Browser::new(&app).post(path, &[("user_code", &code)]).await.status, 303, "{path}");
    }
    assert_eq!(error(&poll(&app, &device).await), "400 authorization_pending");
}

#[tokio::test]
async fn oa_20_user_codes_are_guessed_a_few_times_and_then_not_at_all() {
    let app = TestApp::with(REALM).await;
    let device = begin(&app).await;
    let browser = ada(&app).await;
    for _ in 0..20 {
        assert_eq!(typed(&browser, "BBBB-BBBB").await.status, 422);
    }
    let refused = typed(&browser, &device.text("user_code")).await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("retry-after")),
        (429, Some("600")),
        "the right one neither"
    );
    assert!(refused.html().contains("Too many tries"), "{}", refused.html());
    // Another browser is the same account.
    assert_eq!(typed(&ada(&app).await, "CCCC-CCCC").await.status, 429);
    let eve = Browser::new(&app);
    eve.sign_in("eve@example.com").await;
    assert_eq!(typed(&eve, "CCCC-CCCC").await.status, 422, "and others have their own");
    app.advance(Duration::from_mins(10));
    assert_eq!(typed(&browser, "BBBB-BBBB").await.status, 422);
    let admin = app.admin().await;
    let path = "/api/v1/admin/audit?event=user-code-refused";
    let events = app.ask(&admin, Method::GET, path, None).await.json();
    assert_eq!(events["events"].as_array().unwrap().len(), 3, "once a minute for an account: {events}");
    assert!(!events.to_string().contains("BBBB"), "no code is written down");
}

#[tokio::test]
async fn oa_20_many_accounts_together_guess_no_more_than_the_realm_takes() {
    let app = TestApp::with(REALM).await;
    let device = begin(&app).await;
    let browser = ada(&app).await;
    assert_eq!(typed(&browser, "BBBB-BBBB").await.status, 422);
    app.execute("UPDATE attempts SET made = 299 WHERE made = 1").await;
    let eve = Browser::new(&app);
    eve.sign_in("eve@example.com").await;
    assert_eq!(typed(&eve, "CCCC-CCCC").await.status, 422, "the three hundredth");
    assert_eq!(typed(&eve, &device.text("user_code")).await.status, 429);
    let other = Browser::of_realm(&app, "/r/other");
    other.sign_in("ada@example.com").await;
    assert_eq!(typed(&other, "CCCC-CCCC").await.status, 422, "each realm for itself");
}
