//! Proofs of the key that tokens are bound to (RFC 9449).

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use data_encoding::BASE64URL_NOPAD;

use super::{
    super::super::{proof_key::said, relying_party::error},
    *,
};

/// What a proof of the client says at the token endpoint, `by` seconds from now, with these members more.
fn at_token(world: &World, client: &Client, by: i64, more: &Value) -> String {
    let mut claims = said(&world.app, "POST", "/oauth/token", None);
    claims["iat"] = (world.app.clock.now().unix_seconds() + by).into();
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    client.key.signed(&head(client), &claims)
}

fn head(client: &Client) -> Value {
    json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": client.key.jwk() })
}

async fn redeemed_with_proof(by: i64, more: impl Fn(i64) -> Value) {
    let world = world().await;
    let client = &world.first;
    let code = world.code(client).await;
    let more = more(world.app.clock.now().unix_seconds());
    let proof = at_token(&world, client, by, &more);
    let answer = world.redeem_with(client, &code, &json!({}), &[proof]).await;
    assert_eq!(answer.json()["token_type"], "DPoP", "{answer:?}");
}

#[tokio::test]
async fn fapi2_security_profile_final_check_dpop_proof_nbf_exp() {
    redeemed_with_proof(0, |now| json!({ "nbf": now, "exp": now + 300 })).await;
}

#[tokio::test]
async fn fapi2_security_profile_final_ensure_dpopproof_with_iat_10seconds_before_succeeds() {
    redeemed_with_proof(-10, |_| json!({})).await;
}

#[tokio::test]
async fn fapi2_security_profile_final_ensure_dpopproof_with_iat_10seconds_after_succeeds() {
    redeemed_with_proof(10, |_| json!({})).await;
}

fn at_par(world: &World, client: &Client) -> String {
    client.key.proof(&world.app, "POST", "/oauth/par", None)
}

#[tokio::test]
async fn fapi2_security_profile_final_ensure_mismatched_dpop_jkt_fails() {
    let world = world().await;
    let client = &world.first;
    let asking = client.asking().with("dpop_jkt", &Key::new().thumbprint());
    let answer = world.push_with(client, &asking, &json!({}), &[at_par(&world, client)]).await;
    assert_eq!(error(&answer), "400 invalid_dpop_proof");
}

/// The code of a request that is sent ahead with this `dpop_jkt`, or with a proof.
async fn bound_code(world: &World, jkt: Option<&str>) -> String {
    let client = &world.first;
    let (asking, proofs) = match jkt {
        Some(jkt) => (client.asking().with("dpop_jkt", jkt), vec![]),
        None => (client.asking(), vec![at_par(world, client)]),
    };
    let answer = world.push_with(client, &asking, &json!({}), &proofs).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    world.agreed(client, &client.named(&answer.text("request_uri"))).await["code"].clone()
}

#[tokio::test]
async fn fapi2_security_profile_final_ensure_token_endpoint_fails_with_mismatched_dpop_proof_jkt() {
    let world = world().await;
    let code = bound_code(&world, None).await;
    let other = Key::new().at_token(&world.app);
    let answer = world.redeem_with(&world.first, &code, &json!({}), &[other]).await;
    assert_eq!(error(&answer), "400 invalid_grant");
}

#[tokio::test]
async fn fapi2_security_profile_final_ensure_token_endpoint_fails_with_mismatched_dpop_jkt() {
    let world = world().await;
    let code = bound_code(&world, Some(&Key::new().thumbprint())).await;
    assert_eq!(error(&world.redeem(&world.first, &code).await), "400 invalid_grant");
}

#[tokio::test]
async fn fapi2_security_profile_final_ensure_dpopproof_at_par_endpoint_binding_success() {
    let world = world().await;
    let code = bound_code(&world, None).await;
    assert_eq!(world.redeem(&world.first, &code).await.status, 200);
}

#[tokio::test]
async fn fapi2_security_profile_final_ensure_dpop_auth_code_binding_success() {
    let world = world().await;
    let code = bound_code(&world, Some(&world.first.key.thumbprint())).await;
    assert_eq!(world.redeem(&world.first, &code).await.status, 200);
}

#[tokio::test]
async fn fapi2_security_profile_final_ensure_holder_of_key_required() {
    let world = world().await;
    let client = &world.first;
    let code = world.code(client).await;
    let answer = world.redeem_with(client, &code, &json!({}), &[]).await;
    assert_eq!(error(&answer), "400 invalid_request");
    let token = world.redeem(client, &code).await.text("access_token");
    assert_eq!(world.resource("Bearer", &token, &[]).await.status, 401);
}

