//! Organizations.

use std::time::Duration;

use super::{
    ALREADY_EXISTS, INVALID_ARGUMENT, NOT_FOUND, REALM, administering, far, organization_id, token_request,
    told,
    wire::{Fields, Message, message},
};
use crate::support::TestApp;

const SERVICE: &str = "organizations.OrganizationService";

#[tokio::test]
async fn an_organization_is_made_found_and_changed() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let ask =
        async |method: &str, message: Message| caller.call(&format!("{SERVICE}/{method}"), message).await;
    let create =
        async |organization: Message| ask("CreateOrganization", message().within(1, organization)).await;
    let made = create(message().text(4, "Analytical Engines").text(9, "analytical")).await.unwrap();
    let id = made.text(&[1, 1]);
    assert!(id.starts_with("org_"), "{id}");
    assert_eq!((made.text(&[1, 4]), made.text(&[1, 9])), ("Analytical Engines".into(), "analytical".into()));
    assert_eq!(made.number(&[1, 2, 1]), 1_800_000_000);
    assert_eq!(ask("GetOrganization", message().text(1, &id)).await.unwrap(), made);
    let named = create(message().text(4, "Zürich & Co. 3")).await.unwrap();
    let slug = named.text(&[1, 9]);
    assert!(slug.starts_with("z-rich-co-3-"), "{slug}");
    create(message().text(4, "Other").text(9, "analytical"))
        .await
        .unwrap_err()
        .is(ALREADY_EXISTS, "slug_taken");
    for wrong in [
        message(),
        message().text(4, "Other").text(9, "No Slug"),
        message().text(4, "Other").text(6, "the\nirs"),
        message().text(4, "Other").entry(7, "", "free"),
        message().text(4, "Other").text(10, "data:image/png;base64,AAAA"),
    ] {
        create(wrong).await.unwrap_err().is(INVALID_ARGUMENT, "invalid_field");
    }
    ask("CreateOrganization", message()).await.unwrap_err().is(INVALID_ARGUMENT, "invalid_field");
    let update = async |id: &str, change: Message, mask: Option<&str>| {
        let asked = message().text(1, id).within(3, change);
        let asked = mask.into_iter().fold(asked, |asked, path| asked.within(99, message().text(1, path)));
        ask("UpdateOrganization", asked).await
    };
    let change = || message().text(4, "Engines").text(9, "engines");
    let shown = |answer: Fields| (answer.text(&[1, 4]), answer.text(&[1, 9]));
    assert_eq!(
        shown(update(&id, change(), Some("slug")).await.unwrap()),
        ("Analytical Engines".into(), "engines".into())
    );
    assert_eq!(shown(update(&id, change(), None).await.unwrap()), ("Engines".into(), "engines".into()));
    let far = far(&app).await;
    update(&far, change(), None).await.unwrap_err().is(NOT_FOUND, "not_found");
    ask("GetOrganization", message().text(1, &far)).await.unwrap_err().is(NOT_FOUND, "not_found");
    assert_eq!(
        told(&app).await,
        ["organization-created", "organization-created", "organization-updated", "organization-updated"]
    );
}

#[tokio::test]
async fn the_logo_of_an_organization_is_kept_and_taken_away() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let ask =
        async |method: &str, message: Message| caller.call(&format!("{SERVICE}/{method}"), message).await;
    let logo = "https://x.test/logo.png";
    let wanted = message().text(4, "Logo").text(10, logo);
    let made = ask("CreateOrganization", message().within(1, wanted)).await.unwrap();
    assert_eq!(made.text(&[1, 10]), logo);
    let id = made.text(&[1, 1]);
    let update = async |change: Message, mask: Option<&str>| {
        let asked = message().text(1, &id).within(3, change);
        let asked = mask.into_iter().fold(asked, |asked, path| asked.within(99, message().text(1, path)));
        ask("UpdateOrganization", asked).await.unwrap().text(&[1, 10])
    };
    assert_eq!(update(message().text(4, "Other"), None).await, logo);
    assert_eq!(update(message().text(10, "https://x.test/b.png"), Some("slug")).await, logo);
    assert_eq!(update(message().text(10, ""), Some("logo_url")).await, "");
}

