//! Who is calling. Holding one of these values is the proof; a route without one is public.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{header::AUTHORIZATION, request::Parts},
};
use gatepost_domain::{Client, GrantId, RealmId, Session, Timestamp, User, UserId, client::Entrusted};
use gatepost_jose::{Claims, claims_to_be_api_key};
use gatepost_store::sessions::{self, Known};

use super::{Problem, precondition};
use crate::{
    App, accounts, clients,
    holder::{self, Holder, Named},
    realm::{self, InRealm},
    session::touch,
};

/// A person with a live session, proven by an access token of this realm that names the realm itself as audience.
///
/// The session, the account and what an application holds are read from the database at every request, so a sign-out, a disabled
/// account, a password change or the end of an authorization is noticed at once.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The account, as it is now.
    pub user: User,
    /// The session the token belongs to.
    pub session: Session,
    /// What the application holds that the token was given to, if it is not one of our own sign-in.
    pub grant: Option<GrantId>,
    /// What of their rights comes with it: everything where they signed in here themselves.
    entrusted: Entrusted,
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = Self::known(parts, app).await?;
        precondition::none_is_ignored(parts)?;
        Ok(caller)
    }
}

impl SignedIn {
    /// Somebody who signed in here, and not by an application.
    pub fn themselves(user: User, session: Session) -> Self {
        Self { user, session, grant: None, entrusted: Entrusted::ALL }
    }

    /// Asks that API keys may be dealt with: by the person, or by an application of one's own that has everything of theirs. A key
    /// has permissions of its own, and outlives what the application holds.
    pub fn deals_with_keys(&self) -> Result<(), Problem> {
        if self.entrusted == Entrusted::ALL { Ok(()) } else { Err(Problem::NotForApplications) }
    }

    async fn known(parts: &Parts, app: &App) -> Result<Self, Problem> {
        Self::look(app, verified(parts, app).await?, Looks::AtTheRow).await.map(|(caller, _)| caller)
    }

    /// With what is known of the account beside its row, where it was looked at.
    async fn look(
        app: &App,
        (realm, claims, now): Verified,
        looks: Looks,
    ) -> Result<(Self, Option<Known>), Problem> {
        let refused = |check| Problem::InvalidToken { expired: false, check };
        // What an application may do of its own is not to manage the account, also where it is for this realm.
        if !claims.has_scope("account") {
            return Err(refused(if is_in_place(&claims) { IMPERSONATION } else { "scope_missing" }));
        }
        let named = Named::of(&claims).filter(|named| named.session.is_some());
        let named = named.ok_or_else(|| refused("session_missing"))?;
        if let Some(grant) = named.grant {
            // Boxed: what is seldom would make the future of every caller large, which is moved.
            let found = Box::pin(Self::by_application(app, &realm, (&claims, named, grant), now)).await;
            return found.map(|who| (who, None));
        }
        let (session, user, known) = looks.at(app, realm.id(), &named, now).await?;
        if session.impersonator.is_some() {
            return Err(refused(IMPERSONATION));
        }
        touch(app, &realm, &session, now).await;
        Ok((Self::themselves(user, session), known))
    }

    /// A token of an application manages the account as long as the application holds what it came of, and may ask for that at all.
    async fn by_application(
        app: &App,
        realm: &InRealm,
        (claims, named, grant): (&Claims, Named, GrantId),
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let refused = |check| Problem::InvalidToken { expired: false, check };
        let client = clients::current(app, realm, named.client.clone()).await?;
        let may = |client: &Client| {
            client.settings.scopes.contains("account") && claims.client_id() == Some(client.id.as_str())
        };
        // Who calls the person by another name is to know no more of them.
        let client = client.filter(|client| may(client)).filter(|_| named.user.is_some());
        let client = client.ok_or_else(|| refused("grant_ended"))?;
        let within = realm.of_members();
        let found = app.db().read("check what an application holds", move |tx| {
            let named = named.clone();
            Box::pin(async move { holder::find(tx, within, &named, now).await })
        });
        let Some(Holder { user, session: Some(session), grant: Some(held), .. }) = found.await? else {
            return Err(refused("grant_ended"));
        };
        touch(app, realm, &session, now).await;
        let scopes = claims.scope().unwrap_or_default().parse().unwrap_or_default();
        let entrusted = client.settings.entrusted(&held.scopes, &scopes);
        Ok(Self { user, session, grant: Some(grant), entrusted })
    }
}

