//! Settings of a realm that must not say everything they could.

use gatepost_domain::{RealmSettings, api_key};

use super::{FileError, Reader, is_host};

impl Reader<'_> {
    /// A key's permissions are its owner's, whatever the realm says, and our own scopes are for people.
    pub(super) fn check_api_key_scopes(
        &self,
        at: &std::ops::Range<usize>,
        settings: &RealmSettings,
    ) -> Result<(), FileError> {
        for scope in &settings.api_key_scopes {
            if scope.is_personal() {
                let reason = format!("api_key_scopes: {scope} is for people who sign in, and not for keys");
                return Err(self.wrong(at, reason));
            }
            if api_key::permission_of(scope).is_some() {
                let reason = format!(
                    "api_key_scopes: {scope} is a permission, which a key has of its owner; leave it out"
                );
                return Err(self.wrong(at, reason));
            }
        }
        Ok(())
    }

    /// What strangers may register: never what manages an account.
    pub(super) fn check_client_registration(
        &self,
        at: &std::ops::Range<usize>,
        settings: &RealmSettings,
    ) -> Result<(), FileError> {
        if settings.client_registration_scopes.contains("account") {
            let reason = "client_registration_scopes: account manages the account of a person, and is for clients of the realm";
            return Err(self.wrong(at, reason));
        }
        if let Some(host) = settings.client_id_metadata_hosts.iter().find(|host| !is_host(host)) {
            let reason = format!(
                "client_id_metadata_hosts: {host:?}: write a host name in lower case, as in app.example.com"
            );
            return Err(self.wrong(at, reason));
        }
        Ok(())
    }
}
