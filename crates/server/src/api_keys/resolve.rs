//! What a key is good for now.

use gatepost_domain::{
    ApiKeyId, Client, OrganizationId, Permission, Scopes, SecretDigest, Timestamp, User,
    api_key::{self, ApiKey, KeyOwner, Limits},
    client::permissions_of,
};
use gatepost_store::{Tx, api_keys, clients, organizations, users};

use crate::{App, http::Problem, realm::Snapshot};

/// A good key.
pub struct Resolved {
    /// The key.
    pub key: ApiKey,
    /// Whom it stands for: `sub`.
    pub subject: String,
    /// The account behind it, if it is that of a user.
    pub user: Option<User>,
    /// The organization it stands for: `org_id`.
    pub organization: Option<OrganizationId>,
    /// Those of its scopes that are left of it today.
    pub scopes: Scopes,
    /// What it may do now.
    pub permissions: Vec<Permission>,
}

/// Why a key is refused: for the log and for operators, never for who presents it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefused {
    /// What is mistyped or made up never reaches the database.
    #[error("its shape or checksum is wrong")]
    Malformed,
    /// No such key.
    #[error("the realm has no such key")]
    Unknown,
    /// The id of a key there is.
    #[error("it has another secret than the key of this id")]
    AnotherSecret,
    /// Not good any more.
    #[error("it was revoked, or has expired")]
    Over,
    /// Its user may not sign in, or its client gets no tokens of its own.
    #[error("its owner is disabled, or a client without the grant client_credentials")]
    OwnerDisabled,
    /// Deleted in this moment.
    #[error("it has no owner any more")]
    OwnerGone,
}

/// The key of this text, if it and its owner are good now.
pub async fn resolve(
    app: &App,
    realm: &Snapshot,
    text: &str,
    now: Timestamp,
) -> Result<Result<Resolved, KeyRefused>, Problem> {
    let resolved = match api_key::id_of(text) {
        None => Err(KeyRefused::Malformed),
        Some(id) => match find(app, realm, id).await? {
            None => Err(KeyRefused::Unknown),
            Some((key, _)) if key.digest != SecretDigest::of(text.as_bytes()) => {
                Err(KeyRefused::AnotherSecret)
            }
            Some((key, owner)) => standing(realm, key, owner, now),
        },
    };
    Ok(resolved.inspect_err(|refused| tracing::debug!(reason = %refused, "API key refused")))
}

/// The key of an id, for a token it was exchanged for: good now, with its owner.
pub async fn resolve_id(
    app: &App,
    realm: &Snapshot,
    id: ApiKeyId,
    now: Timestamp,
) -> Result<Option<Resolved>, Problem> {
    let found = find(app, realm, id).await?;
    Ok(found.and_then(|(key, owner)| standing(realm, key, owner, now).ok()))
}

/// Whose key it is, as they are now.
enum Owner {
    User(User),
    Organization(OrganizationId),
    Client(Box<Client>),
}

async fn find(app: &App, realm: &Snapshot, id: ApiKeyId) -> Result<Option<(ApiKey, Option<Owner>)>, Problem> {
    let realm = realm.id();
    let found = app.db().read("find an API key", move |tx| {
        Box::pin(async move {
            let Some(key) = api_keys::find(tx, realm, id).await? else { return Ok(None) };
            let owner = owner_of(tx, &key).await?;
            Ok::<_, gatepost_store::Error>(Some((key, owner)))
        })
    });
    Ok(found.await?)
}

async fn owner_of(tx: &mut Tx, key: &ApiKey) -> Result<Option<Owner>, gatepost_store::Error> {
    match &key.owner {
        KeyOwner::User(user) => Ok(users::find(tx, key.realm, *user).await?.map(Owner::User)),
        KeyOwner::Organization(organization) => {
            let found = organizations::find(tx, key.realm, *organization).await?;
            Ok(found.map(|organization| Owner::Organization(organization.id)))
        }
        KeyOwner::Client(client) => {
            Ok(clients::find(tx, key.realm, client).await?.map(|client| Owner::Client(Box::new(client))))
        }
    }
}

fn standing(
    realm: &Snapshot,
    key: ApiKey,
    owner: Option<Owner>,
    now: Timestamp,
) -> Result<Resolved, KeyRefused> {
    if !key.is_live(now) {
        return Err(KeyRefused::Over);
    }
    let words = &realm.settings().api_key_scopes;
    match owner {
        Some(Owner::User(user)) if !user.is_disabled() => {
            let rights = realm.roles().rights(&user.roles);
            let (scopes, permissions) = Limits { rights: &rights, words }.usable(&key.scopes);
            let subject = user.id.to_string();
            Ok(Resolved { key, subject, user: Some(user), organization: None, scopes, permissions })
        }
        // Whoever made it may have left: what counts is what roles in an organization can give at all.
        Some(Owner::Organization(organization)) => {
            let graph = realm.organization_roles();
            let rights = graph.rights(graph.names());
            let (scopes, permissions) = Limits { rights: &rights, words }.usable(&key.scopes);
            let (subject, organization) = (organization.to_string(), Some(organization));
            Ok(Resolved { key, subject, user: None, organization, scopes, permissions })
        }
        Some(Owner::Client(client)) if client.acts_on_its_own() => {
            let scopes = client.settings.granted(Some(&key.scopes));
            let permissions = permissions_of(&scopes).collect();
            let subject = client.id.to_string();
            Ok(Resolved { key, subject, user: None, organization: None, scopes, permissions })
        }
        Some(Owner::User(_) | Owner::Client(_)) => Err(KeyRefused::OwnerDisabled),
        None => Err(KeyRefused::OwnerGone),
    }
}
