//! An administrator acts in the place of a user: to see at an application what the user sees.
//!
//! What they get is a token for APIs, which names them beside the user and opens nothing of the account: without the scope `account` it changes
//! no password, address, second factor or key, and no session is refreshed with it. It ends soon, for good with the administrator's session
//! in which it began and whatever ends their right to it, and whenever the user signs out everywhere.

use std::time::Duration;

use gatepost_domain::{
    ClientId, DisplayName, Grant, GrantId, OutboxId, Scopes, Session, SessionId, Timestamp, TokenFormat,
    User, UserId,
    audit::{Actor, Event, Record},
};
use gatepost_store::{audit, grants, sessions, users};

use super::FIRST_PARTY;
use crate::{
    App,
    accounts::{self, Who},
    http::{InPlaceOf, Problem, SignedIn, origin::Where},
    mfa,
    realm::Snapshot,
    signing::{self, Limit, Subject},
};

/// What the token may do: everything the user may at an API, and nothing here.
const SCOPES: &str = "openid profile email";

/// What an administrator got who acts in the place of a user.
pub struct InPlace {
    /// The access token. There is no other.
    pub access_token: String,
    /// How many seconds it lives.
    pub expires_in: u64,
}

/// Begins it, for as long as an access token lives at the most. The administrator has signed in a moment ago, with every factor they have;
/// administrators are nobody's to act for, nor is whoever is disabled. Returns the session, which says who acts, and the user.
pub async fn begin_in_place(
    app: &App,
    realm: &Snapshot,
    admin: &SignedIn,
    user: UserId,
    (reason, wished): (&DisplayName, Option<Duration>),
    origin: Where,
    now: Timestamp,
) -> Result<(Session, User), Problem> {
    let most = realm.settings().access_token_ttl;
    let lifetime = wished.map_or(most, |wished| wished.min(most));
    let session = Session::begin_in_place(
        SessionId::new(now, app.entropy()),
        &admin.session,
        user,
        realm.settings(),
        lifetime,
        now,
    );
    let client: ClientId = FIRST_PARTY.parse().map_err(Problem::internal)?;
    let scopes: Scopes = SCOPES.parse().map_err(Problem::internal)?;
    let id = GrantId::new(now, app.entropy());
    let grant = Grant::begin(id, &session, client, scopes, Vec::new(), realm.settings(), now);
    let who = Who::administrator(admin, origin);
    let record = who.record(app, Event::ImpersonationBegun, realm.id(), user, now).session(session.id);
    let record = record.with("reason", reason.as_str()).with("until", session.expires_at.to_string());
    let refused = who.record(app, Event::ImpersonationRefused, realm.id(), user, now);
    let (begun, caller) = (session.clone(), admin.clone());
    let written = app.db().write("begin to act in the place of a user", move |tx| {
        let (session, grant, record) = (begun.clone(), grant.clone(), record.clone());
        let (who, caller) = (who.clone(), caller.clone());
        Box::pin(async move {
            who.still_may(tx, now).await?;
            mfa::may_change(tx, &caller, now).await?;
            let user = users::find(tx, session.realm, session.user).await?.ok_or(Problem::NotFound)?;
            if user.id == caller.user.id || user.is_disabled() || accounts::is_administrator(&user) {
                return Err(Problem::BeyondRights);
            }
            if !sessions::create(tx, &session, None).await? || !grants::create(tx, &grant).await? {
                return Err(Problem::Changed);
            }
            audit::append(tx, &record).await?;
            Ok(user)
        })
    });
    let user = match written.await {
        Err(problem @ Problem::BeyondRights) => {
            note_refused(app, refused).await?;
            return Err(problem);
        }
        other => other?,
    };
    Ok((session, user))
}

/// The token of such a session.
pub fn token_in_place(
    app: &App,
    realm: &Snapshot,
    (session, user): (&Session, &User),
    now: Timestamp,
) -> Result<InPlace, Problem> {
    let scopes: Scopes = SCOPES.parse().map_err(Problem::internal)?;
    let subject = Subject {
        user,
        session: Some(session),
        client: FIRST_PARTY,
        pseudonym: None,
        bound_to: None,
        grant: None,
        scopes: &scopes,
        member: None,
        external: None,
        limit: Limit::OWN,
        exchanged: None,
        audience: realm.own_audience(),
        format: TokenFormat::Standard,
    };
    let lifetime = session.expires_at.since(now);
    let access_token = signing::issue_for(realm, subject, lifetime, app.entropy(), now)?;
    Ok(InPlace { access_token, expires_in: lifetime.as_secs() })
}

/// Ends it, by whoever acts. False: it has ended before.
pub async fn end_in_place(
    app: &App,
    acting: &InPlaceOf,
    origin: &Where,
    now: Timestamp,
) -> Result<bool, Problem> {
    let (realm, user, session) = (acting.user.realm, acting.user.id, acting.session.id);
    let record = origin.record(app, realm, Event::ImpersonationEnded, Actor::User(acting.by), now);
    let record = record.user(user).session(session);
    let message = OutboxId::new(now, app.entropy());
    let ended = app.db().write("end acting in the place of a user", move |tx| {
        let record = record.clone();
        Box::pin(async move {
            let ended = sessions::revoke(tx, realm, user, session, now, message).await?;
            if ended {
                audit::append(tx, &record).await?;
            }
            Ok::<_, Problem>(ended)
        })
    });
    let ended = ended.await?;
    app.sign_outs().notify_one();
    Ok(ended)
}

/// One a minute like it: who is refused can try again as fast as they like.
async fn note_refused(app: &App, record: Record) -> Result<(), Problem> {
    if !app.refusals().admits(&record) {
        return Ok(());
    }
    let noted = app.db().write("record that somebody was not let act for a user", move |tx| {
        let record = record.clone();
        Box::pin(async move { audit::append(tx, &record).await })
    });
    Ok(noted.await?)
}
