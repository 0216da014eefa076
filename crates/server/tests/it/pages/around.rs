//! What is around every page: headers, languages, assets, errors.

use axum::{
    body::Body,
    http::{Method, Request, header},
};

use super::browser::{Browser, signed_in};
use crate::support::{Answer, PASSWORD, TestApp};

const OPEN: [&str; 4] = ["/sign-in", "/sign-up", "/sign-out", "/nowhere"];
const ACCOUNT: [&str; 5] =
    ["/account/profile", "/account/password", "/account/sessions", "/account/applications", "/device"];

fn page(path: &str) -> Request<Body> {
    Request::get(path)
        .header(header::HOST, "127.0.0.1:8400")
        .header(header::ACCEPT, "text/html,*/*")
        .body(Body::empty())
        .unwrap()
}

/// OA-09, OA-14, SE-11.
#[tokio::test]
async fn oa_14_every_page_is_in_nobodys_frame_or_cache_and_tells_nobody_where_one_comes_from() {
    let app = TestApp::new().await;
    let browser = signed_in(&app, "ada@example.com").await;
    let mut answers = Vec::new();
    for path in OPEN {
        answers.push((path, app.send(page(path)).await));
    }
    for path in ACCOUNT {
        answers.push((path, browser.get(path).await));
        answers.push((path, app.get(path).await));
        answers.push((path, browser.post(path, &[]).await));
    }
    for (path, answer) in answers {
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(
            answer.headers.get_all("content-type").iter().count().min(1),
            usize::from(answer.status != 303)
        );
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{path}: {policy}");
        let html = answer.html();
        for inline in
            ["<style", " style=", "<script>", " onclick", " onload", "javascript:", "http://", "https://"]
        {
            assert!(!html.contains(inline), "{path}: {inline}");
        }
    }
}

/// PG-01: whatever comes in by an address, a field or a name is text on the page.
#[tokio::test]
async fn pg_01_a_canary_is_never_markup() {
    const CANARY: &str = "x\"'><canary a=b>&{{7*7919}}";
    let app = TestApp::with(&format!(
        "[[realm]]\nname = \"default\"\ndisplay_name = {CANARY:?}\n[[realm.user]]\nemail = \"ada@example.com\"\n\
         name = {CANARY:?}\npassword = \"the engine weaves algebra\"\n"
    ))
    .await;
    let browser = Browser::new(&app);
    let encoded: String = url::form_urlencoded::byte_serialize(CANARY.as_bytes()).collect();
    let mut answers = Vec::new();
    let names = [
        "flow",
        "error",
        "error_description",
        "ui_locales",
        "language",
        "login_hint",
        "state",
        "other",
        "client_name",
        "return_to",
        "continue",
        CANARY,
    ];
    for path in OPEN {
        for name in names {
            let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
            answers.push(app.send(page(&format!("{path}?{name}={encoded}"))).await);
        }
    }
    answers.push(app.send(page(&format!("/{encoded}"))).await);
    for path in ["/sign-in", "/sign-up"] {
        let fields = [("username", CANARY), ("password", CANARY), ("name", CANARY), ("remember", CANARY)];
        answers.push(browser.submit(path, &fields).await);
    }
    browser.sign_in("ada@example.com").await;
    for path in ACCOUNT {
        answers.push(browser.get(&format!("{path}?before={encoded}&{encoded}={encoded}")).await);
    }
    answers.push(browser.get("/sign-out").await);
    answers.push(browser.submit("/account/profile", &[("name", &format!("{CANARY}\u{200b}"))]).await);
    for answer in answers {
        let html = answer.html();
        assert!(!html.contains("<canary") && !html.contains("'><") && !html.contains("55433"), "{html}");
        assert!(!answer.headers.values().any(|value| value.as_bytes().windows(7).any(|w| w == b"<canary")));
    }
}

