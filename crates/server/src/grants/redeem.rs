//! The one use of an authorization code (RFC 6749 section 4.1.3).

use std::sync::Arc;

use gatepost_domain::{AuthorizationCode, Client, CodeId, GrantDetails, Timestamp, authorization::pkce};
use gatepost_store::{Tx, authorization_codes};

use super::{
    GrantRefused, Issued, Wanted,
    begin::{Agreed, Begun, Writing},
    issue::Holding,
    kept_key, refused,
};
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
    let snapshot: &Snapshot = if client.settings.needs_rs256(&code.details.scopes) {
        with_key = app.realms().with_id_token_key(app, realm).await?;
        &with_key
    } else {
        realm
    };
    let agreed = Agreed {
        realm: realm_id,
        client: code.client.clone(),
        session: code.session,
        user: Some(code.user),
        grant: code.grant,
        scopes: code.details.scopes.clone(),
        audience: code.details.audience.clone(),
        organization: code.details.organization,
        details: GrantDetails {
            dpop_jkt: kept_key(client, redemption.key.as_ref()),
            ..code.details.grant.clone()
        },
        at: code.created_at,
    };
    let writing = Writing::new(app, realm, client, agreed, (origin, now));
    let begun = app.db().write("redeem an authorization code", move |tx| {
        let writing = Arc::clone(&writing);
        Box::pin(async move { written(tx, id, &writing).await })
    });
    let begun = match begun.await? {
        Begun::Now(begun) => begun,
        Begun::Spent => return no("used before"),
        Begun::Over => return no("expired, or its session or membership has ended"),
    };
    let holding = Holding {
        client,
        grant: &begun.grant,
        session: &begun.session,
        user: &begun.user,
        member: begun.member.as_ref(),
        known: &begun.known,
        external: &begun.external,
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
    if code.created_at < client.created_at {
        return Err("given to a client of this id that is there no longer");
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

async fn written(tx: &mut Tx, id: CodeId, writing: &Writing) -> Result<Begun, Problem> {
    let (realm, now) = (writing.agreed.realm, writing.now);
    if authorization_codes::redeem(tx, realm, id, now).await? {
        return writing.begin(tx).await;
    }
    // Not redeemed: used before, or expired.
    match authorization_codes::find(tx, realm, id).await? {
        Some(code) if code.redeemed_at.is_some() => writing.end(tx).await,
        _ => Ok(Begun::Over),
    }
}
