//! Providers in the declarative file.

use gatepost_domain::{Preset, ProviderId, ProviderSettings, Secret};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Node, Reader};
use crate::{
    config::FileError,
    declare::{declared::secret, providers::DeclaredProvider},
    social,
};

/// What a provider is, beside its settings.
const PROVIDER: [&str; 4] = ["id", "client_secret", "client_secret_file", "private_key_file"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderIdentity {
    id: ProviderId,
    #[serde(default, deserialize_with = "secret")]
    client_secret: Option<Secret>,
    client_secret_file: Option<String>,
    private_key_file: Option<String>,
}

impl<'t> Reader<'t> {
    pub(super) fn provider(&self, node: Node<'t>) -> Result<DeclaredProvider, FileError> {
        let at = node.span();
        let (identity, settings) = Self::split(node, &PROVIDER);
        let ProviderIdentity { id, client_secret, client_secret_file, private_key_file } =
            self.parse(identity)?;
        self.known(&settings, &ProviderSettings::keys(), &PROVIDER)?;
        let settings: ProviderSettings = self.parse(settings)?;
        let wrong = |reason: String| self.wrong(&at, format!("provider {id}: {reason}"));
        let apple = settings.preset == Some(Preset::Apple);
        let secret = match (client_secret, client_secret_file, private_key_file) {
            (None, None, None) => None,
            (Some(secret), None, None) if !apple => Some(secret),
            (None, Some(file), None) if !apple => Some(self.secret_in(&file).map_err(wrong)?),
            (None, None, Some(file)) if apple => Some(self.secret_in(&file).map_err(wrong)?),
            _ if apple => return Err(wrong("Apple takes a `private_key_file`, and no other secret".into())),
            _ => return Err(wrong("give one of `client_secret` and `client_secret_file`".into())),
        };
        // Whether a key is needed is asked when it is applied: one that is there stays.
        settings.check(true).map_err(|refused| wrong(refused.to_string()))?;
        if let Some(secret) = &secret {
            social::check_secret(&settings, secret.reveal())
                .map_err(|unusable| wrong(unusable.to_string()))?;
        }
        Ok(DeclaredProvider { id, secret, settings })
    }

    /// What is in a file, which is looked for beside this one: without the line end that editors write.
    fn secret_in(&self, file: &str) -> Result<Secret, String> {
        let path = self.path.with_file_name(file);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        let text = Zeroizing::new(text);
        match text.trim_end_matches(['\r', '\n']) {
            "" => Err(format!("{} is empty", path.display())),
            text => Ok(Secret::received(text.to_owned())),
        }
    }
}
