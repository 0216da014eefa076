//! The active organization of a request: what the token says, or the request, which is held against what the issuer says.

use std::ops::Deref;

use axum_core::extract::FromRequestParts;
use gatepost_jose::{Exchanged, Subject};
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderName};

use crate::credential::bearer;
use crate::exchange::Wanted;
use crate::{Credential, CurrentUser, Guard, HasGuard, Main, Refusal, Rule, User};

/// An organization, as tokens name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Organization {
    /// The identifier (`org_id`): the one field to store beside what belongs to the organization.
    pub id: String,
}

/// The caller, who acts for an organization: `async fn notes(member: CurrentMember)` and `member.organization.id`.
///
/// The active organization is the one that the token was issued for (`org_id`). A request may name another in
/// `X-Organization-ID`, as clients of several organizations do. The guard then exchanges the token at its issuer for one of that
/// organization, and keeps it for at most a minute: roles and permissions are the caller's there. Where the organization asks for a
/// second factor that the session has not shown, the answer is the step-up challenge of RFC 9470. Who is no member of it is 403
/// `organization_required`, like a token without an organization; so is everybody where the issuer exchanges nothing, or who comes
/// with an API key of their own or a token that is bound to a key. An organization is no member of itself: its key is refused,
/// too. A route for programs of an organization asks with [`organization!`](crate::organization!).
///
/// Put it first: extractors behind it see the caller as a member, and rules in front of it are asked once more. A
/// [`Guarded`](crate::Guarded) in front of it cannot be: such a request is 500 `misrouted`. Dereferences to [`User`].
#[derive(Debug)]
pub struct CurrentMember<I = Main> {
    /// The organization that the request is for.
    pub organization: Organization,
    user: CurrentUser<I>,
}

impl<I> CurrentMember<I> {
    /// The user alone, to pass on or to keep.
    pub fn into_user(self) -> User {
        self.user.into_user()
    }
}

impl<I> Clone for CurrentMember<I> {
    fn clone(&self) -> Self {
        Self { organization: self.organization.clone(), user: self.user.clone() }
    }
}

impl<I> Deref for CurrentMember<I> {
    type Target = User;

    fn deref(&self) -> &User {
        &self.user
    }
}

impl<S, I> FromRequestParts<S> for CurrentMember<I>
where
    S: HasGuard<I> + Send + Sync,
    I: 'static,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let guard = HasGuard::<I>::guard(state);
        let mut user = guard.identify(parts).await?;
        if names_another(&user, &parts.headers) {
            user = Box::pin(guard.as_member(user, &parts.headers, &mut parts.extensions)).await?;
        }
        let user = CurrentUser::new(user);
        let organization = Organization { id: active(&user, &parts.headers)?.to_owned() };
        if user.id == organization.id {
            tracing::debug!(user.id = %user.id, "the organization itself, and no member of it, asks with a key");
            return Err(Refusal::OrganizationRequired);
        }
        Ok(Self { organization, user })
    }
}

const HEADER: HeaderName = HeaderName::from_static("x-organization-id");

/// Longer than any identifier of an organization.
const LONGEST: usize = 64;

/// The organization in the header, if it can be one of Gatepost's: nothing else is worth asking an issuer about.
fn named(headers: &HeaderMap) -> Option<&str> {
    let mut named = headers.get_all(HEADER).iter();
    let (Some(named), None) = (named.next()?.to_str().ok(), named.next()) else { return None };
    let letters = named.strip_prefix("org_")?;
    let fits = |letter: u8| letter.is_ascii_alphanumeric() || letter == b'_' || letter == b'-';
    (named.len() <= LONGEST && !letters.is_empty() && letters.bytes().all(fits)).then_some(named)
}

/// Whether the request names an organization other than the one the caller acts for, which only the issuer can allow.
pub(crate) fn names_another(user: &User, headers: &HeaderMap) -> bool {
    headers.contains_key(HEADER) && named(headers).is_some_and(|named| user.organization_id() != Some(named))
}

/// The rules that let this request through so far. A caller who becomes a member of another organization has other roles.
#[derive(Clone, Default)]
struct Held(Vec<(u64, Check)>);

type Check = fn(&User, &HeaderMap) -> Result<(), Refusal>;

