//! `/api/v1/organizations`: what people do with the organizations they belong to.

mod api_keys;
mod collection;
mod invitations;
mod invited;
mod members;
mod single;
mod team_members;
mod teams;
mod view;

use utoipa_axum::router::OpenApiRouter;

use crate::{App, described::routes};

pub(super) use teams::{TeamListing, TeamPage};
pub use view::{MemberChange, MemberListing, MemberPage, MemberView, OrganizationChange, OrganizationView};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(collection::list, collection::create))
        .routes(routes!(single::show, single::change, single::delete))
        .routes(routes!(members::list))
        .routes(routes!(members::change, members::remove))
        .routes(routes!(teams::list, teams::create))
        .routes(routes!(teams::show, teams::rename, teams::delete))
        .routes(routes!(team_members::list))
        .routes(routes!(team_members::add, team_members::remove))
        .routes(routes!(invitations::list, invitations::invite))
        .routes(routes!(invitations::revoke))
        .routes(routes!(invited::list))
        .routes(routes!(invited::accept))
        .routes(routes!(invited::decline))
        .routes(routes!(api_keys::list, api_keys::create))
        .routes(routes!(api_keys::rotate))
        .routes(routes!(api_keys::revoke))
}
