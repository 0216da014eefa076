//! MF-05, MF-06: an organization asks for a second factor, and nobody acts in it without. Nothing else of an account is closed.

use axum::http::{Method, header};
use serde_json::{Value, json};

use super::{
    claims, half, set_up, sign_in, trail,
    trusted::{COOKIE, STEP, post},
};
use crate::{
    oauth::relying_party as rp,
    pages::browser::Browser,
    support::{Answer, Authenticator, PASSWORD, Person, SoftPasskey, TestApp, person, request},
};

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";
const ORGANIZATIONS: &str = "/api/v1/organizations";

/// An organization of Ada, who has an app on her phone, and of Bob, who has none.
pub(super) struct World {
    pub(super) app: TestApp,
    /// With both factors.
    pub(super) ada: Person,
    pub(super) phone: Authenticator,
    pub(super) bob: Person,
    pub(super) id: String,
}

const MORE: &str = r#"
[[realm.client]]
id = "tv"
public = true
grants = ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"]
scopes = ["openid", "notes:read"]
[[realm.user]]
email = "bob@example.com"
email_verified = true
password = "the engine weaves algebra"
"#;

impl World {
    pub(super) async fn new() -> Self {
        Self::saying("").await
    }

    /// In a realm with these settings.
    pub(super) async fn saying(settings: &str) -> Self {
        let keys = "organization_roles = [\"reader\"]\napi_key_scopes = [\"ci\"]";
        let realm =
            rp::REALM.replacen("name = \"default\"", &format!("name = \"default\"\n{keys}\n{settings}"), 1);
        let app = TestApp::with(&format!("{realm}{MORE}")).await;
        let (phone, _) = set_up(&app, &app.sign_in(ADA).await).await;
        let ada = sign_in(&app, ADA, &phone).await;
        let body = json!({"name": "Acme", "slug": "acme"});
        let id = app.ask(&ada, Method::POST, ORGANIZATIONS, Some(body)).await.text("id");
        let bob = app.sign_in(BOB).await;
        let world = Self { app, ada, phone, bob, id };
        world.join(json!(["owner", "reader"])).await;
        world
    }

    pub(super) fn path(&self, rest: &str) -> String {
        format!("{ORGANIZATIONS}/{}{rest}", self.id)
    }

    /// Bob is invited, and accepts.
    async fn join(&self, roles: Value) {
        let body = json!({"email": BOB, "roles": roles});
        let path = self.path("/invitations");
        let token = self.app.ask(&self.ada, Method::POST, &path, Some(body)).await.text("token");
        let path = "/api/v1/invitations/accept";
        let joined = self.app.ask(&self.bob, Method::POST, path, Some(json!({"token": token}))).await;
        assert_eq!(joined.status, 200, "{joined:?}");
    }

    async fn say(&self, who: &Person, mfa: &str) -> Answer {
        self.app.ask(who, Method::PATCH, &self.path(""), Some(json!({"mfa": mfa}))).await
    }

    /// From now on it asks for a second factor.
    pub(super) async fn ask(&self) {
        self.ask_as(&self.ada).await;
    }

    /// The same, as Ada is signed in now.
    pub(super) async fn ask_as(&self, ada: &Person) {
        let said = self.say(ada, "required").await;
        assert_eq!((said.status.as_u16(), said.text("mfa")), (200, "required".into()), "{said:?}");
    }

    pub(super) async fn switch(&self, who: &Person) -> Answer {
        let body = json!({"organization": self.id});
        self.app.ask(who, Method::POST, "/api/v1/me/organization", Some(body)).await
    }

    async fn exchange(&self, token: &str) -> Answer {
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("subject_token", token),
            ("organization_id", &self.id),
        ];
        rp::token(&self.app, None, &form).await
    }

    async fn is_active(&self, token: &str) -> bool {
        let web = ("web", rp::SECRET);
        let answer = rp::post(&self.app, "/oauth/introspect", web, &[("token", token)]).await;
        answer.json()["active"].as_bool().unwrap_or_else(|| panic!("{answer:?}"))
    }
}

fn organization(answer: &Answer) -> Value {
    claims(&answer.text("access_token"))["org_id"].clone()
}

