//! Providers of a file: as they should be, with the secrets they have.

use gatepost_domain::{Provider, ProviderId, ProviderSettings, RealmId, Secret, audit::Event};
use gatepost_store::{Tx, audit, identity_tokens, providers};

use super::{apply::Applying, error::ApplyError};
use crate::{
    differences::{self, Difference},
    social,
};

/// A provider. One that is there keeps its secret unless the file has one.
pub(super) struct DeclaredProvider {
    pub(super) id: ProviderId,
    pub(super) secret: Option<Secret>,
    pub(super) settings: ProviderSettings,
}

impl Applying<'_> {
    /// Providers of the file are added to those there are, or replace those of the same id.
    pub(super) async fn providers(&mut self, tx: &mut Tx, realm: RealmId) -> Result<(), ApplyError> {
        let before = providers::list(tx, realm).await?;
        for (position, declared) in (0..).zip(&self.realm.providers) {
            let old = before.iter().find(|old| old.id == declared.id);
            self.provider(tx, realm, position, declared, old).await?;
        }
        Ok(())
    }

    async fn provider(
        &mut self,
        tx: &mut Tx,
        realm: RealmId,
        position: u32,
        declared: &DeclaredProvider,
        old: Option<&Provider>,
    ) -> Result<(), ApplyError> {
        let what = format!("provider {} in {}", declared.id, self.realm.name);
        let (app, now) = (self.app, self.prepared.now);
        let had = old.and_then(|old| social::unseal_secret(app, old).ok().flatten());
        let same_secret = match (&declared.secret, &had) {
            (Some(given), Some(had)) => given.reveal() == had.as_str(),
            (Some(_), None) => false,
            (None, _) => true,
        };
        let sealed_secret = match &declared.secret {
            Some(given) if !same_secret => {
                Some(social::seal_secret(app, realm, &declared.id, given.reveal()))
            }
            _ => old.and_then(|old| old.sealed_secret.clone()),
        };
        declared.settings.check(sealed_secret.is_some()).map_err(|refused| ApplyError::Provider {
            realm: self.realm.name.to_string(),
            provider: declared.id.to_string(),
            reason: refused.to_string(),
        })?;
        let provider = Provider {
            realm,
            id: declared.id.clone(),
            position,
            settings: declared.settings.clone(),
            sealed_secret,
            created_at: old.map_or(now, |old| old.created_at),
            updated_at: now,
        };
        let Some(old) = old else {
            providers::upsert(tx, &provider).await?;
            let record = self.record(realm, Event::ProviderCreated).with("provider", declared.id.as_str());
            audit::append(tx, &record).await?;
            self.changes.created(what);
            return Ok(());
        };
        let mut differences = differences::between(&old.settings, &provider.settings);
        differences.extend((!same_secret).then(|| Difference::said("client_secret", "replaced")));
        differences.extend(Difference::of("position", &old.position, &provider.position));
        if differences.is_empty() {
            return Ok(());
        }
        providers::upsert(tx, &provider).await?;
        if !provider.settings.keep_tokens {
            identity_tokens::forget_all(tx, realm, &provider.id).await?;
        }
        let names: Vec<String> = differences.iter().map(ToString::to_string).collect();
        let record = self.record(realm, Event::ProviderUpdated).with("provider", declared.id.as_str());
        audit::append(tx, &record.with("changed", names.join(", "))).await?;
        self.changes.changed(what, differences);
        Ok(())
    }
}
