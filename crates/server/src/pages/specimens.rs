//! The pages that other handlers show, with the oddest content: rendered and looked at.

use axum::{extract::FromRequestParts as _, http::Request, response::Response};
use gatepost_domain::{Scope, Timestamp, User, UserId};
use http_body_util::BodyExt as _;

use super::{Consent, DeviceRequest, Frame, SignOut};
use crate::{
    App, Clock, Config, Given, Reached,
    browser::{Flow, Jar, Target},
    realm::InRealm,
};

const EVIL: &str = "\"><script>alert(1)</script>'&{{7*7}}";

struct Specimens {
    _folder: tempfile::TempDir,
    app: App,
}

impl Specimens {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let given = Given { data_dir: Some(folder.path().join("data")), ..Given::default() };
        let config = Config::load(given, []).unwrap();
        let clock = Clock::manual(Timestamp::from_unix_seconds(1_800_000_000));
        let app = App::open(&config, clock, Reached::At("http://127.0.0.1:8400")).await.unwrap();
        Self { _folder: folder, app }
    }

    async fn frame(&self, path: &str) -> Frame {
        let (mut parts, ()) = Request::get(path).body(()).unwrap().into_parts();
        let realm = self.app.realms().named(&self.app, "default").await.unwrap().unwrap();
        parts.extensions.insert(InRealm(realm));
        parts.extensions.insert(Jar::default());
        Frame::from_request_parts(&mut parts, &self.app).await.unwrap()
    }

    fn user(&self) -> User {
        let now = self.app.clock().now();
        let mut user = User::new(UserId::MIN, gatepost_domain::RealmId::MIN, now);
        user.email = Some("ada@example.com".parse().unwrap());
        user.name = Some(EVIL.parse().unwrap());
        user
    }

    fn flow(&self, returns_to: &str) -> Flow {
        let mut flow = Flow::to(Target::Authorize(EVIL.to_owned()), self.app.clock().now());
        flow.client_name = Some(EVIL.to_owned());
        flow.returns_to = Some(returns_to.to_owned());
        flow.ui_locales = Some("de".to_owned());
        flow
    }
}

/// The page, its status and its policy, once it is certain that nothing in it is markup of somebody else's.
async fn read(response: Response) -> (u16, String, String) {
    let (parts, body) = response.into_parts();
    let html = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    assert!(!html.contains("<script>") && !html.contains("\"><script>"), "{html}");
    let policy = parts.headers["content-security-policy"].to_str().unwrap().to_owned();
    (parts.status.as_u16(), html, policy)
}

fn scope(text: &str) -> Scope {
    text.parse().unwrap()
}

#[tokio::test]
async fn pg_01_consent_says_who_asks_for_what_and_nothing_of_it_is_markup() {
    let specimens = Specimens::new().await;
    let (user, flow) = (specimens.user(), specimens.flow("https://reef.example/callback"));
    let scopes = [
        (scope("openid"), false),
        (scope("profile"), false),
        (scope("offline_access"), false),
        (scope("notes:write"), true),
        (scope("'<script>'"), false),
    ];
    let consent = Consent {
        client: EVIL,
        host: Some("reef.example"),
        unchecked: Some(super::Unchecked::Described("evil.example")),
        user: &user,
        scopes: &scopes,
        flow: (&flow, "SEALED"),
        stale: false,
    };
    let (status, html, policy) = read(super::consent(specimens.frame("/consent").await, &consent)).await;
    assert_eq!(status, 200);
    for part in [
        "id=\"consent-approve\"",
        "id=\"consent-deny\"",
        "name=\"csrf\"",
        "name=\"flow\" value=\"SEALED\"",
        "action=\"/consent\"",
        "<html lang=\"de\"",
        "Sehen, wer Sie sind",
        "reef.example",
        "<b><bdi>evil.example</bdi></b>",
        "/sign-in?flow=SEALED",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert_eq!(html.matches("tag care").count(), 1, "one is new");
    assert!(!html.contains("Erkennen, dass"), "that one is known goes without saying");
    assert!(policy.contains("form-action 'self' https: http://localhost:*"), "{policy}");
    let stale = Consent { stale: true, ..consent };
    assert_eq!(read(super::consent(specimens.frame("/consent").await, &stale)).await.0, 403);
}

/// PG-02: a redirect URI adds its scheme to the policy and nothing else.
#[tokio::test]
async fn pg_02_a_redirect_uri_cannot_widen_the_policy_beyond_its_scheme() {
    let specimens = Specimens::new().await;
    let user = specimens.user();
    for (uri, allowed) in [
        ("com.example.app:/callback", Some(" com.example.app:")),
        ("https://reef.example/", Some(" https:")),
        ("x; script-src *:", None),
        ("'unsafe-inline':", None),
        ("http://evil.example", None),
        ("no scheme", None),
    ] {
        let flow = specimens.flow(uri);
        let page = SignOut {
            user: &user,
            action: "/sign-out",
            fields: &[("state", EVIL)],
            leads_to: Some((&flow, "sealed")),
            stale: false,
        };
        let (_, html, policy) =
            read(super::sign_out_page(specimens.frame("/oidc/logout").await, &page)).await;
        assert!(html.contains("id=\"logout-confirm\""));
        let base = "form-action 'self' https: http://localhost:* http://127.0.0.1:*";
        let rest = policy.split_once(base).unwrap().1;
        assert!(rest.is_empty() || Some(rest) == allowed, "{uri}: {policy}");
        assert!(!policy.contains("script-src *") && !policy.contains("unsafe"), "{policy}");
    }
}

#[tokio::test]
async fn pg_01_devices_and_errors_show_what_they_were_given_as_text() {
    let specimens = Specimens::new().await;
    let user = specimens.user();
    let frame = specimens.frame("/device?language=ar").await;
    let (status, html, policy) =
        read(super::device_code(&frame, EVIL, Some(super::AskedAgain::Unknown))).await;
    assert_eq!(status, 422);
    assert!(
        html.contains("id=\"user_code\"") && html.contains("aria-invalid") && html.contains("dir=\"rtl\"")
    );
    assert!(policy.ends_with("form-action 'self'"));
    let device =
        DeviceRequest { client: EVIL, user_code: "WDJB-MJHT", scopes: &[scope("notes:read")], user: &user };
    let (_, html, _) = read(super::device_confirm(&frame, &device)).await;
    assert!(
        html.contains("WDJB-MJHT")
            && html.contains("id=\"device-approve\"")
            && html.contains("id=\"device-deny\"")
    );
    for connected in [true, false] {
        assert_eq!(read(super::device_outcome(&frame, connected)).await.0, 200);
    }
    let answer = super::error(&frame, axum::http::StatusCode::BAD_REQUEST, "invalid_redirect_uri", EVIL);
    let (status, html, _) = read(answer).await;
    assert_eq!(status, 400);
    assert!(html.contains("id=\"error-code\">invalid_redirect_uri<"));
    assert_eq!(read(super::signed_out(&frame)).await.0, 200);
    assert_eq!(read(super::flow_lost(&frame)).await.0, 400);
}
