//! Every method of the contract, once: those that are served, each with what a client has to administer for it and the test that calls it;
//! and those that are not, with what does the same.

use std::{future::Future, pin::Pin};

use axum::body::Bytes;

use super::{Call, Refusal, handled};
use crate::scalekit::{clients, memberships, organizations, permissions, roles, sessions, users};

/// A method that is served.
pub(super) struct Method {
    pub(super) path: &'static str,
    /// What its caller administers, as in the setting: all of these words.
    pub(super) needs: &'static str,
    /// What calls it, in `crates/server/tests/it/oauth/scalekit/grpc/`.
    test: &'static str,
    pub(super) handler: fn(Call, Bytes) -> Answering,
}

type Answering = Pin<Box<dyn Future<Output = Result<Vec<u8>, Refusal>> + Send>>;

macro_rules! served {
    ($($service:literal in $module:literal { $($method:literal $handler:path, $needs:literal, $test:literal;)+ })+) => {
        /// Every method that is served.
        pub(super) const SERVED: &[Method] = &[$($(Method {
            path: concat!("/scalekit.v1.", $service, "/", $method),
            needs: $needs,
            test: concat!("grpc::", $module, "::", $test),
            handler: |call, message| Box::pin(handled($handler, call, message)),
        }),+),+];
    };
}

