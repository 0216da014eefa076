//! Which realm a request is for, and that no token of one is good in another.

use axum::http::Method;
use gatepost_jose::{KeySet, Verifier};
use serde_json::json;

use super::{ADA, WORLD, brief, credentials, get, parts, person, register, someone, with, world};
use crate::support::{Answer, PASSWORD, TestApp};

const ROOT: &str = "127.0.0.1:8400";

/// The publishable key of a realm, as an operator reads it.
async fn key(app: &TestApp, realm: &str) -> String {
    let id = gatepost_server::testing::realm_id(&app.app, realm).await.unwrap();
    gatepost_domain::publishable_key::of(id)
}

/// Which realm an answer is of, by the account's.
fn realm_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()["user"]["realm_id"].as_str().unwrap().to_owned()
}

async fn registered(app: &TestApp, path: &str, headers: &[(&str, &str)], realm_id: Option<&str>) -> Answer {
    let mut body = json!({"email": ADA, "password": PASSWORD});
    if let Some(realm_id) = realm_id {
        body["realm_id"] = realm_id.into();
    }
    with(app, Method::POST, path, headers, Some(body)).await
}

#[tokio::test]
async fn at_the_root_a_request_names_its_realm_by_body_header_or_key() {
    for way in 0..3 {
        let app = world().await;
        let key = key(&app, "acme").await;
        let answer = match way {
            0 => registered(&app, "/register", &[], Some("acme")).await,
            1 => registered(&app, "/register", &[("x-realm-id", "acme")], None).await,
            _ => registered(&app, "/register", &[("x-api-key", &key)], None).await,
        };
        assert_eq!(realm_of(&answer), "acme", "{way}");
        // What is not named is the realm at the root.
        assert_eq!(realm_of(&registered(&app, "/register", &[], None).await), "default");
    }
}

/// RI-02 in spirit: which of two names would count is nobody's guess.
#[tokio::test]
async fn whatever_names_a_realm_names_the_same() {
    let app = world().await;
    let (acme, root, plain) = (key(&app, "acme").await, key(&app, "default").await, key(&app, "plain").await);
    let broken = format!("{}0", &acme[..acme.len() - 1]);
    for (path, headers, realm_id) in [
        // One against another.
        ("/register", vec![("x-realm-id", "acme")], Some("default")),
        ("/register", vec![("x-api-key", acme.as_str())], Some("default")),
        ("/register", vec![("x-api-key", acme.as_str()), ("x-realm-id", "default")], None),
        // Against a prefix.
        ("/r/acme/register", vec![], Some("default")),
        ("/r/acme/register", vec![("x-realm-id", "default")], None),
        ("/r/acme/register", vec![("x-api-key", root.as_str())], None),
        ("/r/default/register", vec![], Some("acme")),
        // Against a host.
        ("/register", vec![("host", "auth.hosted.test")], Some("acme")),
        // One that does not speak this, or is not there.
        ("/register", vec![], Some("plain")),
        ("/register", vec![("x-api-key", plain.as_str())], None),
        ("/register", vec![], Some("nowhere")),
        ("/register", vec![], Some("ACME")),
        ("/register", vec![("x-api-key", broken.as_str())], None),
        ("/register", vec![("x-api-key", "pk_live_")], None),
    ] {
        let answer = asked(&app, path, &headers, realm_id).await;
        assert_eq!(brief(&answer), "404 REALM_NOT_FOUND", "{path} {headers:?} {realm_id:?}: {answer:?}");
    }
    for realm_id in ["", "-a-", "a b c", "../acme", "ac", &"a".repeat(65)] {
        let answer = registered(&app, "/register", &[], Some(realm_id)).await;
        assert_eq!(brief(&answer), "400 INVALID_REALM", "{realm_id}");
    }
    let two = [("x-realm-id", "acme"), ("x-realm-id", "default")];
    assert_eq!(brief(&registered(&app, "/register", &two, None).await), "400 INVALID_REQUEST");
    let number = with(&app, Method::POST, "/login", &[], Some(json!({"realm_id": 7}))).await;
    assert_eq!(brief(&number), "400 INVALID_REQUEST");
    // Of two members with one name, readers take the first or the last.
    let body = format!(
        r#"{{"realm_id": "acme", "email": "{ADA}", "password": "{PASSWORD}", "realm_id": "default"}}"#
    );
    let mut request = crate::support::request(Method::POST, "/register", None, Some(json!({})));
    *request.body_mut() = body.into();
    request.headers_mut().remove("content-length");
    assert_eq!(brief(&app.send(request).await), "400 INVALID_REQUEST");
    for nobody in [json!(["acme"]), json!([{"realm_id": "nowhere"}]), json!("acme")] {
        let answer = with(&app, Method::POST, "/login", &[], Some(nobody)).await;
        assert_eq!(brief(&answer), "400 INVALID_REQUEST", "what is no object names no realm");
    }
}

