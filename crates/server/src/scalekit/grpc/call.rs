//! Who calls, and for what.

use std::str::FromStr;

use axum::{
    extract::FromRequestParts as _,
    http::{HeaderMap, header::AUTHORIZATION, request::Parts},
};
use gatepost_domain::{Permission, Timestamp};

use super::Refusal;
use crate::{
    App,
    accounts::Who,
    clients::{self, Administering},
    http::{Problem, Where, page::Limit},
    realm::{self, InRealm},
};

/// How many credentials of one call are looked at. The Python library sends two: one that it had when the channel was made, and one
/// that is newer.
const CREDENTIALS: usize = 4;

/// A call of a client that may make it.
pub(in crate::scalekit) struct Call {
    pub(in crate::scalekit) app: App,
    pub(in crate::scalekit) realm: InRealm,
    pub(in crate::scalekit) now: Timestamp,
    client: Administering,
    origin: Where,
}

impl Call {
    /// The caller, where one of the tokens of the call is good and its client may do what the method needs.
    pub(super) async fn of(parts: &mut Parts, app: &App, needs: &str) -> Result<Self, Refusal> {
        let realm = InRealm::from_request_parts(parts, app).await?;
        let Ok(origin) = Where::from_request_parts(parts, app).await;
        let now = app.clock().now();
        let needs: Result<Vec<Permission>, _> = needs.split(' ').map(str::parse).collect();
        let needs = needs.map_err(Problem::internal)?;
        let mut refused = Refusal::from(Problem::Unauthenticated);
        for token in tokens(&parts.headers) {
            match clients::administering(app, &realm, token, &needs, now).await {
                Ok(client) => return Ok(Self { app: app.clone(), realm, now, client, origin }),
                Err(problem @ Problem::InvalidToken { .. }) => {
                    refused = match other_realm(app, &realm, token, now).await? {
                        Some(name) => Refusal::OfRealm(name, Box::new(problem)),
                        None => problem.into(),
                    };
                }
                Err(problem) => return Err(problem.into()),
            }
        }
        Err(refused)
    }

    /// The client, in what it does.
    pub(in crate::scalekit) fn who(&self) -> Who {
        Who::client(self.client.clone(), self.origin.clone())
    }
}

/// The name of the realm that a token is of, where the prefix of that one was lost: some libraries drop it from the address.
async fn other_realm(
    app: &App,
    realm: &InRealm,
    token: &str,
    now: Timestamp,
) -> Result<Option<String>, Problem> {
    match realm::named_by(token, app.public_url()) {
        Some(_) => realm::other_realm(app, realm, token, now).await,
        None => Ok(None),
    }
}

fn tokens(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let sent = headers.get_all(AUTHORIZATION).iter().take(CREDENTIALS);
    sent.filter_map(|value| {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token)
    })
}

/// Reads the id of something. What no id is like is the id of nothing.
pub(in crate::scalekit) fn id<T: FromStr>(field: &'static str, text: &str) -> Result<T, Refusal> {
    if text.is_empty() {
        return Err(Refusal::field(field, "say which"));
    }
    text.parse().map_err(|_| Problem::NotFound.into())
}

/// The page that is asked for: how many, and after which.
pub(in crate::scalekit) fn page<T: FromStr>(size: u32, token: &str) -> Result<(Limit, Option<T>), Refusal> {
    let after = match token {
        "" => None,
        token => Some(token.parse().map_err(|_| {
            Refusal::field("page_token", "give `next_page_token` of the page before, as it is")
        })?),
    };
    Ok((Limit::wished(size), after))
}

/// A member that has to be there.
pub(in crate::scalekit) fn given<T>(field: &'static str, member: Option<T>) -> Result<T, Refusal> {
    member.ok_or_else(|| Refusal::field(field, "this is missing"))
}

/// Refuses a member that nothing here keeps: what is dropped in silence would be missed later.
pub(in crate::scalekit) fn not_kept(field: &'static str, is_given: bool) -> Result<(), Refusal> {
    if is_given {
        return Err(Refusal::field(
            field,
            "this is not kept here; leave it out, and keep it in the application",
        ));
    }
    Ok(())
}
