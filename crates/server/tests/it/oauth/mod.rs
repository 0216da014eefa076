//! The OAuth 2.1 and OpenID provider, asked as clients and browsers ask it.

mod authorize;
mod backchannel;
mod client_settings;
mod code;
mod conformance;
mod consent;
mod device;
mod dpop;
mod logout;
mod pushed;
mod refresh;
mod relying_party;
mod userinfo;
