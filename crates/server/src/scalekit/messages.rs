//! The messages of Scalekit's gRPC interface, as far as they are read or filled here: names, numbers and types are those of the contract.
//!
//! Where several answers are one and the same on the wire, there is one type for them. The members of a `oneof` are read as members that
//! need not be there. What is never filled in an answer is left out, and so is the number of all that a listing has pages of.

#![expect(clippy::struct_field_names, reason = "as the contract names them")]

pub mod clients;
pub mod commons;
pub mod organizations;
pub mod roles;
pub mod sessions;
pub mod users;

use gatepost_domain as domain;

/// `google.protobuf.Timestamp`
#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct Timestamp {
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

/// `google.protobuf.FieldMask`
#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
pub struct FieldMask {
    #[prost(string, repeated, tag = "1")]
    pub paths: Vec<String>,
}

impl From<domain::Timestamp> for Timestamp {
    fn from(moment: domain::Timestamp) -> Self {
        let (seconds, micros) =
            (moment.micros().div_euclid(1_000_000), moment.micros().rem_euclid(1_000_000));
        Self { seconds, nanos: i32::try_from(micros * 1_000).unwrap_or_default() }
    }
}

/// A moment, as messages have it: a message within another may always be left out.
#[expect(clippy::unnecessary_wraps, reason = "it is what a member of a message is given")]
pub fn moment(at: domain::Timestamp) -> Option<Timestamp> {
    Some(at.into())
}