served! {
    "organizations.OrganizationService" in "organizations" {
        "CreateOrganization" organizations::create, "organizations:write", "an_organization_is_made_found_and_changed";
        "GetOrganization" organizations::get, "organizations:read", "an_organization_is_made_found_and_changed";
        "GetOrganizationByExternalId" organizations::get, "organizations:read", "an_organization_is_found_by_what_it_is_called_elsewhere";
        "UpdateOrganization" organizations::update, "organizations:write", "an_organization_is_made_found_and_changed";
        "ListOrganization" organizations::list, "organizations:read", "organizations_are_listed_in_pages_and_searched";
        "SearchOrganization" organizations::search, "organizations:read", "organizations_are_listed_in_pages_and_searched";
        "DeleteOrganization" organizations::delete, "organizations:write", "an_organization_is_deleted_with_its_clients";
    }
    "users.UserService" in "users" {
        "GetUser" users::get, "users:read", "a_user_is_made_and_belongs_to_the_organization";
        "ListUsers" users::list, "users:read", "users_are_listed_in_pages_and_searched";
        "SearchUsers" users::search, "users:read", "users_are_listed_in_pages_and_searched";
        "CreateUserAndMembership" users::create, "users:write memberships:write", "a_user_is_made_and_belongs_to_the_organization";
        "UpdateUser" users::update, "users:write", "what_is_known_of_a_user_is_changed";
        "DeleteUser" users::delete, "users:write", "a_user_is_deleted_and_an_administrator_is_not";
    }
    "users.UserService" in "memberships" {
        "ListOrganizationUsers" memberships::list, "users:read", "members_are_listed_in_pages";
        "CreateMembership" memberships::create, "memberships:write", "somebody_becomes_a_member_once";
        "UpdateMembership" memberships::update, "memberships:write", "a_member_is_given_other_roles";
        "DeleteMembership" memberships::delete, "memberships:write", "a_membership_ends_and_that_of_the_last_owner_does_not";
        "ListUserRoles" memberships::list_roles, "memberships:read", "roles_are_added_and_taken_one_by_one";
        "AssignUserRoles" memberships::assign_roles, "memberships:write", "roles_are_added_and_taken_one_by_one";
        "RemoveUserRole" memberships::remove_role, "memberships:write", "roles_are_added_and_taken_one_by_one";
        "ListUserPermissions" memberships::list_permissions, "memberships:read", "roles_are_added_and_taken_one_by_one";
    }
    "roles.RolesService" in "roles" {
        "CreateRole" roles::create, "roles:write", "a_role_is_made_for_organizations_changed_and_removed";
        "GetRole" roles::get, "roles:read", "a_role_is_made_for_organizations_changed_and_removed";
        "ListRoles" roles::list, "roles:read", "a_role_is_made_for_organizations_changed_and_removed";
        "UpdateRole" roles::update, "roles:write", "a_role_is_made_for_organizations_changed_and_removed";
        "DeleteRole" roles::delete, "roles:write", "a_role_is_made_for_organizations_changed_and_removed";
        "ListDependentRoles" roles::dependents, "roles:read", "a_role_inherits_until_its_base_is_taken_away";
        "DeleteRoleBase" roles::delete_base, "roles:write", "a_role_inherits_until_its_base_is_taken_away";
        "GetOrganizationRole" roles::get_in_organization, "roles:read", "what_organizations_give_is_shown";
        "ListOrganizationRoles" roles::list_in_organization, "roles:read", "what_organizations_give_is_shown";
        "GetRoleUsersCount" roles::count_users, "roles:read", "the_members_with_a_role_are_counted";
        "GetOrganizationRoleUsersCount" roles::count_users_in_organization, "roles:read", "the_members_with_a_role_are_counted";
    }
    "roles.RolesService" in "permissions" {
        "CreatePermission" permissions::create, "roles:write", "a_permission_is_written_down_and_taken_from_every_role";
        "UpdatePermission" permissions::update, "roles:write", "a_permission_is_written_down_and_taken_from_every_role";
        "DeletePermission" permissions::delete, "roles:write", "a_permission_is_written_down_and_taken_from_every_role";
        "GetPermission" permissions::get, "roles:read", "permissions_are_those_that_roles_have";
        "ListPermissions" permissions::list, "roles:read", "permissions_are_those_that_roles_have";
        "ListRolePermissions" permissions::of_role, "roles:read", "permissions_are_added_to_a_role_and_taken";
        "ListEffectiveRolePermissions" permissions::effective, "roles:read", "permissions_are_added_to_a_role_and_taken";
        "AddPermissionsToRole" permissions::add_to_role, "roles:write", "permissions_are_added_to_a_role_and_taken";
        "RemovePermissionFromRole" permissions::remove_from_role, "roles:write", "permissions_are_added_to_a_role_and_taken";
    }
    "sessions.SessionService" in "sessions" {
        "GetSession" sessions::get, "sessions:read", "sessions_are_listed_shown_and_ended_one_by_one";
        "GetUserSessions" sessions::list, "sessions:read", "sessions_are_listed_shown_and_ended_one_by_one";
        "RevokeSession" sessions::revoke, "sessions:write", "sessions_are_listed_shown_and_ended_one_by_one";
        "RevokeAllUserSessions" sessions::revoke_all, "sessions:write", "a_user_is_signed_out_everywhere";
    }
    "clients.ClientService" in "clients" {
        "CreateOrganizationClient" clients::create, "clients:write", "the_tokens_of_an_organizations_client_speak_of_it";
        "GetOrganizationClient" clients::get, "clients:read", "the_tokens_of_an_organizations_client_speak_of_it";
        "ListOrganizationClients" clients::list, "clients:read", "the_tokens_of_an_organizations_client_speak_of_it";
        "UpdateOrganizationClient" clients::update, "clients:write", "an_organizations_client_is_changed_and_deleted";
        "DeleteOrganizationClient" clients::delete, "clients:write", "an_organizations_client_is_changed_and_deleted";
        "CreateOrganizationClientSecret" clients::create_secret, "clients:write", "a_secret_is_replaced_and_the_old_one_taken";
        "DeleteOrganizationClientSecret" clients::delete_secret, "clients:write", "a_secret_is_replaced_and_the_old_one_taken";
    }
}

