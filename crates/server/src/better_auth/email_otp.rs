//! Codes that are mailed (`email-otp`): to sign in, to prove an address, for another password, for another address. Each is good where it
//! was asked for.

use axum::http::StatusCode;
use gatepost_domain::{EmailAddress, LinkPurpose, MailedLinkId};
use serde::Serialize;
use serde_json::json;

use super::{
    asked::{Answer, Asked},
    caller::Person,
    mailed::Waiting,
    refusal::Refusal,
    sign_up::check_length,
    view::UserView,
};
use crate::{
    accounts,
    http::Problem,
    session::{self, Mailed},
};

/// What a code can be for.
const TYPES: [&str; 4] = ["email-verification", "sign-in", "forget-password", "change-email"];

fn purpose(kind: &str) -> LinkPurpose {
    match kind {
        "sign-in" => LinkPurpose::SignIn,
        "email-verification" => LinkPurpose::VerifyEmail,
        "forget-password" => LinkPurpose::Recover,
        _ => LinkPurpose::ChangeEmail,
    }
}

fn bad(code: &str, message: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, code, message)
}

fn address(text: &str) -> Result<EmailAddress, Refusal> {
    text.parse().map_err(|_| bad("INVALID_EMAIL", "This is no e-mail address."))
}

fn wrong() -> Refusal {
    bad(
        "INVALID_OTP",
        "The code is wrong, was used, or was asked for elsewhere. Ask for another where you type it.",
    )
}

/// Mails a code to whoever has the address. The answer is the same where nobody has.
pub(super) async fn send(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (email, kind) = (fields.text("email"), fields.one_of("type", &TYPES));
    fields.done()?;
    asked.check_first()?;
    let email = address(&email)?;
    match purpose(&kind) {
        LinkPurpose::ChangeEmail => {
            let message = "Ask for another address at /email-otp/request-email-change.";
            Err(Refusal::without_code(StatusCode::BAD_REQUEST, message))
        }
        purpose => mail_code(asked, purpose, email).await,
    }
}

/// The same, to choose another password.
pub(super) async fn request_reset(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let email = fields.text("email");
    fields.done()?;
    mail_code(asked, LinkPurpose::Recover, address(&email)?).await
}

async fn mail_code(mut asked: Asked, purpose: LinkPurpose, email: EmailAddress) -> Answer {
    let id = MailedLinkId::new(asked.now, asked.app.entropy());
    let waiting = asked.begin_to_wait(id, purpose, &email);
    let (app, realm, origin) = (&asked.app, &asked.realm, &asked.origin);
    accounts::ask_for_code(app, realm, (purpose, email), (id, waiting.asked()), origin, asked.now).await?;
    asked.wait_for(&waiting)?;
    Ok(asked.json(&json!({"success": true})))
}

impl Asked {
    /// The letter that a code is of, if whoever asks waits for one of this purpose at this address.
    fn letter(&self, purpose: LinkPurpose, email: &EmailAddress) -> Result<Waiting, Refusal> {
        let waiting = self.waits_for().filter(|waiting| waiting.is_for(purpose, email)).ok_or_else(wrong)?;
        if waiting.is_over(self.now) {
            return Err(bad("OTP_EXPIRED", "The code is too old. Ask for another."));
        }
        Ok(waiting)
    }

    /// What stands in the link that goes with a code. It counts as a try, and uses nothing else up.
    async fn link_of(
        &self,
        purpose: LinkPurpose,
        email: &EmailAddress,
        code: &str,
    ) -> Result<String, Refusal> {
        let waiting = self.letter(purpose, email)?;
        let shown = (waiting.link, code, &waiting.by());
        let (app, realm) = (&self.app, &self.realm);
        accounts::link_of_code(app, realm, purpose, shown, &self.origin, self.now).await.map_err(told)
    }
}

/// A code that is not right, in the words of the contract.
fn told(problem: Problem) -> Refusal {
    match problem {
        Problem::InvalidCode | Problem::InvalidLink => wrong(),
        other => other.into(),
    }
}

#[derive(Serialize)]
struct SignedIn {
    token: String,
    user: UserView,
}