/// Every route of members that does something in the organization.
async fn acts(world: &World, who: &Person) -> Vec<String> {
    let mut briefs = vec![world.switch(who).await.brief()];
    for (method, rest, body) in [
        (Method::GET, "/members", None),
        (Method::PATCH, "", Some(json!({"name": "Acme Ltd"}))),
        (Method::PATCH, &*format!("/members/{}", world.bob.id), Some(json!({"roles": ["owner", "reader"]}))),
        (Method::GET, "/invitations", None),
        (Method::POST, "/invitations", Some(json!({"email": "cleo@example.com", "roles": []}))),
        (Method::GET, "/api-keys", None),
        (Method::POST, "/api-keys", Some(json!({"name": "ci", "scopes": ["ci"]}))),
    ] {
        briefs.push(world.app.ask(who, method, &world.path(rest), body).await.brief());
    }
    briefs
}

/// What was invited is taken back, to be invited once more.
async fn take_back(world: &World) {
    let listed = world.app.ask(&world.ada, Method::GET, &world.path("/invitations"), None).await.json();
    let id = listed["invitations"][0]["id"].as_str().unwrap().to_owned();
    let path = world.path(&format!("/invitations/{id}"));
    assert_eq!(world.app.ask(&world.ada, Method::DELETE, &path, None).await.status, 204);
}

#[tokio::test]
async fn mf_05_nobody_acts_in_an_organization_that_asks_for_a_second_factor_without_one() {
    let world = World::new().await;
    let (app, before) = (&world.app, world.app.sign_in(BOB).await);
    assert!(acts(&world, &world.bob).await.iter().all(|brief| brief.starts_with('2')));
    take_back(&world).await;
    world.ask().await;
    for brief in acts(&world, &world.bob).await {
        assert_eq!(brief, "403 mfa_setup_required");
    }
    // That it is there, what it asks for, and the rest of the account stay open.
    let shown = app.ask(&world.bob, Method::GET, &world.path(""), None).await;
    assert_eq!((shown.status.as_u16(), shown.text("mfa")), (200, "required".into()));
    assert!(shown.json()["mfa_required_since"].is_string());
    let listed = app.ask(&world.bob, Method::GET, ORGANIZATIONS, None).await.json();
    assert_eq!(listed["organizations"][0]["mfa"], "required");
    assert_eq!(app.ask(&world.bob, Method::GET, "/api/v1/me", None).await.status, 200);
    assert_eq!(app.login(BOB).await.status, 200);

    // The session in which he sets one up has two from then on; one from before has to show it.
    let (phone, _) = set_up(app, &world.bob).await;
    assert!(acts(&world, &world.bob).await.iter().all(|brief| brief.starts_with('2')));
    take_back(&world).await;
    for brief in acts(&world, &before).await {
        assert_eq!(brief, "401 reauthentication_required");
    }
    let refused = world.switch(&before).await;
    let challenge = refused.header(header::WWW_AUTHENTICATE.as_str()).unwrap();
    assert!(
        challenge.contains("insufficient_user_authentication") && challenge.contains("acr_values=\"2\""),
        "{challenge}"
    );
    let again = sign_in(app, BOB, &phone).await;
    assert_eq!(organization(&world.switch(&again).await), json!(world.id));
}

#[tokio::test]
async fn mf_05_a_passkey_alone_is_enough_for_an_organization() {
    let world = World::new().await;
    world.ask().await;
    let mut key = SoftPasskey::es256();
    world.app.add_passkey(&world.bob, &mut key).await;
    let bob = world.app.sign_in_with(&key).await;
    assert_eq!(organization(&world.switch(&bob).await), json!(world.id));
}

/// Nothing ends at once: the token that is out goes on until it is refreshed, and then speaks of the organization no more.
#[tokio::test]
async fn mf_05_a_refresh_speaks_of_the_organization_no_more_until_the_factor_is_there() {
    let world = World::new().await;
    let app = &world.app;
    let switched = world.switch(&world.bob).await;
    let token = switched.text("access_token");
    assert!(world.is_active(&token).await);
    world.ask().await;
    assert!(!world.is_active(&token).await, "asked now, it is not good there any more");
    let member = Person { access_token: token, ..world.bob.clone() };
    assert_eq!(app.ask(&member, Method::GET, "/api/v1/me", None).await.status, 200);

    let refreshed = app.refresh(&world.bob.refresh_token).await;
    assert_eq!((refreshed.status.as_u16(), organization(&refreshed)), (200, Value::Null));
    assert!(world.is_active(&refreshed.text("access_token")).await);
    set_up(app, &world.bob).await;
    let refreshed = app.refresh(&refreshed.text("refresh_token")).await;
    assert_eq!(organization(&refreshed), json!(world.id));
    assert!(world.is_active(&refreshed.text("access_token")).await);
}

