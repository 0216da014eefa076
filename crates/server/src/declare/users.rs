//! Users of a file. An account that is there keeps its password: its owner may have changed it.

use gatepost_domain::{OutboxId, RealmId, User, UserId, audit::Event, role::RoleGraph};
use gatepost_store::{Error, Tx, audit, passwords, personal_claims, users};

use super::{apply::Applying, changes::Named, declared::DeclaredUser, error::ApplyError};
use crate::{
    accounts::{ADMINISTRATOR, is_administrator, with_roles},
    differences::Difference,
    http::Problem,
};

impl Applying<'_> {
    /// The user as the file has them: made, or with what is different.
    pub(super) async fn user(
        &mut self,
        tx: &mut Tx,
        realm: RealmId,
        index: usize,
        declared: &DeclaredUser,
        graph: &RoleGraph,
    ) -> Result<(), ApplyError> {
        for role in declared.roles.iter().flatten() {
            if role.as_str() != ADMINISTRATOR && !graph.contains(role) {
                return Err(ApplyError::NoSuchRole {
                    realm: self.realm.name.to_string(),
                    user: declared.shown(),
                    role: role.to_string(),
                    nearest: graph.nearest(role).map(|near| near.to_string()),
                });
            }
        }
        let named = |id: UserId| {
            let called = |name: &str| format!("user {name} in {}", self.realm.name);
            Named::privately(called(&declared.shown()), called(&id.to_string()))
        };
        let now = self.prepared.now;
        let Some((found, _)) = users::find_for_sign_in(tx, realm, &declared.login()).await? else {
            let mut user = User::new(UserId::new(now, self.app.entropy()), realm, now);
            user.email.clone_from(&declared.email);
            user.email_verified = declared.email_verified.unwrap_or_default();
            user.username.clone_from(&declared.username);
            user.name.clone_from(&declared.name);
            user.roles = declared.roles.clone().unwrap_or_default();
            users::create(tx, &user).await.map_err(|error| self.taken(declared, error))?;
            if let Some(hash) = self.prepared.hashes.get(&(self.index, index)) {
                passwords::set(tx, realm, user.id, hash, now).await?;
            }
            if let Some(claims) = &declared.claims {
                personal_claims::set(tx, realm, user.id, claims, now).await?;
            }
            audit::append(tx, &self.record(realm, Event::UserCreated).user(user.id)).await?;
            let named = named(user.id);
            self.changes.created(named);
            return Ok(());
        };
        let mut profile = users::ProfileChanges::default();
        if declared.name.is_some() && declared.name != found.name {
            profile.name = Some(declared.name.clone());
        }
        if declared.username.is_some() && declared.username != found.username {
            profile.username = Some(declared.username.clone());
        }
        if found.email.is_some() {
            profile.email_verified = declared.email_verified.filter(|told| *told != found.email_verified);
        }
        let mut claims = declared.claims.as_ref();
        if let Some(declared) = claims
            && personal_claims::find(tx, realm, found.id).await? == *declared
        {
            claims = None;
        }
        let profile_changes = profile != users::ProfileChanges::default() || claims.is_some();
        if profile_changes {
            if profile != users::ProfileChanges::default() {
                users::update_profile(tx, realm, found.id, &profile, None, now)
                    .await
                    .map_err(|error| self.taken(declared, error))?;
            }
            if let Some(claims) = claims {
                personal_claims::set(tx, realm, found.id, claims, now).await?;
            }
            audit::append(tx, &self.record(realm, Event::UserUpdated).user(found.id)).await?;
        }
        let roles = declared.roles.as_ref().filter(|roles| **roles != found.roles);
        let roles_change = roles.is_some();
        if let Some(roles) = roles {
            let keeps = roles.iter().any(|role| role.as_str() == ADMINISTRATOR);
            if !keeps && is_administrator(&found) && !found.is_disabled() {
                let administrator = ADMINISTRATOR.parse().map_err(|_| ApplyError::LastAdministrator {
                    realm: self.realm.name.to_string(),
                    user: declared.shown(),
                })?;
                if !users::others_have_role(tx, realm, found.id, &administrator).await? {
                    return Err(ApplyError::LastAdministrator {
                        realm: self.realm.name.to_string(),
                        user: declared.shown(),
                    });
                }
            }
            let message = OutboxId::new(now, self.app.entropy());
            users::set_roles(tx, realm, found.id, roles, None, now, message).await?;
            let record = self.record(realm, Event::UserRolesChanged).user(found.id);
            audit::append(tx, &with_roles(record, &found.roles, roles)).await?;
        }
        if profile_changes || roles_change {
            let differences = [
                profile.name.and_then(|name| Difference::of("name", &found.name, &name)),
                profile.username.and_then(|name| Difference::of("username", &found.username, &name)),
                profile
                    .email_verified
                    .and_then(|told| Difference::of("email_verified", &found.email_verified, &told)),
                claims.map(|_| Difference::said("claims", "changed")),
                roles.and_then(|roles| Difference::of("roles", &found.roles, roles)),
            ];
            let named = named(found.id);
            self.changes.changed(named, differences.into_iter().flatten().collect());
        }
        Ok(())
    }

    /// What of a user another has.
    fn taken(&self, declared: &DeclaredUser, error: Error) -> ApplyError {
        match error {
            Error::Conflict(_) => ApplyError::User {
                realm: self.realm.name.to_string(),
                user: declared.shown(),
                reason: Problem::from(error).reason(),
            },
            other => other.into(),
        }
    }
}
