use serde_json::{Value, json};

use super::{active, found, invite, join, own_id, set_active, signed_in, world};

#[tokio::test]
async fn an_organization_is_made_and_is_active() {
    let app = world().await;
    let (ada, eve) = (signed_in(&app, "ada").await, signed_in(&app, "eve").await);
    let made = ada.post("/organization/create", json!({"name": "Acme", "slug": "acme"})).await;
    let (id, user) = (made.text("id"), own_id(&ada).await);
    assert_eq!(
        made.json(),
        json!({
            "id": id, "name": "Acme", "slug": "acme", "createdAt": "2027-01-15T08:00:00.000Z",
            "members": [{
                "id": format!("{id}.{user}"), "organizationId": id, "userId": user, "role": "owner",
                "createdAt": "2027-01-15T08:00:00.000Z",
            }],
        })
    );
    assert_eq!(active(&ada).await, json!(id));
    let create = async |body: Value| ada.post("/organization/create", body).await;
    let quiet = json!({"name": "Beta", "slug": "beta", "keepCurrentActiveOrganization": true});
    assert_eq!(create(quiet).await.status, 200);
    assert_eq!(active(&ada).await, json!(id));

    // AK-01: it belongs to whoever asks, whatever the body says.
    let theirs = json!({"name": "Gamma", "slug": "gamma", "userId": own_id(&eve).await});
    assert_eq!(create(theirs).await.json()["members"][0]["userId"], json!(user));
    assert_eq!(eve.get("/organization/list").await.json(), json!([]));

    let taken = create(json!({"name": "Other", "slug": "acme"})).await;
    assert_eq!(taken.brief(), "400 ORGANIZATION_ALREADY_EXISTS");
    for (body, wrong) in [
        (
            json!({}),
            "[body.name] Invalid input: expected string, received undefined; [body.slug] Invalid input: expected string, received undefined",
        ),
        (json!({"name": "", "slug": "x-y"}), "[body.name] Too small: expected string to have >=1 characters"),
        (
            json!({"name": "X", "slug": "Not a slug"}),
            "[body.slug] a slug is 2 to 63 of a-z, 0-9 and -, and neither starts nor ends with -",
        ),
        (
            json!({"name": "X", "slug": "x-y", "logo": "data:image/png;base64,AAAA", "metadata": {"a": "x".repeat(4096)}}),
            "[body.logo] a logo is the address of a picture: https://… or http://… with a host, of up to 400 bytes, without `@` before it, white space, \
             quotes, '<', '>' and '\\'; [body.metadata] metadata is a JSON object of up to 4096 bytes as it is written",
        ),
        (
            json!({"name": "X", "slug": "x-y", "metadata": 1}),
            "[body.metadata] Invalid input: expected record, received number",
        ),
    ] {
        let refused = create(body).await;
        assert_eq!(
            (refused.brief().as_str(), refused.text("message").as_str()),
            ("400 VALIDATION_ERROR", wrong)
        );
    }
    assert_eq!(create(json!({"name": "X", "slug": "x-y", "logo": null})).await.status, 200);
}

/// It is an object to whoever made or changed it, and a text of JSON to whoever looks, as at the original.
#[tokio::test]
async fn a_logo_and_metadata_are_kept_as_a_whole() {
    let app = world().await;
    let ada = signed_in(&app, "ada").await;
    let logo = "https://acme.test/logo.png";
    let metadata = json!({"deep": {"a": [1, null]}, "plan": "pro", "seats": 5});
    let body = json!({"name": "Acme", "slug": "acme", "logo": logo, "metadata": metadata});
    let made = ada.post("/organization/create", body).await.json();
    assert_eq!((&made["logo"], &made["metadata"]), (&json!(logo), &metadata));
    let acme = made["id"].as_str().unwrap();
    let member = join(&ada, acme, "bob", "member").await;
    set_active(&member, json!(acme)).await;
    for shown in [
        member.get("/organization/list").await.json()[0].clone(),
        member.get("/organization/get-organization").await.json(),
        member.get("/organization/get-full-organization").await.json(),
        set_active(&member, json!(acme)).await.json(),
    ] {
        let expected = r#"{"deep":{"a":[1,null]},"plan":"pro","seats":5}"#;
        assert_eq!((&shown["logo"], &shown["metadata"]), (&json!(logo), &json!(expected)), "{shown}");
    }
    let update = async |data: Value| ada.post("/organization/update", json!({"data": data})).await.json();
    let changed = update(json!({"name": "Acme Ltd"})).await;
    assert_eq!((&changed["logo"], &changed["metadata"]), (&json!(logo), &metadata), "they stay");
    let changed = update(json!({"metadata": {"plan": "free"}})).await;
    assert_eq!((&changed["logo"], &changed["metadata"]), (&json!(logo), &json!({"plan": "free"})));
    for none in [json!(null), json!("")] {
        assert_eq!(update(json!({"logo": logo})).await["logo"], logo);
        assert_eq!(update(json!({"logo": none})).await.get("logo"), None);
    }
    assert_eq!(update(json!({"metadata": {}})).await["metadata"], json!({}));
    assert_eq!(ada.get("/organization/list").await.json()[0]["metadata"], "{}");
    let refused = member.post("/organization/update", json!({"data": {"metadata": {"plan": "mine"}}})).await;
    assert_eq!(refused.brief(), "403 YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_ORGANIZATION");
    let gone = ada.post("/organization/delete", json!({"organizationId": acme})).await.json();
    assert_eq!(gone["metadata"], "{}");
}

