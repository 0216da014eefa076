//! A client exchanges a person's token for one of its own (RFC 8693): for less, and with who acts for whom written in it.

use std::{sync::Arc, time::Duration};

use gatepost_domain::{
    Client, GrantType, Permission, RealmId, Scopes, SubjectType, Timestamp, TokenFormat,
    audit::{Actor, Event},
    client::exchange::Held,
};
use gatepost_jose::Claims;
use gatepost_store::{Tx, audit};
use serde_json::{Value, json};

use crate::{
    App,
    holder::{self, Named, Party},
    http::{Problem, origin::Where},
    oauth::subject,
    realm::Snapshot,
    signing::{self, Audience, ExchangedFrom, Limit, Subject},
};

/// So many act for one another at the most. Each is in the token.
const LONGEST_CHAIN: usize = 5;

/// What a client wants to exchange, and for what.
#[derive(Debug)]
pub struct Exchange<'a> {
    /// The token of the person it acts for.
    pub subject_token: &'a str,
    /// The token of who acts, where that is not the client.
    pub actor_token: Option<&'a str>,
    /// What for; all that is left unless it says so.
    pub scopes: Option<Scopes>,
    /// At which APIs; all of them that are left unless it says so.
    pub targets: Vec<&'a str>,
    /// The key that the client has proved to possess.
    pub key: Option<String>,
}

