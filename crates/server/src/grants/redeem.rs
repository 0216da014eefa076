//! The one use of an authorization code (RFC 6749 section 4.1.3).

use gatepost_domain::{
    AuthorizationCode, Client, CodeId, EventId, Grant, GrantDetails, OutboxId, PersonalClaims, RealmId,
    Session, SessionId, Timestamp, User,
    audit::{Actor, Event, Record},
    authorization::pkce,
};
use gatepost_store::{Tx, audit, authorization_codes, grants, passwords, personal_claims, sessions};

use super::{GrantRefused, Issued, Wanted, issue::Holding, refused};
use crate::{
    App,
    http::{Problem, origin::Where},
    realm::{InRealm, Snapshot},
};

/// What a client brings to have a code redeemed.
#[derive(Debug)]
pub struct Redemption<'a> {
    /// The code, as sent.
    pub code: &'a str,
    /// Where it was sent to, if the client says so.
    pub redirect_uri: Option<&'a str>,
    /// What the challenge was made of (RFC 7636 section 4.5).
    pub code_verifier: Option<&'a str>,
    /// The key that the client has proved to possess.
    pub key: Option<String>,
    /// Whom the tokens are for.
    pub audience: Vec<String>,
}

/// Redeems a code that was given to this client, and begins its grant.
///
/// Of any number of simultaneous uses one succeeds. Each later use ends what the first one began (section 4.1.2): one of the two was
/// not the client.
pub async fn redeem(
    app: &App,
    realm: &InRealm,
    client: &Client,
    redemption: Redemption<'_>,
    origin: &Where,
    now: Timestamp,
) -> Result<Result<Issued, GrantRefused>, Problem> {
    let no = |why| Ok(Err(refused("an authorization code is", why)));
    // A forged or garbled code never reaches the database.
    let Some(id) = app.code_mac().decode(redemption.code) else { return no("forged") };
    let realm_id = realm.id();
    let found = app.db().read("find an authorization code", move |tx| {
        Box::pin(async move { authorization_codes::find(tx, realm_id, id).await })
    });
    let Some(code) = found.await? else { return no("unknown") };
    if let Err(why) = fits(&code, client, &redemption) {
        return no(why);
    }
    let with_key;
    let snapshot: &Snapshot = if code.details.scopes.contains("openid") {
        with_key = app.realms().with_id_token_key(app, realm).await?;
        &with_key
    } else {
        realm
    };
    // What a public client holds is bound to its key, for it proves nothing else (RFC 9449 section 5).
    let dpop_jkt = redemption.key.clone().filter(|_| client.is_public());
    let begun = match begin(app, snapshot, &code, dpop_jkt, origin, now).await? {
        Begun::Now(begun) => begun,
        Begun::Spent => return no("used before"),
        Begun::Over => return no("expired, or its session has ended"),
    };
    let holding = Holding {
        client,
        grant: &begun.grant,
        session: &begun.session,
        user: &begun.user,
        member: None,
        known: &begun.known,
        browser_session: code.session,
        nonce: code.details.nonce.as_deref(),
        code: Some(redemption.code),
    };
    let wanted = Wanted { scopes: None, audience: redemption.audience, key: redemption.key };
    holding.issue(
        app,
        snapshot,
        &wanted,
        snapshot.keys().signer_with(client.settings.id_token_signed_response_alg),
        now,
    )
}

