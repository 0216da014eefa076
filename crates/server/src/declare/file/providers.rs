//! Providers in the declarative file.

use gatepost_domain::{Preset, ProviderId, ProviderSettings, Secret, SettingRefused};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{Node, Places, Reader};
use crate::{
    config::FileError,
    declare::{declared::secret, providers::DeclaredProvider},
    social,
};

/// What a provider is, beside its settings.
const PROVIDER: [&str; 4] = ["id", SECRET, SECRET_FILE, KEY_FILE];

const SECRET: &str = "client_secret";
const SECRET_FILE: &str = "client_secret_file";
const KEY_FILE: &str = "private_key_file";

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
        let places = Places::of(&node);
        let (identity, settings) = Self::split(node, &PROVIDER);
        let ProviderIdentity { id, client_secret, client_secret_file, private_key_file } =
            self.parse(identity)?;
        self.known(&settings, &ProviderSettings::keys(), &PROVIDER)?;
        let settings: ProviderSettings = self.parse(settings)?;
        let wrong = |key: &'static str, reason: &str| {
            self.refused(&places, &format!("provider {id}: "), &SettingRefused::new(key, reason.to_owned()))
        };
        let read = |key, file: &str| self.secret_in(file).map_err(|reason| wrong(key, &reason));
        let apple = settings.preset == Some(Preset::Apple);
        let secret = match (client_secret, client_secret_file, private_key_file) {
            (None, None, None) => None,
            (None, None, Some(file)) if apple => Some((KEY_FILE, read(KEY_FILE, &file)?)),
            (secret, _, _) if apple => {
                let given = if secret.is_some() { SECRET } else { SECRET_FILE };
                return Err(wrong(
                    given,
                    "Apple takes a `private_key_file` and no other secret; remove this",
                ));
            }
            (_, _, Some(_)) => {
                let reason =
                    "this is for the preset \"apple\"; write `client_secret` or `client_secret_file`";
                return Err(wrong(KEY_FILE, reason));
            }
            (Some(_), Some(_), None) => {
                return Err(wrong(SECRET_FILE, "there is a `client_secret` too; remove one of the two"));
            }
            (Some(secret), None, None) => Some((SECRET, secret)),
            (None, Some(file), None) => Some((SECRET_FILE, read(SECRET_FILE, &file)?)),
        };
        // Whether a key is needed is asked when it is applied: one that is there stays.
        settings
            .check(true)
            .map_err(|refused| self.refused(&places, &format!("provider {id}: "), &refused))?;
        if let Some((key, secret)) = &secret {
            social::check_secret(&settings, secret.reveal())
                .map_err(|unusable| wrong(key, &unusable.to_string()))?;
        }
        Ok(DeclaredProvider { id, secret: secret.map(|(_, secret)| secret), settings })
    }

    /// What is in a file, which is looked for beside this one: without the line end that editors write.
    fn secret_in(&self, file: &str) -> Result<Secret, String> {
        let path = self.path.with_file_name(file);
        let text = std::fs::read_to_string(&path).map_err(|error| {
            format!("{} cannot be read: {error}; a file is looked for beside this one", path.display())
        })?;
        let text = Zeroizing::new(text);
        match text.trim_end_matches(['\r', '\n']) {
            "" => Err(format!("{} is empty; write into it what the provider gave you", path.display())),
            text => Ok(Secret::received(text.to_owned())),
        }
    }
}
