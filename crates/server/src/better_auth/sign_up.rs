//! Making an account, and whether a user name is free.

use axum::http::StatusCode;
use gatepost_domain::{EmailAddress, PersonalClaims, Username, mfa::First};
use serde::Serialize;
use serde_json::json;

use super::{
    asked::{Answer, Asked},
    caller::Person,
    refusal::Refusal,
    view::UserView,
};
use crate::{
    accounts::{self, Profile},
    http::Problem,
    limits::Attempt,
    session::Proven,
};

/// What the contract has for a password at most, in characters.
const LONGEST: usize = 128;

/// A new account, and the token of its first session where it may sign in at once.
#[derive(Serialize)]
struct SignedUp {
    token: Option<String>,
    user: UserView,
}

/// Refuses a password that is longer than the contract allows: whoever sets one here signs in with it elsewhere, too.
pub(super) fn check_length(password: &str) -> Result<(), Refusal> {
    if password.chars().count() <= LONGEST {
        return Ok(());
    }
    let message = "A password has 128 characters at most.";
    Err(Refusal::new(StatusCode::BAD_REQUEST, "PASSWORD_TOO_LONG", message))
}

/// Makes an account and signs it in, unless its address has to be proven first.
pub(super) async fn by_email(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let (name, email) = (fields.text("name"), fields.email("email"));
    let (password, picture) = (fields.new_password("password"), fields.optional_text("image"));
    let (back, remembered) = (fields.optional_text("callbackURL"), fields.flag("rememberMe"));
    let username = fields.optional_text("username");
    fields.done()?;
    asked.check_first()?;
    check_length(&password)?;
    accounts::check_registration_open(&asked.realm)?;
    let name = Some(name.as_str()).filter(|name| !name.is_empty());
    let email = email.as_ref().map(EmailAddress::as_str);
    let profile = Profile::parse(email, username.as_deref(), name)?;
    let known = PersonalClaims { picture, ..PersonalClaims::default() };
    let profile = profile.claims(known).map_err(renamed)?;
    let origin = asked.origin.clone().going_on_at(back.filter(|back| !back.is_empty()));
    let (user, hash) =
        accounts::sign_up(&asked.app, &asked.realm, profile, &password, &origin, asked.now).await?;
    // Before anything is said of a session: an address that has an account is answered like one that has none.
    if asked.realm.settings().require_verified_email {
        let user = UserView::new(&user, &Person::default());
        return Ok(asked.json(&SignedUp { token: None, user }));
    }
    let attempt = Attempt::unlimited(&asked.app, asked.now);
    let proven = Proven { user: user.clone(), first: First::Password(hash), second: None, attempt };
    match asked.begin(proven, remembered != Some(false), false).await {
        Ok(Some((token, user))) => Ok(asked.json(&SignedUp { token: Some(token), user })),
        // The account is made; the realm asks for a second factor before anybody is signed in.
        Ok(None) | Err(Problem::MfaSetUpRequired) => {
            let person = Person::of(&asked.app, &user).await?;
            Ok(asked.json(&SignedUp { token: None, user: UserView::new(&user, &person) }))
        }
        Err(other) => Err(other.into()),
    }
}

/// A field, as the contract calls it.
pub(super) fn renamed(problem: Problem) -> Problem {
    match problem {
        Problem::InvalidField { field: "profile", reason } => {
            Problem::InvalidField { field: "image", reason }
        }
        other => other,
    }
}

/// Whether a user name is free: told where anybody may make an account, which would find out too, and as often.
pub(super) async fn is_username_available(mut asked: Asked) -> Answer {
    let mut fields = asked.body();
    let username = fields.text("username");
    fields.done()?;
    let username = username.parse::<Username>().map_err(|refused| {
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "INVALID_USERNAME", &refused.to_string())
    })?;
    let free =
        accounts::is_username_free(&asked.app, &asked.realm, username, &asked.origin, asked.now).await?;
    Ok(asked.json(&json!({"available": free})))
}
