//! Tests of the token library as its users see it.

#[cfg(test)]
mod attack_tokens;
#[cfg(test)]
mod claim_attacks;
#[cfg(test)]
mod claims;
#[cfg(test)]
mod cookbook;
#[cfg(test)]
mod header_attacks;
#[cfg(test)]
mod issuers;
#[cfg(test)]
mod key_cache;
#[cfg(test)]
mod key_sets;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod rfc;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod seen_tokens;
#[cfg(test)]
mod support;
#[cfg(test)]
mod token_types;
#[cfg(test)]
mod weak_keys;
#[cfg(test)]
mod wycheproof_tokens;