/// What it gets.
#[derive(Debug)]
pub struct Exchanged {
    /// The access token.
    pub access_token: String,
    /// How many seconds it lives.
    pub expires_in: u64,
    /// What it is good for.
    pub scopes: Scopes,
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeRefused {
    /// The token of the person, or of who acts, is not good here, or not this client's to exchange. The log says why.
    Token,
    /// More than there is, or than the client may have, or nothing.
    Scope,
    /// An API that the token was not for, or that the client's tokens may not be for.
    Target,
}

/// Exchanges a person's token that was given to this client, or is for it.
///
/// What comes out says less, is for fewer, and ends no later. It lives by the same session and grant, and names every one who acts:
/// the actor whose token is shown, or else the client, unless it may act as the person ([`may_impersonate`]).
///
/// [`may_impersonate`]: gatepost_domain::ClientSettings::may_impersonate
pub async fn exchange(
    app: &App,
    realm: &Snapshot,
    client: &Client,
    wanted: Exchange<'_>,
    origin: &Where,
    now: Timestamp,
) -> Result<Result<Exchanged, ExchangeRefused>, Problem> {
    let refused = |what: &str, why: &str| {
        tracing::debug!(client.id = %client.id, reason = why, "{what} is refused for exchange");
        Ok(Err(ExchangeRefused::Token))
    };
    let key = wanted.key.as_deref();
    let subject = match Shown::read(realm, wanted.subject_token, client, key, now) {
        Ok(shown) => shown,
        Err(why) => return refused("a subject token", why),
    };
    let Some(named) = subject.named.clone() else {
        return refused("a subject token", "it is a client's own");
    };
    if named.user.is_none() && !subject.own {
        return refused("a subject token", "its subject is a name that only its own client knows");
    }
    let actor = wanted.actor_token.map(|token| Shown::read(realm, token, client, key, now)).transpose();
    let actor = match actor.and_then(|actor| actor.map(Shown::acts).transpose()) {
        Ok(actor) => actor,
        Err(why) => return refused("an actor token", why),
    };
    let held_scopes: Scopes = subject.claims.scope().unwrap_or_default().parse().unwrap_or_default();
    let held_permissions: Vec<Permission> =
        subject.claims.permissions().iter().filter_map(|one| one.parse().ok()).collect();
    let roles = !subject.claims.roles().is_empty();
    let held = Held { scopes: &held_scopes, permissions: &held_permissions, roles };
    let Some(left) = held.narrowed(&client.settings, wanted.scopes.as_ref()) else {
        return Ok(Err(ExchangeRefused::Scope));
    };
    let Some(audience) = audience_for(realm, client, &subject.claims, &wanted.targets) else {
        return Ok(Err(ExchangeRefused::Target));
    };
    let Some(parties) = parties(client, &subject, actor.as_ref()) else {
        return refused("a subject token", "it names somebody who is nobody");
    };
    if !clients_still_may(app, realm, &parties).await? {
        return refused("a subject token", "a client that exchanged it before may not any more");
    }
    let from = match chain(client, &subject, actor.as_ref()) {
        Ok(actor) => ExchangedFrom { client: named.client.to_string(), actor, parties },
        Err(why) => return refused("a subject token", why),
    };
    let record = origin
        .record(app, realm.id(), Event::TokenExchanged, Actor::Client(client.id.clone()), now)
        .client(client.id.clone())
        .with("from", subject.claims.client_id().unwrap_or_default().to_owned())
        .with("scopes", left.scopes.to_string())
        .with("audience", audience.iter().map(String::as_str).collect::<Vec<_>>().join(" "));
    let record = match &from.actor {
        Some(actor) => record.with("actor", actor.to_string()),
        None => record,
    };
    let (within, acting) = (realm.of_members(), persons(&from.parties));
    let exchanged = app.db().write("exchange a token", move |tx| {
        let (named, acting, record) = (named.clone(), acting.clone(), record.clone());
        Box::pin(async move {
            let Some(holder) = holder::find(tx, within, &named, now).await? else { return Ok(None) };
            let Some(session) = &holder.session else { return Ok(None) };
            if !all_stand(tx, within, &acting, now).await? {
                return Ok(None);
            }
            audit::append(tx, &record.user(holder.user.id).session(session.id)).await?;
            Ok::<_, Problem>(Some(holder))
        })
    });
    let Some(holder) = exchanged.await? else {
        return refused("a token", "who stands behind it is not good any more");
    };
    let ends = [Some(&subject), actor.as_ref()].into_iter().flatten().map(|shown| shown.left);
    let lifetime = ends.fold(realm.settings().access_token_ttl, Duration::min);
    let pseudonym = subject::of(app, client, holder.user.id);
    let is_pairwise = client.settings.subject_type == SubjectType::Pairwise;
    let subject = Subject {
        user: &holder.user,
        session: holder.session.as_ref(),
        client: client.id.as_str(),
        pseudonym: is_pairwise.then_some(pseudonym.as_str()),
        grant: holder.grant.as_ref().map(|grant| grant.id),
        scopes: &left.scopes,
        member: holder.member.as_ref(),
        bound_to: key,
        limit: Limit::Held(&left.permissions, if left.roles { subject.claims.roles() } else { &[] }),
        exchanged: Some(&from),
        external: None,
        audience,
        format: TokenFormat::Standard,
    };
    let access_token = signing::issue_for(realm, subject, lifetime, app.entropy(), now)?;
    Ok(Ok(Exchanged { access_token, expires_in: lifetime.as_secs(), scopes: left.scopes }))
}

/// Whether everybody by whom an exchanged token lives still stands, beside the person it is about: each client that exchanged may do
/// so still, and each who acts is there, and signed in or authorizes their client as they did.
pub async fn stands(app: &App, realm: &Snapshot, claims: &Claims, now: Timestamp) -> Result<bool, Problem> {
    if claims.get("exchanged_from").is_none() {
        return Ok(true);
    }
    let client = claims.client_id().unwrap_or_default().parse().ok().map(Party::Client);
    let (Some(client), Some(mut parties)) = (client, Party::all_of(claims)) else { return Ok(false) };
    parties.push(client);
    if !clients_still_may(app, realm, &parties).await? {
        return Ok(false);
    }
    let (within, acting) = (realm.of_members(), persons(&parties));
    if acting.is_empty() {
        return Ok(true);
    }
    let standing = app.db().read("find who acts", move |tx| {
        let acting = acting.clone();
        Box::pin(async move { all_stand(tx, within, &acting, now).await })
    });
    Ok(standing.await?)
}

async fn clients_still_may(app: &App, realm: &Snapshot, parties: &[Party]) -> Result<bool, Problem> {
    for party in parties {
        let Party::Client(client) = party else { continue };
        let client = super::find(app, realm.id(), client.clone()).await?;
        if !client.is_some_and(|client| client.settings.allows(GrantType::TokenExchange)) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn persons(parties: &[Party]) -> Vec<Named> {
    let person = |party: &Party| match party {
        Party::Person(named) => Some(named.clone()),
        Party::Client(_) => None,
    };
    parties.iter().filter_map(person).collect()
}

async fn all_stand(
    tx: &mut Tx,
    within: (RealmId, Duration),
    persons: &[Named],
    now: Timestamp,
) -> Result<bool, gatepost_store::Error> {
    for person in persons {
        if holder::find(tx, within, person, now).await?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A token that a client shows. Whether it is good now is asked of the store later.
struct Shown {
    claims: Arc<Claims>,
    /// Who stands behind it; `None`: the client itself.
    named: Option<Named>,
    /// Whether it was given to this client.
    own: bool,
    /// How long it is good yet.
    left: Duration,
}

impl Shown {
    /// A good token of this realm that was given to the client or is for it: what was stolen elsewhere is nothing to exchange.
    fn read(
        realm: &Snapshot,
        text: &str,
        client: &Client,
        key: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, &'static str> {
        let (claims, bound_to) = realm.verify_bound(text, now).map_err(|refused| refused.code())?;
        let left = u64::try_from(claims.expires_at() - now.unix_seconds()).unwrap_or(0);
        if left == 0 {
            return Err("expired");
        }
        if claims.api_key().is_some() {
            return Err("it is of an API key, which is exchanged itself");
        }
        let own = claims.client_id() == Some(client.id.as_str());
        if !own && !claims.has_audience(client.id.as_str()) {
            return Err("it was neither given to the client nor is it for it");
        }
        // One that is for the client came with a proof to its API; that of its own it proves here.
        if own && bound_to.is_some() && bound_to.as_deref() != key {
            return Err("without a proof of the key it is bound to");
        }
        let named =
            if claims.is_of_client() { None } else { Some(Named::of(&claims).ok_or("it names nobody")?) };
        Ok(Self { claims, named, own, left: Duration::from_secs(left) })
    }

    /// The same as the token of who acts: the client, or somebody who authorized it. Who acts for another acts for them, and is
    /// named by the subject's token.
    fn acts(self) -> Result<Self, &'static str> {
        if !self.own {
            return Err("it was not given to the client");
        }
        if self.claims.get("act").is_some() { Err("who acts is acted for") } else { Ok(self) }
    }
}

/// `act`: who acts now, and for whom of those who acted before (RFC 8693 section 4.1). Nobody is lost from it.
fn chain(client: &Client, subject: &Shown, actor: Option<&Shown>) -> Result<Option<Value>, &'static str> {
    let before = subject.claims.get("act");
    let acts = match actor {
        Some(actor) => Some(actor.claims.subject()),
        None if subject.own || client.settings.may_impersonate => None,
        None => Some(client.id.as_str()),
    };
    let chain = match (acts, before) {
        (None, before) => before,
        (Some(sub), None) => Some(json!({ "sub": sub })),
        (Some(sub), Some(before)) => Some(json!({ "sub": sub, "act": before })),
    };
    let length = std::iter::successors(chain.as_ref(), |act| act.get("act")).count();
    if length > LONGEST_CHAIN { Err("too many act for one another") } else { Ok(chain) }
}

/// By whom else what comes out lives: by whom the token that is exchanged did, the client that it was given to if that exchanged it
/// too, and who acts. `None`: it names something that is nothing.
fn parties(client: &Client, subject: &Shown, actor: Option<&Shown>) -> Option<Vec<Party>> {
    let mut parties: Vec<Party> = Vec::new();
    for shown in [Some(subject), actor].into_iter().flatten() {
        let mut named = Party::all_of(&shown.claims)?;
        if shown.claims.get("exchanged_from").is_some() && !shown.own {
            named.push(Party::Client(shown.claims.client_id()?.parse().ok()?));
        }
        parties.extend(named.into_iter().filter(|one| *one != Party::Client(client.id.clone())));
    }
    parties.extend(actor.and_then(|actor| actor.named.clone()).map(Party::Person));
    let mut each: Vec<Party> = Vec::new();
    for party in parties {
        if !each.contains(&party) {
            each.push(party);
        }
    }
    Some(each)
}

/// The APIs that the token was for and the client's tokens may be for, or those of them that are asked for; the realm itself only
/// where there are no others. `None`: there are none, or not these.
fn audience_for(realm: &Snapshot, client: &Client, claims: &Claims, targets: &[&str]) -> Option<Audience> {
    let may = realm.audience_for(client);
    let both = claims.audience().iter().filter(|name| may.names(name)).map(ToString::to_string);
    let both: Vec<String> = both.collect();
    if both.is_empty() { None } else { Audience::of(both).among(targets) }
}
