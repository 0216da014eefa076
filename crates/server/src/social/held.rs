//! Somebody uses what a provider gave with their sign-in. What is over is renewed first (RFC 6749 section 6).

use gatepost_domain::{
    Identity, IdentityId, Provider, RealmId, Timestamp, UserId,
    audit::{Actor, Event, Record},
    provider::id_token::{self, Expected},
};
use gatepost_store::{Error, audit, identities, identity_tokens};
use zeroize::Zeroizing;

use super::{
    Failed,
    discovery::{About, Endpoints},
    kept::{Given, open, seal},
    tokens,
};
use crate::{
    App,
    http::{Problem, SignedIn, origin::Where},
    limits::{self, Attempt, Rule},
    places::Place,
    realm::{InRealm, Snapshot},
};

/// So often what was renewed is written, where sign-ins keep something in between.
const TRIES: usize = 4;

/// What somebody holds of a provider.
pub struct Held {
    /// The account elsewhere.
    pub identity: Identity,
    /// What was given with it.
    pub given: Given,
}

/// Which token is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// A token that is good.
    Good,
    /// Another than there is.
    Another,
}

/// Why somebody gets no token.
pub enum NoToken {
    /// The account has no such identity.
    NoIdentity,
    /// The realm has its provider in use no longer.
    OutOfUse,
    /// Nothing is kept of it.
    NotKept,
    /// There is nothing that it could be renewed by.
    NoRefreshToken,
    /// The provider renews it no more.
    Over,
    /// The provider could not be asked, or did not answer as it should.
    Failed,
    /// Too many wait to ask the provider about it.
    Busy,
    /// Whatever is the same everywhere.
    Problem(Problem),
}

