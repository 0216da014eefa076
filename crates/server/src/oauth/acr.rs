//! How sure we are of who somebody is: `acr` (OpenID Connect Core section 2).

/// One factor.
const ONE: &str = "1";
/// Two, or a passkey.
const TWO: &str = "2";

/// Every level there is, for the metadata.
pub(crate) const LEVELS: [&str; 2] = [ONE, TWO];

/// The level that was reached by these methods (RFC 8176).
pub(crate) fn reached(amr: &[String]) -> &'static str {
    if amr.iter().any(|method| method == "mfa") { TWO } else { ONE }
}

/// Whether a level is reached by these methods.
pub(crate) fn is_reached(level: &str, amr: &[String]) -> bool {
    level == ONE || (level == TWO && reached(amr) == TWO)
}
