//! A session begins with what whoever signs in holds in it.

use gatepost_domain::{
    ClientId, Grant, GrantId, Scopes, Session, SessionId, Timestamp, User,
    audit::{Actor, Event},
    interceptor::Trigger,
};
use gatepost_store::{audit, grants, users};

use super::{
    DeviceCookie, FIRST_PARTY,
    device::note_device,
    first,
    known_device::{is_known, remember_device},
    missing::Asks,
    second::Asked,
    sign_in::{Proven, Settled, SignIn, Written, settle, with_first, with_second, with_trust},
    trusted_device::trusted_device,
};
use crate::{
    App,
    http::{Problem, origin::Where},
    interceptors::{About, Before},
    realm::Snapshot,
};

/// What a sign-in is to give.
pub struct Wants {
    /// What its tokens may do.
    pub scopes: Scopes,
    /// How far whoever asks can go.
    pub steps: Steps,
}

/// How many steps a sign-in can have where it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steps {
    /// Where something is missing after the first, there is a second.
    Two,
    /// There is no other: somebody who needs one signs in elsewhere, and whoever asks does not learn why. It counts as a wrong password,
    /// or it would tell which are right.
    One,
}

/// A session that has begun, and what is held in it.
pub struct Held {
    /// The account, as it is now.
    pub user: User,
    /// The session.
    pub session: Session,
    /// Its first grant, whose refresh token is the first.
    pub grant: Grant,
    /// Makes the device known, where they have a password that it would be known by.
    pub device: Option<DeviceCookie>,
}

/// Starts a session with its first grant for somebody who has proved who they are, if that is enough.
pub async fn begin(
    app: &App,
    realm: &Snapshot,
    proven: Proven,
    wants: Wants,
    origin: &Where,
    now: Timestamp,
) -> Result<SignIn<Held>, Problem> {
    let Proven { user, first, second, attempt } = proven;
    let session = Session::begin(
        SessionId::new(now, app.entropy()),
        realm.id(),
        user.id,
        first.methods(second.as_ref().and_then(|second| second.method())),
        origin.session_origin(),
        realm.settings(),
        now,
    );
    let client: ClientId = FIRST_PARTY.parse().map_err(Problem::internal)?;
    let Wants { scopes, steps } = wants;
    let id = GrantId::new(now, app.entropy());
    let grant = Grant::begin(id, &session, client, scopes, Vec::new(), realm.settings(), now);
    let record = origin
        .record(app, realm.id(), Event::SignedIn, Actor::User(user.id), now)
        .user(user.id)
        .session(session.id);
    let record = with_second(with_first(record, &first), second.as_deref());

    let amr = session.amr.clone();
    let (begun, granted, proved) = (session.clone(), grant.clone(), first.clone());
    let (worker, told) = (app.clone(), origin.clone());
    let (asks, shown) = (Asks::of(realm), second.clone());
    let trusted = trusted_device(app, realm, user.id, origin, now);
    let is_known = is_known(app, realm, (user.id, &first), origin, now);
    let before = Before { app, realm, origin, now, trigger: Trigger::PreSessionCreation };
    // Whatever they showed is right by then, also if nobody waits for the answer.
    let right = attempt.right();
    let about = |_| {
        right.say();
        Some(About::Session { user: Box::new(user.clone()), amr })
    };
    let asking = before.ask(|written| matches!(written, Written::Begun(_)), about);
    let written = asking
        .write("sign in", move |tx| {
            let (session, grant, first, record) =
                (begun.clone(), granted.clone(), proved.clone(), record.clone());
            let (app, origin) = (worker.clone(), told.clone());
            let second = shown.clone();
            Box::pin(async move {
                let whose = (session.realm, session.user);
                let proved = (&first, second.as_deref());
                let asked = first::enough(tx, whose, asks, proved, trusted.as_ref(), now).await?;
                let excused = matches!(asked, Asked::Excused);
                match asked {
                    Asked::Enough | Asked::Excused => {}
                    Asked::Missing(_) if steps == Steps::One => return Err(Problem::InvalidCredentials),
                    Asked::Missing(missing) => return Ok(Written::Missing(missing)),
                    Asked::Refused(why) => return Ok(Written::Refused(why)),
                }
                // The session begins only if the account is still enabled and still has the password that was checked: a
                // change made while the hash was computed wins.
                if !first::begin(tx, &session, &first, now).await? || !grants::create(tx, &grant).await? {
                    return Err(Problem::InvalidCredentials);
                }
                audit::append(tx, &with_trust(record, excused)).await?;
                let user = users::find(tx, session.realm, session.user).await?;
                let user = user.ok_or(Problem::InvalidCredentials)?;
                if !is_known {
                    note_device(tx, &app, (&user, &session), &origin, now).await?;
                }
                Ok(Written::Begun(user))
            })
        })
        .await;
    let checked = first.clone();
    let settled = Settled { user, first, second, remembered: false, attempt };
    let user = match settle(app, realm, settled, written, origin, now).await? {
        SignIn::Begun(user) => user,
        SignIn::Pending(pending, missing) => return Ok(SignIn::Pending(pending, missing)),
    };
    let device = checked.password().map(|hash| remember_device(app, realm, (&user, hash), origin, now));
    Ok(SignIn::Begun(Held { user, session, grant, device }))
}
