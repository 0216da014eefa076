//! Interceptors of a file: they are settings of the realm, and the secret that requests are signed with is made with the first.

use gatepost_domain::RealmId;
use gatepost_store::Tx;

use super::{apply::Applying, error::ApplyError};
use crate::interceptors;

impl Applying<'_> {
    pub(super) async fn interceptors(&mut self, tx: &mut Tx, realm: RealmId) -> Result<(), ApplyError> {
        let settings = &self.realm.settings;
        if settings.interceptors.is_empty() {
            return Ok(());
        }
        interceptors::check(self.app, settings)
            .map_err(|refused| ApplyError::Setting { realm: self.realm.name.to_string(), refused })?;
        if let Some(made) = interceptors::make_secret(tx, self.app, realm, self.prepared.now).await? {
            let what = format!("interceptors of {}", self.realm.name);
            self.changes.created_with_secret(what, made.reveal().to_owned());
        }
        Ok(())
    }
}
