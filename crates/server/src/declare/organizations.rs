//! Organizations of a file.

use gatepost_domain::{Organization, OrganizationId, RealmId, audit::Event, role::RoleGraph};
use gatepost_store::{Tx, audit, organizations};

use super::{apply::Applying, declared::DeclaredOrganization, error::ApplyError};

impl Applying<'_> {
    /// What organizations may give are roles there are. `owner` needs no naming.
    pub(super) fn check_organization_roles(&self, graph: &RoleGraph) -> Result<(), ApplyError> {
        match self.realm.settings.organization_roles.iter().find(|role| !graph.contains(role)) {
            None => Ok(()),
            Some(role) => Err(ApplyError::NoSuchOrganizationRole {
                realm: self.realm.name.to_string(),
                role: role.to_string(),
                nearest: graph.nearest(role).map(|near| near.to_string()),
            }),
        }
    }

    /// One that is new belongs to nobody, until an administrator or an operator makes somebody its owner.
    pub(super) async fn organization(
        &mut self,
        tx: &mut Tx,
        realm: RealmId,
        declared: &DeclaredOrganization,
    ) -> Result<(), ApplyError> {
        let what = format!("organization {} in {}", declared.slug, self.realm.name);
        let now = self.prepared.now;
        let Some(found) = organizations::find_by_slug(tx, realm, &declared.slug).await? else {
            let organization = Organization {
                id: OrganizationId::new(now, self.app.entropy()),
                realm,
                slug: declared.slug.clone(),
                name: declared.name.clone(),
                created_at: now,
                updated_at: now,
                version: 1,
            };
            organizations::create(tx, &organization).await?;
            let record = self.record(realm, Event::OrganizationCreated);
            audit::append(tx, &record.with("organization", organization.id.to_string())).await?;
            self.changes.created(what);
            return Ok(());
        };
        if found.name != declared.name {
            organizations::update(tx, realm, found.id, None, Some(&declared.name), now).await?;
            let record = self.record(realm, Event::OrganizationUpdated);
            audit::append(tx, &record.with("organization", found.id.to_string())).await?;
            self.changes.changed(what);
        }
        Ok(())
    }
}
