//! Providers as commands show them. Of a secret they say whether it is there and can be read, and nothing of it.

use std::fmt;

use gatepost_domain::{Provider, RealmId};
use gatepost_store::providers;
use serde::Serialize;

use crate::{App, realm::Snapshot, social};

/// Whether the secret of a provider can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum SecretState {
    /// It is there, and the master key opens it.
    Readable,
    /// There is none, which some providers let one do without.
    None,
    /// It is of another master key, damaged, or no key where one is wanted.
    Unreadable,
}

impl fmt::Display for SecretState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Readable => "secret readable",
            Self::None => "no secret",
            Self::Unreadable => "secret cannot be read",
        })
    }
}

/// A provider of a realm.
#[derive(Debug, Serialize)]
pub(super) struct ProviderView {
    pub(super) id: String,
    /// What people know it as.
    name: String,
    /// The preset; `openid` without one.
    kind: &'static str,
    issuer: String,
    client_id: String,
    pub(super) enabled: bool,
    trust_email: bool,
    keep_tokens: bool,
    pub(super) secret: SecretState,
    /// The address to be registered at the provider.
    redirect_uri: String,
}

impl ProviderView {
    fn of(app: &App, realm: &Snapshot, provider: &Provider) -> Self {
        let settings = &provider.settings;
        let secret = match social::unseal_secret(app, provider) {
            Ok(None) => SecretState::None,
            Ok(Some(secret)) if social::check_secret(settings, &secret).is_ok() => SecretState::Readable,
            Ok(Some(_)) | Err(_) => SecretState::Unreadable,
        };
        Self {
            id: provider.id.to_string(),
            name: settings.shown(&provider.id).to_owned(),
            kind: settings.preset.map_or("openid", gatepost_domain::Preset::name),
            issuer: settings.issuer().to_owned(),
            client_id: settings.client_id.clone(),
            enabled: settings.enabled,
            trust_email: settings.trust_email,
            keep_tokens: settings.keep_tokens,
            secret,
            redirect_uri: social::redirect_uri(realm, &provider.id),
        }
    }

    /// On one line, without its id.
    pub(super) fn line(&self) -> String {
        let Self { name, kind, issuer, secret, redirect_uri, keep_tokens, .. } = self;
        let what = if *kind == "openid" { issuer.as_str() } else { *kind };
        let off = if self.enabled { "" } else { ", out of use" };
        let keeps = if *keep_tokens { ", tokens kept" } else { "" };
        format!("{name} ({what}), {secret}{off}{keeps}; redirect URI to register there: {redirect_uri}")
    }
}

/// The providers of a realm, in their order, also those that are out of use.
pub(super) async fn all(app: &App, realm: &Snapshot) -> Result<Vec<ProviderView>, gatepost_store::Error> {
    let id: RealmId = realm.id();
    let found = app
        .db()
        .read("list providers", move |tx| Box::pin(async move { providers::list(tx, id).await }))
        .await?;
    Ok(found.iter().map(|provider| ProviderView::of(app, realm, provider)).collect())
}
