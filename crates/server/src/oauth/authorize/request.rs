//! Authorization requests (RFC 6749 section 4.1.1, OpenID Connect Core section 3.1.2.1): read, and refused where they are wrong.

use gatepost_domain::{
    Client, ClientId, ClientOrigin, GrantDetails, GrantType, OrganizationId, ProviderId, Scopes, SigningAlg,
    authorization::pkce,
};
use serde::{Deserialize, Serialize};

use super::{
    answer::{ResponseMode, ReturnTo},
    asked,
};
use crate::{
    oauth::{form::Form, person},
    realm::Snapshot,
};

/// A request that may be answered. It is written down in the flow of a sign-in, so that it need not be sent again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AuthorizationRequest {
    /// The client that asks.
    pub(super) client: ClientId,
    /// Where it is answered.
    pub(super) return_to: ReturnTo,
    /// What it may do if the user agrees: known scopes that the client has.
    pub(super) scopes: Scopes,
    /// Whom the tokens are for.
    pub(super) audience: Vec<String>,
    /// RFC 7636
    pub(super) code_challenge: Option<String>,
    /// What the ID token is to repeat.
    pub(super) nonce: Option<String>,
    /// What the person is to be asked, whatever is known.
    pub(super) prompt: Prompt,
    /// How long ago the person may have signed in, in seconds.
    pub(super) max_age: Option<u64>,
    /// The levels of authentication of which one must be reached.
    pub(super) acr: Vec<String>,
    /// The levels of which one is wished for: `acr_values` (RFC 9470 section 4).
    #[serde(default)]
    pub(super) acr_wished: Vec<String>,
    /// Who must sign in: the `sub` that the client knows.
    pub(super) subject: Option<String>,
    /// Whom the client expects, in the person's words.
    pub(super) login_hint: Option<String>,
    /// By which of the realm's providers the client would like the person to sign in.
    #[serde(default)]
    pub(super) provider: Option<ProviderId>,
    /// In which organization the tokens are to speak of the person: `organization_id`.
    #[serde(default)]
    pub(super) organization: Option<AskedOrganization>,
    /// The languages the client would like the pages in.
    pub(super) ui_locales: Option<String>,
    /// What stays with the grant.
    pub(super) details: GrantDetails,
    /// The name of the request, if it was sent ahead: it is good for one code.
    pub(super) pushed: Option<String>,
}

impl AuthorizationRequest {
    /// What the person is asked about: the scopes, and those that stand for claims which are asked for by name.
    pub(super) fn to_agree(&self) -> Scopes {
        let claims = self.details.userinfo_claims.iter().chain(&self.details.id_token_claims);
        let behind = claims.filter_map(|name| person::scope_of(name)?.parse().ok());
        self.scopes.iter().cloned().chain(behind).collect()
    }
}

/// `organization_id`: one by its id, or what is the id of none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum AskedOrganization {
    Known(OrganizationId),
    /// Nobody belongs to it. The client hears of it when somebody has signed in, as of one that they do not belong to.
    Nowhere,
}

/// `prompt`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent words of OpenID Connect Core section 3.1.2.1"
)]
pub(super) struct Prompt {
    pub(super) none: bool,
    pub(super) login: bool,
    pub(super) consent: bool,
    pub(super) select_account: bool,
}

/// Why a request is refused.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Nobody knows whether the address that is to be answered is the client's: the person is told.
    Shown(&'static str, &'static str),
    /// The client is told.
    Told(ReturnTo, &'static str, &'static str),
}

/// The longest `state`, `nonce` and the like, in bytes. They travel in addresses.
const LONGEST: usize = 2_048;

/// The address to answer at, if it is the client's own. All that follows can be told the client.
pub(super) fn return_to(client: &Client, form: &Form) -> Result<ReturnTo, Refusal> {
    let shown = |what| Refusal::Shown("invalid_request", what);
    let uri = form.get("redirect_uri").ok_or_else(|| shown("`redirect_uri` is missing."))?;
    if !client.settings.redirect_uris.iter().any(|registered| registered.admits(uri)) {
        return Err(shown("`redirect_uri` is not registered for this client."));
    }
    let state = form.get("state").map(str::to_owned);
    if state.as_ref().is_some_and(|state| state.len() > LONGEST) {
        return Err(shown("`state` is longer than 2,048 bytes."));
    }
    let mode = ResponseMode::named(form.get("response_mode"));
    let back = ReturnTo { uri: uri.to_owned(), state, mode: mode.unwrap_or_default() };
    if mode.is_none() {
        return Err(Refusal::Told(back, "invalid_request", "The response modes are query and form_post."));
    }
    Ok(back)
}

