//! Signing in with a password, by address or by user name.

use axum::http::{HeaderValue, StatusCode, header::LOCATION};
use gatepost_domain::{EmailAddress, mfa::Missing, password::Password};
use serde::Serialize;
use serde_json::json;

use super::{
    asked::{Answer, Asked},
    caller::Person,
    cookies::Name,
    refusal::Refusal,
    view::UserView,
};
use crate::{
    http::Problem,
    mfa,
    session::{self, Identifier, Proven, SignIn},
};

/// A sign-in that worked.
#[derive(Serialize)]
struct SignedIn {
    redirect: bool,
    token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    user: UserView,
}

/// By an address.
pub(super) async fn by_email(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (email, password) = (fields.text("email"), fields.password("password"));
    let (back, remembered) = (fields.optional_text("callbackURL"), fields.flag("rememberMe"));
    fields.done()?;
    asked.check_first()?;
    if email.parse::<EmailAddress>().is_err() {
        let message = "This is no e-mail address.";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "INVALID_EMAIL", message));
    }
    let proven = prove(&asked, Identifier::Email(&email), &password).await?;
    begin(asked, proven, (remembered, back)).await
}

/// By a user name.
pub(super) async fn by_username(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (username, password) = (fields.text("username"), fields.password("password"));
    let (back, remembered) = (fields.optional_text("callbackURL"), fields.flag("rememberMe"));
    fields.done()?;
    asked.check_first()?;
    let proven = match prove(&asked, Identifier::Username(&username), &password).await {
        Err(Problem::InvalidCredentials) => {
            let (code, message) = ("INVALID_USERNAME_OR_PASSWORD", "The user name or the password is wrong.");
            return Err(Refusal::new(StatusCode::UNAUTHORIZED, code, message));
        }
        other => other?,
    };
    begin(asked, proven, (remembered, back)).await
}

/// As every door does: counted, and the same work whatever is wrong.
async fn prove(asked: &Asked, identifier: Identifier<'_>, password: &str) -> Result<Proven, Problem> {
    let password = Password::to_verify(password).map_err(|_| Problem::InvalidCredentials)?;
    session::prove(&asked.app, &asked.realm, identifier, password, &asked.origin, asked.now).await
}

/// Begins the session of somebody whose password was right, or says that a second factor is missing.
async fn begin(
    mut asked: Asked,
    proven: Proven,
    (remembered, back): (Option<bool>, Option<String>),
) -> Answer {
    let begun = asked.begin_or_say(proven, remembered != Some(false)).await?;
    let Some((token, user)) = begun else { return asked.half().await };
    let answer = SignedIn { redirect: back.is_some(), token, url: back.clone(), user };
    let mut response = asked.json(&answer);
    if let Some(target) = back.and_then(|back| HeaderValue::try_from(back).ok()) {
        response.headers_mut().insert(LOCATION, target);
    }
    Ok(response)
}

impl Asked {
    /// Begins a session, if what was proved is enough: its token, and whose it is. `None`: a second factor is missing, and the cookie of the
    /// half sign-in is set. [`Problem::MfaSetUpRequired`]: there is none to show. `trusts`: a device that is trusted is not asked for one.
    pub(super) async fn begin(
        &mut self,
        proven: Proven,
        remembered: bool,
        trusts: bool,
    ) -> Result<Option<(String, UserView)>, Problem> {
        let (user, first) = (proven.user.clone(), proven.first.clone());
        let origin = self.origin.clone().on_trusted_device(trusts);
        let (app, realm, now) = (&self.app, &self.realm, self.now);
        let begun =
            Box::pin(session::sign_in_application(app, realm, proven, None, remembered, &origin, now));
        let session = match begun.await? {
            SignIn::Begun(session) => session,
            SignIn::Pending(pending, Missing::Factor) => {
                let sealed = session::seal_pending(&self.app, &self.realm, &pending);
                for name in [Name::SessionToken, Name::SessionData] {
                    self.set(name, "", Some(0));
                }
                let life = pending.expires_at.since(self.now).as_secs();
                self.set(Name::TwoFactor, &sealed, Some(life));
                self.half = Some(pending.user);
                return Ok(None);
            }
            SignIn::Pending(..) => return Err(Problem::MfaSetUpRequired),
        };
        if let Some(hash) = first.password() {
            let device = session::remember_device(&self.app, &self.realm, (&user, hash), &origin, self.now);
            self.set_ours(device.header());
        }
        self.keep(&session);
        self.keep_beside(&session).await?;
        self.begun = Some(session.clone());
        let person = Person::of(&self.app, &user).await?;
        Ok(Some((self.token_of(&session), UserView::new(&user, &person))))
    }

    /// The same where what was proved is the first step, which a device that is trusted may be enough for.
    pub(super) async fn begin_or_say(
        &mut self,
        proven: Proven,
        remembered: bool,
    ) -> Result<Option<(String, UserView)>, Refusal> {
        match self.begin(proven, remembered, true).await {
            Err(Problem::MfaSetUpRequired) => {
                let page = self.realm.url("/sign-in");
                let message =
                    format!("A second factor is asked for, and the account has none. Set one up at {page}.");
                Err(Refusal::new(StatusCode::FORBIDDEN, "TWO_FACTOR_SETUP_REQUIRED", &message))
            }
            other => Ok(other?),
        }
    }

    /// The answer where the password was right and a second factor is missing.
    pub(super) async fn half(self) -> Answer {
        let Some(user) = self.half else { return Err(Refusal::unauthorized()) };
        let methods = mfa::methods(&self.app, &self.realm, user).await?;
        // What the contract has a way to show; a code that was written down is always one.
        let shown = |method: &str| match method {
            "totp" => Some("totp"),
            "sms" => Some("otp"),
            _ => None,
        };
        let methods: Vec<_> = methods.into_iter().filter_map(shown).collect();
        Ok(self.json(&json!({"twoFactorRedirect": true, "twoFactorMethods": methods})))
    }
}
