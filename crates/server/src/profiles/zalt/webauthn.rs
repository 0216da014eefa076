//! `/v1/auth/webauthn`: passkeys of the account, and signing in with one.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use data_encoding::BASE64URL_NOPAD;
use gatepost_domain::{
    DisplayName, PasskeyId,
    mfa::Missing,
    passkey::{MOST, Passkey},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    Refusal,
    envelope::Said,
    login::signed_in,
    mfa::check_password,
    reverify::{fresh, is_fresh},
    sent::{Body, Id, In, MaybeBody},
};
use crate::{
    App, accounts,
    api::{Password, known_device},
    http::{Now, Problem, SignedIn, Where},
    mfa,
    passkeys::{self, AuthenticationResponse, Options, RegistrationResponse},
    realm::InRealm,
    session::{self, Finished, Shown, SignIn},
};

fn view(passkey: &Passkey) -> Value {
    let name = passkey.name.as_str();
    let credential = BASE64URL_NOPAD.encode(passkey.credential.as_bytes());
    json!({
        "id": passkey.id,
        "name": name,
        "deviceName": name,
        "device_name": name,
        "credential_id": credential,
        "credentialId": credential,
        "created_at": passkey.created_at,
        "createdAt": passkey.created_at,
        "last_used_at": passkey.last_used_at,
        "lastUsedAt": passkey.last_used_at,
    })
}

/// Options as both generations read them: by themselves, and with their members beside.
pub(super) fn told(options: Options) -> Said {
    let mut members = options.options.clone();
    members["options"] = options.options;
    members["expires_in"] = json!(options.expires_in);
    members["expiresIn"] = json!(options.expires_in);
    Said::ok(members)
}

/// What a browser answered. Some send bytes in the alphabet of base64url, and some in the other one.
pub(super) fn read<T: DeserializeOwned>(mut credential: Value) -> Result<T, Refusal> {
    let respell = |value: &mut Value| {
        if let Value::String(text) = value {
            *text = text.trim_end_matches('=').replace('+', "-").replace('/', "_");
        }
    };
    for member in ["id", "rawId"] {
        credential.get_mut(member).into_iter().for_each(respell);
    }
    for member in ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"] {
        credential
            .get_mut("response")
            .and_then(|response| response.get_mut(member))
            .into_iter()
            .for_each(respell);
    }
    if let Some(members) = credential.as_object_mut() {
        members.entry("type").or_insert(json!("public-key"));
    }
    serde_json::from_value(credential).map_err(|_| {
        Refusal::invalid("`credential` is not what a browser answers (PublicKeyCredential.toJSON()).")
    })
}

/// What a browser is told that makes a passkey.
pub async fn to_register(
    In(caller): In<SignedIn>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
) -> Result<Said, Refusal> {
    let begun = passkeys::begin(&app, &realm, &caller, origin, now).await;
    Ok(told(fresh(&app, &caller, begun).await?))
}

/// A passkey that was made, under each of its names.
#[derive(Deserialize)]
pub struct Made {
    credential: Option<Value>,
    response: Option<Value>,
    name: Option<String>,
    #[serde(rename = "deviceName")]
    device_name: Option<String>,
}

/// Adds a passkey to the account.
pub async fn register(
    In(caller): In<SignedIn>,
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<Made>,
) -> Result<Said, Refusal> {
    let sent = body.credential.or(body.response);
    let sent: RegistrationResponse = read(sent.ok_or_else(|| Refusal::invalid("Send `credential`."))?)?;
    let name = body.name.or(body.device_name).filter(|name| !name.trim().is_empty());
    let name = name.map(|name| name.parse::<DisplayName>()).transpose();
    let name = name.map_err(|refused| accounts::field("name", refused))?;
    let added = match passkeys::finish(&app, &realm, &caller, (&sent, name), origin, now).await {
        Err(Problem::TooMany { most, .. }) => {
            let message = format!("An account has up to {most} passkeys.");
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "MAX_CREDENTIALS_REACHED", message));
        }
        added => fresh(&app, &caller, added).await?,
    };
    let mut answer = json!({"message": "The passkey is added.", "credential": view(&added.passkey)});
    if let Some(codes) = &added.codes {
        let codes = mfa::shown(codes);
        answer["backup_codes"] = json!(codes.iter().map(|code| code.as_str()).collect::<Vec<_>>());
    }
    Ok(Said::ok(answer))
}

