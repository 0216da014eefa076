//! Requests that a client signed (RFC 9101): by value, by reference, and sent ahead.

mod by_reference;

use axum::{body::Body, http::Request};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use gatepost_jose::{Algorithm, SigningKey, jwt};
use serde_json::{Value, json};

use super::{
    relying_party::{
        self as rp, Asking, CALLBACK, ISSUER, REALM, SECRET, ada, approve, asking, open, returned,
    },
    signer::{BEARER, Signer},
};
use crate::support::{Answer, TestApp};

/// The web application, which signs with this key, and with these lines more.
async fn with(signer: &Signer, lines: &str) -> TestApp {
    TestApp::with(&REALM.replacen("name = \"Web app\"", &format!("{}\n{lines}", signer.jwks()), 1)).await
}

fn web() -> Signer {
    Signer::new("web", Algorithm::ES256)
}

/// What the browser brings: who asks, and the rest signed.
fn carried(name: &str, value: &str) -> Asking {
    Asking(vec![("client_id".to_owned(), "web".to_owned()), (name.to_owned(), value.to_owned())])
}

/// What the client is told of a request that is refused, or the page shows.
async fn refusal(app: &TestApp, asking: &Asking) -> String {
    let answer = ada(app).await.get(&asking.path()).await;
    if answer.status == 303 {
        let returned = returned(&answer);
        return returned.get("error").cloned().unwrap_or_else(|| panic!("not refused: {returned:?}"));
    }
    assert_eq!(answer.status, 400);
    answer.between("id=\"error-code\">", "<").unwrap_or_else(|| panic!("{}", answer.html()))
}

async fn push(app: &TestApp, asking: &Asking) -> Answer {
    let pair = BASE64.encode(format!("web:{SECRET}").as_bytes());
    let request = Request::post("/oauth/par")
        .header("host", "127.0.0.1:8400")
        .header("authorization", format!("Basic {pair}"))
        .header("content-type", "application/x-www-form-urlencoded");
    app.send(request.body(Body::from(asking.query())).unwrap()).await
}

