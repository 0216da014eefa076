//! What was exchanged ends with what it came of.

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use data_encoding::BASE64;
use serde_json::json;

use super::{EXCHANGE, SECRET, TOKEN, adas, exchange, exchanged, given_to, introspected, realm, world};
use crate::oauth::relying_party::{self as rp, ada, asking, claims, error};

#[tokio::test]
async fn tx_01_what_was_revoked_is_not_exchanged_and_what_came_of_it_ends() {
    let app = world().await;
    let admin = app.admin().await;
    for way in ["grant", "session", "client", "user"] {
        app.apply(&realm()).await;
        let token = adas(&app, "openid email notes:read").await;
        let given = exchanged(&app, "notes-api", &token, &[]).await;
        assert_eq!(introspected(&app, &given).await["active"], true, "{way}");
        let sub = claims(&token)["sub"].as_str().unwrap().to_owned();
        match way {
            "grant" => {
                let pair = Some(("web", rp::SECRET));
                let body = [("token", token.as_str())];
                let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(body).finish();
                let pair =
                    pair.map(|(id, secret)| BASE64.encode(format!("{id}:{secret}").as_bytes())).unwrap();
                let request = Request::post("/oauth/revoke")
                    .header(header::HOST, "127.0.0.1:8400")
                    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .header(header::AUTHORIZATION, format!("Basic {pair}"));
                assert_eq!(app.send(request.body(Body::from(form)).unwrap()).await.status, 200);
            }
            "session" => {
                let path = format!("/api/v1/admin/users/{sub}/sessions");
                assert!(app.ask(&admin, Method::DELETE, &path, None).await.status.is_success());
            }
            "client" => {
                let taken = realm().replacen(
                    &format!("id = \"notes-api\"\nsecret = \"{SECRET}\"\ngrants = [\"{EXCHANGE}\", "),
                    &format!("id = \"notes-api\"\nsecret = \"{SECRET}\"\ngrants = ["),
                    1,
                );
                app.apply(&taken).await;
            }
            _ => {
                let path = format!("/api/v1/admin/users/{sub}");
                let disabled = app.ask(&admin, Method::PATCH, &path, Some(json!({ "disabled": true }))).await;
                assert_eq!(disabled.status, 200, "{disabled:?}");
            }
        }
        let refused = exchange(&app, "notes-api", &token, &[]).await;
        let expected = if way == "client" { "400 unauthorized_client" } else { "400 invalid_request" };
        assert_eq!(error(&refused), expected, "{way}");
        assert_eq!(introspected(&app, &given).await, json!({ "active": false }), "{way}");
    }
}

#[tokio::test]
async fn tx_01_what_was_exchanged_ends_with_everybody_who_acts() {
    let app = world().await;
    let admin = app.admin().await;
    for way in ["sessions", "disabled", "deleted"] {
        let subject = adas(&app, "openid email notes:read").await;
        let actor = given_to(&app, "desk", "grace@example.com").await;
        let with = [("actor_token", actor.as_str()), ("actor_token_type", TOKEN)];
        let acted = exchanged(&app, "desk", &subject, &with).await;
        let passed_on = exchanged(&app, "notes-api", &acted, &[]).await;
        for token in [&acted, &passed_on] {
            assert_eq!(introspected(&app, token).await["active"], true, "{way}");
        }
        let path = format!("/api/v1/admin/users/{}", claims(&actor)["sub"].as_str().unwrap());
        let sessions = format!("{path}/sessions");
        let ended = match way {
            "sessions" => app.ask(&admin, Method::DELETE, &sessions, None).await,
            "disabled" => app.ask(&admin, Method::PATCH, &path, Some(json!({ "disabled": true }))).await,
            _ => app.ask(&admin, Method::DELETE, &path, None).await,
        };
        assert!(ended.status.is_success(), "{way}: {ended:?}");
        // Nor does it go on by being exchanged once more.
        assert_eq!(
            error(&exchange(&app, "files-api", &passed_on, &[]).await),
            "400 invalid_request",
            "{way}"
        );
        for token in [&acted, &passed_on] {
            assert_eq!(introspected(&app, token).await, json!({ "active": false }), "{way}");
        }
        assert_eq!(
            introspected(&app, &subject).await["active"],
            true,
            "{way}: the person's own is as it was"
        );
        if way == "disabled" {
            app.ask(&admin, Method::PATCH, &path, Some(json!({ "disabled": false }))).await;
        }
    }
}

#[tokio::test]
async fn tx_01_what_was_passed_on_ends_with_each_client_that_exchanged_it() {
    let app = world().await;
    let subject = adas(&app, "openid email notes:read").await;
    let first = exchanged(&app, "quiet", &subject, &[]).await;
    let second = exchanged(&app, "notes-api", &first, &[]).await;
    assert_eq!(claims(&second)["exchanged_by"], json!([{ "client": "quiet" }]));
    assert_eq!(introspected(&app, &second).await["active"], true);
    let taken = realm().replacen(
        &format!("id = \"quiet\"\nsecret = \"{SECRET}\"\ngrants = [\"{EXCHANGE}\", "),
        &format!("id = \"quiet\"\nsecret = \"{SECRET}\"\ngrants = ["),
        1,
    );
    app.apply(&taken.replacen("may_impersonate = true", "", 1)).await;
    assert_eq!(introspected(&app, &second).await, json!({ "active": false }));
    assert_eq!(error(&exchange(&app, "files-api", &second, &[]).await), "400 invalid_request");
}

/// Introspection tells what is held now.
#[tokio::test]
async fn in_01_a_scope_that_a_client_has_lost_is_not_told() {
    let app = world().await;
    let code = rp::code(&ada(&app).await, &asking().with("scope", "openid email notes:read")).await;
    let tokens = rp::redeem(&app, &code).await;
    let (own, refresh) = (tokens.text("access_token"), tokens.text("refresh_token"));
    let passed_on = exchanged(&app, "notes-api", &own, &[]).await;
    let told = async |token: &str| {
        let said = introspected(&app, token).await;
        (said["scope"].as_str().unwrap_or_default().to_owned(), said["permissions"].clone())
    };
    let (all, reads) = ("openid email notes:read".to_owned(), json!(["notes:read"]));
    assert_eq!(told(&own).await, (all.clone(), reads.clone()));
    assert_eq!(told(&refresh).await.0, all);
    // The application itself, and with it whoever had the token from it.
    app.apply(&realm().replacen(r#""notes:read", "notes:write"]"#, r#""notes:write"]"#, 1)).await;
    assert_eq!(told(&own).await, ("openid email".to_owned(), json!(null)));
    assert_eq!(told(&refresh).await.0, "openid email");
    assert_eq!(told(&passed_on).await, ("email".to_owned(), json!(null)));
    // Whoever exchanged it.
    let narrower = realm().replacen(
        r#"scopes = ["openid", "email", "notes:*", "reports"]"#,
        r#"scopes = ["email", "reports"]"#,
        1,
    );
    app.apply(&narrower).await;
    assert_eq!(told(&own).await, (all, reads));
    assert_eq!(told(&passed_on).await, ("email".to_owned(), json!(null)));
    // And what the person may not do any more.
    app.apply(&realm().replacen(r#"permissions = ["notes:read"]"#, "permissions = []", 1)).await;
    assert_eq!(told(&own).await, ("openid email".to_owned(), json!(null)));
    assert_eq!(told(&refresh).await.0, "openid email");
}
