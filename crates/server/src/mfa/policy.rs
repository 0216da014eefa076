//! Who asks an account for a second factor, and what does not go together with that.

use gatepost_domain::{
    Mfa, Organization, RealmId, RealmSettings, SettingRefused, Timestamp, User, UserId, mfa::Demand,
};
use gatepost_store::{Error, Tx, organizations};

use crate::{App, http::Problem, realm::Snapshot};

/// Whether the last factor of an account stays: the realm requires one, or an organization that the account belongs to does.
pub(crate) async fn is_required(
    tx: &mut Tx,
    (realm, user): (RealmId, UserId),
    policy: Mfa,
) -> Result<bool, Error> {
    Ok(policy == Mfa::Required || organizations::find_requiring_factor_of(tx, realm, user).await?.is_some())
}

/// An organization that asks for a second factor of whoever acts in it.
pub struct Asking {
    /// The organization.
    pub organization: Organization,
    /// From when on the account does not act in it without one.
    pub due: Timestamp,
}

/// The organization that asks it of an account: of several that it belongs to the one that asked first, and so is due first.
pub async fn organization_asking(
    app: &App,
    realm: &Snapshot,
    user: &User,
) -> Result<Option<Asking>, Problem> {
    let (id, whose) = (realm.id(), user.id);
    let found = app.db().read("find who asks for a second factor", move |tx| {
        Box::pin(async move { organizations::find_requiring_factor_of(tx, id, whose).await })
    });
    let organization = found.await?;
    Ok(organization.and_then(|organization| {
        let due = organization.due(realm.settings().mfa_grace, user.created_at)?;
        Some(Asking { organization, due })
    }))
}

/// Until when an account that has no second factor may go on without, where the realm requires one.
pub fn due(realm: &Snapshot, user: &User, now: Timestamp) -> Option<Timestamp> {
    let due = realm.mfa_demand().map(|demand: Demand| demand.due(user.created_at));
    due.filter(|due| now < *due)
}

/// The same of an account that may have one.
pub async fn set_up_by(
    app: &App,
    realm: &Snapshot,
    user: &User,
    now: Timestamp,
) -> Result<Option<Timestamp>, Problem> {
    match due(realm, user, now) {
        Some(due) if !super::has_factor(app, user).await? => Ok(Some(due)),
        _ => Ok(None),
    }
}

/// Whether somebody without a second factor is offered to set one up when they sign in on a page.
pub async fn is_offered(app: &App, realm: &Snapshot, user: &User, now: Timestamp) -> Result<bool, Problem> {
    Ok(due(realm, user, now).is_some() || organization_asking(app, realm, user).await?.is_some())
}

/// Where nobody can set up a second factor, no organization asks for one. What is said where it would.
pub(crate) async fn forbids_what_an_organization_asks(
    tx: &mut Tx,
    realm: RealmId,
    settings: &RealmSettings,
) -> Result<Option<SettingRefused>, Error> {
    if settings.mfa != Mfa::Off {
        return Ok(None);
    }
    let asking = organizations::find_requiring_factor(tx, realm).await?;
    Ok(asking.map(|organization| {
        let slug = organization.slug;
        let reason = format!(
            "with \"off\" nobody sets one up, and the organization {slug} asks for one (its mfa is \"required\"); let the realm \
             say \"optional\", or the organization \"inherit\""
        );
        SettingRefused::new("mfa", reason)
    }))
}
