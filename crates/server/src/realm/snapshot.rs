//! What the server keeps in memory of a realm.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use gatepost_domain::{
    Client, ClientId, Entropy, Grant, MasterKey, Provider, ProviderId, Realm, RealmId, RealmSettings,
    RedirectUri, SigningAlg, Timestamp,
    mfa::Demand,
    organization,
    role::{RoleGraph, RolesRefused},
};
use gatepost_jose::Verifier;
use gatepost_store::{Db, providers, realms, roles, signing_keys};

use super::{
    clients::ClientsThere,
    keys::{self, Tended},
    verify::{SIGN_IN_TYPE, SignIns},
};
use crate::{
    http::Problem,
    oauth::{Metadata, Rendered},
    signing::{Audience, KeyRing, KeysUnusable},
};

/// Why a realm cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The database.
    #[error(transparent)]
    Store(#[from] gatepost_store::Error),
    /// The signing keys.
    #[error(transparent)]
    Keys(#[from] KeysUnusable),
    /// The roles as stored.
    #[error("the roles of the realm cannot be used: {0}")]
    Roles(#[from] RolesRefused),
    /// A key could not be made.
    #[error("a signing key could not be made: {0}")]
    Making(String),
    /// A document could not be rendered.
    #[error("metadata cannot be rendered: {0}")]
    Rendering(#[from] serde_json::Error),
}

impl From<SnapshotError> for Problem {
    fn from(error: SnapshotError) -> Self {
        match error {
            SnapshotError::Store(error) => error.into(),
            other => Self::internal(other),
        }
    }
}

/// Settings, roles and keys of a realm at one version, with everything that can be made of them beforehand.
pub struct Snapshot {
    realm: Realm,
    pub(super) issuer: Box<str>,
    token_endpoint: Box<str>,
    public_url: Box<str>,
    own_audience: Audience,
    pub(super) sign_ins: Option<SignIns>,
    roles: RoleGraph,
    organization_roles: RoleGraph,
    providers: Vec<Provider>,
    pub(super) keys: KeyRing,
    lacks_id_token_key: bool,
    pub(super) verifier: Verifier,
    metadata: Rendered,
    key_set: Rendered,
    rsa_key_set: Rendered,
    addresses_after: Vec<(RedirectUri, ClientId)>,
    confirmed_ms: AtomicU64,
}

/// What loading needs beside the database.
pub(super) struct Means<'a> {
    pub(super) db: &'a Db,
    pub(super) master: &'a MasterKey,
    pub(super) entropy: &'a dyn Entropy,
    pub(super) public_url: &'a str,
}

impl Snapshot {
    /// Reads the realm, and makes the signing key that is due. `None` if there is no such realm.
    pub(super) async fn load(
        means: &Means<'_>,
        id: RealmId,
        now: Timestamp,
    ) -> Result<Option<Self>, SnapshotError> {
        // A key made here, or by another process at the same time, shows on the next reading.
        for _ in 0..3 {
            let read = means
                .db
                .read("load a realm", move |tx| {
                    Box::pin(async move {
                        let Some(realm) = realms::find(tx, id).await? else {
                            return Ok(None);
                        };
                        let roles = roles::list(tx, id).await?;
                        let keys = signing_keys::list(tx, id).await?;
                        let clients = ClientsThere::read(tx, id).await?;
                        let providers = providers::list(tx, id).await?;
                        Ok::<_, gatepost_store::Error>(Some((realm, roles, keys, clients, providers)))
                    })
                })
                .await?;
            let Some((realm, roles, stored, clients, providers)) = read else {
                return Ok(None);
            };
            if keys::tend(means, &realm, &stored, now).await? == Tended::Unchanged {
                let ring = KeyRing::open(&stored, &realm.settings, id, means.master, now)?;
                return Self::assemble(means, realm, &roles, ring, &clients, providers).map(Some);
            }
        }
        Err(KeysUnusable::None.into())
    }

    fn assemble(
        means: &Means<'_>,
        realm: Realm,
        roles: &[gatepost_domain::Role],
        keys: KeyRing,
        clients: &ClientsThere,
        providers: Vec<Provider>,
    ) -> Result<Self, SnapshotError> {
        let issuer = issuer_of(&realm, means.public_url);
        let public_url = public_url_of(&realm, means.public_url);
        let metadata = Rendered::new(&Metadata::of(&issuer, &public_url, &realm.settings))?;
        let key_set = Rendered::new(keys.published())?;
        let rsa_key_set = Rendered::new(keys.published_rs256())?;
        let verifier = Verifier::new(&issuer, &issuer, keys.verifying());
        let named = realm.settings.audience.iter().cloned();
        // One that names the realm itself is no other.
        let sign_ins = realm.settings.token_issuer.as_deref().filter(|name| *name != issuer).map(|name| {
            let audience = realm.settings.audience.first().map_or(issuer.as_str(), String::as_str);
            let verifier = Verifier::new(name, audience, keys.verifying()).typ(SIGN_IN_TYPE);
            SignIns { issuer: name.into(), verifier }
        });
        let own_audience = match &sign_ins {
            Some(sign_ins) => Audience::of(named.chain([sign_ins.verifier.audience().to_owned()])),
            None => Audience::of(named.chain([issuer.clone()])),
        };
        let roles = realm.settings.profile.all_roles(roles);
        let organization_roles = organization::roles_within(&roles, &realm.settings.organization_roles)?;
        let roles = RoleGraph::new(&roles)?;
        Ok(Self {
            issuer: issuer.into(),
            token_endpoint: format!("{public_url}/oauth/token").into(),
            public_url: public_url.into(),
            own_audience,
            sign_ins,
            roles,
            organization_roles,
            providers,
            lacks_id_token_key: clients.need_rs256() && keys.signer_with(keys::ID_TOKENS).is_none(),
            keys,
            verifier,
            metadata,
            key_set,
            rsa_key_set,
            addresses_after: clients.addresses_after(),
            realm,
            confirmed_ms: AtomicU64::new(0),
        })
    }

    /// The realm's id.
    pub fn id(&self) -> RealmId {
        self.realm.id
    }

    /// The realm's name.
    pub fn name(&self) -> &str {
        self.realm.name.as_str()
    }

    /// The realm's version when it was read.
    pub fn version(&self) -> u64 {
        self.realm.version
    }

    /// When the database last said that the realm still has this version, by the clock of the realms in use.
    pub(super) fn confirmed_ms(&self) -> u64 {
        self.confirmed_ms.load(Ordering::Relaxed)
    }

    /// The database was asked then, and said so.
    pub(super) fn confirm(&self, asked_ms: u64) {
        self.confirmed_ms.fetch_max(asked_ms, Ordering::Relaxed);
    }

    /// The realm's settings.
    pub fn settings(&self) -> &RealmSettings {
        &self.realm.settings
    }

    /// What it asks everybody for beside a password.
    pub fn mfa_demand(&self) -> Option<Demand> {
        self.realm.mfa_demand()
    }

    /// The realm, and how long its organizations wait for second factors: what is asked with whenever somebody acts in one.
    pub(crate) fn of_members(&self) -> (RealmId, Duration) {
        (self.id(), self.settings().mfa_grace)
    }

    /// `iss`
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// `iss` of the tokens of the realm's own sign-in, where that is another.
    pub fn sign_in_issuer(&self) -> Option<&str> {
        self.sign_ins.as_ref().map(|sign_ins| &*sign_ins.issuer)
    }

    /// Whether requests are for the realm that no host and no prefix named.
    pub fn is_default(&self) -> bool {
        self.realm.is_default
    }

    /// The URL of a path within the realm, as clients know it.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }

    /// The URL under which people reach the realm, without trailing slash.
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// The URL of the token endpoint, which clients may mean by the realm.
    pub fn token_endpoint(&self) -> &str {
        &self.token_endpoint
    }

    /// `aud` of a token from our own sign-in: the realm's audience, and the realm itself; or the audience alone, where it is known as
    /// the realm's by another `iss`.
    pub fn own_audience(&self) -> Audience {
        self.own_audience.clone()
    }

    /// `aud` of a token that is for the realm's APIs and not for the realm itself, unless there is no other audience.
    pub fn audience(&self) -> Audience {
        match self.realm.settings.audience.as_slice() {
            [] => Audience::of([self.issuer.to_string()]),
            named => Audience::of(named.iter().cloned()),
        }
    }

    /// `aud` of the tokens of a client that asks for no other: its own APIs where it has some, and else the realm's. In the format of
    /// Scalekit the client itself, and its own APIs.
    pub fn audience_for(&self, client: &Client) -> Audience {
        if client.settings.token_format.is_scalekit() {
            let own = std::iter::once(client.id.to_string());
            return Audience::of(own.chain(client.settings.audience.iter().cloned()));
        }
        match client.settings.audience.as_slice() {
            [] => self.audience(),
            named => Audience::of(named.iter().cloned()),
        }
    }

    /// `aud` of the tokens of a grant: what was asked for, or that of our own sign-in.
    pub fn audience_of(&self, grant: &Grant) -> Audience {
        match grant.audience.as_slice() {
            [] => self.own_audience(),
            named => Audience::of(named.iter().cloned()),
        }
    }

    /// The role graph.
    pub fn roles(&self) -> &RoleGraph {
        &self.roles
    }

    /// The roles that can be given in organizations.
    pub fn organization_roles(&self) -> &RoleGraph {
        &self.organization_roles
    }

    /// The providers that people may sign in by, in their order.
    pub fn providers(&self) -> impl Iterator<Item = &Provider> {
        self.providers.iter().filter(|provider| provider.settings.enabled)
    }

    /// A provider that people may sign in by.
    pub fn provider(&self, id: &ProviderId) -> Option<&Provider> {
        self.providers().find(|provider| provider.id == *id)
    }

    /// What they are called.
    pub fn providers_in_use(&self) -> Vec<ProviderId> {
        self.providers().map(|provider| provider.id.clone()).collect()
    }

    /// What people know a provider as, also one that is not in use.
    pub fn provider_name<'a>(&'a self, id: &'a ProviderId) -> &'a str {
        let known = self.providers.iter().find(|provider| provider.id == *id);
        known.map_or(id.as_str(), |provider| provider.settings.shown(id))
    }

    /// The signing keys.
    pub fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// Whether a client of the realm will be given ID tokens, and there is no key for them yet: who asks for the keys now must find
    /// the one that will sign.
    pub fn lacks_id_token_key(&self) -> bool {
        self.lacks_id_token_key
    }

    pub(super) async fn make_first_key(
        &self,
        means: &Means<'_>,
        alg: SigningAlg,
        now: Timestamp,
    ) -> Result<(), SnapshotError> {
        keys::make_first(means, &self.realm, alg, now).await
    }

    /// The provider metadata.
    pub fn metadata(&self) -> &Rendered {
        &self.metadata
    }

    /// The published keys.
    pub fn key_set(&self) -> &Rendered {
        &self.key_set
    }

    /// Of the published keys those of RS256.
    pub fn rsa_key_set(&self) -> &Rendered {
        &self.rsa_key_set
    }

    /// The client that people may be sent back to at this address after signing out, though it did not say who it is: one whose
    /// tokens are in the format of Scalekit, and the only such one that registered the address.
    pub fn client_after(&self, address: &str) -> Option<&ClientId> {
        let mut known = self.addresses_after.iter().filter(|(uri, _)| uri.as_str() == address);
        let (_, client) = known.next()?;
        known.next().is_none().then_some(client)
    }
}

/// The realm's public URL, without trailing slash.
fn public_url_of(realm: &Realm, base: &str) -> String {
    match realm.settings.hosts.first() {
        Some(host) => {
            let scheme = base.split_once("://").map_or("https", |(scheme, _)| scheme);
            format!("{scheme}://{host}")
        }
        None if realm.is_default => base.to_owned(),
        None => format!("{base}/r/{}", realm.name),
    }
}

/// The realm's issuer: its own setting, else its public URL.
pub(crate) fn issuer_of(realm: &Realm, base: &str) -> String {
    match &realm.settings.issuer {
        Some(issuer) => issuer.to_string(),
        None => public_url_of(realm, base),
    }
}
