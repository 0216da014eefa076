//! Who stands behind an access token that was given for a person: asked of the store, not of the token.

use std::time::Duration;

use gatepost_domain::{
    ClientId, Grant, GrantId, Membership, OrganizationId, RealmId, Session, SessionId, Timestamp, User,
    UserId,
};
use gatepost_jose::Claims;
use gatepost_store::{
    Tx,
    memberships::{self, Acting, Bearing},
    sessions, users,
};
use serde::{Deserialize, Serialize};

use crate::grants;

/// What a token says of that. Whoever asks has verified it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Whose authorization it lives by: the client it was given to, or the one behind an exchange.
    pub client: ClientId,
    /// The session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// What the client holds; nothing of our own sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantId>,
    /// The user, unless the client calls them otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The organization it speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<OrganizationId>,
    /// When it was made.
    pub issued_at: Timestamp,
}

impl Named {
    /// Reads the claims. `None`: they name something that is nothing.
    pub fn of(claims: &Claims) -> Option<Self> {
        let text = |name: &str| match claims.get(name) {
            None => Some(None),
            Some(value) => value.as_str().map(|text| Some(text.to_owned())),
        };
        let client = match text("exchanged_from")? {
            Some(client) => client,
            None => claims.client_id().unwrap_or_default().to_owned(),
        };
        Some(Self {
            client: client.parse().ok()?,
            session: claims.session_id().map(str::parse).transpose().ok()?,
            grant: text("grant_id")?.map(|id| id.parse()).transpose().ok()?,
            user: claims.subject().parse().ok(),
            organization: claims.organization().map(str::parse).transpose().ok()?,
            issued_at: Timestamp::from_unix_seconds(claims.issued_at()),
        })
    }
}

/// Somebody by whom an exchanged token lives, beside the person it is about and the client it was given to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// A client that exchanged before.
    Client(ClientId),
    /// Somebody who acts, as their own token named them.
    Person(Named),
}

impl Party {
    /// All that a token names. `None`: it names something that is nothing.
    pub fn all_of(claims: &Claims) -> Option<Vec<Self>> {
        claims.get("exchanged_by").map_or_else(|| Some(Vec::new()), |all| serde_json::from_value(all).ok())
    }
}

/// They, as they are now.
#[derive(Debug)]
pub struct Holder {
    /// The account.
    pub user: User,
    /// The session; an operator's token has none.
    pub session: Option<Session>,
    /// What the client holds, if it is a client's.
    pub grant: Option<Grant>,
    /// What the account is in the organization, if the token speaks of one.
    pub member: Option<Membership>,
}

/// Session, grant, account and membership, if all that the token names is good now, in a realm with that grace for second factors.
pub async fn find(
    tx: &mut Tx,
    (realm, mfa_grace): (RealmId, Duration),
    named: &Named,
    now: Timestamp,
) -> Result<Option<Holder>, gatepost_store::Error> {
    let found = match (named.grant, named.session, named.user) {
        // What a client calls the user may say nothing of who it is: the grant knows.
        (Some(grant), ..) => {
            let held = grants::held(tx, realm, grant, now).await?;
            held.filter(|(grant, ..)| grant.client == named.client)
                .map(|(grant, session, user)| (user, Some(session), Some(grant)))
        }
        (None, Some(session), Some(_)) => {
            let live = sessions::find_live_with(tx, realm, session, &named.client, now).await?;
            live.map(|(session, user)| (user, Some(session), None))
        }
        (None, None, Some(user)) => {
            let minted = without_session(tx, realm, user, named.issued_at).await?;
            minted.map(|user| (user, None, None))
        }
        (None, _, None) => None,
    };
    let is_they = |found: &User| named.user.is_none_or(|user| user == found.id);
    let Some((user, session, grant)) = found.filter(|(user, ..)| is_they(user)) else { return Ok(None) };
    let member = match named.organization {
        None => None,
        Some(organization) => {
            let bearing = Bearing::of(session.as_ref(), mfa_grace);
            let acting = memberships::find_acting(tx, realm, organization, user.id, bearing, now).await?;
            let Some(member) = acting.and_then(Acting::allowed) else { return Ok(None) };
            Some(member)
        }
    };
    Ok(Some(Holder { user, session, grant, member }))
}

/// Of a token that an operator minted.
async fn without_session(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    issued_at: Timestamp,
) -> Result<Option<User>, gatepost_store::Error> {
    let found = users::find(tx, realm, user).await?;
    Ok(found.filter(|user| !user.is_disabled() && !user.has_withdrawn(issued_at)))
}