impl From<Problem> for NoToken {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Error> for NoToken {
    fn from(error: Error) -> Self {
        Self::Problem(error.into())
    }
}

impl From<NoToken> for Problem {
    fn from(why: NoToken) -> Self {
        match why {
            NoToken::NoIdentity | NoToken::OutOfUse | NoToken::NotKept => Self::NotFound,
            NoToken::NoRefreshToken | NoToken::Over => Self::ProviderTokenOver,
            NoToken::Failed => Self::ProviderUnanswered,
            NoToken::Busy => Self::ProviderBusy,
            NoToken::Problem(problem) => problem,
        }
    }
}

/// What a provider gave, for a caller who is shown the access token: the audit trail tells of it once a minute for each session and
/// connected account.
pub async fn hand_out(
    app: &App,
    realm: &InRealm,
    caller: &SignedIn,
    asked: (IdentityId, Wants),
    origin: &Where,
    now: Timestamp,
) -> Result<Held, NoToken> {
    let held = hold(app, realm, caller, asked, origin, now).await?;
    let record = told(app, caller, &held.identity, (Event::ProviderTokenGiven, origin, now));
    if app.refusals().is_due(&record) {
        let written = record.clone();
        let written = app.db().write("record that a provider's token is handed out", move |tx| {
            let record = written.clone();
            Box::pin(async move { audit::append(tx, &record).await })
        });
        written.await?;
        app.refusals().note(&record);
    }
    Ok(held)
}

fn told(
    app: &App,
    caller: &SignedIn,
    identity: &Identity,
    (event, origin, now): (Event, &Where, Timestamp),
) -> Record {
    let record = origin.record(app, identity.realm, event, Actor::User(identity.user), now);
    let record = record.user(identity.user).session(caller.session.id);
    record.with("provider", identity.provider.as_str()).with("identity", identity.id.to_string())
}

/// Counts that a provider is asked about somebody whose account there is connected.
pub(super) fn count(
    app: &App,
    realm: &Snapshot,
    user: UserId,
    origin: &Where,
    now: Timestamp,
) -> Result<Attempt, Problem> {
    limits::attempt_of(app, realm, (Rule::ProviderAccount, user), Some(user), origin, now)
}

/// What a provider gave to the caller themselves, with an access token that is good for a while: neither an application nor an
/// administrator in their place gets it. How often it is renewed is limited, and more so where that is asked for or fails.
pub async fn hold(
    app: &App,
    realm: &InRealm,
    caller: &SignedIn,
    (id, wants): (IdentityId, Wants),
    origin: &Where,
    now: Timestamp,
) -> Result<Held, NoToken> {
    if caller.grant.is_some() || caller.session.impersonator.is_some() {
        return Err(Problem::NotForApplications.into());
    }
    let (in_realm, user) = (caller.user.realm, caller.user.id);
    let (identity, sealed) = look(app, in_realm, user, id).await?.ok_or(NoToken::NoIdentity)?;
    let provider = realm.provider(&identity.provider).ok_or(NoToken::OutOfUse)?;
    // What is found where nothing is to be kept was written by a sign-in that began before.
    let sealed = sealed.filter(|_| provider.settings.keep_tokens).ok_or(NoToken::NotKept)?;
    let given = open(app, (in_realm, id), &sealed).filter(|given| given.is_of(&provider.settings));
    let given = given.ok_or(NoToken::NotKept)?;
    if wants == Wants::Good && given.is_good(now) {
        return Ok(Held { identity, given });
    }
    if given.refresh_token().is_none() {
        return Err(NoToken::NoRefreshToken);
    }
    // Whoever goes away while they wait waits no more.
    let alone = app.providers().alone(id, About::Renewal).await.ok_or(NoToken::Busy)?;
    let renewing = Renewing {
        told: told(app, caller, &identity, (Event::ProviderTokenRenewed, origin, now)),
        app: app.clone(),
        realm: realm.clone(),
        provider: provider.clone(),
        identity,
        sealed,
        wants,
        origin: origin.clone(),
        now,
    };
    // Whoever does not wait for the end changes nothing about it: the refresh token that the provider gives in place of the one it took
    // is kept all the same.
    tokio::spawn(renewing.run(alone)).await.map_err(Problem::internal)?
}

/// An identity of a user, and what is kept of it.
async fn look(
    app: &App,
    realm: RealmId,
    user: UserId,
    id: IdentityId,
) -> Result<Option<(Identity, Option<Vec<u8>>)>, Error> {
    let found = app.db().read("find what a provider gave", move |tx| {
        Box::pin(async move {
            let Some(identity) = identities::find(tx, realm, user, id).await? else { return Ok(None) };
            Ok::<_, Error>(Some((identity, identity_tokens::find(tx, realm, id).await?)))
        })
    });
    found.await
}

/// What is renewed.
struct Renewing {
    app: App,
    realm: InRealm,
    provider: Provider,
    identity: Identity,
    /// As it was found to be over.
    sealed: Vec<u8>,
    wants: Wants,
    origin: Where,
    now: Timestamp,
    /// For the audit trail, where it is renewed.
    told: Record,
}

impl Renewing {
    /// In its place, which is another's at the end.
    async fn run(self, _alone: Place) -> Result<Held, NoToken> {
        // Whoever was here before may have renewed it.
        let (sealed, given) = self.kept().await?;
        if sealed != self.sealed && given.is_good(self.now) {
            return Ok(self.held(given));
        }
        let key = (Rule::Provider, self.identity.id);
        let whose = Some(self.identity.user);
        let asked = count(&self.app, &self.realm, self.identity.user, &self.origin, self.now)?;
        let counted = limits::attempt_of(&self.app, &self.realm, key, whose, &self.origin, self.now)
            .inspect_err(|_| asked.right().say())?;
        let (renewed, failed) = match self.ask(&given).await {
            Ok(renewed) => renewed,
            Err(failed) => {
                // Another process may have been quicker, by a refresh token that is good once.
                let (after, given) = self.kept().await?;
                if after != sealed && given.is_good(self.now) {
                    return Ok(self.held(given));
                }
                return Err(refused(&self.identity, &failed));
            }
        };
        let is_of_use = failed.is_none() && !renewed.is_over(self.now);
        let kept = self.keep(sealed, &given, renewed, is_of_use).await?;
        let is_over = || kept.is_over(self.now).then_some(Failed::Malformed("an access token that is over"));
        if let Some(failed) = failed.or_else(is_over) {
            return Err(refused(&self.identity, &failed));
        }
        if self.wants == Wants::Good {
            counted.give_back();
        }
        Ok(self.held(kept))
    }