/// Why a token of whoever acts in the place of a user is refused: here it opens what says so ([`InPlaceOf`]), and nothing else.
pub const IMPERSONATION: &str = "impersonation";

/// Why a token is refused that is good in another realm of this server.
pub const OTHER_REALM: &str = "other_realm";

/// What a token says that is good in this realm, now.
type Verified = (InRealm, Arc<Claims>, Timestamp);

/// The token of a request, which is for this realm itself.
async fn verified(parts: &Parts, app: &App) -> Result<Verified, Problem> {
    let token = bearer(parts)?;
    let realm = parts.extensions.get::<InRealm>().cloned().ok_or(Problem::NotFound)?;
    let now = app.clock().now();
    let refused = match realm.verify_own(token, now) {
        Ok(claims) => return Ok((realm, claims, now)),
        Err(refused) => refused,
    };
    // Boxed: what is seldom waited for is no part of what every request carries.
    let other = Box::pin(realm::other_realm(app, &realm, token, now)).await;
    let check = if matches!(other, Ok(Some(_))) { OTHER_REALM } else { refused.code() };
    Err(Problem::InvalidToken { expired: refused.is_expired(), check })
}

/// An administrator who acts in the place of a user, proven by the token of a session that says so and is live.
#[derive(Clone, Debug)]
pub struct InPlaceOf {
    /// The user.
    pub user: User,
    /// The session.
    pub session: Session,
    /// The administrator.
    pub by: UserId,
}

/// Whether a token is of somebody who acts in the place of its subject.
fn is_in_place(claims: &Claims) -> bool {
    claims.get("impersonator_id").is_some()
}

impl InPlaceOf {
    async fn look(
        app: &App,
        (realm, claims, now): Verified,
        looks: Looks,
    ) -> Result<(Self, Option<Known>), Problem> {
        let named = Named::of(&claims).ok_or_else(ended)?;
        let (session, user, known) = looks.at(app, realm.id(), &named, now).await?;
        match session.impersonator {
            Some(by) => Ok((Self { user, session, by }, known)),
            None => Err(ended()),
        }
    }
}

fn ended() -> Problem {
    Problem::InvalidToken { expired: false, check: "session_ended" }
}

/// How much of an account is looked at with the session: one statement either way.
#[derive(Clone, Copy)]
enum Looks {
    /// What everything asks for.
    AtTheRow,
    /// What is known beside it, too.
    AtAll,
}

impl Looks {
    /// The live session that a token names, and whose it is, who must be whom the token names.
    async fn at(
        self,
        app: &App,
        realm: RealmId,
        named: &Named,
        now: Timestamp,
    ) -> Result<(Session, User, Option<Known>), Problem> {
        let id = named.session.ok_or_else(ended)?;
        let found = app.db().read("check a session", move |tx| {
            Box::pin(async move {
                Ok::<_, Problem>(match self {
                    Self::AtTheRow => {
                        let found = sessions::find_live(tx, realm, id, now).await?;
                        found.map(|(session, user)| (session, user, None))
                    }
                    Self::AtAll => {
                        let found = sessions::find_live_known(tx, realm, id, now).await?;
                        found.map(|(session, user, known)| (session, user, Some(known)))
                    }
                })
            })
        });
        found.await?.filter(|(_, user, _)| named.user == Some(user.id)).ok_or_else(ended)
    }
}

/// Whoever is there: a person themselves, or an administrator in their place. For what only looks, and changes nothing.
#[derive(Clone, Debug)]
pub enum Present {
    /// The person.
    Themselves(SignedIn),
    /// An administrator.
    InPlace(InPlaceOf),
}

