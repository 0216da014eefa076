//! How a grant begins: once, with what was agreed on, while whoever agreed is still signed in.

use std::sync::Arc;

use gatepost_domain::{
    Client, ClientId, Grant, GrantDetails, GrantId, Membership, OrganizationId, OutboxId, PersonalClaims,
    RealmId, Scopes, Session, SessionId, Timestamp, User, UserId,
    audit::{Actor, Event, Record},
};
use gatepost_store::{
    Tx, audit, grants,
    memberships::{self, Acting, Bearing},
    sessions,
};

use super::external;
use crate::{
    App,
    http::{Problem, origin::Where},
    realm::{InRealm, Snapshot},
    signing::External,
};

/// What somebody agreed to, and when.
#[derive(Clone)]
pub(super) struct Agreed {
    pub(super) realm: RealmId,
    pub(super) client: ClientId,
    /// The session of the browser in which it was.
    pub(super) session: SessionId,
    /// Who agreed, where that was written down; else it is the session's user.
    pub(super) user: Option<UserId>,
    /// The grant that begins.
    pub(super) grant: GrantId,
    pub(super) scopes: Scopes,
    pub(super) audience: Vec<String>,
    /// Which organization the tokens are to speak of.
    pub(super) organization: Option<OrganizationId>,
    pub(super) details: GrantDetails,
    /// When.
    pub(super) at: Timestamp,
}

/// What came of an attempt to begin.
pub(super) enum Begun {
    Now(Box<Beginning>),
    /// The code was used before; what came of it is ended.
    Spent,
    /// Too late.
    Over,
}

pub(super) struct Beginning {
    pub(super) grant: Grant,
    pub(super) session: Session,
    pub(super) user: User,
    /// What the user is in the organization that the tokens are to speak of.
    pub(super) member: Option<Membership>,
    pub(super) known: PersonalClaims,
    pub(super) external: External,
}

/// What is written, made beforehand: a closure of the store may run twice.
pub(super) struct Writing {
    pub(super) agreed: Agreed,
    pub(super) now: Timestamp,
    realm: Arc<Snapshot>,
    own_session: SessionId,
    outlives_browser: bool,
    tells_external: bool,
    begun: Record,
    reused: Record,
    message: OutboxId,
}

impl Writing {
    pub(super) fn new(
        app: &App,
        realm: &InRealm,
        client: &Client,
        agreed: Agreed,
        (origin, now): (&Where, Timestamp),
    ) -> Arc<Self> {
        let record = |event| {
            let record = origin.record(app, agreed.realm, event, Actor::Client(agreed.client.clone()), now);
            let record = Record { user: agreed.user, ..record };
            let record = record.client(agreed.client.clone()).session(agreed.session);
            record.with("grant", agreed.grant.to_string())
        };
        Arc::new(Self {
            realm: Arc::clone(&realm.0),
            own_session: SessionId::new(now, app.entropy()),
            outlives_browser: client.settings.outlives_browser(&agreed.scopes),
            tells_external: external::is_told(client),
            begun: record(Event::GrantBegun).with("scopes", agreed.scopes.to_string()),
            reused: record(Event::CodeReused),
            message: OutboxId::new(now, app.entropy()),
            agreed,
            now,
        })
    }

    /// Begins the grant. The caller has spent the code in the same transaction.
    pub(super) async fn begin(&self, tx: &mut Tx) -> Result<Begun, Problem> {
        let Self { agreed, now, own_session, begun, .. } = self;
        let (realm, settings, now) = (agreed.realm, self.realm.settings(), *now);
        let live = sessions::find_agreed(tx, realm, agreed.session, agreed.at, now).await?;
        let live = live.filter(|(_, user, _)| agreed.user.is_none_or(|agreed| agreed == user.id));
        let Some((session, user, known)) = live else { return Ok(Begun::Over) };
        let member = match agreed.organization {
            None => None,
            // Whoever has left it since, or has it ask for more than they showed, gets no token that speaks of something else.
            Some(organization) => {
                let bearing = Bearing::of(Some(&session), settings.mfa_grace);
                let acting = memberships::find_acting(tx, realm, organization, user.id, bearing, now).await?;
                let Some(member) = acting.and_then(Acting::allowed) else { return Ok(Begun::Over) };
                Some(member)
            }
        };
        let mut details = agreed.details.clone();
        // What is to go on while the person is away does not end when the browser signs out (OpenID Connect Core section 11).
        let session = if self.outlives_browser {
            let own = Session::begin_for_client(*own_session, &session, settings, now);
            if !sessions::create(tx, &own, None).await? {
                return Ok(Begun::Over);
            }
            details.browser_session = Some(session.id);
            own
        } else {
            session
        };
        let (client, scopes, audience) =
            (agreed.client.clone(), agreed.scopes.clone(), agreed.audience.clone());
        let grant = Grant::begin(agreed.grant, &session, client, scopes, audience, settings, now);
        let grant = Grant { details, organization: agreed.organization, ..grant };
        if !grants::create(tx, &grant).await? {
            return Ok(Begun::Over);
        }
        audit::append(tx, &begun.clone().user(user.id)).await?;
        let within = (user.id, agreed.organization);
        let external = external::find(tx, self.tells_external, realm, within).await?;
        Ok(Begun::Now(Box::new(Beginning { grant, session, user, member, known, external })))
    }

    /// Ends what the first use of the code began: one of the two was not the client.
    pub(super) async fn end(&self, tx: &mut Tx) -> Result<Begun, Problem> {
        let Self { agreed, now, reused, message, .. } = self;
        if let Some(ended) = grants::revoke(tx, agreed.realm, agreed.grant, *now, *message).await? {
            audit::append(tx, &reused.clone().user(ended.user)).await?;
        }
        Ok(Begun::Spent)
    }
}
