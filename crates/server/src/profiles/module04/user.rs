//! A user as the contract shows them, and the routes that do.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::Response,
};
use gatepost_domain::{Membership, Scopes, User, UserId, api_key::narrowed};
use serde::Serialize;

use super::{
    caller::{Caller, acting, in_organization},
    scopes::listed,
};
use crate::{
    App,
    http::{Now, Problem},
    profiles::fastapi::{Key, Refusal, answer, api_key, email},
    realm::{InRealm, Snapshot},
};

/// What the key that was shown may be used for, words with spaces between.
const KEY_SCOPES: HeaderName = HeaderName::from_static("x-api-key-scopes");

/// 16 bytes of an id as a UUID.
pub fn uuid(bytes: &[u8; 16]) -> String {
    let digits = format!("{:032x}", u128::from_be_bytes(*bytes));
    let groups = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    groups.join("-")
}

/// What tokens call a user.
pub fn subject(user: UserId) -> String {
    uuid(user.as_bytes())
}

/// A user in an answer.
#[derive(Serialize)]
pub struct UserResponse {
    id: String,
    email: String,
    name: Option<String>,
    is_active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<InOrganization>,
}

/// What a user is in the organization that the request names.
#[derive(Serialize)]
struct InOrganization {
    id: String,
    roles: Vec<String>,
    permissions: Vec<String>,
}

impl UserResponse {
    /// Of a user.
    pub fn new(user: &User) -> Self {
        Self {
            id: subject(user.id),
            email: user.email.as_ref().map(email::shown).unwrap_or_default(),
            name: user.name.as_ref().map(|name| name.as_str().to_owned()),
            is_active: !user.is_disabled(),
            organization: None,
        }
    }

    /// In an organization. A key has no roles, and of its owner's permissions those that are its scopes.
    fn within(mut self, realm: &Snapshot, member: Option<&Membership>, key: Option<&Scopes>) -> Self {
        self.organization = member.map(|member| {
            let rights = realm.organization_roles().rights(&member.roles);
            let (roles, permissions) = if let Some(scopes) = key {
                (Vec::new(), narrowed(scopes, &rights).unwrap_or_default())
            } else {
                let own = member.roles.iter().map(ToString::to_string);
                let mut roles: Vec<String> =
                    rights.roles.iter().map(ToString::to_string).chain(own).collect();
                roles.sort_unstable();
                roles.dedup();
                (roles, rights.permissions.iter().map(|one| (*one).clone()).collect())
            };
            let permissions = permissions.iter().map(ToString::to_string).collect();
            InOrganization { id: uuid(member.organization.as_bytes()), roles, permissions }
        });
        self
    }
}

pub async fn me(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let caller = Caller::of(&app, &realm, &headers, None, now).await?;
    Ok(answer(StatusCode::OK, &UserResponse::new(&caller.who.user)))
}

/// Whoever shows a token or a key. A credential that is shown must be good, also where the other is.
pub async fn authenticated(
    realm: InRealm,
    Now(now): Now,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let caller = Caller::if_shown(&app, &realm, &headers, now).await?;
    let key = api_key(&app, &realm, &headers, now).await?;
    let (user, member, scopes) = match (caller, key) {
        (_, Key::Wrong) => return Err(Refusal::new(StatusCode::UNAUTHORIZED, "Invalid API key")),
        (Some(caller), _) => (caller.who.user, caller.member, None),
        (None, Key::None) => return Err(Refusal::new(StatusCode::UNAUTHORIZED, "Authentication required")),
        (None, Key::Good(resolved)) => {
            // A key of an organization or a client stands for no user.
            let user =
                resolved.user.ok_or_else(|| Refusal::new(StatusCode::UNAUTHORIZED, "Invalid API key"))?;
            let member = match in_organization(&headers)? {
                Some(organization) => Some(acting(&app, &realm, organization, (&user, None), now).await?),
                None => None,
            };
            (user, member, Some(resolved.key.scopes))
        }
    };
    let shown = UserResponse::new(&user).within(&realm, member.as_ref(), scopes.as_ref());
    let mut response = answer(StatusCode::OK, &shown);
    if let Some(scopes) = scopes.map(|scopes| listed(&scopes).join(" ")) {
        let scopes = HeaderValue::try_from(scopes).map_err(Problem::internal)?;
        response.headers_mut().insert(KEY_SCOPES, scopes);
    }
    Ok(response)
}

/// What an account cannot be done to.
pub fn missing(problem: Problem) -> Refusal {
    match problem {
        Problem::MissingRole => Refusal::new(StatusCode::FORBIDDEN, "Requires role: admin"),
        Problem::InvalidToken { .. } => Refusal::unauthorized("Invalid credentials"),
        other => other.into(),
    }
}