/// Reads what a client asks for. `return_to` is where it is answered.
pub(super) fn read(
    realm: &Snapshot,
    client: &Client,
    form: &Form,
    return_to: ReturnTo,
) -> Result<AuthorizationRequest, Refusal> {
    match checked(realm, client, form, &return_to) {
        Ok(request) => Ok(request),
        Err((error, description)) => Err(Refusal::Told(return_to, error, description)),
    }
}

/// `error` and `error_description`.
pub(super) type Wrong = (&'static str, &'static str);

fn checked(
    realm: &Snapshot,
    client: &Client,
    form: &Form,
    return_to: &ReturnTo,
) -> Result<AuthorizationRequest, Wrong> {
    let invalid = |what| ("invalid_request", what);
    match form.get("response_type") {
        Some("code") => {}
        None => return Err(invalid("`response_type` is missing.")),
        Some(_) => return Err(("unsupported_response_type", "The only response type is code.")),
    }
    if !client.settings.allows(GrantType::AuthorizationCode) {
        return Err(("unauthorized_client", "This client does not have the grant authorization_code."));
    }
    if !signs_for(realm, client) {
        return Err((
            "unauthorized_client",
            "This realm has no key for the client's id_token_signed_response_alg or userinfo_signed_response_alg.",
        ));
    }
    let scopes = scopes(client, form.get("scope"))?;
    let text = |name: &'static str| match form.get(name) {
        Some(text) if text.len() > LONGEST => Err(invalid("A parameter is longer than 2,048 bytes.")),
        found => Ok(found.map(str::to_owned)),
    };
    let claims =
        asked::claims(form.get("claims")).map_err(|_| invalid("`claims` is not an object of claims."))?;
    let allowed = |names: Vec<String>| -> Vec<String> {
        names.into_iter().filter(|name| may_ask_for_claim(client, name)).collect()
    };
    let hinted = match form.get("id_token_hint") {
        Some(token) => {
            let hint =
                asked::hint(realm, token, &client.id).ok_or(invalid("`id_token_hint` is none of ours."))?;
            Some(hint)
        }
        None => None,
    };
    if let (Some(hinted), Some(asked)) = (&hinted, &claims.subject)
        && hinted != asked
    {
        return Err(invalid("`id_token_hint` and `claims` name different people."));
    }
    let max_age = form.get("max_age").map(str::parse).transpose();
    Ok(AuthorizationRequest {
        client: client.id.clone(),
        return_to: return_to.clone(),
        audience: audience(realm, client, &scopes, form)?,
        code_challenge: code_challenge(client, &scopes, form)?,
        scopes,
        nonce: text("nonce")?,
        prompt: prompt(form.get("prompt"))
            .ok_or(invalid("`prompt` is none, or some of login, consent and select_account."))?,
        max_age: max_age
            .map_err(|_| invalid("`max_age` is a number of seconds."))?
            .or(client.settings.default_max_age.map(u64::from)),
        acr: claims.acr,
        acr_wished: text("acr_values")?
            .map(|values| values.split(' ').filter(|value| !value.is_empty()).map(str::to_owned).collect())
            .unwrap_or_default(),
        subject: hinted.or(claims.subject),
        login_hint: text("login_hint")?,
        provider: provider(realm, client, form),
        organization: form
            .get("organization_id")
            .map(|id| id.parse().map_or(AskedOrganization::Nowhere, AskedOrganization::Known)),
        ui_locales: text("ui_locales")?,
        details: GrantDetails {
            userinfo_claims: allowed(claims.userinfo),
            id_token_claims: allowed(claims.id_token),
            dpop_jkt: dpop_jkt(form.get("dpop_jkt"))?,
            ..GrantDetails::default()
        },
        pushed: None,
    })
}

/// A claim is asked for by name instead of by its scope, not beyond it: what the client may not ask for is left out, as a claim that
/// is not known (OpenID Connect Core section 5.5).
fn may_ask_for_claim(client: &Client, name: &str) -> bool {
    person::scope_of(name).is_some_and(|scope| client.settings.scopes.contains(scope))
}

/// Whether the realm has, or makes, a key for the ID tokens of the client.
pub(in crate::oauth) fn signs_for(realm: &Snapshot, client: &Client) -> bool {
    let settings = &client.settings;
    let algs = [Some(settings.id_token_signed_response_alg), settings.userinfo_signed_response_alg];
    algs.into_iter()
        .flatten()
        .all(|alg| alg == SigningAlg::RS256 || alg == realm.settings().signing_alg.published())
}