/// Whether whoever brings the code is the one it was given to.
fn fits(code: &AuthorizationCode, client: &Client, redemption: &Redemption<'_>) -> Result<(), &'static str> {
    if code.client != client.id {
        return Err("given to another client");
    }
    let proven = match (&code.details.code_challenge, redemption.code_verifier) {
        (Some(challenge), Some(verifier)) => pkce::proves(verifier, challenge),
        (None, None) => true,
        // Neither may be left out (RFC 9700 section 4.8.2).
        (Some(_), None) | (None, Some(_)) => false,
    };
    if !proven {
        return Err("without the verifier of its challenge");
    }
    // Asked for with `dpop_jkt` (RFC 9449 section 10).
    if code.details.grant.dpop_jkt.is_some() && code.details.grant.dpop_jkt != redemption.key {
        return Err("without a proof of the key it is bound to");
    }
    match redemption.redirect_uri {
        Some(uri) if uri == code.details.redirect_uri => Ok(()),
        // OAuth 2.1 leaves it to the proof key.
        None if code.details.code_challenge.is_some() => Ok(()),
        _ => Err("with another redirect URI"),
    }
}

/// What came of an attempt.
enum Begun {
    Now(Box<Beginning>),
    /// The code was used before; what came of it is ended.
    Spent,
    /// Too late.
    Over,
}

struct Beginning {
    grant: Grant,
    session: Session,
    user: User,
    known: PersonalClaims,
}

/// What is written, made beforehand: a closure of the store may run twice.
#[derive(Clone)]
struct Writing {
    code: AuthorizationCode,
    dpop_jkt: Option<String>,
    settings: gatepost_domain::RealmSettings,
    own_session: SessionId,
    begun: Record,
    reused: Record,
    message: OutboxId,
    now: Timestamp,
}

async fn begin(
    app: &App,
    realm: &Snapshot,
    code: &AuthorizationCode,
    dpop_jkt: Option<String>,
    origin: &Where,
    now: Timestamp,
) -> Result<Begun, Problem> {
    let record = |event| {
        let record = origin.record(app, realm.id(), event, Actor::Client(code.client.clone()), now);
        let record = record.user(code.user).client(code.client.clone()).session(code.session);
        record.with("grant", code.grant.to_string())
    };
    let writing = Writing {
        code: code.clone(),
        dpop_jkt,
        settings: realm.settings().clone(),
        own_session: SessionId::new(now, app.entropy()),
        begun: record(Event::GrantBegun).with("scopes", code.details.scopes.to_string()),
        reused: Record { id: EventId::new(now, app.entropy()), ..record(Event::CodeReused) },
        message: OutboxId::new(now, app.entropy()),
        now,
    };
    app.db()
        .write("redeem an authorization code", move |tx| {
            let writing = writing.clone();
            Box::pin(async move { written(tx, writing).await })
        })
        .await
}

async fn written(tx: &mut Tx, writing: Writing) -> Result<Begun, Problem> {
    let Writing { code, dpop_jkt, settings, own_session, begun, reused, message, now } = writing;
    let realm: RealmId = code.realm;
    if !authorization_codes::redeem(tx, realm, code.id, now).await? {
        return spent(tx, realm, code.id, &reused, message, now).await;
    }
    let live = sessions::find_live(tx, realm, code.session, now).await?;
    let Some((session, user)) = live.filter(|(_, user)| user.id == code.user) else { return Ok(Begun::Over) };
    if passwords::changed_after(tx, realm, user.id, code.created_at).await? {
        return Ok(Begun::Over);
    }
    let mut details = GrantDetails { dpop_jkt, ..code.details.grant.clone() };
    // What is to go on while the person is away does not end when the browser signs out (OpenID Connect Core section 11).
    let session = if code.details.scopes.contains("offline_access") {
        let own = Session::begin_for_client(own_session, &session, &settings, now);
        if !sessions::create(tx, &own, None).await? {
            return Ok(Begun::Over);
        }
        details.browser_session = Some(session.id);
        own
    } else {
        session
    };
    let (scopes, audience) = (code.details.scopes, code.details.audience);
    let grant = Grant::begin(code.grant, &session, code.client, scopes, audience, &settings, now);
    let grant = Grant { details, ..grant };
    if !grants::create(tx, &grant).await? {
        return Ok(Begun::Over);
    }
    audit::append(tx, &begun).await?;
    let known = personal_claims::find(tx, realm, user.id).await?;
    Ok(Begun::Now(Box::new(Beginning { grant, session, user, known })))
}

/// A code that was not redeemed: used before, and then what it began ends; or expired.
async fn spent(
    tx: &mut Tx,
    realm: RealmId,
    id: CodeId,
    reused: &Record,
    message: OutboxId,
    now: Timestamp,
) -> Result<Begun, Problem> {
    let Some(code) = authorization_codes::find(tx, realm, id).await? else { return Ok(Begun::Over) };
    if code.redeemed_at.is_none() {
        return Ok(Begun::Over);
    }
    if grants::revoke(tx, realm, code.grant, now, message).await?.is_some() {
        audit::append(tx, reused).await?;
    }
    Ok(Begun::Spent)
}
