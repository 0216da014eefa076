//! Bringing an installation to the state of a file: one transaction, and nothing is left half-done.

use std::{collections::HashMap, sync::Arc};

use gatepost_domain::{
    PasswordHash, Realm, RealmId, Role, Secret, Timestamp,
    audit::{Actor, Event, Record},
    password,
    role::RoleGraph,
};
use gatepost_store::{Tx, audit, realms, users};

use super::{
    changes::Changes,
    declared::{Declared, DeclaredRealm},
    error::ApplyError,
};
use crate::{
    App,
    clients::new_secret,
    config::FileError,
    differences::{self, Difference},
    mfa, realm, roles,
};

/// Whether to change anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Say what would change.
    Look,
    /// Change it.
    Change,
}

/// What the transaction needs that must be made outside it.
pub(super) struct Prepared {
    /// Hashes of the passwords of users that are new, by realm and user.
    pub(super) hashes: HashMap<(usize, usize), PasswordHash>,
    /// Secrets for clients that name none, by realm and client.
    pub(super) secrets: HashMap<(usize, usize), Secret>,
    pub(super) now: Timestamp,
}

/// Brings the installation to the state of the file. What the file does not name stays as it is. Applying twice changes
/// nothing the second time: an existing user keeps their password, an existing client its secret unless the file
/// gives one.
pub async fn apply(app: &App, declared: &Declared, mode: Mode) -> Result<Changes, ApplyError> {
    let prepared = Arc::new(prepare(app, declared).await?);
    let declared = Arc::clone(&declared.realms);
    let worker = app.clone();
    let applied = app
        .db()
        .write("apply a file", move |tx| {
            let (app, declared, prepared) = (worker.clone(), Arc::clone(&declared), Arc::clone(&prepared));
            Box::pin(async move {
                let mut changes = Changes::default();
                for (index, realm) in declared.iter().enumerate() {
                    Applying { app: &app, prepared: &prepared, index, realm, changes: &mut changes }
                        .run(tx)
                        .await?;
                }
                // An error undoes everything: looking takes the same path as changing.
                if mode == Mode::Look { Err(ApplyError::Looked(changes)) } else { Ok(changes) }
            })
        })
        .await;
    // What was changed here counts here at once; other processes notice within a second.
    app.realms().forget_all();
    match applied {
        Err(ApplyError::Looked(changes)) => Ok(changes.only_looked_at()),
        other => other,
    }
}

async fn prepare(app: &App, declared: &Declared) -> Result<Prepared, ApplyError> {
    let mut prepared = Prepared { hashes: HashMap::new(), secrets: HashMap::new(), now: app.clock().now() };
    for (at, realm) in declared.realms.iter().enumerate() {
        let name = realm.name.clone();
        let found = app
            .db()
            .read("find a realm", move |tx| {
                let name = name.clone();
                Box::pin(async move { realms::find_by_name(tx, &name).await })
            })
            .await?;
        for (index, user) in realm.users.iter().enumerate() {
            if let Some(hash) = &user.password_hash {
                prepared.hashes.insert((at, index), hash.clone());
            }
            let Some(text) = &user.password else { continue };
            let login = user.login();
            let known = match &found {
                None => None,
                Some(realm) => {
                    let (realm, login) = (realm.id, login.clone());
                    app.db()
                        .read("find a user", move |tx| {
                            let login = login.clone();
                            Box::pin(async move { users::find_for_sign_in(tx, realm, &login).await })
                        })
                        .await?
                }
            };
            if known.is_none() {
                let accepted = password::Policy::of(realm.settings.password)
                    .accept(text.reveal(), &user.words())
                    .map_err(|reason| ApplyError::Password {
                        realm: realm.name.to_string(),
                        user: user.shown(),
                        reason,
                    })?;
                prepared.hashes.insert((at, index), PasswordHash::new(app.hasher().hash(&accepted).await?));
            }
        }
        for (index, client) in realm.clients.iter().enumerate() {
            if client.secret.is_none() && client.settings.needs_secret() {
                prepared.secrets.insert((at, index), new_secret(app));
            }
        }
    }
    Ok(prepared)
}

/// One realm of the file.
pub(super) struct Applying<'a> {
    pub(super) app: &'a App,
    pub(super) prepared: &'a Prepared,
    pub(super) index: usize,
    pub(super) realm: &'a DeclaredRealm,
    pub(super) changes: &'a mut Changes,
}