/// SE-09: at the root a browser asks first whether it may, and names no realm then. What is answered is read where the realm lets it.
#[tokio::test]
async fn se_09_a_page_reads_what_the_realm_that_it_names_lets_it_read() {
    const BOTH: &str = "https://both.example";
    let world = WORLD
        .replacen(
            "name = \"default\"",
            "name = \"default\"\nallowed_origins = [\"https://both.example\", \"https://root.example\"]",
            1,
        )
        .replacen(
            "name = \"acme\"",
            "name = \"acme\"\nallowed_origins = [\"https://both.example\", \"https://acme.example\"]",
            1,
        );
    let app = TestApp::with(&world).await;
    let allowed = async |method: Method, path: &str, origin: &str, realm: Option<&str>| {
        let mut headers = vec![("origin", origin), ("access-control-request-method", "POST")];
        headers.extend(realm.map(|realm| ("x-realm-id", realm)));
        let body = (method == Method::POST).then(|| json!({"email": ADA, "password": PASSWORD}));
        let answer = with(&app, method, path, &headers, body).await;
        answer.header("access-control-allow-origin").map(str::to_owned)
    };
    let (root, acme) = ("https://root.example", "https://acme.example");
    for (path, origin, asks, reads_root, reads_acme) in [
        ("/login", BOTH, true, true, true),
        ("/login", root, true, true, false),
        ("/login", acme, false, false, true),
        ("/r/acme/login", acme, true, true, true),
        ("/r/acme/login", root, false, false, false),
    ] {
        let told = |may: bool| may.then(|| origin.to_owned());
        assert_eq!(allowed(Method::OPTIONS, path, origin, None).await, told(asks), "{path} {origin}");
        assert_eq!(allowed(Method::POST, path, origin, None).await, told(reads_root), "{path} {origin}");
        assert_eq!(
            allowed(Method::POST, path, origin, Some("acme")).await,
            told(reads_acme),
            "{path} {origin}"
        );
    }
}

/// With a host of one's own in place of the root's.
async fn asked(app: &TestApp, path: &str, headers: &[(&str, &str)], realm_id: Option<&str>) -> Answer {
    let host = headers.iter().find(|(name, _)| *name == "host").map_or(ROOT, |(_, host)| host);
    let others: Vec<_> = headers.iter().copied().filter(|(name, _)| *name != "host").collect();
    let mut body = json!({"email": ADA, "password": PASSWORD});
    if let Some(realm_id) = realm_id {
        body["realm_id"] = realm_id.into();
    }
    let mut request = crate::support::request(Method::POST, path, None, Some(body));
    request.headers_mut().insert("host", host.parse().unwrap());
    for (name, value) in others {
        request.headers_mut().append(name.parse::<axum::http::HeaderName>().unwrap(), value.parse().unwrap());
    }
    app.send(request).await
}

#[tokio::test]
async fn what_agrees_with_a_prefix_or_a_host_is_served() {
    let app = world().await;
    let acme = key(&app, "acme").await;
    let all = [("x-realm-id", "acme"), ("x-api-key", acme.as_str())];
    assert_eq!(realm_of(&asked(&app, "/r/acme/register", &all, Some("acme")).await), "acme");
    let host = [("host", "auth.hosted.test")];
    assert_eq!(realm_of(&asked(&app, "/register", &host, Some("hosted")).await), "hosted");
}

/// TN-04: two realms whose tokens say the same of themselves: keys, and nothing else, tell them apart.
#[tokio::test]
async fn tn_04_tokens_of_realms_with_one_issuer_and_one_audience_are_good_in_their_own_alone() {
    let app = world().await;
    let ada = person(&app, ADA).await;
    let other = someone(&registered(&app, "/r/acme/register", &[], None).await);
    for (token, realm) in [(&ada.access_token, "default"), (&other.access_token, "acme")] {
        let (header, claims) = parts(token);
        assert_eq!((&header["alg"], &header["typ"]), (&json!("RS256"), &json!("JWT")));
        assert_eq!((&claims["iss"], &claims["aud"]), (&json!("zalt.io"), &json!("zalt.io")));
        assert_eq!(claims["realm_id"], json!(realm));
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
    }
    assert_eq!(get(&app, &ada, "/me").await.status, 200);
    assert_eq!(get(&app, &other, "/r/acme/me").await.status, 200);
    for (who, path) in [(&ada, "/r/acme"), (&other, "")] {
        assert_eq!(brief(&get(&app, who, &format!("{path}/me")).await), "401 INVALID_TOKEN");
        assert_eq!(get(&app, who, &format!("{path}/api/v1/me")).await.brief(), "401 invalid_token");
        let body = json!({"refresh_token": who.refresh_token});
        assert_eq!(brief(&app.post(&format!("{path}/refresh"), body).await), "401 INVALID_TOKEN");
    }
    // Naming the other realm beside the token helps as little.
    let headers = [("x-realm-id", "acme"), ("authorization", &*format!("Bearer {}", ada.access_token))];
    assert_eq!(brief(&with(&app, Method::GET, "/me", &headers, None).await), "401 INVALID_TOKEN");

    // What an application's verifier says, which has the keys of its realm.
    let now = app.clock.now().unix_seconds();
    let keys = KeySet::parse(&app.get("/.well-known/jwks.json").await.body).unwrap();
    let verifier = Verifier::new("zalt.io", "zalt.io", keys).typ("JWT");
    assert_eq!(verifier.verify(&ada.access_token, now).unwrap().email(), Some(ADA));
    assert!(verifier.verify(&other.access_token, now).is_err());
}

