//! Organizations, their members, and who is invited into them.

use axum::routing::{delete, get, patch, post};

use super::{Area, served};
use crate::profiles::zalt::{invitations, organizations, roles, tenants};

const ORGANIZATIONS: &str = "organizations::somebody_sees_their_organizations_and_switches";
const TENANTS: &str = "tenants::an_administrator_deals_with_organizations";
const MEMBERS: &str = "tenants::an_administrator_deals_with_their_members";
const ROLES: &str = "tenants::an_administrator_deals_with_roles";
const INVITE: &str = "invitations::a_member_who_manages_invites_looks_and_takes_back";
const RESEND: &str = "invitations::an_invitation_is_mailed_again_with_another_secret";
const ACCEPT: &str = "invitations::whoever_was_invited_looks_and_accepts";

/// The areas.
pub(super) const AREAS: &[Area] = &[(
    "Organizations",
    &[
        served("GET", "/v1/auth/organizations", ORGANIZATIONS, || get(organizations::list)),
        served("POST", "/v1/auth/switch-organization", ORGANIZATIONS, || post(organizations::switch)),
        served("GET", "/v1/auth/permissions", ORGANIZATIONS, || get(organizations::permissions)),
        served("GET", "/v1/admin/organizations", TENANTS, || get(tenants::list)),
        served("POST", "/v1/admin/organizations", TENANTS, || post(tenants::create)),
        served("GET", "/v1/admin/organizations/{id}", TENANTS, || get(tenants::show)),
        served("PATCH", "/v1/admin/organizations/{id}", TENANTS, || patch(tenants::change)),
        served("DELETE", "/v1/admin/organizations/{id}", TENANTS, || delete(tenants::delete)),
        served("GET", "/v1/admin/organizations/{id}/members", MEMBERS, || get(tenants::members)),
        served("POST", "/v1/admin/organizations/{id}/members", MEMBERS, || post(tenants::add_member)),
        served("GET", "/v1/admin/organizations/{id}/members/{member}", MEMBERS, || get(tenants::show_member)),
        served("PATCH", "/v1/admin/organizations/{id}/members/{member}", MEMBERS, || {
            patch(tenants::change_member)
        }),
        served("DELETE", "/v1/admin/organizations/{id}/members/{member}", MEMBERS, || {
            delete(tenants::remove_member)
        }),
        served("GET", "/v1/admin/roles", ROLES, || get(roles::list)),
        served("POST", "/v1/admin/roles", ROLES, || post(roles::create)),
        served("GET", "/v1/admin/roles/system", ROLES, || get(roles::system)),
        served("GET", "/v1/admin/roles/{id}", ROLES, || get(roles::show)),
        served("PATCH", "/v1/admin/roles/{id}", ROLES, || patch(roles::change)),
        served("DELETE", "/v1/admin/roles/{id}", ROLES, || delete(roles::remove)),
        served("GET", "/v1/admin/roles/{id}/permissions", ROLES, || get(roles::permissions)),
        served("GET", "/tenants/{tenant}/invitations", INVITE, || get(invitations::list)),
        served("POST", "/tenants/{tenant}/invitations", INVITE, || post(invitations::create)),
        served("GET", "/tenants/{tenant}/invitations/{id}", INVITE, || get(invitations::show)),
        served("DELETE", "/tenants/{tenant}/invitations/{id}", INVITE, || delete(invitations::revoke)),
        served("POST", "/tenants/{tenant}/invitations/{id}/resend", RESEND, || post(invitations::resend)),
        served("GET", "/invitations/{id}", INVITE, || get(invitations::show)),
        served("DELETE", "/invitations/{id}", INVITE, || delete(invitations::revoke)),
        served("POST", "/invitations/{id}/resend", RESEND, || post(invitations::resend)),
        served("POST", "/invitations/accept", ACCEPT, || post(invitations::accept)),
        served("GET", "/invitations/validate", ACCEPT, || get(invitations::validate)),
    ],
)];
