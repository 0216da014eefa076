//! The modules of the OpenID conformance suite's plans for a provider, each under its own name.
//!
//! `oidcc-config-certification-test-plan`, `oidcc-basic-certification-test-plan` (with `response_mode=form_post` as well),
//! `oidcc-dynamic-certification-test-plan` (its modules on request objects in a file of their own),
//! `oidcc-rp-initiated-logout-certification-test-plan` and `fapi2-security-profile-final-test-plan`.

mod basic;
mod basic_requests;
mod config;
mod dynamic;
mod fapi2;
mod logout;
mod request_objects;
