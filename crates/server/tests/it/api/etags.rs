//! Lost updates: `ETag` and `If-Match`.

use axum::http::{Method, Request, header};
use serde_json::{Value, json};

use crate::support::{Answer, Person, TestApp, request};

async fn ask_if(
    app: &TestApp,
    person: &Person,
    (method, path): (Method, &str),
    tag: &str,
    body: Option<Value>,
) -> Answer {
    let (mut parts, body) = request(method, path, Some(&person.access_token), body).into_parts();
    parts.headers.insert(header::IF_MATCH, tag.parse().unwrap());
    app.send(Request::from_parts(parts, body)).await
}

async fn tag_of(app: &TestApp, person: &Person, path: &str) -> String {
    let answer = app.ask(person, Method::GET, path, None).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.header("etag").unwrap_or_else(|| panic!("{path} has no tag: {answer:?}")).to_owned()
}

/// What can be changed, by its path, with two changes of it.
async fn everything(app: &TestApp, admin: &Person) -> Vec<(String, Method, [Value; 2])> {
    let eve = app.person("eve@example.com").await;
    let body = json!({"name": "Acme", "slug": "acme"});
    let acme = app.ask(admin, Method::POST, "/api/v1/organizations", Some(body)).await.text("id");
    let role = "/api/v1/admin/roles/editor".to_owned();
    let content = |permission: &str| json!({"permissions": [permission], "inherits": []});
    app.ask(admin, Method::PUT, &role, Some(content("notes:read"))).await;
    app.ask(admin, Method::POST, "/api/v1/admin/clients", Some(json!({"id": "web"}))).await;
    let client = |name: &str| json!({"settings": {"name": name}});
    let names = [json!({"name": "One"}), json!({"name": "Other"})];
    vec![
        (format!("/api/v1/admin/users/{}", eve.id), Method::PATCH, names.clone()),
        (format!("/api/v1/admin/organizations/{acme}"), Method::PATCH, names.clone()),
        (format!("/api/v1/organizations/{acme}"), Method::PATCH, names.clone()),
        ("/api/v1/me".to_owned(), Method::PATCH, names),
        ("/api/v1/admin/clients/web".to_owned(), Method::PATCH, [client("One"), client("Other")]),
        (
            "/api/v1/admin/realm".to_owned(),
            Method::PATCH,
            ["One", "Other"].map(|name| json!({"settings": {"display_name": name}})),
        ),
        (role, Method::PUT, [content("notes:write"), content("notes:share")]),
    ]
}

#[tokio::test]
async fn who_changes_what_was_changed_meanwhile_is_told_and_changes_nothing() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    for (path, method, [one, other]) in everything(&app, &admin).await {
        let read = tag_of(&app, &admin, &path).await;
        let change = (method.clone(), path.as_str());
        let first = ask_if(&app, &admin, change.clone(), &read, Some(one.clone())).await;
        assert_eq!(first.status, 200, "{path}: {first:?}");
        let now = tag_of(&app, &admin, &path).await;
        assert_ne!(read, now, "{path}");
        let before = app.ask(&admin, Method::GET, &path, None).await.json();
        let late = ask_if(&app, &admin, change.clone(), &read, Some(other.clone())).await;
        assert_eq!(late.brief(), "412 changed_meanwhile", "{path}");
        let weak = ask_if(&app, &admin, change.clone(), &format!("W/{now}"), Some(other.clone())).await;
        assert_eq!(weak.brief(), "412 changed_meanwhile", "{path}: a weak tag is for nothing");
        let bare = ask_if(&app, &admin, change.clone(), "3", Some(other.clone())).await;
        assert_eq!(bare.brief(), "400 invalid_precondition", "{path}");
        assert_eq!(app.ask(&admin, Method::GET, &path, None).await.json(), before, "{path}");
        for tag in [format!("\"x\", {now}"), "*".to_owned()] {
            let changed = ask_if(&app, &admin, change.clone(), &tag, Some(other.clone())).await;
            assert_eq!(changed.status, 200, "{path}: {changed:?}");
        }
        // As before for who does not ask.
        assert_eq!(app.ask(&admin, method, &path, Some(one)).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn what_was_changed_meanwhile_is_not_deleted() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let all = everything(&app, &admin).await;
    // Nobody deletes their own realm.
    let deleted = |path: &str| path.contains("/admin/") && !path.ends_with("/realm");
    for (path, method, [one, _]) in all.into_iter().filter(|(path, ..)| deleted(path)) {
        let read = tag_of(&app, &admin, &path).await;
        app.ask(&admin, method, &path, Some(one)).await;
        let late = ask_if(&app, &admin, (Method::DELETE, &path), &read, None).await;
        assert_eq!(late.brief(), "412 changed_meanwhile", "{path}");
        let now = tag_of(&app, &admin, &path).await;
        assert_eq!(ask_if(&app, &admin, (Method::DELETE, &path), &now, None).await.status, 204, "{path}");
        // What is not there is missing, whatever was expected of it.
        assert_eq!(ask_if(&app, &admin, (Method::DELETE, &path), "*", None).await.brief(), "404 not_found");
    }
}

#[tokio::test]
async fn a_role_that_is_to_be_replaced_must_be_there() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    let put = (Method::PUT, "/api/v1/admin/roles/gone");
    let answer = ask_if(&app, &admin, put, "*", Some(json!({"permissions": []}))).await;
    assert_eq!(answer.brief(), "412 changed_meanwhile");
    assert_eq!(app.ask(&admin, Method::GET, "/api/v1/admin/roles/gone", None).await.brief(), "404 not_found");
}

