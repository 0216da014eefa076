//! Package `scalekit.v1.users`: users, and what they are in organizations.

use std::collections::HashMap;

use super::{Timestamp, commons};

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct User {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub environment_id: String,
    #[prost(message, optional, tag = "3")]
    pub create_time: Option<Timestamp>,
    #[prost(message, optional, tag = "4")]
    pub update_time: Option<Timestamp>,
    #[prost(string, tag = "5")]
    pub email: String,
    #[prost(string, optional, tag = "6")]
    pub external_id: Option<String>,
    #[prost(message, repeated, tag = "7")]
    pub memberships: Vec<commons::OrganizationMembership>,
    #[prost(message, optional, tag = "8")]
    pub user_profile: Option<commons::UserProfile>,
    #[prost(map = "string, string", tag = "9")]
    pub metadata: HashMap<String, String>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct GetUserRequest {
    #[prost(string, optional, tag = "1")]
    pub id: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub external_id: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct UserResponse {
    #[prost(message, optional, tag = "1")]
    pub user: Option<User>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct ListUsersRequest {
    #[prost(uint32, tag = "1")]
    pub page_size: u32,
    #[prost(string, tag = "2")]
    pub page_token: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct ListUsersResponse {
    #[prost(message, repeated, tag = "1")]
    pub users: Vec<User>,
    #[prost(string, tag = "2")]
    pub next_page_token: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct SearchUsersRequest {
    #[prost(string, tag = "1")]
    pub query: String,
    #[prost(uint32, tag = "2")]
    pub page_size: u32,
    #[prost(string, tag = "3")]
    pub page_token: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct CreateUserProfile {
    #[prost(string, tag = "2")]
    pub given_name: String,
    #[prost(string, tag = "3")]
    pub family_name: String,
    #[prost(string, tag = "4")]
    pub name: String,
    #[prost(string, tag = "5")]
    pub locale: String,
    #[prost(string, tag = "7")]
    pub phone_number: String,
    #[prost(map = "string, string", tag = "8")]
    pub metadata: HashMap<String, String>,
    #[prost(map = "string, string", tag = "9")]
    pub custom_attributes: HashMap<String, String>,
    #[prost(string, tag = "10")]
    pub preferred_username: String,
    #[prost(string, optional, tag = "11")]
    pub picture: Option<String>,
    #[prost(string, optional, tag = "12")]
    pub gender: Option<String>,
    #[prost(string, repeated, tag = "13")]
    pub groups: Vec<String>,
    #[prost(string, tag = "21")]
    pub first_name: String,
    #[prost(string, tag = "22")]
    pub last_name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct CreateMembership {
    #[prost(message, repeated, tag = "4")]
    pub roles: Vec<commons::Role>,
    #[prost(map = "string, string", tag = "7")]
    pub metadata: HashMap<String, String>,
    #[prost(string, optional, tag = "8")]
    pub inviter_email: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct CreateUser {
    #[prost(string, tag = "5")]
    pub email: String,
    #[prost(string, optional, tag = "6")]
    pub external_id: Option<String>,
    #[prost(message, optional, tag = "7")]
    pub membership: Option<CreateMembership>,
    #[prost(message, optional, tag = "8")]
    pub user_profile: Option<CreateUserProfile>,
    #[prost(map = "string, string", tag = "9")]
    pub metadata: HashMap<String, String>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct CreateUserAndMembershipRequest {
    #[prost(string, tag = "1")]
    pub organization_id: String,
    #[prost(message, optional, tag = "2")]
    pub user: Option<CreateUser>,
    #[prost(bool, optional, tag = "3")]
    pub send_invitation_email: Option<bool>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct UpdateUserProfile {
    #[prost(string, optional, tag = "2")]
    pub given_name: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub family_name: Option<String>,
    #[prost(string, optional, tag = "4")]
    pub name: Option<String>,
    #[prost(string, optional, tag = "5")]
    pub locale: Option<String>,
    #[prost(string, optional, tag = "7")]
    pub phone_number: Option<String>,
    #[prost(map = "string, string", tag = "8")]
    pub metadata: HashMap<String, String>,
    #[prost(map = "string, string", tag = "9")]
    pub custom_attributes: HashMap<String, String>,
    #[prost(string, optional, tag = "10")]
    pub preferred_username: Option<String>,
    #[prost(string, optional, tag = "11")]
    pub picture: Option<String>,
    #[prost(string, optional, tag = "12")]
    pub gender: Option<String>,
    #[prost(string, repeated, tag = "13")]
    pub groups: Vec<String>,
    #[prost(string, optional, tag = "21")]
    pub first_name: Option<String>,
    #[prost(string, optional, tag = "22")]
    pub last_name: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct UpdateUser {
    #[prost(string, optional, tag = "6")]
    pub external_id: Option<String>,
    #[prost(message, optional, tag = "8")]
    pub user_profile: Option<UpdateUserProfile>,
    #[prost(map = "string, string", tag = "9")]
    pub metadata: HashMap<String, String>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct UpdateUserRequest {
    #[prost(string, optional, tag = "1")]
    pub id: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub external_id: Option<String>,
    #[prost(message, optional, tag = "3")]
    pub user: Option<UpdateUser>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct DeleteUserRequest {
    #[prost(string, optional, tag = "1")]
    pub id: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub external_id: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct ListOrganizationUsersRequest {
    #[prost(string, tag = "1")]
    pub organization_id: String,
    #[prost(uint32, tag = "2")]
    pub page_size: u32,
    #[prost(string, tag = "3")]
    pub page_token: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct FoundUsersResponse {
    #[prost(string, tag = "1")]
    pub next_page_token: String,
    #[prost(message, repeated, tag = "3")]
    pub users: Vec<User>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct CreateMembershipRequest {
    #[prost(string, tag = "1")]
    pub organization_id: String,
    #[prost(message, optional, tag = "2")]
    pub membership: Option<CreateMembership>,
    #[prost(string, optional, tag = "3")]
    pub id: Option<String>,
    #[prost(string, optional, tag = "4")]
    pub external_id: Option<String>,
    #[prost(bool, optional, tag = "5")]
    pub send_invitation_email: Option<bool>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct UpdateMembership {
    #[prost(message, repeated, tag = "4")]
    pub roles: Vec<commons::Role>,
    #[prost(map = "string, string", tag = "7")]
    pub metadata: HashMap<String, String>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct UpdateMembershipRequest {
    #[prost(string, tag = "1")]
    pub organization_id: String,
    #[prost(string, optional, tag = "2")]
    pub id: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub external_id: Option<String>,
    #[prost(message, optional, tag = "5")]
    pub membership: Option<UpdateMembership>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct DeleteMembershipRequest {
    #[prost(string, tag = "1")]
    pub organization_id: String,
    #[prost(string, optional, tag = "2")]
    pub id: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub external_id: Option<String>,
    #[prost(bool, optional, tag = "5")]
    pub cascade: Option<bool>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct ListUserRolesRequest {
    #[prost(string, tag = "1")]
    pub organization_id: String,
    #[prost(string, tag = "2")]
    pub user_id: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct UserRolesResponse {
    #[prost(message, repeated, tag = "1")]
    pub roles: Vec<commons::Role>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct AssignRoleRequest {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub role_name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct AssignUserRolesRequest {
    #[prost(string, tag = "1")]
    pub organization_id: String,
    #[prost(string, tag = "2")]
    pub user_id: String,
    #[prost(message, repeated, tag = "3")]
    pub roles: Vec<AssignRoleRequest>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct RemoveUserRoleRequest {
    #[prost(string, tag = "1")]
    pub organization_id: String,
    #[prost(string, tag = "2")]
    pub user_id: String,
    #[prost(string, tag = "3")]
    pub role_name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct ListUserPermissionsRequest {
    #[prost(string, tag = "1")]
    pub organization_id: String,
    #[prost(string, tag = "2")]
    pub user_id: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct ListUserPermissionsResponse {
    #[prost(message, repeated, tag = "1")]
    pub permissions: Vec<Permission>,
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
    #[prost(string, repeated, tag = "4")]
    pub tags: Vec<String>,
}
