//! Who may call, and what is answered to what is no call.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use serde_json::json;

use super::{
    Caller, INTERNAL, INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED, REALM, RESOURCE_EXHAUSTED, SECRET,
    UNAUTHENTICATED, UNIMPLEMENTED, administering, as_root, far, organization_id, own_token, token_request,
    told, user_id, wire::message,
};
use crate::support::{TestApp, request};

const LIST: &str = "users.UserService/ListUsers";

/// AZ-03, of gRPC.
#[tokio::test]
async fn every_method_is_closed_to_whoever_was_not_given_it() {
    let app = TestApp::with(REALM).await;
    let ada = app.sign_in("ada@example.com").await;
    let elsewhere = own_token(&app, "elsewhere.test", "administering", SECRET).await;
    let nothing = Caller::of(&app, "nothing").await;
    let methods = gatepost_server::testing::scalekit_methods();
    assert!(methods.len() > 40, "{}", methods.len());
    for (path, needs) in methods {
        let empty = message().framed();
        Caller::with(&app, &[])
            .send(path, empty.clone())
            .await
            .unwrap_err()
            .is(UNAUTHENTICATED, "unauthenticated");
        for token in ["garbage", &ada.access_token, &elsewhere] {
            let refused = Caller::with(&app, &[token]).send(path, empty.clone()).await.unwrap_err();
            refused.is(UNAUTHENTICATED, "invalid_token");
        }
        let refused = nothing.send(path, empty.clone()).await.unwrap_err();
        refused.is(PERMISSION_DENIED, "client_may_not");
        let first = needs.split(' ').next().unwrap();
        assert!(refused.text.contains(&format!("`{first}`")), "{path}: {}", refused.text);
        // Another verb than the one that it was given.
        if needs != "users:read" {
            let reading = Caller::of(&app, "reading").await;
            reading.send(path, empty).await.unwrap_err().is(PERMISSION_DENIED, "client_may_not");
        }
    }
    assert!(told(&app).await.is_empty(), "nothing was done");
}

#[tokio::test]
async fn every_method_refuses_what_is_no_message() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    // A field whose length goes beyond the message.
    let garbage = [0, 0, 0, 0, 2, 0x0a, 0xff];
    for (path, _) in gatepost_server::testing::scalekit_methods() {
        caller.send(path, garbage.to_vec()).await.unwrap_err().is(INVALID_ARGUMENT, "invalid_body");
    }
}

#[tokio::test]
async fn what_has_no_length_or_another_is_no_message() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let path = format!("/scalekit.v1.{LIST}");
    let said_to_be_compressed = [1, 0, 0, 0, 0].to_vec();
    for odd in [Vec::new(), vec![0, 0, 0], vec![0, 0, 0, 0, 9, 1], vec![7, 0, 0, 0, 0], said_to_be_compressed]
    {
        caller.send(&path, odd).await.unwrap_err().is(INTERNAL, "");
    }
}

#[tokio::test]
async fn a_call_is_good_if_one_of_its_tokens_is() {
    let app = TestApp::with(REALM).await;
    let old = own_token(&app, "127.0.0.1:8400", "administering", SECRET).await;
    app.advance(Duration::from_mins(20));
    let refused = Caller::with(&app, &[&old]).call(LIST, message()).await.unwrap_err();
    refused.is(UNAUTHENTICATED, "invalid_token");
    assert!(refused.text.contains("expired"), "{}", refused.text);
    let new = own_token(&app, "127.0.0.1:8400", "administering", SECRET).await;
    for tokens in [[old.as_str(), &new], [&new, &old]] {
        Caller::with(&app, &tokens).call(LIST, message()).await.unwrap();
    }
    let many = ["garbage"; 4].into_iter().chain([new.as_str()]).collect::<Vec<_>>();
    Caller::with(&app, &many).call(LIST, message()).await.unwrap_err().is(UNAUTHENTICATED, "invalid_token");
}

/// What is taken from a client is taken at once, and not when its token ends.
#[tokio::test]
async fn what_is_taken_from_a_client_is_taken_at_once() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    caller.call(LIST, message()).await.unwrap();
    let root = app.sign_in("root@example.com").await;
    let less = json!({ "settings": { "administers": ["roles:read"] } });
    let path = "/api/v1/admin/clients/administering";
    assert_eq!(app.ask(&root, Method::PATCH, path, Some(less)).await.status, 200);
    caller.call(LIST, message()).await.unwrap_err().is(PERMISSION_DENIED, "client_may_not");
    assert_eq!(app.ask(&root, Method::DELETE, path, None).await.status, 204);
    caller.call(LIST, message()).await.unwrap_err().is(UNAUTHENTICATED, "invalid_token");
}

