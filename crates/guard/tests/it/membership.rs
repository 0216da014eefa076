//! `X-Organization-ID` of another organization than the token's: the issuer says whether the caller is a member of it.

use std::time::Duration;

use axum::body::Body;
use axum::routing::get as on_get;
use axum::{Extension, Router};
use gatepost_guard::{
    Any, CurrentMember, CurrentUser, Guard, Guarded, Require, Resource, SignedIn, User, organization, role,
};
use gatepost_jose::SigningKey;
use http::Request;
use serde_json::{Value, json};

use crate::support::*;

organization!(InOrganization);
organization!(Globex = "org_globex");
role!(Admin = "admin");

/// Something that admins may have, whatever its organization.
struct Page;

impl Resource<Guard> for Page {
    type Key = u64;

    async fn load(_: u64, _: &Guard) -> Option<Self> {
        Some(Self)
    }

    fn allows(&self, user: &User) -> bool {
        user.has_role("admin")
    }
}

struct World {
    issuer: TestIssuer,
    key: SigningKey,
    clock: TestClock,
    guard: Guard,
    /// Of an admin of `org_acme`.
    admin: String,
}

impl World {
    async fn new() -> Self {
        let key = key("k1");
        let issuer = TestIssuer::start(&[&key]).await;
        let clock = TestClock::new();
        let builder = clock.builder().issuer(&issuer.url).api_keys().time_limit(Duration::from_millis(300));
        let guard = builder.discover().await.unwrap();
        let admin = json!({ "org_id": "org_acme", "roles": ["admin"] });
        let admin = token(&key, &claims(&issuer.url, admin));
        let world = Self { issuer, key, clock, guard, admin };
        world.makes_member(&json!({}));
        world
    }

    /// The issuer exchanges tokens for those of a reader in `org_globex`.
    fn makes_member(&self, more: &Value) {
        let mut member = claims(&self.issuer.url, json!({ "org_id": "org_globex", "roles": ["reader"] }));
        member["exp"] = json!(self.clock.now() + 60);
        for (name, value) in more.as_object().unwrap() {
            member[name] = value.clone();
        }
        self.issuer.grant(&self.key, &member);
    }

    fn app(&self) -> Router {
        let say = |user: &CurrentUser| format!("{} {:?} {:?}", user.id, user.organization_id(), user.roles);
        let guard = &self.guard;
        Router::new()
            .route(
                "/member",
                on_get(async |member: CurrentMember| format!("{} {:?}", member.organization.id, member.roles)),
            )
            .route("/globex", on_get(|_: Require<Globex>| async {}))
            .route("/either", on_get(|_: Require<Any<(Admin, InOrganization)>>| async {}))
            .route("/behind", on_get(move |_: CurrentMember, user: CurrentUser| async move { say(&user) }))
            .route("/user", on_get(move |user: CurrentUser| async move { say(&user) }))
            .route("/admin", on_get(|_: Require<Admin>| async {}))
            .route("/admin-first", on_get(|_: Require<Admin>, _: CurrentMember| async {}))
            .route("/page-first/{id}", on_get(|_: Guarded<Page>, _: CurrentMember| async {}))
            .route("/page-then/{id}", on_get(|_: CurrentMember, _: Guarded<Page>| async {}))
            .route("/admin-then", on_get(|_: CurrentMember, _: Require<Admin>| async {}))
            .route("/admin-layer", on_get(|_: CurrentMember| async {}).layer(guard.require::<Admin>()))
            .route(
                "/layer",
                on_get(move |Extension(user): Extension<CurrentUser>| async move { say(&user) })
                    .layer(guard.require::<Globex>()),
            )
            .route(
                "/extension",
                on_get(move |_: CurrentMember, Extension(user): Extension<CurrentUser>| async move { say(&user) })
                    .layer(guard.require::<SignedIn>()),
            )
            .with_state(guard.clone())
    }

    /// A request of an admin of `org_acme` that names an organization.
    async fn ask(&self, path: &str, organization: &str) -> Answer {
        self.ask_with(&self.admin, path, organization).await
    }

    async fn ask_with(&self, token: &str, path: &str, organization: &str) -> Answer {
        let request = Request::builder()
            .uri(path)
            .header("authorization", bearer(token))
            .header("x-organization-id", organization);
        send(&self.app(), request.body(Body::empty()).unwrap()).await
    }
}

