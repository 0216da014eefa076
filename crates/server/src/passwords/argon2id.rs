//! Argon2id (RFC 9106) in the PHC string form, over memory that is kept between hashes.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use phc::{Ident, Output, ParamsString, PasswordHash as Phc, Salt};

use super::stored::{HashUnusable, equal};

/// Memory that a stored hash may ask for, in KiB: 256 MiB. A hostile or mistaken row cannot ask for more.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
const MAX_PASSES: u32 = 16;
const MAX_LANES: u32 = 16;
const OUTPUT_BYTES: usize = 32;

/// The work one hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes. They are computed one after another on one thread.
    pub lanes: u32,
}

impl Default for Cost {
    /// The first choice of OWASP for Argon2id: 19 MiB, two passes, one lane.
    fn default() -> Self {
        Self { memory_kib: 19_456, passes: 2, lanes: 1 }
    }
}

/// Memory for one hash at a time, grown on demand and kept.
#[derive(Default)]
pub(super) struct Arena(Vec<Block>);

impl Arena {
    fn blocks(&mut self, params: &Params) -> &mut [Block] {
        let wanted = params.block_count();
        if self.0.len() < wanted {
            self.0.resize(wanted, Block::default());
        }
        &mut self.0[..wanted]
    }

    /// Whether it holds no memory.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives the memory back to the system.
    pub(super) fn release(&mut self) {
        self.0 = Vec::new();
    }
}

fn params(cost: Cost, output: usize) -> Result<Params, HashUnusable> {
    if cost.memory_kib > MAX_MEMORY_KIB || cost.passes > MAX_PASSES || cost.lanes > MAX_LANES {
        return Err(HashUnusable::TooCostly("Argon2 with more than 256 MiB, 16 passes or 16 lanes"));
    }
    Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(output)).map_err(|_| HashUnusable::Malformed)
}

/// Hashes `password` into a PHC string.
pub(super) fn hash(
    password: &[u8],
    salt: [u8; 16],
    cost: Cost,
    arena: &mut Arena,
) -> Result<String, HashUnusable> {
    let params = params(cost, OUTPUT_BYTES)?;
    let mut output = [0; OUTPUT_BYTES];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
        .hash_password_into_with_memory(password, &salt, &mut output, arena.blocks(&params))
        .map_err(|_| HashUnusable::Malformed)?;
    let mut phc_params = ParamsString::new();
    for (name, value) in [("m", cost.memory_kib), ("t", cost.passes), ("p", cost.lanes)] {
        phc_params.add_decimal(name, value).map_err(|_| HashUnusable::Malformed)?;
    }
    let phc = Phc {
        algorithm: Ident::new("argon2id").map_err(|_| HashUnusable::Malformed)?,
        version: Some(0x13),
        params: phc_params,
        salt: Some(Salt::new(&salt).map_err(|_| HashUnusable::Malformed)?),
        hash: Some(Output::new(&output).map_err(|_| HashUnusable::Malformed)?),
    };
    Ok(phc.to_string())
}

/// A stored hash, taken apart.
pub(super) struct Stored {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Salt,
    expected: Output,
    cost: Cost,
}

impl Stored {
    pub(super) fn parse(text: &str) -> Result<Self, HashUnusable> {
        let phc = Phc::new(text).map_err(|_| HashUnusable::Malformed)?;
        let algorithm = match phc.algorithm.as_str() {
            "argon2id" => Algorithm::Argon2id,
            "argon2i" => Algorithm::Argon2i,
            "argon2d" => Algorithm::Argon2d,
            _ => return Err(HashUnusable::Algorithm),
        };
        let version = match phc.version {
            Some(0x13) => Version::V0x13,
            Some(0x10) | None => Version::V0x10,
            Some(_) => return Err(HashUnusable::Algorithm),
        };
        let decimal = |name: &str| phc.params.get_decimal(name).ok_or(HashUnusable::Malformed);
        let cost = Cost { memory_kib: decimal("m")?, passes: decimal("t")?, lanes: decimal("p")? };
        let (Some(salt), Some(expected)) = (phc.salt, phc.hash) else {
            return Err(HashUnusable::Malformed);
        };
        Ok(Self { algorithm, version, params: params(cost, expected.len())?, salt, expected, cost })
    }

    /// Whether a fresh hash of the same password would be made otherwise today.
    pub(super) fn is_outdated(&self, wanted: Cost) -> bool {
        self.cost != wanted || self.algorithm != Algorithm::Argon2id || self.version != Version::V0x13
    }

    pub(super) fn verify(&self, password: &[u8], arena: &mut Arena) -> Result<bool, HashUnusable> {
        let mut output = [0; Output::MAX_LENGTH];
        let output = &mut output[..self.expected.len()];
        Argon2::new(self.algorithm, self.version, self.params.clone())
            .hash_password_into_with_memory(password, &self.salt, output, arena.blocks(&self.params))
            .map_err(|_| HashUnusable::Malformed)?;
        Ok(equal(output, self.expected.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

    #[test]
    fn a_hash_verifies_its_own_password_and_no_other() {
        let mut arena = Arena::default();
        let text = hash(b"correct horse", [7; 16], QUICK, &mut arena).unwrap();
        let stored = Stored::parse(&text).unwrap();
        assert!(stored.verify(b"correct horse", &mut arena).unwrap());
        assert!(!stored.verify(b"correct horse ", &mut arena).unwrap());
    }

    #[test]
    fn a_hash_made_by_another_implementation_verifies() {
        // argon2-cffi, from the project's own vectors.
        let stored = Stored::parse(
            "$argon2id$v=19$m=19456,t=2,p=1$No79gbIjrHtAFTvKHGD80Q$mddgBwiB7GmcyDJIk+UMM0KTmzD87rbV9BuVgzCOpS8",
        )
        .unwrap();
        assert!(stored.verify(b"correct horse battery staple", &mut Arena::default()).unwrap());
        assert!(!stored.is_outdated(Cost::default()));
    }

    #[test]
    fn memory_used_for_a_larger_hash_serves_a_smaller_one() {
        let mut arena = Arena::default();
        let large = Cost { memory_kib: 256, ..QUICK };
        hash(b"first", [1; 16], large, &mut arena).unwrap();
        let second = hash(b"second", [2; 16], QUICK, &mut arena).unwrap();
        assert_eq!(second, hash(b"second", [2; 16], QUICK, &mut Arena::default()).unwrap());
    }

    #[test]
    fn lg_07_a_stored_hash_cannot_ask_for_unbounded_work() {
        let hostile = "$argon2id$v=19$m=4194304,t=2,p=1$No79gbIjrHtAFTvKHGD80Q$mddgBwiB7GmcyDJIk+UMM0KTmzD87rbV9BuVgzCOpS8";
        for text in [hostile.to_owned(), hostile.replace("m=4194304,t=2", "m=64,t=17")] {
            assert!(matches!(Stored::parse(&text).err(), Some(HashUnusable::TooCostly(_))), "{text}");
        }
        assert!(Stored::parse("$2b$10$abc").is_err());
    }
}
