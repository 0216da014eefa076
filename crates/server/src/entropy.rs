//! Random bytes from the operating system, through aws-lc-rs.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use gatepost_domain::Entropy;

/// The random source of a running server.
#[derive(Debug)]
pub struct SystemEntropy(SystemRandom);

impl Default for SystemEntropy {
    fn default() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the place the ban points to")]
        Self(SystemRandom::new())
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, out: &mut [u8]) {
        #[expect(
            clippy::expect_used,
            reason = "without randomness no id or secret may be made: the request fails"
        )]
        self.0.fill(out).expect("the operating system has no random bytes");
    }
}