    /// Keeps what came in place of what was used, and returns what is kept then. A sign-in may have kept something in between, with the
    /// refresh token that is used up. The audit trail tells of what is of use.
    async fn keep(
        &self,
        mut before: Vec<u8>,
        used: &Given,
        renewed: Given,
        is_of_use: bool,
    ) -> Result<Given, NoToken> {
        let (realm, id, now) = (self.identity.realm, self.identity.id, self.now);
        let mut after = renewed.clone();
        for _ in 0..TRIES {
            let sealed = (before, seal(&self.app, (realm, id), &after));
            let told = is_of_use.then(|| self.told.clone());
            let replaced = self.app.db().write("keep what a provider renewed", move |tx| {
                let ((before, after), told) = (sealed.clone(), told.clone());
                Box::pin(async move {
                    let replaced = identity_tokens::replace(tx, realm, id, (&before, &after), now).await?;
                    if let Some(told) = told.filter(|_| replaced) {
                        audit::append(tx, &told).await?;
                    }
                    Ok::<_, Error>(replaced)
                })
            });
            if replaced.await? {
                return Ok(after);
            }
            let (found, kept) = self.kept().await?;
            if kept.refresh_token() != used.refresh_token() {
                return Ok(kept);
            }
            (before, after) = (found, kept.with_refresh_token_of(&renewed));
        }
        Ok(self.kept().await?.1)
    }

    /// What is kept now, as it is written down and as it is.
    async fn kept(&self) -> Result<(Vec<u8>, Given), NoToken> {
        let (realm, user, id) = (self.identity.realm, self.identity.user, self.identity.id);
        let (_, sealed) = look(&self.app, realm, user, id).await?.ok_or(NoToken::NoIdentity)?;
        let sealed = sealed.ok_or(NoToken::NotKept)?;
        let given =
            open(&self.app, (realm, id), &sealed).filter(|given| given.is_of(&self.provider.settings));
        Ok((sealed, given.ok_or(NoToken::NotKept)?))
    }

    fn held(&self, given: Given) -> Held {
        Held { identity: self.identity.clone(), given }
    }

    /// What came of it, and why that is of no use but for its refresh token, where it is.
    async fn ask(&self, given: &Given) -> Result<(Given, Option<Failed>), Failed> {
        let (app, settings, now) = (&self.app, &self.provider.settings, self.now);
        let refresh_token = given.refresh_token().ok_or(Failed::Malformed("no refresh token"))?;
        let endpoints = app.providers().endpoints(app, &self.provider, now).await?;
        let at = (&self.provider, &endpoints);
        let mut tokens = tokens::renew(app, at, refresh_token, now).await?;
        if let Some(token) = tokens.id_token.take()
            && self.is_of_the_person(at.1, &token).await
        {
            tokens.id_token = Some(token);
        }
        let (came, refresh_token) = (tokens.refresh_token.is_some(), tokens.refresh_token.clone());
        let unusable = Failed::Malformed("no access token that could be kept");
        match Given::of(settings, tokens, now) {
            Some(renewed) => Ok((renewed.in_place_of(given, came), None)),
            None if came => Ok((given.with_refresh_token(refresh_token), Some(unusable))),
            None => Err(unusable),
        }
    }

    /// Whether an ID token that came with it is good, and of the same person (OpenID Connect Core section 12.2). Nobody is signed in by it, so
    /// one that is not is left out, and no more.
    async fn is_of_the_person(&self, endpoints: &Endpoints, token: &Zeroizing<String>) -> bool {
        let at = (&self.provider, endpoints);
        let Ok(payload) = tokens::verified(&self.app, at, token, self.now).await else { return false };
        let expected = Expected { provider: &self.provider.settings, nonce: None, anew: false };
        let asserted = id_token::check(&payload, &expected, self.now);
        asserted.is_ok_and(|asserted| {
            (&asserted.issuer, &asserted.subject) == (&self.identity.issuer, &self.identity.subject)
        })
    }
}

/// The cause goes to the log.
pub(super) fn refused(identity: &Identity, failed: &Failed) -> NoToken {
    tracing::info!(
        user.id = %identity.user, provider.id = %identity.provider, reason = failed.code(), cause = %failed,
        "a provider gave nothing for what it had given"
    );
    match failed {
        // RFC 6749 section 5.2, and as GitHub says it.
        Failed::CodeRefused(why) if why == "invalid_grant" || why == "bad_refresh_token" => NoToken::Over,
        _ => NoToken::Failed,
    }
}