/// The native limit is that of this door.
#[tokio::test]
async fn one_owns_no_more_organizations_than_at_every_door() {
    let app = world().await;
    let ada = signed_in(&app, "ada").await;
    for number in 0..100 {
        found(&ada, &format!("acme-{number}")).await;
    }
    let refused = ada.post("/organization/create", json!({"name": "X", "slug": "one-more"})).await;
    assert_eq!(refused.brief(), "403 YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_ORGANIZATIONS");
}

#[tokio::test]
async fn organizations_are_listed_to_those_who_belong_to_them() {
    let app = world().await;
    let ada = signed_in(&app, "ada").await;
    let acme = found(&ada, "acme").await;
    app.advance(std::time::Duration::from_secs(1));
    found(&ada, "beta").await;
    let bob = join(&ada, &acme, "bob", "member").await;
    let slugs = async |client: &super::Client<'_>| {
        let listed = client.get("/organization/list").await.json();
        listed
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["slug"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (slugs(&ada).await, slugs(&bob).await),
        (vec!["acme".to_owned(), "beta".to_owned()], vec!["acme".to_owned()])
    );
    let listed = bob.get("/organization/list").await.json();
    let mut members: Vec<_> = listed[0].as_object().unwrap().keys().cloned().collect();
    members.sort_unstable();
    assert_eq!(members, ["createdAt", "id", "name", "slug"]);
}

#[tokio::test]
async fn a_slug_is_free_or_taken() {
    let app = world().await;
    let ada = signed_in(&app, "ada").await;
    let check = async |slug: &str| ada.post("/organization/check-slug", json!({"slug": slug})).await;
    assert_eq!(check("acme").await.json(), json!({"status": true}));
    found(&ada, "acme").await;
    assert_eq!(check("acme").await.brief(), "400 ORGANIZATION_SLUG_ALREADY_TAKEN");
    assert_eq!(check("No slug").await.brief(), "400 VALIDATION_ERROR", "what could not be made is not free");
}

