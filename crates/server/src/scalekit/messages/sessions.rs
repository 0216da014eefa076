//! Package `scalekit.v1.sessions`.

use super::Timestamp;

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct DeviceDetails {
    #[prost(string, tag = "12")]
    pub user_agent: String,
    #[prost(string, tag = "19")]
    pub ip: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct SessionDetails {
    #[prost(string, tag = "1")]
    pub session_id: String,
    #[prost(string, tag = "2")]
    pub user_id: String,
    #[prost(message, optional, tag = "5")]
    pub created_at: Option<Timestamp>,
    #[prost(message, optional, tag = "6")]
    pub updated_at: Option<Timestamp>,
    #[prost(message, optional, tag = "7")]
    pub idle_expires_at: Option<Timestamp>,
    #[prost(message, optional, tag = "8")]
    pub absolute_expires_at: Option<Timestamp>,
    #[prost(message, optional, tag = "9")]
    pub expired_at: Option<Timestamp>,
    #[prost(message, optional, tag = "10")]
    pub logout_at: Option<Timestamp>,
    #[prost(string, tag = "11")]
    pub status: String,
    #[prost(message, optional, tag = "12")]
    pub device: Option<DeviceDetails>,
    #[prost(message, optional, tag = "13")]
    pub last_active_at: Option<Timestamp>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct SessionDetailsRequest {
    #[prost(string, tag = "1")]
    pub session_id: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct UserSessionFilter {
    #[prost(string, repeated, tag = "1")]
    pub status: Vec<String>,
    #[prost(message, optional, tag = "2")]
    pub start_time: Option<Timestamp>,
    #[prost(message, optional, tag = "3")]
    pub end_time: Option<Timestamp>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct UserSessionDetailsRequest {
    #[prost(string, tag = "1")]
    pub user_id: String,
    #[prost(uint32, tag = "2")]
    pub page_size: u32,
    #[prost(string, tag = "3")]
    pub page_token: String,
    #[prost(message, optional, tag = "4")]
    pub filter: Option<UserSessionFilter>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct UserSessionDetails {
    #[prost(message, repeated, tag = "1")]
    pub sessions: Vec<SessionDetails>,
    #[prost(string, tag = "2")]
    pub next_page_token: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct RevokedSessionDetails {
    #[prost(string, tag = "1")]
    pub session_id: String,
    #[prost(string, tag = "2")]
    pub user_id: String,
    #[prost(message, optional, tag = "5")]
    pub created_at: Option<Timestamp>,
    #[prost(message, optional, tag = "6")]
    pub updated_at: Option<Timestamp>,
    #[prost(message, optional, tag = "7")]
    pub idle_expires_at: Option<Timestamp>,
    #[prost(message, optional, tag = "8")]
    pub absolute_expires_at: Option<Timestamp>,
    #[prost(message, optional, tag = "9")]
    pub expired_at: Option<Timestamp>,
    #[prost(message, optional, tag = "10")]
    pub logout_at: Option<Timestamp>,
    #[prost(string, tag = "11")]
    pub status: String,
    #[prost(message, optional, tag = "12")]
    pub last_active_at: Option<Timestamp>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct RevokeSessionRequest {
    #[prost(string, tag = "1")]
    pub session_id: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct RevokeSessionResponse {
    #[prost(message, optional, tag = "1")]
    pub revoked_session: Option<RevokedSessionDetails>,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct RevokeAllUserSessionsRequest {
    #[prost(string, tag = "1")]
    pub user_id: String,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct RevokeAllUserSessionsResponse {
    #[prost(message, repeated, tag = "1")]
    pub revoked_sessions: Vec<RevokedSessionDetails>,
    #[prost(uint32, tag = "2")]
    pub total_revoked: u32,
}
