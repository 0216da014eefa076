//! Organizations of a file.

use gatepost_domain::{
    Membership, Organization, OrganizationId, RealmId, RoleName, audit::Event, mfa::OrganizationMfa,
    organization::roles_within,
};
use gatepost_store::{
    Tx, audit, memberships,
    organizations::{self, OrganizationChanges},
    realms, users,
};

use super::{
    apply::Applying,
    declared::{DeclaredMember, DeclaredOrganization, login},
    error::ApplyError,
};
use crate::{accounts::names, differences::Difference, roles};

impl Applying<'_> {
    /// One that is new belongs to the members of the file; without an owner among them to nobody, until an administrator or an
    /// operator makes somebody its owner.
    pub(super) async fn organization(
        &mut self,
        tx: &mut Tx,
        realm: RealmId,
        declared: &DeclaredOrganization,
    ) -> Result<(), ApplyError> {
        let what = format!("organization {} in {}", declared.slug, self.realm.name);
        let now = self.prepared.now;
        let Some(found) = organizations::find_by_slug(tx, realm, &declared.slug).await? else {
            let id = OrganizationId::new(now, self.app.entropy());
            let (slug, name) = (declared.slug.clone(), declared.name.clone());
            let required = declared.mfa == Some(OrganizationMfa::Required);
            let organization = Organization {
                mfa_required_since: required.then_some(now),
                ..Organization::begin(id, realm, slug, name, now)
            };
            organizations::create(tx, &organization).await?;
            let record = self.record(realm, Event::OrganizationCreated);
            audit::append(tx, &record.with("organization", organization.id.to_string())).await?;
            for member in &declared.members {
                self.member(tx, &organization, member).await?;
            }
            self.changes.created(what);
            return Ok(());
        };
        let changes = OrganizationChanges {
            name: Some(declared.name.clone()).filter(|name| *name != found.name),
            mfa: declared.mfa.filter(|mfa| *mfa != found.mfa()),
            ..OrganizationChanges::default()
        };
        if changes != OrganizationChanges::default() {
            organizations::update(tx, realm, found.id, &changes, now).await?;
            let record = self.record(realm, Event::OrganizationUpdated);
            let record = record.with("organization", found.id.to_string());
            audit::append(tx, &crate::organizations::told(record, &found, &changes)).await?;
            let differences = [
                Difference::of("name", &found.name, &declared.name),
                changes.mfa.and_then(|mfa| Difference::of("mfa", &found.mfa(), &mfa)),
            ];
            self.changes.changed(what, differences.into_iter().flatten().collect());
        }
        Ok(())
    }

    async fn member(
        &self,
        tx: &mut Tx,
        organization: &Organization,
        declared: &DeclaredMember,
    ) -> Result<(), ApplyError> {
        let wrong = |reason: String| ApplyError::Member {
            realm: self.realm.name.to_string(),
            organization: organization.slug.to_string(),
            user: declared.user.clone(),
            reason,
        };
        let realm = organization.realm;
        let login = login(&declared.user).map_err(wrong)?;
        let found = users::find_for_sign_in(tx, realm, &login).await?;
        let (user, _) = found.ok_or_else(|| {
            wrong("there is no such user; describe them in the file, or make them first".to_owned())
        })?;
        let settings = realms::find(tx, realm).await?.map(|found| found.settings).unwrap_or_default();
        let graph = roles_within(&roles::all(tx, realm).await?, &settings.organization_roles)
            .map_err(|refused| ApplyError::Roles { realm: self.realm.name.to_string(), refused })?;
        let owner = RoleName::owner();
        if let Some(role) = declared.roles.iter().find(|role| **role != owner && !graph.contains(role)) {
            return Err(wrong(format!("the role {role} is not among the organization_roles of the realm")));
        }
        if memberships::find(tx, realm, organization.id, user.id).await?.is_some() {
            return Err(wrong("is there twice; remove one".to_owned()));
        }
        let now = self.prepared.now;
        let member = Membership::begin(realm, organization.id, user.id, declared.roles.clone(), now);
        memberships::create(tx, &member).await?;
        let record = self.record(realm, Event::MemberAdded).user(user.id);
        let record = record.with("organization", organization.id.to_string());
        audit::append(tx, &record.with("roles", names(&member.roles))).await?;
        Ok(())
    }
}
