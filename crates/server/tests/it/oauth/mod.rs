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
mod published;
mod pushed;
mod refresh;
mod registered;
mod registration;
mod relying_party;
mod userinfo;
