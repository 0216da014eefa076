//! Organizations.

use gatepost_domain::mfa::OrganizationMfa;
use gatepost_domain::outbox::{Message, Revocation};
use gatepost_domain::{
    DisplayName, LogoUrl, Metadata, Organization, OrganizationId, OutboxId, RealmId, Slug, Timestamp, UserId,
};

use crate::memberships::membership_columns;
use crate::value::{FromRow, Joined, Row, like_containing};
use crate::{Error, Tx, clients, outbox};

impl FromRow for Organization {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            realm: row.take()?,
            id: row.take()?,
            slug: row.parse()?,
            name: row.parse()?,
            mfa_required_since: row.take_optional()?,
            logo_url: row.parse_optional()?,
            metadata: row.parse_optional()?,
            created_at: row.take()?,
            updated_at: row.take()?,
            version: row.take()?,
        })
    }
}

macro_rules! organization_columns {
    () => {
        "o.realm_id, o.id, o.slug, o.name, o.mfa_required_since, o.logo_url, o.metadata, o.created_at, o.updated_at, o.version"
    };
}
pub(crate) use organization_columns;

/// Makes an organization, which has no member yet. `Conflict(OrganizationSlug)`: another has the slug; `Parent`: no such
/// realm.
pub async fn create(tx: &mut Tx, organization: &Organization) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO organizations
            (realm_id, id, slug, name, mfa_required_since, logo_url, metadata, created_at, updated_at, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let metadata = organization.metadata.as_ref().map(Metadata::to_string);
    let params = [
        (&organization.realm).into(),
        (&organization.id).into(),
        organization.slug.as_str().into(),
        organization.name.as_str().into(),
        organization.mfa_required_since.into(),
        organization.logo_url.as_ref().map(LogoUrl::as_str).into(),
        metadata.as_deref().into(),
        organization.created_at.into(),
        organization.updated_at.into(),
        organization.version.into(),
    ];
    tx.execute(SQL, &params).await.map(|_| ())
}

/// The organization of an id. One point read.
pub async fn find(tx: &mut Tx, realm: RealmId, id: OrganizationId) -> Result<Option<Organization>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        organization_columns!(),
        " FROM organizations o WHERE o.realm_id = $1 AND o.id = $2"
    );
    tx.optional(SQL, &[(&realm).into(), (&id).into()]).await
}

/// The organization of a slug. One point read.
pub async fn find_by_slug(tx: &mut Tx, realm: RealmId, slug: &Slug) -> Result<Option<Organization>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        organization_columns!(),
        " FROM organizations o WHERE o.realm_id = $1 AND o.slug = $2"
    );
    tx.optional(SQL, &[(&realm).into(), slug.as_str().into()]).await
}

/// At most `limit` organizations in the order of their making, after the given one; with `search`, those whose slug
/// contains the text.
pub async fn list(
    tx: &mut Tx,
    realm: RealmId,
    search: Option<&str>,
    after: Option<OrganizationId>,
    limit: u32,
) -> Result<Vec<Organization>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        organization_columns!(),
        " FROM organizations o WHERE o.realm_id = $1 AND o.id > $2
        AND (CAST($3 AS TEXT) IS NULL OR o.slug LIKE $3 ESCAPE '!') ORDER BY o.id LIMIT $4"
    );
    let after = after.unwrap_or(OrganizationId::MIN);
    let pattern = search.map(like_containing);
    tx.all(SQL, &[(&realm).into(), (&after).into(), pattern.as_deref().into(), limit.into()]).await
}

/// At most `limit` organizations that a user belongs to, with what the user is there, in the order of their making, after
/// the given one.
pub async fn list_of(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
    after: Option<OrganizationId>,
    limit: u32,
) -> Result<Vec<(Organization, gatepost_domain::Membership)>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        organization_columns!(),
        ", ",
        membership_columns!("m."),
        " FROM memberships m
        JOIN organizations o ON o.realm_id = m.realm_id AND o.id = m.organization_id
        WHERE m.realm_id = $1 AND m.user_id = $2 AND m.organization_id > $3 ORDER BY m.organization_id LIMIT $4"
    );
    let after = after.unwrap_or(OrganizationId::MIN);
    let found: Vec<Joined<_, _>> =
        tx.all(SQL, &[(&realm).into(), (&user).into(), (&after).into(), limit.into()]).await?;
    Ok(found.into_iter().map(|Joined(organization, membership)| (organization, membership)).collect())
}

/// What is to change of an organization; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrganizationChanges {
    /// Another slug.
    pub slug: Option<Slug>,
    /// Another name.
    pub name: Option<DisplayName>,
    /// What it says of second factors. Who says once more that one is required does not begin its grace anew.
    pub mfa: Option<OrganizationMfa>,
    /// Where its picture is; the inner `None` takes it away.
    pub logo_url: Option<Option<LogoUrl>>,
    /// What its owners keep with it, as a whole; the inner `None` takes it away.
    pub metadata: Option<Option<Metadata>>,
}

