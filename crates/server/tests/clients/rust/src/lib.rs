//! The crate `openidconnect` against a running server: see `scripts/test-clients`, which says where that is.

#[cfg(test)]
mod browser;
#[cfg(test)]
mod openidconnect_crate;
