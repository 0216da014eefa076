//! A provider that says what a test wants it to, right or wrong.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_lc_rs::digest;
use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use data_encoding::BASE64URL_NOPAD;
use gatepost_jose::{Algorithm, SigningKey, jws};
use serde_json::{Value, json};
use tokio::sync::oneshot;

/// The provider, on a server of its own.
#[derive(Clone)]
pub struct Provider {
    pub address: String,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    key: SigningKey,
    /// In place of what would be answered at a path.
    answers: BTreeMap<String, Canned>,
    codes: BTreeMap<String, Asked>,
    /// What was sent to the token endpoint: the header `Authorization`, and the form.
    redeemed: Vec<(Option<String>, BTreeMap<String, String>)>,
    read: BTreeMap<String, usize>,
    signs: Signs,
    /// What is given for a code, beside the ID token.
    gives: Value,
    /// What else is given for a refresh token.
    renews: Value,
    /// How often something was, and the refresh token that is good now.
    renewed: usize,
    refresh_token: Option<String>,
    /// The header `Authorization` with which anything but a token was asked for last.
    presented: Option<String>,
    /// Paths whose next answer is held back: who is told that it was asked for, and who says when it goes out.
    holds: BTreeMap<String, (oneshot::Sender<()>, oneshot::Receiver<()>)>,
}

/// An answer that is held back.
pub struct HeldBack {
    asked: oneshot::Receiver<()>,
    goes: oneshot::Sender<()>,
}

impl HeldBack {
    /// Waits until it was asked for. It is made by then.
    pub async fn asked(&mut self) {
        (&mut self.asked).await.expect("a provider that is there");
    }

    /// It goes out.
    pub fn goes(self) {
        self.goes.send(()).expect("somebody who waits for it");
    }
}

impl Shared {
    /// For the refresh token that is good, which is good no more.
    fn renew(&mut self, sent: &str) -> Option<Value> {
        self.refresh_token.take_if(|good| good == sent)?;
        self.renewed += 1;
        let next = format!("refresh-of-acme-{}", self.renewed);
        self.refresh_token = Some(next.clone());
        let access_token = format!("access-of-acme-{}", self.renewed);
        let mut tokens = json!({ "access_token": access_token, "expires_in": 3600, "refresh_token": next });
        for (name, value) in self.renews.as_object().unwrap() {
            tokens[name] = value.clone();
        }
        Some(tokens)
    }
}

/// What a test wants at a path.
#[derive(Clone)]
pub struct Canned {
    pub status: u16,
    pub kind: &'static str,
    pub body: String,
    pub location: Option<String>,
    /// Never answers.
    pub hangs: bool,
}

impl Canned {
    pub fn json(body: &Value) -> Self {
        Self { status: 200, kind: "application/json", body: body.to_string(), location: None, hangs: false }
    }

    pub fn html() -> Self {
        Self { kind: "text/html", body: "<h1>It works!</h1>".into(), ..Self::json(&Value::Null) }
    }

    pub fn redirect(to: &str) -> Self {
        Self { status: 302, location: Some(to.to_owned()), ..Self::json(&Value::Null) }
    }

    pub fn hangs() -> Self {
        Self { hangs: true, ..Self::json(&Value::Null) }
    }
}

/// How the ID token is made.
#[derive(Clone, Default)]
pub enum Signs {
    #[default]
    Well,
    /// With this key instead.
    With(Arc<SigningKey>),
    /// This, whatever was asked.
    Exactly(String),
    /// With a type in its header.
    As(&'static str),
}

struct Asked {
    client: String,
    nonce: Option<String>,
    challenge: String,
    redirect_uri: String,
    claims: Value,
    now: i64,
}

/// The parameters of an address.
pub fn parameters(url: &str) -> BTreeMap<String, String> {
    url::Url::parse(url).unwrap().query_pairs().into_owned().collect()
}

impl Provider {
    pub async fn new() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let key = SigningKey::generate(Algorithm::ES256).unwrap().with_kid("one");
        let shared = Shared {
            key,
            answers: BTreeMap::new(),
            codes: BTreeMap::new(),
            redeemed: Vec::new(),
            read: BTreeMap::new(),
            signs: Signs::Well,
            gives: json!({ "access_token": "at", "token_type": "Bearer" }),
            renews: json!({}),
            renewed: 0,
            refresh_token: None,
            presented: None,
            holds: BTreeMap::new(),
        };
        let provider = Self { address, shared: Arc::new(Mutex::new(shared)) };
        let all = axum::routing::any(answer);
        let router = Router::new().route("/{*path}", all).with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    /// Answers so at a path from now on.
    pub fn put(&self, path: &str, answer: Canned) {
        self.shared.lock().unwrap().answers.insert(path.to_owned(), answer);
    }