/// A token that is for others, too, could be used by them.
#[tokio::test]
async fn a_client_that_administers_has_no_tokens_for_others() {
    let app = TestApp::with(REALM).await;
    let root = app.sign_in("root@example.com").await;
    let change = json!({ "settings": { "audience": ["notes-api"] } });
    let path = "/api/v1/admin/clients/administering";
    let refused = app.ask(&root, Method::PATCH, path, Some(change)).await;
    assert_eq!(refused.brief(), "422 invalid_field");
    assert!(refused.text("detail").contains("audience"), "{refused:?}");
    // A person's token of such an application is the person's.
    let own = own_token(&app, "127.0.0.1:8400", "administering", SECRET).await;
    let answer = app.send(request(Method::GET, "/api/v1/admin/users", Some(&own), None)).await;
    assert_eq!(answer.brief(), "401 invalid_token", "the token opens nothing else");
}

#[tokio::test]
async fn a_client_cannot_register_what_it_administers() {
    let open = REALM.replacen("organization_roles", "client_registration = \"open\"\norganization_roles", 1);
    let app = TestApp::with(&open).await;
    let metadata = json!({
        "redirect_uris": ["https://app.test/cb"], "administers": ["users:*"], "token_format": "scalekit",
    });
    let made = app.post("/oauth/register", metadata).await;
    assert_eq!(made.status, 201, "{made:?}");
    let kept = as_root(&app, &format!("/api/v1/admin/clients/{}", made.text("client_id"))).await;
    assert_eq!(kept["settings"]["administers"], json!([]));
}

#[tokio::test]
async fn what_is_not_served_says_what_does_the_same() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    for (method, told) in [
        ("connections.ConnectionService/ListConnections", "providers are declared for the realm"),
        ("roles.RolesService/CreateOrganizationRole", "roles are the realm's"),
        ("users.UserService/SomethingNew", "is not served"),
        ("tools.ToolService/Execute", "is not served"),
    ] {
        let refused = caller.call(method, message()).await.unwrap_err();
        refused.is(UNIMPLEMENTED, "unimplemented");
        assert!(refused.text.contains(told), "{method}: {}", refused.text);
    }
    // Nobody learns of somebody else's services by it.
    let other = app.send(call("/scalekit.v2.users.UserService/GetUser", Vec::new())).await;
    assert_eq!(other.status, 404);
}

fn call(path: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post(path).header(header::HOST, "127.0.0.1:8400");
    request.header(header::CONTENT_TYPE, "application/grpc").body(body.into()).unwrap()
}

#[tokio::test]
async fn what_is_no_call_is_answered_as_anywhere() {
    let app = TestApp::with(REALM).await;
    let path = format!("/scalekit.v1.{LIST}");
    assert_eq!(app.get(&path).await.brief(), "405 method_not_allowed");
    assert_eq!(app.post(&path, json!({})).await.brief(), "415 unsupported_media_type");
}

#[tokio::test]
async fn a_message_is_limited_and_arrives_in_time() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let path = format!("/scalekit.v1.{LIST}");
    let large = message().text(9, &"x".repeat(70_000)).framed();
    caller.send(&path, large.clone()).await.unwrap_err().is(RESOURCE_EXHAUSTED, "body_too_large");
    // A stranger is refused before anything is read.
    Caller::with(&app, &[]).send(&path, large).await.unwrap_err().is(UNAUTHENTICATED, "unauthenticated");
    // The clock stands still from when the message is waited for: before that a database is, which has deadlines of its own.
    let never = futures_util::stream::once(async {
        tokio::time::pause();
        std::future::pending::<Result<String, std::io::Error>>().await
    });
    let waiting = caller.send(&path, axum::body::Body::from_stream(never));
    waiting.await.unwrap_err().is(INVALID_ARGUMENT, "invalid_body");
}

/// The path has no room for a prefix: the host says which realm, and else it is the default one.
#[tokio::test]
async fn the_host_says_which_realm_is_administered() {
    let app = TestApp::with(REALM).await;
    let (here, there) = (organization_id(&app, "acme").await, far(&app).await);
    let caller = administering(&app).await;
    let get = "organizations.OrganizationService/GetOrganization";
    caller.call(get, message().text(1, &here)).await.unwrap();
    let missing = caller.call(get, message().text(1, &there)).await.unwrap_err();
    missing.is(NOT_FOUND, "not_found");
    assert!(missing.text.ends_with("yours to see."), "a method has no route: {}", missing.text);
    let elsewhere = Caller { app: &app, host: "elsewhere.test", tokens: caller.tokens.clone() };
    elsewhere.call(get, message().text(1, &there)).await.unwrap_err().is(UNAUTHENTICATED, "invalid_token");
}