#[tokio::test]
async fn a_member_acts_for_the_organization_that_the_request_names() {
    let world = World::new().await;
    for _ in 0..3 {
        assert_eq!(world.ask("/member", "org_globex").await.body, r#"org_globex ["reader"]"#);
        let as_reader = r#"usr_ada Some("org_globex") ["reader"]"#;
        for path in ["/behind", "/layer", "/extension"] {
            assert_eq!(world.ask(path, "org_globex").await.body, as_reader, "{path}");
        }
        assert_eq!(world.ask("/globex", "org_globex").await.status, 200);
        assert_eq!(world.ask("/either", "org_globex").await.status, 200);
    }
    assert_eq!(world.issuer.exchanges(), 1);
    let form = world.issuer.last_form();
    let value = |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!(value("grant_type"), Some("urn:ietf:params:oauth:grant-type:token-exchange"));
    assert_eq!(value("subject_token_type"), Some("urn:ietf:params:oauth:token-type:access_token"));
    assert_eq!(value("organization_id"), Some("org_globex"));
    assert!(value("subject_token").is_some_and(|token| token.starts_with("ey")));
    // A token for no organization can be one of a member as well.
    let nobody = token(&world.key, &claims(&world.issuer.url, json!({})));
    assert_eq!(world.ask_with(&nobody, "/member", "org_globex").await.status, 200);
    assert_eq!(world.issuer.exchanges(), 2, "each token is exchanged for itself");
}

#[tokio::test]
async fn what_asks_for_no_organization_asks_no_issuer() {
    let world = World::new().await;
    assert_eq!(world.ask("/user", "org_globex").await.body, r#"usr_ada Some("org_acme") ["admin"]"#);
    assert_eq!(world.ask("/admin", "org_globex").await.status, 200);
    assert_eq!(world.ask("/member", "org_acme").await.status, 200, "the token's own organization");
    assert_eq!(world.issuer.exchanges(), 0);
}

/// Attack TN-02: an admin of one organization is not one of another, in whichever order the rules stand.
#[tokio::test]
async fn tn_02_roles_of_one_organization_open_nothing_of_another() {
    let world = World::new().await;
    for path in ["/admin-first", "/admin-then", "/admin-layer"] {
        let answer = world.ask(path, "org_globex").await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "missing_role"), "{path}");
        assert_eq!(world.ask(path, "org_acme").await.status, 200, "{path}");
    }
    let world = World::new().await;
    world.makes_member(&json!({ "roles": ["admin"] }));
    for path in ["/admin-first", "/admin-then", "/admin-layer"] {
        assert_eq!(world.ask(path, "org_globex").await.status, 200, "{path}");
    }
}

/// Attack TN-02: a resource that was given to an admin of one organization is not one's of another.
#[tokio::test]
async fn tn_02_a_resource_is_not_given_before_the_organization_is_known() {
    let world = World::new().await;
    assert_eq!(world.ask("/page-then/1", "org_globex").await.code(), "not_yours");
    assert_eq!(world.ask("/page-first/1", "org_globex").await.code(), "misrouted");
    for path in ["/page-then/1", "/page-first/1"] {
        assert_eq!(world.ask(path, "org_acme").await.status, 200, "{path}");
    }
}

/// Attack TN-02.
#[tokio::test]
async fn tn_02_who_is_no_member_is_refused() {
    let world = World::new().await;
    for error in ["invalid_target", "invalid_request", "unauthorized_client"] {
        world.issuer.answer_exchange(refusing(error));
        world.clock.advance(10);
        let before = world.issuer.exchanges();
        for path in ["/member", "/globex", "/either", "/layer", "/admin-first"] {
            let answer = world.ask(path, "org_globex").await;
            assert_eq!(
                (answer.status.as_u16(), answer.code().as_str()),
                (403, "organization_required"),
                "{path}"
            );
        }
        assert_eq!(world.issuer.exchanges(), before + 1, "the refusal is remembered for a moment");
    }
}

/// An organization that asks for a second factor: the application is told to lead its user there, and the next token is good.
#[tokio::test]
async fn mf_05_a_member_without_the_second_factor_of_the_organization_is_led_to_show_it() {
    let world = World::new().await;
    world.issuer.answer_exchange(refusing("insufficient_user_authentication"));
    for path in ["/member", "/globex", "/layer"] {
        let answer = world.ask(path, "org_globex").await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (401, "reauthentication_required"),
            "{path}"
        );
        assert_eq!(
            answer.challenge(),
            Some(r#"Bearer error="insufficient_user_authentication", acr_values="mfa""#),
            "{path}"
        );
    }
    assert_eq!(world.issuer.exchanges(), 1, "the refusal is remembered for a moment");
    world.makes_member(&json!({}));
    world.clock.advance(10);
    assert_eq!(world.ask("/member", "org_globex").await.status, 200);
}

