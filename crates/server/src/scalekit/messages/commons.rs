//! What messages of several packages have in common.

use std::collections::HashMap;

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
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct OrganizationMembership {
    #[prost(string, tag = "1")]
    pub organization_id: String,
    #[prost(message, optional, tag = "2")]
    pub join_time: Option<Timestamp>,
    #[prost(int32, tag = "3")]
    pub membership_status: i32,
    #[prost(message, repeated, tag = "4")]
    pub roles: Vec<Role>,
    #[prost(string, optional, tag = "5")]
    pub name: Option<String>,
    #[prost(map = "string, string", tag = "7")]
    pub metadata: HashMap<String, String>,
    #[prost(string, optional, tag = "9")]
    pub display_name: Option<String>,
    #[prost(message, optional, tag = "11")]
    pub created_at: Option<Timestamp>,
    #[prost(message, optional, tag = "12")]
    pub accepted_at: Option<Timestamp>,
    #[prost(string, repeated, tag = "15")]
    pub permissions: Vec<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct UserProfile {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub given_name: String,
    #[prost(string, tag = "3")]
    pub family_name: String,
    #[prost(string, tag = "4")]
    pub name: String,
    #[prost(string, tag = "5")]
    pub locale: String,
    #[prost(bool, tag = "6")]
    pub email_verified: bool,
    #[prost(string, tag = "7")]
    pub phone_number: String,
    #[prost(map = "string, string", tag = "8")]
    pub metadata: HashMap<String, String>,
    #[prost(map = "string, string", tag = "9")]
    pub custom_attributes: HashMap<String, String>,
    #[prost(string, tag = "12")]
    pub preferred_username: String,
    #[prost(bool, tag = "13")]
    pub phone_number_verified: bool,
    #[prost(string, tag = "14")]
    pub picture: String,
    #[prost(string, tag = "16")]
    pub gender: String,
    #[prost(string, tag = "21")]
    pub first_name: String,
    #[prost(string, tag = "22")]
    pub last_name: String,
}
