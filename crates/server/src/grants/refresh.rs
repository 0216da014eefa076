//! The refresh tokens of clients (RFC 6749 section 6).

use gatepost_domain::{Client, OutboxId, PersonalClaims, Timestamp, UserId, refresh::RefreshToken};
use gatepost_store::{
    grants::{self, Ends, Exchanged, OnReuse, Presented},
    personal_claims,
};

use super::{GrantRefused, Issued, Wanted, external, issue::Holding, refused};
use crate::{
    App,
    http::Problem,
    realm::{InRealm, Snapshot},
    session::touch,
    signing::External,
};

/// Exchanges a refresh token of this client for the next tokens. As in [`session::refresh`](crate::session::refresh) one statement
/// decides, and a lost answer is given again; a token that was used before ends the grant, not the session.
pub async fn refresh(
    app: &App,
    realm: &InRealm,
    client: &Client,
    text: &str,
    wanted: &Wanted,
    now: Timestamp,
) -> Result<Result<Issued, GrantRefused>, Problem> {
    let Some(token) = RefreshToken::decode(text, app.refresh_mac()) else {
        return Ok(Err(refused("a refresh token is", "forged")));
    };
    // What cannot be given is refused before the token is used up.
    let Some(before) = before(app, realm, client, token, wanted).await? else {
        return Ok(Err(refused("a refresh token is", "unknown, or another client's")));
    };
    if let Err(refused) = before.may {
        return Ok(Err(refused));
    }
    let with_key;
    let snapshot: &Snapshot = if before.needs_rs256 {
        with_key = app.realms().with_id_token_key(app, realm).await?;
        &with_key
    } else {
        realm
    };
    let presented = Presented {
        realm: realm.id(),
        token,
        client: client.id.clone(),
        now,
        idle: realm.settings().refresh_token_ttl,
        grace: realm.settings().refresh_grace,
        mfa_grace: realm.settings().mfa_grace,
        rotates: client.settings.refresh_token_rotation,
        on_reuse: OnReuse {
            event: app.event_id(now),
            message: OutboxId::new(now, app.entropy()),
            ends: Ends::Grant,
        },
    };
    let answer = |exchanged: &Exchanged| {
        let Exchanged { grant, session, user, member, .. } = exchanged;
        let browser_session = grant.details.browser_session.unwrap_or(session.id);
        let holding = Holding {
            client,
            grant,
            session,
            user,
            member: member.as_ref(),
            known: &before.known,
            external: &before.external,
            browser_session,
            nonce: None,
            code: None,
        };
        holding.issue(
            app,
            snapshot,
            wanted,
            snapshot.keys().signer_with(client.settings.id_token_signed_response_alg),
            now,
        )
    };
    match grants::exchange(app.db(), presented, answer).await? {
        Ok((exchanged, answer)) => {
            touch(app, realm, &exchanged.session, now).await;
            answer
        }
        Err(why) => {
            tracing::debug!(grant.id = %token.grant, reason = ?why, "refresh token refused");
            Ok(Err(GrantRefused::Grant))
        }
    }
}

/// What is known before the token is used.
struct Before {
    needs_rs256: bool,
    known: PersonalClaims,
    external: External,
    may: Result<(), GrantRefused>,
}

async fn before(
    app: &App,
    realm: &Snapshot,
    client: &Client,
    token: RefreshToken,
    wanted: &Wanted,
) -> Result<Option<Before>, Problem> {
    let (id, tells_external) = (realm.id(), external::is_told(client));
    let found = app.db().read("find a grant and what is known of its user", move |tx| {
        Box::pin(async move {
            let Some((grant, _, user)) = grants::find(tx, id, token.grant).await? else { return Ok(None) };
            let known = known(tx, id, user.id, grant.scopes.contains("openid")).await?;
            let external = external::find(tx, tells_external, id, (user.id, grant.organization)).await?;
            Ok::<_, gatepost_store::Error>(Some((grant, known, external)))
        })
    });
    let Some((grant, known, external)) = found.await?.filter(|(grant, ..)| grant.client == client.id) else {
        return Ok(None);
    };
    let targets: Vec<&str> = wanted.audience.iter().map(String::as_str).collect();
    let may = if grant.details.dpop_jkt.is_some() && grant.details.dpop_jkt != wanted.key {
        Err(refused("a refresh token is", "without a proof of the key it is bound to"))
    } else if wanted.scopes.as_ref().is_some_and(|scopes| !scopes.is_subset_of(&grant.scopes)) {
        Err(GrantRefused::Scope)
    } else if realm.audience_of(&grant).among(&targets).is_none() {
        Err(GrantRefused::Target)
    } else {
        Ok(())
    };
    Ok(Some(Before { needs_rs256: client.settings.needs_rs256(&grant.scopes), known, external, may }))
}

async fn known(
    tx: &mut gatepost_store::Tx,
    realm: gatepost_domain::RealmId,
    user: UserId,
    needed: bool,
) -> Result<PersonalClaims, gatepost_store::Error> {
    if needed { personal_claims::find(tx, realm, user).await } else { Ok(PersonalClaims::default()) }
}
