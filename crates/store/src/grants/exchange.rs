//! Refresh tokens are exchanged: judged, rotated, and ended where one was used twice.

use std::time::Duration;

use gatepost_domain::audit::{Actor, Event, Record};
use gatepost_domain::refresh::{Judgement, RefreshToken, judge};
use gatepost_domain::{ClientId, EventId, Grant, Membership, OutboxId, RealmId, Session, Timestamp, User};

use super::{end, find, tell};
use crate::memberships::{Acting, Bearing};
use crate::{Db, Error, Outage, Tx, audit, memberships, sessions};

/// A client that presents a refresh token. The client is known by then: who cannot prove to be the client of a
/// grant never gets here, and so cannot end it.
#[derive(Debug, Clone)]
pub struct Presented {
    /// The realm of the request.
    pub realm: RealmId,
    /// The token, already checked to be ours.
    pub token: RefreshToken,
    /// The client that presents it.
    pub client: ClientId,
    /// When.
    pub now: Timestamp,
    /// How long the grant lives from now on, unused.
    pub idle: Duration,
    /// How long after a rotation the previous token is answered again.
    pub grace: Duration,
    /// How long after an organization began to ask for a second factor it is not missed.
    pub mfa_grace: Duration,
    /// Whether the token is good once, and the next is given with the answer. Otherwise it stays the good one.
    pub rotates: bool,
    /// What is to be written if it was used before.
    pub on_reuse: OnReuse,
}

/// What is to be written when a token is used twice.
#[derive(Debug, Clone, Copy)]
pub struct OnReuse {
    /// The id of the audit event.
    pub event: EventId,
    /// The id of the message to verifiers.
    pub message: OutboxId,
    /// What ends. In one transaction with the rest: a caller who goes away in between leaves nothing half ended.
    pub ends: Ends,
}

/// What ends when a token is used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// The grant: what one client holds.
    Grant,
    /// The session with all its grants.
    Session,
    /// Every session of the user (profile `module04`).
    EverySession,
}

/// Replaces a grant whose token is the good one by [`Grant::rotated`] or [`Grant::prolonged`] of it: one statement whose predicate decides, so
/// that there is exactly one winner. False: it is not the good one any more, grant, session or user are not good, or the
/// user is not of that `version` any more, so that no token says what was taken back before it was made.
pub async fn rotate(
    tx: &mut Tx,
    presented: &Presented,
    rotated: &Grant,
    version: u64,
) -> Result<bool, Error> {
    // The grant's own row says whether it was revoked, and every revocation of a session or user writes it too: on
    // PostgreSQL only the row that is updated is looked at again when another transaction was faster.
    const SQL: &str = "UPDATE grants SET generation = $6, rotated_at = $9, idle_expires_at = $7
        WHERE realm_id = $1 AND id = $2 AND generation = $3 AND client_id = $4
        AND revoked_at IS NULL AND idle_expires_at > $5 AND expires_at > $5
        AND EXISTS (SELECT 1 FROM sessions s JOIN users u ON u.realm_id = s.realm_id AND u.id = s.user_id
            WHERE s.realm_id = $1 AND s.id = grants.session_id AND s.revoked_at IS NULL AND s.expires_at > $5
            AND s.idle_expires_at > $5 AND u.version = $8
            AND u.disabled_at IS NULL AND (u.not_before IS NULL OR u.not_before <= s.created_at))";
    let params = [
        (&presented.realm).into(),
        (&presented.token.grant).into(),
        presented.token.generation.into(),
        presented.client.as_str().into(),
        presented.now.into(),
        rotated.generation.into(),
        rotated.idle_expires_at.into(),
        version.into(),
        rotated.rotated_at.into(),
    ];
    Ok(tx.execute(SQL, &params).await? == 1)
}

/// Why a refresh token was not exchanged. The client learns `invalid_grant` and no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefreshRefused {
    /// No such grant in this realm, or a token of a database that was replaced by an older copy.
    Unknown,
    /// The grant belongs to another client. Nothing was written.
    OtherClient,
    /// It was used before: the grant has been ended just now.
    Reused,
    /// The grant has expired.
    Expired,
    /// The grant was ended.
    Revoked,
    /// The session has ended.
    SessionEnded,
    /// The user cannot sign in.
    UserDisabled,
}

/// What a presented token is, as far as reading tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assessed {
    /// The good one of this grant: [`rotate`] may exchange it.
    Good(Box<(Grant, Session, User, Option<Membership>)>),
    /// The previous one within the grace: give the client the token of this grant's present generation again.
    Replay(Box<(Grant, Session, User, Option<Membership>)>),
    /// It was used before: this grant is to be ended.
    Reuse(Box<Grant>),
    /// Not to be exchanged.
    Refused(RefreshRefused),
}

/// Says what a presented token is. One point read, and another where an organization is active.
pub async fn assess(tx: &mut Tx, presented: &Presented) -> Result<Assessed, Error> {
    let refused = |reason| Ok(Assessed::Refused(reason));
    let Some((grant, session, user)) = find(tx, presented.realm, presented.token.grant).await? else {
        return refused(RefreshRefused::Unknown);
    };
    if grant.client != presented.client {
        return refused(RefreshRefused::OtherClient);
    }
    let replayed = match judge(presented.token, &grant, presented.now, presented.grace) {
        Judgement::Revoked => return refused(RefreshRefused::Revoked),
        Judgement::Ahead => return refused(RefreshRefused::Unknown),
        Judgement::Expired => return refused(RefreshRefused::Expired),
        Judgement::Reuse => return Ok(Assessed::Reuse(Box::new(grant))),
        Judgement::Rotate => false,
        Judgement::Replay { .. } => true,
    };
    if user.is_disabled() {
        return refused(RefreshRefused::UserDisabled);
    }
    if !session.is_live(presented.now) || user.has_withdrawn(session.created_at) {
        return refused(RefreshRefused::SessionEnded);
    }
    let member = match grant.organization {
        Some(organization) => {
            let bearing = Bearing::of(Some(&session), presented.mfa_grace);
            let acting =
                memberships::find_acting(tx, grant.realm, organization, user.id, bearing, presented.now)
                    .await?;
            acting.and_then(Acting::allowed)
        }
        None => None,
    };
    let found = Box::new((grant, session, user, member));
    Ok(if replayed { Assessed::Replay(found) } else { Assessed::Good(found) })
}

