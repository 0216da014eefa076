//! The tokens that are given for a grant.

use gatepost_domain::{
    Client, Grant, GrantType, Membership, PersonalClaims, Scopes, Session, SessionId, Timestamp, User,
    refresh::RefreshToken,
};
use gatepost_jose::SigningKey;

use super::GrantRefused;
use crate::{
    App,
    http::Problem,
    oauth::{acr, person, subject},
    realm::Snapshot,
    signing::{self, Audience, External, IdToken, Limit, Subject, issue_id_token},
};

/// What a client got.
#[derive(Debug)]
pub struct Issued {
    /// The access token.
    pub access_token: String,
    /// How many seconds it lives.
    pub expires_in: u64,
    /// What it is good for.
    pub scopes: Scopes,
    /// The refresh token, for clients that have the grant.
    pub refresh_token: Option<String>,
    /// Whether the access token is bound to a key.
    pub bound: bool,
    /// The ID token, where `openid` was agreed on.
    pub id_token: Option<String>,
}

/// What a client wants of what was agreed on; all of it unless it says so.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Scopes (RFC 6749 section 6).
    pub scopes: Option<Scopes>,
    /// Audiences (RFC 8707 section 2.2).
    pub audience: Vec<String>,
    /// The key that the client has proved to possess: the access token is bound to it (RFC 9449 section 5).
    pub key: Option<String>,
}

/// What tokens are made of, all of it as it is now.
pub(super) struct Holding<'a> {
    pub(super) client: &'a Client,
    pub(super) grant: &'a Grant,
    pub(super) session: &'a Session,
    pub(super) user: &'a User,
    pub(super) member: Option<&'a Membership>,
    /// What else is known of the user; read where an ID token is made.
    pub(super) known: &'a PersonalClaims,
    /// What applications call the user and the organization.
    pub(super) external: &'a External,
    /// The session of the browser, where the grant has one of its own.
    pub(super) browser_session: SessionId,
    pub(super) nonce: Option<&'a str>,
    pub(super) code: Option<&'a str>,
}

impl Holding<'_> {
    /// What is left of what was agreed on: what the client may still ask for, and the user may still do.
    fn left(&self, realm: &Snapshot) -> Scopes {
        let kept = self.client.settings.still_has(&self.grant.scopes);
        signing::present_scopes(realm, self.user, self.member, &kept)
    }

    /// Signs them. `id_token_key` is there where `openid` was agreed on.
    pub(super) fn issue(
        &self,
        app: &App,
        realm: &Snapshot,
        wanted: &Wanted,
        id_token_key: Option<&SigningKey>,
        now: Timestamp,
    ) -> Result<Result<Issued, GrantRefused>, Problem> {
        let left = self.left(realm);
        let scopes = match &wanted.scopes {
            Some(wanted) if wanted.is_subset_of(&self.grant.scopes) => {
                wanted.iter().filter(|scope| left.contains(scope.as_str())).cloned().collect()
            }
            Some(_) => return Ok(Err(GrantRefused::Scope)),
            None => left,
        };
        let targets: Vec<&str> = wanted.audience.iter().map(String::as_str).collect();
        let Some(audience) = realm.audience_of(self.grant).among(&targets) else {
            return Ok(Err(GrantRefused::Target));
        };
        let subject = subject::of(app, self.client, self.user.id);
        let (access_token, expires_in) =
            self.access_token(app, realm, (&subject, &scopes), (audience, wanted.key.as_deref()), now)?;
        let id_token = match id_token_key.filter(|_| scopes.contains("openid")) {
            None => None,
            Some(key) => {
                let asked = &self.grant.details.id_token_claims;
                let token = IdToken {
                    subject: &subject,
                    client: self.client.id.as_str(),
                    authenticated_at: self.session.authenticated_at,
                    nonce: self.nonce,
                    acr: acr::reached(&self.session.amr),
                    amr: &self.session.amr,
                    session: self.browser_session.to_string(),
                    access_token: &access_token,
                    code: self.code,
                    claims: person::claims(self.user, self.known, &scopes, asked),
                    format: self.client.settings.token_format,
                    organization: self.member.map(|member| member.organization),
                };
                Some(issue_id_token(realm, key, token, now)?)
            }
        };
        let refreshes = self.client.settings.allows(GrantType::RefreshToken);
        let refresh_token = refreshes.then(|| RefreshToken::of(self.grant).encode(app.refresh_mac()));
        let bound = wanted.key.is_some();
        Ok(Ok(Issued { access_token, expires_in, scopes, refresh_token, bound, id_token }))
    }

    fn access_token(
        &self,
        app: &App,
        realm: &Snapshot,
        (subject, scopes): (&str, &Scopes),
        (audience, bound_to): (Audience, Option<&str>),
        now: Timestamp,
    ) -> Result<(String, u64), Problem> {
        let is_pairwise = self.client.settings.is_pairwise();
        let subject = Subject {
            pseudonym: is_pairwise.then_some(subject),
            user: self.user,
            session: Some(self.session),
            client: self.client.id.as_str(),
            grant: Some(self.grant.id),
            scopes,
            member: self.member,
            bound_to,
            // What was lost of it since leaves no other rights.
            limit: Limit::Entrusted(self.client.settings.entrusted(&self.grant.scopes, scopes)),
            exchanged: None,
            external: Some(self.external),
            audience,
            format: self.client.settings.token_format,
        };
        signing::issue(realm, subject, app.entropy(), now)
    }
}
