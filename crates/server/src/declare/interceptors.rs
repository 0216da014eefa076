//! Interceptors of a file, and the sender of text messages: they are settings of the realm, and the secrets that requests are signed with are
//! made with the first.

use gatepost_domain::RealmId;
use gatepost_store::Tx;

use super::{apply::Applying, error::ApplyError};
use crate::{
    interceptors,
    request_secrets::{self, Signs},
    sms,
};

impl Applying<'_> {
    pub(super) async fn interceptors(&mut self, tx: &mut Tx, realm: RealmId) -> Result<(), ApplyError> {
        let settings = &self.realm.settings;
        interceptors::check(self.app, settings)
            .and_then(|()| sms::check(self.app, settings))
            .map_err(|refused| ApplyError::Setting { realm: self.realm.name.to_string(), refused })?;
        if !settings.interceptors.is_empty() {
            self.secret(tx, (realm, Signs::Interceptors), "interceptors").await?;
        }
        if settings.sms_url.is_some() {
            self.secret(tx, (realm, Signs::Sms), "sms_url").await?;
        }
        Ok(())
    }

    async fn secret(&mut self, tx: &mut Tx, whose: (RealmId, Signs), member: &str) -> Result<(), ApplyError> {
        if let Some(made) = request_secrets::make_secret(tx, self.app, whose, self.prepared.now).await? {
            let what = format!("{member} of {}", self.realm.name);
            self.changes.created_signing_secret(what, made.reveal().to_owned());
        }
        Ok(())
    }
}
