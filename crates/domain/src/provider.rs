//! Providers: who else may say who somebody is. What is set of one, which addresses it has, and whose tokens are its own.

pub mod id_token;
mod linking;
mod settings;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{DisplayName, EmailAddress, IdentityId, ProviderId, RealmId, Scope, Timestamp, UserId};

pub use linking::{Decision, Holder, NoAccount, Rules, decide};
pub use settings::ProviderSettings;

/// A provider of a realm, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// The realm.
    pub realm: RealmId,
    /// What it is called in addresses.
    pub id: ProviderId,
    /// Where it stands among the others.
    pub position: u32,
    /// What is set of it.
    pub settings: ProviderSettings,
    /// Its secret, under the master key: a client secret, or the private key that makes one.
    pub sealed_secret: Option<Vec<u8>>,
    /// When it was first declared.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The provider whose ways are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Google.
    Google,
    /// Microsoft: Entra ID, and personal accounts.
    Microsoft,
    /// Apple.
    Apple,
    /// GitHub, which speaks OAuth 2.0 and has an API for users.
    Github,
    /// GitLab, also one's own.
    Gitlab,
}

impl Preset {
    /// The name in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Microsoft => "microsoft",
            Self::Apple => "apple",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
        }
    }

    /// What people know it as.
    const fn shown(self) -> &'static str {
        match self {
            Self::Google => "Google",
            Self::Microsoft => "Microsoft",
            Self::Apple => "Apple",
            Self::Github => "GitHub",
            Self::Gitlab => "GitLab",
        }
    }

    /// Where it is, unless the settings say otherwise.
    const fn issuer(self) -> &'static str {
        match self {
            Self::Google => "https://accounts.google.com",
            Self::Microsoft => "https://login.microsoftonline.com",
            Self::Apple => "https://appleid.apple.com",
            Self::Github => "https://github.com",
            Self::Gitlab => "https://gitlab.com",
        }
    }

    /// What it is asked for: who somebody is, their address and their name.
    const fn scopes(self) -> &'static str {
        match self {
            Self::Apple => "openid email name",
            Self::Github => "read:user user:email",
            Self::Google | Self::Microsoft | Self::Gitlab => "openid email profile",
        }
    }
}

/// How a provider has somebody prove anew who they are (OpenID Connect Core section 3.1.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anew {
    /// It is asked to, and has to say when they did.
    Told,
    /// It is asked to, and does not say when.
    Asked,
    /// It is asked which account, which is all that it understands.
    Chosen,
    /// It understands nothing of the kind.
    No,
}

impl ProviderSettings {
    /// What people know it as.
    pub fn shown<'a>(&'a self, id: &'a ProviderId) -> &'a str {
        let name = self.name.as_ref().map(DisplayName::as_str);
        name.or(self.preset.map(Preset::shown)).unwrap_or(id.as_str())
    }

    /// The issuer by its settings, without the tenant where there are several: what its identities are kept under is the issuer in
    /// its tokens, which [`issued`](Self::issued) looks at.
    pub fn issuer(&self) -> &str {
        let given = self.issuer.as_ref().map(crate::WebUri::as_str);
        given.or(self.preset.map(Preset::issuer)).unwrap_or_default()
    }

    /// Where its metadata is (OpenID Connect Discovery section 4). `None`: it has none, and its addresses are known.
    pub fn discovery(&self) -> Option<String> {
        let issuer = self.issuer().trim_end_matches('/');
        match self.preset {
            Some(Preset::Github) => None,
            Some(Preset::Microsoft) => {
                Some(format!("{issuer}/{}/v2.0/.well-known/openid-configuration", self.tenant()))
            }
            _ => Some(format!("{issuer}/.well-known/openid-configuration")),
        }
    }

    fn tenant(&self) -> &str {
        self.tenant.as_deref().unwrap_or("common")
    }

    /// Whether the metadata that were read are of this provider: of the issuer they were asked of, to the letter (OpenID Connect
    /// Discovery section 4.3). One of many tenants writes a pattern.
    pub fn describes_itself_as(&self, issuer: &str) -> bool {
        match self.preset {
            Some(Preset::Microsoft) => {
                let rest = issuer.strip_prefix(self.issuer()).and_then(|rest| rest.strip_prefix('/'));
                let tenant = rest.and_then(|rest| rest.strip_suffix("/v2.0"));
                tenant.is_some_and(|tenant| match self.tenant() {
                    "common" | "organizations" => tenant == "{tenantid}",
                    "consumers" => tenant == PERSONAL,
                    one => tenant == one,
                })
            }
            _ => issuer == self.issuer(),
        }
    }

    /// Whether a token of that issuer is this provider's. Where a provider has many tenants, each with an issuer of its own, it must
    /// be that of the tenant the token names (`tid`), and one that the settings let in: never whatever the token says (SO-02).
    pub fn issued(&self, issuer: &str, tid: Option<&str>) -> bool {
        if self.preset != Some(Preset::Microsoft) {
            return issuer == self.issuer();
        }
        let Some(tid) = tid.filter(|tid| is_tenant(tid)) else { return false };
        let admitted = match self.tenant() {
            "common" => true,
            "organizations" => tid != PERSONAL,
            "consumers" => tid == PERSONAL,
            one => tid == one,
        };
        let listed = self.tenants.is_empty() || self.tenants.iter().any(|one| one == tid);
        admitted && listed && issuer == format!("{}/{tid}/v2.0", self.issuer())
    }

