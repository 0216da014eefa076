//! `/api/v1/login/email`: signing in by a code that is mailed.

use axum::{extract::State, http::StatusCode, response::Response};
use data_encoding::BASE64URL_NOPAD;
use gatepost_domain::{AskedSignIn, MailedLinkId, SecretDigest, Timestamp, mailed_link::SIGN_IN_TTL};
use serde::{Deserialize, Serialize};

use super::login::{PendingAnswer, SignedInAnswer};
use crate::{
    App, accounts,
    http::{Json, Now, Problem, Where, problem::ProblemDocument},
    realm::{InRealm, Snapshot},
    session::{self, Mailed, SignIn},
};

/// What every token of such a sign-in starts with.
const PREFIX: &str = "gp_es_";
/// What it is sealed for.
const PURPOSE: &str = "email sign-in";
/// None is longer.
const LONGEST: usize = 512;

/// What the token holds: which letter it is for, and what proves that its holder is who asked.
#[derive(Serialize, Deserialize)]
struct Asked {
    link: MailedLinkId,
    secret: String,
    until: Timestamp,
}

impl Asked {
    fn by(secret: &str) -> SecretDigest {
        SecretDigest::of(format!("program {secret}").as_bytes())
    }

    fn seal(&self, app: &App, realm: &Snapshot) -> String {
        // Strings and moments always serialise.
        let plain = serde_json::to_vec(self).unwrap_or_default();
        let sealed = app.master_key().seal(PURPOSE, realm.id().as_bytes(), &plain, app.entropy());
        format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&sealed))
    }

    fn open(app: &App, realm: &Snapshot, text: &str, now: Timestamp) -> Option<Self> {
        let text = text.strip_prefix(PREFIX).filter(|text| text.len() <= LONGEST)?;
        let sealed = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let plain = app.master_key().open(PURPOSE, realm.id().as_bytes(), &sealed).ok()?;
        let asked: Self = serde_json::from_slice(&plain).ok()?;
        (now < asked.until).then_some(asked)
    }
}

/// Who is to be mailed a code.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EmailLogin {
    /// The address of the account, however it is spelled.
    #[schema(example = "ada@example.com")]
    email: String,
}

/// That a code may be on its way.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct EmailLoginAnswer {
    /// To be sent with the code: nobody else can use that.
    #[schema(example = "gp_es_…")]
    email_token: String,
    /// Seconds until it is refused.
    #[schema(example = 600)]
    expires_in: u64,
}

/// Sign in by mail: ask for a code
///
/// Eight digits are mailed if the address is that of an account. The answer is the same whether it is or not, and so is the time it
/// takes. The code is good once, for ten minutes, with the `email_token` of this answer and no other.
#[utoipa::path(
    post, path = "/api/v1/login/email", tag = "Sign in", operation_id = "login_email", request_body = EmailLogin,
    responses(
        (status = 202, description = "If the address can be used here, a message is on its way", body = EmailLoginAnswer),
        (status = 403, description = "`email_sign_in_off`", body = ProblemDocument),
        (status = 422, description = "`invalid_field`: what was sent is no address", body = ProblemDocument),
        (status = 429, description = "`too_many_attempts`", body = ProblemDocument),
    )
)]
pub(super) async fn ask(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<EmailLogin>,
) -> Result<(StatusCode, Json<EmailLoginAnswer>), Problem> {
    let email = accounts::email(&body.email)?;
    let mut bytes = [0; 16];
    app.entropy().fill(&mut bytes);
    let secret = BASE64URL_NOPAD.encode(&bytes);
    let asked = AskedSignIn { by: Asked::by(&secret), flow: None, remembered: false };
    let link = session::ask_by_mail(&app, &realm, email, asked, &origin, now).await?;
    let token = Asked { link, secret, until: now.plus(SIGN_IN_TTL) }.seal(&app, &realm);
    let answer = EmailLoginAnswer { email_token: token, expires_in: SIGN_IN_TTL.as_secs() };
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

/// A code that was mailed, and who asked for it.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EmailCode {
    /// As `/api/v1/login/email` gave it.
    email_token: String,
    /// The eight digits, in groups or without.
    #[schema(example = "1234 5678")]
    code: String,
    /// Asks for a second factor also on a device that is trusted: for what takes a sign-in with one.
    #[serde(default)]
    ask_second_factor: bool,
}

/// Sign in by mail: send the code
///
/// Starts a session and returns its first pair of tokens, or says that a second factor is missing, as `/api/v1/login` does. The code
/// proves the address. Where that was not proven before, the password, second factors, API keys and sessions that the account had until
/// then are gone, for somebody else may have made it. Five codes can be tried for a letter.
#[utoipa::path(
    post, path = "/api/v1/login/email/confirm", tag = "Sign in", operation_id = "login_email_confirm", request_body = EmailCode,
    responses(
        (status = 200, description = "Tokens, and whose they are", body = SignedInAnswer),
        (status = 400, description = "`invalid_link`: used, tried too often, or too old; ask for another", body = ProblemDocument),
        (status = 403, description = "`invalid_code` or `email_sign_in_off`; `mfa_required` or `mfa_setup_required`, with what it takes to go on; `interceptor_denied`", body = PendingAnswer, content_type = "application/problem+json"),
        (status = 429, description = "`too_many_attempts`", body = ProblemDocument),
        (status = 503, description = "`interceptor_unanswered`", body = ProblemDocument),
    )
)]
pub(super) async fn confirm(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    Json(body): Json<EmailCode>,
) -> Result<Response, Problem> {
    let asked = Asked::open(&app, &realm, &body.email_token, now).ok_or(Problem::InvalidLink)?;
    let (mailed, by) = (Mailed::Code(asked.link, &body.code), Asked::by(&asked.secret));
    let origin = origin.on_trusted_device(!body.ask_second_factor);
    let (proven, _) = session::prove_by_mail(&app, &realm, mailed, &by, &origin, now).await?;
    match session::sign_in(&app, &realm, proven, &origin, now).await {
        Ok(SignIn::Begun(begun)) => {
            // One that cannot be remembered now will be at the next sign-in.
            let device = session::remember_device_of(&app, &realm, &begun.user, &origin, now).await.ok();
            SignedInAnswer::response(session::Begun { device, ..begun })
        }
        Ok(SignIn::Pending(pending, missing)) => {
            PendingAnswer::response(&app, &realm, (&pending, missing), now).await
        }
        // Disabled in this moment.
        Err(Problem::InvalidCredentials) => Err(Problem::InvalidLink),
        Err(other) => Err(other),
    }
}