impl Applying<'_> {
    pub(super) fn record(&self, realm: RealmId, event: Event) -> Record {
        Record::new(self.app.event_id(self.prepared.now), realm, self.prepared.now, event, Actor::Operator)
    }

    async fn run(mut self, tx: &mut Tx) -> Result<(), ApplyError> {
        let before = realms::find_by_name(tx, &self.realm.name).await?;
        let id = self.settings(tx).await?;
        self.interceptors(tx, id).await?;
        let roles = self.roles(tx, id).await?;
        for (index, client) in self.realm.clients.iter().enumerate() {
            self.client(tx, id, index, client).await?;
        }
        for (index, user) in self.realm.users.iter().enumerate() {
            self.user(tx, id, index, user, &roles).await?;
        }
        // After the users: the file may say whose address is verified.
        if let Some(before) = before
            && realm::locks_administrators_out(tx, &before, &self.realm.over(&before.settings)).await?
        {
            return Err(ApplyError::Setting {
                realm: self.realm.name.to_string(),
                refused: realm::locked_out(),
            });
        }
        for organization in &self.realm.organizations {
            self.organization(tx, id, organization).await?;
        }
        // After both: the file may say what goes together.
        if let Some(settings) = realms::find(tx, id).await?.map(|realm| realm.settings)
            && let Some(refused) = mfa::forbids_what_an_organization_asks(tx, id, &settings).await?
        {
            return Err(ApplyError::Setting { realm: self.realm.name.to_string(), refused });
        }
        self.api_keys(tx, id).await?;
        self.providers(tx, id).await
    }

    /// Whether no host of the file leads to another realm.
    async fn hosts_are_free(&self, tx: &mut Tx) -> Result<(), ApplyError> {
        for host in &self.realm.settings.hosts {
            let Some(other) = realms::find_by_host(tx, host).await? else { continue };
            if other.name != self.realm.name {
                let (file, line) = &self.realm.hosts_at;
                let reason = format!(
                    "realm {}: hosts: {host} leads to realm {} already; take it out of one of the two",
                    self.realm.name, other.name
                );
                return Err(FileError::new(file, Some(*line), reason).into());
            }
        }
        Ok(())
    }

    async fn settings(&mut self, tx: &mut Tx) -> Result<RealmId, ApplyError> {
        let declared = self.realm;
        self.hosts_are_free(tx).await?;
        let Some(found) = realms::find_by_name(tx, &declared.name).await? else {
            let id = RealmId::new(self.prepared.now, self.app.entropy());
            let settings = declared.settings.clone();
            let realm = Realm::begin(id, declared.name.clone(), settings, self.prepared.now);
            realms::create(tx, &realm).await?;
            if declared.is_default == Some(true) {
                realms::make_default(tx, realm.id).await?;
            }
            audit::append(tx, &self.record(realm.id, Event::RealmCreated)).await?;
            self.changes.created(format!("realm {}", declared.name));
            return Ok(realm.id);
        };
        let moves = declared.is_default == Some(true) && !found.is_default;
        if moves {
            realms::make_default(tx, found.id).await?;
        }
        let settings = declared.over(&found.settings);
        if found.settings != settings {
            let changed = found.with_settings(settings.clone(), self.prepared.now);
            realms::update_settings(tx, &changed, None).await?;
        }
        if moves || found.settings != settings {
            let mut record =
                realm::told(self.record(found.id, Event::RealmUpdated), &found.settings, &settings);
            if moves {
                record = record.with("default", "true");
            }
            let record = realm::let_go(tx, record, (&found, &settings)).await?;
            audit::append(tx, &record).await?;
            let mut differences = differences::between(&found.settings, &settings);
            differences.extend(Difference::of("default", &found.is_default, &(found.is_default || moves)));
            self.changes.changed(format!("realm {}", declared.name), differences);
        }
        Ok(found.id)
    }

    /// Roles of the file are added to those there are, or replace those of the same name.
    async fn roles(&mut self, tx: &mut Tx, realm: RealmId) -> Result<RoleGraph, ApplyError> {
        let before = roles::all(tx, realm).await?;
        let profile = roles::profile_of(tx, realm).await?;
        let declared: Vec<Role> =
            self.realm.roles.iter().cloned().map(|role| profile.completed(role)).collect();
        let kept = before.iter().filter(|role| !declared.iter().any(|new| new.name == role.name));
        let mut after: Vec<Role> = kept.chain(&declared).cloned().collect();
        after.sort_by(|a, b| a.name.cmp(&b.name));
        let graph = RoleGraph::new(&after)
            .map_err(|refused| ApplyError::Roles { realm: self.realm.name.to_string(), refused })?;
        // What organizations may give are roles there are.
        self.realm
            .settings
            .check_roles(&graph)
            .map_err(|refused| ApplyError::Setting { realm: self.realm.name.to_string(), refused })?;
        if after != before {
            roles::replace(tx, realm, &after).await?;
            for role in declared.iter().filter(|role| !before.contains(role)) {
                let record = self.record(realm, Event::RolesChanged).with("role", role.name.to_string());
                let what = format!("role {} in {}", role.name, self.realm.name);
                let record = roles::told(record, "after", role);
                if let Some(old) = before.iter().find(|old| old.name == role.name) {
                    audit::append(tx, &roles::told(record, "before", old)).await?;
                    self.changes.changed(what, differences::between(old, role));
                } else {
                    audit::append(tx, &record).await?;
                    self.changes.created(what);
                }
            }
        }
        Ok(graph)
    }
}
