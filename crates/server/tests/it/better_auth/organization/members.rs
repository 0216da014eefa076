use serde_json::{Value, json};

use super::{Client, found, join, member_id, own_id, signed_in, world};
use crate::mfa::trail;

#[tokio::test]
async fn members_are_listed_by_pages_in_an_order_and_by_a_filter() {
    let app = world().await;
    let ada = signed_in(&app, "ada").await;
    let acme = found(&ada, "acme").await;
    for (name, role) in [("bob", "admin"), ("cleo", "member"), ("dora", "editor,admin")] {
        app.advance(std::time::Duration::from_secs(1));
        join(&ada, &acme, name, role).await;
    }
    let list = async |query: &str| ada.get(&format!("/organization/list-members?{query}")).await;
    let names = async |query: &str| {
        let answer = list(query).await;
        assert_eq!(answer.status, 200, "{query}: {answer:?}");
        let listed = answer.json();
        let members = listed["members"].as_array().unwrap().iter();
        let names: Vec<&str> = members.map(|member| member["user"]["name"].as_str().unwrap()).collect();
        (names.join(" "), listed["total"].as_u64().unwrap())
    };
    let all = ("ada bob cleo dora".to_owned(), 4);
    for query in
        ["sortBy=createdAt", "sortBy=createdAt&sortDirection=asc", "sortBy=createdAt&limit=1000&offset=0"]
    {
        assert_eq!(names(query).await, all, "{query}");
    }
    // In the order of the accounts, which were made at once.
    let (by_account, _) = names("").await;
    assert_eq!(names("sortBy=userId").await.0, by_account);
    let backwards: Vec<&str> = by_account.split(' ').rev().collect();
    assert_eq!(names("sortBy=id&sortDirection=desc").await.0, backwards.join(" "));
    assert_eq!(names("sortBy=role&sortDirection=desc&limit=1").await, ("ada".to_owned(), 4));
    for (query, expected, total) in [
        ("limit=2", "ada bob", 4),
        ("limit=2&offset=2", "cleo dora", 4),
        ("offset=9", "", 4),
        ("sortDirection=desc&limit=2", "dora cleo", 4),
        ("filterField=role&filterValue=admin", "bob", 1),
        ("filterField=role&filterOperator=eq&filterValue=member", "cleo", 1),
        ("filterField=role&filterOperator=ne&filterValue=member", "ada bob dora", 3),
        ("filterField=role&filterOperator=in&filterValue=admin&filterValue=owner", "ada bob", 2),
        ("filterField=role&filterOperator=not_in&filterValue=admin&filterValue=owner", "cleo dora", 2),
        ("filterField=role&filterValue=admin%2Ceditor", "dora", 1),
        ("filterField=role&filterValue=no%20role", "", 0),
        ("filterField=createdAt&filterOperator=gt&filterValue=2027-01-15T08:00:01.000Z", "cleo dora", 2),
        ("filterField=createdAt&filterOperator=gte&filterValue=2027-01-15T08:00:01.000Z", "bob cleo dora", 3),
        ("filterField=createdAt&filterOperator=lt&filterValue=2027-01-15T08:00:01.000Z", "ada", 1),
        ("filterField=createdAt&filterOperator=lte&filterValue=2027-01-15T08:00:01.000Z", "ada bob", 2),
        ("filterField=createdAt&filterValue=2027-01-15T08:00:02.000Z", "cleo", 1),
        ("filterField=userId&filterValue=nobody", "", 0),
        ("organizationSlug=acme&limit=1", "ada", 4),
    ] {
        let query = format!("{query}&sortBy=createdAt");
        assert_eq!(names(&query).await, (expected.to_owned(), total), "{query}");
    }
    let id = own_id(&ada).await;
    assert_eq!(names(&format!("filterField=userId&filterValue={id}")).await, ("ada".to_owned(), 1));
    let others = format!("filterField=userId&filterOperator=ne&filterValue={id}&sortBy=createdAt");
    assert_eq!(names(&others).await, ("bob cleo dora".to_owned(), 3));

    // AD-03: no more than is listed at once, and by nothing that is not for it.
    for bad in [
        "limit=1000000000",
        "limit=-1",
        "limit=0",
        "limit=x",
        "offset=-1",
        "offset=99999999999",
        "sortBy=password",
        "sortBy=email",
        "sortDirection=up",
        "filterField=email&filterValue=x",
        "filterField=role",
        "filterField=role&filterOperator=contains&filterValue=a",
        "filterField=role&filterOperator=like&filterValue=a",
        "filterField=role&filterValue=a&filterValue=b",
        "filterField=createdAt&filterValue=yesterday",
        "filterField=createdAt&filterOperator=ne&filterValue=2027-01-15T08:00:02.000Z",
        "filterField=userId&filterOperator=gt&filterValue=x",
    ] {
        assert_eq!(list(bad).await.brief(), "400 VALIDATION_ERROR", "{bad}");
    }
    let eve = signed_in(&app, "eve").await;
    assert_eq!(eve.get("/organization/list-members").await.brief(), "400 NO_ACTIVE_ORGANIZATION");
    let refused = "403 YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION";
    for what in
        [format!("organizationId={acme}"), "organizationSlug=acme".into(), "organizationSlug=nope".into()]
    {
        assert_eq!(eve.get(&format!("/organization/list-members?{what}")).await.brief(), refused, "{what}");
    }
}

