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
    let profile = accounts::Profile::parse(Some(address.as_str()), Some(&username), full_name.as_deref())
        .map_err(field)?;
    let profile = profile.roles(&realm, &[Role::User.name().to_owned()])?;
    let accepted = Policy::of(realm.settings().password).accept(&password, &profile.words());
    let accepted = accepted.map_err(|weak| Invalid::refused(&["body", "password"], &weak.to_string()))?;
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
    match problem {
        Problem::InvalidField { field: "username", reason } => {
            Invalid::refused(&["body", "username"], &reason).into()
        }
        Problem::InvalidField { field: "name", reason } => {
            Invalid::refused(&["body", "full_name"], &reason).into()
        }
        Problem::WeakPassword(weak) => Invalid::refused(&["body", "password"], &weak.to_string()).into(),
        other => other.into(),
    }
}
