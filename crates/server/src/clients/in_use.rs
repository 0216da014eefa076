//! The clients in use, kept in memory: who asks for tokens all day long is not read and parsed anew each time.

use std::sync::Arc;

use gatepost_domain::{Client, ClientId, RealmId};
use gatepost_store::realms;
use quick_cache::sync::Cache;

use crate::{App, http::Problem, realm::Snapshot};

/// So many clients are kept, of all realms together.
const CLIENTS: usize = 2_000;

/// The clients in use, each with the version of its realm that it is good for.
///
/// Every change of a client raises the version of its realm, so nothing need be looked at here but that number, which the realm's
/// snapshot has anyway. What was read is as new as the snapshot at least, since the snapshot came first.
pub struct KnownClients(Cache<(RealmId, ClientId), Known>);

#[derive(Clone)]
struct Known {
    realm_version: u64,
    client: Arc<Client>,
}

impl KnownClients {
    /// An empty cache.
    pub fn new() -> Self {
        Self(Cache::new(CLIENTS))
    }

    /// The client of an id, as it is in this snapshot of its realm or later. Of a snapshot that the database did not confirm lately
    /// nothing is believed: a client that was removed while the database cannot be reached gets no tokens.
    pub(super) async fn find(
        &self,
        app: &App,
        realm: &Snapshot,
        id: ClientId,
    ) -> Result<Option<Arc<Client>>, Problem> {
        let key = (realm.id(), id);
        if app.realms().is_confirmed(realm)
            && let Some(known) = self.0.get(&key)
            && known.realm_version == realm.version()
        {
            return Ok(Some(known.client));
        }
        // In a box, as it is rare.
        Box::pin(self.read(app, realm, key)).await
    }

    /// The client of an id as it is at this moment, also where another process changed it: of one that is known, only whether anything
    /// of its realm has changed since is read.
    pub(super) async fn find_now(
        &self,
        app: &App,
        realm: &Snapshot,
        id: ClientId,
    ) -> Result<Option<Arc<Client>>, Problem> {
        let key = (realm.id(), id);
        if let Some(known) = self.0.get(&key) {
            let id = realm.id();
            let version = app.db().read("look whether a client has changed", move |tx| {
                Box::pin(async move { realms::version(tx, id).await })
            });
            if version.await? == Some(known.realm_version) {
                return Ok(Some(known.client));
            }
        }
        Box::pin(self.read(app, realm, key)).await
    }

    async fn read(
        &self,
        app: &App,
        realm: &Snapshot,
        key: (RealmId, ClientId),
    ) -> Result<Option<Arc<Client>>, Problem> {
        let found = super::find(app, realm.id(), key.1.clone()).await?.map(Arc::new);
        match &found {
            Some(client) => {
                let known = Known { realm_version: realm.version(), client: Arc::clone(client) };
                self.0.insert(key, known);
            }
            // What anybody can make up is not kept.
            None => drop(self.0.remove(&key)),
        }
        Ok(found)
    }
}