#[tokio::test]
async fn an_organization_is_found_by_what_it_is_called_elsewhere() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let ask =
        async |method: &str, message: Message| caller.call(&format!("{SERVICE}/{method}"), message).await;
    let made = message().text(4, "Beta").text(6, "customer/7").entry(7, "plan", "free");
    let made = ask("CreateOrganization", message().within(1, made)).await.unwrap();
    assert_eq!(
        (made.text(&[1, 6]), made.text(&[1, 7, 1]), made.text(&[1, 7, 2])),
        ("customer/7".into(), "plan".into(), "free".into())
    );
    for method in ["GetOrganization", "GetOrganizationByExternalId"] {
        assert_eq!(ask(method, message().text(2, "customer/7")).await.unwrap(), made, "{method}");
        ask(method, message().text(2, "customer/8")).await.unwrap_err().is(NOT_FOUND, "not_found");
    }
    let listed = ask("ListOrganization", message().text(3, "customer/7")).await.unwrap();
    assert_eq!((listed.each(3).len(), listed.text(&[3, 6])), (1, "customer/7".into()));
    assert!(ask("ListOrganization", message().text(3, "customer/8")).await.unwrap().each(3).is_empty());
    let acme = organization_id(&app, "acme").await;
    let taken = message().text(1, &acme).within(3, message().text(6, "customer/7").text(4, "Mallory"));
    ask("UpdateOrganization", taken).await.unwrap_err().is(ALREADY_EXISTS, "external_id_taken");
    let found = ask("GetOrganization", message().text(1, &acme)).await.unwrap();
    assert_eq!(found.text(&[1, 4]), "Acme", "and nothing of it was changed");
    let change = message().text(6, "customer/9").entry(7, "plan", "").entry(7, "seats", "3");
    let change = message().text(2, "customer/7").within(3, change);
    let changed = ask("UpdateOrganization", change).await.unwrap();
    assert_eq!((changed.text(&[1, 6]), changed.text(&[1, 7, 1])), ("customer/9".into(), "seats".into()));
    ask("DeleteOrganization", message().text(2, "customer/9")).await.unwrap();
    ask("DeleteOrganization", message().text(2, "customer/9")).await.unwrap_err().is(NOT_FOUND, "not_found");
}

#[tokio::test]
async fn organizations_are_listed_in_pages_and_searched() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let ask =
        async |method: &str, message: Message| caller.call(&format!("{SERVICE}/{method}"), message).await;
    app.advance(Duration::from_secs(1));
    let made = message().within(1, message().text(4, "Beta").text(9, "beta"));
    ask("CreateOrganization", made).await.unwrap();
    let first = ask("ListOrganization", message().number(1, 1)).await.unwrap();
    assert_eq!((first.each(3).len(), first.text(&[3, 9])), (1, "acme".into()));
    let second = ask("ListOrganization", message().number(1, 1).text(2, &first.text(&[1]))).await.unwrap();
    assert_eq!(
        (second.text(&[3, 9]), second.text(&[1])),
        ("beta".into(), String::new()),
        "and none of another realm"
    );
    let found = ask("SearchOrganization", message().text(1, "bet")).await.unwrap();
    assert_eq!((found.each(3).len(), found.text(&[3, 9])), (1, "beta".into()));
}

#[tokio::test]
async fn an_organization_is_deleted_with_its_clients() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let acme = organization_id(&app, "acme").await;
    let client = message().text(1, &acme).within(2, message().text(1, "Export").text(3, "notes:read"));
    let client = caller.call("clients.ClientService/CreateOrganizationClient", client).await.unwrap();
    let (id, secret) = (client.text(&[1, 1]), client.text(&[2]));
    assert_eq!(app.send(token_request("127.0.0.1:8400", &id, &secret)).await.status, 200);
    let delete =
        async |id: &str| caller.call(&format!("{SERVICE}/DeleteOrganization"), message().text(1, id)).await;
    delete(&far(&app).await).await.unwrap_err().is(NOT_FOUND, "not_found");
    delete(&acme).await.unwrap();
    delete(&acme).await.unwrap_err().is(NOT_FOUND, "not_found");
    let refused = app.send(token_request("127.0.0.1:8400", &id, &secret)).await;
    assert_eq!((refused.status.as_u16(), refused.text("error")), (401, "invalid_client".into()));
    assert_eq!(told(&app).await, ["client-created", "organization-deleted"]);
}
