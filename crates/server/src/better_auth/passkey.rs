//! Passkeys: made, shown, named and removed.
//!
//! The contract keeps what is to be signed with whoever asked for it, by a cookie. Ours proves itself without one; with it an answer is
//! taken from the browser that asked alone.

use axum::{http::StatusCode, response::Response};
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use gatepost_domain::{DisplayName, PasskeyId, passkey::Passkey};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{
    asked::{Answer, Asked},
    caller::Person,
    cookies::Name,
    refusal::Refusal,
    view::{SessionView, UserView},
};
use crate::{
    http::Problem,
    mfa,
    passkeys::{self, AuthenticationResponse, RegistrationResponse},
    session::{self, SignIn},
};

/// How long a browser keeps the cookie, in seconds.
const KEPT: u64 = 300;

/// A passkey of the account. The private key is with its owner.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PasskeyView {
    id: String,
    name: String,
    public_key: String,
    user_id: String,
    #[serde(rename = "credentialID")]
    credential_id: String,
    counter: u32,
    device_type: &'static str,
    backed_up: bool,
    transports: String,
    created_at: String,
    aaguid: String,
}

impl From<&Passkey> for PasskeyView {
    fn from(passkey: &Passkey) -> Self {
        let transports: Vec<_> = passkey.transports.iter().map(|transport| transport.name()).collect();
        Self {
            id: passkey.id.to_string(),
            name: passkey.name.as_str().to_owned(),
            public_key: BASE64.encode(&passkey.public_key),
            user_id: passkey.user.to_string(),
            credential_id: BASE64URL_NOPAD.encode(passkey.credential.as_bytes()),
            counter: passkey.sign_count,
            device_type: if passkey.backup_eligible { "multiDevice" } else { "singleDevice" },
            backed_up: passkey.backed_up,
            transports: transports.join(","),
            created_at: passkey.created_at.to_millis(),
            aaguid: grouped(&passkey.aaguid),
        }
    }
}

/// As a UUID is written.
fn grouped(id: &[u8; 16]) -> String {
    let digits = HEXLOWER.encode(id);
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32].map(|group| &digits[group]);
    groups.join("-")
}

fn no_challenge() -> Refusal {
    let message = "Nothing is to be signed by this browser, or no more. Ask for options first.";
    Refusal::new(StatusCode::BAD_REQUEST, "CHALLENGE_NOT_FOUND", message)
}

fn not_found() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "PASSKEY_NOT_FOUND", "The account has no such passkey.")
}

/// What is wrong, in the words of the contract. Whoever shows a passkey is told no more than that it was refused.
fn told(problem: Problem, code: &str) -> Refusal {
    match problem {
        Problem::InvalidPasskey(why) if why.is_stale() => no_challenge(),
        Problem::InvalidPasskey(_) => Refusal::new(StatusCode::BAD_REQUEST, code, "The passkey was refused."),
        Problem::NotFound => not_found(),
        other => other.into(),
    }
}

/// The options, with their challenge kept in the browser that asked.
fn options(mut asked: Asked, options: &Value) -> Response {
    let challenge = options["challenge"].as_str().unwrap_or_default();
    let signed = asked.app.application_mac().signed(challenge);
    asked.set(Name::Passkey, &signed, Some(KEPT));
    asked.json(options)
}

/// What a browser answered.
fn read<T: DeserializeOwned>(sent: Value, code: &str) -> Result<T, Refusal> {
    serde_json::from_value(sent).map_err(|_| {
        let message = "response is not what a browser answers (PublicKeyCredential.toJSON()).";
        Refusal::new(StatusCode::BAD_REQUEST, code, message)
    })
}

/// The challenges that this browser keeps. There may be several: realms of one host share names.
fn kept(asked: &Asked) -> Result<Vec<String>, Refusal> {
    let kept = asked.signed_cookies(Name::Passkey);
    if kept.is_empty() { Err(no_challenge()) } else { Ok(kept) }
}

fn display_name(text: &str) -> Result<DisplayName, Problem> {
    text.parse().map_err(|refused| crate::accounts::field("name", refused))
}

/// What a browser is told that makes a passkey. It takes a sign-in of a moment ago.
pub(super) async fn to_register(mut asked: Asked) -> Answer {
    let mut fields = asked.query();
    let name = fields.optional_text("name").filter(|name| !name.trim().is_empty());
    let attachment = fields.word("authenticatorAttachment", &["platform", "cross-platform"]);
    fields.without("context", "There is nobody here whom it could be told.");
    fields.done()?;
    let caller = asked.signed_in().await?;
    let name = name.as_deref().map(display_name).transpose()?;
    let origin = asked.origin.clone();
    let mut told = passkeys::begin(&asked.app, &asked.realm, &caller.known, origin, asked.now).await?.options;
    // What the authenticator shows of the account, and which one the browser asks: neither changes what is taken.
    if let Some(name) = name {
        told["user"]["name"] = json!(name.as_str());
    }
    if let Some(attachment) = attachment {
        told["authenticatorSelection"]["authenticatorAttachment"] = json!(attachment);
    }
    Ok(options(asked, &told))
}

