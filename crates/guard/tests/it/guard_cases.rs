//! `examples/guard-cases.json`: what every rule answers, here and in the guard for FastAPI alike.

use std::collections::{BTreeMap, BTreeSet};

use axum::Router;
use axum::body::Body;
use axum::routing::{MethodRouter, get as on_get};
use gatepost_guard::{
    Any, ApiKeyOnly, ClientOnly, CurrentMember, Fresh, Guard, Guarded, KeySet, Mfa, Require, Resource, Rule,
    SignedIn, TokenOnly, User, all_roles, any_role, organization, permission, realm, role, scope,
};
use gatepost_jose::SigningKey;
use http::{HeaderValue, Request};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::proofs::{Changes, ClientKey, PUBLIC_URL};
use crate::support::*;

role!(Admin = "admin");
any_role!(AdminOrOwner = "admin" | "owner");
all_roles!(StaffAuditor = "staff" & "auditor");
permission!(WriteNotes = "notes:write");
permission!(ShareNotes = "notes:share");
permission!(Refund = "shop:orders:refund");
scope!(NotesRead = "notes read");
realm!(Acme = "acme");
organization!(InOrganization);
organization!(OrgAcme = "org_acme");

/// A note of `usr_ada` and `org_acme`, whose number is 1, under one rule or another.
struct Note<Whose>(std::marker::PhantomData<fn() -> Whose>);

/// Who may have a note, and whether it hides from the others.
trait Whose: 'static {
    const HIDDEN: bool = false;
    fn allows(user: &User) -> bool;
}

impl<W: Whose> Resource<Guard> for Note<W> {
    type Key = u64;
    const HIDDEN: bool = W::HIDDEN;

    async fn load(key: u64, _: &Guard) -> Option<Self> {
        (key == 1).then_some(Self(std::marker::PhantomData))
    }

    fn allows(&self, user: &User) -> bool {
        W::allows(user)
    }
}

struct Owner;
struct Hidden;
struct OwnerOrAdmin;
struct OwnerOrAdminOfOrganization;

impl Whose for Owner {
    fn allows(user: &User) -> bool {
        user.id == "usr_ada"
    }
}

impl Whose for Hidden {
    const HIDDEN: bool = true;

    fn allows(user: &User) -> bool {
        Owner::allows(user)
    }
}

impl Whose for OwnerOrAdmin {
    fn allows(user: &User) -> bool {
        Owner::allows(user) || user.has_role("admin")
    }
}

impl Whose for OwnerOrAdminOfOrganization {
    fn allows(user: &User) -> bool {
        user.organization_id() == Some("org_acme") && OwnerOrAdmin::allows(user)
    }
}

fn asks<R: Rule>() -> MethodRouter<Guard> {
    on_get(|_: Require<R>| async {})
}

fn loads<W: Whose>() -> MethodRouter<Guard> {
    on_get(|_: Guarded<Note<W>>| async {})
}

/// The rules of the table, by the words it has for them.
fn rules() -> BTreeMap<String, MethodRouter<Guard>> {
    let member_loads = on_get(|_: CurrentMember, _: Guarded<Note<OwnerOrAdminOfOrganization>>| async {});
    [
        (json!({ "signed_in": true }), asks::<SignedIn>()),
        (json!({ "role": "admin" }), asks::<Admin>()),
        (json!({ "any_role": ["admin", "owner"] }), asks::<AdminOrOwner>()),
        (json!({ "all_roles": ["staff", "auditor"] }), asks::<StaffAuditor>()),
        (json!({ "permission": "notes:write" }), asks::<WriteNotes>()),
        (json!({ "permission": "shop:orders:refund" }), asks::<Refund>()),
        (
            json!({ "any_permission": ["notes:write", "notes:share"] }),
            asks::<Any<(WriteNotes, ShareNotes)>>(),
        ),
        (json!({ "all_permissions": ["notes:write", "notes:share"] }), asks::<(WriteNotes, ShareNotes)>()),
        (json!({ "scope": "notes read" }), asks::<NotesRead>()),
        (json!({ "realm": "acme" }), asks::<Acme>()),
        (json!({ "fresh": "10m" }), asks::<Fresh<600>>()),
        (json!({ "mfa": true }), asks::<Mfa>()),
        (json!({ "credential": "token" }), asks::<TokenOnly>()),
        (json!({ "credential": "api_key" }), asks::<ApiKeyOnly>()),
        (json!({ "credential": "client" }), asks::<ClientOnly>()),
        (json!({ "organization": true }), asks::<InOrganization>()),
        (json!({ "organization": "org_acme" }), asks::<OrgAcme>()),
        (json!({ "resource": { "owner": "owner_id" } }), loads::<Owner>()),
        (json!({ "resource": { "owner": "owner_id", "hide": true } }), loads::<Hidden>()),
        (json!({ "resource": { "owner": "owner_id", "or_role": "admin" } }), loads::<OwnerOrAdmin>()),
        (
            json!({ "resource": { "owner": "owner_id", "organization": "org_id", "or_role": "admin" } }),
            member_loads,
        ),
    ]
    .map(|(words, route)| (words.to_string(), route))
    .into()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    rule: Value,
    /// What the token claims besides what every good one does; `None`: there is no token.
    token: Option<Value>,
    /// How the token is sent, where it may be bound to a key.
    dpop: Option<Dpop>,
    #[serde(default)]
    organization_header: Vec<String>,
    /// Which note the path names.
    #[serde(default)]
    key: u64,
    status: u16,
    code: Option<String>,
    challenge: Option<String>,
}