#[tokio::test]
async fn oa_19_what_is_signed_counts_and_nothing_that_stands_beside_it() {
    let signer = web();
    let app = with(&signer, "").await;
    let browser = ada(&app).await;
    let object = signer.object(&app, &asking().with("scope", "openid").with("nonce", "signed"), &json!({}));
    let more = carried("request", &object)
        .with("response_type", "code")
        .with("redirect_uri", "https://app.test/other?x=1")
        .with("scope", "openid email offline_access")
        .with("state", "another")
        .with("nonce", "another")
        .with("code_challenge", "x")
        .with("claims", r#"{"id_token":{"email":null}}"#)
        .with("prompt", "none");
    let answer = approve(&browser, &open(&browser, &more).await).await;
    assert!(answer.location().starts_with(CALLBACK), "{}", answer.location());
    assert_eq!(returned(&answer)["state"], "s 1&2");
    let tokens = rp::redeem(&app, &returned(&answer)["code"]).await;
    assert_eq!(tokens.json()["scope"], "openid", "{tokens:?}");
    let said = rp::claims(&tokens.text("id_token"));
    assert_eq!((&said["nonce"], said.get("email")), (&json!("signed"), None));
    // Nor does anything come from beside it where the object is silent.
    let silent = signer.object(&app, &asking().without("state"), &json!({}));
    let answer = open(&browser, &carried("request", &silent).with("state", "beside")).await;
    let answer = if answer.status == 200 { approve(&browser, &answer).await } else { answer };
    assert_eq!(returned(&answer).get("state"), None);
    let unproven =
        signer.object(&app, &asking().without("code_challenge").without("code_challenge_method"), &json!({}));
    let beside = carried("request", &unproven)
        .with("code_challenge", &rp::challenge())
        .with("code_challenge_method", "S256");
    assert_eq!(refusal(&app, &beside).await, "invalid_request");
}

#[tokio::test]
async fn parameters_that_are_no_text_are_signed_as_json() {
    let signer = web();
    let app = with(&signer, "").await;
    let browser = ada(&app).await;
    let more =
        json!({ "max_age": 10_000, "claims": { "id_token": { "email": null } }, "resource": ["notes-api"] });
    let asked = carried("request", &signer.object(&app, &asking().with("scope", "openid"), &more));
    let code = rp::code(&browser, &asked).await;
    let tokens = rp::redeem(&app, &code).await;
    assert_eq!(rp::claims(&tokens.text("id_token"))["email"], "ada@example.com");
    assert_eq!(rp::claims(&tokens.text("access_token"))["aud"], "notes-api");
}

#[tokio::test]
async fn oa_19_whatever_is_not_this_clients_object_for_us_now_is_refused() {
    let (signer, other) = (web(), Signer::new("web", Algorithm::ES256));
    let app = with(&signer, "").await;
    let now = app.clock.now().unix_seconds();
    let refused = async |object: &str| refusal(&app, &asking().with("request", object)).await;
    let no = "invalid_request_object";
    for changes in [
        json!({ "client_id": "house" }),
        json!({ "iss": "house" }),
        json!({ "client_id": null, "iss": null }),
        json!({ "aud": "https://evil.test" }),
        json!({ "aud": [format!("{ISSUER}/r/other")] }),
        json!({ "exp": now - 60 }),
        json!({ "nbf": now + 60 }),
        json!({ "sub": "web" }),
        json!({ "request": "x.y.z" }),
        json!({ "request_uri": "https://app.test/request.jwt" }),
    ] {
        assert_eq!(refused(&signer.object(&app, &asking(), &changes)).await, no, "{changes}");
    }
    let said = signer.said(&app, &asking(), &json!({}));
    // Another key of the same name, another kind of token, a symmetric algorithm, a changed letter, no signature, no JWT.
    assert_eq!(refused(&other.sign("oauth-authz-req+jwt", &said)).await, no);
    for typ in ["at+jwt", "dpop+jwt", "client-authentication+jwt", "logout+jwt"] {
        assert_eq!(refused(&signer.sign(typ, &said)).await, no, "{typ}");
    }
    let public = serde_json::to_vec(&signer.key.public_jwk().unwrap()).unwrap();
    let symmetric = SigningKey::from_secret(Algorithm::HS256, "web", &public).unwrap();
    assert_eq!(refused(&jwt::sign("JWT", &said, &symmetric).unwrap()).await, no);
    let object = signer.object(&app, &asking(), &json!({}));
    let parts: Vec<&str> = object.split('.').collect();
    let changed = BASE64URL_NOPAD.encode(said.to_string().replace("openid email", "openid phone").as_bytes());
    assert_eq!(refused(&format!("{}.{changed}.{}", parts[0], parts[2])).await, no);
    assert_eq!(refused(&format!("{}.{}.", parts[0], parts[1])).await, no);
    for none in ["x", "x.y.z", "a.b.c.d.e", "e30.e30."] {
        assert_eq!(refused(none).await, no, "{none}");
    }
    for alg in ["none", "None", "NONE"] {
        let head = BASE64URL_NOPAD.encode(json!({ "alg": alg }).to_string().as_bytes());
        assert_eq!(refused(&format!("{head}.{}.", parts[1])).await, "request_not_supported", "{alg}");
    }
    let both = asking().with("request", &object).with("request_uri", "https://app.test/request.jwt");
    assert_eq!(refusal(&app, &both).await, "invalid_request");
    // Where the form names no address that is the client's, people are told.
    let answer = ada(&app).await.get(&carried("request", "x.y.z").path()).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (400, None));
    assert!(answer.html().contains(no));
    // The address in the object is looked at as any other.
    let stolen = signer.object(&app, &asking().with("redirect_uri", "https://evil.test/cb"), &json!({}));
    let answer = ada(&app).await.get(&asking().with("request", &stolen).path()).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (400, None));
    // A client without keys signs nothing.
    let house = asking()
        .with("client_id", "house")
        .with("redirect_uri", "https://house.test/cb")
        .with("scope", "openid");
    let signed = signer.object(&app, &house, &json!({ "iss": "house" }));
    assert_eq!(refusal(&app, &house.with("request", &signed)).await, no);
}

#[tokio::test]
async fn oa_19_a_request_object_is_signed_with_the_registered_algorithm() {
    for (algorithm, good) in [
        (Algorithm::PS256, true),
        (Algorithm::ES256, false),
        (Algorithm::RS256, false),
        (Algorithm::EdDSA, false),
    ] {
        let signer = Signer::new("web", algorithm);
        let app = with(&signer, "request_object_signing_alg = \"PS256\"").await;
        let asked = asking().with("request", &signer.object(&app, &asking(), &json!({})));
        if good {
            rp::code(&ada(&app).await, &asked).await;
        } else {
            assert_eq!(refusal(&app, &asked).await, "invalid_request_object", "{algorithm}");
        }
    }
}

#[tokio::test]
async fn oa_19_a_client_that_must_sign_its_requests_is_held_to_it() {
    let signer = web();
    let app = with(&signer, "require_signed_request_object = true").await;
    let now = app.clock.now().unix_seconds();
    assert_eq!(refusal(&app, &asking()).await, "invalid_request");
    assert_eq!(push(&app, &asking()).await.text("error"), "invalid_request");
    for changes in [
        json!({ "aud": null }),
        json!({ "exp": null }),
        json!({ "nbf": null }),
        json!({ "exp": now + 3_700 }),
        json!({ "nbf": now - 3_700 }),
    ] {
        let object = signer.object(&app, &asking(), &changes);
        assert_eq!(
            refusal(&app, &asking().with("request", &object)).await,
            "invalid_request_object",
            "{changes}"
        );
        let pushed = push(&app, &carried("request", &object)).await;
        assert_eq!(pushed.text("error"), "invalid_request_object", "{changes}");
    }
    let browser = ada(&app).await;
    rp::code(&browser, &carried("request", &signer.object(&app, &asking(), &json!({})))).await;
    let pushed = push(&app, &carried("request", &signer.object(&app, &asking(), &json!({})))).await;
    assert_eq!(pushed.status, 201, "{pushed:?}");
    rp::code(&browser, &carried("request_uri", &pushed.text("request_uri"))).await;
}

