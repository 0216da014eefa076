//! The pages, as a browser without script sees them.

mod account;
mod around;
pub mod browser;
mod sign_in;
mod sign_up;