/// Signs in by a code.
pub(super) async fn sign_in(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (email, code) = (fields.text("email"), fields.text("otp"));
    // Of an account that would be made with it.
    let (_name, _image) = (fields.optional_text("name"), fields.optional_text("image"));
    fields.done()?;
    let email: EmailAddress = email.parse().map_err(|_| wrong())?;
    let waiting = asked.letter(LinkPurpose::SignIn, &email)?;
    let (app, realm, origin) = (asked.app.clone(), asked.realm.clone(), asked.origin.clone());
    let (mailed, by) = (Mailed::Code(waiting.link, &code), waiting.by());
    let proven = session::prove_by_mail(&app, &realm, mailed, &by, &origin, asked.now).await;
    let (proven, _) = proven.map_err(told)?;
    asked.stop_waiting();
    let device = session::remember_device_of(&app, &realm, &proven.user, &origin, asked.now).await?;
    let Some((token, user)) = asked.begin_or_say(proven, true).await? else { return asked.half().await };
    asked.set_ours(device.header());
    Ok(asked.json(&SignedIn { token, user }))
}

/// Whether a code is right. It stays good, but for the try.
pub(super) async fn check(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (email, kind) = (fields.text("email"), fields.one_of("type", &TYPES));
    let code = fields.text("otp");
    fields.done()?;
    asked.link_of(purpose(&kind), &address(&email)?, &code).await?;
    Ok(asked.json(&json!({"success": true})))
}

#[derive(Serialize)]
struct Verified {
    status: bool,
    token: Option<String>,
    user: UserView,
}

/// Proves an address by a code.
pub(super) async fn verify_email(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (email, code) = (fields.text("email"), fields.text("otp"));
    fields.done()?;
    let link = asked.link_of(LinkPurpose::VerifyEmail, &address(&email)?, &code).await?;
    let (app, realm, origin) = (&asked.app, &asked.realm, asked.origin.clone());
    let user = accounts::confirm_email(app, realm, &link, origin, asked.now).await.map_err(told)?;
    asked.stop_waiting();
    let person = Person::of(&asked.app, &user).await?;
    Ok(asked.json(&Verified { status: true, token: None, user: UserView::new(&user, &person) }))
}

/// Sets another password by a code; every session ends.
pub(super) async fn reset(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (email, code) = (fields.text("email"), fields.text("otp"));
    let new = fields.password("password");
    fields.done()?;
    let email = address(&email)?;
    check_length(&new)?;
    let link = asked.link_of(LinkPurpose::Recover, &email, &code).await?;
    let (app, realm) = (asked.app.clone(), asked.realm.clone());
    let opened = accounts::opened(&app, &realm, &link, &[LinkPurpose::Recover], asked.now).await;
    let (_, user) = opened.map_err(told)?;
    let new = accounts::accept_password(&realm, &new, &user)?;
    let origin = asked.origin.clone();
    accounts::recover(&app, &realm, &link, &new, false, origin, asked.now).await.map_err(told)?;
    asked.stop_waiting();
    Ok(asked.json(&json!({"success": true})))
}

/// Mails a code to the address that the account is to have.
pub(super) async fn request_change(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (email, _of_present) = (fields.text("newEmail"), fields.optional_text("otp"));
    fields.done()?;
    let caller = asked.signed_in().await?;
    let email = address(&email)?;
    let id = MailedLinkId::new(asked.now, asked.app.entropy());
    let waiting = asked.begin_to_wait(id, LinkPurpose::ChangeEmail, &email);
    let (app, realm, origin) = (&asked.app, &asked.realm, asked.origin.clone());
    let new = (email, Some((id, waiting.asked())));
    match accounts::ask_to_change_email_by(app, realm, &caller.known, new, origin, asked.now).await {
        Err(Problem::InvalidField { reason, .. }) => {
            return Err(Refusal::without_code(StatusCode::BAD_REQUEST, &reason));
        }
        other => other?,
    }
    asked.wait_for(&waiting)?;
    Ok(asked.json(&json!({"success": true})))
}

/// Gives the account that address by the code.
pub(super) async fn change(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (email, code) = (fields.text("newEmail"), fields.text("otp"));
    fields.done()?;
    let caller = asked.signed_in().await?;
    let email = address(&email)?;
    if caller.user().email.as_ref() == Some(&email) {
        let message = "This is the address of the account already.";
        return Err(Refusal::without_code(StatusCode::BAD_REQUEST, message));
    }
    let link = asked.link_of(LinkPurpose::ChangeEmail, &email, &code).await?;
    let (app, realm, origin) = (asked.app.clone(), asked.realm.clone(), asked.origin.clone());
    let opened = accounts::opened(&app, &realm, &link, &[LinkPurpose::ChangeEmail], asked.now).await;
    // Whoever signed in meanwhile as somebody else did not ask.
    opened.ok().filter(|(_, user)| user.id == caller.user().id).ok_or_else(wrong)?;
    accounts::confirm_email(&app, &realm, &link, origin, asked.now).await.map_err(told)?;
    asked.stop_waiting();
    asked.keep(caller.session());
    Ok(asked.json(&json!({"success": true})))
}
