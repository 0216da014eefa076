//! The pages, as a browser without script sees them.

mod account;
mod around;
pub mod browser;
mod session_cookies;
mod sign_in;
mod sign_up;