/// A sign-in that waits for its second step, if it is for one.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    mfa_session_id: Option<String>,
}

/// What a browser is told that shows a passkey. Without a sign-in that waits it is the same for everybody, but for the challenge: no
/// address is looked up (WA-06).
pub async fn to_authenticate(
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    MaybeBody(body): MaybeBody<Asked>,
) -> Result<Said, Refusal> {
    let Some(id) = &body.mfa_session_id else {
        return Ok(told(passkeys::to_sign_in(&app, &realm, now)?));
    };
    let pending = session::open_pending(&app, &realm, id, now).ok_or(Problem::InvalidPendingSignIn)?;
    match session::what_is_missing(&app, &realm, &pending, now).await? {
        Some((_, Missing::Factor)) => {}
        _ => return Err(Problem::InvalidPendingSignIn.into()),
    }
    Ok(told(passkeys::to_sign_in_second(&app, &realm, &pending, now).await?))
}

/// A passkey that was shown, under each of its names.
#[derive(Deserialize)]
pub struct Given {
    credential: Option<Value>,
    response: Option<Value>,
    mfa_session_id: Option<String>,
}

/// Signs in with a passkey, which is two factors; or ends a sign-in that waits for its second step.
pub async fn authenticate(
    In(realm): In<InRealm>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Body(body): Body<Given>,
) -> Result<Response, Refusal> {
    let sent = body.credential.or(body.response);
    let sent: AuthenticationResponse = read(sent.ok_or_else(|| Refusal::invalid("Send `credential`."))?)?;
    let begun = if let Some(id) = &body.mfa_session_id {
        let pending = session::open_pending(&app, &realm, id, now).ok_or(Problem::InvalidPendingSignIn)?;
        let Finished { begun, .. } =
            session::finish(&app, &realm, pending, Shown::Passkey(&sent), &origin, now).await?;
        begun
    } else {
        let proven = passkeys::prove(&app, &realm, &sent, &origin, now).await?;
        match session::sign_in(&app, &realm, proven, &origin, now).await? {
            SignIn::Begun(begun) => begun,
            // After a passkey nothing is missing.
            SignIn::Pending(..) => return Err(Problem::InvalidPendingSignIn.into()),
        }
    };
    let answer = signed_in(&app, &realm, &begun, now).await?;
    Ok((known_device(begun.device.as_ref())?, Said::ok(answer)).into_response())
}

/// The passkeys of the account.
pub async fn list(In(caller): In<SignedIn>, State(app): State<App>) -> Result<Said, Refusal> {
    let found = passkeys::list(&app, caller.user.realm, caller.user.id).await?;
    let all: Vec<Value> = found.iter().map(view).collect();
    Ok(Said::ok(json!({"count": all.len(), "max_allowed": MOST, "credentials": all})))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ByPassword {
    pub(super) password: Option<Password>,
}

/// Removes one. A fresh sign-in is asked for; a password that is sent beside it has to be right.
pub async fn remove(
    In(caller): In<SignedIn>,
    In(realm): In<InRealm>,
    Id(id): Id<PasskeyId>,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    MaybeBody(body): MaybeBody<ByPassword>,
) -> Result<Said, Refusal> {
    let missing =
        || Refusal::new(StatusCode::NOT_FOUND, "CREDENTIAL_NOT_FOUND", "The account has no such passkey.");
    let id = id.ok_or_else(missing)?;
    if let Some(password) = &body.password {
        is_fresh(&app, &caller, now).await?;
        check_password(&app, &realm, &caller, password, &origin, now).await?;
    }
    match passkeys::remove(&app, &realm, &caller, id, origin, now).await {
        Err(Problem::NotFound) => return Err(missing()),
        removed => fresh(&app, &caller, removed).await?,
    }
    Ok(Said::ok(json!({"message": "The passkey signs in no more.", "id": id})))
}