    /// Answers well again.
    pub fn forget(&self, path: &str) {
        self.shared.lock().unwrap().answers.remove(path);
    }

    /// Holds back what it answers at a path to whoever asks next.
    pub fn holds(&self, path: &str) -> HeldBack {
        let ((tell, asked), (goes, wait)) = (oneshot::channel(), oneshot::channel());
        self.shared.lock().unwrap().holds.insert(path.to_owned(), (tell, wait));
        HeldBack { asked, goes }
    }

    pub fn signs(&self, signs: Signs) {
        self.shared.lock().unwrap().signs = signs;
    }

    /// What is given for a code from now on. A refresh token in it is good once, and another takes its place.
    pub fn gives(&self, tokens: Value) {
        let mut shared = self.shared.lock().unwrap();
        shared.refresh_token = tokens["refresh_token"].as_str().map(str::to_owned);
        shared.gives = tokens;
    }

    /// What is given for a refresh token from now on, beside the next tokens.
    pub fn renews(&self, more: Value) {
        self.shared.lock().unwrap().renews = more;
    }

    /// No refresh token is good any more.
    pub fn renews_nothing(&self) {
        self.shared.lock().unwrap().refresh_token = None;
    }

    /// An ID token that nobody asked for.
    pub fn signed(&self, claims: &Value) -> String {
        jws::sign_compact("", claims.to_string().as_bytes(), &self.shared.lock().unwrap().key)
    }

    /// The header `Authorization` with which anything but a token was asked for last.
    pub fn presented(&self) -> Option<String> {
        self.shared.lock().unwrap().presented.clone()
    }

    /// How often a path was read.
    pub fn read(&self, path: &str) -> usize {
        self.shared.lock().unwrap().read.get(path).copied().unwrap_or_default()
    }

    /// What was sent to the token endpoint last.
    pub fn redeemed(&self) -> (Option<String>, BTreeMap<String, String>) {
        self.shared.lock().unwrap().redeemed.last().cloned().expect("nothing was redeemed")
    }

    pub fn metadata(&self) -> Value {
        json!({
            "issuer": self.address,
            "authorization_endpoint": format!("{}/authorize", self.address),
            "token_endpoint": format!("{}/token", self.address),
            "jwks_uri": format!("{}/keys", self.address),
            "userinfo_endpoint": format!("{}/userinfo", self.address),
            "authorization_response_iss_parameter_supported": true,
            "response_types_supported": ["code"],
        })
    }

    /// Somebody who is sent to `url` signs in there as whom the claims name: where they are sent back to, a path of ours.
    pub fn sends_back(&self, url: &str, claims: &Value, now: i64) -> String {
        let asked = parameters(url);
        assert!(url.starts_with(&self.address), "{url}");
        assert_eq!(
            (asked["response_type"].as_str(), asked["code_challenge_method"].as_str()),
            ("code", "S256")
        );
        let mut shared = self.shared.lock().unwrap();
        let code = format!("code-{}", shared.codes.len());
        let redirect_uri = asked["redirect_uri"].clone();
        let path = redirect_uri.strip_prefix("http://127.0.0.1:8400").expect("our own address").to_owned();
        let asked_for = Asked {
            client: asked["client_id"].clone(),
            nonce: asked.get("nonce").cloned(),
            challenge: asked["code_challenge"].clone(),
            redirect_uri,
            claims: claims.clone(),
            now,
        };
        shared.codes.insert(code.clone(), asked_for);
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("code", &code).append_pair("state", &asked["state"]);
        query.append_pair("iss", &self.address);
        format!("{path}?{}", query.finish())
    }

