//! Password hashing: Argon2id on threads of its own, with admission control.
//!
//! Nothing but sign-in, registration and password changes ever waits for a hash.

mod argon2id;
mod pool;

pub use argon2id::{Cost, HashUnusable};
pub use pool::{Checked, HashPool, PoolError, PoolSettings};

/// Whether this release can check passwords against a stored hash.
pub fn check_stored(hash: &str) -> Result<(), HashUnusable> {
    argon2id::Stored::parse(hash).map(drop)
}
