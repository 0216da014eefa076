//! A browser with a passkey, as the API sees it: what an authenticator in software makes and shows, in JSON.

#[path = "../../../../domain/tests/shared/soft_passkey.rs"]
#[expect(dead_code, reason = "what is wrong with the bytes is tested with the rules")]
mod soft_passkey;

use axum::http::Method;
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::{Answer, Person, TestApp, person};
pub use soft_passkey::{BACKED_UP, ELIGIBLE, PRESENT, Said, SoftPasskey, VERIFIED};

fn text(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

fn bytes(value: &Value) -> Vec<u8> {
    BASE64URL_NOPAD.decode(value.as_str().expect("base64url").as_bytes()).unwrap()
}

/// What the browser says that was given these options on a page of the realm.
pub fn said(kind: &'static str, options: &Value) -> Said {
    let domain = options["rpId"].as_str().or(options["rp"]["id"].as_str()).expect("a domain").to_owned();
    let origin = format!("http://{domain}:8400");
    Said { kind, challenge: bytes(&options["challenge"]), origin, domain, more: Value::Null }
}

/// What it sends when the key was made.
pub fn made(key: &mut SoftPasskey, options: &Value) -> Value {
    key.handle = bytes(&options["user"]["id"]);
    made_saying(key, &said("webauthn.create", options))
}

pub fn made_saying(key: &SoftPasskey, said: &Said) -> Value {
    let made = key.make(said);
    json!({
        "id": text(&key.id), "rawId": text(&key.id), "type": "public-key", "clientExtensionResults": {},
        "authenticatorAttachment": "platform",
        "response": {
            "clientDataJSON": text(&made.client_data), "attestationObject": text(&made.attestation),
            "transports": ["internal", "hybrid", "cable"],
        },
    })
}

/// What it sends when the key was shown.
pub fn given(key: &SoftPasskey, options: &Value) -> Value {
    given_saying(key, &said("webauthn.get", options))
}

pub fn given_saying(key: &SoftPasskey, said: &Said) -> Value {
    let given = key.give(said);
    json!({
        "id": text(&key.id), "rawId": text(&key.id), "type": "public-key", "clientExtensionResults": {},
        "response": {
            "clientDataJSON": text(&given.client_data), "authenticatorData": text(&given.authenticator_data),
            "signature": text(&given.signature), "userHandle": text(&key.handle),
        },
    })
}

impl TestApp {
    /// What a browser is told that is to make a passkey for somebody.
    pub async fn options_to_make(&self, who: &Person) -> Value {
        let answer = self.ask(who, Method::POST, "/api/v1/me/passkeys/options", None).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["options"].clone()
    }

    /// What a browser is told that is to show one.
    pub async fn options_to_sign_in(&self) -> Value {
        let answer = self.post("/api/v1/login/passkey/options", Value::Null).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["options"].clone()
    }

    pub async fn send_made(&self, who: &Person, credential: &Value) -> Answer {
        self.ask(who, Method::POST, "/api/v1/me/passkeys", Some(json!({"credential": credential}))).await
    }

    pub async fn send_given(&self, credential: &Value) -> Answer {
        self.post("/api/v1/login/passkey", json!({"credential": credential})).await
    }

    /// Adds a passkey to an account.
    pub async fn add_passkey(&self, who: &Person, key: &mut SoftPasskey) -> Answer {
        let options = self.options_to_make(who).await;
        let answer = self.send_made(who, &made(key, &options)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer
    }

    /// Shows a passkey.
    pub async fn show_passkey(&self, key: &SoftPasskey) -> Answer {
        self.send_given(&given(key, &self.options_to_sign_in().await)).await
    }

    /// Signs in with a passkey.
    pub async fn sign_in_with(&self, key: &SoftPasskey) -> Person {
        let answer = self.show_passkey(key).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        person(&answer)
    }

    /// A new account with a passkey, and its recovery codes.
    pub async fn person_with_passkey(&self, email: &str) -> (Person, SoftPasskey, Vec<String>) {
        let who = self.person(email).await;
        let mut key = SoftPasskey::es256();
        let added = self.add_passkey(&who, &mut key).await;
        let codes = added.json()["recovery_codes"].as_array().expect("recovery codes").clone();
        (who, key, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect())
    }
}
