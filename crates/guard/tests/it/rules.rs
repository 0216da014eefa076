//! What each rule asks, and that it asks it exactly.

use gatepost_guard::{
    Any, Fresh, Refusal, Rule, SignedIn, all_roles, any_role, permission, realm, role, rule, scope,
};
use serde_json::json;

use crate::support::*;

role!(Admin = "admin");
any_role!(Staff = "admin" | "owner");
all_roles!(Auditor = "staff" & "auditor");
permission!(WriteNotes = "notes:write");
permission!(Refund = "shop:orders:refund");
scope!(Notes = "notes read");
realm!(Acme = "acme");
rule!(Verified = |user| user.email_verified);
rule!(Ada = is_ada);

fn is_ada(user: &gatepost_guard::User) -> bool {
    user.id == "usr_ada"
}

/// What `R` says of a token with these claims.
async fn says<R: Rule>(more: serde_json::Value) -> Result<(), Refusal> {
    R::check(&user(more).await)
}

/// Attack AZ-01: "any" and "all" are named apart.
#[tokio::test]
async fn az_01_any_and_all_mean_what_they_say() {
    for (roles, one, any, all) in [
        (json!([]), false, false, false),
        (json!(["admin"]), true, true, false),
        (json!(["owner"]), false, true, false),
        (json!(["staff"]), false, false, false),
        (json!(["staff", "auditor"]), false, false, true),
    ] {
        assert_eq!(says::<Admin>(json!({ "roles": roles })).await.is_ok(), one, "{roles}");
        assert_eq!(says::<Staff>(json!({ "roles": roles })).await.is_ok(), any, "{roles}");
        assert_eq!(says::<Auditor>(json!({ "roles": roles })).await.is_ok(), all, "{roles}");
    }
}

/// Attack AZ-02: a role is a member of a list of strings, compared exactly.
#[tokio::test]
async fn az_02_role_claims_of_the_wrong_shape_open_nothing() {
    let (guard, key) = offline();
    for roles in [
        json!("admin"),
        json!("admin,owner"),
        json!("not-admin"),
        json!([["admin"]]),
        json!({ "admin": true }),
        json!({ "roles": ["admin"] }),
        json!(["Admin", "ADMIN", "admin ", " admin", "admins", "realm:admin", "admin\u{0}"]),
        json!([1, true]),
    ] {
        let verified = guard.verify(&token(&key, &claims(ISSUER, json!({ "roles": roles })))).await;
        assert!(
            verified.is_err() || Admin::check(&verified.unwrap()) == Err(Refusal::MissingRole),
            "{roles}"
        );
    }
    for elsewhere in [
        json!({ "realm_access": { "roles": ["admin"] } }),
        json!({ "role": "admin" }),
        json!({ "groups": ["admin"] }),
    ] {
        assert_eq!(says::<Admin>(elsewhere.clone()).await, Err(Refusal::MissingRole), "{elsewhere}");
    }
}

#[tokio::test]
async fn a_permission_is_had_exactly_or_for_the_whole_resource() {
    for (permissions, held) in [
        (json!([]), false),
        (json!(["notes:write"]), true),
        (json!(["notes:*"]), true),
        (json!(["notes:read"]), false),
        (json!(["notes:writer"]), false),
        (json!(["note:*"]), false),
        (json!(["NOTES:WRITE"]), false),
        (json!("notes:write"), false),
    ] {
        let (guard, key) = offline();
        let verified =
            guard.verify(&token(&key, &claims(ISSUER, json!({ "permissions": permissions })))).await;
        assert_eq!(verified.is_ok_and(|user| WriteNotes::check(&user).is_ok()), held, "{permissions}");
    }
}

#[tokio::test]
async fn a_resource_may_have_colons_and_the_action_is_what_follows_the_last() {
    for (permission, held) in [
        ("shop:orders:refund", true),
        ("shop:orders:*", true),
        ("shop:*", false),
        ("shop:orders", false),
        ("orders:refund", false),
        ("shop:orders:refund:*", false),
    ] {
        assert_eq!(
            says::<Refund>(json!({ "permissions": [permission] })).await.is_ok(),
            held,
            "{permission}"
        );
    }
}

#[tokio::test]
async fn a_scope_asks_for_every_word() {
    for (scope, held) in [
        ("notes read", true),
        ("read x notes", true),
        ("notes", false),
        ("notesread", false),
        ("", false),
        ("Notes Read", false),
    ] {
        let refused = Refusal::InsufficientScope { scope: "notes read" };
        assert_eq!(
            says::<Notes>(json!({ "scope": scope })).await,
            if held { Ok(()) } else { Err(refused) },
            "{scope}"
        );
    }
}

/// Attack TN-04.
#[tokio::test]
async fn tn_04_a_token_of_another_realm_is_refused() {
    assert_eq!(says::<Acme>(json!({ "realm_id": "acme" })).await, Ok(()));
    for other in [json!("globex"), json!("ACME"), json!(""), json!(null)] {
        assert_eq!(says::<Acme>(json!({ "realm_id": other })).await, Err(Refusal::WrongRealm), "{other}");
    }
}

#[tokio::test]
async fn any_other_condition_is_forbidden_when_it_does_not_hold() {
    assert_eq!(says::<Verified>(json!({ "email_verified": true })).await, Ok(()));
    assert_eq!(says::<Verified>(json!({})).await, Err(Refusal::Forbidden));
    assert_eq!(says::<Ada>(json!({})).await, Ok(()));
    assert_eq!(says::<Ada>(json!({ "sub": "usr_bob" })).await, Err(Refusal::Forbidden));
}

#[tokio::test]
async fn a_tuple_asks_for_all_and_any_for_one() {
    let admin_only = json!({ "roles": ["admin"] });
    let both = json!({ "roles": ["admin"], "scope": "notes read" });
    let missing_scope = Err(Refusal::InsufficientScope { scope: "notes read" });
    assert_eq!(says::<(Admin, Notes)>(admin_only.clone()).await, missing_scope);
    assert_eq!(says::<(Admin, Notes)>(both).await, Ok(()));
    assert_eq!(says::<(Notes, Admin)>(json!({})).await, missing_scope, "the first that refuses answers");
    assert_eq!(says::<Any<(Notes, Admin)>>(admin_only.clone()).await, Ok(()));
    assert_eq!(says::<Any<(Notes, Admin)>>(json!({})).await, missing_scope);
    assert_eq!(says::<(SignedIn, Any<(Admin, Notes)>)>(admin_only).await, Ok(()));
    assert_eq!(says::<(Any<(Admin,)>,)>(json!({})).await, Err(Refusal::MissingRole));
}

#[test]
fn rules_describe_themselves_in_words() {
    fn words<R: Rule>() -> Vec<String> {
        let mut words = Vec::new();
        R::describe(&mut words);
        words
    }
    assert_eq!(words::<Staff>(), ["any role: admin, owner"]);
    assert_eq!(words::<Auditor>(), ["all roles: staff, auditor"]);
    assert_eq!(
        words::<(Notes, WriteNotes, Acme)>(),
        ["scope: notes read", "permission: notes:write", "realm: acme"]
    );
    assert_eq!(
        words::<Any<(Admin, (Notes, Fresh<60>))>>(),
        ["role: admin or (scope: notes read and signed in within 60 s)"]
    );
    assert_eq!(words::<(SignedIn, Verified)>(), ["signed in", "Verified"]);
}