impl Present {
    /// Whose account it is, and the session.
    pub fn account(&self) -> (&User, &Session) {
        match self {
            Self::Themselves(caller) => (&caller.user, &caller.session),
            Self::InPlace(acting) => (&acting.user, &acting.session),
        }
    }
}

impl Present {
    async fn look(parts: &Parts, app: &App, looks: Looks) -> Result<(Self, Option<Known>), Problem> {
        let verified = verified(parts, app).await?;
        if is_in_place(&verified.1) {
            let (acting, known) = InPlaceOf::look(app, verified, looks).await?;
            return Ok((Self::InPlace(acting), known));
        }
        let (caller, known) = SignedIn::look(app, verified, looks).await?;
        Ok((Self::Themselves(caller), known))
    }
}

impl FromRequestParts<App> for Present {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let (present, _) = Self::look(parts, app, Looks::AtTheRow).await?;
        precondition::none_is_ignored(parts)?;
        Ok(present)
    }
}

/// Whoever is there, with what is known of the account beside its row.
#[derive(Clone, Debug)]
pub struct PresentKnown(pub Present, pub Known);

impl FromRequestParts<App> for PresentKnown {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let (present, known) = Present::look(parts, app, Looks::AtAll).await?;
        precondition::none_is_ignored(parts)?;
        let (user, _) = present.account();
        let known = match known {
            Some(known) => known,
            None => accounts::about(app, user).await?.known,
        };
        Ok(Self(present, known))
    }
}

/// The one bearer token of a request. Two `Authorization` headers are refused: which one would count?
fn bearer(parts: &Parts) -> Result<&str, Problem> {
    let mut headers = parts.headers.get_all(AUTHORIZATION).iter();
    let Some(header) = headers.next() else {
        // A program that sends its key where the API of a guard would take it.
        let key = parts.headers.contains_key("x-api-key");
        return Err(if key { Problem::WrongCredential } else { Problem::Unauthenticated });
    };
    let refused = |check| Problem::InvalidToken { expired: false, check };
    if headers.next().is_some() || parts.headers.contains_key("x-api-key") {
        return Err(refused("two_credentials"));
    }
    // Looking for letters that are no letters is the verifier's.
    let Ok(text) = std::str::from_utf8(header.as_bytes()) else {
        return Err(refused("token_malformed"));
    };
    match text.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") && claims_to_be_api_key(key) => {
            Err(Problem::WrongCredential)
        }
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token),
        _ => Err(Problem::Unauthenticated),
    }
}

/// A signed-in person with the rights of their account: where these are used or given on, an application needs to have been let
/// have them. Its person agreed to the scope `roles`, or it is one's own.
#[derive(Clone, Debug)]
pub struct Entitled(pub SignedIn);

impl FromRequestParts<App> for Entitled {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = Self::known(parts, app).await?;
        precondition::none_is_ignored(parts)?;
        Ok(caller)
    }
}

impl Entitled {
    async fn known(parts: &Parts, app: &App) -> Result<Self, Problem> {
        let caller = SignedIn::known(parts, app).await?;
        if caller.entrusted.roles { Ok(Self(caller)) } else { Err(Problem::MissingScope) }
    }
}

/// A signed-in person who may deal with API keys ([`SignedIn::deals_with_keys`]).
#[derive(Clone, Debug)]
pub struct KeyOwner(pub SignedIn);

impl FromRequestParts<App> for KeyOwner {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Entitled(caller) = Entitled::known(parts, app).await?;
        caller.deals_with_keys()?;
        precondition::none_is_ignored(parts)?;
        Ok(Self(caller))
    }
}

/// A signed-in administrator of this realm. The role is the account's present one, not the token's.
#[derive(Clone, Debug)]
pub struct Admin(pub SignedIn);

impl FromRequestParts<App> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Entitled(caller) = Entitled::known(parts, app).await?;
        if !accounts::is_administrator(&caller.user) {
            return Err(Problem::MissingRole);
        }
        precondition::none_is_ignored(parts)?;
        Ok(Self(caller))
    }
}
