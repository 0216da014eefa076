//! `fapi2-security-profile-final-test-plan` with `private_key_jwt` and DPoP: the 56 modules that apply to the plain profile.

mod assertions;
mod codes;
mod happy;
mod proofs;
mod requests;

use axum::{
    body::Body,
    http::{HeaderName, Request, header},
};
use gatepost_jose::Algorithm;
use serde_json::{Value, json};

use super::super::{
    proof_key::Key,
    relying_party::{self as rp, Asking, REALM, VERIFIER, approve, challenge, open, returned},
    signer::{BEARER, Signer},
};
use crate::{
    pages::browser::Browser,
    support::{Answer, TestApp},
};

/// A server with two clients of the profile.
struct World {
    app: TestApp,
    first: Client,
    second: Client,
}

/// A client with the key it proves itself with, and the one its tokens are bound to.
struct Client {
    signer: Signer,
    key: Key,
    callback: &'static str,
}

/// `fapi2` and the names of the modules mean the final version.
async fn world() -> World {
    let clients = [("first", "https://first.test/cb"), ("second", "https://second.test/cb")];
    let [first, second] = clients.map(|(id, callback)| Client {
        signer: Signer::new(id, Algorithm::PS256),
        key: Key::new(),
        callback,
    });
    let declared = |client: &Client| {
        format!(
            "[[realm.client]]\nid = \"{}\"\nsecurity_profile = \"fapi2\"\n{}\nredirect_uris = [\"{}\"]\n\
             scopes = [\"openid\", \"profile\", \"email\", \"offline_access\", \"notes:read\"]\n",
            client.signer.id,
            client.signer.jwks(),
            client.callback
        )
    };
    let app = TestApp::with(&format!("{REALM}{}{}", declared(&first), declared(&second))).await;
    World { app, first, second }
}

impl Client {
    fn asking(&self) -> Asking {
        let challenge = challenge();
        let usual = [
            ("response_type", "code"),
            ("client_id", self.signer.id),
            ("redirect_uri", self.callback),
            ("scope", "openid email"),
            ("state", "s-1"),
            ("nonce", "n-1"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        Asking(usual.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec())
    }

    /// What the browser brings.
    fn named(&self, uri: &str) -> Asking {
        let both = [("client_id", self.signer.id), ("request_uri", uri)];
        Asking(both.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec())
    }
}

impl World {
    /// Posts a form with the client's assertion, with these changes, and these proofs.
    async fn post(
        &self,
        client: &Client,
        path: &str,
        form: &[(&str, &str)],
        (assertion, proofs): (&Value, &[String]),
    ) -> Answer {
        let assertion = client.signer.assertion(&self.app, assertion);
        self.post_with(path, form, Some(&assertion), proofs).await
    }

    async fn post_with(
        &self,
        path: &str,
        form: &[(&str, &str)],
        assertion: Option<&str>,
        proofs: &[String],
    ) -> Answer {
        let mut encoder = url::form_urlencoded::Serializer::new(String::new());
        encoder.extend_pairs(form);
        if let Some(assertion) = assertion {
            encoder.extend_pairs([("client_assertion_type", BEARER), ("client_assertion", assertion)]);
        }
        let mut request = Request::post(path)
            .header(header::HOST, "127.0.0.1:8400")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        for proof in proofs {
            request = request.header("dpop", proof);
        }
        self.app.send(request.body(Body::from(encoder.finish())).unwrap()).await
    }

    async fn push(&self, client: &Client, asking: &Asking) -> Answer {
        self.push_with(client, asking, &json!({}), &[]).await
    }

    async fn push_with(
        &self,
        client: &Client,
        asking: &Asking,
        assertion: &Value,
        proofs: &[String],
    ) -> Answer {
        let form: Vec<_> = asking.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.post(client, "/oauth/par", &form, (assertion, proofs)).await
    }

    /// Sends the request ahead. What the browser brings then.
    async fn pushed(&self, client: &Client, asking: &Asking) -> Asking {
        let answer = self.push(client, asking).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        client.named(&answer.text("request_uri"))
    }

    /// A browser in which ada is signed in.
    async fn ada(&self) -> Browser<'_> {
        rp::ada(&self.app).await
    }

    /// The answer that the client gets when ada agrees.
    async fn agreed(&self, client: &Client, asked: &Asking) -> std::collections::BTreeMap<String, String> {
        let browser = self.ada().await;
        let mut answer = open(&browser, asked).await;
        if answer.status == 200 {
            answer = approve(&browser, &answer).await;
        }
        assert!(answer.location().starts_with(client.callback), "{}", answer.location());
        returned(&answer)
    }

    /// The code of an ordinary request.
    async fn code(&self, client: &Client) -> String {
        self.code_for(client, &client.asking()).await
    }

    async fn code_for(&self, client: &Client, asking: &Asking) -> String {
        self.agreed(client, &self.pushed(client, asking).await).await["code"].clone()
    }

    /// Redeems as the client does, bound to its key.
    async fn redeem(&self, client: &Client, code: &str) -> Answer {
        self.redeem_with(client, code, &json!({}), &[client.key.at_token(&self.app)]).await
    }

    async fn redeem_with(&self, client: &Client, code: &str, assertion: &Value, proofs: &[String]) -> Answer {
        let form = redemption(client, code);
        self.post(client, "/oauth/token", &form, (assertion, proofs)).await
    }

    async fn tokens(&self, client: &Client) -> Answer {
        let answer = self.redeem(client, &self.code(client).await).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer
    }

    /// Asks the resource, which is userinfo here, with this proof.
    async fn resource(&self, scheme: &str, token: &str, proofs: &[String]) -> Answer {
        self.resource_under(scheme, token, HeaderName::from_static("dpop"), proofs).await
    }

    async fn resource_under(&self, scheme: &str, token: &str, name: HeaderName, proofs: &[String]) -> Answer {
        let mut request = Request::get("/oauth/userinfo")
            .header(header::HOST, "127.0.0.1:8400")
            .header(header::AUTHORIZATION, format!("{scheme} {token}"));
        for proof in proofs {
            request = request.header(&name, proof);
        }
        self.app.send(request.body(Body::empty()).unwrap()).await
    }

    /// A proof for the resource.
    fn proof(&self, client: &Client, token: &str) -> String {
        client.key.proof(&self.app, "GET", "/oauth/userinfo", Some(token))
    }

    async fn metadata(&self) -> Value {
        self.app.get("/.well-known/openid-configuration").await.json()
    }
}

fn redemption<'a>(client: &Client, code: &'a str) -> [(&'static str, &'a str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", client.callback),
        ("code_verifier", VERIFIER),
    ]
}
