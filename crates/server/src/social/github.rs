//! GitHub says who somebody is at an API of its own, not in an ID token.

use gatepost_domain::{Asserted, Provider, WebUri, provider::id_token::shown_name};
use serde::Deserialize;
use serde_json::Value;

use super::Failed;
use crate::{App, outgoing::Reader};

#[derive(Deserialize)]
struct User {
    /// Never given to another, unlike the name one signs in with there.
    id: u64,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Email {
    #[serde(rename = "email")]
    address: String,
    primary: bool,
    verified: bool,
}

/// Who somebody is, with the address that they say is theirs before all and that GitHub has verified. No other is taken: what stands in
/// a profile is whatever somebody wrote there. And the profile.
pub(super) async fn look_up(
    app: &App,
    provider: &Provider,
    user_info: &WebUri,
    token: &str,
) -> Result<(Asserted, Value), Failed> {
    let reader = Reader::provider(provider.realm, &provider.id);
    let undocumented = |_| Failed::Malformed("the user is not what GitHub documents");
    let profile = app.outgoing().get_with_token(user_info, &reader, token).await?;
    let user: User = serde_json::from_slice(&profile).map_err(undocumented)?;
    let profile: Value = serde_json::from_slice(&profile).map_err(undocumented)?;
    let emails: WebUri = format!("{user_info}/emails")
        .parse()
        .map_err(|_| Failed::Malformed("the address of the user's addresses"))?;
    let emails: Vec<Email> =
        serde_json::from_slice(&app.outgoing().get_with_token(&emails, &reader, token).await?)
            .map_err(|_| Failed::Malformed("the addresses are not what GitHub documents"))?;
    let primary = emails.into_iter().find(|email| email.primary && email.verified);
    let email = primary.and_then(|email| email.address.parse().ok());
    let asserted = Asserted {
        issuer: provider.settings.issuer().to_owned(),
        subject: user.id.to_string(),
        email_verified: email.is_some(),
        email,
        name: user.name.as_deref().and_then(shown_name),
    };
    Ok((asserted, profile))
}