/// Ends a grant whose token was used twice, and what [`Ends`] says, with an audit event and a message to verifiers. Judges again: what was read may have changed.
pub async fn end_reused(tx: &mut Tx, presented: &Presented) -> Result<Assessed, Error> {
    let assessed = assess(tx, presented).await?;
    if let Assessed::Reuse(grant) = &assessed {
        end_for_reuse(tx, presented, grant).await?;
    }
    Ok(assessed)
}

async fn end_for_reuse(tx: &mut Tx, presented: &Presented, grant: &Grant) -> Result<(), Error> {
    let OnReuse { event, message, ends } = presented.on_reuse;
    let now = presented.now;
    end(tx, grant.realm, grant.id, now).await?;
    let record =
        Record::new(event, grant.realm, now, Event::RefreshTokenReused, Actor::Client(grant.client.clone()))
            .user(grant.user)
            .session(grant.session)
            .client(grant.client.clone())
            .with("grant", grant.id.to_string())
            .with("generation", grant.generation.to_string())
            .with("presented", presented.token.generation.to_string());
    audit::append(tx, &record).await?;
    match ends {
        Ends::Grant => tell(tx, grant, now, message).await,
        Ends::Session => {
            sessions::revoke(tx, grant.realm, grant.user, grant.session, now, message).await.map(|_| ())
        }
        Ends::EverySession => {
            sessions::revoke_all(tx, grant.realm, grant.user, None, now, message).await.map(|_| ())
        }
    }
}

/// A refresh token that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchanged {
    /// The grant as it is now. The token to answer with is `RefreshToken::of(&grant)`, also for a replay.
    pub grant: Grant,
    /// Its session.
    pub session: Session,
    /// Its user.
    pub user: User,
    /// What the user is in the organization that is active; `None` where none is, the user has left it, or it asks for a second
    /// factor that this session has not shown.
    pub member: Option<Membership>,
    /// Whether this repeats an answer the client was given before.
    pub replayed: bool,
}

/// Exchanges a refresh token: [`assess`], then [`rotate`]. The one function a refresh needs.
///
/// `meanwhile` is what is to be made of the exchange, a signature for one; it runs while the disk makes the exchange
/// durable. What it made is dropped where there is no exchange after all, and it may run again then.
pub async fn exchange<T>(
    db: &Db,
    presented: Presented,
    mut meanwhile: impl FnMut(&Exchanged) -> T,
) -> Result<Result<(Exchanged, T), RefreshRefused>, Error> {
    // Again if the first round was overtaken, or its answer was lost; more would mean something is wrong.
    for _ in 0..3 {
        let (grant, session, user, member) = match assessed(db, &presented).await? {
            Assessed::Good(found) => *found,
            Assessed::Replay(found) => {
                let (grant, session, user, member) = *found;
                let exchanged = Exchanged { grant, session, user, member, replayed: true };
                let made = meanwhile(&exchanged);
                return Ok(Ok((exchanged, made)));
            }
            Assessed::Reuse(_) => return Ok(Err(RefreshRefused::Reused)),
            Assessed::Refused(refused) => return Ok(Err(refused)),
        };
        let grant = if presented.rotates {
            grant.rotated(presented.idle, presented.now)
        } else {
            grant.prolonged(presented.idle, presented.now)
        };
        let asked = (presented.clone(), grant.clone(), user.version);
        let rotating = db.write_one("rotate a refresh token", move |tx| {
            let (presented, rotated, version) = asked.clone();
            Box::pin(async move { rotate(tx, &presented, &rotated, version).await })
        });
        let exchanged = Exchanged { grant, session, user, member, replayed: false };
        // In this order: the first poll hands the write over, and it is under way while the rest is made.
        let (rotated, made) = tokio::join!(biased; rotating, async { meanwhile(&exchanged) });
        match rotated {
            Ok(true) => return Ok(Ok((exchanged, made))),
            Ok(false) => {}
            // Whether it happened is not known. If it did, asking again is a replay, and gives the same successor; or nothing
            // but the end has moved.
            Err(Error::Unavailable(Outage::Lost)) if !presented.grace.is_zero() || !presented.rotates => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::Unavailable(Outage::Contention))
}

/// Judges by reading, and writes only where a grant is to be ended: a client that repeats itself takes no turn of
/// the writer.
async fn assessed(db: &Db, presented: &Presented) -> Result<Assessed, Error> {
    let asked = presented.clone();
    let read = db
        .read("judge a refresh token", move |tx| {
            let asked = asked.clone();
            Box::pin(async move { assess(tx, &asked).await })
        })
        .await?;
    if !matches!(read, Assessed::Reuse(_)) {
        return Ok(read);
    }
    let asked = presented.clone();
    db.write("end a grant whose token was used twice", move |tx| {
        let asked = asked.clone();
        Box::pin(async move { end_reused(tx, &asked).await })
    })
    .await
}
