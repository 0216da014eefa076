//! Package `scalekit.v1.organizations`.

use std::collections::HashMap;

use super::{FieldMask, Timestamp};

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct Organization {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(message, optional, tag = "2")]
    pub create_time: Option<Timestamp>,
    #[prost(message, optional, tag = "3")]
    pub update_time: Option<Timestamp>,
    #[prost(string, tag = "4")]
    pub display_name: String,
    #[prost(int32, tag = "5")]
    pub region_code: i32,
    #[prost(string, optional, tag = "6")]
    pub external_id: Option<String>,
    #[prost(map = "string, string", tag = "7")]
    pub metadata: HashMap<String, String>,
    #[prost(string, optional, tag = "9")]
    pub slug: Option<String>,
    #[prost(string, optional, tag = "10")]
    pub logo_url: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct CreateOrganization {
    #[prost(string, tag = "4")]
    pub display_name: String,
    #[prost(int32, tag = "5")]
    pub region_code: i32,
    #[prost(string, optional, tag = "6")]
    pub external_id: Option<String>,
    #[prost(map = "string, string", tag = "7")]
    pub metadata: HashMap<String, String>,
    #[prost(string, optional, tag = "9")]
    pub slug: Option<String>,
    #[prost(string, optional, tag = "10")]
    pub logo_url: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct CreateOrganizationRequest {
    #[prost(message, optional, tag = "1")]
    pub organization: Option<CreateOrganization>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct UpdateOrganization {
    #[prost(string, optional, tag = "4")]
    pub display_name: Option<String>,
    #[prost(string, optional, tag = "6")]
    pub external_id: Option<String>,
    #[prost(map = "string, string", tag = "7")]
    pub metadata: HashMap<String, String>,
    #[prost(string, optional, tag = "9")]
    pub slug: Option<String>,
    #[prost(string, optional, tag = "10")]
    pub logo_url: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct UpdateOrganizationRequest {
    #[prost(string, optional, tag = "1")]
    pub id: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub external_id: Option<String>,
    #[prost(message, optional, tag = "3")]
    pub organization: Option<UpdateOrganization>,
    #[prost(message, optional, tag = "99")]
    pub update_mask: Option<FieldMask>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct GetOrganizationRequest {
    #[prost(string, optional, tag = "1")]
    pub id: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub external_id: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct OrganizationResponse {
    #[prost(message, optional, tag = "1")]
    pub organization: Option<Organization>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct ListOrganizationsRequest {
    #[prost(uint32, tag = "1")]
    pub page_size: u32,
    #[prost(string, tag = "2")]
    pub page_token: String,
    #[prost(string, optional, tag = "3")]
    pub external_id: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct ListOrganizationsResponse {
    #[prost(string, tag = "1")]
    pub next_page_token: String,
    #[prost(message, repeated, tag = "3")]
    pub organizations: Vec<Organization>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct SearchOrganizationsRequest {
    #[prost(string, tag = "1")]
    pub query: String,
    #[prost(uint32, tag = "2")]
    pub page_size: u32,
    #[prost(string, tag = "3")]
    pub page_token: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct DeleteOrganizationRequest {
    #[prost(string, optional, tag = "1")]
    pub id: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub external_id: Option<String>,
}