/// Python's library drops the prefix of a realm from the address.
#[tokio::test]
async fn a_token_of_another_realm_is_refused_with_where_to_call() {
    let client = "id = \"administering\"\ngrants = [\"client_credentials\"]\ntoken_format = \"scalekit\"";
    let other = format!("[[realm]]\nname = \"far\"\n[[realm.client]]\n{client}\nsecret = \"{SECRET}\"\n");
    let app = TestApp::with(&format!("{REALM}\n{other}")).await;
    let mut asked = token_request("127.0.0.1:8400", "administering", SECRET);
    *asked.uri_mut() = "/r/far/oauth/token".parse().unwrap();
    let theirs = app.send(asked).await.text("access_token");
    let told = async |tokens: &[&str]| {
        let refused = Caller::with(&app, tokens).call(LIST, message()).await.unwrap_err();
        refused.is(UNAUTHENTICATED, "invalid_token");
        refused.text
    };
    let text = told(&[&theirs]).await;
    assert!(text.contains("Give realm far a host of its own, with its setting `hosts`"), "{text}");
    // Whoever holds no good token of that realm does not learn whether there is one.
    let (head, signature) = theirs.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
    assert!(!told(&[&forged]).await.contains("realm far"));
    app.advance(Duration::from_hours(24));
    assert!(!told(&[&theirs]).await.contains("realm far"), "expired");
    let own = administering(&app).await;
    Caller::with(&app, &[&theirs, &own.tokens[0]]).call(LIST, message()).await.unwrap();
}

/// Whoever makes a member makes what they may do.
#[tokio::test]
async fn a_user_who_is_to_be_a_member_takes_both_rights() {
    let app = TestApp::with(REALM).await;
    let caller = administering(&app).await;
    let root = app.sign_in("root@example.com").await;
    let less = json!({ "settings": { "administers": ["users:*"] } });
    app.ask(&root, Method::PATCH, "/api/v1/admin/clients/administering", Some(less)).await;
    let owner = message().within(4, message().text(2, "owner"));
    let user = message().text(5, "mallory@example.com").within(7, owner);
    let asked = message().text(1, &organization_id(&app, "acme").await).within(2, user);
    let refused = caller.call("users.UserService/CreateUserAndMembership", asked).await.unwrap_err();
    refused.is(PERMISSION_DENIED, "client_may_not");
    assert!(refused.text.contains("`memberships:write`"), "{}", refused.text);
}

#[tokio::test]
async fn an_administrator_of_the_realm_is_beyond_a_client() {
    let app = TestApp::with(REALM).await;
    let root = user_id(&app, "root@example.com").await;
    let caller = administering(&app).await;
    let profile = message().text(4, "Mallory");
    let change = message().text(1, &root).within(3, message().within(8, profile));
    let refused = caller.call("users.UserService/UpdateUser", change).await.unwrap_err();
    refused.is(PERMISSION_DENIED, "missing_role");
    let refused = caller.call("users.UserService/DeleteUser", message().text(1, &root)).await.unwrap_err();
    refused.is(PERMISSION_DENIED, "missing_role");
    let role = message().text(1, &organization_id(&app, "acme").await).text(2, &root);
    let role = role.within(3, message().text(2, "realm-admin"));
    let refused = caller.call("users.UserService/AssignUserRoles", role).await.unwrap_err();
    refused.is(INVALID_ARGUMENT, "invalid_field");
    // AD-01: nor does it say what one is in an organization.
    let acme = organization_id(&app, "acme").await;
    let join = message().text(1, &acme).text(3, &root).within(2, message());
    let refused = caller.call("users.UserService/CreateMembership", join).await.unwrap_err();
    refused.is(PERMISSION_DENIED, "missing_role");
    let admin = app.sign_in("root@example.com").await;
    let path = format!("/api/v1/admin/organizations/{acme}/members/{root}");
    let joined = app.ask(&admin, Method::PUT, &path, Some(json!({"roles": ["editor"]}))).await;
    assert!(joined.status.is_success(), "{joined:?}");
    let within = || message().text(1, &acme).text(2, &root);
    for (method, asked) in [
        ("UpdateMembership", within().within(5, message().within(4, message().text(2, "owner")))),
        ("DeleteMembership", within()),
        ("AssignUserRoles", within().within(3, message().text(2, "owner"))),
        ("RemoveUserRole", within().text(3, "editor")),
    ] {
        let refused = caller.call(&format!("users.UserService/{method}"), asked).await.unwrap_err();
        refused.is(PERMISSION_DENIED, "missing_role");
        assert!(refused.text.contains("`realm-admin`"), "{method}: {}", refused.text);
    }
    let roles = caller.call("users.UserService/ListUserRoles", within()).await.unwrap();
    assert_eq!(roles.each(1)[0].text(&[2]), "editor", "nothing has changed");
    let role = message().within(2, message().text(2, "realm-admin"));
    let refused = caller.call("roles.RolesService/CreateRole", role).await.unwrap_err();
    refused.is(INVALID_ARGUMENT, "invalid_field");
}