/// Whatever application holds the token, and however it came by it.
#[tokio::test]
async fn mf_05_no_token_is_exchanged_for_one_of_an_organization_whose_factor_was_not_shown() {
    let world = World::new().await;
    let app = &world.app;
    world.ask().await;
    let browser = Browser::new(app);
    let offered = browser.sign_in(BOB).await;
    let page = browser.get(offered.location()).await;
    assert_eq!(browser.fill(&page, &[("act", "later")]).await.location(), "/account/profile");
    let asking = rp::asking().with("scope", "openid offline_access").with("prompt", "consent");
    let code = rp::redeem(app, &rp::code(&browser, &asking).await).await;
    let device = rp::device(app, &browser, "tv").await;
    for token in [&world.bob.access_token, &code.text("access_token"), &device.text("access_token")] {
        let refused = world.exchange(token).await;
        assert_eq!(rp::error(&refused), "400 insufficient_user_authentication", "{refused:?}");
    }
    let refreshed = rp::refresh(app, &code.text("refresh_token"), &[]).await;
    let refused = world.exchange(&refreshed.text("access_token")).await;
    assert_eq!(rp::error(&refused), "400 insufficient_user_authentication");

    // To who does not belong there it says nothing.
    app.register("eve@example.com").await;
    let eve = app.sign_in("eve@example.com").await;
    assert_eq!(rp::error(&world.exchange(&eve.access_token).await), "400 invalid_target");
    assert_eq!(world.switch(&eve).await.brief(), "404 not_found");

    // Both factors, in the browser: what applications get of that session is good there.
    app.advance(std::time::Duration::from_secs(30));
    let browser = Browser::new(app);
    let step = browser.sign_in(ADA).await.location().to_owned();
    assert_eq!(browser.submit(&step, &[("code", &world.phone.code(app))]).await.status, 303);
    for token in
        [rp::redeem(app, &rp::code(&browser, &asking).await).await, rp::device(app, &browser, "tv").await]
    {
        let exchanged = world.exchange(&token.text("access_token")).await;
        assert_eq!(organization(&exchanged), json!(world.id), "{exchanged:?}");
    }
}

/// RFC 9470: the application sends them to sign in at that level, and there they set one up, or do not.
#[tokio::test]
async fn mf_08_an_application_leads_a_member_to_set_a_factor_up() {
    let world = World::new().await;
    let app = &world.app;
    world.ask().await;
    let signed_in = async || {
        let browser = Browser::new(app);
        let page = browser.get(browser.sign_in(BOB).await.location()).await;
        assert_eq!(browser.fill(&page, &[("act", "later")]).await.status, 303);
        app.advance(std::time::Duration::from_mins(1));
        browser
    };
    let stronger = rp::asking().with("acr_values", "2");
    let again = async |browser: &Browser<'_>| {
        let page = rp::open(browser, &stronger).await;
        assert!(page.html().contains("id=\"login-submit\""), "{}", page.html());
        let step = browser.fill(&page, &[("username", BOB), ("password", PASSWORD)]).await;
        browser.get(step.location()).await
    };
    let browser = signed_in().await;
    let silent = rp::open(&browser, &stronger.clone().with("prompt", "none")).await;
    assert_ne!(rp::returned(&silent)["error"], "login_required", "a wish is no reason to refuse");
    // Later: once, and the token says how it is.
    let page = again(&browser).await;
    let on = rp::follow(&browser, browser.fill(&page, &[("act", "later")]).await).await;
    let back = rp::approve(&browser, &on).await;
    let tokens = rp::redeem(app, &rp::returned(&back)["code"]).await;
    assert_eq!(claims(&tokens.text("id_token"))["acr"], "1");
    // Now: what the application gets is good in the organization.
    let browser = signed_in().await;
    let page = again(&browser).await;
    let flow = page.hidden("flow").unwrap();
    let page = browser.get(&format!("/sign-in/mfa?flow={flow}&method=totp")).await;
    let phone = Authenticator::of(&page.between("id=\"totp-key\">", "<").unwrap().replace(' ', ""));
    let codes = browser.fill(&page, &[("code", &phone.code(app))]).await;
    let flow = codes.hidden("flow").unwrap();
    let saved = browser.get(&format!("/account/recovery-codes/saved?flow={flow}&saved=1")).await;
    let back = rp::follow(&browser, saved).await;
    let back = if back.status == 200 { rp::approve(&browser, &back).await } else { back };
    let tokens = rp::redeem(app, &rp::returned(&back)["code"]).await;
    assert_eq!(claims(&tokens.text("id_token"))["acr"], "2");
    let exchanged = world.exchange(&tokens.text("access_token")).await;
    assert_eq!(organization(&exchanged), json!(world.id), "{exchanged:?}");
}

