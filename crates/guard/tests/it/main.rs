//! The guard as applications use it: a router, a request, an answer.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod answers;
mod api_key_issuers;
mod api_keys;
mod claims;
mod dpop;
mod flood;
mod guard_cases;
mod hostile_issuer;
mod keys;
mod layer;
mod membership;
mod organization;
mod proofs;
mod resource;
mod rotation;
mod rules;
mod support;