/// A request with a token that may be bound to a key.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Dpop {
    /// What the guard makes of such tokens: takes them (`beside` others, or them `only`), or not (`no`).
    taken: String,
    /// The scheme of the token; `None`: there is no token.
    scheme: Option<String>,
    /// Whether the token is bound to the key of the proofs.
    bound: bool,
    /// What is sent in place of the token.
    token: Option<String>,
    proofs: Vec<Changes>,
    /// How often the request is sent; the last answer counts.
    times: usize,
    host: Option<String>,
}

impl Default for Dpop {
    fn default() -> Self {
        Self {
            taken: "beside".to_owned(),
            scheme: Some("DPoP".to_owned()),
            bound: true,
            token: None,
            proofs: vec![Changes::default()],
            times: 1,
            host: None,
        }
    }
}

impl Dpop {
    fn guard(&self, key: &SigningKey) -> Guard {
        let keys = KeySet::new([key.verifying_key()]).unwrap();
        let builder = TestClock::new().builder().issuer_with_keys(ISSUER, keys);
        match self.taken.as_str() {
            "beside" => builder.dpop(PUBLIC_URL),
            "only" => builder.dpop_only(PUBLIC_URL),
            "no" => builder,
            other => panic!("no guard takes such tokens {other:?}"),
        }
        .discover_later()
        .unwrap()
    }

    /// The headers of the request.
    fn headers(&self, key: &SigningKey, mut more: Value, path: &str) -> Vec<(&'static str, String)> {
        let (own, other) = (ClientKey::new(), ClientKey::new());
        if self.bound {
            more["cnf"] = json!({ "jkt": own.thumbprint() });
        }
        let token = self.token.clone().unwrap_or_else(|| token(key, &claims(ISSUER, more)));
        let scheme = self.scheme.iter().map(|scheme| ("authorization", format!("{scheme} {token}")));
        let proofs = self.proofs.iter().map(|changes| ("dpop", changes.made(&own, &other, path, &token)));
        let host = self.host.iter().map(|host| ("host", host.clone()));
        scheme.chain(proofs).chain(host).collect()
    }
}

#[tokio::test]
async fn every_rule_answers_what_the_shared_table_says() {
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("../../../../examples/guard-cases.json")).unwrap();
    let (guard, key) = offline();
    let rules = rules();
    let tabled: BTreeSet<String> = cases.iter().map(|case| case.rule.to_string()).collect();
    assert!(rules.keys().eq(&tabled), "the table and `rules` know the same rules: {tabled:#?}");
    for case in cases {
        let name = &case.name;
        let route = &rules[&case.rule.to_string()];
        let path = format!("/{}", case.key);
        let (guard, sent, times) = match (case.dpop, case.token) {
            (Some(dpop), token) => {
                (dpop.guard(&key), dpop.headers(&key, token.unwrap_or_default(), &path), dpop.times)
            }
            (None, Some(more)) => {
                (guard.clone(), vec![("authorization", bearer(&token(&key, &claims(ISSUER, more))))], 1)
            }
            (None, None) => (guard.clone(), Vec::new(), 1),
        };
        let app = Router::new().route("/{key}", route.clone()).with_state(guard);
        let mut request = Request::builder().uri(&path);
        for organization in &case.organization_header {
            let value = HeaderValue::from_bytes(organization.as_bytes()).unwrap();
            request = request.header("x-organization-id", value);
        }
        for (name, value) in sent {
            request = request.header(name, value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        let request = || Request::from_parts(head.clone(), Body::empty());
        for _ in 1..times {
            assert_eq!(send(&app, request()).await.status, 200, "{name}: at first");
        }
        let answer = send(&app, request()).await;
        let code = (answer.status != 200).then(|| answer.code());
        assert_eq!(
            (answer.status.as_u16(), code.as_deref(), answer.challenge()),
            (case.status, case.code.as_deref(), case.challenge.as_deref()),
            "{name}"
        );
    }
}