#[tokio::test]
async fn fapi2_security_profile_final_dpop_negative_tests() {
    let world = world().await;
    let client = &world.first;
    let token = world.tokens(client).await.text("access_token");
    let ask = async |proofs: &[String]| world.resource("DPoP", &token, proofs).await.status.as_u16();
    let now = world.app.clock.now().unix_seconds();
    let claims = || said(&world.app, "GET", "/oauth/userinfo", Some(&token));
    let changed = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        client.key.signed(&head(client), &claims)
    };
    let headed = |name: &str, value: Value| {
        let mut head = head(client);
        head[name] = value;
        head.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        client.key.signed(&head, &claims())
    };
    let proof = || world.proof(client, &token);
    assert_eq!(ask(&[proof()]).await, 200);
    // 1, 2: one proof, a JWT; its name in whatever case.
    let upper = HeaderName::from_bytes(b"DPOP").unwrap();
    assert_eq!(world.resource_under("DPoP", &token, upper, &[proof()]).await.status, 200);
    assert_eq!(ask(&[proof(), proof()]).await, 401);
    assert_eq!(ask(&[]).await, 401);
    assert_eq!(ask(&["not.a.jwt".to_owned()]).await, 401);
    assert_eq!(ask(&[proof().replace('.', "")]).await, 401);
    // 3: all members are there.
    for name in ["jti", "htm", "htu", "iat", "ath"] {
        assert_eq!(ask(&[changed(name, Value::Null)]).await, 401, "{name}");
    }
    for name in ["typ", "alg", "jwk"] {
        assert_eq!(ask(&[headed(name, Value::Null)]).await, 401, "{name}");
    }
    // 4 to 7: type, algorithm, signature, a public key only.
    for typ in ["JWT", "dpop", "at+jwt"] {
        assert_eq!(ask(&[headed("typ", json!(typ))]).await, 401, "{typ}");
    }
    for alg in ["none", "HS256", "RS256"] {
        assert_eq!(ask(&[headed("alg", json!(alg))]).await, 401, "{alg}");
    }
    let good = proof();
    let (signed, _) = good.rsplit_once('.').unwrap();
    let (_, other) = proof().rsplit_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    assert_eq!(ask(&[format!("{signed}.{other}")]).await, 401, "signature");
    assert_eq!(ask(&[format!("{signed}.")]).await, 401, "no signature");
    let mut private = client.key.jwk();
    private["d"] = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE");
    assert_eq!(ask(&[headed("jwk", private)]).await, 401, "private key");
    // 8, 9: method and address, whose query and fragment do not matter.
    assert_eq!(ask(&[changed("htm", json!("PUT"))]).await, 401);
    let address = format!("{}/oauth/userinfo", rp::ISSUER);
    assert_eq!(ask(&[changed("htu", json!(format!("{address}?a=b#c")))]).await, 200);
    assert_eq!(ask(&[changed("htu", json!(address.replace("http://", "HTTP://")))]).await, 200);
    for other in
        [format!("{address}/"), "https://evil.test/oauth/userinfo".to_owned(), "/oauth/userinfo".to_owned()]
    {
        assert_eq!(ask(&[changed("htu", json!(other))]).await, 401, "{other}");
    }
    // 11: now, and once.
    assert_eq!(ask(&[changed("iat", json!(now + 3_600))]).await, 401);
    assert_eq!(ask(&[changed("iat", json!(now - 3_600))]).await, 401);
    assert_eq!(ask(&[changed("jti", json!("fixed"))]).await, 200);
    assert_eq!(ask(&[changed("jti", json!("fixed"))]).await, 401);
    // 12: for this token, with its key.
    assert_eq!(ask(&[changed("ath", json!("fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"))]).await, 401);
    assert_eq!(ask(&[world.proof(&world.second, &token)]).await, 401);
    // More than is asked for does no harm.
    assert_eq!(ask(&[changed("more", json!({ "a": 1 }))]).await, 200);
    assert_eq!(ask(&[headed("more", json!("x"))]).await, 200);
    // Without the scheme it is of no use.
    assert_eq!(world.resource("Bearer", &token, &[proof()]).await.status, 401);
}

/// FAPI 2.0 Security Profile section 5.4.1: a proof with RS256 is one to others, and none to a client of the profile.
#[tokio::test]
async fn a_client_of_the_profile_signs_no_proof_with_rs256() {
    let world = world().await;
    let client = &world.first;
    let code = world.code(client).await;
    let rsa = Signer::new("rsa", Algorithm::RS256);
    let mut jwk = serde_json::to_value(rsa.key.public_jwk().unwrap()).unwrap();
    jwk.as_object_mut().unwrap().retain(|name, _| ["kty", "n", "e"].contains(&name.as_str()));
    let head = json!({ "typ": "dpop+jwt", "alg": "RS256", "jwk": jwk });
    let pair = RsaKeyPair::from_pkcs8(&rsa.key.to_bytes()).unwrap();
    let signed = |path: &str| {
        let parts = [head.to_string(), said(&world.app, "POST", path, None).to_string()];
        let signed = parts.map(|part| BASE64URL_NOPAD.encode(part.as_bytes())).join(".");
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
        format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
    };
    let refused = world.redeem_with(client, &code, &json!({}), &[signed("/oauth/token")]).await;
    assert_eq!(error(&refused), "400 invalid_dpop_proof");
    let pushed = world.push_with(client, &client.asking(), &json!({}), &[signed("/oauth/par")]).await;
    assert_eq!(error(&pushed), "400 invalid_dpop_proof");
    // It was good, for others.
    let web = rp::asking();
    let form: Vec<_> = web.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let form: Vec<_> = form.into_iter().chain([("client_secret", rp::SECRET)]).collect();
    assert_eq!(world.post_with("/oauth/par", &form, None, &[signed("/oauth/par")]).await.status, 201);
}