/// Two administrators who read the same and change it at the same moment: one of them is told.
#[tokio::test]
async fn of_two_administrators_at_once_one_changes_and_one_is_told() {
    let app = TestApp::new().await;
    let admin = app.admin().await;
    for (path, method, [one, other]) in everything(&app, &admin).await {
        for _ in 0..5 {
            let read = tag_of(&app, &admin, &path).await;
            let change =
                |body: Value| ask_if(&app, &admin, (method.clone(), path.as_str()), &read, Some(body));
            let (first, second) = tokio::join!(change(one.clone()), change(other.clone()));
            let mut briefs = [first.brief(), second.brief()];
            briefs.sort();
            // What is made what it is keeps its tag: then the other comes after it and is right as well.
            let keeps = method == Method::PUT || path.contains("/clients/") || path.ends_with("/realm");
            let both = keeps && briefs == ["200", "200"];
            assert!(both || briefs == ["200", "412 changed_meanwhile"], "{path}: {briefs:?}");
        }
    }
}

/// RFC 9110 section 13.1.1: what cannot be known to hold is not done. Who may not ask at all is told that first (section 13.2.1).
#[tokio::test]
async fn if_match_is_refused_where_nothing_has_a_tag() {
    let app = TestApp::new().await;
    let (admin, eve) = (app.admin().await, app.person("eve@example.com").await);
    let api = app.get("/openapi.json").await.json();
    let (mut refused, mut reading) = (0, 0);
    for (path, item) in api["paths"].as_object().unwrap().iter().filter(|(path, _)| path.starts_with("/api/"))
    {
        for (method, operation) in item.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let is_closed = operation["security"].as_array().is_some_and(|needed| !needed.is_empty());
            if method == Method::GET || !is_closed {
                continue;
            }
            let route = format!("{method} {path}");
            let parts = path.split('/').map(|part| if part.starts_with('{') { "gone" } else { part });
            let there = parts.collect::<Vec<_>>().join("/");
            let body = Some(json!({}));
            let named = operation["parameters"].as_array().into_iter().flatten();
            if named.clone().any(|parameter| parameter["name"] == "If-Match") {
                reading += 1;
                let answer = ask_if(&app, &admin, (method, &there), "*", body).await;
                assert_ne!(answer.brief(), "412 no_tag", "{route}");
                continue;
            }
            refused += 1;
            for tag in ["\"1\"", "*", "nonsense"] {
                let answer = ask_if(&app, &admin, (method.clone(), &there), tag, body.clone()).await;
                assert_eq!(answer.brief(), "412 no_tag", "{route} {tag}");
            }
            if path.contains("/admin/") {
                let answer = ask_if(&app, &eve, (method.clone(), &there), "*", body.clone()).await;
                assert_eq!(answer.brief(), "403 missing_role", "{route}");
            }
            let nobody = Person { access_token: "garbage".to_owned(), ..eve.clone() };
            let answer = ask_if(&app, &nobody, (method, &there), "*", body).await;
            assert_eq!(answer.brief(), "401 invalid_token", "{route}");
        }
    }
    assert!(refused > 20 && reading >= 12, "{refused} refused and {reading} read it");
    // Nothing was done: among others everybody is still signed in, though `logout` was asked for.
    for person in [&admin, &eve] {
        assert_eq!(app.ask(person, Method::GET, "/api/v1/me", None).await.status, 200);
    }
    // What only looks is not held up.
    assert_eq!(ask_if(&app, &eve, (Method::GET, "/api/v1/me"), "\"7\"", None).await.status, 200);
}