async fn remove(by: &Client<'_>, organization: &str, whom: &str) -> crate::support::Answer {
    let body = json!({"memberIdOrEmail": whom, "organizationId": organization});
    by.post("/organization/remove-member", body).await
}

#[tokio::test]
async fn a_member_is_removed_by_id_or_address() {
    let app = world().await;
    let ada = signed_in(&app, "ada").await;
    let (acme, beta) = (found(&ada, "acme").await, found(&ada, "beta").await);
    let (admin, editor) =
        (join(&ada, &acme, "bob", "admin").await, join(&ada, &acme, "cleo", "editor").await);
    let plain = join(&ada, &acme, "dora", "member").await;
    let (to_bob, to_cleo) = (member_id(&admin, &acme).await, member_id(&editor, &acme).await);
    // AD-01: who does not manage removes nobody, and nobody somebody with more rights.
    let forbidden = "401 YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_MEMBER";
    assert_eq!(remove(&editor, &acme, "dora@example.com").await.brief(), forbidden);
    assert_eq!(remove(&admin, &acme, "ada@example.com").await.brief(), forbidden);
    // By the id of a membership elsewhere, of nobody, and of somebody who is not a member.
    let eve = signed_in(&app, "eve").await;
    let (elsewhere, stranger) = (to_cleo.replace(&acme, &beta), member_id(&eve, &acme).await);
    for nobody in
        [elsewhere.as_str(), "x", "eve@example.com", "nobody@example.com", "no@address@", stranger.as_str()]
    {
        assert_eq!(remove(&ada, &acme, nobody).await.brief(), "400 MEMBER_NOT_FOUND", "{nobody}");
    }
    assert_eq!(remove(&eve, &acme, &to_cleo).await.brief(), "400 MEMBER_NOT_FOUND");

    let gone = remove(&admin, &acme, &to_cleo).await.json();
    assert_eq!(
        (&gone["member"]["id"], &gone["member"]["role"], gone["member"].get("user")),
        (&json!(to_cleo), &json!("editor"), None)
    );
    let gone = ada.post("/organization/remove-member", json!({"memberIdOrEmail": "DORA@example.com"})).await;
    assert_eq!(gone.brief(), "400 MEMBER_NOT_FOUND", "of the active organization, where she is none");
    let gone = remove(&ada, &acme, "DORA@example.com").await.json();
    assert_eq!(gone["member"]["user"]["email"], "dora@example.com");
    assert_eq!(plain.get("/organization/list").await.json(), json!([]));
    assert_eq!(
        remove(&ada, &acme, "ada@example.com").await.brief(),
        "400 YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER"
    );
    assert_eq!(remove(&admin, &acme, &to_bob).await.status, 200, "anybody may leave");
    let trail_of = trail(&app, &app.admin().await, "member-removed").await;
    assert_eq!(trail_of.len(), 3);
}