/// What is not served: a service or some of its methods, and what does the same here.
const NOT_YET: &[(&str, &[&str], &str)] = &[
    (
        "organizations.OrganizationService",
        &[
            "GeneratePortalLink",
            "DeletePortalLink",
            "DeletePortalLinkByID",
            "GetPortalLinks",
            "GetOrganizationBranding",
            "UpdateOrganizationBranding",
        ],
        "there is no portal for the administrators of an organization",
    ),
    (
        "organizations.OrganizationService",
        &[
            "UpdateOrganizationSettings",
            "UpdateOrganizationSessionPolicy",
            "GetOrganizationSessionPolicy",
            "GetApplicationSessionPolicy",
            "UpsertUserManagementSettings",
            "GetOrganizationUserManagementSetting",
        ],
        "sessions, sign-in and registration are settings of the realm (PATCH /api/v1/admin/realm), and not of an organization",
    ),
    (
        "users.UserService",
        &["GetCurrentUser", "GetSupportHash"],
        "a client is no user; a person asks GET /api/v1/me",
    ),
    (
        "users.UserService",
        &["SearchOrganizationUsers"],
        "members are not searched: ListOrganizationUsers lists them, and SearchUsers searches all users",
    ),
    (
        "users.UserService",
        &["ResendInvite"],
        "whoever is added belongs to the organization at once; members invite by mail (POST /api/v1/organizations/{id}/invitations)",
    ),
    (
        "roles.RolesService",
        &[
            "CreateOrganizationRole",
            "UpdateOrganizationRole",
            "DeleteOrganizationRole",
            "DeleteOrganizationRoleBase",
        ],
        "roles are the realm's: CreateRole makes one that every organization can give",
    ),
    (
        "roles.RolesService",
        &["UpdateDefaultRoles", "UpdateDefaultOrganizationRoles"],
        "nobody gets a role without being given it",
    ),
    (
        "clients.ClientService",
        &[
            "ListClient",
            "CreateClient",
            "GetClient",
            "UpdateClient",
            "DeleteClient",
            "CreateClientSecret",
            "UpdateClientSecret",
            "DeleteClientSecret",
            "AddEnvironmentRedirectUri",
            "RemoveEnvironmentRedirectUri",
            "SetEnvironmentInitiateLoginUri",
            "RegisterClient",
        ],
        "clients that are no organization's are for administrators (/api/v1/admin/clients), or register themselves (POST /oauth/register)",
    ),
    (
        "clients.ClientService",
        &[
            "CreateResource",
            "GetResource",
            "ListResources",
            "UpdateResource",
            "DeleteResource",
            "DeleteResourceProvider",
            "EnsureResourceConnection",
            "CreateResourceClient",
            "UpdateResourceClient",
            "GetResourceClient",
            "ListResourceClients",
            "DeleteResourceClient",
            "CreateScope",
            "ListScopes",
            "UpdateScope",
            "DeleteScope",
        ],
        "APIs are named in the settings `audience` and `scopes` of clients (/api/v1/admin/clients)",
    ),
    (
        "clients.ClientService",
        &[
            "ListCurrentAgentConsents",
            "RevokeCurrentAgentConsent",
            "ListResourceUserConsents",
            "GetConsentDetails",
            "RevokeUserConsent",
        ],
        "people see and end what they agreed to themselves, at /account/applications",
    ),
    (
        "connections.ConnectionService",
        &[],
        "providers are declared for the realm, and organizations have none of their own",
    ),
    ("directories.DirectoryService", &[], "directories are not synchronised"),
    ("domains.DomainService", &[], "organizations have no domains of their own"),
    (
        "auth.passwordless.PasswordlessService",
        &[],
        "people sign in by mail on the sign-in page, or by POST /api/v1/login/email",
    ),
    (
        "auth.webauthn.WebAuthnService",
        &[],
        "people manage their passkeys themselves, at /account/security or /api/v1/me/passkeys",
    ),
    (
        "auth.totp.TOTPService",
        &[],
        "people manage their second factors themselves, at /account/security or /api/v1/me/mfa",
    ),
    (
        "auth.AuthService",
        &[],
        "sign-in is at /oauth/authorize, and pages of one's own sign in by /api/v1/login",
    ),
    (
        "tokens.ApiTokenService",
        &[],
        "API keys are made by users and organizations (/api/v1/me/api-keys, /api/v1/organizations/{id}/api-keys)",
    ),
    ("events.EventsService", &[], "what happened is in the audit trail (GET /api/v1/admin/audit)"),
    (
        "members.MembersService",
        &[],
        "whoever manages the realm has the role realm-admin (/api/v1/admin/users)",
    ),
];

/// Path, need and test of every method that is served.
pub(in crate::scalekit) fn served() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    SERVED.iter().map(|method| (method.path, method.needs, method.test))
}

/// What is not served, and what does the same.
pub(in crate::scalekit) fn missing() -> impl Iterator<Item = (String, &'static str)> {
    NOT_YET.iter().map(|(service, methods, instead)| {
        let all = if methods.is_empty() { String::new() } else { format!(": `{}`", methods.join("`, `")) };
        (format!("`{service}`{all}"), *instead)
    })
}

/// What is told whoever calls a method that is not served, by its path behind the package.
pub(super) fn instead_of(method: &str) -> &'static str {
    let (service, name) = method.split_once('/').unwrap_or((method, ""));
    let told = NOT_YET
        .iter()
        .find(|(known, methods, _)| *known == service && (methods.is_empty() || methods.contains(&name)));
    told.map_or(
        "this method is not served; docs/guide/coming-from-scalekit.md lists those that are",
        |(.., told)| told,
    )
}