impl<I: 'static> Guard<I> {
    /// Notes that the rule let this request through, should the caller become a member of the organization that it names.
    pub(crate) fn note_held<R: Rule>(&self, headers: &HeaderMap, extensions: &mut Extensions) {
        if !R::ASKS_FOR_ORGANIZATION && headers.contains_key(HEADER) {
            extensions.get_or_insert_default::<Held>().0.push((self.serial(), R::check_request));
        }
    }

    /// Notes that a resource was given to the caller as they are: it cannot be asked again, so the caller cannot become another.
    pub(crate) fn note_given(&self, headers: &HeaderMap, extensions: &mut Extensions) {
        if headers.contains_key(HEADER) {
            extensions.get_or_insert_default::<Held>().0.push((self.serial(), given_before));
        }
    }

    /// The caller as a member of the organization that the request names, in place of the one of the token. Where that cannot
    /// be asked, the caller as before, whom [`active`] then refuses.
    pub(crate) async fn as_member(
        &self,
        user: User,
        headers: &HeaderMap,
        extensions: &mut Extensions,
    ) -> Result<User, Refusal> {
        if !names_another(&user, headers) {
            return Ok(user);
        }
        // A token that is bound to a key is not exchanged: what came of it would be bound to none.
        let (Some(organization), Ok(token)) = (named(headers), bearer(headers)) else { return Ok(user) };
        let issuer = match self.issuer_named(&user.issuer) {
            // A key is for one organization, and has no others to choose from.
            Some(issuer) if issuer.can_exchange() && user.credential == Credential::Token => issuer,
            _ => return Ok(user),
        };
        let subject = Subject::organization(token, organization);
        let known = match self.exchanging().known.find(&subject, self.now()) {
            Some(Exchanged::Refused) => return Err(not_a_member(&user)),
            Some(Exchanged::SecondFactorMissing) => return Err(step_up(self, headers)),
            Some(Exchanged::Token(token)) => self.judge_exchanged(&token),
            None => None,
        };
        let member = if let Some(member) = known {
            member
        } else {
            let wanted = Wanted::Organization {
                token: token.into(),
                user: user.id.clone(),
                organization: organization.to_owned(),
            };
            let token = match self.exchange(issuer, subject, wanted).await {
                Err(Refusal::SecondFactorMissing) => return Err(step_up(self, headers)),
                exchanged => exchanged?,
            };
            self.verify_token(&token.ok_or_else(|| not_a_member(&user))?).await?
        };
        if let Some(Held(rules)) = extensions.get::<Held>() {
            for (_, check) in rules.iter().filter(|(guard, _)| *guard == self.serial()) {
                check(&member, headers).map_err(|refusal| self.challenged(refusal, headers))?;
            }
        }
        self.remember(extensions, &member);
        if let Some(caller) = extensions.get_mut::<CurrentUser<I>>() {
            *caller = CurrentUser::new(member.clone());
        }
        Ok(member)
    }
}

fn given_before(user: &User, _: &HeaderMap) -> Result<(), Refusal> {
    tracing::error!(
        user.id = %user.id,
        "a route gives a resource to its caller and asks for their organization only then; put the extractor of the member, or of \
         the rule that asks for an organization, in front of `Guarded`"
    );
    Err(Refusal::Misrouted)
}

/// The organization asks for a second factor: whoever is led to sign in with one comes back as a member (RFC 9470).
fn step_up<I: 'static>(guard: &Guard<I>, headers: &HeaderMap) -> Refusal {
    guard.challenged(Refusal::SecondFactorMissing, headers)
}

fn not_a_member(user: &User) -> Refusal {
    tracing::debug!(user.id = %user.id, "the issuer makes user {} no member of the organization that the request names", user.id);
    Refusal::OrganizationRequired
}

/// The organization that the request is for.
pub(crate) fn active<'a>(user: &'a User, headers: &HeaderMap) -> Result<&'a str, Refusal> {
    let active = user.organization_id().ok_or(Refusal::OrganizationRequired)?;
    let mut named = headers.get_all(HEADER).iter();
    match (named.next(), named.next()) {
        (None, _) => Ok(active),
        // As bytes: what is not text is no organization's name.
        (Some(named), None) if named.as_bytes() == active.as_bytes() => Ok(active),
        _ => {
            tracing::debug!(user.id = %user.id, "the request of user {} names another organization than its token", user.id);
            Err(Refusal::OrganizationRequired)
        }
    }
}

/// What `organization!` asks of the token alone.
#[doc(hidden)]
pub fn check_organization(user: &User, asked: Option<&str>) -> Result<(), Refusal> {
    fits(user.organization_id(), asked)
}

/// What `organization!` asks of a request.
#[doc(hidden)]
pub fn check_organization_of_request(
    user: &User,
    headers: &HeaderMap,
    asked: Option<&str>,
) -> Result<(), Refusal> {
    fits(Some(active(user, headers)?), asked)
}

fn fits(active: Option<&str>, asked: Option<&str>) -> Result<(), Refusal> {
    match (active, asked) {
        (None, _) => Err(Refusal::OrganizationRequired),
        (Some(active), Some(asked)) if active != asked => Err(Refusal::OrganizationRequired),
        (Some(_), _) => Ok(()),
    }
}