    /// What is asked for.
    pub fn scope(&self) -> Cow<'_, str> {
        match (self.scopes.as_slice(), self.preset) {
            ([], preset) => preset.map_or("openid email profile", Preset::scopes).into(),
            (named, _) => named.iter().map(Scope::as_str).collect::<Vec<_>>().join(" ").into(),
        }
    }

    /// How it has somebody prove anew who they are.
    pub fn anew(&self) -> Anew {
        match self.preset {
            None | Some(Preset::Gitlab) => Anew::Told,
            Some(Preset::Microsoft) => Anew::Asked,
            Some(Preset::Google) => Anew::Chosen,
            Some(Preset::Apple | Preset::Github) => Anew::No,
        }
    }
}

/// The tenant of everybody's own accounts at Microsoft.
const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// A tenant is named by a GUID, in lower case.
fn is_tenant(text: &str) -> bool {
    let hyphens = [8, 13, 18, 23];
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match byte {
            b'-' => hyphens.contains(&at),
            byte => !hyphens.contains(&at) && (byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)),
        })
}

/// What a provider says of somebody, once it is known to be the provider who says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asserted {
    /// Which issuer says it: that of the token, which is one of the provider's.
    pub issuer: String,
    /// Who it is there. Nobody else ever is.
    pub subject: String,
    /// Their address, if it says one.
    pub email: Option<EmailAddress>,
    /// Whether it says that they read mail there.
    pub email_verified: bool,
    /// Their name, if it says one that can be shown.
    pub name: Option<DisplayName>,
}

/// An account elsewhere that signs in to one here. There is one of each provider, issuer and subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The id.
    pub id: IdentityId,
    /// The realm.
    pub realm: RealmId,
    /// Whose account here it signs in to.
    pub user: UserId,
    /// By which provider.
    pub provider: ProviderId,
    /// Which issuer names it.
    pub issuer: String,
    /// What it is called there.
    pub subject: String,
    /// The address it had there when it was connected, to know it by. Nothing is decided by it.
    pub email: Option<EmailAddress>,
    /// When it was connected.
    pub created_at: Timestamp,
    /// When somebody last signed in with it.
    pub last_used_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(json: &serde_json::Value) -> ProviderSettings {
        serde_json::from_value(json.clone()).unwrap()
    }

    const ACME: &str = "0f0f0f0f-1111-2222-3333-444444444444";
    const OTHER: &str = "aaaaaaaa-1111-2222-3333-444444444444";

    fn of(tid: &str) -> String {
        format!("https://login.microsoftonline.com/{tid}/v2.0")
    }

    #[test]
    fn so_02_the_issuer_is_that_of_the_settings_and_never_that_of_the_token() {
        let plain = settings(&serde_json::json!({"issuer": "https://id.test", "client_id": "x"}));
        assert!(plain.issued("https://id.test", None) && plain.describes_itself_as("https://id.test"));
        for other in ["https://id.test/", "https://ID.test", "http://id.test", "https://evil.test", ""] {
            assert!(!plain.issued(other, None) && !plain.describes_itself_as(other), "{other}");
        }
        // A token that names a tenant does not bring its issuer with it.
        assert!(!plain.issued(&of(ACME), Some(ACME)));

        let one = settings(&serde_json::json!({"preset": "microsoft", "client_id": "x", "tenant": ACME}));
        assert!(one.issued(&of(ACME), Some(ACME)) && one.describes_itself_as(&of(ACME)));
        assert!(!one.issued(&of(OTHER), Some(OTHER)) && !one.describes_itself_as(&of("{tenantid}")));
        assert!(!one.issued(&of(ACME), Some(OTHER)) && !one.issued(&of(OTHER), Some(ACME)));
        assert!(!one.issued(&of(ACME), None), "a token that names no tenant");
        assert!(!one.issued(&format!("https://evil.test/{ACME}/v2.0"), Some(ACME)));

        let work = settings(
            &serde_json::json!({"preset": "microsoft", "client_id": "x", "tenant": "organizations"}),
        );
        assert!(work.issued(&of(ACME), Some(ACME)) && !work.issued(&of(PERSONAL), Some(PERSONAL)));
        assert!(work.describes_itself_as(&of("{tenantid}")) && !work.describes_itself_as(&of(ACME)));
        let tricks = ["evil.test/x", "..", "{tenantid}", "0F0F0F0F-1111-2222-3333-444444444444", ""];
        for tid in tricks {
            assert!(!work.issued(&of(tid), Some(tid)), "{tid}");
        }
        let listed = settings(
            &serde_json::json!({"preset": "microsoft", "client_id": "x", "tenant": "common", "tenants": [ACME]}),
        );
        assert!(listed.issued(&of(ACME), Some(ACME)) && !listed.issued(&of(OTHER), Some(OTHER)));
    }

    #[test]
    fn a_preset_brings_what_its_provider_is_known_by() {
        let id = "id".parse().unwrap();
        for (preset, shown, discovery) in [
            ("google", "Google", Some("https://accounts.google.com/.well-known/openid-configuration")),
            (
                "microsoft",
                "Microsoft",
                Some("https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration"),
            ),
            ("apple", "Apple", Some("https://appleid.apple.com/.well-known/openid-configuration")),
            ("github", "GitHub", None),
            ("gitlab", "GitLab", Some("https://gitlab.com/.well-known/openid-configuration")),
        ] {
            let settings = settings(&serde_json::json!({"preset": preset, "client_id": "x"}));
            assert_eq!(settings.shown(&id), shown);
            assert_eq!(settings.discovery().as_deref(), discovery);
            assert_eq!(settings.preset.map(Preset::name), Some(preset));
        }
        let own =
            settings(&serde_json::json!({"issuer": "https://id.test/", "client_id": "x", "name": "Acme"}));
        assert_eq!((own.shown(&id), own.scope().as_ref()), ("Acme", "openid email profile"));
        assert_eq!(own.discovery().as_deref(), Some("https://id.test/.well-known/openid-configuration"));
    }
}