/// What is asked for, all of which the client must have; what the client has unless it asks.
pub(in crate::oauth) fn scopes(client: &Client, asked: Option<&str>) -> Result<Scopes, Wrong> {
    let had = &client.settings.scopes;
    let invalid = |what| ("invalid_scope", what);
    let Some(asked) = asked else {
        return if had.is_empty() { Err(invalid("`scope` is missing.")) } else { Ok(had.clone()) };
    };
    let asked: Scopes = asked.parse().map_err(|_| invalid("`scope` is words with spaces between."))?;
    if asked.is_empty() || !asked.iter().all(|scope| client.settings.may_ask_for(scope)) {
        return Err(invalid("A scope is unknown, or this client does not have it."));
    }
    Ok(asked)
}

/// RFC 8707: the client's APIs, or the realm's, by their names. The realm itself only with the scope `account`.
pub(in crate::oauth) fn audience(
    realm: &Snapshot,
    client: &Client,
    scopes: &Scopes,
    form: &Form,
) -> Result<Vec<String>, Wrong> {
    let named = realm.audience_for(client).among(&form.targets());
    let named =
        named.ok_or(("invalid_target", "`resource` names no API that this client's tokens may be for."))?;
    let mut names: Vec<String> = named.iter().cloned().collect();
    if scopes.contains("account") && !named.names(realm.issuer()) {
        names.push(realm.issuer().to_owned());
    }
    Ok(names)
}

/// RFC 7636, RFC 9700 section 2.1.1: `S256`, and only a confidential client may be registered to go without. Of one that registered
/// itself a nonce will do: what such clients are written for knows no setting of ours, and checks the nonce.
fn code_challenge(client: &Client, scopes: &Scopes, form: &Form) -> Result<Option<String>, Wrong> {
    let invalid = |what| ("invalid_request", what);
    let Some(challenge) = form.get("code_challenge") else {
        return if form.get("code_challenge_method").is_some() {
            Err(invalid("`code_challenge` is missing."))
        } else if client.is_public() || client.settings.require_pkce && !checks_nonce(client, scopes, form) {
            Err(invalid("`code_challenge` is missing: this client must use PKCE."))
        } else {
            Ok(None)
        };
    };
    if form.get("code_challenge_method") != Some("S256") {
        return Err(invalid("The only `code_challenge_method` is S256."));
    }
    if !pkce::is_challenge(challenge) {
        return Err(invalid("`code_challenge` is not a SHA-256 in base64url."));
    }
    Ok(Some(challenge.to_owned()))
}

fn checks_nonce(client: &Client, scopes: &Scopes, form: &Form) -> bool {
    let registered = matches!(client.origin, ClientOrigin::Registered { .. });
    registered && scopes.contains("openid") && form.get("nonce").is_some()
}

/// RFC 9449 section 10: the key that the code is good with. A thumbprint is a SHA-256 in base64url, as a challenge is.
fn dpop_jkt(text: Option<&str>) -> Result<Option<String>, Wrong> {
    match text {
        Some(text) if !pkce::is_challenge(text) => {
            Err(("invalid_request", "`dpop_jkt` is not a SHA-256 in base64url."))
        }
        text => Ok(text.map(str::to_owned)),
    }
}

/// `provider`, or `connection_id`, as applications that were written for Scalekit say it. A wish: what names none is left out.
fn provider(realm: &Snapshot, client: &Client, form: &Form) -> Option<ProviderId> {
    if !client.settings.token_format.is_scalekit() {
        return None;
    }
    let named = ["provider", "connection_id"].into_iter().filter_map(|name| form.get(name)?.parse().ok());
    named.into_iter().find(|id| realm.provider(id).is_some())
}

fn prompt(text: Option<&str>) -> Option<Prompt> {
    let mut prompt = Prompt::default();
    for word in text.unwrap_or_default().split(' ').filter(|word| !word.is_empty()) {
        match word {
            "none" => prompt.none = true,
            "login" => prompt.login = true,
            "consent" => prompt.consent = true,
            "select_account" => prompt.select_account = true,
            _ => return None,
        }
    }
    let alone = !(prompt.login || prompt.consent || prompt.select_account);
    (!prompt.none || alone).then_some(prompt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_stands_alone_and_words_are_known() {
        assert_eq!(prompt(None), Some(Prompt::default()));
        assert_eq!(prompt(Some("none")), Some(Prompt { none: true, ..Prompt::default() }));
        let both = Prompt { login: true, consent: true, ..Prompt::default() };
        assert_eq!(prompt(Some("consent login")), Some(both));
        for bad in ["none login", "None", "create me", "login,consent"] {
            assert_eq!(prompt(Some(bad)), None, "{bad}");
        }
    }
}