/// Attack TN-02: a removed member is refused after a minute at the latest.
#[tokio::test]
async fn tn_02_a_removed_member_is_refused_after_a_minute() {
    let world = World::new().await;
    assert_eq!(world.ask("/member", "org_globex").await.status, 200);
    world.issuer.answer_exchange(refusing("invalid_target"));
    world.clock.advance(59);
    assert_eq!(world.ask("/member", "org_globex").await.status, 200);
    world.clock.advance(1);
    assert_eq!(world.ask("/member", "org_globex").await.code(), "organization_required");
}

/// Attack TN-02: what comes must be what was asked for.
#[tokio::test]
async fn tn_02_a_lying_issuer_makes_nobody_a_member() {
    for (name, more) in [
        ("another organization", json!({ "org_id": "org_initech" })),
        ("none", json!({ "org_id": null })),
        ("another user", json!({ "sub": "usr_bob" })),
        ("another audience", json!({ "aud": "billing" })),
        ("another issuer", json!({ "iss": "https://other.example.com" })),
        ("a key's token", json!({ "api_key": "key_1" })),
    ] {
        let world = World::new().await;
        world.makes_member(&more);
        for path in ["/member", "/layer"] {
            assert_eq!(world.ask(path, "org_globex").await.code(), "organization_required", "{name}");
        }
    }
}

/// Attack TN-02: nothing but one name of an organization is worth a question.
#[tokio::test]
async fn tn_02_what_names_no_organization_is_refused_without_asking() {
    let world = World::new().await;
    let long = format!("org_{}", "a".repeat(100));
    for named in ["", "globex", "org_", "ORG_globex", "org_a, org_b", "org_a b", "org_../x", "usr_ada", &long]
    {
        assert_eq!(world.ask("/member", named).await.code(), "organization_required", "{named}");
    }
    let request = Request::builder()
        .uri("/member")
        .header("authorization", bearer(&token(&world.key, &claims(&world.issuer.url, json!({})))))
        .header("x-organization-id", "org_globex")
        .header("x-organization-id", "org_globex");
    let twice = send(&world.app(), request.body(Body::empty()).unwrap()).await;
    assert_eq!(twice.code(), "organization_required");
    // A key is for one organization at most.
    let of_key = json!({ "api_key": "key_1", "org_id": "org_acme" });
    let of_key = token(&world.key, &claims(&world.issuer.url, of_key));
    assert_eq!(world.ask_with(&of_key, "/member", "org_globex").await.code(), "organization_required");
    assert_eq!(world.issuer.exchanges(), 0);
}

/// An organization is no member of itself. A rule that asks for an organization lets its programs through.
#[tokio::test]
async fn a_key_of_an_organization_is_none_of_its_members() {
    let world = World::new().await;
    let of_organization = json!({ "sub": "org_globex", "org_id": "org_globex", "api_key": "key_1" });
    let of_organization = token(&world.key, &claims(&world.issuer.url, of_organization));
    let refused = world.ask_with(&of_organization, "/member", "org_globex").await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (403, "organization_required"));
    assert_eq!(world.ask_with(&of_organization, "/layer", "org_globex").await.status, 200);
    assert_eq!(world.issuer.exchanges(), 0);
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_is_503() {
    let world = World::new().await;
    world.issuer.answer_exchange(Reply::raw("HTTP/1.1 500 Internal Server Error", b""));
    for path in ["/member", "/layer"] {
        let answer = world.ask(path, "org_globex").await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "issuer_unavailable"), "{path}");
        assert_eq!(answer.headers["retry-after"], "5");
    }
    world.makes_member(&json!({}));
    assert_eq!(world.ask("/member", "org_globex").await.status, 200);
}

#[tokio::test]
async fn an_issuer_that_exchanges_nothing_is_not_asked() {
    let world = World::new().await;
    let jwks = format!("{}/.well-known/jwks.json", world.issuer.url);
    world.issuer.answer_discovery(Reply::Json(json!({ "issuer": world.issuer.url, "jwks_uri": jwks })));
    let guard = world.clock.builder().issuer(&world.issuer.url).discover().await.unwrap();
    let world = World { guard, ..world };
    assert_eq!(world.ask("/member", "org_globex").await.code(), "organization_required");
    assert_eq!(world.issuer.exchanges(), 0);
}