#[tokio::test]
async fn a_member_is_given_other_roles() {
    let app = world().await;
    let ada = signed_in(&app, "ada").await;
    let acme = found(&ada, "acme").await;
    let (admin, editor) =
        (join(&ada, &acme, "bob", "admin").await, join(&ada, &acme, "cleo", "editor").await);
    let (hers, his, theirs) =
        (member_id(&ada, &acme).await, member_id(&admin, &acme).await, member_id(&editor, &acme).await);
    let give = async |by: &Client<'_>, whom: &str, role: Value| {
        let body = json!({"memberId": whom, "role": role, "organizationId": acme});
        by.post("/organization/update-member-role", body).await
    };
    let changed = give(&ada, &theirs, json!("member")).await.json();
    assert_eq!(
        (&changed["id"], &changed["role"], changed.get("user")),
        (&json!(theirs), &json!("member"), None)
    );
    assert_eq!(give(&admin, &theirs, json!(["editor", " admin "])).await.json()["role"], "admin,editor");
    assert_eq!(give(&ada, &theirs, json!("editor")).await.json()["role"], "editor");
    // AD-01
    let forbidden = "403 YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER";
    for (by, whom, role) in [
        (&admin, &his, "owner"),
        (&admin, &theirs, "owner"),
        (&admin, &hers, "member"),
        (&editor, &theirs, "admin"),
    ] {
        assert_eq!(give(by, whom, json!(role)).await.brief(), forbidden, "{role}");
    }
    for (role, refused) in [
        (json!("nope"), "400 ROLE_NOT_FOUND"),
        (json!("auditor"), "400 ROLE_NOT_FOUND"),
        (json!("realm-admin"), "400 ROLE_NOT_FOUND"),
        (json!(""), "400 ROLE_NOT_FOUND"),
        (json!([]), "400 ROLE_NOT_FOUND"),
        (json!(1), "400 VALIDATION_ERROR"),
        (json!([1]), "400 VALIDATION_ERROR"),
    ] {
        assert_eq!(give(&ada, &theirs, role.clone()).await.brief(), refused, "{role}");
    }
    let eve = signed_in(&app, "eve").await;
    for (by, whom) in [(&ada, "x".to_owned()), (&ada, member_id(&eve, &acme).await), (&eve, theirs.clone())] {
        assert_eq!(give(by, &whom, json!("member")).await.brief(), "400 MEMBER_NOT_FOUND", "{whom}");
    }
    assert_eq!(
        give(&ada, &hers, json!("admin")).await.brief(),
        "400 YOU_CANNOT_LEAVE_THE_ORGANIZATION_WITHOUT_AN_OWNER"
    );
    assert_eq!(give(&ada, &his, json!("owner")).await.json()["role"], "owner");
    assert_eq!(give(&ada, &hers, json!("admin")).await.json()["role"], "admin", "there is another");
}

#[tokio::test]
async fn everybody_leaves_but_the_last_owner() {
    let app = world().await;
    let ada = signed_in(&app, "ada").await;
    let acme = found(&ada, "acme").await;
    let bob = join(&ada, &acme, "bob", "member").await;
    let leave = async |client: &Client<'_>, id: &str| {
        client.post("/organization/leave", json!({"organizationId": id})).await
    };
    assert_eq!(leave(&ada, &acme).await.brief(), "400 YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER");
    let left = leave(&bob, &acme).await.json();
    assert_eq!((&left["role"], &left["user"]["name"]), (&json!("member"), &json!("bob")));
    for id in [acme.as_str(), "org_00000000000000000000000000", "x", ""] {
        assert_eq!(leave(&bob, id).await.brief(), "400 MEMBER_NOT_FOUND", "{id}");
    }
    assert_eq!(super::active(&bob).await, Value::Null);
}

/// A realm whose organizations have a role `member` gives it by its name.
#[tokio::test]
async fn a_role_called_member_is_given_where_the_realm_has_one() {
    let app = world().await;
    app.apply(
        "[[realm]]\nname = \"default\"\norganization_roles = [\"member\"]\n[[realm.role]]\nname = \"member\"\npermissions = [\"notes:read\"]\n",
    )
    .await;
    let ada = signed_in(&app, "ada").await;
    let acme = found(&ada, "acme").await;
    let bob = join(&ada, &acme, "bob", "member").await;
    let may = bob.post("/organization/has-permission", json!({"permissions": {"notes": ["read"]}})).await;
    assert_eq!(may.json()["success"], true);
    assert_eq!(bob.get("/organization/get-active-member").await.json()["role"], "member");
}
