//! API keys of a file.

use gatepost_domain::{
    ApiKeyId, RealmId, RealmSettings, Scopes,
    api_key::{self, ApiKey, KeyOwner, Limits},
    audit::Event,
    organization::roles_within,
    role::RoleGraph,
};
use gatepost_store::{Tx, api_keys, audit, clients, organizations, realms, users};

use super::{
    apply::Applying,
    changes::Named,
    declared::{DeclaredApiKey, DeclaredOwner},
    error::ApplyError,
};
use crate::{api_keys::of, roles};

/// What the realm says of keys, as the file leaves it.
struct Allowed {
    settings: RealmSettings,
    roles: RoleGraph,
    organization_roles: RoleGraph,
}

impl Applying<'_> {
    /// Keys are made where there is none of that owner and name, and shown this once. One that is there stays: its secret is in
    /// use, and whoever holds it must not get more by an edit of the file.
    pub(super) async fn api_keys(&mut self, tx: &mut Tx, realm: RealmId) -> Result<(), ApplyError> {
        if self.realm.api_keys.is_empty() {
            return Ok(());
        }
        let settings = realms::find(tx, realm).await?.map(|found| found.settings).unwrap_or_default();
        let roles = roles::all(tx, realm).await?;
        let graph = |refused| ApplyError::Roles { realm: self.realm.name.to_string(), refused };
        let organization_roles = roles_within(&roles, &settings.organization_roles).map_err(graph)?;
        let roles = RoleGraph::new(&roles).map_err(graph)?;
        let allowed = Allowed { settings, roles, organization_roles };
        for declared in &self.realm.api_keys {
            self.api_key(tx, realm, declared, &allowed).await.map_err(|error| match error {
                NotMade::Wrong(reason) => ApplyError::ApiKey {
                    realm: self.realm.name.to_string(),
                    owner: declared.shown_owner(),
                    name: declared.name.as_str().to_owned(),
                    reason,
                },
                NotMade::Store(error) => error.into(),
            })?;
        }
        Ok(())
    }

    async fn api_key(
        &mut self,
        tx: &mut Tx,
        realm: RealmId,
        declared: &DeclaredApiKey,
        allowed: &Allowed,
    ) -> Result<(), NotMade> {
        let owner = owner_of(tx, realm, declared, allowed).await?;
        let now = self.prepared.now;
        let called = |of: &str| format!("API key {} of {of} in {}", declared.name.as_str(), self.realm.name);
        let what = called(&declared.shown_owner());
        let named = match &owner {
            KeyOwner::User(id) => Named::privately(what, called(&format!("user {id}"))),
            _ => Named::from(what),
        };
        if let Some(found) = api_keys::find_by_name(tx, realm, &owner, &declared.name, now).await? {
            // Not an error: nobody is to keep a server from starting with a key of their own.
            if found.created_by.is_some() {
                self.changes.kept(
                    named,
                    "which was made by its owner and not from a file: no other is made, and its secret is theirs. For one from \
                     the file, give it another name there",
                );
                return Ok(());
            }
            let same =
                found.scopes.is_subset_of(&declared.scopes) && declared.scopes.is_subset_of(&found.scopes);
            let reason =
                "there is one of that name with other scopes; revoke it, or give this one another name";
            return if same { Ok(()) } else { Err(NotMade::Wrong(reason.to_owned())) };
        }
        let id = ApiKeyId::new(now, self.app.entropy());
        let secret = api_key::generate(id, self.app.entropy());
        let key = ApiKey {
            id,
            realm,
            owner,
            name: declared.name.clone(),
            scopes: declared.scopes.clone(),
            digest: secret.digest(),
            created_by: None,
            created_at: now,
            expires_at: None,
            last_used_at: None,
            revoked_at: None,
            successor: None,
        };
        api_keys::create(tx, &key).await?;
        let record = of(&key, self.record(realm, Event::ApiKeyCreated));
        audit::append(tx, &record.with("scopes", key.scopes.to_string())).await?;
        self.changes.created_with_secret(named, secret.reveal().to_owned());
        Ok(())
    }
}

/// Why a key is not made.
enum NotMade {
    Wrong(String),
    Store(gatepost_store::Error),
}

impl From<gatepost_store::Error> for NotMade {
    fn from(error: gatepost_store::Error) -> Self {
        Self::Store(error)
    }
}

/// Whose key it is, if its scopes are within what they may do.
async fn owner_of(
    tx: &mut Tx,
    realm: RealmId,
    declared: &DeclaredApiKey,
    allowed: &Allowed,
) -> Result<KeyOwner, NotMade> {
    let missing =
        || NotMade::Wrong("there is no such owner; describe it in the file, or make it first".to_owned());
    let words = &allowed.settings.api_key_scopes;
    let within = |limits: Limits<'_>| {
        limits.check(&declared.scopes).map_err(|beyond| NotMade::Wrong(beyond.to_string()))
    };
    match declared.owner().map_err(NotMade::Wrong)? {
        DeclaredOwner::User(login) => {
            let (user, _) = users::find_for_sign_in(tx, realm, &login).await?.ok_or_else(missing)?;
            within(Limits { rights: &allowed.roles.rights(&user.roles), words })?;
            Ok(KeyOwner::User(user.id))
        }
        DeclaredOwner::Organization(slug) => {
            let found = organizations::find_by_slug(tx, realm, slug).await?.ok_or_else(missing)?;
            let graph = &allowed.organization_roles;
            within(Limits { rights: &graph.rights(graph.names()), words })?;
            Ok(KeyOwner::Organization(found.id))
        }
        DeclaredOwner::Client(id) => {
            let client = clients::find(tx, realm, id).await?.ok_or_else(missing)?;
            if !client.acts_on_its_own() {
                let reason = "a client has keys only with a secret and the grant client_credentials";
                return Err(NotMade::Wrong(reason.to_owned()));
            }
            let granted: Scopes = client.settings.granted(Some(&declared.scopes));
            match declared.scopes.iter().find(|scope| !granted.contains(scope.as_str())) {
                None => Ok(KeyOwner::Client(client.id)),
                Some(scope) => Err(NotMade::Wrong(format!("the client has no scope {scope}"))),
            }
        }
    }
}
