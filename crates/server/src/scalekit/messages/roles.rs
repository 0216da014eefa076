//! Package `scalekit.v1.roles`: roles and permissions of the realm.

use super::Timestamp;

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct Role {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(string, tag = "3")]
    pub display_name: String,
    #[prost(string, tag = "4")]
    pub description: String,
    #[prost(bool, tag = "6")]
    pub default_creator: bool,
    #[prost(bool, tag = "7")]
    pub default_member: bool,
    #[prost(string, optional, tag = "8")]
    pub extends: Option<String>,
    #[prost(message, repeated, tag = "9")]
    pub permissions: Vec<RolePermission>,
    #[prost(int32, tag = "10")]
    pub dependent_roles_count: i32,
    #[prost(bool, tag = "11")]
    pub is_org_role: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct RolePermission {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(string, tag = "3")]
    pub description: String,
    #[prost(string, tag = "6")]
    pub role_name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct Permission {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(string, tag = "3")]
    pub description: String,
    #[prost(message, optional, tag = "4")]
    pub create_time: Option<Timestamp>,
    #[prost(message, optional, tag = "5")]
    pub update_time: Option<Timestamp>,
    #[prost(bool, tag = "6")]
    pub is_scalekit_permission: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct CreateRole {
    #[prost(string, tag = "2")]
    pub name: String,
    #[prost(string, tag = "3")]
    pub display_name: String,
    #[prost(string, optional, tag = "4")]
    pub description: Option<String>,
    #[prost(string, optional, tag = "8")]
    pub extends: Option<String>,
    #[prost(string, repeated, tag = "9")]
    pub permissions: Vec<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct CreateRoleRequest {
    #[prost(message, optional, tag = "2")]
    pub role: Option<CreateRole>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct UpdateRole {
    #[prost(string, optional, tag = "1")]
    pub display_name: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub description: Option<String>,
    #[prost(string, optional, tag = "6")]
    pub extends: Option<String>,
    #[prost(string, repeated, tag = "7")]
    pub permissions: Vec<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct UpdateRoleRequest {
    #[prost(string, tag = "2")]
    pub role_name: String,
    #[prost(message, optional, tag = "3")]
    pub role: Option<UpdateRole>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct GetRoleRequest {
    #[prost(string, tag = "2")]
    pub role_name: String,
    #[prost(string, optional, tag = "3")]
    pub include: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct RoleResponse {
    #[prost(message, optional, tag = "1")]
    pub role: Option<Role>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct ListRolesRequest {
    #[prost(string, optional, tag = "2")]
    pub include: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct RolesResponse {
    #[prost(message, repeated, tag = "1")]
    pub roles: Vec<Role>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct DeleteRoleRequest {
    #[prost(string, tag = "2")]
    pub role_name: String,
    #[prost(string, optional, tag = "3")]
    pub reassign_role_id: Option<String>,
    #[prost(string, optional, tag = "4")]
    pub reassign_role_name: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct GetOrganizationRoleRequest {
    #[prost(string, tag = "1")]
    pub org_id: String,
    #[prost(string, tag = "2")]
    pub role_name: String,
    #[prost(string, optional, tag = "3")]
    pub include: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct ListOrganizationRolesRequest {
    #[prost(string, tag = "1")]
    pub org_id: String,
    #[prost(string, optional, tag = "2")]
    pub include: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct GetRoleUsersCountRequest {
    #[prost(string, tag = "2")]
    pub role_name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct CountResponse {
    #[prost(int64, tag = "1")]
    pub count: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct GetOrganizationRoleUsersCountRequest {
    #[prost(string, tag = "1")]
    pub org_id: String,
    #[prost(string, tag = "2")]
    pub role_name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct ListDependentRolesRequest {
    #[prost(string, tag = "1")]
    pub role_name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct DeleteRoleBaseRequest {
    #[prost(string, tag = "1")]
    pub role_name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct GetPermissionRequest {
    #[prost(string, tag = "1")]
    pub permission_name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct PermissionResponse {
    #[prost(message, optional, tag = "1")]
    pub permission: Option<Permission>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct ListPermissionsRequest {
    #[prost(string, optional, tag = "1")]
    pub page_token: Option<String>,
    #[prost(uint32, optional, tag = "2")]
    pub page_size: Option<u32>,
    #[prost(int32, tag = "3")]
    pub kind: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct ListPermissionsResponse {
    #[prost(message, repeated, tag = "1")]
    pub permissions: Vec<Permission>,
    #[prost(string, tag = "3")]
    pub next_page_token: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct ListRolePermissionsRequest {
    #[prost(string, tag = "1")]
    pub role_name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct PermissionsResponse {
    #[prost(message, repeated, tag = "1")]
    pub permissions: Vec<Permission>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct AddPermissionsToRoleRequest {
    #[prost(string, tag = "1")]
    pub role_name: String,
    #[prost(string, repeated, tag = "2")]
    pub permission_names: Vec<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct RemovePermissionFromRoleRequest {
    #[prost(string, tag = "1")]
    pub role_name: String,
    #[prost(string, tag = "2")]
    pub permission_name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct ListEffectiveRolePermissionsRequest {
    #[prost(string, tag = "1")]
    pub role_name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct CreatePermission {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub description: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct CreatePermissionRequest {
    #[prost(message, optional, tag = "1")]
    pub permission: Option<CreatePermission>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct UpdatePermissionRequest {
    #[prost(string, tag = "1")]
    pub permission_name: String,
    #[prost(message, optional, tag = "3")]
    pub permission: Option<CreatePermission>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct DeletePermissionRequest {
    #[prost(string, tag = "1")]
    pub permission_name: String,
}
