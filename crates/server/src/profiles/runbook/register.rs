//! `POST /register`

use axum::{extract::State, http::StatusCode, response::Response};
use gatepost_domain::{Registration, password::Policy};
use zeroize::Zeroizing;

use super::{
    caller::find,
    user::{Role, UserResponse},
};
use crate::{
    App, accounts,
    http::{Now, Problem, Where},
    limits::{self, Rule},
    profiles::fastapi::{Body, Invalid, Invalids, Refusal, answer, email},
    realm::InRealm,
};

pub async fn register(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    origin: Where,
    body: Body,
) -> Result<Response, Refusal> {
    let body = body.object()?;
    let mut invalids = Invalids::default();
    let username = invalids.note(body.string("username"));
    let address = body.string("email").and_then(|text| email::read(&["body", "email"], &text));
    let address = invalids.note(address);
    let password = invalids.note(body.string("password")).map(Zeroizing::new);
    let full_name = invalids.note(body.optional("full_name")).flatten().filter(|name| !name.is_empty());
    invalids.check()?;
    let (Some(username), Some(address), Some(password)) = (username, address, password) else {
        return Err(Problem::internal("a member that was read").into());
    };
    if realm.settings().registration != Registration::Open {
        return Err(Refusal::new(StatusCode::FORBIDDEN, "Registration is closed"));
    }
    let parse = |username, name| accounts::Profile::parse(Some(address.as_str()), username, name);
    let mut invalids = Invalids::default();
    // Each by itself, so that all that is wrong is told at once.
    for alone in [parse(Some(&username), None), parse(None, full_name.as_deref())] {
        if let Err(problem) = alone {
            invalids.note::<()>(Err(invalid(problem)?));
        }
    }
    let profile = parse(Some(&username), full_name.as_deref());
    let words = profile.as_ref().map_or_else(|_| vec![address.as_str()], accounts::Profile::words);
    let accepted = Policy::of(realm.settings().password).accept(&password, &words);
    let accepted =
        invalids.note(accepted.map_err(|weak| Invalid::refused(&["body", "password"], &weak.to_string())));
    invalids.check()?;
    let Some(accepted) = accepted else {
        return Err(Problem::internal("a password that was accepted").into());
    };
    let profile = profile?.roles(&realm, &[Role::User.name().to_owned()])?;
    limits::attempt(&app, &realm, (Rule::Register, origin.neighbourhood()), &origin, now)?;
    let hash = app.hash_chosen(&realm, &accepted, &origin, now).await.map_err(field)?;
    let taken = |detail| Refusal::new(StatusCode::BAD_REQUEST, detail);
    match accounts::register(&app, &realm, profile, hash, origin, now).await {
        Ok(user) => {
            let number = accounts::number(&app, realm.id(), user.id).await?;
            Ok(answer(StatusCode::CREATED, &UserResponse::new(&user, number, realm.roles())))
        }
        Err(Problem::UsernameTaken) => Err(taken("Username already registered")),
        // The name is looked at first.
        Err(Problem::EmailTaken) if find(&app, &realm, &username).await?.is_some() => {
            Err(taken("Username already registered"))
        }
        Err(Problem::EmailTaken) => Err(taken("Email already registered")),
        Err(other) => Err(other.into()),
    }
}

/// What a rule of ours refuses, at the member that the contract calls so.
pub fn field(problem: Problem) -> Refusal {
    invalid(problem).map_or_else(Refusal::from, Refusal::from)
}

/// The same, where it is about a member.
fn invalid(problem: Problem) -> Result<Invalid, Problem> {
    match problem {
        Problem::InvalidField { field: "username", reason } => {
            Ok(Invalid::refused(&["body", "username"], &reason))
        }
        Problem::InvalidField { field: "name", reason } => {
            Ok(Invalid::refused(&["body", "full_name"], &reason))
        }
        Problem::WeakPassword(weak) => Ok(Invalid::refused(&["body", "password"], &weak.to_string())),
        other => Err(other),
    }
}
