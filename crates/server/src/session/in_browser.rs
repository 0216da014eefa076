//! Signing in to a session without a grant: in a browser, where applications are given what they hold in it later, and for an
//! application that keeps the session itself.

use gatepost_domain::{
    OutboxId, RealmId, Session, SessionId, Timestamp, UserId,
    audit::{Actor, Event},
    interceptor::Trigger,
};
use gatepost_store::{Tx, audit, sessions};

use super::{
    device::note_device,
    first,
    known_device::is_known,
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

/// Signs somebody in who has proved who they are, if that is enough. `held` is the session whose newest cookie the browser holds, if any; `remembered`
/// says whether the person wants to stay signed in.
///
/// The same person goes on in the same session, which has a new cookie from then on; another person ends it. In one write, and
/// only if the account is still enabled and what was proved still holds.
pub async fn sign_in_browser(
    app: &App,
    realm: &Snapshot,
    proven: Proven,
    held: Option<&Session>,
    remembered: bool,
    origin: &Where,
    now: Timestamp,
) -> Result<SignIn<Session>, Problem> {
    begin(app, realm, proven, (held, remembered, Asks::on_pages(realm)), origin, now).await
}

/// The same for an application that keeps the session itself: nothing is offered that may be left. Without `held` it is always another
/// session.
pub async fn sign_in_application(
    app: &App,
    realm: &Snapshot,
    proven: Proven,
    held: Option<&Session>,
    remembered: bool,
    origin: &Where,
    now: Timestamp,
) -> Result<SignIn<Session>, Problem> {
    begin(app, realm, proven, (held, remembered, Asks::of(realm)), origin, now).await
}

async fn begin(
    app: &App,
    realm: &Snapshot,
    proven: Proven,
    (held, remembered, asks): (Option<&Session>, bool, Asks),
    origin: &Where,
    now: Timestamp,
) -> Result<SignIn<Session>, Problem> {
    let Proven { user, first, second, attempt } = proven;
    let id = SessionId::new(now, app.entropy());
    let begins = Session::begin(
        id,
        realm.id(),
        user.id,
        first.methods(second.as_ref().and_then(|second| second.method())),
        origin.session_origin(),
        realm.settings(),
        now,
    );
    let begins = if remembered { begins } else { begins.until_browser_closes(realm.settings()) };
    let record = |event, user: UserId, session: SessionId| {
        origin.record(app, realm.id(), event, Actor::User(user), now).user(user).session(session)
    };
    let again = held.filter(|held| held.user == user.id).cloned();
    let other = held.filter(|held| held.user != user.id).cloned();
    let signed_in = with_first(record(Event::SignedIn, user.id, begins.id), &first);
    let signed_in = with_second(signed_in, second.as_deref());
    let signed_in_again = again.as_ref().map(|held| {
        let record = with_first(record(Event::SignedIn, user.id, held.id), &first);
        let record = with_second(record, second.as_deref());
        record.with("session", "the same")
    });
    let signed_out = other.as_ref().map(|held| record(Event::SignedOut, held.user, held.id));
    let message = OutboxId::new(now, app.entropy());
    let amr = begins.amr.clone();
    let proved = first.clone();
    let (worker, owner, told) = (app.clone(), user.clone(), origin.clone());
    let shown = second.clone();
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
        .write("sign in in a browser", move |tx| {
            let (begins, first, again) = (begins.clone(), proved.clone(), again.clone());
            let (signed_in, signed_in_again) = (signed_in.clone(), signed_in_again.clone());
            let (other, signed_out) = (other.clone(), signed_out.clone());
            let (app, owner, told) = (worker.clone(), owner.clone(), told.clone());
            let second = shown.clone();
            Box::pin(async move {
                let whose = (begins.realm, begins.user);
                let proved = (&first, second.as_deref());
                let asked = first::enough(tx, whose, asks, proved, trusted.as_ref(), now).await?;
                let excused = matches!(asked, Asked::Excused);
                match asked {
                    Asked::Enough | Asked::Excused => {}
                    Asked::Missing(missing) => return Ok(Written::Missing(missing)),
                    Asked::Refused(why) => return Ok(Written::Refused(why)),
                }
                if let (Some(held), Some(record)) = (again, signed_in_again) {
                    let holds = first::holds(tx, (begins.realm, begins.user), &first, now).await?;
                    if holds && go_on(tx, &held, &begins.amr, now).await? {
                        audit::append(tx, &with_trust(record, excused)).await?;
                        return again_live(tx, begins.realm, held.id, now).await.map(Written::Begun);
                    }
                }
                if !first::begin(tx, &begins, &first, now).await? {
                    return Err(Problem::InvalidCredentials);
                }
                audit::append(tx, &with_trust(signed_in, excused)).await?;
                if !is_known {
                    note_device(tx, &app, (&owner, &begins), &told, now).await?;
                }
                if let (Some(held), Some(record)) = (other, signed_out)
                    && sessions::revoke(tx, held.realm, held.user, held.id, now, message).await?
                {
                    audit::append(tx, &record).await?;
                }
                Ok(Written::Begun(begins))
            })
        })
        .await;
    let settled = Settled { user, first, second, remembered, attempt };
    settle(app, realm, settled, written, origin, now).await
}

/// Gives a session its next cookie: whoever else has the one before has nothing any more. It is no proof of anything, and makes no
/// sign-in fresh. `None`: it has ended, or gone on already.
pub async fn renew_cookie(app: &App, held: &Session, now: Timestamp) -> Result<Option<Session>, Problem> {
    let held = held.clone();
    app.db()
        .write("renew the cookie of a session", move |tx| {
            let held = held.clone();
            Box::pin(async move {
                if !sessions::renew_cookie(tx, held.realm, held.id, held.cookie, now).await? {
                    return Ok(None);
                }
                let found = sessions::find_live(tx, held.realm, held.id, now).await?;
                Ok(found.map(|(session, _)| session))
            })
        })
        .await
}

/// Whether the session goes on with its next cookie: it is live, and its user may still use it.
async fn go_on(tx: &mut Tx, held: &Session, amr: &[String], now: Timestamp) -> Result<bool, Problem> {
    if sessions::find_live(tx, held.realm, held.id, now).await?.is_none() {
        return Ok(false);
    }
    Ok(sessions::reauthenticate(tx, held.realm, held.id, held.cookie, amr, now).await?)
}

async fn again_live(tx: &mut Tx, realm: RealmId, id: SessionId, now: Timestamp) -> Result<Session, Problem> {
    let found = sessions::find_live(tx, realm, id, now).await?;
    found.map(|(session, _)| session).ok_or(Problem::InvalidCredentials)
}