#[tokio::test]
async fn an_organization_is_shown_whole_to_its_members() {
    let app = world().await;
    let (ada, eve) = (signed_in(&app, "ada").await, signed_in(&app, "eve").await);
    for path in ["/organization/get-organization", "/organization/get-full-organization"] {
        assert_eq!(
            (ada.get(path).await.status.as_u16(), ada.get(path).await.json()),
            (200, Value::Null),
            "none is active"
        );
    }
    let acme = found(&ada, "acme").await;
    let admin = join(&ada, &acme, "bob", "admin").await;
    let plain = join(&ada, &acme, "cleo", "member").await;
    let to_dora = invite(&ada, &acme, "dora", "owner").await.text("id");
    app.advance(std::time::Duration::from_secs(1));
    let to_eve = invite(&ada, &acme, "eve", "editor").await.text("id");

    let shown = ada.get("/organization/get-organization?organizationSlug=acme").await.json();
    assert_eq!((&shown["id"], shown.get("members")), (&json!(acme), None));
    let whole = ada.get("/organization/get-full-organization").await.json();
    assert_eq!((&whole["slug"], whole["members"].as_array().unwrap().len()), (&json!("acme"), 3));
    let bob = whole["members"].as_array().unwrap().iter().find(|member| member["role"] == "admin").unwrap();
    let user = own_id(&admin).await;
    assert_eq!(bob["user"], json!({"id": user, "name": "bob", "email": "bob@example.com"}));
    assert_eq!(bob["id"], json!(format!("{acme}.{user}")));
    let seen = |whole: &Value| -> Vec<String> {
        let open = whole["invitations"].as_array().unwrap_or_else(|| panic!("{whole}"));
        open.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(seen(&whole), [to_dora, to_eve.clone()]);
    let path = format!("/organization/get-full-organization?organizationId={acme}&membersLimit=1");
    let to_admin = admin.get(&path).await.json();
    assert_eq!(to_admin["members"].as_array().unwrap().len(), 1);
    assert_eq!(seen(&to_admin), [to_eve], "what makes an owner is for owners");
    assert!(seen(&plain.get(&path).await.json()).is_empty(), "and nothing for who does not manage");
    assert_eq!(
        ada.get("/organization/get-full-organization?membersLimit=0").await.brief(),
        "400 VALIDATION_ERROR"
    );

    let own = format!("organizationId={acme}");
    // TN-01: of one that is not there, and of one that is somebody else's, the answer is the same.
    for path in ["get-organization", "get-full-organization"] {
        let ask = async |what: &str| eve.get(&format!("/organization/{path}?{what}")).await;
        let missing = ask("organizationId=org_00000000000000000000000000").await;
        assert_eq!(missing.brief(), "403 USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION");
        for other in [
            own.as_str(),
            "organizationSlug=acme",
            "organizationSlug=nope",
            "organizationId=x",
            "organizationSlug=N%20o",
        ] {
            assert_eq!(ask(other).await.body, missing.body, "{path} {other}");
        }
    }
}

#[tokio::test]
async fn an_organization_is_changed_and_deleted_by_its_owners() {
    let app = world().await;
    let ada = signed_in(&app, "ada").await;
    let acme = found(&ada, "acme").await;
    found(&ada, "beta").await;
    let admin = join(&ada, &acme, "bob", "admin").await;
    let eve = signed_in(&app, "eve").await;
    let change = async |client: &super::Client<'_>, data: Value| {
        client.post("/organization/update", json!({"organizationId": acme, "data": data})).await
    };
    let changed = change(&ada, json!({"name": "Acme Ltd", "slug": "acme-ltd"})).await.json();
    assert_eq!(
        (&changed["name"], &changed["slug"], &changed["id"]),
        (&json!("Acme Ltd"), &json!("acme-ltd"), &json!(acme))
    );
    assert_eq!(change(&ada, json!({})).await.json()["name"], "Acme Ltd");
    assert_eq!(change(&ada, json!({"slug": "beta"})).await.brief(), "400 ORGANIZATION_SLUG_ALREADY_TAKEN");
    let missing = ada.post("/organization/update", json!({})).await;
    assert_eq!(missing.text("message"), "[body.data] Invalid input: expected object, received undefined");
    let refused = change(&ada, json!({"name": "", "slug": 1})).await;
    assert_eq!(
        refused.text("message"),
        "[body.data.name] Too small: expected string to have >=1 characters; \
         [body.data.slug] Invalid input: expected string, received number"
    );
    let refused = change(&ada, json!({"slug": "No slug"})).await.text("message");
    assert!(refused.starts_with("[body.data.slug] a slug is"), "{refused}");
    // Managing members is not owning, whatever Better Auth's own admin may do.
    let refused = change(&admin, json!({"name": "Mine"})).await;
    assert_eq!(refused.brief(), "403 YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_ORGANIZATION");
    assert_eq!(
        change(&eve, json!({"name": "Mine"})).await.brief(),
        "400 USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION"
    );

    let delete = async |client: &super::Client<'_>, id: &str| {
        client.post("/organization/delete", json!({"organizationId": id})).await
    };
    assert_eq!(delete(&admin, &acme).await.brief(), "403 YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_ORGANIZATION");
    assert_eq!(delete(&eve, &acme).await.brief(), "400 USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION");
    assert_eq!(delete(&ada, "").await.brief(), "400 ORGANIZATION_NOT_FOUND");
    assert_eq!(set_active(&admin, json!(acme)).await.status, 200);
    assert_eq!(delete(&ada, &acme).await.json(), changed);
    assert_eq!(delete(&ada, &acme).await.brief(), "400 USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION");
    assert_eq!(active(&admin).await, Value::Null, "nobody is in what is gone");
    assert_eq!(admin.get("/organization/list").await.json(), json!([]));
}
