//! How sure we are of who somebody is: `acr` (OpenID Connect Core section 2).

use gatepost_domain::mfa::is_multi_factor;

/// One factor.
const ONE: &str = "1";
/// Two, or a passkey.
const TWO: &str = "2";
/// What two are called where an API asks for them by the word of RFC 8176, as the guards of this project do.
const TWO_IN_WORDS: &str = "mfa";

/// Every level there is, for the metadata.
pub(crate) const LEVELS: [&str; 3] = [ONE, TWO, TWO_IN_WORDS];

/// The level that was reached by these methods (RFC 8176).
pub(crate) fn reached(amr: &[String]) -> &'static str {
    if is_multi_factor(amr) { TWO } else { ONE }
}

/// Whether a level is reached by these methods.
pub(crate) fn is_reached(level: &str, amr: &[String]) -> bool {
    level == ONE || ([TWO, TWO_IN_WORDS].contains(&level) && reached(amr) == TWO)
}