/// OA-16: no parameter leads anywhere else.
#[tokio::test]
async fn oa_16_nothing_leads_to_another_origin() {
    let app = TestApp::new().await;
    app.register("ada@example.com").await;
    for name in ["return_to", "continue", "next", "redirect_uri", "RelayState", "url", "flow"] {
        for target in ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"] {
            let browser = Browser::new(&app);
            let encoded: String = url::form_urlencoded::byte_serialize(target.as_bytes()).collect();
            let path = format!("/sign-in?{name}={encoded}");
            let asked = browser.get(&path).await;
            if asked.status != 200 {
                assert_eq!(asked.status, 400, "{path}");
                continue;
            }
            let fields = [("username", "ada@example.com"), ("password", PASSWORD), (name, target)];
            let answer = browser.fill(&asked, &fields).await;
            if answer.status == 303 {
                assert_eq!(answer.location(), "/account/profile", "{path}");
            } else {
                assert_eq!(answer.status, 400, "{path}");
            }
        }
    }
    // A path with two slashes is no page of ours, and not where a sign-in leads.
    for path in
        ["//evil.example/account/profile", "/account//evil.example", "/account/profile/..//evil.example"]
    {
        assert_eq!(app.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_page_speaks_the_language_of_the_person() {
    let app = TestApp::new().await;
    let browser = Browser::new(&app);
    let german = browser
        .request(Method::GET, "/sign-in")
        .header(header::ACCEPT_LANGUAGE, "fr, de-CH;q=0.9, en;q=0.5")
        .body(Body::empty())
        .unwrap();
    assert!(browser.send(german).await.html().contains("<html lang=\"de\" dir=\"ltr\">"));
    let html = browser.get("/sign-in?ui_locales=ar%20de").await.html();
    assert!(html.contains("<html lang=\"ar\" dir=\"rtl\">") && html.contains("تسجيل الدخول"));
    assert!(
        html.contains("href=\"/sign-in?ui_locales=ar%20de&#38;language=de\"") || html.contains("language=de")
    );
    assert!(
        browser.get("/sign-in").await.html().contains("lang=\"en\""),
        "an application's wish is not kept"
    );
    browser.get("/sign-in?language=de").await;
    let html = browser.get("/sign-in?ui_locales=ar").await.html();
    assert!(html.contains("<html lang=\"de\""), "a person's choice is, and is stronger");
    for odd in ["%00", "xx", "en%0d%0aset-cookie:x", ""] {
        assert_eq!(
            Browser::new(&app).get(&format!("/sign-in?language={odd}&ui_locales={odd}")).await.status,
            200
        );
    }
}

/// The link of the menu that leads to the same page in German.
fn in_german(answer: &Answer) -> String {
    let html = answer.html();
    let (before, _) = html.split_once("language=de\"").unwrap();
    let (_, link) = before.rsplit_once("href=\"").unwrap();
    format!("{link}language=de").replace("&#38;", "&")
}

#[tokio::test]
async fn another_language_keeps_what_the_sign_in_is_for() {
    let app = TestApp::new().await;
    app.register("ada@example.com").await;
    let browser = Browser::new(&app);
    let asked = browser.get("/account/sessions").await;
    let page = browser.get(asked.location()).await;
    let flow = page.hidden("flow").unwrap();
    let wrong = browser.fill(&page, &[("username", "ada@example.com"), ("password", "wrong password")]).await;
    let stale = browser.post("/sign-in", &[("flow", flow.as_str()), ("csrf", "x")]).await;
    let weak = [("flow", flow.as_str()), ("name", ""), ("username", ""), ("password", "")];
    let weak = browser.submit("/sign-up", &weak).await;
    let stale_sign_up = browser.post("/sign-up", &[("flow", flow.as_str()), ("csrf", "x")]).await;
    for (answer, status) in [(&page, 200), (&wrong, 403), (&stale, 403), (&weak, 422), (&stale_sign_up, 403)]
    {
        assert_eq!(answer.status, status);
        let link = in_german(answer);
        assert_eq!(link.matches("flow=").count(), 1, "{link}");
        let german = browser.get(&link).await;
        assert!(german.html().contains("<html lang=\"de\""), "{link}");
        assert_eq!(german.hidden("flow").as_deref(), Some(flow.as_str()), "{link}");
    }
    let german = browser.get(&in_german(&wrong)).await;
    let done = browser.fill(&german, &[("username", "ada@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(done.location(), "/account/sessions");
}

#[tokio::test]
async fn assets_are_kept_for_ever_and_asked_for_once() {
    let app = TestApp::with("[[realm]]\nname = \"default\"\naccent = \"#FFb300\"\n").await;
    let html = app.get("/sign-in").await.html();
    let links: Vec<_> = ["href=\"/assets/", "src=\"/assets/"]
        .iter()
        .flat_map(|start| {
            html.split(start).skip(1).map(|rest| format!("/assets/{}", rest.split('"').next().unwrap()))
        })
        .collect();
    assert_eq!(links.len(), 5, "{links:?}");
    let mut weight = html.len();
    for link in &links {
        let answer = app.get(link).await;
        assert_eq!(answer.status, 200, "{link}");
        assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
        assert_eq!(
            answer.header("content-security-policy"),
            Some("default-src 'none'; frame-ancestors 'none'")
        );
        assert_eq!(answer.header("set-cookie"), None);
        weight += answer.body.len();
        let tag = answer.header("etag").unwrap().to_owned();
        let again = Request::get(link.as_str()).header("host", "127.0.0.1:8400").header("if-none-match", tag);
        let again = app.send(again.body(Body::empty()).unwrap()).await;
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    }
    assert!(weight <= 30_000, "{weight} bytes");
    let accent = links.iter().find(|link| link.contains("accent")).unwrap();
    assert_eq!(app.get(accent).await.body, b":root { --accent: #ffb300; }\n");
    // PG-03: an accent is a colour, and there is nothing else to load.
    for bad in [
        "/assets/accent/ffb30",
        "/assets/accent/ffb30g",
        "/assets/accent/red;}",
        "/assets/x/../pages.css",
        "/assets/x/y",
    ] {
        assert_eq!(app.get(bad).await.status, 404, "{bad}");
    }
    let other = app.get("/assets/0000000000000000/pages.css").await;
    assert_eq!((other.status.as_u16(), other.header("cache-control")), (200, Some("no-store")));
}

/// PG-03: a colour is validated; nothing of a realm is free CSS or a picture from elsewhere.
#[tokio::test]
async fn pg_03_a_realm_brings_a_colour_and_no_style() {
    let app = TestApp::new().await;
    for bad in ["red", "#fff", "#ffb300; background: url(//evil.example)", "url(x)", ""] {
        let refused = app.refused(&format!("[[realm]]\nname = \"default\"\naccent = {bad:?}\n")).await;
        assert!(refused.contains("a colour is # and six hexadecimal digits"), "{refused}");
    }
}

/// A picture of so many pixels.
fn picture(side: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = png::Encoder::new(&mut file, side, side).write_header().unwrap();
    writer.write_image_data(&vec![7; (side * side) as usize]).unwrap();
    writer.finish().unwrap();
    file
}

/// PG-03: a picture is a PNG that this server drew, at an address of its own, in the realm that has it and nowhere else.
#[tokio::test]
async fn pg_03_a_realm_brings_a_picture_and_no_document() {
    let app = TestApp::new().await;
    let beside = |name: &str| app.data_dir().parent().unwrap().join(name);
    std::fs::write(beside("logo.png"), [&picture(48)[..], b"<script>alert(1)</script>"].concat()).unwrap();
    std::fs::write(beside("drawing.png"), "<svg onload=alert(1)>").unwrap();
    std::fs::write(beside("poster.png"), picture(300)).unwrap();
    for (named, said) in [
        ("drawing.png", "logo: a logo is a PNG picture"),
        ("poster.png", "logo: a logo has 256 by 256 pixels at most"),
        ("nowhere.png", "nowhere.png cannot be read"),
        ("data:image/svg+xml;base64,PHN2Zz4=", "a logo is a PNG picture"),
    ] {
        let refused = app.refused(&format!("[[realm]]\nname = \"acme\"\nlogo = {named:?}\n")).await;
        assert!(refused.contains(said), "{refused}");
    }
    let file = "[[realm]]\nname = \"acme\"\nlogo = \"logo.png\"\n";
    assert_eq!(app.apply(file).await, ["created realm acme"]);
    assert_eq!(app.apply(file).await, [""; 0], "drawn again it is the same");

    let page = app.get("/r/acme/sign-in").await;
    let address = page.between("<img class=\"mark\" src=\"", "\"").unwrap();
    assert!(address.starts_with("/r/acme/assets/logo/"), "{address}");
    assert!(page.html().contains(&format!("<link rel=\"icon\" type=\"image/png\" href=\"{address}\">")));
    let shown = app.get(&address).await;
    assert_eq!((shown.status.as_u16(), shown.header("content-type")), (200, Some("image/png")));
    assert_eq!(shown.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(shown.header("content-security-policy"), Some("default-src 'none'; frame-ancestors 'none'"));
    assert_eq!(shown.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert!(!String::from_utf8_lossy(&shown.body).contains("script"));
    for elsewhere in [address.trim_start_matches("/r/acme"), "/r/acme/assets/logo/0000000000000000"] {
        assert_eq!(app.get(elsewhere).await.status, 404, "{elsewhere}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_told_to_people_as_a_page_and_to_programs_as_a_problem() {
    let app = TestApp::new().await;
    let answer = app.send(page("/nowhere")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.between("id=\"error-code\">", "<").as_deref()),
        (404, Some("not_found"))
    );
    assert!(answer.html().contains("There is no page here"));
    assert_eq!(app.get("/nowhere").await.brief(), "404 not_found");
    // Whoever types the name of the server is led to their account, and a program is not.
    assert_eq!(app.send(page("/")).await.location(), "/account/profile");
    assert_eq!(app.send(page("/r/default/")).await.location(), "/r/default/account/profile");
    assert_eq!(app.get("/").await.brief(), "404 not_found");
    // A form that cannot be read is told on a page too.
    let browser = Browser::new(&app);
    let answer = browser.post("/sign-in", &[("csrf", "x"), ("csrf", "y")]).await;
    assert_eq!(answer.status, 400);
    assert!(answer.html().contains("id=\"error-code\">invalid_body<"));
}

/// PG-04: templates are compiled, and what a realm or a person brings is none of them.
/// A client of Better Auth whose URL lacks `/api/auth` asks here.
#[tokio::test]
async fn a_program_that_sends_json_to_a_page_is_told_where_the_api_is() {
    let app = TestApp::new().await;
    let post =
        app.post("/sign-in/email", serde_json::json!({"email": "ada@example.com", "password": "x"})).await;
    assert_eq!(post.brief(), "404 page_for_people");
    assert_eq!(post.header("content-type"), Some("application/problem+json"));
    assert!(post.text("detail").contains("/api/auth"), "{post:?}");
    let get = async |accept: &str| {
        let request = Request::get("/sign-in").header("host", "127.0.0.1:8400").header("accept", accept);
        app.send(request.body(Body::empty()).unwrap()).await
    };
    assert_eq!(get("application/json").await.brief(), "404 page_for_people");
    for browser in ["text/html,application/json", "*/*", "application/json, text/plain, */*"] {
        let page = get(browser).await;
        assert_eq!(page.status, 200, "{browser}");
        assert!(page.header("content-type").unwrap().starts_with("text/html"), "{browser}");
    }
}

#[tokio::test]
async fn pg_04_what_looks_like_a_template_is_text() {
    const TEMPLATE: &str = "{{7*7919}}{% include 'x' %}${7*7919}<%= 7*7919 %>#{7*7919}{client}";
    let app = TestApp::with(&format!(
        "[[realm]]\nname = \"default\"\ndisplay_name = {TEMPLATE:?}\n[[realm.user]]\nemail = \"ada@example.com\"\n\
         name = {TEMPLATE:?}\npassword = \"the engine weaves algebra\"\n"
    ))
    .await;
    let browser = Browser::new(&app);
    let page = browser.get("/sign-in").await;
    assert_eq!(
        browser.fill(&page, &[("username", "ada@example.com"), ("password", PASSWORD)]).await.status,
        303
    );
    for answer in [page, browser.get("/account/profile").await] {
        let html = answer.html();
        assert!(html.contains("{{7*7919}}{% include") && html.contains("{client}"), "{html}");
        assert!(!html.contains("55433"), "{html}");
    }
}
