//! The fingerprint of RSA keys made by the defective generator of CVE-2017-15361 ("ROCA").
//!
//! Such a modulus is a power of 65537 modulo every small prime (Nemec, Sys, Svenda, Klinec, Matyas: "The Return of
//! Coppersmith's Attack", CCS 2017, section 2). An ordinary modulus passes by chance once in some 2^27 keys or less.

/// The primes that the defective generator's primorial is made of, for keys up to 960 bits and above.
const PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
    107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// Whether the modulus (big-endian) bears the fingerprint.
pub(crate) fn has_fingerprint(modulus: &[u8]) -> bool {
    PRIMES.iter().all(|&prime| {
        let rest = modulus.iter().fold(0, |rest, &byte| (rest << 8 | u32::from(byte)) % prime);
        let step = 65537 % prime;
        let mut power = 1;
        loop {
            if power == rest {
                return true;
            }
            power = power * step % prime;
            if power == 1 {
                return false;
            }
        }
    })
}