    fn answer(&self, path: &str, headers: &HeaderMap, body: &[u8]) -> Response {
        let mut shared = self.shared.lock().unwrap();
        *shared.read.entry(path.to_owned()).or_default() += 1;
        let form: BTreeMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
        if path.ends_with("token") {
            let authorization =
                headers.get(header::AUTHORIZATION).map(|text| text.to_str().unwrap().to_owned());
            shared.redeemed.push((authorization, form.clone()));
        } else if let Some(presented) = headers.get(header::AUTHORIZATION) {
            shared.presented = Some(presented.to_str().unwrap().to_owned());
        }
        if let Some(canned) = shared.answers.get(path) {
            let status = StatusCode::from_u16(canned.status).unwrap();
            let mut response = (status, [("content-type", canned.kind)], canned.body.clone()).into_response();
            if let Some(location) = &canned.location {
                response.headers_mut().insert("location", location.parse().unwrap());
            }
            return response;
        }
        let json = |status: u16, body: Value| {
            (StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response()
        };
        match path {
            ".well-known/openid-configuration" => json(200, self.metadata()),
            "keys" => json(
                200,
                json!({ "keys": [serde_json::to_value(shared.key.public_jwk().unwrap()).unwrap()] }),
            ),
            "token" | "login/oauth/access_token" if form["grant_type"] == "refresh_token" => {
                match shared.renew(&form["refresh_token"]) {
                    Some(tokens) => json(200, tokens),
                    None => json(400, json!({ "error": "invalid_grant" })),
                }
            }
            "token" | "login/oauth/access_token" => {
                let Some(asked) = form.get("code").and_then(|code| shared.codes.remove(code)) else {
                    return json(400, json!({ "error": "invalid_grant" }));
                };
                // Of no use to whoever did not ask for it (RFC 7636).
                let verifier = digest::digest(&digest::SHA256, form["code_verifier"].as_bytes());
                if BASE64URL_NOPAD.encode(verifier.as_ref()) != asked.challenge
                    || form["redirect_uri"] != asked.redirect_uri
                {
                    return json(400, json!({ "error": "invalid_grant" }));
                }
                let mut answer = shared.gives.clone();
                if path == "token" {
                    answer["id_token"] = json!(self.id_token(&shared, &asked));
                }
                json(200, answer)
            }
            _ => json(404, json!({})),
        }
    }

    fn id_token(&self, shared: &Shared, asked: &Asked) -> String {
        let mut claims = json!({
            "iss": self.address, "aud": asked.client, "sub": "1", "iat": asked.now, "exp": asked.now + 300,
            "auth_time": asked.now,
        });
        if let Some(nonce) = &asked.nonce {
            claims["nonce"] = json!(nonce);
        }
        for (name, value) in asked.claims.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        let (typ, key) = match &shared.signs {
            Signs::Exactly(token) => return token.clone(),
            Signs::With(key) => ("", &**key),
            Signs::As(typ) => (*typ, &shared.key),
            Signs::Well => ("", &shared.key),
        };
        jws::sign_compact(typ, claims.to_string().as_bytes(), key)
    }
}

async fn answer(
    State(provider): State<Provider>,
    Path(path): Path<String>,
    _: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let hangs = provider.shared.lock().unwrap().answers.get(&path).is_some_and(|canned| canned.hangs);
    if hangs {
        tokio::time::sleep(Duration::from_mins(10)).await;
    }
    let held = provider.shared.lock().unwrap().holds.remove(&path);
    let answer = provider.answer(&path, &headers, &body);
    if let Some((tell, wait)) = held {
        let _ = tell.send(());
        let _ = wait.await;
    }
    answer
}
