//! The grant of one's own applications that take the password themselves (RFC 6749 section 4.3).

use gatepost_domain::{
    Client, Grant, GrantDetails, GrantId, Scopes, Session, SessionId, Timestamp,
    audit::{Actor, Event},
    interceptor::Trigger,
    mfa::First,
    password::Password,
};
use gatepost_store::{audit, grants, personal_claims, sessions, users};

use super::{GrantRefused, Issued, Wanted, external, issue::Holding, kept_key, refused};
use crate::{
    App,
    http::{Problem, origin::Where},
    interceptors::{About, Before},
    realm::{InRealm, Snapshot},
    session::{self, Asked, Asks, Identifier, Proven, ask},
};

/// What an application brings that a person has told their password.
pub struct Login<'a> {
    /// Whom it is said to be, as typed.
    pub identifier: Identifier<'a>,
    /// The password.
    pub password: Password,
    /// What the application may do, all of which it has.
    pub scopes: Scopes,
    /// Whom its tokens are for.
    pub audience: Vec<String>,
    /// The key that the application has proved to possess.
    pub key: Option<String>,
}

/// Checks the password as at every sign-in, and begins a session with the application's grant in it.
///
/// Whatever is wrong with account or password, the work and the answer are the same.
pub async fn sign_in(
    app: &App,
    realm: &InRealm,
    client: &Client,
    login: Login<'_>,
    origin: &Where,
    now: Timestamp,
) -> Result<Result<Issued, GrantRefused>, Problem> {
    let Login { identifier, password, scopes, audience, key } = login;
    let Proven { user, first, attempt, .. } =
        match session::prove(app, realm, identifier, password, origin, now).await {
            Ok(proven) => proven,
            Err(Problem::InvalidCredentials | Problem::EmailUnverified) => {
                return Ok(Err(refused("a password is", "not that of an account that may sign in")));
            }
            Err(other) => return Err(other),
        };
    // It was a password that was asked for.
    let First::Password(hash) = first else { return Err(Problem::InvalidCredentials) };
    let with_key;
    let snapshot: &Snapshot = if client.settings.needs_rs256(&scopes) {
        with_key = app.realms().with_id_token_key(app, realm).await?;
        &with_key
    } else {
        realm
    };
    let begins = Session::begin(
        SessionId::new(now, app.entropy()),
        realm.id(),
        user.id,
        vec!["pwd".into()],
        origin.session_origin(),
        realm.settings(),
        now,
    );
    let id = GrantId::new(now, app.entropy());
    let grant = Grant::begin(id, &begins, client.id.clone(), scopes, audience, realm.settings(), now);
    let details = GrantDetails { dpop_jkt: kept_key(client, key.as_ref()), ..GrantDetails::default() };
    let grant = Grant { details, ..grant };
    let record = |event, actor| {
        let record = origin.record(app, realm.id(), event, actor, now);
        record.user(user.id).session(begins.id).client(client.id.clone())
    };
    let signed_in = record(Event::SignedIn, Actor::User(user.id));
    let granted = record(Event::GrantBegun, Actor::Client(client.id.clone()))
        .with("grant", grant.id.to_string())
        .with("scopes", grant.scopes.to_string());
    let (session, held, checked) = (begins.clone(), grant.clone(), hash.clone());
    let (worker, whence) = (app.clone(), origin.clone());
    let is_known = session::known_device(app, realm, (user.id, &hash), origin, now).is_some();
    let (asks, tells_external) = (Asks::of(realm), external::is_told(client));
    let before = Before { app, realm, origin, now, trigger: Trigger::PreSessionCreation };
    let right = attempt.right();
    let about = |_| {
        right.say();
        Some(About::Session { user: Box::new(user.clone()), amr: begins.amr.clone() })
    };
    let begun = before.ask(|_| true, about).write("sign in by an application", move |tx| {
        let (session, grant, hash) = (session.clone(), held.clone(), checked.clone());
        let records = [signed_in.clone(), granted.clone()];
        let (app, origin) = (worker.clone(), whence.clone());
        Box::pin(async move {
            // Such an application has no second step: who needs one signs in elsewhere, and it does not learn why.
            if !matches!(ask(tx, (session.realm, session.user), asks, None, now).await?, Asked::Enough) {
                return Err(Problem::InvalidCredentials);
            }
            // As at every sign-in: only if the account is still enabled and still has the password that was checked.
            if !sessions::create(tx, &session, Some(&hash)).await? || !grants::create(tx, &grant).await? {
                return Err(Problem::InvalidCredentials);
            }
            for record in &records {
                audit::append(tx, record).await?;
            }
            let known = personal_claims::find(tx, session.realm, session.user).await?;
            let user = users::find(tx, session.realm, session.user).await?;
            let user = user.ok_or(Problem::InvalidCredentials)?;
            // The device is the application's, as far as it tells: its first sign-in is told, and one from elsewhere.
            if !is_known {
                session::note_device(tx, &app, (&user, &session), &origin, now).await?;
            }
            let external = external::find(tx, tells_external, session.realm, (user.id, None)).await?;
            Ok((user, known, external))
        })
    });
    let (user, known, external) = match begun.await {
        Ok(begun) => begun,
        Err(Problem::InvalidCredentials) => {
            session::note_refused(app, realm, Some(user.id), origin, now).await?;
            return Ok(Err(refused("a password is", "not that of an account that may sign in")));
        }
        Err(Problem::InterceptorDenied { .. }) => {
            attempt.give_back();
            return Ok(Err(refused("a password is", "of somebody whom an interceptor does not let in")));
        }
        Err(other @ (Problem::InterceptorUnanswered | Problem::Limited(_))) => {
            attempt.give_back();
            return Err(other);
        }
        Err(other) => return Err(other),
    };
    attempt.give_back();
    app.post_is_waiting();
    let holding = Holding {
        client,
        grant: &grant,
        session: &begins,
        user: &user,
        member: None,
        known: &known,
        external: &external,
        browser_session: begins.id,
        nonce: None,
        code: None,
    };
    let wanted = Wanted { key, ..Wanted::default() };
    let id_token_key = snapshot.keys().signer_with(client.settings.id_token_signed_response_alg);
    holding.issue(app, snapshot, &wanted, id_token_key, now)
}
