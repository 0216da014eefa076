//! Password hashing: Argon2id on threads of its own, with admission control. What was brought from elsewhere is verified there too.
//!
//! Nothing but sign-in, registration and password changes ever waits for a hash.

mod argon2id;
mod bcrypt;
mod breaches;
mod pbkdf2;
mod pool;
mod salted_sha;
mod scrypt;
mod stored;

pub use argon2id::Cost;
pub use breaches::{BreachSettings, Breaches, Unanswered};
pub use pool::{Checked, HashPool, PoolError, PoolSettings};
pub use stored::HashUnusable;

/// Whether this release can check passwords against a stored hash.
pub fn check_stored(hash: &str) -> Result<(), HashUnusable> {
    stored::Stored::parse(hash).map(drop)
}