#[tokio::test]
async fn an_owner_without_a_second_factor_does_not_lock_themself_out() {
    let world = World::new().await;
    let app = &world.app;
    let before = app.sign_in(BOB).await;
    assert_eq!(world.say(&world.bob, "required").await.brief(), "403 mfa_setup_required");
    set_up(app, &world.bob).await;
    assert_eq!(world.say(&before, "required").await.brief(), "401 reauthentication_required");
    assert_eq!(world.say(&world.bob, "always").await.brief(), "422 invalid_field");
    let shown = app.ask(&world.bob, Method::GET, &world.path(""), None).await;
    let tag = shown.header("etag").unwrap().to_owned();
    let body = json!({"mfa": "required"});
    let mut asking = request(Method::PATCH, &world.path(""), Some(&world.bob.access_token), Some(body));
    asking.headers_mut().insert(header::IF_MATCH, tag.parse().unwrap());
    assert_eq!(app.send(asking).await.status, 200);
    let mut late = request(
        Method::PATCH,
        &world.path(""),
        Some(&world.bob.access_token),
        Some(json!({"mfa": "inherit"})),
    );
    late.headers_mut().insert(header::IF_MATCH, tag.parse().unwrap());
    assert_eq!(app.send(late).await.brief(), "412 changed_meanwhile");

    let admin = app.admin().await;
    let told = trail(app, &admin, "organization-updated").await;
    assert_eq!(
        (&told[0]["detail"]["before"], &told[0]["detail"]["after"]),
        (&json!("inherit"), &json!("required"))
    );
}

/// Whoever has the password of an owner, and no more, turns nothing off, also while nobody misses the factor.
#[tokio::test]
async fn mf_06_a_password_alone_does_not_take_the_demand_of_an_organization_back() {
    let world = World::saying("mfa_grace = \"7d\"").await;
    world.ask().await;
    assert_eq!(organization(&world.switch(&world.bob).await), json!(world.id), "there is a grace");
    assert_eq!(world.say(&world.bob, "inherit").await.brief(), "403 mfa_setup_required");
    // Saying once more what is said already needs nothing, and begins nothing anew.
    assert_eq!(world.say(&world.bob, "required").await.status, 200);
    world.app.advance(std::time::Duration::from_hours(7 * 24));
    let bob = world.app.sign_in(BOB).await;
    assert_eq!(world.switch(&bob).await.brief(), "403 mfa_setup_required");
}

#[tokio::test]
async fn an_administrator_says_what_an_organization_asks() {
    let world = World::new().await;
    let (app, admin) = (&world.app, world.app.admin().await);
    let path = format!("/api/v1/admin/organizations/{}", world.id);
    let said = app.ask(&admin, Method::PATCH, &path, Some(json!({"mfa": "required"}))).await;
    assert_eq!((said.status.as_u16(), said.text("mfa")), (200, "required".into()));
    assert_eq!(world.switch(&world.bob).await.brief(), "403 mfa_setup_required");
    // An administrator acts for the realm, and is no member.
    let members = app.ask(&admin, Method::GET, &format!("{path}/members"), None).await;
    assert_eq!(members.json()["members"].as_array().unwrap().len(), 2);
    let said = app.ask(&admin, Method::PATCH, &path, Some(json!({"mfa": "inherit"}))).await;
    assert_eq!(said.text("mfa"), "inherit");
    assert_eq!(said.json().get("mfa_required_since"), None);
    assert_eq!(world.switch(&world.bob).await.status, 200);
}

