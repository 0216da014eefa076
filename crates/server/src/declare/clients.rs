//! Clients of a file: as they should be, with the secrets they have.

use gatepost_domain::{Client, ClientOrigin, RealmId, Secret, audit::Event};
use gatepost_store::{Tx, audit, clients};

use super::{apply::Applying, declared::DeclaredClient, error::ApplyError};
use crate::clients::{Secrets, differences, fitted, other_organization, told};

impl Applying<'_> {
    /// A client that is there keeps its secret unless the file gives one; one without is given the one that was made.
    pub(super) async fn client(
        &mut self,
        tx: &mut Tx,
        realm: RealmId,
        index: usize,
        declared: &DeclaredClient,
    ) -> Result<(), ApplyError> {
        let what = format!("client {} in {}", declared.id, self.realm.name);
        let found = clients::find(tx, realm, &declared.id).await?;
        let generated = self.prepared.secrets.get(&(self.index, index));
        let now = self.prepared.now;
        let base = found.clone().unwrap_or_else(|| Client {
            id: declared.id.clone(),
            realm,
            secret: None,
            previous_secret: None,
            sealed_secret: None,
            origin: ClientOrigin::Managed,
            settings: declared.settings.clone(),
            created_at: now,
            updated_at: now,
            version: 1,
        });
        // What the file names is the realm's own from now on.
        let base = Client {
            settings: declared.settings.clone(),
            origin: ClientOrigin::Managed,
            updated_at: now,
            ..base
        };
        let secrets = |secret: &Secret| Secrets::of(self.app, realm, &declared.id, secret);
        let (client, fresh) = match (&declared.secret, generated) {
            (Some(given), _) if found.as_ref().is_some_and(|old| old.secret == Some(given.digest())) => {
                fitted(base, &secrets(given))
            }
            (Some(given), _) => (secrets(given).given_to(base), false),
            // Whoever has a secret keeps it, and whoever lacks one is given that which was made.
            (None, Some(made)) if base.secret.is_none() => (secrets(made).given_to(base), true),
            (None, Some(made)) => fitted(base, &secrets(made)),
            (None, None) => {
                (Client { secret: None, previous_secret: None, sealed_secret: None, ..base }, false)
            }
        };
        let same = |old: &Client| {
            old.secret == client.secret
                && old.settings == client.settings
                && old.origin == client.origin
                && old.sealed_secret.is_some() == client.sealed_secret.is_some()
        };
        if found.as_ref().is_some_and(same) {
            return Ok(());
        }
        let fresh = fresh && declared.secret.is_none();
        if let Some(refused) = other_organization(tx, realm, &client.settings).await? {
            let realm = self.realm.name.to_string();
            return Err(ApplyError::Setting { realm, refused });
        }
        clients::upsert(tx, &client).await?;
        let event = if found.is_some() { Event::ClientUpdated } else { Event::ClientCreated };
        let record = told(self.record(realm, event), found.as_ref(), Some(&client));
        audit::append(tx, &record).await?;
        let secret = generated.filter(|_| fresh).map(|secret| secret.reveal().to_owned());
        match (found.map(|old| differences(&old, &client)), secret) {
            (Some(differences), Some(secret)) => self.changes.changed_with_secret(what, differences, secret),
            (Some(differences), None) => self.changes.changed(what, differences),
            (None, Some(secret)) => self.changes.created_with_secret(what, secret),
            (None, None) => self.changes.created(what),
        }
        Ok(())
    }
}