/// A passkey that was added, with the codes to write down where there were none left.
#[derive(Serialize)]
struct Registered {
    #[serde(flatten)]
    passkey: PasskeyView,
    #[serde(rename = "backupCodes", skip_serializing_if = "Option::is_none")]
    backup_codes: Option<Vec<Zeroizing<String>>>,
}

/// Adds a passkey to the account: from now on it signs in alone, and after a password it is asked for.
pub(super) async fn register(mut asked: Asked) -> Answer {
    const REFUSED: &str = "FAILED_TO_VERIFY_REGISTRATION";
    let mut fields = asked.body();
    let sent = fields.object("response");
    let name = fields.optional_text("name").filter(|name| !name.trim().is_empty());
    fields.without("createSession", "Whoever adds a passkey is signed in already.");
    fields.done()?;
    let caller = asked.signed_in().await?;
    let kept = kept(&asked)?;
    let sent: RegistrationResponse = read(sent, REFUSED)?;
    if !kept.iter().any(|challenge| sent.answers(challenge)) {
        return Err(no_challenge());
    }
    let name = name.as_deref().map(display_name).transpose()?;
    let origin = asked.origin.clone();
    let added =
        passkeys::finish(&asked.app, &asked.realm, &caller.known, (&sent, name), origin, asked.now).await;
    let added = added.map_err(|problem| told(problem, REFUSED))?;
    let backup_codes = added.codes.as_deref().map(mfa::shown);
    Ok(asked.json(&Registered { passkey: (&added.passkey).into(), backup_codes }))
}

/// What a browser is told that shows a passkey: the same for everybody, but for the challenge.
pub(super) async fn to_authenticate(asked: Asked) -> Answer {
    let mut told = passkeys::to_sign_in(&asked.app, &asked.realm, asked.now)?.options;
    // None is named, which the contract says by leaving the list out.
    if let Some(members) = told.as_object_mut() {
        members.remove("allowCredentials");
    }
    Ok(options(asked, &told))
}

#[derive(Serialize)]
struct SignedIn {
    session: SessionView,
    user: UserView,
}

/// Signs in with a passkey, which is two factors. Whatever is wrong, and whoever's it is, the answer is the same.
pub(super) async fn authenticate(mut asked: Asked) -> Answer {
    const REFUSED: &str = "AUTHENTICATION_FAILED";
    let mut fields = asked.body();
    let sent = fields.object("response");
    fields.done()?;
    let kept = kept(&asked)?;
    let sent: AuthenticationResponse = read(sent, REFUSED)?;
    if !kept.iter().any(|challenge| sent.answers(challenge)) {
        return Err(no_challenge());
    }
    let (app, realm, origin) = (asked.app.clone(), asked.realm.clone(), asked.origin.clone());
    let proven = passkeys::prove(&app, &realm, &sent, &origin, asked.now).await;
    let proven = proven.map_err(|problem| told(problem, REFUSED))?;
    let user = proven.user.clone();
    let begun = session::sign_in_application(&app, &realm, proven, None, true, &origin, asked.now).await;
    // After a passkey nothing is missing.
    let SignIn::Begun(session) = begun.map_err(|problem| told(problem, REFUSED))? else {
        return Err(Problem::InvalidPendingSignIn.into());
    };
    asked.keep(&session);
    asked.keep_beside(&session).await?;
    let person = Person::of(&app, &user).await?;
    let session = SessionView::held(&session, asked.token_of(&session));
    Ok(asked.json(&SignedIn { session, user: UserView::new(&user, &person) }))
}

/// The passkeys of the account, the oldest first.
pub(super) async fn list(mut asked: Asked) -> Answer {
    let caller = asked.signed_in().await?;
    let found = passkeys::list(&asked.app, caller.user().realm, caller.user().id).await?;
    let listed: Vec<PasskeyView> = found.iter().map(PasskeyView::from).collect();
    Ok(asked.json(&listed))
}

/// Removes one. It takes a sign-in of a moment ago with a second factor, and the last way in stays.
pub(super) async fn remove(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let id = fields.text("id");
    fields.done()?;
    let caller = asked.signed_in().await?;
    let id: PasskeyId = id.parse().map_err(|_| not_found())?;
    let origin = asked.origin.clone();
    let removed = passkeys::remove(&asked.app, &asked.realm, &caller.known, id, origin, asked.now).await;
    removed.map_err(|problem| told(problem, "PASSKEY_NOT_FOUND"))?;
    Ok(asked.json(&json!({"status": true})))
}

/// Gives one another name.
pub(super) async fn rename(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (id, name) = (fields.text("id"), fields.filled("name"));
    fields.done()?;
    let caller = asked.signed_in().await?;
    let name = display_name(&name)?;
    let id: PasskeyId = id.parse().map_err(|_| not_found())?;
    let (app, origin) = (asked.app.clone(), asked.origin.clone());
    let renamed = passkeys::rename(&app, &caller.known, (id, name), origin, asked.now).await;
    renamed.map_err(|problem| told(problem, "PASSKEY_NOT_FOUND"))?;
    let all = passkeys::list(&app, caller.user().realm, caller.user().id).await?;
    let passkey = all.iter().find(|passkey| passkey.id == id).ok_or_else(not_found)?;
    Ok(asked.json(&json!({"passkey": PasskeyView::from(passkey)})))
}