/// Changes an organization. `None`: no such organization. `Conflict(OrganizationSlug)`: another has the slug.
pub async fn update(
    tx: &mut Tx,
    realm: RealmId,
    id: OrganizationId,
    changes: &OrganizationChanges,
    now: Timestamp,
) -> Result<Option<Organization>, Error> {
    const SQL: &str = "UPDATE organizations SET slug = COALESCE(CAST($3 AS TEXT), slug),
            name = COALESCE(CAST($4 AS TEXT), name), mfa_required_since = CASE CAST($5 AS TEXT)
                WHEN 'required' THEN COALESCE(mfa_required_since, $6) WHEN 'inherit' THEN NULL
                ELSE mfa_required_since END,
            logo_url = CASE WHEN $7 THEN $8 ELSE logo_url END,
            metadata = CASE WHEN $9 THEN $10 ELSE metadata END,
            updated_at = $6, version = version + 1
        WHERE realm_id = $1 AND id = $2
        RETURNING realm_id, id, slug, name, mfa_required_since, logo_url, metadata, created_at, updated_at, version";
    let logo_url = changes.logo_url.as_ref().and_then(Option::as_ref);
    let metadata = changes.metadata.as_ref().and_then(Option::as_ref).map(Metadata::to_string);
    let params = [
        (&realm).into(),
        (&id).into(),
        changes.slug.as_ref().map(Slug::as_str).into(),
        changes.name.as_ref().map(DisplayName::as_str).into(),
        changes.mfa.map(OrganizationMfa::name).into(),
        now.into(),
        changes.logo_url.is_some().into(),
        logo_url.map(LogoUrl::as_str).into(),
        changes.metadata.is_some().into(),
        metadata.as_deref().into(),
    ];
    tx.optional(SQL, &params).await
}

/// An organization of the realm that asks for a second factor, if there is one: the one that did so first.
pub async fn find_requiring_factor(tx: &mut Tx, realm: RealmId) -> Result<Option<Organization>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        organization_columns!(),
        " FROM organizations o WHERE o.realm_id = $1 AND o.mfa_required_since IS NOT NULL
        ORDER BY o.mfa_required_since, o.id LIMIT 1"
    );
    tx.optional(SQL, &[(&realm).into()]).await
}

/// The same of those that a user belongs to.
pub async fn find_requiring_factor_of(
    tx: &mut Tx,
    realm: RealmId,
    user: UserId,
) -> Result<Option<Organization>, Error> {
    const SQL: &str = concat!(
        "SELECT ",
        organization_columns!(),
        " FROM memberships m JOIN organizations o ON o.realm_id = m.realm_id AND o.id = m.organization_id
        WHERE m.realm_id = $1 AND m.user_id = $2 AND o.mfa_required_since IS NOT NULL
        ORDER BY o.mfa_required_since, o.id LIMIT 1"
    );
    tx.optional(SQL, &[(&realm).into(), (&user).into()]).await
}

/// Deletes an organization with its members, invitations, keys and clients, and tells verifiers. False: no such organization.
pub async fn delete(
    tx: &mut Tx,
    realm: RealmId,
    id: OrganizationId,
    now: Timestamp,
    message: OutboxId,
) -> Result<bool, Error> {
    // As with one member who is removed: a refresh that is under way must not state what is gone.
    const MEMBERS: &str = "UPDATE users SET version = version + 1 WHERE realm_id = $1 AND id IN
        (SELECT m.user_id FROM memberships m WHERE m.realm_id = $1 AND m.organization_id = $2)";
    // Before it, in the order in which whoever joins takes them: two that wait for what the other holds would both stand still.
    const INVITATIONS: &str = "DELETE FROM invitations WHERE realm_id = $1 AND organization_id = $2";
    const TEAMS: &str = "DELETE FROM teams WHERE realm_id = $1 AND organization_id = $2";
    const SQL: &str = "DELETE FROM organizations WHERE realm_id = $1 AND id = $2";
    for first in [INVITATIONS, TEAMS, MEMBERS] {
        tx.execute(first, &[(&realm).into(), (&id).into()]).await?;
    }
    let gone = tx.execute(SQL, &[(&realm).into(), (&id).into()]).await? == 1;
    if gone {
        for client in clients::list_of_organization(tx, realm, id).await? {
            clients::delete(tx, realm, &client.id).await?;
        }
        let revocation = Revocation::Organization { organization: id };
        outbox::queue(tx, message, realm, &Message::Revocation(revocation), now).await?;
    }
    Ok(gone)
}