#[tokio::test]
async fn where_nobody_can_set_a_factor_up_no_organization_asks_for_one() {
    let world = World::new().await;
    let (app, admin) = (&world.app, world.app.admin().await);
    app.apply("[[realm]]\nname = \"default\"\nmfa = \"off\"\n").await;
    let refused = world.say(&world.ada, "required").await;
    assert_eq!(refused.brief(), "422 invalid_field");
    assert!(refused.text("detail").contains("second factors off"), "{refused:?}");
    app.apply("[[realm]]\nname = \"default\"\nmfa = \"optional\"\n").await;
    world.ask().await;
    let off = json!({"settings": {"mfa": "off"}});
    let refused = app.ask(&admin, Method::PATCH, "/api/v1/admin/realm", Some(off.clone())).await;
    assert_eq!(refused.brief(), "422 invalid_field", "{refused:?}");
    assert!(refused.text("detail").contains("organization acme"), "{refused:?}");
    let refused = app.refused("[[realm]]\nname = \"default\"\nmfa = \"off\"\n").await;
    assert!(refused.contains("organization acme"), "{refused}");
    // One file may say both.
    let both = "[[realm]]\nname = \"default\"\nmfa = \"off\"\n[[realm.organization]]\nslug = \"acme\"\nname = \"Acme\"\n\
                mfa = \"inherit\"\n";
    app.apply(both).await;
    assert_eq!(world.switch(&world.bob).await.status, 200);
}

#[tokio::test]
async fn a_file_says_what_an_organization_asks_and_applied_again_changes_nothing() {
    let world = World::new().await;
    let app = &world.app;
    let organization = |slug: &str, mfa: &str| {
        format!(
            "[[realm]]\nname = \"default\"\n[[realm.organization]]\nslug = \"{slug}\"\nname = \"Acme\"\n{mfa}"
        )
    };
    let since = async || {
        let shown = app.ask(&world.ada, Method::GET, &world.path(""), None).await;
        shown.json()["mfa_required_since"].clone()
    };
    let said = app.apply(&organization("acme", "mfa = \"required\"\n")).await;
    assert!(said.iter().any(|line| line.contains("mfa inherit -> required")), "{said:?}");
    let first = since().await;
    assert!(first.is_string());
    app.advance(std::time::Duration::from_mins(5));
    for file in ["mfa = \"required\"\n", ""] {
        app.apply(&organization("acme", file)).await;
        assert_eq!(since().await, first, "{file}");
    }
    app.apply(&organization("beta", "mfa = \"required\"\nmembers = [{ user = \"bob@example.com\" }]\n"))
        .await;
    let listed = app.ask(&world.bob, Method::GET, ORGANIZATIONS, None).await.json();
    assert_eq!(listed["organizations"][1]["mfa"], "required");
    let refused = app.refused(&organization("acme", "mfa = \"optional\"\n")).await;
    assert!(refused.contains("required") && refused.contains("inherit"), "{refused}");
}

/// An invitation is accepted without a factor; acting is another thing.
#[tokio::test]
async fn an_invitation_is_accepted_without_a_factor_and_one_may_leave_without() {
    let world = World::new().await;
    let app = &world.app;
    let leave = world.path(&format!("/members/{}", world.bob.id));
    world.ask().await;
    assert_eq!(app.ask(&world.bob, Method::DELETE, &leave, None).await.status, 204);
    world.join(json!(["reader"])).await;
    assert_eq!(world.switch(&world.bob).await.brief(), "403 mfa_setup_required");
    assert_eq!(app.ask(&world.bob, Method::DELETE, &leave, None).await.status, 204);
    assert_eq!(world.switch(&world.bob).await.brief(), "404 not_found");
}

/// Keys are no persons: they have no second factor, and are made by those who have shown one.
#[tokio::test]
async fn keys_of_an_organization_go_on() {
    let world = World::new().await;
    let app = &world.app;
    let body = json!({"name": "ci", "scopes": ["ci"]});
    let made = app.ask(&world.bob, Method::POST, &world.path("/api-keys"), Some(body)).await;
    let key = made.text("key");
    world.ask().await;
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token_type", "urn:gatepost:params:oauth:token-type:api-key"),
        ("subject_token", &key),
    ];
    let exchanged = rp::token(app, None, &form).await;
    assert_eq!(organization(&exchanged), json!(world.id), "{exchanged:?}");
    assert!(world.is_active(&exchanged.text("access_token")).await);
}

