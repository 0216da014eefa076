//! The OAuth 2.1 and OpenID provider, asked as clients and browsers ask it.

mod authorize;
mod backchannel;
mod client_settings;
mod code;
mod conformance;
mod consent;
mod device;
mod documents;
mod dpop;
mod logout;
mod own_api;
mod password;
mod proof_key;
mod published;
mod pushed;
mod refresh;
mod registered;
mod registration;
pub mod relying_party;
mod request_objects;
mod rights;
mod scalekit;
mod signed_introspection;
mod signer;
mod token_exchange;
mod userinfo;