/// RFC 9101 section 4 and OpenID Connect Core section 6.1: they should be there.
#[tokio::test]
async fn oa_19_a_client_that_need_not_sign_may_leave_out_for_whom_and_how_long() {
    let signer = web();
    let app = with(&signer, "").await;
    let object = signer.object(&app, &asking(), &json!({ "aud": null, "exp": null, "nbf": null }));
    rp::code(&ada(&app).await, &carried("request", &object)).await;
    // Two members of one name are two requests.
    let text = signer.said(&app, &asking(), &json!({})).to_string();
    let twice = text.replacen('{', "{\"scope\":\"openid\",", 1);
    let twice = serde_json::value::RawValue::from_string(twice).unwrap();
    let twice = jwt::sign("oauth-authz-req+jwt", &twice, &signer.key).unwrap();
    assert_eq!(refusal(&app, &carried("request", &twice)).await, "invalid_request_object");
}

/// RFC 9126 section 3.
#[tokio::test]
async fn oa_19_a_signed_request_that_is_sent_ahead_is_kept_as_it_was_signed() {
    let signer = web();
    let app = with(&signer, "").await;
    let object = signer.object(&app, &asking().with("scope", "openid"), &json!({}));
    let beside = asking().with("scope", "openid email").with("state", "beside").with("request", &object);
    let pushed = push(&app, &beside).await;
    assert_eq!(pushed.status, 201, "{pushed:?}");
    // The object itself may be over by then: it was looked at when it came.
    let browser = ada(&app).await;
    app.advance(std::time::Duration::from_secs(80));
    let answer = open(&browser, &carried("request_uri", &pushed.text("request_uri"))).await;
    let answer = approve(&browser, &answer).await;
    assert_eq!(returned(&answer)["state"], "s 1&2");
    assert_eq!(rp::redeem(&app, &returned(&answer)["code"]).await.json()["scope"], "openid");
    let foreign = signer.object(&app, &asking(), &json!({ "client_id": "native" }));
    for (object, error) in
        [(foreign.as_str(), "invalid_request_object"), ("eyJhbGciOiJub25lIn0.e30.", "request_not_supported")]
    {
        let answer = push(&app, &asking().with("request", object)).await;
        assert_eq!((answer.status.as_u16(), answer.text("error").as_str()), (400, error));
    }
    let elsewhere = signer.object(&app, &asking().with("redirect_uri", "https://evil.test/cb"), &json!({}));
    assert_eq!(push(&app, &asking().with("request", &elsewhere)).await.text("error"), "invalid_request");
}

/// RFC 9101 section 10.8.
#[tokio::test]
async fn oa_19_a_request_and_an_assertion_do_not_pass_for_each_other() {
    let signer = web();
    let app = with(&signer, "").await;
    let assertion = signer
        .assertion(&app, &json!({ "client_id": "web", "redirect_uri": CALLBACK, "response_type": "code" }));
    assert_eq!(refusal(&app, &asking().with("request", &assertion)).await, "invalid_request_object");
    let keyed = REALM.replacen(
        &format!("secret = \"{SECRET}\""),
        "token_endpoint_auth_method = \"private_key_jwt\"",
        1,
    );
    app.apply(&keyed.replacen("name = \"Web app\"", &signer.jwks(), 1)).await;
    for typ in ["oauth-authz-req+jwt", "JWT"] {
        let object = signer.sign(typ, &signer.said(&app, &asking(), &json!({ "jti": "1" })));
        let form = [
            ("grant_type", "authorization_code"),
            ("code", "x"),
            ("client_id", "web"),
            ("client_assertion_type", BEARER),
            ("client_assertion", &object),
        ];
        assert_eq!(rp::error(&rp::token(&app, None, &form).await), "401 invalid_client", "{typ}");
    }
}

#[tokio::test]
async fn metadata_says_how_requests_are_signed() {
    let app = TestApp::new().await;
    let metadata = app.get("/.well-known/openid-configuration").await.json();
    let algorithms = json!(["RS256", "PS256", "ES256", "EdDSA"]);
    for (member, value) in [
        ("request_parameter_supported", json!(true)),
        ("request_uri_parameter_supported", json!(true)),
        ("require_request_uri_registration", json!(true)),
        ("require_signed_request_object", json!(false)),
        ("request_object_signing_alg_values_supported", algorithms),
    ] {
        assert_eq!(metadata.get(member), Some(&value), "{member}");
    }
    let Value::Array(methods) = &metadata["token_endpoint_auth_signing_alg_values_supported"] else {
        panic!()
    };
    assert!(!methods.contains(&json!("none")));
}