#[tokio::test]
async fn mf_06_the_last_factor_stays_while_an_organization_asks_for_one() {
    let world = World::new().await;
    let app = &world.app;
    world.ask().await;
    let remove = async |who: &Person| app.ask(who, Method::DELETE, "/api/v1/me/mfa/totp", None).await;
    assert_eq!(remove(&world.ada).await.brief(), "409 last_second_factor");
    let browser = Browser::new(app);
    app.advance(std::time::Duration::from_secs(30));
    let step = browser.sign_in(ADA).await.location().to_owned();
    browser.submit(&step, &[("code", &world.phone.code(app))]).await;
    let page = browser.get("/account/totp").await;
    assert!(page.html().contains("<bdi>Acme</bdi> asks everybody"), "{}", page.html());
    // Bob owns it too: she may leave, and then it is hers to remove.
    let leave = world.path(&format!("/members/{}", world.ada.id));
    assert_eq!(app.ask(&world.ada, Method::DELETE, &leave, None).await.status, 204);
    assert_eq!(remove(&world.ada).await.status, 204);
}

#[tokio::test]
async fn who_signs_in_on_a_page_is_led_to_what_their_organization_asks() {
    let world = World::new().await;
    let app = &world.app;
    world.ask().await;
    let browser = Browser::new(app);
    let step = browser.sign_in(BOB).await.location().to_owned();
    let page = browser.get(&step).await;
    assert!(
        page.html().contains("<bdi>Acme</bdi> asks its members for a second step.")
            && page.html().contains("id=\"mfa-later\""),
        "{}",
        page.html()
    );
    assert_eq!(browser.cookie("__Host-gatepost-default"), None, "nobody is signed in yet");
    assert_eq!(browser.fill(&page, &[("act", "later")]).await.location(), "/account/profile");
    let security = browser.get("/account/security").await.html();
    assert!(security.contains("<bdi>Acme</bdi> asks its members for a second step."), "{security}");
    // Once: the way out is of one sign-in.
    let again = browser.get(&step).await;
    assert!(again.html().contains("This sign-in is over."), "{}", again.html());
    // A program has no page to be offered something on.
    assert_eq!(app.login(BOB).await.status, 200);
    // Whoever has one is asked for it, and there is no later.
    let browser = Browser::new(app);
    let step = browser.sign_in(ADA).await.location().to_owned();
    let page = browser.get(&step).await;
    assert!(!page.html().contains("mfa-later"));
    let around = browser.fill(&page, &[("act", "later")]).await;
    assert!(around.html().contains("This sign-in is over."), "{}", around.html());
    assert_eq!(browser.cookie("__Host-gatepost-default"), None);
}

/// The link in a letter: one joins, and is told what there is to do.
#[tokio::test]
async fn who_joins_on_a_page_is_told_what_the_organization_asks() {
    let world = World::new().await;
    let app = &world.app;
    app.ask(&world.bob, Method::DELETE, &world.path(&format!("/members/{}", world.bob.id)), None).await;
    world.ask().await;
    let body = json!({"email": BOB, "roles": []});
    app.ask(&world.ada, Method::POST, &world.path("/invitations"), Some(body)).await;
    let link = app.link(BOB).await;
    let browser = Browser::new(app);
    assert_eq!(browser.sign_in(BOB).await.location(), "/account/profile", "nobody asks him yet");
    let page = browser.get(&link).await;
    let token = page.hidden("token").unwrap();
    let joined = browser.fill(&page, &[("token", &token)]).await;
    assert!(
        joined.html().contains("asks its members for a second step, and you have none yet")
            && joined.html().contains("href=\"/account/security\""),
        "{}",
        joined.html()
    );
}

#[tokio::test]
async fn mf_05_a_trusted_device_is_no_factor_to_an_organization() {
    let world = World::saying("trusted_device_ttl = \"30d\"").await;
    world.ask().await;
    let app = &world.app;
    app.advance(STEP);
    let body =
        json!({"mfa_token": half(app, ADA).await, "code": world.phone.code(app), "trust_device": true});
    let answer = app.post("/api/v1/login/mfa", body).await;
    let mut cookies = answer.headers.get_all(header::SET_COOKIE).iter().map(|set| set.to_str().unwrap());
    let cookie = cookies.rfind(|set| set.starts_with(COOKIE)).expect("a cookie");
    let login = json!({"email": ADA, "password": PASSWORD});
    let excused = post(app, "/api/v1/login", cookie.split(';').next(), login).await;
    assert_eq!(excused.status, 200, "{excused:?}");
    let excused = person(&excused);
    for brief in acts(&world, &excused).await {
        assert_eq!(brief, "401 reauthentication_required");
    }
    assert_eq!(organization(&world.switch(&person(&answer)).await), json!(world.id), "who showed it acts");
}
