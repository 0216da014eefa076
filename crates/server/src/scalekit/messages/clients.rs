//! Package `scalekit.v1.clients`, as far as it is about the clients of an organization.

use super::Timestamp;

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct CustomClaim {
    #[prost(string, tag = "1")]
    pub key: String,
    #[prost(string, tag = "2")]
    pub value: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct ClientSecret {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(message, optional, tag = "2")]
    pub create_time: Option<Timestamp>,
    #[prost(message, optional, tag = "3")]
    pub update_time: Option<Timestamp>,
    #[prost(string, tag = "4")]
    pub secret_suffix: String,
    #[prost(int32, tag = "6")]
    pub status: i32,
    #[prost(message, optional, tag = "7")]
    pub expire_time: Option<Timestamp>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct M2MClient {
    #[prost(string, tag = "1")]
    pub client_id: String,
    #[prost(message, repeated, tag = "2")]
    pub secrets: Vec<ClientSecret>,
    #[prost(string, tag = "3")]
    pub name: String,
    #[prost(string, tag = "4")]
    pub description: String,
    #[prost(string, tag = "5")]
    pub organization_id: String,
    #[prost(message, optional, tag = "6")]
    pub create_time: Option<Timestamp>,
    #[prost(message, optional, tag = "7")]
    pub update_time: Option<Timestamp>,
    #[prost(string, repeated, tag = "8")]
    pub scopes: Vec<String>,
    #[prost(string, repeated, tag = "9")]
    pub audience: Vec<String>,
    #[prost(int64, tag = "11")]
    pub expiry: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct OrganizationClient {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub description: String,
    #[prost(string, repeated, tag = "3")]
    pub scopes: Vec<String>,
    #[prost(string, repeated, tag = "4")]
    pub audience: Vec<String>,
    #[prost(message, repeated, tag = "5")]
    pub custom_claims: Vec<CustomClaim>,
    #[prost(int64, tag = "6")]
    pub expiry: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct CreateOrganizationClientRequest {
    #[prost(string, tag = "1")]
    pub organization_id: String,
    #[prost(message, optional, tag = "2")]
    pub client: Option<OrganizationClient>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct CreateOrganizationClientResponse {
    #[prost(message, optional, tag = "1")]
    pub client: Option<M2MClient>,
    #[prost(string, tag = "2")]
    pub plain_secret: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct GetOrganizationClientRequest {
    #[prost(string, tag = "1")]
    pub organization_id: String,
    #[prost(string, tag = "2")]
    pub client_id: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct ClientResponse {
    #[prost(message, optional, tag = "1")]
    pub client: Option<M2MClient>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct UpdateOrganizationClientRequest {
    #[prost(string, tag = "1")]
    pub organization_id: String,
    #[prost(string, tag = "2")]
    pub client_id: String,
    #[prost(message, optional, tag = "3")]
    pub client: Option<OrganizationClient>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct ListOrganizationClientsRequest {
    #[prost(string, tag = "1")]
    pub organization_id: String,
    #[prost(uint32, tag = "2")]
    pub page_size: u32,
    #[prost(string, tag = "3")]
    pub page_token: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct ListOrganizationClientsResponse {
    #[prost(string, tag = "1")]
    pub next_page_token: String,
    #[prost(message, repeated, tag = "3")]
    pub clients: Vec<M2MClient>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct DeleteOrganizationClientRequest {
    #[prost(string, tag = "1")]
    pub organization_id: String,
    #[prost(string, tag = "2")]
    pub client_id: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct CreateOrganizationClientSecretRequest {
    #[prost(string, tag = "1")]
    pub organization_id: String,
    #[prost(string, tag = "2")]
    pub client_id: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct CreateOrganizationClientSecretResponse {
    #[prost(string, tag = "1")]
    pub plain_secret: String,
    #[prost(message, optional, tag = "2")]
    pub secret: Option<ClientSecret>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct DeleteOrganizationClientSecretRequest {
    #[prost(string, tag = "1")]
    pub organization_id: String,
    #[prost(string, tag = "2")]
    pub client_id: String,
    #[prost(string, tag = "3")]
    pub secret_id: String,
}