/// What a client of the realm holds, and what an ID token is, open nothing of the account's although they are of the same realm.
#[tokio::test]
async fn only_tokens_of_the_realms_own_sign_in_are_of_the_other_issuer() {
    let app = TestApp::with(&WORLD.replacen(
        "[[realm.role]]",
        "[[realm.client]]\nid = \"job\"\nsecret = \"a secret of more than thirty-two letters\"\ngrants = [\"client_credentials\"]\nscopes = [\"notes:read\"]\n[[realm.role]]",
        1,
    ))
    .await;
    let form =
        "grant_type=client_credentials&client_id=job&client_secret=a+secret+of+more+than+thirty-two+letters";
    let request = axum::http::Request::post("/oauth/token")
        .header("host", ROOT)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(axum::body::Body::from(form))
        .unwrap();
    let answer = app.send(request).await;
    let token = answer.text("access_token");
    let (header, claims) = parts(&token);
    assert_eq!((&header["typ"], &claims["iss"]), (&json!("at+jwt"), &json!("http://127.0.0.1:8400")));
    // For the same API as those of people.
    assert_eq!(claims["aud"], json!("zalt.io"));
    let headers = [("authorization", &*format!("Bearer {token}"))];
    assert_eq!(brief(&with(&app, Method::GET, "/me", &headers, None).await), "401 INVALID_TOKEN");
    let metadata = app.get("/.well-known/openid-configuration").await;
    assert_eq!(metadata.text("issuer"), "http://127.0.0.1:8400");
}

/// The native API issues and takes the same tokens.
#[tokio::test]
async fn the_native_api_knows_them_and_introspection_says_what_they_say() {
    let app = world().await;
    let ada = person(&app, ADA).await;
    assert_eq!(app.ask(&ada, Method::GET, "/api/v1/me", None).await.status, 200);
    let (header, claims) = parts(&app.sign_in(ADA).await.access_token);
    assert_eq!((&header["typ"], &claims["iss"]), (&json!("JWT"), &json!("zalt.io")));
    register(&app, "grace@example.com").await;
    let answer = app.post("/login", credentials("grace@example.com")).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_realm_says_other_names_of_its_tokens_and_the_realm_itself_by_its_own() {
    let app = TestApp::with(
        "[[realm]]\nname = \"default\"\nprofile = \"zalt\"\ntoken_issuer = \"https://api.zalt.io\"\naudience = [\"https://api.zalt.io\", \"notes\"]\n",
    )
    .await;
    let ada = person(&app, ADA).await;
    let (_, claims) = parts(&ada.access_token);
    assert_eq!(claims["iss"], json!("https://api.zalt.io"));
    assert_eq!(claims["aud"], json!(["https://api.zalt.io", "notes"]));
    assert_eq!(get(&app, &ada, "/me").await.status, 200);
    // On the way out of the contract: the issuer's own name, and tokens are as everywhere (RFC 9068).
    app.apply(
        "[[realm]]\nname = \"default\"\nprofile = \"zalt\"\ntoken_issuer = \"http://127.0.0.1:8400\"\naudience = [\"notes\"]\n",
    )
    .await;
    let ada = someone(&super::login(&app, ADA).await);
    let (header, claims) = parts(&ada.access_token);
    assert_eq!(
        (&header["typ"], &claims["aud"]),
        (&json!("at+jwt"), &json!(["notes", "http://127.0.0.1:8400"]))
    );
    assert_eq!(get(&app, &ada, "/me").await.status, 200);
}

#[tokio::test]
async fn the_profile_brings_its_defaults_and_takes_them_along() {
    let app = TestApp::new().await;
    app.register(ADA).await;
    app.apply("[[realm]]\nname = \"default\"\nprofile = \"zalt\"\n").await;
    let signed_in = super::login(&app, ADA).await;
    let (header, claims) = parts(&someone(&signed_in).access_token);
    assert_eq!((&header["alg"], &claims["iss"]), (&json!("RS256"), &json!("zalt.io")));
    app.apply("[[realm]]\nname = \"default\"\nprofile = \"native\"\n").await;
    let (header, claims) = parts(&app.sign_in(ADA).await.access_token);
    assert_eq!((&header["alg"], &claims["iss"]), (&json!("ES256"), &json!("http://127.0.0.1:8400")));
    assert_eq!(app.post("/login", credentials(ADA)).await.status, 404);
}
