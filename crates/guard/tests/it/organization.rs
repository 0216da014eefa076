//! The active organization: what the token says, what the request says, and that the two must agree.

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use gatepost_guard::{Any, CurrentMember, Guard, Mfa, Refusal, Require, Rule, SignedIn, organization, role};
use http::{HeaderValue, Request};
use serde_json::{Value, json};

use crate::support::*;

organization!(Acme = "org_acme");
organization!(
    /// Whichever it is.
    InOrganization
);
role!(Admin = "admin");

fn app(guard: Guard) -> Router {
    Router::new()
        .route(
            "/member",
            on_get(
                |member: CurrentMember| async move { format!("{} {}", member.organization.id, member.id) },
            ),
        )
        .route("/any", on_get(|_: Require<InOrganization>| async {}))
        .route("/acme", on_get(|_: Require<(SignedIn, Acme)>| async {}))
        .route("/either", on_get(|_: Require<Any<(Admin, Acme)>>| async {}))
        .route("/layer", on_get(|| async {}).layer(guard.require::<Acme>()))
        .with_state(guard)
}

/// The answer to a request with these claims and these `X-Organization-ID`s.
async fn ask(path: &str, claims_of_token: Value, headers: &[&[u8]]) -> Answer {
    let (guard, key) = offline();
    let authorization = bearer(&token(&key, &claims(ISSUER, claims_of_token)));
    let mut request = Request::builder().uri(path).header("authorization", authorization);
    for header in headers {
        request = request.header("X-Organization-ID", HeaderValue::from_bytes(header).unwrap());
    }
    send(&app(guard), request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_member_acts_for_the_organization_of_the_token() {
    for headers in [&[][..], &[&b"org_acme"[..]]] {
        let answer = ask("/member", json!({ "org_id": "org_acme" }), headers).await;
        assert_eq!(answer.body, "org_acme usr_ada");
        for path in ["/any", "/acme", "/either", "/layer"] {
            assert_eq!(ask(path, json!({ "org_id": "org_acme" }), headers).await.status, 200, "{path}");
        }
    }
    let named = ask("/member", json!({ "org_id": "org_ä" }), &["org_ä".as_bytes()]).await;
    assert_eq!(named.body, "org_ä usr_ada");
}

#[tokio::test]
async fn a_token_without_an_organization_is_not_enough() {
    for organization in [json!(null), json!("")] {
        for headers in [&[][..], &[&b"org_acme"[..]], &[&b""[..]]] {
            for path in ["/member", "/any", "/acme", "/either", "/layer"] {
                let answer = ask(path, json!({ "org_id": organization }), headers).await;
                let code = if path == "/either" { "missing_role" } else { "organization_required" };
                assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, code), "{path}");
                assert_eq!(answer.challenge(), None);
            }
        }
    }
}

#[tokio::test]
async fn an_organization_claim_of_another_type_is_no_good_token() {
    for organization in [json!(7), json!(["org_acme"]), json!({ "id": "org_acme" }), json!(true)] {
        let answer = ask("/member", json!({ "org_id": organization }), &[]).await;
        assert_eq!(answer.code(), "invalid_token", "{organization}");
    }
}

/// Attack TN-02: a header is never ignored, and never opens what the token does not.
#[tokio::test]
async fn tn_02_a_header_that_names_another_organization_is_refused() {
    let foreign: [&[&[u8]]; 8] = [
        &[b"org_globex"],
        &[b"ORG_ACME"],
        &[b"org_acme, org_acme"],
        &[b""],
        &[b"org_acme", b"org_acme"],
        &[b"org_acme", b"org_globex"],
        &[b"org_globex", b"org_acme"],
        &[b"org_acme\xff"],
    ];
    for headers in foreign {
        for path in ["/member", "/any", "/acme", "/layer"] {
            let answer = ask(path, json!({ "org_id": "org_acme" }), headers).await;
            assert_eq!(
                (answer.status.as_u16(), answer.code().as_str()),
                (403, "organization_required"),
                "{path} {headers:?}"
            );
        }
    }
    let either = ask("/either", json!({ "org_id": "org_acme" }), &[b"org_globex"]).await;
    assert_eq!(either.status, 403);
}

#[tokio::test]
async fn a_rule_that_names_an_organization_takes_no_other() {
    for organization in ["org_globex", "org_acme2", "Org_Acme"] {
        assert_eq!(ask("/any", json!({ "org_id": organization }), &[]).await.status, 200);
        for path in ["/acme", "/layer"] {
            let answer = ask(path, json!({ "org_id": organization }), &[organization.as_bytes()]).await;
            assert_eq!(answer.code(), "organization_required", "{organization}");
        }
    }
}

#[tokio::test]
async fn away_from_a_request_the_rule_judges_the_token() {
    assert_eq!(Acme::check(&user(json!({ "org_id": "org_acme" })).await), Ok(()));
    assert_eq!(
        Acme::check(&user(json!({ "org_id": "org_globex" })).await),
        Err(Refusal::OrganizationRequired)
    );
    assert_eq!(InOrganization::check(&user(json!({})).await), Err(Refusal::OrganizationRequired));
}

/// RFC 9470 section 3.
#[tokio::test]
async fn without_a_second_factor_the_challenge_asks_for_one() {
    for methods in [
        json!(null),
        json!([]),
        json!(["pwd"]),
        json!(["otp", "hwk"]),
        json!("mfa"),
        json!(["MFA"]),
        json!([["mfa"]]),
    ] {
        assert_eq!(
            Mfa::check(&user(json!({ "amr": methods })).await),
            Err(Refusal::SecondFactorMissing),
            "{methods}"
        );
    }
    assert_eq!(Mfa::check(&user(json!({ "amr": ["pwd", "mfa"] })).await), Ok(()));
    let challenge = Refusal::SecondFactorMissing.www_authenticate().unwrap();
    assert_eq!(challenge, r#"Bearer error="insufficient_user_authentication", acr_values="mfa""#);
    assert_eq!(Refusal::SecondFactorMissing.status(), 401);
    assert_eq!(Refusal::SecondFactorMissing.code(), "reauthentication_required");
}

#[test]
fn the_rules_describe_themselves_in_words() {
    let mut words = Vec::new();
    <(Acme, InOrganization, Mfa)>::describe(&mut words);
    assert_eq!(words, ["organization: org_acme", "an active organization", "a second factor"]);
}
